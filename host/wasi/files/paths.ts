// Confinement: a directory that a guest holds and a path that it names in, a place that lies within
// that directory out. Every part of the path is looked at before it is passed; links are followed
// by us, never by the operating system; `..` stops at the directory. What the last part of a path
// means is decided by the operation: a place says how the path ended.

import { FsFailure } from "./fs_errors.ts";
import type { Steps } from "./steps.ts";
import type { Stat, Volume, Walk } from "./volumes.ts";

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
  /** The volume's path for it, to be used without following a link. */
  readonly path: string;
  /** What is there; `undefined` if nothing is. */
  readonly stat: Stat | undefined;
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

/**
 * Leads a walk, which stands in the directory that the guest holds, along a path of the guest's.
 */
export function* resolve(volume: Volume, walk: Walk, path: string, follow: Follow): Steps<Place> {
  if (path === "") throw new FsFailure("no-entry", "an empty path");
  const parts = new PathParts(volume);
  parts.push(path);
  for (let links = 0;;) {
    const part = parts.next(), last = parts.atEnd, { slash } = parts;
    if (part === "." || part === "..") {
      if (part === "..") {
        if (walk.passed.length === 0) throw new FsFailure("not-permitted", "a path that leaves its directory");
        yield walk.leave();
      }
      if (last) return { path: walk.path("."), stat: yield walk.stat("."), names: walk.passed, end: part, slash };
      continue;
    }
    if (last) {
      const stat: Stat | undefined = yield walk.stat(part);
      if (stat?.type !== "symbolic-link" || follow === "never" || follow === "before-slash" && !slash) {
        return { path: walk.path(part), stat, names: [...walk.passed, part], end: "name", slash };
      }
    } else {
      if (yield walk.enter(part)) continue;
      const stat: Stat | undefined = yield walk.stat(part);
      if (stat === undefined) throw new FsFailure("no-entry");
      if (stat.type !== "symbolic-link") throw new FsFailure("not-directory");
    }
    if (++links > MAX_LINKS) throw new FsFailure("loop");
    parts.push(yield volume.readLink(walk.path(part)));
  }
}

/** What is left of a path. */
class PathParts {
  readonly #windows: boolean;
  /** The next part last. */
  readonly #ahead: string[] = [];
  /** Whether the path ends in a slash. */
  slash = false;

  constructor({ separator }: Volume) {
    this.#windows = separator === "\\";
  }

  /** Whether nothing is left. */
  get atEnd(): boolean {
    return this.#ahead.length === 0;
  }

  next(): string {
    return this.#ahead.pop()!;
  }

  /** A path of the guest's or a link's, which comes before what is left. */
  push(text: string): void {
    if (text.length > MAX_PATH) throw new FsFailure("name-too-long");
    if (text.includes("\0")) throw new FsFailure("invalid", "a NUL in a path");
    if (text.startsWith("/") || this.#windows && /[\\:]/.test(text)) {
      throw new FsFailure("not-permitted", "an absolute path");
    }
    // The end of a text that nothing follows is the end of the whole path.
    if (this.atEnd && text.endsWith("/")) this.slash = true;
    this.#ahead.push(...text.split("/").filter((part) => part !== "").reverse());
  }
}

/**
 * Where a path leads to something that must be there, and must be a directory if the path ends in a
 * slash.
 */
export function* resolveExisting(
  volume: Volume,
  walk: Walk,
  path: string,
  follow: boolean,
): Steps<Place & { readonly stat: Stat }> {
  const place = yield* resolve(volume, walk, path, follow ? "last" : "before-slash"), { stat } = place;
  if (stat === undefined) throw new FsFailure("no-entry");
  if (place.slash && stat.type !== "directory") throw new FsFailure("not-directory");
  return { ...place, stat };
}
