// The log of `serve`: a line for each request, and the guest's output with the request's number
// before each line.
// Requests and what a guest writes enter, lines leave. An instance that has several requests at
// once has the numbers of all of them: nothing says which one a line belongs to.

import type { Guest } from "../wasi/guests.ts";
import { State, type WasiOptions } from "../wasi/state.ts";
import type { Terminal } from "./terminal.ts";
import { Trace } from "./trace.ts";

/** A longer line is written in pieces, so that a guest that ends no line fills no memory. */
const MAX_LINE = 16 * 1024;

/** Numbers requests and writes their lines. */
export class RequestLog {
  /** Makes what each instance has of its own. `undefined` if all share the process's streams. */
  readonly guest: ((options: WasiOptions) => Guest) | undefined;
  readonly #terminal: Terminal;
  readonly #isQuiet: boolean;
  readonly #numbers = new WeakMap<Request, number>();
  #count = 0;

  constructor(terminal: Terminal, { quiet, trace }: { readonly quiet: boolean; readonly trace: boolean }) {
    this.#terminal = terminal;
    this.#isQuiet = quiet;
    this.guest = quiet && !trace ? undefined : (options) => this.#guest(options, trace);
  }

  /** Gives a request the number of the one that it was made of. */
  standsFor(made: Request, request: Request): void {
    const number = this.#numbers.get(request);
    if (number !== undefined) this.#numbers.set(made, number);
  }

  /** Writes a line about a request. */
  line(request: Request | undefined, text: string): void {
    const number = request === undefined ? undefined : this.#numbers.get(request);
    this.#terminal.err(number === undefined || this.#isQuiet ? `${text}\n` : `[${number}] ${text}\n`);
  }

  /** A handler whose requests have numbers, and a line when their response begins. */
  around(handler: (request: Request) => Promise<Response>): (request: Request) => Promise<Response> {
    if (this.#isQuiet && this.guest === undefined) return handler;
    return async (request) => {
      const number = ++this.#count, begin = performance.now(), { method, url } = request;
      this.#numbers.set(request, number);
      const response = await handler(request);
      if (this.#isQuiet) return response;
      const { pathname, search } = new URL(url), ms = (performance.now() - begin).toFixed(1);
      this.#terminal.err(`[${number}] ${method} ${pathname}${search} ${response.status} ${ms} ms\n`);
      return response;
    };
  }

  #guest(options: WasiOptions, trace: boolean): Guest {
    const running = new Set<number>();
    let last = 0;
    // An instance may go on after its response.
    const prefix = (): string => `[${running.size === 0 ? last : [...running].join(" ")}] `;
    const stdout = new PrefixedLines(prefix, (text) => this.#terminal.out(text));
    const stderr = new PrefixedLines(prefix, (text) => this.#terminal.err(text));
    const streams = this.#isQuiet ? {} : { stdout: stdout.stream(), stderr: stderr.stream() };
    return {
      state: new State({ ...options, ...streams }),
      watch: trace ? new Trace((text) => stderr.write(text)) : undefined,
      begin: (request) => void running.add(last = this.#numbers.get(request) ?? 0),
      end: (request) => {
        if (running.size === 1) { for (const lines of [stdout, stderr]) lines.end(); }
        running.delete(this.#numbers.get(request) ?? 0);
      },
    };
  }
}

/** Text → the same text with a prefix before each line. */
export class PrefixedLines {
  readonly #prefix: () => string;
  readonly #write: (text: string) => Promise<void> | void;
  #rest = "";

  /** @param write Takes whole lines. Whoever writes waits for it. */
  constructor(prefix: () => string, write: (text: string) => Promise<void> | void) {
    this.#prefix = prefix;
    this.#write = write;
  }

  stream(): WritableStream<Uint8Array> {
    const decoder = new TextDecoder();
    return new WritableStream({ write: (bytes) => this.write(decoder.decode(bytes, { stream: true })) });
  }

  write(text: string): Promise<void> | void {
    const lines = (this.#rest + text).split("\n");
    let rest = lines.pop()!;
    for (; rest.length >= MAX_LINE; rest = rest.slice(MAX_LINE)) lines.push(rest.slice(0, MAX_LINE));
    this.#rest = rest;
    if (lines.length > 0) return this.#write(lines.map((line) => `${this.#prefix()}${line}\n`).join(""));
  }

  /** Writes a last line that has no end. */
  end(): void {
    if (this.#rest !== "") this.write("\n");
  }
}
