// What a file system of a program's own is: the interface that `preopens` takes, and that
// `memoryFileSystem` and `directoryHandle` give.

import type { Later } from "./steps.ts";

/** What is at a path. */
export type FileType =
  | "regular-file"
  | "directory"
  | "symbolic-link"
  | "fifo"
  | "socket"
  | "block-device"
  | "character-device"
  | "unknown";

/** What there is to know of something at a path. Times are nanoseconds since the epoch. */
export interface FileStat {
  /** What it is. */
  readonly type: FileType;
  /** A file's bytes; how long the text of a link is. */
  readonly size: bigint;
  /** Tells it from everything else in its file system, for as long as it exists. */
  readonly id: bigint;
  /** How many names it has; default 1. */
  readonly links?: bigint | undefined;
  /** Which of several devices it is on, where ids tell nothing across them. */
  readonly device?: bigint | undefined;
  /** When it was last read, if that is known. */
  readonly accessed?: bigint | undefined;
  /** When its bytes last changed. */
  readonly modified?: bigint | undefined;
  /** When anything of it last changed. */
  readonly changed?: bigint | undefined;
}

/** A name in a directory. */
export interface FileEntry {
  /** The name, without a slash. */
  readonly name: string;
  /** What has that name; a link is a link. */
  readonly type: FileType;
}

/** New times, in nanoseconds since the epoch; a missing one stays as it is. */
export interface FileTimes {
  /** When it was last read. */
  readonly accessed?: bigint | undefined;
  /** When its bytes last changed. */
  readonly modified?: bigint | undefined;
}

/** How a file is opened. */
export interface OpenMode {
  /** Whether it will be read. */
  readonly read: boolean;
  /** Whether it will be written. */
  readonly write: boolean;
  /** Whether it is made where nothing is. */
  readonly create: boolean;
  /** With `create`: whether it must be new. */
  readonly exclusive: boolean;
  /** Whether its bytes are thrown away. */
  readonly truncate: boolean;
  /** Whether each write is to last before it returns, with all that belongs to the file. */
  readonly sync: boolean;
  /** The same, with what is needed to read it. */
  readonly dataSync: boolean;
}

/** A file that is open. It stays the same file when its name is removed or given to another one. */
export interface FileSystemFile {
  /** What it is now. */
  stat(): Later<FileStat>;
  /** Reads from an offset; how many bytes: 0 at the end. `into` is not used after the answer. */
  read(into: Uint8Array, position: number): Later<number>;
  /**
   * Writes at an offset; how many bytes. A gap before the offset reads as zeros. The bytes may be a
   * view of the guest's memory: what is kept after the answer is a copy.
   */
  write(bytes: Uint8Array, position: number): Later<number>;
  /** Writes at the end, wherever that is by then; how many bytes. Missing: `write` at `stat().size`. */
  append?(bytes: Uint8Array): Later<number>;
  /** Cuts it off, or makes it longer by zeros. */
  setSize(size: number): Later<void>;
  /** Sets its times. */
  setTimes?(times: FileTimes): Later<void>;
  /** Makes its bytes last; `dataOnly`: what is needed to read them. */
  sync?(dataOnly: boolean): Later<void>;
  /** Nobody uses it any more. What was written must last then. */
  close(): Later<void>;
}

/**
 * A file system of a program's own, for `preopens`.
 *
 * Windlass resolves a guest's paths itself, a part at a time, and follows links itself. What these
 * functions get is a path whose parts are names, joined by `/`: never empty, `.`, `..` or a link on
 * the way. The empty path is the root. A function must not follow a link at the end, nor one that
 * somebody put on the way meanwhile. Names are compared as they are.
 *
 * A failure is thrown, or rejects: an error whose `code` is one of the system's names, `"ENOENT"`,
 * `"EEXIST"`, `"ENOTEMPTY"`, `"EISDIR"`, `"ENOSPC"`, …; any other is `io` to the guest.
 *
 * Every function may answer with a promise. Then a synchronous guest has to be called through
 * `instance.promising`, in an engine with JSPI; `run` and `serve` do that. If `open` gives a file at
 * once, the functions of that file answer at once, too.
 *
 * @example
 * ```ts
 * import { type FileSystem, memoryFileSystem, wasi } from "@windlass/component/wasi";
 *
 * // Everything of another file system, but no name that begins with a dot.
 * const inner: FileSystem = memoryFileSystem({ "a.txt": "text", ".secret": "key" });
 * const hidden = (path: string) => path.split("/").some((name) => name.startsWith("."));
 * const shown: FileSystem = {
 *   ...inner,
 *   stat: (path) => hidden(path) ? undefined : inner.stat(path),
 *   entries: async (path) => [...await inner.entries(path)].filter((item) => !(item instanceof Error) && !hidden(item.name)),
 * };
 * await wasi({ preopens: { "/": shown, "/again": { fileSystem: shown, readOnly: true } } });
 * ```
 */
export interface FileSystem {
  /** Never there: it tells this type from one that has only optional members. */
  readonly "~fileSystem"?: true;
  /** What is at a path; nothing where nothing is. */
  stat(path: string): Later<FileStat | undefined>;
  /** The names in a directory, without `.` and `..`; an error in place of a name that cannot be told. */
  entries(path: string): Later<Iterable<FileEntry | Error>>;
  /** Opens a file. Something else than a file at the path is an error, as is nothing without `create`. */
  open(path: string, mode: OpenMode): Later<FileSystemFile>;
  /** Makes a directory where nothing is. */
  makeDirectory(path: string): Later<void>;
  /** Removes an empty directory. */
  removeDirectory(path: string): Later<void>;
  /** Removes the name of anything else. */
  removeFile(path: string): Later<void>;
  /** Gives something another path; what has that path is replaced, as POSIX's `rename` does. */
  rename(from: string, to: string): Later<void>;
  /** One more name for a file. Missing: it cannot be done. */
  link?(from: string, to: string): Later<void>;
  /** Makes a link, which says a path. Missing: it cannot be done. */
  symbolicLink?(content: string, path: string): Later<void>;
  /** What a link says. Missing: there are none. */
  readLink?(path: string): Later<string>;
  /** Sets the times of what is at a path, or of a link itself. Missing: it cannot be done. */
  setTimes?(path: string, times: FileTimes): Later<void>;
}
