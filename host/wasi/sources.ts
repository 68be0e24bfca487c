// Sources and sinks of bytes: memory, web streams, this process's own standard streams.

import type { Sink, Source } from "./streams.ts";
import { required } from "./platform.ts";
import { always, cannotWait, isPlain, Signal, sleepSync } from "./readiness.ts";

/** Bytes that a sink holds before it asks to wait. */
export const HIGH_WATER: number = 1 << 16;
/** Bytes of captured output; beyond, writing fails. */
export const MAX_CAPTURED: number = 1 << 28;

/** Gives bytes that are there. */
export function bytesSource(bytes: Uint8Array): Source {
  let at = 0;
  return {
    ...always,
    read(max) {
      if (at === bytes.length) return undefined;
      const part = bytes.subarray(at, at + max);
      at += part.length;
      return part;
    },
  };
}

/** The source that has nothing. */
export const empty: Source = { ...always, read: () => undefined };

/** Reads a web stream, a chunk at a time and none before it is asked for. */
export class ReadableSource implements Source {
  readonly #reader: ReadableStreamDefaultReader<Uint8Array>;
  readonly #signal = new Signal();
  #chunk: Uint8Array = new Uint8Array();
  #state: "idle" | "pulling" | "ended" = "idle";
  #failure: { readonly error: unknown } | undefined;

  constructor(stream: ReadableStream<Uint8Array>) {
    this.#reader = stream.getReader();
  }

  #pull(): void {
    if (this.#state !== "idle" || this.#chunk.length > 0) return;
    this.#state = "pulling";
    this.#reader.read().then(({ done, value }) => {
      this.#state = done ? "ended" : "idle";
      if (value !== undefined) this.#chunk = value;
      if (!done && this.#chunk.length === 0) this.#pull();
      else this.#signal.fire();
    }, (error) => {
      this.#state = "ended";
      this.#failure = { error };
      this.#signal.fire();
    });
  }

  ready(): boolean {
    this.#pull();
    return this.#chunk.length > 0 || this.#state === "ended";
  }

  onReady(callback: () => void): () => void {
    this.#pull();
    return this.#signal.on(callback);
  }

  read(max: number): Uint8Array | undefined {
    if (this.#chunk.length === 0 && this.#state === "ended") {
      if (this.#failure !== undefined) throw this.#failure.error;
      return undefined;
    }
    const part = this.#chunk.subarray(0, max);
    this.#chunk = this.#chunk.subarray(part.length);
    this.#pull();
    return part;
  }

  close(): void {
    this.#state = "ended";
    this.#chunk = new Uint8Array();
    this.#reader.cancel().catch(() => {});
  }

  /** Lets go of the stream, of which nobody reads any more. */
  release(): void {
    this.#state = "ended";
    this.#reader.releaseLock();
  }
}

let input: ProcessInput | undefined;

/** The standard input of this process: one for all guests, so that what was read for one that is gone is not lost. */
export function processInput(): Source {
  return input ??= new ProcessInput();
}

class ProcessInput implements Source {
  readonly #fs = required("node:fs", "standard streams");
  readonly #signal = new Signal();
  readonly #buffer = new Uint8Array(HIGH_WATER);
  #chunk: Uint8Array = new Uint8Array();
  #state: "idle" | "pulling" | "ended" = "idle";
  #failure: unknown;

