// wasi:filesystem 0.2: the resources `descriptor` and `directory-entry-stream` over open files and
// directories. Flags, results and streams are theirs; what is done with files and paths is in
// files/open_file.ts and files/open_directory.ts. What a file system answers later, a guest waits for.

import "../../abi/dispose.ts";
import type { Result } from "../../abi/codecs/results.ts";
import type { Directories, Directory } from "./files/directories.ts";
import {
  type Datetime,
  type DescriptorStat,
  descriptorStat,
  fileTimes,
  type MetadataHash,
  metadataHash,
  type NewTimestamp,
} from "./files/file_stats.ts";
import type { FileEntry } from "./files/file_system.ts";
import { attempt, attemptSteps, FsFailure } from "./files/fs_errors.ts";
import { laterSink, laterSource, streamFailure } from "./later_streams.ts";
import { OpenDirectory } from "./files/open_directory.ts";
import { fileOffset, OpenFile } from "./files/open_file.ts";
import { isLater, type Later, type Steps, take, then } from "./files/steps.ts";
import { sameFile } from "./files/volumes.ts";
import { always } from "./readiness.ts";
import { clamp, InputStream, type IoError, OutputStream, type Sink, type Source } from "./streams.ts";
import { answering } from "./waiting.ts";

export type { Datetime, DescriptorStat, FileEntry as DirectoryEntry, NewTimestamp };

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

/** The resource `directory-entry-stream`. */
export class DirectoryEntryStream {
  readonly #entries: Iterator<FileEntry | Error>;

  /** Made by the library only. */
  constructor(entries: Iterable<FileEntry | Error>) {
    this.#entries = entries[Symbol.iterator]();
  }

  /** The next entry; nothing at the end. After an error there may be more. */
  readDirectoryEntry(): Answer<FileEntry | undefined> {
    return attempt(() => {
      const { done, value } = this.#entries.next();
      if (value instanceof Error) throw value;
      return done ? undefined : value;
    }) as Answer<FileEntry | undefined>;
  }
}

/** What a file system may answer later. */
const LATER = [
  "syncData",
  "sync",
  "getType",
  "setSize",
  "setTimes",
  "read",
  "write",
  "readDirectory",
  "createDirectoryAt",
  "stat",
  "statAt",
  "setTimesAt",
  "linkAt",
  "openAt",
  "readlinkAt",
  "removeDirectoryAt",
  "renameAt",
  "symlinkAt",
  "unlinkFileAt",
  "metadataHash",
  "metadataHashAt",
] as const;

/** The resource `descriptor`. */
export class Descriptor {
  readonly #target: OpenFile | OpenDirectory;
  readonly #flags: DescriptorFlags;

  /** Made by the library only. */
  constructor(target: OpenFile | OpenDirectory, flags: DescriptorFlags) {
    this.#target = target;
    this.#flags = flags;
  }

  /** A preopened directory; one for each handle that a guest asks for. */
  static preopen(directories: Directories, { volume, path, id }: Directory, readOnly: boolean): Descriptor {
    const directory = new OpenDirectory(directories, directories.add(volume, path, id), !readOnly);
    return new Descriptor(directory, { read: true, mutateDirectory: !readOnly });
  }

  /** Whether it is a directory. */
  get isDirectory(): boolean {
    return this.#target instanceof OpenDirectory;
  }

  #file(): OpenFile {
    if (this.#target instanceof OpenFile) return this.#target;
    throw new FsFailure("bad-descriptor", "not a file");
  }

  #directory(): OpenDirectory {
    if (this.#target instanceof OpenDirectory) return this.#target;
    throw new FsFailure("not-directory");
  }

