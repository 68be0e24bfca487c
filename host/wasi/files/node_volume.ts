// The operating system's files as a volume. Its paths are what its walks give: by descriptor, so that
// the system looks a name up in exactly the directory that was walked to, or by path.

import { linux, required } from "../base/platform.ts";
import { MAX_DESCRIPTORS } from "../base/limits.ts";
import type { FileEntry, FileTimes, OpenMode } from "./file_system.ts";
import { FsFailure } from "./fs_errors.ts";
import { NodeFile, type OpenCount } from "./node_file.ts";
import { listDirectory } from "./node_listing.ts";
import { statAt, statOf } from "./node_stats.ts";
import { setTimes } from "./node_times.ts";
import { OpenWalk, PathWalk, usesDescriptors } from "./node_walks.ts";
import { type FileId, sameFile, type Stat, type Volume, type Walk } from "./volumes.ts";

const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** The operating system's files, for one guest. */
export class NodeVolume implements Volume {
  readonly #fs = required("node:fs", "preopens");
  readonly #path = required("node:path", "preopens");
  /** Whether walks go by descriptor. */
  readonly #descriptors: boolean;
  #open = 0;
  readonly #count: OpenCount = {
    take: () => {
      if (this.#open >= MAX_DESCRIPTORS) throw new FsFailure("insufficient-memory", "too many open files");
      this.#open++;
    },
    give: () => void this.#open--,
  };
  readonly separator: string = this.#path.sep;

  /** @param descriptors Whether walks go by descriptor; default where that is possible. */
  constructor(descriptors: boolean = usesDescriptors()) {
    this.#descriptors = descriptors;
  }

  /**
   * The real path and identity of a directory of the host's. A path through links stands for the
   * directory that they lead to now.
   */
  directory(path: string): { readonly path: string; readonly id: FileId } {
    const real = this.#fs.realpathSync.native(path);
    const stat = statOf(this.#fs.lstatSync(real, { bigint: true }));
    if (stat.type !== "directory") throw new TypeError(`the preopen ${path} is not a directory`);
    // A name that is no UTF-8 reads as another one.
    if (!sameFile(stat, statOf(this.#fs.statSync(path, { bigint: true })))) {
      throw new TypeError(`the preopen ${path} has no path that is UTF-8`);
    }
    return { path: real, id: stat };
  }

  walk(path: string, id: FileId): Walk {
    return this.#descriptors ? OpenWalk.begin(path, id) : PathWalk.begin(path, id);
  }

  join(path: string, names: readonly string[]): string {
    return this.#path.join(path, ...names);
  }

  /**
   * Opens a file. By path, somebody else may have changed the way since it was looked at: what was
   * opened is looked at again before it is used.
   */
  open(path: string, { read, write, create, exclusive, truncate, sync, dataSync }: OpenMode, base: string): NodeFile {
    const { constants } = this.#fs, { O_RDONLY, O_WRONLY, O_RDWR, O_CREAT, O_EXCL } = constants;
    const { O_SYNC = 0, O_DSYNC = 0, O_NOFOLLOW = 0, O_NONBLOCK = 0 } = constants;
    const access = write || truncate ? read ? O_RDWR : O_WRONLY : O_RDONLY;
    // Without O_CREAT, O_EXCL means nothing, or something else.
    const creating = create ? O_CREAT | (exclusive ? O_EXCL : 0) : 0;
    const syncFlags = (sync ? O_SYNC : 0) | (dataSync ? O_DSYNC : 0);
    this.#count.take();
    let fd: number | undefined;
    try {
      fd = this.#fs.openSync(path, access | creating | syncFlags | O_NOFOLLOW | O_NONBLOCK, 0o666);
      const stat = statOf(this.#fs.fstatSync(fd, { bigint: true }));
      if (stat.type === "directory") throw new FsFailure("is-directory");
      if (!this.#descriptors) this.#lookAgain(base, path, stat);
      // Only what was opened and looked at is truncated.
      if (truncate) this.#fs.ftruncateSync(fd, 0);
      return new NodeFile(fd, stat, this.#count, syncFlags, this.#descriptors);
    } catch (error) {
      this.#count.give();
      if (fd !== undefined) this.#fs.closeSync(fd);
      throw error;
    }
  }

  #lookAgain(base: string, path: string, opened: Stat): void {
    const there = statAt(path), real = this.#fs.realpathSync.native(path);
    const within = base.endsWith(this.separator) ? base : base + this.separator;
    if (there === undefined || !sameFile(there, opened) || !real.startsWith(within)) {
      throw new FsFailure("not-permitted", "the path changed while it was opened");
    }
  }

  entries(path: string): (FileEntry | FsFailure)[] {
    return listDirectory(path);
  }

  makeDirectory(path: string): void {
    this.#fs.mkdirSync(path);
  }

  removeDirectory(path: string): void {
    this.#fs.rmdirSync(path);
  }

  /** The caller has looked that it is no directory: Deno's `unlinkSync` removes empty ones. */
  removeFile(path: string): void {
    this.#fs.unlinkSync(path);
  }

  rename(from: string, to: string): void {
    this.#fs.renameSync(from, to);
  }

  link(from: string, to: string): void {
    // Some systems would link to what a link leads to.
    if (!linux && statAt(from)?.type === "symbolic-link") throw new FsFailure("not-permitted", "links are not linked");
    this.#fs.linkSync(from, to);
  }

  symbolicLink(content: string, path: string): void {
    this.#fs.symlinkSync(content, path);
  }

  /** A text that is no UTF-8 is an error: decoded leniently it would name another file. */
  readLink(path: string): string {
    let bytes: Uint8Array;
    try {
      bytes = this.#fs.readlinkSync(path, { encoding: "buffer" });
    } catch (error) {
      // Deno decodes strictly, bytes asked for or not.
      if ((error as { name?: unknown }).name === "InvalidData") throw new FsFailure("illegal-byte-sequence");
      throw error;
    }
    try {
      return utf8.decode(bytes);
    } catch {
      throw new FsFailure("illegal-byte-sequence");
    }
  }

  setTimes(path: string, times: FileTimes): void {
    const present = statAt(path);
    if (present === undefined) throw new FsFailure("no-entry");
    setTimes({ path }, present, times);
  }
}
