// Command lines in this process, at a terminal of the test's own, and a component to plug in.

import { main } from "@windlass/component/cli";
import { componentOf } from "../support/wat.ts";
import { type EndSignal, type Terminal, withTerminal } from "../../host/cli/terminal.ts";

/** What a command line came to. */
export interface Outcome {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

/** What is at a terminal. */
export interface Setting {
  readonly stdin?: string | Uint8Array<ArrayBuffer>;
  readonly env?: Readonly<Record<string, string>>;
}

/** A terminal that keeps what is written. */
export class TestTerminal implements Terminal {
  stdout = "";
  stderr = "";
  readonly isShown = false;
  readonly env: Readonly<Record<string, string>>;
  readonly #stdin: Uint8Array<ArrayBuffer>;
  readonly #asked = new Set<(signal: EndSignal) => void>();
  /** Called when something is written. */
  onWrite: () => void = () => {};

  constructor({ stdin = "", env = {} }: Setting = {}) {
    this.#stdin = typeof stdin === "string" ? new TextEncoder().encode(stdin) : stdin;
    this.env = env;
  }

  out(text: string): Promise<void> {
    this.stdout += text;
    this.onWrite();
    return Promise.resolve();
  }

  err(text: string): void {
    this.stderr += text;
    this.onWrite();
  }

  async *input(): AsyncIterable<Uint8Array> {
    yield await Promise.resolve(this.#stdin);
  }

  get guest(): Terminal["guest"] {
    const stream = (write: (text: string) => void): WritableStream<Uint8Array> => {
      const decoder = new TextDecoder();
      return new WritableStream({ write: (bytes) => write(decoder.decode(bytes, { stream: true })) });
    };
    return {
      stdin: this.#stdin,
      stdout: stream((text) => void this.out(text)),
      stderr: stream((text) => this.err(text)),
    };
  }

  onEnd(asked: (signal: EndSignal) => void): () => void {
    this.#asked.add(asked);
    return () => this.#asked.delete(asked);
  }

  /** Asks the command to end. */
  ask(signal: EndSignal): void {
    for (const asked of this.#asked) asked(signal);
  }

  /** Whether somebody listens for being asked to end. */
  get isAskable(): boolean {
    return this.#asked.size > 0;
  }

  /** Waits until the standard error has a text; gives the match. */
  async said(pattern: RegExp, since = 0): Promise<RegExpExecArray> {
    for (;;) {
      const found = pattern.exec(this.stderr.slice(since));
      if (found !== null) return found;
      await new Promise<void>((resolve) => this.onWrite = resolve);
    }
  }
}

/** Runs a command line. */
export async function windlass(args: readonly string[], setting?: Setting): Promise<Outcome> {
  const terminal = new TestTerminal(setting);
  const code = await withTerminal(terminal, () => main(args));
  return { code, out: terminal.stdout, err: terminal.stderr };
}

/** WASI as far as it takes to write a line. */
const wasi = `
  package wasi:io@0.2.3 {
    interface error { resource error { to-debug-string: func() -> string; } }
    interface streams {
      use error.{error};
      variant stream-error { last-operation-failed(error), closed }
      resource output-stream {
        blocking-write-and-flush: func(contents: list<u8>) -> result<_, stream-error>;
      }
    }
  }
  package wasi:cli@0.2.3 {
    interface stdout { use wasi:io/streams@0.2.3.{output-stream}; get-stdout: func() -> output-stream; }
  }`;

/** A host for the fixture `greet`: it writes what it is told to the standard output. */
export const logger = (): Promise<Uint8Array<ArrayBuffer>> =>
  componentOf(
    `(module
    (import "wasi:cli/stdout@0.2.3" "get-stdout" (func $out (result i32)))
    (import "wasi:io/streams@0.2.3" "[method]output-stream.blocking-write-and-flush"
      (func $write (param i32 i32 i32 i32)))
    (memory (export "memory") 1)
    (global $next (mut i32) (i32.const 1024))
    (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32)
      (global.get $next) (global.set $next (i32.add (global.get $next) (local.get 3))))
    (func (export "demo:greet/host@1.1.0#log") (param i32 i32)
      (call $write (call $out) (local.get 0) (local.get 1) (i32.const 0))))`,
    `package demo:plug;
  world plug { import wasi:cli/stdout@0.2.3; export demo:greet/host@1.1.0; }
  package demo:greet@1.1.0 { interface host { log: func(line: string); } }
  ${wasi}`,
    { world: "plug" },
  );
