// A directory that a guest has open: what may be done with the paths in it. Failures are thrown; what
// the volume answers later is a promise. Each operation resolves its paths here and nowhere else;
// what the last part of a path means to it is as in Linux.

import { at, type Directories, type Directory, walkFrom } from "./directories.ts";
import type { FileEntry, FileTimes } from "./file_system.ts";
import { FsFailure } from "./fs_errors.ts";
import { OpenFile } from "./open_file.ts";
import { type Place, resolve, resolveExisting } from "./paths.ts";
import { isLater, type Later, type Steps, take } from "./steps.ts";
import type { FileId, Stat } from "./volumes.ts";

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

  #existing<T>(
    path: string,
    follow: boolean,
    use: (place: Place & { readonly stat: Stat }) => Steps<T>,
  ): Steps<T> {
    const { volume } = this.#directory;
    return walkFrom(this.#directory, function* (walk) {
      return yield* use(yield* resolveExisting(volume, walk, path, follow));
    });
  }

  /** The place of a name that is made, removed or replaced. */
  #entry<T>(path: string, use: (place: Place) => Steps<T>): Steps<T> {
    this.#checkMutable();
    return at(this.#directory, path, "never", use);
  }

  /**
   * The place of a name that is made for something else than a directory. After a slash only a
   * directory will do, and there is none that it could be made for.
   */
  #newEntry<T>(path: string, use: (place: Place) => Steps<T>): Steps<T> {
    this.#checkMutable();
    const { volume } = this.#directory;
    return walkFrom(this.#directory, function* (walk) {
      const place = yield* resolve(volume, walk, path, "before-slash"), { stat, slash } = place;
      if (slash && stat === undefined) throw new FsFailure("no-entry");
      if (slash && stat!.type !== "directory") throw new FsFailure("not-directory");
      if (stat !== undefined) throw new FsFailure("exist");
      return yield* use(place);
    });
  }

  /** What it is now. */
  stat(): Later<Stat> {
    return take(this.#stat());
  }

  #stat(): Steps<Stat> {
    return walkFrom(this.#directory, function* (walk) {
      return yield walk.stat(".");
    });
  }

  /** `fstatat`. */
  statAt(path: string, follow: boolean): Steps<Stat> {
    // deno-lint-ignore require-yield -- it was looked at already
    return this.#existing(path, follow, function* ({ stat }) {
      return stat;
    });
  }

  /** What it holds. */
  list(): Steps<Iterable<FileEntry | Error>> {
    const { volume } = this.#directory;
    return walkFrom(this.#directory, function* (walk) {
      return yield volume.entries(walk.path("."));
    });
  }

  /** `futimens`. */
  setTimes(times: FileTimes): Later<void> {
    return take(this.setTimesAt(".", false, times));
  }

  /** `utimensat`. */
  setTimesAt(path: string, follow: boolean, times: FileTimes): Steps<void> {
    this.#checkMutable();
    const { volume } = this.#directory;
    return this.#existing(path, follow, function* (place) {
      if (times.accessed !== undefined || times.modified !== undefined) yield volume.setTimes(place.path, times);
    });
  }

  /** `mkdirat`. */
  createDirectoryAt(path: string): Steps<void> {
    const { volume } = this.#directory;
    return this.#entry(path, function* (place) {
      if (place.stat !== undefined) throw new FsFailure("exist");
      yield volume.makeDirectory(place.path);
    });
  }

  /** `unlinkat` of a directory. */
  removeDirectoryAt(path: string): Steps<void> {
    const { volume } = this.#directory;
    return this.#entry(path, function* (place) {
      if (place.end === ".") throw new FsFailure("invalid", "a directory by the name `.`");
      if (place.end === "..") throw new FsFailure("not-empty", "a directory above another one");
      if (place.stat === undefined) throw new FsFailure("no-entry");
      if (place.stat.type !== "directory") throw new FsFailure("not-directory");
      yield volume.removeDirectory(place.path);
    });
  }

  /** `unlinkat` of anything else. */
  unlinkFileAt(path: string): Steps<void> {
    const { volume } = this.#directory;
    return this.#entry(path, function* (place) {
      if (place.stat === undefined) throw new FsFailure("no-entry");
      if (place.stat.type === "directory") throw new FsFailure("is-directory");
      if (place.slash) throw new FsFailure("not-directory");
      yield volume.removeFile(place.path);
    });
  }

  /** `renameat`. Directories that are open move along. */
  renameAt(path: string, target: OpenDirectory, targetPath: string): Steps<void> {
    const from = this.#directory, to = target.#directory, { volume } = from;
    const [ours, theirs] = [this.#directories, target.#directories];
    return this.#entry(path, function* (place) {
      return yield* target.#entry(targetPath, function* (goal) {
        if (place.end !== "name" || goal.end !== "name") {
          throw new FsFailure("busy", "a directory by the name `.` or `..`");
        }
        if (place.stat === undefined) throw new FsFailure("no-entry");
        if (place.stat.type !== "directory" && (place.slash || goal.slash)) throw new FsFailure("not-directory");
        if (volume !== to.volume) throw new FsFailure("cross-device", "another file system");
        const was = volume.join(from.path, place.names), is = volume.join(to.path, goal.names);
        yield volume.rename(place.path, goal.path);
        // A descriptor of another preopen has other directories.
        for (const directories of new Set([ours, theirs])) directories.moved(volume, was, is);
      });
    });
  }

  /** `linkat`. */
  linkAt(path: string, target: OpenDirectory, targetPath: string): Steps<void> {
    this.#checkMutable();
    const { volume } = this.#directory;
    return this.#existing(path, false, function* (from) {
      return yield* target.#newEntry(targetPath, function* (to) {
        if (from.stat.type === "directory") throw new FsFailure("not-permitted", "directories are not linked");
        if (volume !== target.#directory.volume) throw new FsFailure("cross-device", "another file system");
        yield volume.link(from.path, to.path);
      });
    });
  }

  /** `symlinkat`. */
  symlinkAt(content: string, path: string): Steps<void> {
    if (content.startsWith("/")) throw new FsFailure("not-permitted", "a link to an absolute path");
    if (content === "") throw new FsFailure("no-entry", "a link to nothing");
    if (content.includes("\0")) throw new FsFailure("invalid", "a NUL in a path");
    const { volume } = this.#directory;
    return this.#newEntry(path, function* (place) {
      yield volume.symbolicLink(content, place.path);
    });
  }

  /** `readlinkat`. */
  readlinkAt(path: string): Steps<string> {
    const { volume } = this.#directory;
    return this.#existing(path, false, function* (place) {
      if (place.stat.type !== "symbolic-link") throw new FsFailure("invalid", "not a link");
      const target: string = yield volume.readLink(place.path);
      if (target.startsWith("/")) throw new FsFailure("not-permitted", "a link to an absolute path");
      return target;
    });
  }

  /** `openat`: a directory or a file, which the caller releases. */
  openAt(path: string, opening: Opening): Steps<OpenDirectory | OpenFile> {
    const { create, directory, exclusive, truncate, write } = opening;
    if (directory && (create || exclusive || truncate)) {
      throw new FsFailure("invalid", "a directory is not made by opening");
    }
    if (write || create || truncate) this.#checkMutable();
    // What must not be there is not looked for behind a link.
    const follow = opening.follow && !(create && exclusive) ? "last" : "before-slash";
    return at(this.#directory, path, follow, (place) => this.#open(place, opening));
  }

  *#open(place: Place, opening: Opening): Steps<OpenDirectory | OpenFile> {
    const { create, directory, exclusive, truncate, write } = opening, { stat, slash, end, names } = place;
    if (create && slash && end === "name") throw new FsFailure("is-directory", "a file's name ends in a slash");
    if (stat === undefined && !create) throw new FsFailure("no-entry");
    if (stat !== undefined && create && exclusive) throw new FsFailure("exist");
    if (stat?.type === "symbolic-link") throw new FsFailure("loop", "a link that is not to be followed");
    if (stat?.type === "directory") {
      if (write || truncate || create) throw new FsFailure("is-directory");
      const { volume, path } = this.#directory, opened = this.#directories.add(volume, volume.join(path, names), stat);
      return new OpenDirectory(this.#directories, opened, this.mutable);
    }
    if (directory || slash) throw new FsFailure("not-directory");
    return yield* this.#openFile(place, opening);
  }

  *#openFile(place: Place, { read, write, ...mode }: Opening): Steps<OpenFile> {
    const { volume, path } = this.#directory, { mutable } = this;
    const opened = volume.open(place.path, { ...mode, read, write }, path), later = isLater(opened);
    return new OpenFile(yield opened, { read, write, mutable, later }, this.#directories.endings);
  }
}
