// wasi:io/streams and wasi:io/error: the two resources over sources and sinks of bytes.
// Permits, lengths and what a closed stream says are decided here, for every source and sink alike.

import "../../abi/dispose.ts";
import { Trap } from "../../errors.ts";
import { err, type Result } from "../../abi/codecs/results.ts";
import { type Suspending, takingViews } from "../func.ts";
import { fsErrorCode } from "./files/fs_errors.ts";
import type { Later } from "./files/steps.ts";
import { Pollable } from "./poll.ts";
import type { Readiness } from "./readiness.ts";
import { asking, blocking, Done } from "./waiting.ts";

/** At most this many bytes are given by one read. */
const MAX_READ = 1 << 18;
/**
 * At most this many bytes may be written by one call of the `blocking-write-…` functions, says
 * their interface.
 */
const MAX_BLOCKING_WRITE = 4096;

/** Where bytes come from. What is thrown is the stream's failure. */
export interface Source extends Readiness {
  /**
   * At most `max` bytes of what is there now; empty where there is nothing yet; `undefined` at the
   * end.
   */
  read(max: number): Uint8Array | undefined;
  /** The same, written into a buffer: how many bytes; 0 where there is nothing yet. */
  readInto?(place: Uint8Array): number | undefined;
  /** Nobody reads any more. */
  close?(): void;
}

/**
 * Where bytes go to. What is thrown is the stream's failure. Ready: bytes may be written, and no
 * flush is under way.
 */
export interface Sink extends Readiness {
  /**
   * How many bytes may be written now; 0 while that is to be waited for. `undefined` once it is
   * closed.
   */
  permit(): number | undefined;
  /** Takes bytes, no more than were permitted. They are the sink's then, unless it takes views. */
  write(bytes: Uint8Array): void;
  /** Whether it needs bytes only until `write` returns: they may be a view of a guest's memory. */
  readonly takesViews?: true;
  /** Begins to hand on what was written. */
  flush(): void;
  /** Everything was written: makes it last. Missing where there is nothing to do for it. */
  settle?(): Later<void>;
  /** Nobody writes any more. */
  close?(): void;
}

/** What went wrong with a stream, by the interfaces that have a code for it. */
export interface FailureCodes {
  /** `wasi:filesystem/types#error-code`. */
  readonly filesystem?: string;
  /** `wasi:http/types#error-code`. */
  readonly http?: { readonly tag: string; readonly val?: unknown };
  /** `wasi:sockets/network#error-code`. */
  readonly network?: string;
}

/** The resource `error`. */
export class IoError {
  readonly #message: string;
  /** The same in codes of other interfaces. */
  readonly codes: FailureCodes;

  /** Made by the library only. */
  constructor(message: string, codes: FailureCodes = {}) {
    this.#message = message;
    this.codes = codes;
  }

  /** In words. */
  toDebugString(): string {
    return this.#message;
  }
}

/** Thrown by a source or a sink to say more than an exception's message. */
export class StreamFailure extends Error {
  readonly codes: FailureCodes;

  constructor(message: string, codes: FailureCodes) {
    super(message);
    this.codes = codes;
  }
}

/**
 * Thrown by a sink whose other end takes no more: the stream is closed then, and nothing failed.
 */
export class StreamClosed extends Error {}

/** The variant `stream-error`. */
export type StreamError = { readonly tag: "last-operation-failed"; readonly val: IoError } | { readonly tag: "closed" };

const closed = (): Result<never, StreamError> => err({ tag: "closed" }) as Result<never, StreamError>;

/** What a source or a sink threw, as a result; a trap goes on. */
function failed(error: unknown): Result<never, StreamError> {
  if (error instanceof Trap) throw error;
  if (error instanceof StreamClosed || (error as { code?: unknown } | undefined)?.code === "EPIPE") return closed();
  const message = error instanceof Error ? error.message : String(error);
  const val = new IoError(message, codesOf(error));
  return err({ tag: "last-operation-failed", val }) as Result<never, StreamError>;
}

/** The codes of a failure: the ones it says itself, or those of an operating system's error. */
function codesOf(error: unknown): FailureCodes {
  if (error instanceof StreamFailure) return error.codes;
  const { code } = (error ?? {}) as { code?: unknown };
  // The system's names, `ENOSPC`; not the runtimes' own, `ERR_STREAM_…`.
  return typeof code === "string" && /^E[A-Z0-9]+$/.test(code) ? { filesystem: fsErrorCode(error) } : {};
}

/** A length that a guest gave, as a number that is no more than `most`. */
export function clamp(length: bigint, most: number): number {
  return length > BigInt(most) ? most : Number(length);
}

type Read<T> = T | Result<never, StreamError>;

/** The resource `input-stream`. */
export class InputStream {
  readonly #source: Source;
  #ended = false;
  /** Whether there is something to read, the end or a failure. */
  readonly readiness: Readiness;

