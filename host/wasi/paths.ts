// Confinement: a directory that a guest holds and a path that it names in, a place that lies within
// that directory out. Every part of the path is looked at before it is passed; links are followed
// by us, never by the operating system; `..` stops at the directory. What the last part of a path
// means is decided by the operation: a place says how the path ended.

import type { BigIntStats } from "node:fs";
import { FsFailure } from "./fs_errors.ts";
import { required, windows } from "./platform.ts";
import type { Walk } from "./walks.ts";

/** What POSIX calls PATH_MAX. */
const MAX_PATH = 4096;
/** What POSIX calls SYMLOOP_MAX. */
const MAX_LINKS = 40;

/**
 * Which links are followed besides those on the way: the last one, or that only before a slash at
 * the end, or never: a name is made, removed or replaced, and that of a link is its own.
 */
export type Follow = "last" | "before-slash" | "never";

/** Where a path leads. Valid until the walk is closed. */
export interface Place {
  /** The host's path for it, to be used without following a link. */
  readonly path: string;
  /** What is there; `undefined` if nothing is. */
  readonly stats: BigIntStats | undefined;
  /**
   * The names on the way from the directory where the path began, the last one included. None: it
   * is that directory itself.
   */
  readonly names: readonly string[];
  /** How the path ended: in a name, or in a directory that was already reached. */
  readonly end: "name" | "." | "..";
  /** Whether the path ended in a slash. */
  readonly slash: boolean;
}

const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/**
 * What a link says. A text that is no UTF-8 is an error: decoded leniently it would name another
 * file.
 */
export function readLink(path: string): string {
  let bytes: Uint8Array;
  try {
    bytes = required("node:fs", "preopens").readlinkSync(path, { encoding: "buffer" });
  } catch (error) {
    // Deno decodes strictly, bytes asked for or not.
    if ((error as { name?: unknown }).name === "InvalidData") throw new FsFailure("illegal-byte-sequence");
    throw error;
  }
  try {
    return utf8.decode(bytes);
  } catch {
    throw new FsFailure("illegal-byte-sequence");
  }
}

/**
 * Leads a walk, which stands in the directory that the guest holds, along a path of the guest's.
 */
export function resolve(walk: Walk, path: string, follow: Follow): Place {
  if (path === "") throw new FsFailure("no-entry", "an empty path");
  if (path.length > MAX_PATH) throw new FsFailure("name-too-long");
  /** What is left of the path, the next part last. */
  const ahead: string[] = [];
  let slash = false;
  const push = (text: string): void => {
    if (text.includes("\0")) throw new FsFailure("invalid", "a NUL in a path");
    if (text.startsWith("/") || windows && /[\\:]/.test(text)) throw new FsFailure("not-permitted", "an absolute path");
    // The end of a text that nothing follows is the end of the whole path.
    if (ahead.length === 0 && text.endsWith("/")) slash = true;
    ahead.push(...text.split("/").filter((part) => part !== "").reverse());
  };
  push(path);
  for (let links = 0;;) {
    const part = ahead.pop()!, last = ahead.length === 0;
    if (part === "." || part === "..") {
      if (part === "..") {
        if (walk.passed.length === 0) throw new FsFailure("not-permitted", "a path that leaves its directory");
        walk.leave();
      }
      if (last) return { path: walk.path("."), stats: walk.lstat("."), names: walk.passed, end: part, slash };
      continue;
    }
    if (last) {
      const stats = walk.lstat(part);
      if (!stats?.isSymbolicLink() || follow === "never" || follow === "before-slash" && !slash) {
        return { path: walk.path(part), stats, names: [...walk.passed, part], end: "name", slash };
      }
    } else {
      if (walk.enter(part)) continue;
      const stats = walk.lstat(part);
      if (stats === undefined) throw new FsFailure("no-entry");
      if (!stats.isSymbolicLink()) throw new FsFailure("not-directory");
    }
    if (++links > MAX_LINKS) throw new FsFailure("loop");
    push(readLink(walk.path(part)));
  }
}

/**
 * Where a path leads to something that must be there, and must be a directory if the path ends in a
 * slash.
 */
export function resolveExisting(walk: Walk, path: string, follow: boolean): Place & { readonly stats: BigIntStats } {
  const place = resolve(walk, path, follow ? "last" : "before-slash"), { stats } = place;
  if (stats === undefined) throw new FsFailure("no-entry");
  if (place.slash && !stats.isDirectory()) throw new FsFailure("not-directory");
  return { ...place, stats };
}
