// The directories that one guest has open: paths and identities in volumes in, walks that begin in
// them out. An open directory holds nothing of the volume's: its path is walked to for each use, and
// what is found there must be the same directory. One that the guest itself renames moves along;
// one that somebody else moved is gone.

import { Endings } from "../base/endings.ts";
import type { FileSystem } from "./file_system.ts";
import { NodeVolume } from "./node_volume.ts";
import { OwnVolume } from "./own_volume.ts";
import { type Follow, type Place, resolve } from "./paths.ts";
import type { Steps } from "./steps.ts";
import type { FileId, Volume, Walk } from "./volumes.ts";

/** A directory that a guest has open. */
export interface Directory {
  readonly volume: Volume;
  /** Its path in the volume; changed when the guest itself renames it. */
  path: string;
  readonly id: FileId;
}

/** The directories that one guest has open, and the volumes that they are in. */
export class Directories {
  readonly #open = new Set<Directory>();
  readonly #own = new Map<FileSystem, OwnVolume>();
  #node: NodeVolume | undefined;
  /** Whether walks through the operating system's files go by descriptor. */
  readonly #descriptors: boolean | undefined;

  /** What files that were closed come to, if that is later. */
  readonly endings: Endings;

  /** @param descriptors Whether walks go by descriptor; default where that is possible. */
  constructor(endings: Endings = new Endings(), descriptors?: boolean) {
    this.endings = endings;
    this.#descriptors = descriptors;
  }

  /** A directory of the host's, or the root of a file system of the program's own. */
  preopen(files: string | FileSystem): Directory {
    if (typeof files === "string") {
      const volume = this.#node ??= new NodeVolume(this.#descriptors), { path, id } = volume.directory(files);
      return this.add(volume, path, id);
    }
    let volume = this.#own.get(files);
    if (volume === undefined) this.#own.set(files, volume = new OwnVolume(files));
    return this.add(volume, "", volume.root);
  }

  /** A directory that was resolved. */
  add(volume: Volume, path: string, { device, id }: FileId): Directory {
    const directory: Directory = { volume, path, id: { device, id } };
    this.#open.add(directory);
    return directory;
  }

  /** Nobody holds it any more. */
  close(directory: Directory): void {
    this.#open.delete(directory);
  }

  /** A rename by a guest: directories within move along. */
  moved(volume: Volume, from: string, to: string): void {
    for (const directory of this.#open) {
      if (directory.volume !== volume) continue;
      if (directory.path === from) directory.path = to;
      else if (directory.path.startsWith(from + volume.separator)) {
        directory.path = to + directory.path.slice(from.length);
      }
    }
  }
}

/** Uses a walk that begins in a directory, and closes it. */
export function* walkFrom<T>({ volume, path, id }: Directory, use: (walk: Walk) => Steps<T>): Steps<T> {
  const walk: Walk = yield volume.walk(path, id);
  try {
    return yield* use(walk);
  } finally {
    walk.close();
  }
}

/** Uses the place that a path of the guest's leads to. */
export function at<T>(directory: Directory, path: string, follow: Follow, use: (place: Place) => Steps<T>): Steps<T> {
  return walkFrom(directory, function* (walk) {
    return yield* use(yield* resolve(directory.volume, walk, path, follow));
  });
}
