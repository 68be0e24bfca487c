// A directory of the host's that a guest has open: what may be done with the paths in it. Failures
// are thrown. Each operation resolves its paths here and nowhere else; what the last part of a path
// means to it is as in Linux.

import type { BigIntStats } from "node:fs";
import type { Directories, Directory } from "./directories.ts";
import { type DirectoryEntry, listDirectory } from "./directory_listing.ts";
import { type NewTimestamp, setTimes } from "./file_times.ts";
import { FsFailure } from "./fs_errors.ts";
import { OpenFile } from "./open_file.ts";
import { type Place, readLink, resolve, resolveExisting } from "./paths.ts";
import { linux, required } from "./platform.ts";
import type { FileId } from "./walks.ts";

/** How a path is opened. */
export interface Opening {
  /** Whether a link at the end is followed. */
  readonly follow: boolean;
  readonly create: boolean;
  readonly directory: boolean;
  readonly exclusive: boolean;
  readonly truncate: boolean;
  readonly read: boolean;
  readonly write: boolean;
  /** `O_SYNC`, `O_DSYNC`. */
  readonly sync: boolean;
  readonly dataSync: boolean;
}

/** A directory that is open for as long as a descriptor uses it. */
export class OpenDirectory {
  readonly #fs = required("node:fs", "preopens");
  readonly #directories: Directories;
  readonly #directory: Directory;
  /** Whether anything in it may be changed. */
  readonly mutable: boolean;

  /** @param directory Known to `directories`, and closed there. */
  constructor(directories: Directories, directory: Directory, mutable: boolean) {
    this.#directories = directories;
    this.#directory = directory;
    this.mutable = mutable;
  }

  get id(): FileId {
    return this.#directory.id;
  }

  /** Nobody uses it any more. */
  release(): void {
    this.#directories.close(this.#directory);
  }

