// A file system of a program's own as a volume: its paths are names from its root, so that a walk
// needs nothing but names; what it does not have is refused.

import { describe } from "../../../errors.ts";
import type { FileStat, FileSystem, FileSystemFile, FileTimes, OpenMode } from "./file_system.ts";
import { FsFailure } from "./fs_errors.ts";
import { type Later, type Steps, take, then } from "./steps.ts";
import { type FileId, sameFile, type Stat, type Volume, type VolumeFile, type Walk } from "./volumes.ts";

/** The numbers of the devices: below those that operating systems give. */
const devices = new WeakMap<FileSystem, bigint>();
let lastDevice = 0n;

function deviceOf(files: FileSystem): bigint {
  let device = devices.get(files);
  if (device === undefined) devices.set(files, device = --lastDevice);
  return device;
}

const FUNCTIONS = ["stat", "entries", "open", "makeDirectory", "removeDirectory", "removeFile", "rename"] as const;
const OPTIONAL = ["link", "symbolicLink", "readLink", "setTimes"] as const;

/** Refuses what is no file system. @param option What it was given as. */
export function checkFileSystem(option: string, value: unknown): asserts value is FileSystem {
  if (typeof value !== "object" || value === null) throw wrong(option, describe(value));
  const files = value as Partial<Record<string, unknown>>;
  for (const name of FUNCTIONS) if (typeof files[name] !== "function") throw wrong(option, `one without \`${name}\``);
  for (const name of OPTIONAL) {
    if (files[name] !== undefined && typeof files[name] !== "function") {
      throw wrong(option, `one whose \`${name}\` is ${describe(files[name])}`);
    }
  }
}

function wrong(option: string, found: string): TypeError {
  return new TypeError(`WASI option ${option} must be a path, a file system or an object with one, found ${found}`);
}

const cannot = (what: string): FsFailure => new FsFailure("not-permitted", `this file system has no ${what}`);

/** A walk that is a list of names. */
class NameWalk implements Walk {
  readonly #volume: OwnVolume;
  readonly #base: string;
  readonly passed: string[] = [];

  constructor(volume: OwnVolume, base: string) {
    this.#volume = volume;
    this.#base = base;
  }

  path(name: string): string {
    return this.#volume.join(this.#base, name === "." ? this.passed : [...this.passed, name]);
  }

  stat(name: string): Later<Stat | undefined> {
    return this.#volume.stat(this.path(name));
  }

  enter(name: string): Later<boolean> {
    return then(this.stat(name), (stat) => {
      if (stat === undefined) throw new FsFailure("no-entry");
      if (stat.type !== "directory") return false;
      this.passed.push(name);
      return true;
    });
  }

  leave(): void {
    this.passed.pop();
  }

  close(): void {}
}

function known(stat: FileStat, device: bigint): Stat {
  return { ...stat, device: stat.device ?? device };
}

/** A file of such a file system, with all functions. */
class OwnFile implements VolumeFile {
  readonly #file: FileSystemFile;
  readonly #device: bigint;
  readonly id: FileId;

  constructor(file: FileSystemFile, device: bigint, stat: FileStat) {
    this.#file = file;
    this.#device = device;
    this.id = known(stat, device);
  }

  stat(): Later<Stat> {
    return then(this.#file.stat(), (stat) => known(stat, this.#device));
  }

  read(into: Uint8Array, position: number): Later<number> {
    return this.#file.read(into, position);
  }

  write(bytes: Uint8Array, position: number): Later<number> {
    return this.#file.write(bytes, position);
  }

  append(bytes: Uint8Array): Later<number> {
    if (this.#file.append !== undefined) return this.#file.append(bytes);
    return then(this.#file.stat(), ({ size }) => this.#file.write(bytes, Number(size)));
  }

  setSize(size: number): Later<void> {
    return this.#file.setSize(size);
  }

  setTimes(times: FileTimes): Later<void> {
    if (this.#file.setTimes === undefined) throw cannot("times to be set");
    return this.#file.setTimes(times);
  }

  sync(dataOnly: boolean): Later<void> {
    return this.#file.sync?.(dataOnly);
  }

  close(): Later<void> {
    return this.#file.close();
  }
}

/** A file system of the program's own. */
export class OwnVolume implements Volume {
  readonly #files: FileSystem;
  readonly #device: bigint;
  readonly separator = "/";

  /** @param files What `checkFileSystem` let pass. */
  constructor(files: FileSystem) {
    this.#files = files;
    this.#device = deviceOf(files);
  }

  /** The identity of the root, which is not asked for. */
  get root(): FileId {
    return { device: this.#device, id: -1n };
  }

  join(path: string, names: readonly string[]): string {
    const below = names.join("/");
    return path === "" || below === "" ? path + below : `${path}/${below}`;
  }

  stat(path: string): Later<Stat | undefined> {
    return then(this.#files.stat(path), (stat) => {
      return stat && (path === "" ? { ...stat, ...this.root } : known(stat, this.#device));
    });
  }

  walk(path: string, id: FileId): Later<Walk> {
    const walk = new NameWalk(this, path);
    if (path === "") return walk;
    return then(this.stat(path), (stat) => {
      if (stat?.type === "directory" && sameFile(stat, id)) return walk;
      throw new FsFailure("no-entry", "the directory was moved or removed");
    });
  }

  open(path: string, mode: OpenMode): Later<VolumeFile> {
    return take(this.#open(path, mode));
  }

  *#open(path: string, mode: OpenMode): Steps<VolumeFile> {
    const file: FileSystemFile = yield this.#files.open(path, mode);
    try {
      return new OwnFile(file, this.#device, yield file.stat());
    } catch (error) {
      try {
        yield file.close();
      } catch {
        // the first failure is the one to tell
      }
      throw error;
    }
  }

  entries(path: string): ReturnType<FileSystem["entries"]> {
    return this.#files.entries(path);
  }

  makeDirectory(path: string): Later<void> {
    return this.#files.makeDirectory(path);
  }

  removeDirectory(path: string): Later<void> {
    return this.#files.removeDirectory(path);
  }

  removeFile(path: string): Later<void> {
    return this.#files.removeFile(path);
  }

  rename(from: string, to: string): Later<void> {
    return this.#files.rename(from, to);
  }

  link(from: string, to: string): Later<void> {
    if (this.#files.link === undefined) throw cannot("hard links");
    return this.#files.link(from, to);
  }

  symbolicLink(content: string, path: string): Later<void> {
    if (this.#files.symbolicLink === undefined) throw cannot("symbolic links");
    return this.#files.symbolicLink(content, path);
  }

  readLink(path: string): Later<string> {
    if (this.#files.readLink === undefined) throw cannot("symbolic links");
    return then(this.#files.readLink(path), (content) => {
      if (typeof content !== "string" || content === "") throw new FsFailure("io", "a link that says nothing");
      return content;
    });
  }

  setTimes(path: string, times: FileTimes): Later<void> {
    if (this.#files.setTimes === undefined) throw cannot("times to be set");
    return this.#files.setTimes(path, times);
  }
}