  #take(error: unknown, length: number): void {
    this.#state = error === null && length > 0 ? "idle" : "ended";
    this.#failure = error ?? undefined;
    this.#chunk = this.#buffer.slice(0, length);
    this.#signal.fire();
  }

  #pull(): void {
    if (this.#state !== "idle" || this.#chunk.length > 0) return;
    this.#state = "pulling";
    this.#fs.read(0, this.#buffer, 0, this.#buffer.length, null, (error, length) => this.#take(error, length ?? 0));
  }

  ready(): boolean {
    if (!isPlain()) this.#pull();
    return this.#chunk.length > 0 || this.#state === "ended";
  }

  onReady(callback: () => void): () => void {
    this.#pull();
    return this.#signal.on(callback);
  }

  waitSync(): void {
    if (this.#state === "pulling") throw cannotWait("input that is being read");
    for (;;) {
      try {
        return this.#take(null, this.#fs.readSync(0, this.#buffer, 0, this.#buffer.length, null));
      } catch (error) {
        const { code } = error as { code?: string };
        if (code === "EOF") return this.#take(null, 0);
        if (code !== "EAGAIN") return this.#take(error, 0);
        sleepSync(1);
      }
    }
  }

  read(max: number): Uint8Array | undefined {
    if (this.#chunk.length === 0 && this.#state === "ended") {
      if (this.#failure !== undefined) throw this.#failure;
      return undefined;
    }
    const part = this.#chunk.subarray(0, max);
    this.#chunk = this.#chunk.subarray(part.length);
    return part;
  }
}

/** Throws everything away. */
export const discard: Sink = { ...always, permit: () => HIGH_WATER, write() {}, flush() {} };

/** Keeps everything. */
export class Capture implements Sink {
  #bytes: Uint8Array<ArrayBuffer> = new Uint8Array(HIGH_WATER);
  #length = 0;

  ready(): boolean {
    return true;
  }
  onReady(): () => void {
    return () => {};
  }
  permit(): number {
    if (this.#length >= MAX_CAPTURED) throw new Error(`more than ${MAX_CAPTURED} bytes of output to capture`);
    return Math.min(HIGH_WATER, MAX_CAPTURED - this.#length);
  }
  write(bytes: Uint8Array): void {
    const length = this.#length + bytes.length;
    if (length > this.#bytes.length) {
      const larger = new Uint8Array(Math.max(length, this.#bytes.length * 2));
      larger.set(this.#bytes);
      this.#bytes = larger;
    }
    this.#bytes.set(bytes, this.#length);
    this.#length = length;
  }
  flush(): void {}

  /** What was written so far. */
  bytes(): Uint8Array<ArrayBuffer> {
    return this.#bytes.slice(0, this.#length);
  }
}

/** Writes to a web stream, with its backpressure. */
export class WritableSink implements Sink {
  readonly #writer: WritableStreamDefaultWriter<Uint8Array>;
  readonly #signal = new Signal();
  #pending = 0;
  #flushing = false;
  #failure: { readonly error: unknown } | undefined;

  constructor(stream: WritableStream<Uint8Array>) {
    this.#writer = stream.getWriter();
    this.#writer.closed.catch((error) => this.#fail(error));
  }

  #fail(error: unknown): void {
    this.#failure ??= { error };
    this.#signal.fire();
  }

  ready(): boolean {
    if (this.#pending === 0) this.#flushing = false;
    return this.#failure !== undefined || !this.#flushing && this.#pending < HIGH_WATER;
  }
  onReady(callback: () => void): () => void {
    return this.#signal.on(callback);
  }
  permit(): number {
    if (this.#failure !== undefined) throw this.#failure.error;
    return this.ready() ? HIGH_WATER - this.#pending : 0;
  }
  write(bytes: Uint8Array): void {
    this.#pending += bytes.length;
    this.#writer.write(bytes).then(() => {
      this.#pending -= bytes.length;
      this.#signal.fire();
    }, (error) => this.#fail(error));
  }
  flush(): void {
    this.#flushing = true;
  }

  /** Waits until everything was taken, or it is aborted, and lets go of the stream, which stays open. */
  async end(signal: AbortSignal | undefined): Promise<void> {
    const aborted = (): void => this.#signal.fire();
    signal?.addEventListener("abort", aborted);
    while (this.#pending > 0 && this.#failure === undefined && !signal?.aborted) {
      await new Promise<void>((resolve) => {
        const stop = this.#signal.on(() => {
          stop();
          resolve();
        });
      });
    }
    signal?.removeEventListener("abort", aborted);
    this.#writer.releaseLock();
    if (this.#failure !== undefined) throw this.#failure.error;
  }
}

/** The standard output or error of this process. */
export function processOutput(fd: 1 | 2): Sink {
  const fs = required("node:fs", "standard streams");
  return {
    ...always,
    permit: () => HIGH_WATER,
    write(bytes) {
      while (bytes.length > 0) {
        try {
          bytes = bytes.subarray(fs.writeSync(fd, bytes));
        } catch (error) {
          if ((error as { code?: string }).code !== "EAGAIN") throw error;
          sleepSync(1);
        }
      }
    },
    flush() {},
  };
}
