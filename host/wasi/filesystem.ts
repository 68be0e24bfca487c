// wasi:filesystem: descriptors over files and directories of the host's, within what was preopened.
// Paths are paths.ts's; here is what may be done with what they lead to, and how it is told.

import "../../abi/dispose.ts";
import type { BigIntStats } from "node:fs";
import type { Result } from "../../abi/results.ts";
import { attempt, fsErrorCode, FsFailure } from "./fs_errors.ts";
import { type Directories, type Directory, type FileId, sameFile } from "./paths.ts";
import { type BuiltinModules, required } from "./platform.ts";
import { always } from "./readiness.ts";
import { clamp, InputStream, type IoError, OutputStream, type Source, StreamFailure } from "./streams.ts";

/** At most this many bytes are read or permitted to be written at once. */
const CHUNK = 1 << 18;

type Answer<T> = T | Result<never, string>;

/** The flags `path-flags`. */
export interface PathFlags {
  readonly symlinkFollow?: boolean;
}
/** The flags `open-flags`. */
export interface OpenFlags {
  readonly create?: boolean;
  readonly directory?: boolean;
  readonly exclusive?: boolean;
  readonly truncate?: boolean;
}
/** The flags `descriptor-flags`. */
export interface DescriptorFlags {
  readonly read?: boolean;
  readonly write?: boolean;
  readonly fileIntegritySync?: boolean;
  readonly dataIntegritySync?: boolean;
  readonly requestedWriteSync?: boolean;
  readonly mutateDirectory?: boolean;
}
/** The record `datetime`. */
export interface Datetime {
  readonly seconds: bigint;
  readonly nanoseconds: number;
}
/** The variant `new-timestamp`. */
export type NewTimestamp = { readonly tag: "no-change" } | { readonly tag: "now" } | {
  readonly tag: "timestamp";
  readonly val: Datetime;
};
/** The record `descriptor-stat`. */
export interface DescriptorStat {
  readonly type: string;
  readonly linkCount: bigint;
  readonly size: bigint;
  readonly dataAccessTimestamp: Datetime;
  readonly dataModificationTimestamp: Datetime;
  readonly statusChangeTimestamp: Datetime;
}
/** The record `directory-entry`. */
export interface DirectoryEntry {
  readonly type: string;
  readonly name: string;
}

interface Kinds {
  isFile(): boolean;
  isDirectory(): boolean;
  isSymbolicLink(): boolean;
  isFIFO(): boolean;
  isSocket(): boolean;
  isBlockDevice(): boolean;
  isCharacterDevice(): boolean;
}

function descriptorType(kinds: Kinds): string {
  if (kinds.isFile()) return "regular-file";
  if (kinds.isDirectory()) return "directory";
  if (kinds.isSymbolicLink()) return "symbolic-link";
  if (kinds.isFIFO()) return "fifo";
  if (kinds.isSocket()) return "socket";
  if (kinds.isBlockDevice()) return "block-device";
  return kinds.isCharacterDevice() ? "character-device" : "unknown";
}

function datetime(nanoseconds: bigint): Datetime {
  const second = 1_000_000_000n, since = nanoseconds < 0n ? 0n : nanoseconds;
  return { seconds: since / second, nanoseconds: Number(since % second) };
}

function descriptorStat(stats: BigIntStats): DescriptorStat {
  return {
    type: descriptorType(stats),
    linkCount: stats.nlink,
    size: stats.size,
    dataAccessTimestamp: datetime(stats.atimeNs),
    dataModificationTimestamp: datetime(stats.mtimeNs),
    statusChangeTimestamp: datetime(stats.ctimeNs),
  };
}

/** Seconds since the epoch, as `utimes` takes them. */
function seconds(time: NewTimestamp, present: bigint): number {
  if (time.tag === "no-change") return Number(present) / 1e9;
  if (time.tag === "now") return Date.now() / 1000;
  const { seconds, nanoseconds } = time.val;
  if (seconds > 1n << 40n || nanoseconds >= 1_000_000_000) throw new FsFailure("invalid", "a time out of range");
  // In whole microseconds: a double holds no more, and must not round up into the next second.
  return Number(seconds) + Math.floor(nanoseconds / 1000) / 1e6;
}

