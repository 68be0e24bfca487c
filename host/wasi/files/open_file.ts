// A file that a guest has open: bytes and sizes, at offsets, for as long as a descriptor or a stream
// uses it. Failures are thrown; what the volume answers later is a promise.

import type { FileTimes } from "./file_system.ts";
import { FsFailure } from "./fs_errors.ts";
import type { Endings } from "../base/endings.ts";
import { isLater, type Later, type Steps } from "./steps.ts";
import type { FileId, Stat, VolumeFile } from "./volumes.ts";

/** What a file was opened for. */
export interface Access {
  readonly read: boolean;
  readonly write: boolean;
  /** Whether the directory that it was opened in may be changed. */
  readonly mutable: boolean;
  /** Whether its volume may answer later. */
  readonly later: boolean;
}

/** An offset as the operating system's calls take it here. */
export function fileOffset(value: bigint): number {
  if (value > BigInt(Number.MAX_SAFE_INTEGER)) throw new FsFailure("overflow", "an offset out of range");
  return Number(value);
}

/** A file that is open for as long as a descriptor or a stream uses it. */
export class OpenFile {
  readonly #file: VolumeFile;
  readonly #access: Access;
  readonly #endings: Endings;
  #users = 1;

  /**
   * @param file Closed here.
   * @param endings Told what closing comes to, if that is later.
   */
  constructor(file: VolumeFile, access: Access, endings: Endings) {
    this.#file = file;
    this.#access = access;
    this.#endings = endings;
  }

  get id(): FileId {
    return this.#file.id;
  }

  /** Whether what is asked of it may be answered later. */
  get later(): boolean {
    return this.#access.later;
  }

  /** One more uses it. */
  retain(): this {
    this.#users++;
    return this;
  }

  /** One less uses it. */
  release(): void {
    if (--this.#users > 0) return;
    const closed = this.#file.close();
    if (isLater(closed)) this.#endings.addOwn(closed);
  }

  /** The same, once something of its is done. */
  releaseAfter(done: Promise<void>): void {
    this.#endings.addOwn(done.finally(() => this.release()));
  }

  /** Refuses a file that was not opened for reading. */
  checkReadable(): void {
    if (!this.#access.read) throw new FsFailure("bad-descriptor", "not open for reading");
  }

  /** Refuses a file that was not opened for writing, or in a directory that may not be changed. */
  checkWritable(): void {
    this.#checkMutable();
    if (!this.#access.write) throw new FsFailure("bad-descriptor", "not open for writing");
  }

  #checkMutable(): void {
    if (!this.#access.mutable) throw new FsFailure("not-permitted", "the directory is read-only");
  }

  /** What it is now. */
  stat(): Later<Stat> {
    return this.#file.stat();
  }

  /** At most so many bytes from an offset; none at the end. */
  *read(length: number, position: number): Steps<Uint8Array> {
    const bytes = new Uint8Array(length);
    return bytes.subarray(0, yield this.readInto(bytes, position));
  }

  /** The same into a buffer; gives how many. */
  readInto(place: Uint8Array, position: number): Later<number> {
    this.checkReadable();
    return this.#file.read(place, position);
  }

  /** Writes all of it. */
  *write(bytes: Uint8Array, position: number): Steps<void> {
    this.checkWritable();
    for (let at = 0; at < bytes.length;) {
      at += written(yield this.#file.write(bytes.subarray(at), position + at), bytes.length - at);
    }
  }

  /** Writes all of it at the end. */
  *append(bytes: Uint8Array): Steps<void> {
    this.checkWritable();
    for (let at = 0; at < bytes.length;) {
      at += written(yield this.#file.append(bytes.subarray(at)), bytes.length - at);
    }
  }

  /** `ftruncate`. */
  setSize(size: number): Later<void> {
    this.#checkMutable();
    if (!this.#access.write) throw new FsFailure("invalid", "not open for writing");
    return this.#file.setSize(size);
  }

  /** `futimens`. */
  setTimes(times: FileTimes): Later<void> {
    this.#checkMutable();
    return this.#file.setTimes(times);
  }

  /** `fsync`, or `fdatasync`. */
  sync(dataOnly: boolean): Later<void> {
    return this.#file.sync(dataOnly);
  }
}

/** How many bytes were written: some, or it would be tried again for ever, and no more than there were. */
function written(count: number, given: number): number {
  if (!(count > 0 && count <= given)) throw new FsFailure("io", `a write of ${given} bytes that wrote ${count}`);
  return count;
}
