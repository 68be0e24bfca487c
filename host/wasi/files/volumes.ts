// What the confinement stands on: a volume is a file system, with the walks along its paths. The
// operating system's is node_volume.ts, one of the program's own is own_volume.ts.

import type { FileStat, FileSystem, FileSystemFile, FileTimes, OpenMode } from "./file_system.ts";
import type { Later } from "./steps.ts";

/** Identifies a file for as long as it exists. */
export interface FileId {
  readonly device: bigint;
  readonly id: bigint;
}

/** Whether two are the same file. */
export function sameFile(a: FileId, b: FileId): boolean {
  return a.device === b.device && a.id === b.id;
}

/** What there is to know of a file, with its identity among all volumes. */
export type Stat = FileStat & FileId;

/** A walk that stands in a directory. Whoever begins one closes it. */
export interface Walk {
  /** The names that were gone through since the walk began. */
  readonly passed: readonly string[];
  /**
   * A path of the volume's for a name in this directory; `.` is the directory itself. Valid until
   * the walk moves on.
   */
  path(name: string): string;
  /** What a name is, links not followed; `undefined` if nothing has it. */
  stat(name: string): Later<Stat | undefined>;
  /**
   * Goes into the directory of that name. False if the name is a link or something else than a
   * directory.
   */
  enter(name: string): Later<boolean>;
  /**
   * Goes to the directory above. The caller has looked that this is not above where the walk began.
   */
  leave(): Later<void>;
  /** Ends the walk. */
  close(): void;
}

/** A file that is open in a volume. */
export interface VolumeFile extends FileSystemFile {
  readonly id: FileId;
  stat(): Later<Stat>;
  append(bytes: Uint8Array): Later<number>;
  setTimes(times: FileTimes): Later<void>;
  sync(dataOnly: boolean): Later<void>;
}

/** A file system whose every function is there. Paths are those that its walks give. */
export interface Volume extends Required<Omit<FileSystem, "~fileSystem" | "stat" | "open">> {
  /** What stands between the names of a path. */
  readonly separator: string;
  /** Begins a walk in the directory of that path and identity. */
  walk(path: string, id: FileId): Later<Walk>;
  /** A directory's path and names below it as one path. */
  join(path: string, names: readonly string[]): string;
  /** @param base The path of the directory where the walk to that path began. */
  open(path: string, mode: OpenMode, base: string): Later<VolumeFile>;
}
