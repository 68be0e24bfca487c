// wasi:filesystem of 0.3: the descriptors of 0.2 with variants in place of enums, streams with futures in
// place of resources. Every rule of confinement is below, in what both versions share.

import "../../abi/dispose.ts";
import { err, ok, type Result } from "../../abi/codecs/results.ts";
import type { Descriptor, DescriptorFlags, DescriptorStat, OpenFlags, PathFlags } from "./filesystem.ts";
import type { MetadataHash, NewTimestamp } from "./files/file_stats.ts";
import type { FileEntry } from "./files/file_system.ts";
import { fsErrorCode } from "./files/fs_errors.ts";
import { isLater, type Later, take, then } from "./files/steps.ts";
import { codeOf } from "./p3_answers.ts";
import { type Ended, failedStream, fromSource, intoSink } from "./p3_streams.ts";
import { StreamFailure } from "./streams.ts";

/** A variant whose cases but `other` have no payload. */
interface Case {
  readonly tag: string;
}
type Answer<T> = Later<T | Result<never, Case>>;
type Bytes = readonly [stream: AsyncIterable<Uint8Array>, ended: Promise<Ended<Case>>];

/** The variant `error-code`. An offset beyond what files have is invalid there. */
function variantOf(code: string): Case {
  return { tag: code === "would-block" ? "other" : code === "overflow" ? "invalid" : code };
}

function errorOf(error: unknown): Case {
  // The streams of 0.2 wrap what the file threw.
  const code = error instanceof StreamFailure ? error.codes.filesystem : undefined;
  return variantOf(code ?? fsErrorCode(error));
}

/** The variant `descriptor-type`. */
function typeOf(type: string): Case {
  return { tag: type === "unknown" ? "other" : type };
}

/** The record `descriptor-stat`. */
interface Stat extends Omit<DescriptorStat, "type"> {
  readonly type: Case;
}

/** An answer of 0.2 with the error of 0.3. */
function answered<T, U = T>(given: Later<T | Result<never, string>>, value: (answer: T) => U): Answer<U> {
  return then(given, (answer): U | Result<never, Case> => {
    const code = codeOf(answer);
    return code === undefined ? value(answer as T) : err(variantOf(code)) as Result<never, Case>;
  });
}

const same = <T>(value: T): T => value;

/** The resource `descriptor`. */
export class P3Descriptor {
  readonly #inner: Descriptor;
  /** What a directory was opened for. */
  readonly #flags: DescriptorFlags | undefined;

  /** Made by the library only. */
  constructor(inner: Descriptor, flags?: DescriptorFlags) {
    this.#inner = inner;
    this.#flags = flags;
  }

