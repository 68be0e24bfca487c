// What one guest was given: options in, capabilities out. Nothing that is not named is there.

import { reasonOf } from "../../abi/state/instance.ts";
import { describe } from "../../errors.ts";
import { checkKnown, type Known } from "../../core/binary/known_names.ts";
import type { Sink, Source } from "./streams.ts";
import { Clocks } from "./clocks.ts";
import { Directories, type Directory } from "./files/directories.ts";
import { Endings, limited } from "./base/endings.ts";
import type { FileSystem } from "./files/file_system.ts";
import { checkFileSystem } from "./files/own_volume.ts";
import { builtin } from "./base/platform.ts";
import { Random } from "./random.ts";
import { HttpPolicy } from "./http_policy.ts";
import { processInput, processOutput } from "./process_streams.ts";
import { isHandedOn } from "../../abi/concurrency/host_streams.ts";
import { bytesSource, Capture, discard, empty, ReadableSource, WritableSink } from "./sources.ts";

/** What a guest is given. Everything that is left out, it does not have. */
export interface WasiOptions {
  /** Its arguments, the program's name included. */
  args?: readonly string[];
  /** Its environment variables. */
  env?: Readonly<Record<string, string>>;
  /** Its standard input: this process's, or the given bytes or text; default empty. */
  stdin?: "inherit" | Uint8Array | string | ReadableStream<Uint8Array>;
  /**
   * Its standard output: this process's, kept for the result of `run`, or a stream; default thrown
   * away.
   */
  stdout?: "inherit" | "capture" | WritableStream<Uint8Array>;
  /** Its standard error, likewise. */
  stderr?: "inherit" | "capture" | WritableStream<Uint8Array>;
  /**
   * Directories by the guest's name for them: a path of the host's, where there are Node's modules,
   * or a file system of the program's own, everywhere.
   */
  preopens?: Readonly<
    Record<
      string,
      string | { path: string; readOnly?: boolean } | FileSystem | { fileSystem: FileSystem; readOnly?: boolean }
    >
  >;
  /**
   * What it may reach: hosts by HTTP (`example.com`, `example.com:8080`, `*.example.com`; `true`
   * is all of them), sockets.
   *
   * `fetch` sends the requests that `http` allows, instead of the runtime's `fetch`; alone it
   * grants nothing. It is given a `Request` whose `redirect` is `"manual"`, and whose `signal`
   * aborts when the guest gives up. It gives a `Response`, whose body is taken as decoded; a
   * handler that `serve` has made is one such function. What it throws is the guest's `error-code`:
   * the one that the error's words tell, else `internal-error` with the message; so is a value that
   * is not a response.
   */
  network?: {
    http?: readonly string[] | true;
    sockets?: true;
    fetch?: (request: Request) => Promise<Response>;
  };
  /** Its time: nanoseconds since the epoch. */
  clocks?: { now?: () => bigint };
  /** A seed makes its random numbers reproducible. */
  random?: { seed?: bigint };
}

/** What one guest has; made by `linkWasi(linker).data(options)`. */
export interface WasiState {
  /** Always `true`. */
  readonly "~wasi": true;
}
/** The part of an instance's `data` that is WASI's. */
export interface WasiData {
  /** What the instance has. */
  readonly wasi: WasiState;
}

/** A preopened directory. */
export interface Preopen {
  readonly name: string;
  readonly directory: Directory;
  readonly readOnly: boolean;
}

/** What one guest has. */
export class State implements WasiState {
  readonly "~wasi" = true;
  readonly args: readonly string[];
  readonly env: readonly (readonly [string, string])[];
  readonly #input: Source;
  readonly stdin: Source;
  readonly stdout: Sink;
  readonly stderr: Sink;
  /** Which of the standard streams are terminals. */
  readonly terminals: { readonly stdin: boolean; readonly stdout: boolean; readonly stderr: boolean };
  readonly preopens: readonly Preopen[];
  readonly http: HttpPolicy;
  readonly sockets: boolean;
  /** What was dropped and is still to be delivered. */
  readonly endings: Endings = new Endings();
  readonly directories: Directories = new Directories(this.endings);
  readonly clocks: Clocks;
  readonly random: Random;
  /** Streams of the guest's that are being written out. */
  readonly #writes = new Set<Promise<unknown>>();
  /** Those that the guest only hands on, from one place of the host's to another. */
  readonly #pipes = new Set<Promise<unknown>>();

