// The directories that one guest has open: real paths and identities in, walks that begin in them
// out. An open directory holds no descriptor of the operating system: its path is opened for each
// use, and what is found there must be the same directory. One that the guest itself renames moves
// along; one that somebody else moved is gone.

import { FsFailure } from "./fs_errors.ts";
import { MAX_DESCRIPTORS } from "./limits.ts";
import { type Follow, type Place, resolve } from "./paths.ts";
import { required } from "./platform.ts";
import { DESCRIPTORS, type FileId, OpenWalk, PathWalk, sameFile, usesDescriptors, type Walk } from "./walks.ts";

/** A directory that a guest has open. */
export interface Directory {
  /** Its real path; changed when the guest itself renames it. */
  path: string;
  readonly id: FileId;
}

/** The directories and the count of files that one guest has open. */
export class Directories {
  readonly #fs = required("node:fs", "preopens");
  readonly #path = required("node:path", "preopens");
  readonly #open = new Set<Directory>();
  /** Whether walks go by descriptor. */
  readonly #descriptors: boolean;
  #files = 0;

  /** @param descriptors Whether walks go by descriptor; default where that is possible. */
  constructor(descriptors: boolean = usesDescriptors()) {
    this.#descriptors = descriptors;
  }

  /**
   * A directory of the host's. A path through links stands for the directory that they lead to now.
   */
  preopen(path: string): Directory {
    const real = this.#fs.realpathSync.native(path);
    const stats = this.#fs.lstatSync(real, { bigint: true });
    if (!stats.isDirectory()) throw new TypeError(`the preopen ${path} is not a directory`);
    // A name that is no UTF-8 reads as another one.
    if (!sameFile(stats, this.#fs.statSync(path, { bigint: true }))) {
      throw new TypeError(`the preopen ${path} has no path that is UTF-8`);
    }
    return this.add(real, stats);
  }

  /** A directory that was resolved. */
  add(path: string, { dev, ino }: FileId): Directory {
    const directory: Directory = { path, id: { dev, ino } };
    this.#open.add(directory);
    return directory;
  }

  /** Nobody holds it any more. */
  close(directory: Directory): void {
    this.#open.delete(directory);
  }

  /** A rename by a guest: directories within move along. */
  moved(from: string, to: string): void {
    for (const directory of this.#open) {
      if (directory.path === from) directory.path = to;
      else if (directory.path.startsWith(from + this.#path.sep)) {
        directory.path = to + directory.path.slice(from.length);
      }
    }
  }

  /** The real path of a name below a directory. */
  realPath(directory: Directory, names: readonly string[]): string {
    return this.#path.join(directory.path, ...names);
  }

  /** Uses a walk that begins in a directory, and closes it. */
  walk<T>({ path, id }: Directory, use: (walk: Walk) => T): T {
    const walk = this.#descriptors ? OpenWalk.begin(path, id) : PathWalk.begin(path, id);
    try {
      return use(walk);
    } finally {
      walk.close();
    }
  }

  /** Uses the place that a path of the guest's leads to. */
  at<T>(directory: Directory, path: string, follow: Follow, use: (place: Place) => T): T {
    return this.walk(directory, (walk) => use(resolve(walk, path, follow)));
  }

  /**
   * Opens a file at a place below a directory. By path, somebody else may have changed the way
   * since it was looked at: what was opened is looked at again before it is used.
   */
  openFile(directory: Directory, { path }: Place, flags: number): { readonly fd: number; readonly id: FileId } {
    if (this.#files >= MAX_DESCRIPTORS) throw new FsFailure("insufficient-memory", "too many open files");
    const { O_NOFOLLOW = 0, O_NONBLOCK = 0 } = this.#fs.constants;
    const fd = this.#fs.openSync(path, flags | O_NOFOLLOW | O_NONBLOCK, 0o666);
    try {
      const stats = this.#fs.fstatSync(fd, { bigint: true }), { dev, ino } = stats;
      if (stats.isDirectory()) throw new FsFailure("is-directory");
      if (!this.#descriptors) this.#lookAgain(directory, path, stats);
      this.#files++;
      return { fd, id: { dev, ino } };
    } catch (error) {
      this.#fs.closeSync(fd);
      throw error;
    }
  }

  #lookAgain(directory: Directory, path: string, opened: FileId): void {
    const there = this.#fs.lstatSync(path, { bigint: true, throwIfNoEntry: false });
    const real = this.#fs.realpathSync.native(path);
    const base = directory.path.endsWith(this.#path.sep) ? directory.path : directory.path + this.#path.sep;
    if (there === undefined || !sameFile(there, opened) || !real.startsWith(base)) {
      throw new FsFailure("not-permitted", "the path changed while it was opened");
    }
  }

  /**
   * The same file once more, for writing at its end only, wherever that is by then. `undefined`
   * where the system has no way to open what a descriptor holds.
   */
  openAppending(fd: number, flags: number): number | undefined {
    const { O_WRONLY, O_APPEND, O_NONBLOCK } = this.#fs.constants;
    if (!this.#descriptors) return undefined;
    if (this.#files >= MAX_DESCRIPTORS) throw new FsFailure("insufficient-memory", "too many open files");
    const appending = this.#fs.openSync(`${DESCRIPTORS}/${fd}`, O_WRONLY | O_APPEND | O_NONBLOCK | flags);
    this.#files++;
    return appending;
  }

  /** Closes a file that was opened here. */
  closeFile(fd: number): void {
    this.#files--;
    this.#fs.closeSync(fd);
  }
}