  readViaStream(offset: bigint): Bytes {
    try {
      return fromSource(this.#inner.source(offset), errorOf);
    } catch (error) {
      return failedStream(errorOf(error));
    }
  }

  writeViaStream(data: ReadableStream<Uint8Array>, offset: bigint): Promise<Ended<Case>> {
    return this.#write(data, offset);
  }

  appendViaStream(data: ReadableStream<Uint8Array>): Promise<Ended<Case>> {
    return this.#write(data, null);
  }

  async #write(data: ReadableStream<Uint8Array>, offset: bigint | null): Promise<Ended<Case>> {
    try {
      return await intoSink(data, this.#inner.sink(offset), errorOf, { tag: "pipe" });
    } catch (error) {
      await data.cancel().catch(() => {});
      return err(errorOf(error)) as Ended<Case>;
    }
  }

  advise(offset: bigint, length: bigint, advice: string): Answer<void> {
    return answered(this.#inner.advise(offset, length, advice), same);
  }

  syncData(): Answer<void> {
    return answered(this.#inner.syncData(), same);
  }

  getFlags(): Answer<DescriptorFlags> {
    return this.#flags ?? answered(this.#inner.getFlags(), same);
  }

  getType(): Answer<Case> {
    return answered(this.#inner.getType(), typeOf);
  }

  setSize(size: bigint): Answer<void> {
    return answered(this.#inner.setSize(size), same);
  }

  setTimes(access: NewTimestamp, modification: NewTimestamp): Answer<void> {
    return answered(this.#inner.setTimes(access, modification), same);
  }

  readDirectory(): readonly [AsyncIterable<unknown>, Promise<Ended<Case>>] {
    try {
      const entries = take(this.#inner.entries()), { promise, resolve } = Promise.withResolvers<Ended<Case>>();
      return [new Listed(entries, resolve), promise];
    } catch (error) {
      return failedStream(errorOf(error));
    }
  }

  sync(): Answer<void> {
    return answered(this.#inner.sync(), same);
  }

  createDirectoryAt(path: string): Answer<void> {
    return answered(this.#inner.createDirectoryAt(path), same);
  }

  stat(): Answer<Stat> {
    return answered(this.#inner.stat(), statOf);
  }

  statAt(flags: PathFlags, path: string): Answer<Stat> {
    return answered(this.#inner.statAt(flags, path), statOf);
  }

  setTimesAt(flags: PathFlags, path: string, access: NewTimestamp, modification: NewTimestamp): Answer<void> {
    return answered(this.#inner.setTimesAt(flags, path, access, modification), same);
  }

  linkAt(flags: PathFlags, path: string, target: P3Descriptor, targetPath: string): Answer<void> {
    return answered(this.#inner.linkAt(flags, path, target.#inner, targetPath), same);
  }

  openAt(path: PathFlags, name: string, open: OpenFlags, flags: DescriptorFlags): Answer<P3Descriptor> {
    // Creating implies writing, and without a word for what, it is reading.
    const { read = false, write = false } = flags,
      wanted = {
        ...flags,
        read: read || !write,
        write: write || open.create === true,
      };
    return answered(this.#inner.openAt(path, name, open, wanted), (inner) => {
      if (!inner.isDirectory) return new P3Descriptor(inner);
      const { mutateDirectory: mutable = false } = inner.getFlags() as DescriptorFlags;
      return new P3Descriptor(inner, { read: true, mutateDirectory: mutable && flags.mutateDirectory === true });
    });
  }

  readlinkAt(path: string): Answer<string> {
    return answered(this.#inner.readlinkAt(path), same);
  }

  removeDirectoryAt(path: string): Answer<void> {
    return answered(this.#inner.removeDirectoryAt(path), same);
  }

  renameAt(path: string, target: P3Descriptor, targetPath: string): Answer<void> {
    return answered(this.#inner.renameAt(path, target.#inner, targetPath), same);
  }

  symlinkAt(content: string, path: string): Answer<void> {
    return answered(this.#inner.symlinkAt(content, path), same);
  }

  unlinkFileAt(path: string): Answer<void> {
    return answered(this.#inner.unlinkFileAt(path), same);
  }

  isSameObject(other: P3Descriptor): boolean {
    return this.#inner.isSameObject(other.#inner);
  }

  metadataHash(): Answer<MetadataHash> {
    return answered(this.#inner.metadataHash(), same);
  }

  metadataHashAt(flags: PathFlags, path: string): Answer<MetadataHash> {
    return answered(this.#inner.metadataHashAt(flags, path), same);
  }

  [Symbol.dispose](): void {
    this.#inner[Symbol.dispose]();
  }
}

function statOf({ type, ...others }: DescriptorStat): Stat {
  return { type: typeOf(type), ...others };
}

/** The entries of a directory; the first that cannot be told ends them. */
class Listed implements AsyncIterableIterator<unknown> {
  #entries: Later<Iterable<FileEntry | Error>> | undefined;
  #rest: Iterator<FileEntry | Error> | undefined;
  readonly #end: (ended: Ended<Case>) => void;

  constructor(entries: Later<Iterable<FileEntry | Error>>, end: (ended: Ended<Case>) => void) {
    this.#entries = entries;
    this.#end = end;
    // Nobody may ever ask for them.
    if (isLater(entries)) entries.then(() => {}, () => {});
  }

  async next(): Promise<IteratorResult<unknown>> {
    try {
      if (this.#entries === undefined) return { done: true, value: undefined };
      this.#rest ??= (await this.#entries)[Symbol.iterator]();
      const { done = false, value } = this.#rest.next();
      if (value instanceof Error) throw value;
      return done ? await this.return() : { done: false, value: { name: value.name, type: typeOf(value.type) } };
    } catch (error) {
      return this.#finish(err(errorOf(error)) as Ended<Case>);
    }
  }

  /** The guest reads no more. */
  return(): Promise<IteratorResult<unknown>> {
    return Promise.resolve(this.#finish(ok(undefined) as Ended<Case>));
  }

  #finish(ended: Ended<Case>): IteratorResult<unknown> {
    this.#entries = undefined;
    this.#end(ended);
    return { done: true, value: undefined };
  }

  [Symbol.asyncIterator](): this {
    return this;
  }
}