  /** @throws TypeError if an option is not one, or asks for what the runtime does not have. */
  constructor(options: WasiOptions = {}) {
    checkOptions(options);
    const { args = [], env = {}, preopens = {}, network = {} } = options;
    this.args = args.map((arg) => text("args", arg));
    this.env = Object.entries(env).map(([name, value]) => [name, text(`env.${name}`, value)]);
    const tty = (option: unknown, fd: number): boolean =>
      option === "inherit" && builtin("node:tty")?.isatty(fd) === true;
    this.terminals = { stdin: tty(options.stdin, 0), stdout: tty(options.stdout, 1), stderr: tty(options.stderr, 2) };
    const named = Object.entries(preopens);
    this.preopens = named.map(([name, preopen]) => {
      const { files, readOnly } = preopened(`preopens.${name}`, preopen);
      return { name, directory: this.directories.preopen(files), readOnly };
    });
    this.http = new HttpPolicy(network.http, network.fetch);
    this.sockets = network.sockets === true;
    this.clocks = new Clocks(options.clocks?.now);
    this.random = new Random(options.random?.seed);
    if (options.stdout instanceof WritableStream && options.stdout === options.stderr) {
      throw new TypeError("WASI options stdout and stderr must not be the same stream");
    }
    // Last, so that no stream stays locked where another option is refused.
    this.#input = source(options.stdin);
    this.stdin = shared(this.#input);
    this.stdout = sink("stdout", options.stdout, 1);
    this.stderr = sink("stderr", options.stderr, 2);
  }

  /** What was captured of an output. */
  captured(name: "stdout" | "stderr"): Uint8Array<ArrayBuffer> | undefined {
    const output = this[name];
    return output instanceof Capture ? output.bytes() : undefined;
  }

  /** Notes that a stream of the guest's is being written out; gives the same promise. */
  writing<T>(stream: ReadableStream, written: Promise<T>): Promise<T> {
    for (const writes of isHandedOn(stream) ? [this.#writes, this.#pipes] : [this.#writes]) {
      writes.add(written);
      written.finally(() => writes.delete(written));
    }
    return written;
  }

  /**
   * Waits until what comes from the host and goes to the host is through: it needs no guest.
   *
   * @throws The reason of the signal if that is aborted before.
   */
  async piped(signal?: AbortSignal): Promise<void> {
    await limited(this.#pipes, undefined, signal);
    if (this.#pipes.size > 0 && signal?.aborted) throw reasonOf(signal);
  }

  /** Waits until the outputs were taken and what was sent is out, and lets go of their streams. */
  async end(signal?: AbortSignal): Promise<void> {
    await limited(this.#writes, undefined, signal);
    if (this.#input instanceof ReadableSource) this.#input.release();
    const sinks = [this.stdout, this.stderr].filter((output) => output instanceof WritableSink);
    await Promise.all([this.endings.all(signal), ...sinks.map((output) => output.end(signal))]);
  }
}

/** The names of {@linkcode WasiOptions}. */
export const WASI_OPTIONS: Known<WasiOptions> = {
  args: true,
  env: true,
  stdin: true,
  stdout: true,
  stderr: true,
  preopens: true,
  network: true,
  clocks: true,
  random: true,
};
type Part<K extends "network" | "clocks" | "random"> = Known<NonNullable<WasiOptions[K]>>;
const NETWORK: Part<"network"> = { http: true, sockets: true, fetch: true };
const CLOCKS: Part<"clocks"> = { now: true };
const RANDOM: Part<"random"> = { seed: true };
const PATH: Known<{ path: string; readOnly?: boolean }> = { path: true, readOnly: true };
const OWN: Known<{ fileSystem: FileSystem; readOnly?: boolean }> = { fileSystem: true, readOnly: true };

/** A capability that was misspelt would be missing without a word. */
function checkOptions(options: WasiOptions): void {
  checkKnown("WASI option", options, WASI_OPTIONS);
  const { args, env, preopens, network, clocks, random } = options;
  if (args !== undefined && !Array.isArray(args)) throw wrong("args", "an array of strings", args);
  for (const [name, value] of Object.entries({ env, preopens })) {
    if (value !== undefined && (typeof value !== "object" || value === null || Array.isArray(value))) {
      throw wrong(name, "an object of names and values", value);
    }
  }
  checkKnown("WASI network option", network, NETWORK);
  const hosts: unknown = network?.http;
  if (hosts !== undefined && hosts !== true && !Array.isArray(hosts)) {
    throw wrong("network.http", "an array of hosts, or true", hosts);
  }
  if (network?.fetch !== undefined && typeof network.fetch !== "function") {
    throw wrong("network.fetch", "a function", network.fetch);
  }
  checkKnown("WASI clocks option", clocks, CLOCKS);
  if (clocks?.now !== undefined && typeof clocks.now !== "function") {
    throw wrong("clocks.now", "a function", clocks.now);
  }
  checkKnown("WASI random option", random, RANDOM);
  const seed: unknown = random?.seed;
  if (seed !== undefined && typeof seed !== "bigint") throw wrong("random.seed", "a bigint", seed);
}

/** What a preopen stands for. */
function preopened(
  name: string,
  preopen: NonNullable<WasiOptions["preopens"]>[string],
): { readonly files: string | FileSystem; readonly readOnly: boolean } {
  if (typeof preopen === "string") return { files: text(name, preopen), readOnly: false };
  if (typeof preopen === "object" && preopen !== null) {
    if ("fileSystem" in preopen) {
      checkKnown("WASI option of a preopen", preopen, OWN);
      checkFileSystem(`${name}.fileSystem`, preopen.fileSystem);
      return { files: preopen.fileSystem, readOnly: preopen.readOnly ?? false };
    }
    if ("path" in preopen || !("stat" in preopen)) {
      checkKnown("WASI option of a preopen", preopen as { path: string }, PATH);
      const { path, readOnly = false } = preopen as { path: string; readOnly?: boolean };
      return { files: text(name, path), readOnly };
    }
  }
  checkFileSystem(name, preopen);
  return { files: preopen, readOnly: false };
}

function wrong(name: string, expected: string, value: unknown): TypeError {
  return new TypeError(`WASI option ${name} must be ${expected}, found ${describe(value)}`);
}

function text(name: string, value: unknown): string {
  if (typeof value !== "string") throw new TypeError(`WASI option ${name} must be a string`);
  if (value.includes("\0")) throw new TypeError(`WASI option ${name} must not contain NUL`);
  return value;
}

function source(stdin: WasiOptions["stdin"]): Source {
  if (stdin === undefined) return empty;
  if (stdin === "inherit") return processInput();
  if (typeof stdin === "string") return bytesSource(new TextEncoder().encode(stdin));
  if (stdin instanceof Uint8Array) return bytesSource(stdin);
  if (stdin instanceof ReadableStream) return new ReadableSource(stdin);
  throw new TypeError('WASI option stdin must be "inherit", bytes, a string or a ReadableStream');
}

/** A source that goes on when one of its streams is dropped. */
function shared(source: Source): Source {
  return {
    ready: () => source.ready(),
    onReady: (callback) => source.onReady(callback),
    waitSync: source.waitSync && (() => source.waitSync!()),
    read: (max) => source.read(max),
  };
}

function sink(name: string, option: WasiOptions["stdout"], fd: 1 | 2): Sink {
  if (option === undefined) return discard;
  if (option === "inherit") return processOutput(fd);
  if (option === "capture") return new Capture();
  if (option instanceof WritableStream) return new WritableSink(option);
  throw new TypeError(`WASI option ${name} must be "inherit", "capture" or a WritableStream`);
}
