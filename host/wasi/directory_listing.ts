// What a directory holds, as a list of names and kinds.

import type { BigIntStats, Dirent } from "node:fs";
import { descriptorType } from "./file_stats.ts";
import { FsFailure } from "./fs_errors.ts";
import { required } from "./platform.ts";
import type { Walk } from "./walks.ts";

/** The record `directory-entry`. */
export interface DirectoryEntry {
  readonly type: string;
  readonly name: string;
}

/** What stands in a decoded name for bytes that are no UTF-8. */
const REPLACEMENT = "\uFFFD";

/**
 * The entries of the directory where a walk stands, without `.` and `..`. One whose name is no
 * UTF-8 is a failure in its place.
 */
export function listDirectory(walk: Walk): (DirectoryEntry | FsFailure)[] {
  const replaced = new Set<string>();
  return required("node:fs", "preopens").readdirSync(walk.path("."), { withFileTypes: true }).map((entry: Dirent) => {
    const { name } = entry;
    if (!name.includes(REPLACEMENT)) return { type: descriptorType(entry), name };
    // Runtimes decode names leniently, and Deno knows no other way. Several names may look like
    // this one; at most one of them really has that character, and it is the one that is found by
    // its name.
    const stats: BigIntStats | undefined = replaced.has(name) ? undefined : walk.lstat(name);
    replaced.add(name);
    return stats === undefined ? new FsFailure("illegal-byte-sequence") : { type: descriptorType(stats), name };
  });
}
