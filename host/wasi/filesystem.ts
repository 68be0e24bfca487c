// wasi:filesystem 0.2: the resources `descriptor` and `directory-entry-stream` over open files and
// directories of the host's. Flags, results and streams are theirs; what is done with files and
// paths is in open_file.ts and open_directory.ts.

import "../../abi/dispose.ts";
import type { Result } from "../../abi/codecs/results.ts";
import type { Directories, Directory } from "./directories.ts";
import type { DirectoryEntry } from "./directory_listing.ts";
import { type DescriptorStat, descriptorStat, descriptorType, type MetadataHash, metadataHash } from "./file_stats.ts";
import type { Datetime, NewTimestamp } from "./file_times.ts";
import { attempt, fsErrorCode, FsFailure } from "./fs_errors.ts";
import { OpenDirectory } from "./open_directory.ts";
import { fileOffset, OpenFile } from "./open_file.ts";
import { always } from "./readiness.ts";
import { clamp, InputStream, type IoError, OutputStream, type Sink, type Source, StreamFailure } from "./streams.ts";
import { sameFile } from "./walks.ts";

export type { Datetime, DescriptorStat, DirectoryEntry, NewTimestamp };

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
  readonly #entries: readonly (DirectoryEntry | FsFailure)[];
  #next = 0;

  /** Made by the library only. */
  constructor(entries: readonly (DirectoryEntry | FsFailure)[]) {
    this.#entries = entries;
  }

  /** The next entry; nothing at the end. After an error there may be more. */
  readDirectoryEntry(): Answer<DirectoryEntry | undefined> {
    return attempt(() => {
      const entry = this.#entries[this.#next];
      if (entry !== undefined) this.#next++;
      if (entry instanceof FsFailure) throw entry;
      return entry;
    });
  }
}

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
  static preopen(directories: Directories, { path, id }: Directory, readOnly: boolean): Descriptor {
    const directory = new OpenDirectory(directories, directories.add(path, id), !readOnly);
    return new Descriptor(directory, { read: true, mutateDirectory: !readOnly });
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
    return readFrom(this.#target.retain(), position);
  }

  /** A stream that reads from an offset. */
  readViaStream(from: bigint): Answer<InputStream> {
    return attempt(() => new InputStream(this.source(from)));
  }

  /** What writes from an offset, or at the end, for a stream of either version. */
  sink(from: bigint | null): Sink {
    let position = from === null ? null : fileOffset(from);
    const file = this.#file();
    file.checkWritable();
    file.retain();
    return {
      ...always,
      takesViews: true,
      permit: () => CHUNK,
      write: (bytes) =>
        failing(() => {
          if (position === null) return file.append(bytes);
          file.write(bytes, position);
          position += bytes.length;
        }),
      flush() {},
      close: () => file.release(),
    };
  }

  /** A stream that writes from an offset. */
  writeViaStream(from: bigint): Answer<OutputStream> {
    return attempt(() => new OutputStream(this.sink(from)));
  }

  /** A stream that writes at the end. */
  appendViaStream(): Answer<OutputStream> {
    return attempt(() => new OutputStream(this.sink(null)));
  }

  /** Advice that is not needed. */
  advise(_offset: bigint, _length: bigint, _advice: string): Answer<void> {
    return attempt(() => void this.#file());
  }

  /** `fdatasync`. */
  syncData(): Answer<void> {
    return attempt(() => this.#target instanceof OpenFile ? this.#target.syncData() : undefined);
  }

  /** `fsync`. */
  sync(): Answer<void> {
    return attempt(() => this.#target instanceof OpenFile ? this.#target.sync() : undefined);
  }

  /** What it was opened for. */
  getFlags(): Answer<DescriptorFlags> {
    return this.#flags;
  }

  /** A file, a directory or another. */
  getType(): Answer<string> {
    return attempt(() => descriptorType(this.#target.stats()));
  }

  /** `ftruncate`. */
  setSize(size: bigint): Answer<void> {
    return attempt(() => this.#file().setSize(fileOffset(size)));
  }

  /** `futimens`. */
  setTimes(access: NewTimestamp, modification: NewTimestamp): Answer<void> {
    return attempt(() => this.#target.setTimes(access, modification));
  }

  /** Bytes from an offset, and whether the end was reached. */
  read(length: bigint, from: bigint): Answer<[Uint8Array, boolean]> {
    return attempt(() => {
      const most = clamp(length, CHUNK), bytes = this.#file().read(most, fileOffset(from));
      return [bytes, bytes.length < most];
    });
  }

  /** Writes at an offset; how many bytes. */
  write(bytes: Uint8Array, from: bigint): Answer<bigint> {
    return attempt(() => {
      this.#file().write(bytes, fileOffset(from));
      return BigInt(bytes.length);
    });
  }

  /** What the directory holds, without `.` and `..`; failures where something cannot be told. */
  entries(): readonly (DirectoryEntry | FsFailure)[] {
    return this.#directory().list();
  }

  /** The same as a resource. */
  readDirectory(): Answer<DirectoryEntryStream> {
    return attempt(() => new DirectoryEntryStream(this.entries()));
  }

  /** `mkdirat`. */
  createDirectoryAt(path: string): Answer<void> {
    return attempt(() => this.#directory().createDirectoryAt(path));
  }

  /** `fstat`. */
  stat(): Answer<DescriptorStat> {
    return attempt(() => descriptorStat(this.#target.stats()));
  }

  /** `fstatat`. */
  statAt({ symlinkFollow = false }: PathFlags, path: string): Answer<DescriptorStat> {
    return attempt(() => descriptorStat(this.#directory().statsAt(path, symlinkFollow)));
  }

  /** `utimensat`. */
  setTimesAt(
    { symlinkFollow = false }: PathFlags,
    path: string,
    access: NewTimestamp,
    modification: NewTimestamp,
  ): Answer<void> {
    return attempt(() => this.#directory().setTimesAt(path, symlinkFollow, access, modification));
  }

  /** `linkat`, which does not follow a link at the end. */
  linkAt({ symlinkFollow = false }: PathFlags, path: string, target: Descriptor, targetPath: string): Answer<void> {
    return attempt(() => {
      if (symlinkFollow) throw new FsFailure("invalid", "hard links do not follow links");
      this.#directory().linkAt(path, target.#directory(), targetPath);
    });
  }

  /** `openat`. */
  openAt(path: PathFlags, name: string, open: OpenFlags, flags: DescriptorFlags): Answer<Descriptor> {
    return attempt(() => {
      const { create = false, directory = false, exclusive = false, truncate = false } = open;
      const { read = false, write = false, fileIntegritySync = false, dataIntegritySync = false } = flags;
      const { requestedWriteSync = false } = flags;
      const target = this.#directory().openAt(name, {
        follow: path.symlinkFollow ?? false,
        ...{ create, directory, exclusive, truncate, read, write },
        sync: fileIntegritySync,
        dataSync: dataIntegritySync,
      });
      return new Descriptor(
        target,
        target instanceof OpenFile
          ? { read, write, fileIntegritySync, dataIntegritySync, requestedWriteSync }
          : { ...flags, mutateDirectory: target.mutable },
      );
    });
  }

  /** What a link says. */
  readlinkAt(path: string): Answer<string> {
    return attempt(() => this.#directory().readlinkAt(path));
  }

  /** `rmdir`. */
  removeDirectoryAt(path: string): Answer<void> {
    return attempt(() => this.#directory().removeDirectoryAt(path));
  }

  /** `renameat`. Directories that are open move along. */
  renameAt(path: string, target: Descriptor, targetPath: string): Answer<void> {
    return attempt(() => this.#directory().renameAt(path, target.#directory(), targetPath));
  }

  /** `symlinkat`. */
  symlinkAt(content: string, path: string): Answer<void> {
    return attempt(() => this.#directory().symlinkAt(content, path));
  }

  /** `unlink`. */
  unlinkFileAt(path: string): Answer<void> {
    return attempt(() => this.#directory().unlinkFileAt(path));
  }

  /** Whether two are the same file or directory. */
  isSameObject(other: Descriptor): boolean {
    return sameFile(this.#target.id, other.#target.id);
  }

  /** Changes when the object does. */
  metadataHash(): Answer<MetadataHash> {
    return attempt(() => metadataHash(this.#target.stats()));
  }

  /** The same of what a path leads to. */
  metadataHashAt({ symlinkFollow = false }: PathFlags, path: string): Answer<MetadataHash> {
    return attempt(() => metadataHash(this.#directory().statsAt(path, symlinkFollow)));
  }

  [Symbol.dispose](): void {
    this.#target.release();
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
    readInto: (place) =>
      failing(() => {
        const length = file.readInto(place, position);
        position += length;
        return length === 0 ? undefined : length;
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