  /** @param source Where its bytes come from. */
  constructor(source: Source) {
    this.#source = source;
    this.readiness = new StreamReadiness(source, () => this.#ended);
  }

  /** At most so many bytes of what is there. */
  take(max: number): Read<Uint8Array> {
    if (this.#ended) return closed();
    try {
      const bytes = this.#source.read(max);
      if (bytes !== undefined) return bytes;
      this.#ended = true;
      return closed();
    } catch (error) {
      this.#ended = true;
      return failed(error);
    }
  }

  /** Something to read at once. */
  declare read: Suspending<(length: bigint) => Read<Uint8Array> | Promise<Read<Uint8Array>>>;
  /** The same, thrown away; how many bytes there were. */
  declare skip: Suspending<(length: bigint) => Read<bigint> | Promise<Read<bigint>>>;

  /** Ready when there is something to read, the end or a failure. */
  subscribe(): Pollable {
    return new Pollable(this.readiness);
  }

  /** Something to read, waited for. */
  declare blockingRead: Suspending<(length: bigint) => Read<Uint8Array> | Promise<Read<Uint8Array>>>;
  /** The same, thrown away; how many bytes there were. */
  declare blockingSkip: Suspending<(length: bigint) => Read<bigint> | Promise<Read<bigint>>>;

  static {
    const waiting = <T>(finish: (read: Read<Uint8Array>) => Read<T>) => (self: InputStream, length: bigint) => () => {
      if (length > 0n && !self.readiness.ready()) return [self.readiness];
      const bytes = self.take(clamp(length, MAX_READ));
      const nothing = bytes instanceof Uint8Array && bytes.length === 0 && length > 0n;
      return nothing ? [self.readiness] : new Done(finish(bytes));
    };
    this.prototype.read = asking(
      (self: InputStream, length: bigint) => self.take(clamp(length, MAX_READ)),
      (read) => read instanceof Uint8Array && read.length === 0,
    );
    this.prototype.skip = asking(
      (self: InputStream, length: bigint) => count(self.take(clamp(length, MAX_READ))),
      (skipped) => skipped === 0n,
    );
    this.prototype.blockingRead = blocking("input", waiting((bytes) => bytes));
    this.prototype.blockingSkip = blocking("input", waiting(count));
  }

  [Symbol.dispose](): void {
    this.#ended = true;
    this.#source.close?.();
  }
}

function count(bytes: Read<Uint8Array>): Read<bigint> {
  return bytes instanceof Uint8Array ? BigInt(bytes.length) : bytes;
}

/**
 * The readiness of a stream: its source's or sink's, or that it has ended. One for each stream, for
 * all its pollables.
 */
class StreamReadiness implements Readiness {
  readonly #item: Readiness;
  readonly #ended: () => boolean;
  readonly waitSync: (() => void) | undefined;

  constructor(item: Readiness, ended: () => boolean) {
    this.#item = item;
    this.#ended = ended;
    this.waitSync = item.waitSync && (() => item.waitSync!());
  }

  get deadline(): number | undefined {
    return this.#item.deadline;
  }
  ready(): boolean {
    return this.#ended() || this.#item.ready();
  }
  onReady(callback: () => void): () => void {
    return this.#item.onReady(callback);
  }
}

type Written = undefined | Result<never, StreamError>;

/** The resource `output-stream`. */
export class OutputStream {
  readonly #sink: Sink;
  /** What `check-write` permitted, less what was written since. */
  #permitted = 0;
  #failed = false;
  /** Whether bytes may be written, with no flush under way. */
  readonly readiness: Readiness;

  /** @param sink Where its bytes go to. */
  constructor(sink: Sink) {
    this.#sink = sink;
    this.readiness = new StreamReadiness(sink, () => this.#failed);
  }

  #attempt<T>(action: () => Read<T>): Read<T> {
    if (this.#failed) return closed();
    try {
      return action();
    } catch (error) {
      this.#failed = true;
      return failed(error);
    }
  }

  #permit(): Read<number> {
    return this.#attempt(() => {
      const permit = this.#sink.permit();
      if (permit !== undefined) return permit;
      this.#failed = true;
      return closed();
    });
  }

  /** How many bytes the next `write` may have. */
  declare checkWrite: Suspending<() => Read<bigint> | Promise<Read<bigint>>>;

  /**
   * Writes no more than `check-write` permitted; more is a trap. The contents are a view of the
   * guest's memory.
   */
  write(contents: Uint8Array): Written {
    return this.#writePermitted(contents, false);
  }

