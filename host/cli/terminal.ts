// Where the command line reads and writes: this process's streams, or those of a test.
// Reads components from files or the standard input, writes results, and shows on a terminal that a
// component is being compiled.

import { writeSync } from "node:fs";
import { readFile } from "node:fs/promises";
import process from "node:process";
import type { WasiOptions } from "../wasi/mod.ts";
import { UsageError } from "./arguments.ts";

/** What a command line is run at. */
export interface Terminal {
  /** Writes to the standard output. Resolves when the text is out. */
  out(text: string): Promise<void>;
  /** Writes to the standard error. */
  err(text: string): void;
  /** The bytes of the standard input. `undefined` if nobody can have piped something into it. */
  input(): AsyncIterable<Uint8Array> | undefined;
  /** Whether the standard error is a terminal, which shows what is under way. */
  readonly isShown: boolean;
  /** The environment that `--env NAME` passes on. */
  readonly env: Readonly<Record<string, string | undefined>>;
  /** The streams that a guest is given. */
  readonly guest: Pick<WasiOptions, "stdin" | "stdout" | "stderr">;
  /** Calls a function when the process is asked to end. Gives what takes that back. */
  onEnd(asked: (signal: EndSignal) => void): () => void;
}

/** The signals that ask a process to end, with the numbers that exit codes are made of. */
export const END_SIGNALS = { SIGINT: 2, SIGTERM: 15 } as const;
export type EndSignal = keyof typeof END_SIGNALS;

/** This process. */
class ProcessTerminal implements Terminal {
  #listened = false;

  out(text: string): Promise<void> {
    // The stream tells an error to the callback, and then once more to whoever listens. An error
    // event that nobody listens to would end the process.
    if (!this.#listened) process.stdout.on("error", () => {});
    this.#listened = true;
    return new Promise((resolve, reject) => {
      process.stdout.write(text, (error) => {
        // Whoever closed the output wants no more of it.
        if (error && (error as { code?: string }).code !== "EPIPE") reject(error);
        else resolve();
      });
    });
  }

  err(text: string): void {
    process.stderr.write(text);
  }

  input(): AsyncIterable<Uint8Array> | undefined {
    return process.stdin.isTTY ? undefined : process.stdin;
  }

  get isShown(): boolean {
    return process.stderr.isTTY === true;
  }

  get env(): Terminal["env"] {
    return process.env;
  }

  get guest(): Terminal["guest"] {
    return { stdin: "inherit", stdout: "inherit", stderr: "inherit" };
  }

  onEnd(asked: (signal: EndSignal) => void): () => void {
    const listeners = (Object.keys(END_SIGNALS) as EndSignal[]).map((signal) => {
      const listener = (): void => asked(signal);
      process.on(signal, listener);
      return () => process.off(signal, listener);
    });
    return () => listeners.forEach((unlisten) => unlisten());
  }
}

let terminal: Terminal = new ProcessTerminal();

/** What the command line is run at now. */
export function currentTerminal(): Terminal {
  return terminal;
}

/** Runs a function with another terminal: a test runs commands in its own process. */
export async function withTerminal<T>(other: Terminal, run: () => Promise<T>): Promise<T> {
  const before = terminal;
  terminal = other;
  try {
    return await run();
  } finally {
    terminal = before;
  }
}

/**
 * Writes to the standard output, and waits until it is out: the process ends right afterwards. Who
 * closed it wants no more.
 */
export function say(text: string): Promise<void> {
  return terminal.out(text);
}

/** Writes to the standard error. */
export function tell(text: string): void {
  terminal.err(text);
}

/** Reads a component: `-` is the standard input. */
export async function load(file: string): Promise<Uint8Array<ArrayBuffer>> {
  if (file !== "-") {
    try {
      return new Uint8Array(await readFile(file));
    } catch (error) {
      // Not every runtime says which path a folder is at.
      if (error instanceof Error && !("path" in error)) Object.assign(error, { path: file });
      throw error;
    }
  }
  const input = terminal.input();
  if (input === undefined) {
    throw new UsageError("the standard input is a terminal: pipe a component into it, or name a file");
  }
  const chunks: Uint8Array<ArrayBuffer>[] = [];
  for await (const chunk of input) chunks.push(chunk as Uint8Array<ArrayBuffer>);
  return new Uint8Array(await new Blob(chunks).arrayBuffer());
}

/**
 * From this size on compiling may take half a second: a component that is all types does, on a slow
 * machine.
 */
const LARGE = 256 * 1024;

/**
 * Shows on a terminal what is under way while it is. For what may take long the line is there
 * before it begins: compiling keeps the thread busy, so that no timer would come to write it.
 */
export async function waiting<T>(file: string, bytes: Uint8Array, compile: () => Promise<T>): Promise<T> {
  if (!terminal.isShown || bytes.length < LARGE) return await compile();
  show(`compiling ${file} (${size(bytes.length)})…`);
  try {
    return await compile();
  } finally {
    show("\r\x1b[K");
  }
}

/** Writes to the terminal at once. */
function show(text: string): void {
  try {
    writeSync(2, text);
  } catch {
    // A terminal that takes nothing now goes without the line.
  }
}

/** A number of bytes as people read it. */
export function size(bytes: number): string {
  const units = ["bytes", "KB", "MB", "GB"];
  let unit = 0, value = bytes;
  while (value >= 1000 && unit < units.length - 1) {
    value /= 1000;
    unit++;
  }
  return `${unit === 0 ? value : value.toFixed(1)} ${units[unit]}`;
}
