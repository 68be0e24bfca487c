// What the operating system says of a file, in the words of a file system.

import type { BigIntStats } from "node:fs";
import { required } from "../base/platform.ts";
import type { FileType } from "./file_system.ts";
import type { Stat } from "./volumes.ts";

/** What both an entry of a directory and the statistics of a file say of its kind. */
interface Kinds {
  isFile(): boolean;
  isDirectory(): boolean;
  isSymbolicLink(): boolean;
  isFIFO(): boolean;
  isSocket(): boolean;
  isBlockDevice(): boolean;
  isCharacterDevice(): boolean;
}

/** What it is. */
export function typeOf(kinds: Kinds): FileType {
  if (kinds.isFile()) return "regular-file";
  if (kinds.isDirectory()) return "directory";
  if (kinds.isSymbolicLink()) return "symbolic-link";
  if (kinds.isFIFO()) return "fifo";
  if (kinds.isSocket()) return "socket";
  if (kinds.isBlockDevice()) return "block-device";
  return kinds.isCharacterDevice() ? "character-device" : "unknown";
}

/** All of it. */
export function statOf(stats: BigIntStats): Stat {
  return {
    type: typeOf(stats),
    size: stats.size,
    id: stats.ino,
    device: stats.dev,
    links: stats.nlink,
    accessed: stats.atimeNs,
    modified: stats.mtimeNs,
    changed: stats.ctimeNs,
  };
}

/** The same of a path, links not followed; `undefined` if nothing has it. */
export function statAt(path: string): Stat | undefined {
  const stats = required("node:fs", "preopens").lstatSync(path, { bigint: true, throwIfNoEntry: false });
  return stats && statOf(stats);
}