  #writePermitted(contents: Uint8Array, areOwn: boolean): Written {
    if (contents.length > this.#permitted) {
      throw new Trap("interface-rule", `write of ${contents.length} bytes where ${this.#permitted} are permitted`);
    }
    this.#permitted -= contents.length;
    return this.#write(contents, areOwn);
  }

  /** Hands on bytes, as a copy if the sink keeps them and they are somebody else's. */
  #write(contents: Uint8Array, areOwn: boolean): Written {
    return this.#attempt(() => {
      const sink = this.#sink;
      if (contents.length > 0) sink.write(areOwn || sink.takesViews === true ? contents : new Uint8Array(contents));
      return undefined;
    });
  }

  /** Writes zeroes, no more than `check-write` permitted. */
  writeZeroes(length: bigint): Written {
    return this.#writePermitted(new Uint8Array(clamp(length, this.#permitted + 1)), true);
  }

  /** Begins to flush. */
  flush(): Written {
    return this.#attempt(() => {
      this.#sink.flush();
      return undefined;
    });
  }

  /** Ready when bytes may be written and no flush is under way. */
  subscribe(): Pollable {
    return new Pollable(this.readiness);
  }

  /** Moves bytes that are there from an input stream, as many as fit. */
  declare splice: Suspending<(source: InputStream, length: bigint) => Read<bigint> | Promise<Read<bigint>>>;

  #splice(source: InputStream, length: bigint): Read<bigint> {
    const permit = this.#permit();
    if (typeof permit !== "number") return permit;
    const bytes = source.take(clamp(length, permit));
    if (!(bytes instanceof Uint8Array)) return bytes;
    return this.#write(bytes, true) ?? BigInt(bytes.length);
  }

  /** Writes at most 4096 bytes and waits until they are flushed; more is a trap. */
  declare blockingWriteAndFlush: Suspending<(contents: Uint8Array) => Written | Promise<Written>>;
  /** The same with zeroes. */
  declare blockingWriteZeroesAndFlush: Suspending<(length: bigint) => Written | Promise<Written>>;
  /** Flushes and waits for it. */
  declare blockingFlush: Suspending<() => Written | Promise<Written>>;
  /** Moves bytes from an input stream; waits for both. */
  declare blockingSplice: Suspending<(source: InputStream, length: bigint) => Read<bigint> | Promise<Read<bigint>>>;

  static {
    const flushing = (self: OutputStream) => {
      let begun = false;
      return (): readonly Readiness[] | Done<Written> => {
        if (!begun) {
          begun = true;
          const failure = self.flush();
          if (failure !== undefined) return new Done<Written>(failure);
        }
        if (!self.readiness.ready()) return [self.readiness];
        const permit = self.#permit();
        return new Done<Written>(typeof permit === "number" ? undefined : permit);
      };
    };
    const writing = (areOwn: boolean) => (self: OutputStream, contents: Uint8Array) => {
      if (contents.length > MAX_BLOCKING_WRITE) {
        throw new Trap("interface-rule", `blocking write of more than ${MAX_BLOCKING_WRITE} bytes`);
      }
      let left = contents, isOwn = areOwn;
      const flush = flushing(self);
      // The guest's memory may change meanwhile.
      const wait = (): readonly Readiness[] => {
        if (!isOwn) left = new Uint8Array(left);
        isOwn = true;
        return [self.readiness];
      };
      return (): readonly Readiness[] | Done<Written> => {
        while (left.length > 0) {
          if (!self.readiness.ready()) return wait();
          const permit = self.#permit();
          if (typeof permit !== "number") return new Done<Written>(permit);
          if (permit === 0) return wait();
          const failure = self.#write(left.subarray(0, permit), isOwn);
          if (failure !== undefined) return new Done<Written>(failure);
          left = left.subarray(permit);
        }
        return flush();
      };
    };
    this.prototype.checkWrite = asking((self: OutputStream): Read<bigint> => {
      const permit = self.#permit();
      if (typeof permit !== "number") return permit;
      self.#permitted = permit;
      return BigInt(permit);
    }, (permit) => permit === 0n);
    this.prototype.splice = asking(
      (self: OutputStream, source: InputStream, length: bigint) => self.#splice(source, length),
      (moved) => moved === 0n,
    );
    this.prototype.blockingFlush = blocking("output", flushing);
    takingViews(this.prototype.write, 1);
    this.prototype.blockingWriteAndFlush = takingViews(blocking("output", writing(false)), 1);
    this.prototype.blockingWriteZeroesAndFlush = blocking(
      "output",
      (self: OutputStream, length: bigint) =>
        writing(true)(self, new Uint8Array(clamp(length, MAX_BLOCKING_WRITE + 1))),
    );
    this.prototype.blockingSplice = blocking(
      "output or input",
      (self: OutputStream, source: InputStream, length: bigint) => (): readonly Readiness[] | Done<Read<bigint>> => {
        if (!self.readiness.ready()) return [self.readiness];
        if (length > 0n && !source.readiness.ready()) return [source.readiness];
        const moved = self.#splice(source, length);
        return moved === 0n && length > 0n ? [source.readiness] : new Done(moved);
      },
    );
  }

  [Symbol.dispose](): void {
    this.#failed = true;
    this.#sink.close?.();
  }
}