function offset(value: bigint): number {
  if (value > BigInt(Number.MAX_SAFE_INTEGER)) throw new FsFailure("overflow", "an offset out of range");
  return Number(value);
}

const MASK = (1n << 64n) - 1n;

/** The record `metadata-hash-value`: equal for the same object. C libraries take it for the inode's number, which stays. */
function metadataHash({ dev, ino }: FileId): { lower: bigint; upper: bigint } {
  const mix = (seed: bigint): bigint =>
    [dev, ino].reduce((hash, part) => {
      hash = (hash ^ BigInt.asUintN(64, part)) * 0x9e3779b97f4a7c15n & MASK;
      return hash ^ hash >> 29n;
    }, seed);
  return { lower: mix(0x243f6a8885a308d3n), upper: mix(0x13198a2e03707344n) };
}

/** A file of the host's that is open for as long as a descriptor or a stream uses it. */
class OpenFile {
  readonly fs: BuiltinModules["node:fs"] = required("node:fs", "preopens");
  readonly fd: number;
  #users = 1;

  constructor(fd: number) {
    this.fd = fd;
  }

  retain(): this {
    this.#users++;
    return this;
  }

  release(): void {
    if (--this.#users === 0) this.fs.closeSync(this.fd);
  }

  stats(): BigIntStats {
    return this.fs.fstatSync(this.fd, { bigint: true });
  }

  read(length: number, position: number): Uint8Array {
    const bytes = new Uint8Array(length);
    return bytes.subarray(0, this.fs.readSync(this.fd, bytes, 0, length, position));
  }

  /** Writes all of it. */
  write(bytes: Uint8Array, position: number): void {
    for (let at = 0; at < bytes.length;) {
      at += this.fs.writeSync(this.fd, bytes, at, bytes.length - at, position + at);
    }
  }
}

/** The resource `directory-entry-stream`. */
export class DirectoryEntryStream {
  readonly #entries: Iterator<DirectoryEntry, undefined>;

  constructor(entries: Iterator<DirectoryEntry, undefined>) {
    this.#entries = entries;
  }

  /** The next entry; nothing at the end. */
  readDirectoryEntry(): DirectoryEntry | undefined {
    return this.#entries.next().value;
  }
}

type Target = { readonly file: OpenFile; readonly id: FileId; readonly mutable: boolean } | {
  readonly directory: Directory;
  readonly id: FileId;
};

/** The resource `descriptor`. */
export class Descriptor {
  readonly #directories: Directories;
  readonly #target: Target;
  readonly #flags: DescriptorFlags;
  readonly #fs = required("node:fs", "preopens");

  /** Made by the library only. */
  constructor(directories: Directories, target: Target, flags: DescriptorFlags) {
    this.#directories = directories;
    this.#target = target;
    this.#flags = flags;
  }

  /** A preopened directory; one for each handle that a guest asks for. */
  static preopen(directories: Directories, { path, id }: Directory, readOnly: boolean): Descriptor {
    const flags = { read: true, mutateDirectory: !readOnly };
    return new Descriptor(directories, { directory: directories.add(path, id), id }, flags);
  }

  #file(): OpenFile {
    if ("file" in this.#target) return this.#target.file;
    throw new FsFailure("bad-descriptor", "not a file");
  }

  #readable(): OpenFile {
    const file = this.#file();
    if (!this.#flags.read) throw new FsFailure("bad-descriptor", "not open for reading");
    return file;
  }

  #writable(): OpenFile {
    const file = this.#file();
    if (!this.#flags.write) throw new FsFailure("bad-descriptor", "not open for writing");
    return file;
  }

  #directory(): Directory {
    if ("directory" in this.#target) return this.#target.directory;
    throw new FsFailure("not-directory");
  }

  /** The directory, to change something in it. */
  #mutable(): Directory {
    const directory = this.#directory();
    if (!this.#flags.mutateDirectory) throw new FsFailure("not-permitted", "the directory is read-only");
    return directory;
  }

  #stats(): BigIntStats {
    return "file" in this.#target ? this.#target.file.stats() : this.#directories.stats(this.#target.directory);
  }

