// A file of the host's that a guest has open: bytes and sizes, at offsets. Failures are thrown.

import type { BigIntStats } from "node:fs";
import type { Directories } from "./directories.ts";
import { type NewTimestamp, setTimes } from "./file_times.ts";
import { FsFailure } from "./fs_errors.ts";
import { required } from "./platform.ts";
import type { FileId } from "./walks.ts";

/** What a file was opened for. */
export interface Access {
  readonly read: boolean;
  readonly write: boolean;
  /** Whether the directory that it was opened in may be changed. */
  readonly mutable: boolean;
  /** `O_SYNC`, `O_DSYNC`, or 0. */
  readonly syncFlags: number;
}

/** An offset as the operating system's calls take it here. */
export function fileOffset(value: bigint): number {
  if (value > BigInt(Number.MAX_SAFE_INTEGER)) throw new FsFailure("overflow", "an offset out of range");
  return Number(value);
}

/** A file that is open for as long as a descriptor or a stream uses it. */
export class OpenFile {
  readonly #fs = required("node:fs", "preopens");
  readonly #directories: Directories;
  readonly #fd: number;
  readonly #access: Access;
  #users = 1;
  /** The same file, opened to append; `undefined` where it cannot be, or was not yet. */
  #appending: number | undefined;
  readonly id: FileId;

  /** @param opened What `directories` opened; closed there. */
  constructor(directories: Directories, { fd, id }: { fd: number; id: FileId }, access: Access) {
    this.#directories = directories;
    this.#fd = fd;
    this.#access = access;
    this.id = id;
  }

  /** One more uses it. */
  retain(): this {
    this.#users++;
    return this;
  }

  /** One less uses it. */
  release(): void {
    if (--this.#users > 0) return;
    this.#directories.closeFile(this.#fd);
    if (this.#appending !== undefined) this.#directories.closeFile(this.#appending);
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
  stats(): BigIntStats {
    return this.#fs.fstatSync(this.#fd, { bigint: true });
  }

  /** At most so many bytes from an offset; none at the end. */
  read(length: number, position: number): Uint8Array {
    const bytes = new Uint8Array(length);
    return bytes.subarray(0, this.readInto(bytes, position));
  }

  /** The same into a buffer; gives how many. */
  readInto(place: Uint8Array, position: number): number {
    this.checkReadable();
    return this.#fs.readSync(this.#fd, place, 0, place.length, position);
  }

  /** Writes all of it. */
  write(bytes: Uint8Array, position: number): void {
    this.checkWritable();
    for (let at = 0; at < bytes.length;) {
      at += this.#fs.writeSync(this.#fd, bytes, at, bytes.length - at, position + at);
    }
  }

  /**
   * Writes all of it at the end. The system finds the end where it can: what another process or
   * worker appends at the same time is not overwritten.
   */
  append(bytes: Uint8Array): void {
    this.checkWritable();
    const fd = this.#appending ??= this.#directories.openAppending(this.#fd, this.#access.syncFlags);
    if (fd === undefined) return this.write(bytes, fileOffset(this.stats().size));
    for (let at = 0; at < bytes.length;) at += this.#fs.writeSync(fd, bytes, at, bytes.length - at, null);
  }

  /** `ftruncate`. */
  setSize(size: number): void {
    this.#checkMutable();
    if (!this.#access.write) throw new FsFailure("invalid", "not open for writing");
    this.#fs.ftruncateSync(this.#fd, size);
  }

  /** `futimens`. */
  setTimes(access: NewTimestamp, modification: NewTimestamp): void {
    this.#checkMutable();
    setTimes({ fd: this.#fd }, this.stats(), access, modification);
  }

  /** `fsync`. */
  sync(): void {
    this.#fs.fsyncSync(this.#fd);
  }

  /** `fdatasync`. */
  syncData(): void {
    this.#fs.fdatasyncSync(this.#fd);
  }
}
