// The standard streams of this process, by their descriptors. They may be files, pipes, sockets or
// terminals, blocking or not: Node makes a descriptor non-blocking as soon as anything touches
// `process.stdin`, a parent process may have done so.

import { fsErrorCode } from "./files/fs_errors.ts";
import { type DenoOutput, denoOutput, linux, required } from "./base/platform.ts";
import { always } from "./readiness.ts";
import { Chunked, HIGH_WATER } from "./sources.ts";
import { type Sink, type Source, StreamClosed, StreamFailure } from "./streams.ts";
import { cannotWait, isPlain, sleepSync } from "./waiting.ts";

/** Milliseconds before a non-blocking descriptor is tried again: first, and at most. */
const PAUSE = { first: 1, most: 16 } as const;

/** What the operating system said, for the stream's reader or writer. */
function failure(error: unknown): StreamFailure {
  const filesystem = fsErrorCode(error);
  return new StreamFailure(error instanceof Error ? error.message : filesystem, { filesystem });
}

let input: ProcessInput | undefined;

/**
 * The standard input of this process: one for all guests, so that what was read for one that is
 * gone is not lost.
 */
export function processInput(): Source {
  return input ??= new ProcessInput();
}

class ProcessInput extends Chunked {
  readonly #fs = required("node:fs", "standard streams");
  readonly #buffer = new Uint8Array(HIGH_WATER);
  #pause: number = PAUSE.first;
  #retry: ReturnType<typeof setTimeout> | undefined;

  /** What a read came to: nothing is the end. */
  #take(length: number): void {
    this.#pause = PAUSE.first;
    if (length === 0) this.end();
    else this.arrived(this.#buffer.slice(0, length));
  }

  /** A read failed. Gives whether it would only have blocked. */
  #failed(error: unknown): boolean {
    if ((error as { code?: string }).code === "EOF") this.end(); // Windows
    else {
      const code = fsErrorCode(error);
      if (code === "would-block") return true;
      // Nobody can write to a descriptor that is closed.
      if (code === "bad-descriptor") this.end();
      else this.end({ error: failure(error) });
    }
    return false;
  }

  protected begin(): void {
    clearTimeout(this.#retry);
    this.#fs.read(0, this.#buffer, 0, this.#buffer.length, null, (error, length) => {
      if (error === null) this.#take(length);
      else if (this.#failed(error)) this.#tryLater();
    });
  }

  /**
   * Nothing was there. Tried again by itself only while somebody waits: a timer keeps the process
   * alive.
   */
  #tryLater(): void {
    this.nothingYet();
    if (!this.awaited) return;
    this.#retry = setTimeout(() => this.pull(), this.#pause);
    this.#pause = Math.min(this.#pause * 2, PAUSE.most);
  }

  override ready(): boolean {
    if (!isPlain()) this.pull();
    return super.ready();
  }

  override onReady(callback: () => void): () => void {
    const stop = super.onReady(callback);
    return () => {
      stop();
      if (!this.awaited) clearTimeout(this.#retry);
    };
  }

  waitSync(): void {
    if (this.pulling) throw cannotWait("input that is being read");
    for (;;) {
      try {
        return this.#take(this.#fs.readSync(0, this.#buffer, 0, this.#buffer.length, null));
      } catch (error) {
        if (!this.#failed(error)) return;
        sleepSync(this.#pause);
        this.#pause = Math.min(this.#pause * 2, PAUSE.most);
      }
    }
  }
}

/** A descriptor that is written to. What is thrown says that nothing of these bytes was taken. */
interface Descriptor {
  /** Writes once; how many bytes were taken. */
  write(bytes: Uint8Array): number;
  /** Whether something that was taken is still to be written, by one more call. */
  readonly owes: boolean;
}

const NOTHING = new Uint8Array();
/**
 * Bytes that a pipe takes as a whole or not at all, `PIPE_BUF`: Linux's, and the least that POSIX
 * allows.
 */
const ATOMIC = linux ? 4096 : 512;
/** Bytes that Deno's standard output keeps at most. */
const DENO_BUFFER = 1024;

/**
 * Deno's standard output keeps the end of what it is given, from the last line feed on, and writes
 * it at once. When that would block, its error does not say how much was taken. So it is given
 * parts for which the answer is known: up to a line feed, as many as a pipe takes as a whole; or
 * bytes without one, which are either kept or written.
 */
class DenoDescriptor implements Descriptor {
  readonly #output: DenoOutput;
  owes = false;

  constructor(output: DenoOutput) {
    this.#output = output;
  }

  write(bytes: Uint8Array): number {
    if (this.owes) {
      this.#output.writeSync(NOTHING);
      this.owes = false;
    }
    const lines = bytes.subarray(0, ATOMIC).lastIndexOf(0x0a) + 1;
    if (lines > 0) return this.#output.writeSync(bytes.subarray(0, lines));
    const next = bytes.indexOf(0x0a), part = next < 0 ? bytes : bytes.subarray(0, next);
    // More than is kept is written directly, and the system says how much of it.
    if (part.length > DENO_BUFFER) return this.#output.writeSync(part);
    try {
      return this.#output.writeSync(part);
    } catch (error) {
      if (fsErrorCode(error) !== "would-block") throw error;
      this.owes = true;
      return part.length;
    }
  }
}

/** The descriptor as this runtime writes to it. */
function descriptor(fd: 1 | 2): Descriptor {
  const fs = required("node:fs", "standard streams"), output = denoOutput(fd);
  // A regular file never blocks.
  if (output !== undefined && !fs.fstatSync(fd).isFile()) return new DenoDescriptor(output);
  return { write: (bytes) => fs.writeSync(fd, bytes), owes: false };
}

/**
 * The standard output or error of this process. A write that would block holds this thread, as a
 * blocking descriptor's does: nothing that was taken is lost when the process ends right
 * afterwards.
 */
export function processOutput(fd: 1 | 2): Sink {
  let open: Descriptor | undefined;
  return {
    ...always,
    takesViews: true,
    permit: () => HIGH_WATER,
    write(bytes) {
      for (let pause: number = PAUSE.first; bytes.length > 0 || open!.owes;) {
        try {
          open ??= descriptor(fd);
          bytes = bytes.subarray(open.write(bytes));
          pause = PAUSE.first;
        } catch (error) {
          const code = fsErrorCode(error);
          if (code === "pipe" || code === "bad-descriptor") throw new StreamClosed();
          if (code !== "would-block") throw failure(error);
          sleepSync(pause);
          pause = Math.min(pause * 2, PAUSE.most);
        }
      }
    },
    flush() {},
  };
}
