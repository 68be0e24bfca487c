// Confinement: from a directory that a guest holds and a path that it names to a path of the host's, which lies within that directory.
// Every component is looked at before it is passed; links are followed by us, never by the operating system; `..` stops at the directory.
// No runtime has `openat`: between the look and the use another process of the host may change the directory. Opened files are looked at again.

import type { BigIntStats } from "node:fs";
import { FsFailure } from "./fs_errors.ts";
import { required, windows } from "./platform.ts";

/** What POSIX calls PATH_MAX. */
const MAX_PATH = 4096;
/** What POSIX calls SYMLOOP_MAX. */
const MAX_LINKS = 40;

/** Identifies a file for as long as it exists. */
export interface FileId {
  readonly dev: bigint;
  readonly ino: bigint;
}

/** Whether two are the same file. */
export function sameFile(a: FileId, b: FileId): boolean {
  return a.dev === b.dev && a.ino === b.ino;
}

/** Where a path leads. */
export interface Resolved {
  /** The host's path; nothing on it is a link, but perhaps its last part. */
  readonly path: string;
  /** What is there; `undefined` if nothing is. */
  readonly stats: BigIntStats | undefined;
  /** Whether only a directory will do: the path ended in a slash. */
  readonly directory: boolean;
  /** Whether it is the directory itself that the path started from. */
  readonly base: boolean;
}

/** The directories that one guest has open, by their real paths. */
export class Directories {
  readonly #fs = required("node:fs", "preopens");
  readonly #path = required("node:path", "preopens");
  readonly #open = new Set<Directory>();

  /** A directory of the host's, on its real path. */
  preopen(path: string): Directory {
    const real = this.#fs.realpathSync.native(path);
    const stats = this.#fs.lstatSync(real, { bigint: true });
    if (!stats.isDirectory()) throw new TypeError(`the preopen ${path} is not a directory`);
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

  /** What a directory is now; an error if it was moved or replaced by somebody else. */
  stats(directory: Directory): BigIntStats {
    const stats = this.#lstat(directory.path);
    if (stats === undefined || !stats.isDirectory() || !sameFile(stats, directory.id)) {
      throw new FsFailure("no-entry", "the directory was moved or removed");
    }
    if (this.#fs.realpathSync.native(directory.path) !== directory.path) {
      throw new FsFailure("not-permitted", "the directory was moved behind a link");
    }
    return stats;
  }

  #lstat(path: string): BigIntStats | undefined {
    return this.#fs.lstatSync(path, { bigint: true, throwIfNoEntry: false });
  }

  /**
   * Where a path of the guest's leads.
   *
   * @param follow Which links are followed: those on the way and the last one, those on the way and before a slash at the end, those
   * on the way only (a name is made, removed or replaced: that of a link is its own).
   */
  resolve(directory: Directory, path: string, follow: "last" | "ways" | "never"): Resolved {
    let stats: BigIntStats | undefined = this.stats(directory);
    if (path === "") throw new FsFailure("no-entry", "an empty path");
    if (path.length > MAX_PATH) throw new FsFailure("name-too-long");
    const ahead: string[] = [], passed: string[] = [];
    let mustBeDirectory = false;
    const push = (text: string): void => {
      if (text.includes("\0")) throw new FsFailure("invalid", "a NUL in a path");
      if (text.startsWith("/") || windows && /[\\:]/.test(text)) {
        throw new FsFailure("not-permitted", "an absolute path");
      }
      const parts = text.split("/");
      // The end of the last part pushed first is the end of the whole path.
      if (ahead.length === 0 && ["", "."].includes(parts.at(-1)!)) mustBeDirectory = true;
      ahead.push(...parts.reverse().filter((part) => part !== "" && part !== "."));
    };
    push(path);
    for (let links = 0; ahead.length > 0;) {
      const name = ahead.pop()!;
      if (name === "..") {
        if (passed.pop() === undefined) throw new FsFailure("not-permitted", "a path that leaves its directory");
        stats = this.#lstat(this.#join(directory, passed));
        continue;
      }
      const found = this.#lstat(this.#join(directory, [...passed, name]));
      const last = ahead.length === 0;
      if (found === undefined && !last) throw new FsFailure("no-entry");
      if (found?.isSymbolicLink() && (!last || follow === "last" || follow === "ways" && mustBeDirectory)) {
        if (++links > MAX_LINKS) throw new FsFailure("loop");
        push(this.#fs.readlinkSync(this.#join(directory, [...passed, name])));
        continue;
      }
      if (!last && !found!.isDirectory()) throw new FsFailure("not-directory");
      passed.push(name);
      stats = found;
    }
    if (mustBeDirectory && stats !== undefined && !stats.isDirectory()) throw new FsFailure("not-directory");
    return {
      path: this.#join(directory, passed),
      stats,
      directory: mustBeDirectory,
      base: passed.length === 0,
    };
  }

  #join(directory: Directory, parts: readonly string[]): string {
    return this.#path.join(directory.path, ...parts);
  }

  /** Opens a resolved file, and looks again at what was opened: it must be what lies within the directory. */
  open(directory: Directory, { path }: Resolved, flags: number): { fd: number; stats: BigIntStats } {
    const { O_NOFOLLOW = 0, O_NONBLOCK = 0 } = this.#fs.constants;
    const fd = this.#fs.openSync(path, flags | O_NOFOLLOW | O_NONBLOCK, 0o666);
    try {
      const stats = this.#fs.fstatSync(fd, { bigint: true });
      const there = this.#lstat(path), real = this.#fs.realpathSync.native(path);
      const within = real.startsWith(
        directory.path.endsWith(this.#path.sep) ? directory.path : directory.path + this.#path.sep,
      );
      if (there === undefined || !sameFile(there, stats) || !within) {
        throw new FsFailure("not-permitted", "the path changed while it was opened");
      }
      return { fd, stats };
    } catch (error) {
      this.#fs.closeSync(fd);
      throw error;
    }
  }
}

/** A directory that a guest has open. */
export interface Directory {
  /** Its real path; changed when the guest itself renames it. */
  path: string;
  readonly id: FileId;
}