  /** What reads from an offset, for a stream of either version. */
  source(from: bigint): Source {
    if (this.#target instanceof OpenDirectory) throw new FsFailure("is-directory");
    const position = fileOffset(from);
    this.#target.checkReadable();
    const file = this.#target.retain();
    return file.later ? laterSource(file, position, CHUNK) : readFrom(file, position);
  }

  /** A stream that reads from an offset. */
  readViaStream(from: bigint): Answer<InputStream> {
    return attempt(() => new InputStream(this.source(from))) as Answer<InputStream>;
  }

  /** What writes from an offset, or at the end, for a stream of either version. */
  sink(from: bigint | null): Sink {
    const position = from === null ? null : fileOffset(from), file = this.#file();
    file.checkWritable();
    file.retain();
    return file.later ? laterSink(file, position) : writeFrom(file, position);
  }

  /** A stream that writes from an offset. */
  writeViaStream(from: bigint): Answer<OutputStream> {
    return attempt(() => new OutputStream(this.sink(from))) as Answer<OutputStream>;
  }

  /** A stream that writes at the end. */
  appendViaStream(): Answer<OutputStream> {
    return attempt(() => new OutputStream(this.sink(null))) as Answer<OutputStream>;
  }

  /** Advice that is not needed. */
  advise(_offset: bigint, _length: bigint, _advice: string): Answer<void> {
    return attempt(() => void this.#file()) as Answer<void>;
  }

  /** `fdatasync`. */
  syncData(): Later<Answer<void>> {
    return attempt(() => this.#target instanceof OpenFile ? this.#target.sync(true) : undefined);
  }

  /** `fsync`. */
  sync(): Later<Answer<void>> {
    return attempt(() => this.#target instanceof OpenFile ? this.#target.sync(false) : undefined);
  }

  /** What it was opened for. */
  getFlags(): Answer<DescriptorFlags> {
    return this.#flags;
  }

  /** A file, a directory or another. */
  getType(): Later<Answer<string>> {
    return attempt(() => then(this.#target.stat(), ({ type }) => type));
  }

  /** `ftruncate`. */
  setSize(size: bigint): Later<Answer<void>> {
    return attempt(() => this.#file().setSize(fileOffset(size)));
  }

  /** `futimens`. */
  setTimes(access: NewTimestamp, modification: NewTimestamp): Later<Answer<void>> {
    return attempt(() => this.#target.setTimes(fileTimes(access, modification)));
  }

  /** Bytes from an offset, and whether the end was reached. */
  read(length: bigint, from: bigint): Later<Answer<[Uint8Array, boolean]>> {
    const most = clamp(length, CHUNK);
    return attempt(() =>
      then(take(this.#file().read(most, fileOffset(from))), (bytes) => [bytes, bytes.length < most])
    );
  }

  /** Writes at an offset; how many bytes. */
  write(bytes: Uint8Array, from: bigint): Later<Answer<bigint>> {
    return attempt(() => then(take(this.#file().write(bytes, fileOffset(from))), () => BigInt(bytes.length)));
  }

  /** What the directory holds, without `.` and `..`; failures where something cannot be told. */
  entries(): Steps<Iterable<FileEntry | Error>> {
    return this.#directory().list();
  }

  /** The same as a resource. */
  readDirectory(): Later<Answer<DirectoryEntryStream>> {
    return attempt(() => then(take(this.entries()), (entries) => new DirectoryEntryStream(entries)));
  }

  /** `mkdirat`. */
  createDirectoryAt(path: string): Later<Answer<void>> {
    return attemptSteps(() => this.#directory().createDirectoryAt(path));
  }

  /** `fstat`. */
  stat(): Later<Answer<DescriptorStat>> {
    return attempt(() => then(this.#target.stat(), descriptorStat));
  }

  /** `fstatat`. */
  statAt({ symlinkFollow = false }: PathFlags, path: string): Later<Answer<DescriptorStat>> {
    return attempt(() => then(take(this.#directory().statAt(path, symlinkFollow)), descriptorStat));
  }

  /** `utimensat`. */
  setTimesAt(
    { symlinkFollow = false }: PathFlags,
    path: string,
    access: NewTimestamp,
    modification: NewTimestamp,
  ): Later<Answer<void>> {
    return attemptSteps(() => this.#directory().setTimesAt(path, symlinkFollow, fileTimes(access, modification)));
  }

  /** `linkat`, which does not follow a link at the end. */
  linkAt(
    { symlinkFollow = false }: PathFlags,
    path: string,
    target: Descriptor,
    targetPath: string,
  ): Later<Answer<void>> {
    return attemptSteps(() => {
      if (symlinkFollow) throw new FsFailure("invalid", "hard links do not follow links");
      return this.#directory().linkAt(path, target.#directory(), targetPath);
    });
  }

  /** `openat`. */
  openAt(path: PathFlags, name: string, open: OpenFlags, flags: DescriptorFlags): Later<Answer<Descriptor>> {
    return attempt(() => {
      const { create = false, directory = false, exclusive = false, truncate = false } = open;
      const { read = false, write = false, fileIntegritySync = false, dataIntegritySync = false } = flags;
      const { requestedWriteSync = false } = flags;
      const opened = this.#directory().openAt(name, {
        follow: path.symlinkFollow ?? false,
        ...{ create, directory, exclusive, truncate, read, write },
        sync: fileIntegritySync,
        dataSync: dataIntegritySync,
      });
      return then(take(opened), (target) =>
        new Descriptor(
          target,
          target instanceof OpenFile
            ? { read, write, fileIntegritySync, dataIntegritySync, requestedWriteSync }
            : { ...flags, mutateDirectory: target.mutable },
        ));
    });
  }

  /** What a link says. */
  readlinkAt(path: string): Later<Answer<string>> {
    return attemptSteps(() => this.#directory().readlinkAt(path));
  }

  /** `rmdir`. */
  removeDirectoryAt(path: string): Later<Answer<void>> {
    return attemptSteps(() => this.#directory().removeDirectoryAt(path));
  }

  /** `renameat`. Directories that are open move along. */
  renameAt(path: string, target: Descriptor, targetPath: string): Later<Answer<void>> {
    return attemptSteps(() => this.#directory().renameAt(path, target.#directory(), targetPath));
  }

  /** `symlinkat`. */
  symlinkAt(content: string, path: string): Later<Answer<void>> {
    return attemptSteps(() => this.#directory().symlinkAt(content, path));
  }

  /** `unlink`. */
  unlinkFileAt(path: string): Later<Answer<void>> {
    return attemptSteps(() => this.#directory().unlinkFileAt(path));
  }

  /** Whether two are the same file or directory. */
  isSameObject(other: Descriptor): boolean {
    return sameFile(this.#target.id, other.#target.id);
  }

  /** Changes when the object does. */
  metadataHash(): Later<Answer<MetadataHash>> {
    return attempt(() => then(this.#target.stat(), metadataHash));
  }

  /** The same of what a path leads to. */
  metadataHashAt({ symlinkFollow = false }: PathFlags, path: string): Later<Answer<MetadataHash>> {
    return attempt(() => then(take(this.#directory().statAt(path, symlinkFollow)), metadataHash));
  }

  [Symbol.dispose](): void {
    this.#target.release();
  }

  static {
    for (const name of LATER) {
      // deno-lint-ignore no-explicit-any -- each has its own parameters
      const method = this.prototype[name] as (...args: any[]) => Later<unknown>;
      const declared = answering("a file system", (self: Descriptor, ...args: unknown[]) => method.apply(self, args));
      Object.defineProperty(this.prototype, name, { value: declared, writable: true, configurable: true });
    }
  }
}

function readFrom(file: OpenFile, position: number): Source {
  return {
    ...always,
    read: (max) =>
      failing(() => {
        const bytes = now(take(file.read(Math.min(max, CHUNK), position)));
        position += bytes.length;
        return bytes.length === 0 && max > 0 ? undefined : bytes;
      }),
    readInto: (place) =>
      failing(() => {
        const length = now(file.readInto(place, position));
        position += length;
        return length === 0 && place.length > 0 ? undefined : length;
      }),
    close: () => file.release(),
  };
}

function writeFrom(file: OpenFile, from: number | null): Sink {
  let position = from;
  return {
    ...always,
    takesViews: true,
    permit: () => CHUNK,
    write: (bytes) =>
      failing(() => {
        if (position === null) return now(take(file.append(bytes)));
        now(take(file.write(bytes, position)));
        position += bytes.length;
      }),
    flush() {},
    close: () => file.release(),
  };
}

/** What a file that was opened at once answers, which is at once. */
function now<T>(answer: Later<T>): T {
  if (isLater(answer)) throw new FsFailure("io", "a file that was opened at once answers later");
  return answer;
}

/** What an operation on a stream's file threw, with its code. */
function failing<T>(operation: () => T): T {
  try {
    return operation();
  } catch (error) {
    throw streamFailure(error);
  }
}

/** `filesystem-error-code`. */
export function filesystemErrorCode(error: IoError): string | undefined {
  return error.codes.filesystem;
}