  #checkMutable(): void {
    if (!this.mutable) throw new FsFailure("not-permitted", "the directory is read-only");
  }

  #existing<T>(path: string, follow: boolean, use: (place: Place & { readonly stats: BigIntStats }) => T): T {
    return this.#directories.walk(this.#directory, (walk) => use(resolveExisting(walk, path, follow)));
  }

  /** The place of a name that is made, removed or replaced. */
  #entry<T>(path: string, use: (place: Place) => T): T {
    this.#checkMutable();
    return this.#directories.at(this.#directory, path, "never", use);
  }

  /**
   * The place of a name that is made for something else than a directory. After a slash only a
   * directory will do, and there is none that it could be made for.
   */
  #newEntry<T>(path: string, use: (place: Place) => T): T {
    this.#checkMutable();
    return this.#directories.walk(this.#directory, (walk) => {
      const place = resolve(walk, path, "before-slash"), { stats, slash } = place;
      if (slash && stats === undefined) throw new FsFailure("no-entry");
      if (slash && !stats!.isDirectory()) throw new FsFailure("not-directory");
      if (stats !== undefined) throw new FsFailure("exist");
      return use(place);
    });
  }

  /** What it is now. */
  stats(): BigIntStats {
    return this.#directories.walk(this.#directory, (walk) => walk.lstat(".")!);
  }

  /** `fstatat`. */
  statsAt(path: string, follow: boolean): BigIntStats {
    return this.#existing(path, follow, ({ stats }) => stats);
  }

  /** What it holds. */
  list(): (DirectoryEntry | FsFailure)[] {
    return this.#directories.walk(this.#directory, listDirectory);
  }

  /** `futimens`. */
  setTimes(access: NewTimestamp, modification: NewTimestamp): void {
    this.setTimesAt(".", false, access, modification);
  }

  /** `utimensat`. */
  setTimesAt(path: string, follow: boolean, access: NewTimestamp, modification: NewTimestamp): void {
    this.#checkMutable();
    this.#existing(path, follow, (place) => setTimes(place, place.stats, access, modification));
  }

  /** `mkdirat`. */
  createDirectoryAt(path: string): void {
    this.#entry(path, ({ path: real, stats }) => {
      if (stats !== undefined) throw new FsFailure("exist");
      this.#fs.mkdirSync(real);
    });
  }

  /** `unlinkat` of a directory. */
  removeDirectoryAt(path: string): void {
    this.#entry(path, ({ path: real, stats, end }) => {
      if (end === ".") throw new FsFailure("invalid", "a directory by the name `.`");
      if (end === "..") throw new FsFailure("not-empty", "a directory above another one");
      if (stats === undefined) throw new FsFailure("no-entry");
      if (!stats.isDirectory()) throw new FsFailure("not-directory");
      this.#fs.rmdirSync(real);
    });
  }

  /** `unlinkat` of anything else. */
  unlinkFileAt(path: string): void {
    this.#entry(path, ({ path: real, stats, slash }) => {
      if (stats === undefined) throw new FsFailure("no-entry");
      // Deno's `unlinkSync` removes empty directories.
      if (stats.isDirectory()) throw new FsFailure("is-directory");
      if (slash) throw new FsFailure("not-directory");
      this.#fs.unlinkSync(real);
    });
  }

  /** `renameat`. Directories that are open move along. */
  renameAt(path: string, target: OpenDirectory, targetPath: string): void {
    this.#entry(path, (from) =>
      target.#entry(targetPath, (to) => {
        if (from.end !== "name" || to.end !== "name") {
          throw new FsFailure("busy", "a directory by the name `.` or `..`");
        }
        if (from.stats === undefined) throw new FsFailure("no-entry");
        if (!from.stats.isDirectory() && (from.slash || to.slash)) throw new FsFailure("not-directory");
        this.#fs.renameSync(from.path, to.path);
        const was = this.#directories.realPath(this.#directory, from.names);
        const is = target.#directories.realPath(target.#directory, to.names);
        // A descriptor of another preopen has other directories.
        for (const directories of new Set([this.#directories, target.#directories])) directories.moved(was, is);
      }));
  }

  /** `linkat`. */
  linkAt(path: string, target: OpenDirectory, targetPath: string): void {
    this.#checkMutable();
    this.#existing(path, false, (from) =>
      target.#newEntry(targetPath, (to) => {
        if (from.stats.isDirectory()) throw new FsFailure("not-permitted", "directories are not linked");
        // Some systems would link to what a link leads to.
        if (from.stats.isSymbolicLink() && !linux) throw new FsFailure("not-permitted", "links are not linked");
        this.#fs.linkSync(from.path, to.path);
      }));
  }

  /** `symlinkat`. */
  symlinkAt(content: string, path: string): void {
    if (content.startsWith("/")) throw new FsFailure("not-permitted", "a link to an absolute path");
    if (content === "") throw new FsFailure("no-entry", "a link to nothing");
    if (content.includes("\0")) throw new FsFailure("invalid", "a NUL in a path");
    this.#newEntry(path, ({ path: real }) => this.#fs.symlinkSync(content, real));
  }

  /** `readlinkat`. */
  readlinkAt(path: string): string {
    return this.#existing(path, false, ({ path: real, stats }) => {
      if (!stats.isSymbolicLink()) throw new FsFailure("invalid", "not a link");
      const target = readLink(real);
      if (target.startsWith("/")) throw new FsFailure("not-permitted", "a link to an absolute path");
      return target;
    });
  }

  /** `openat`: a directory or a file, which the caller releases. */
  openAt(path: string, opening: Opening): OpenDirectory | OpenFile {
    const { create, directory, exclusive, truncate, write } = opening;
    if (directory && (create || exclusive || truncate)) {
      throw new FsFailure("invalid", "a directory is not made by opening");
    }
    if (write || create || truncate) this.#checkMutable();
    // What must not be there is not looked for behind a link.
    const follow = opening.follow && !(create && exclusive) ? "last" : "before-slash";
    return this.#directories.at(this.#directory, path, follow, (place) => this.#open(place, opening));
  }

  #open(place: Place, opening: Opening): OpenDirectory | OpenFile {
    const { create, directory, exclusive, truncate, write } = opening, { stats, slash, end, names } = place;
    if (create && slash && end === "name") throw new FsFailure("is-directory", "a file's name ends in a slash");
    if (stats === undefined && !create) throw new FsFailure("no-entry");
    if (stats !== undefined && create && exclusive) throw new FsFailure("exist");
    if (stats?.isSymbolicLink()) throw new FsFailure("loop", "a link that is not to be followed");
    if (stats?.isDirectory()) {
      if (write || truncate || create) throw new FsFailure("is-directory");
      const real = this.#directories.realPath(this.#directory, names);
      return new OpenDirectory(this.#directories, this.#directories.add(real, stats), this.mutable);
    }
    if (directory || slash) throw new FsFailure("not-directory");
    return this.#openFile(place, opening);
  }

  #openFile(place: Place, { create, exclusive, truncate, read, write, sync, dataSync }: Opening): OpenFile {
    const { O_RDONLY, O_WRONLY, O_RDWR, O_CREAT, O_EXCL, O_SYNC = 0, O_DSYNC = 0 } = this.#fs.constants;
    const access = write || truncate ? read ? O_RDWR : O_WRONLY : O_RDONLY;
    // Without O_CREAT, O_EXCL means nothing, or something else.
    const creating = create ? O_CREAT | (exclusive ? O_EXCL : 0) : 0;
    const syncFlags = (sync ? O_SYNC : 0) | (dataSync ? O_DSYNC : 0), flags = access | creating | syncFlags;
    const opened = this.#directories.openFile(this.#directory, place, flags);
    try {
      // Only what was opened and looked at is truncated.
      if (truncate) this.#fs.ftruncateSync(opened.fd, 0);
    } catch (error) {
      this.#directories.closeFile(opened.fd);
      throw error;
    }
    return new OpenFile(this.#directories, opened, { read, write, mutable: this.mutable, syncFlags });
  }
}
