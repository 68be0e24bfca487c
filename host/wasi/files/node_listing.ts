// What a directory of the operating system's holds, as a list of names and kinds.

import type { Dirent } from "node:fs";
import { required } from "../base/platform.ts";
import type { FileEntry } from "./file_system.ts";
import { FsFailure } from "./fs_errors.ts";
import { statAt, typeOf } from "./node_stats.ts";

/** What stands in a decoded name for bytes that are no UTF-8. */
const REPLACEMENT = "\uFFFD";

/**
 * The entries of a directory, without `.` and `..`. One whose name is no UTF-8 is a failure in its
 * place.
 */
export function listDirectory(path: string): (FileEntry | FsFailure)[] {
  const replaced = new Set<string>();
  return required("node:fs", "preopens").readdirSync(path, { withFileTypes: true }).map((entry: Dirent) => {
    const { name } = entry;
    if (!name.includes(REPLACEMENT)) return { type: typeOf(entry), name };
    // Runtimes decode names leniently, and Deno knows no other way. Several names may look like
    // this one; at most one of them really has that character, and it is the one that is found by
    // its name.
    const stat = replaced.has(name) ? undefined : statAt(`${path}/${name}`);
    replaced.add(name);
    return stat === undefined ? new FsFailure("illegal-byte-sequence") : { type: stat.type, name };
  });
}