  /** What a path leads to, which must be there. */
  #existing(path: string, { symlinkFollow = false }: PathFlags): { path: string; stats: BigIntStats } {
    const { path: real, stats } = this.#directories.resolve(this.#directory(), path, symlinkFollow ? "last" : "ways");
    if (stats === undefined) throw new FsFailure("no-entry");
    return { path: real, stats };
  }

  /** Where a path to a name leads, that is made, removed or replaced there: never the directory itself. */
  #entry(path: string, atBase: string): { path: string; stats: BigIntStats | undefined; directory: boolean } {
    const entry = this.#directories.resolve(this.#mutable(), path, "never");
    if (entry.base) throw new FsFailure(atBase, "the directory itself");
    return entry;
  }

  /** A stream that reads from an offset. */
  readViaStream(from: bigint): Answer<InputStream> {
    return attempt(() => {
      const file = this.#readable(), position = offset(from);
      return new InputStream(readFrom(file.retain(), position));
    });
  }

  #outputStream(position: number | null): OutputStream {
    const file = this.#writable().retain();
    return new OutputStream({
      ...always,
      permit: () => CHUNK,
      write: (bytes) =>
        failing(() => {
          file.write(bytes, position ?? Number(file.stats().size));
          if (position !== null) position += bytes.length;
        }),
      flush() {},
      close: () => file.release(),
    });
  }

  /** A stream that writes from an offset. */
  writeViaStream(from: bigint): Answer<OutputStream> {
    return attempt(() => this.#outputStream(offset(from)));
  }

  /** A stream that writes at the end. */
  appendViaStream(): Answer<OutputStream> {
    return attempt(() => this.#outputStream(null));
  }

  /** Advice that is not needed. */
  advise(_offset: bigint, _length: bigint, _advice: string): Answer<void> {
    return attempt(() => void this.#file());
  }

  /** `fdatasync`. */
  syncData(): Answer<void> {
    return attempt(() => "file" in this.#target ? this.#fs.fdatasyncSync(this.#target.file.fd) : undefined);
  }

  /** `fsync`. */
  sync(): Answer<void> {
    return attempt(() => "file" in this.#target ? this.#fs.fsyncSync(this.#target.file.fd) : undefined);
  }

  /** What it was opened for. */
  getFlags(): Answer<DescriptorFlags> {
    return this.#flags;
  }

  /** A file, a directory or another. */
  getType(): Answer<string> {
    return attempt(() => descriptorType(this.#stats()));
  }

  /** `ftruncate`. */
  setSize(size: bigint): Answer<void> {
    return attempt(() => {
      const { fd } = this.#writable();
      this.#fs.ftruncateSync(fd, offset(size));
    });
  }

  /** `futimens`. */
  setTimes(access: NewTimestamp, modification: NewTimestamp): Answer<void> {
    return attempt(() => {
      if (access.tag === "no-change" && modification.tag === "no-change") return;
      const { atimeNs, mtimeNs } = this.#stats();
      const times = [seconds(access, atimeNs), seconds(modification, mtimeNs)] as const;
      if ("file" in this.#target) {
        if (!this.#target.mutable) throw new FsFailure("not-permitted", "the directory is read-only");
        this.#fs.futimesSync(this.#target.file.fd, ...times);
      } else this.#fs.lutimesSync(this.#mutable().path, ...times);
    });
  }

  /** Bytes from an offset, and whether the end was reached. */
  read(length: bigint, from: bigint): Answer<[Uint8Array, boolean]> {
    return attempt(() => {
      const most = clamp(length, CHUNK), bytes = this.#readable().read(most, offset(from));
      return [bytes, bytes.length < most];
    });
  }

  /** Writes at an offset; how many bytes. */
  write(bytes: Uint8Array, from: bigint): Answer<bigint> {
    return attempt(() => {
      this.#writable().write(bytes, offset(from));
      return BigInt(bytes.length);
    });
  }

  /** What the directory holds, without `.` and `..`. */
  readDirectory(): Answer<DirectoryEntryStream> {
    return attempt(() => {
      const directory = this.#directory();
      this.#directories.stats(directory);
      const entries = this.#fs.readdirSync(directory.path, { withFileTypes: true });
      return new DirectoryEntryStream(
        entries.map((entry) => ({ type: descriptorType(entry), name: entry.name })).values() as Iterator<
          DirectoryEntry,
          undefined
        >,
      );
    });
  }

  /** `mkdirat`. */
  createDirectoryAt(path: string): Answer<void> {
    return attempt(() => {
      const { path: real, stats } = this.#entry(path, "exist");
      if (stats !== undefined) throw new FsFailure("exist");
      this.#fs.mkdirSync(real);
    });
  }

  /** `fstat`. */
  stat(): Answer<DescriptorStat> {
    return attempt(() => descriptorStat(this.#stats()));
  }

  /** `fstatat`. */
  statAt(flags: PathFlags, path: string): Answer<DescriptorStat> {
    return attempt(() => descriptorStat(this.#existing(path, flags).stats));
  }

  /** `utimensat`. */
  setTimesAt(flags: PathFlags, path: string, access: NewTimestamp, modification: NewTimestamp): Answer<void> {
    return attempt(() => {
      this.#mutable();
      const { path: real, stats: { atimeNs, mtimeNs } } = this.#existing(path, flags);
      if (access.tag === "no-change" && modification.tag === "no-change") return;
      this.#fs.lutimesSync(real, seconds(access, atimeNs), seconds(modification, mtimeNs));
    });
  }

  /** `linkat`. A link is not linked to: some systems would follow it. */
  linkAt(flags: PathFlags, path: string, target: Descriptor, targetPath: string): Answer<void> {
    return attempt(() => {
      if (flags.symlinkFollow) throw new FsFailure("invalid", "hard links do not follow links");
      const from = this.#entry(path, "not-permitted"), to = target.#entry(targetPath, "exist");
      if (from.stats === undefined) throw new FsFailure("no-entry");
      if (!from.stats.isFile()) throw new FsFailure("not-permitted", "only files are linked");
      if (to.directory) throw new FsFailure("not-directory");
      this.#fs.linkSync(from.path, to.path);
    });
  }

  /** `openat`. */
  openAt(path: PathFlags, name: string, open: OpenFlags, flags: DescriptorFlags): Answer<Descriptor> {
    return attempt(() => {
      const base = this.#directory();
      if ((flags.write || open.create || open.truncate) && !this.#flags.mutateDirectory) {
        throw new FsFailure("not-permitted", "the directory is read-only");
      }
      if (open.create && open.directory) throw new FsFailure("invalid", "open-at makes no directories");
      // What must not be there is not looked for behind a link.
      const follow = (path.symlinkFollow ?? false) && !(open.create && open.exclusive);
      const resolved = this.#directories.resolve(base, name, follow ? "last" : "ways");
      const { stats } = resolved;
      if (stats === undefined && !open.create) throw new FsFailure("no-entry");
      if (stats !== undefined && open.create && open.exclusive) throw new FsFailure("exist");
      if (stats?.isSymbolicLink()) throw new FsFailure("loop", "a link that is not to be followed");
      if (stats?.isDirectory()) return this.#openDirectory(resolved.path, stats, open, flags);
      if (open.directory) throw new FsFailure("not-directory");
      if (stats === undefined && resolved.directory) {
        throw new FsFailure("is-directory", "a file's name ends in a slash");
      }
      return this.#openFile(base, resolved, open, flags);
    });
  }

  #openDirectory(path: string, stats: BigIntStats, open: OpenFlags, flags: DescriptorFlags): Descriptor {
    if (flags.write || open.truncate || open.create) throw new FsFailure("is-directory");
    const { mutateDirectory = false } = this.#flags;
    const directory = this.#directories.add(path, stats);
    return new Descriptor(this.#directories, { directory, id: directory.id }, { ...flags, mutateDirectory });
  }

  #openFile(
    base: Directory,
    resolved: ReturnType<Directories["resolve"]>,
    open: OpenFlags,
    flags: DescriptorFlags,
  ): Descriptor {
    const { O_RDONLY, O_WRONLY, O_RDWR, O_CREAT, O_EXCL, O_SYNC = 0, O_DSYNC = 0 } = this.#fs.constants;
    const { read = false, fileIntegritySync = false, dataIntegritySync = false, requestedWriteSync = false } = flags;
    const write = flags.write || open.truncate || false;
    const { fd, stats } = this.#directories.open(
      base,
      resolved,
      (write ? read ? O_RDWR : O_WRONLY : O_RDONLY) | (open.create ? O_CREAT : 0) | (open.exclusive ? O_EXCL : 0) |
        (fileIntegritySync ? O_SYNC : 0) | (dataIntegritySync ? O_DSYNC : 0),
    );
    const file = new OpenFile(fd);
    try {
      // After the second look, so that nothing else is ever truncated.
      if (open.truncate) this.#fs.ftruncateSync(fd, 0);
      const granted = { read, write: flags.write ?? false, fileIntegritySync, dataIntegritySync, requestedWriteSync };
      const { mutateDirectory: mutable = false } = this.#flags;
      return new Descriptor(this.#directories, { file, id: { dev: stats.dev, ino: stats.ino }, mutable }, granted);
    } catch (error) {
      file.release();
      throw error;
    }
  }

  /** What a link says. */
  readlinkAt(path: string): Answer<string> {
    return attempt(() => {
      const { path: real, stats } = this.#existing(path, {});
      if (!stats.isSymbolicLink()) throw new FsFailure("invalid", "not a link");
      const target = this.#fs.readlinkSync(real);
      if (target.startsWith("/")) throw new FsFailure("not-permitted", "a link to an absolute path");
      return target;
    });
  }

  /** `rmdir`. */
  removeDirectoryAt(path: string): Answer<void> {
    return attempt(() => {
      const { path: real, stats } = this.#entry(path, "invalid");
      if (stats !== undefined && !stats.isDirectory()) throw new FsFailure("not-directory");
      this.#fs.rmdirSync(real);
    });
  }

  /** `renameat`. Directories that are open move along. */
  renameAt(path: string, target: Descriptor, targetPath: string): Answer<void> {
    return attempt(() => {
      const from = this.#entry(path, "busy"), to = target.#entry(targetPath, "busy");
      if (from.stats === undefined) throw new FsFailure("no-entry");
      if (to.directory && !from.stats.isDirectory()) throw new FsFailure("not-directory");
      this.#fs.renameSync(from.path, to.path);
      // A descriptor of another preopen has other directories.
      for (const directories of new Set([this.#directories, target.#directories])) {
        directories.moved(from.path, to.path);
      }
    });
  }

  /** `symlinkat`. */
  symlinkAt(content: string, path: string): Answer<void> {
    return attempt(() => {
      if (content.startsWith("/")) throw new FsFailure("not-permitted", "a link to an absolute path");
      if (content === "") throw new FsFailure("no-entry", "a link to nothing");
      if (content.includes("\0")) throw new FsFailure("invalid", "a NUL in a path");
      const { path: real, stats, directory } = this.#entry(path, "exist");
      if (stats !== undefined) throw new FsFailure("exist");
      if (directory) throw new FsFailure("no-entry", "a link's name ends in a slash");
      this.#fs.symlinkSync(content, real);
    });
  }

  /** `unlink`. */
  unlinkFileAt(path: string): Answer<void> {
    return attempt(() => {
      const { path: real, stats } = this.#entry(path, "is-directory");
      if (stats?.isDirectory()) throw new FsFailure("is-directory");
      this.#fs.unlinkSync(real);
    });
  }

  /** Whether two are the same file or directory. */
  isSameObject(other: Descriptor): boolean {
    return sameFile(this.#target.id, other.#target.id);
  }

  /** Changes when the object does. */
  metadataHash(): Answer<{ lower: bigint; upper: bigint }> {
    return attempt(() => metadataHash(this.#stats()));
  }

  /** The same of what a path leads to. */
  metadataHashAt(flags: PathFlags, path: string): Answer<{ lower: bigint; upper: bigint }> {
    return attempt(() => metadataHash(this.#existing(path, flags).stats));
  }

  [Symbol.dispose](): void {
    if ("file" in this.#target) this.#target.file.release();
    else this.#directories.close(this.#target.directory);
  }
}

function readFrom(file: OpenFile, position: number): Source {
  return {
    ...always,
    read: (max) =>
      failing(() => {
        const bytes = file.read(Math.min(max, CHUNK), position);
        position += bytes.length;
        return bytes.length === 0 && max > 0 ? undefined : bytes;
      }),
    close: () => file.release(),
  };
}

/** What an operation on a stream's file threw, with its code. */
function failing<T>(operation: () => T): T {
  try {
    return operation();
  } catch (error) {
    const filesystem = fsErrorCode(error);
    throw new StreamFailure(error instanceof Error ? error.message : filesystem, { filesystem });
  }
}

/** `filesystem-error-code`. */
export function filesystemErrorCode(error: IoError): string | undefined {
  return error.codes.filesystem;
}
