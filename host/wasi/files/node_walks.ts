// Where a walk along a path stands: in one directory, whose names can be looked at, used and gone
// into. By descriptor: the walk holds the directory open, and the operating system looks names up
// in exactly that directory, whatever becomes of its path meanwhile. By path: the walk holds the
// directory's path, which somebody else may change before it is used.

import { fsErrorCode, FsFailure } from "./fs_errors.ts";
import { statAt, statOf } from "./node_stats.ts";
import { linux, mayUse, required } from "../base/platform.ts";
import { type FileId, sameFile, type Stat, type Walk } from "./volumes.ts";

/**
 * Linux's O_PATH, which Node does not name: a descriptor to walk from, for which the directory need
 * not be readable.
 */
const O_PATH = 0o10000000;
/**
 * Where Linux shows the descriptors of this process: what follows one of them is looked up in the
 * directory that it holds.
 */
export const DESCRIPTORS = "/proc/self/fd";

/** Opens a directory to walk from. The last part of the path is not followed if it is a link. */
function openDirectory(path: string): number {
  const fs = required("node:fs", "preopens"), { O_DIRECTORY, O_NOFOLLOW } = fs.constants;
  return fs.openSync(path, O_PATH | O_DIRECTORY | O_NOFOLLOW);
}

let relative: boolean | undefined;

/**
 * Whether names can be used relative to an open directory. Linux has `/proc/self/fd`; Deno gives
 * that only with all permissions. Asked once: what is tried is to look at a directory and at its
 * path through its descriptor.
 */
export function usesDescriptors(): boolean {
  return relative ??= linux && mayUse(DESCRIPTORS) && triesDescriptors();
}

function triesDescriptors(): boolean {
  const fs = required("node:fs", "preopens");
  let fd: number | undefined;
  try {
    fd = openDirectory("/");
    const [through, itself] = [
      statOf(fs.lstatSync(`${DESCRIPTORS}/${fd}/.`, { bigint: true })),
      statOf(fs.lstatSync("/", { bigint: true })),
    ];
    return sameFile(through, itself) && fs.readlinkSync(`${DESCRIPTORS}/${fd}`) === "/";
  } catch {
    return false;
  } finally {
    if (fd !== undefined) fs.closeSync(fd);
  }
}

/** What an opened or looked up directory is that is not the one that was opened before. */
const moved = (): FsFailure => new FsFailure("no-entry", "the directory was moved or removed");
const behindLink = (): FsFailure => new FsFailure("not-permitted", "the directory was moved behind a link");

/** A walk that holds its directory open. */
export class OpenWalk implements Walk {
  readonly #fs = required("node:fs", "preopens");
  readonly passed: string[] = [];
  /** The directories above, to know each again on the way back. */
  readonly #above: FileId[] = [];
  #fd: number;

  private constructor(fd: number) {
    this.#fd = fd;
  }

  /** Begins in the directory of that real path and identity. */
  static begin(real: string, id: FileId): OpenWalk {
    let fd: number;
    try {
      fd = openDirectory(real);
    } catch (error) {
      throw ["no-entry", "not-directory", "loop"].includes(fsErrorCode(error)) ? moved() : error;
    }
    const walk = new OpenWalk(fd);
    try {
      if (!sameFile(walk.#here(), id)) throw moved();
      // The path led there; the directory must also be there, not behind a link that the path has
      // now.
      if (walk.#fs.readlinkSync(`${DESCRIPTORS}/${fd}`) !== real) throw behindLink();
      return walk;
    } catch (error) {
      walk.close();
      throw error;
    }
  }

  path(name: string): string {
    return `${DESCRIPTORS}/${this.#fd}/${name}`;
  }

  stat(name: string): Stat | undefined {
    return statAt(this.path(name));
  }

  /** What it stands in. */
  #here(): FileId {
    return statOf(this.#fs.fstatSync(this.#fd, { bigint: true }));
  }

  enter(name: string): boolean {
    const { device, id } = this.#here();
    let fd: number;
    try {
      fd = openDirectory(this.path(name));
    } catch (error) {
      if (["not-directory", "loop"].includes(fsErrorCode(error))) return false;
      throw error;
    }
    this.#above.push({ device, id });
    this.passed.push(name);
    this.#stand(fd);
    return true;
  }

  leave(): void {
    const fd = openDirectory(this.path("..")), id = this.#above.pop()!;
    this.passed.pop();
    this.#stand(fd);
    // Somebody moved the directory elsewhere: what is above it now may lie outside.
    if (!sameFile(this.#here(), id)) throw moved();
  }

  #stand(fd: number): void {
    const before = this.#fd;
    this.#fd = fd;
    this.#fs.closeSync(before);
  }

  close(): void {
    this.#fs.closeSync(this.#fd);
  }
}

/** A walk that holds its directory's path. */
export class PathWalk implements Walk {
  readonly #fs = required("node:fs", "preopens");
  readonly #path = required("node:path", "preopens");
  readonly #base: string;
  readonly passed: string[] = [];

  private constructor(base: string) {
    this.#base = base;
  }

  /** Begins in the directory of that real path and identity. */
  static begin(real: string, id: FileId): PathWalk {
    const walk = new PathWalk(real), stat = walk.stat(".");
    if (stat?.type !== "directory" || !sameFile(stat, id)) throw moved();
    if (walk.#fs.realpathSync.native(real) !== real) throw behindLink();
    return walk;
  }

  path(name: string): string {
    return this.#path.join(this.#base, ...this.passed, name);
  }

  stat(name: string): Stat | undefined {
    return statAt(this.path(name));
  }

  enter(name: string): boolean {
    const stat = this.stat(name);
    if (stat === undefined) throw new FsFailure("no-entry");
    if (stat.type !== "directory") return false;
    this.passed.push(name);
    return true;
  }

  leave(): void {
    this.passed.pop();
  }

  close(): void {}
}
