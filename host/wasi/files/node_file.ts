// An open file of the operating system's: a descriptor in, bytes, sizes and times out. Failures are
// the system's, as they are thrown.

import { DESCRIPTORS } from "./node_walks.ts";
import { statOf } from "./node_stats.ts";
import { setTimes } from "./node_times.ts";
import { required } from "../base/platform.ts";
import type { FileTimes } from "./file_system.ts";
import type { FileId, Stat, VolumeFile } from "./volumes.ts";

/** Counts descriptors that are open. */
export interface OpenCount {
  /** One more; an error where there are too many. */
  take(): void;
  /** One less. */
  give(): void;
}

/** An open file. */
export class NodeFile implements VolumeFile {
  readonly #fs = required("node:fs", "preopens");
  readonly #fd: number;
  readonly id: FileId;
  readonly #count: OpenCount;
  /** `O_SYNC`, `O_DSYNC`, or 0. */
  readonly #syncFlags: number;
  /** Whether the system can open what a descriptor holds. */
  readonly #reopens: boolean;
  /** The same file, opened to append; `undefined` where it was not yet. */
  #appending: number | undefined;

  /** @param fd Counted by `count`. */
  constructor(fd: number, id: FileId, count: OpenCount, syncFlags: number, reopens: boolean) {
    this.#fd = fd;
    this.id = id;
    this.#count = count;
    this.#syncFlags = syncFlags;
    this.#reopens = reopens;
  }

  stat(): Stat {
    return statOf(this.#fs.fstatSync(this.#fd, { bigint: true }));
  }

  read(into: Uint8Array, position: number): number {
    return this.#fs.readSync(this.#fd, into, 0, into.length, position);
  }

  write(bytes: Uint8Array, position: number): number {
    return this.#fs.writeSync(this.#fd, bytes, 0, bytes.length, position);
  }

  /**
   * The system finds the end where it can: what another process or worker appends at the same time
   * is not overwritten.
   */
  append(bytes: Uint8Array): number {
    if (!this.#reopens) return this.write(bytes, Number(this.stat().size));
    this.#appending ??= this.#reopen();
    return this.#fs.writeSync(this.#appending, bytes, 0, bytes.length, null);
  }

  #reopen(): number {
    const { O_WRONLY, O_APPEND, O_NONBLOCK } = this.#fs.constants;
    this.#count.take();
    try {
      return this.#fs.openSync(`${DESCRIPTORS}/${this.#fd}`, O_WRONLY | O_APPEND | O_NONBLOCK | this.#syncFlags);
    } catch (error) {
      this.#count.give();
      throw error;
    }
  }

  setSize(size: number): void {
    this.#fs.ftruncateSync(this.#fd, size);
  }

  setTimes(times: FileTimes): void {
    setTimes({ fd: this.#fd }, this.stat(), times);
  }

  sync(dataOnly: boolean): void {
    if (dataOnly) this.#fs.fdatasyncSync(this.#fd);
    else this.#fs.fsyncSync(this.#fd);
  }

  close(): void {
    for (const fd of [this.#fd, this.#appending]) {
      if (fd === undefined) continue;
      this.#count.give();
      this.#fs.closeSync(fd);
    }
  }
}
