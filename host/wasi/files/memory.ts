// A file system in memory: names and contents in, what `preopens` takes out, with a way for the host
// to see what a guest left. It does what POSIX says.

import { describe } from "../../../errors.ts";
import { MAX_NAME, MAX_WHOLE_PATH } from "../base/limits.ts";
import { at } from "./directories.ts";
import type { FileEntry, FileStat, FileSystem, FileSystemFile, FileTimes, OpenMode } from "./file_system.ts";
import { failure, FileNode, FolderNode, LinkNode, type Node, Room } from "./memory_nodes.ts";
import { OwnVolume } from "./own_volume.ts";
import { splitPath } from "./split_path.ts";
import { take } from "./steps.ts";

/** Names to contents or folders. */
export interface MemoryFiles {
  /** Bytes, a text as UTF-8, or a folder. */
  readonly [name: string]: Uint8Array | string | MemoryFiles;
}

/** Folders within folders that are made at once. */
const MAX_DEPTH = 100;

/** The nodes of one file system. Paths are names, joined by `/`. */
class Tree {
  readonly #room = new Room();
  readonly #root = new FolderNode(this.#room);

  /** What a path leads to; nothing if nothing is there. */
  find(path: string): Node | undefined {
    if (path === "") return this.#root;
    let node: Node | undefined = this.#root;
    for (const name of path.split("/")) {
      if (!(node instanceof FolderNode)) return undefined;
      node = node.entries.get(name);
    }
    return node;
  }

  /** The same of something that must be there. */
  existing(path: string): Node {
    const node = this.find(path);
    if (node === undefined) throw failure("ENOENT", path);
    return node;
  }

  folder(path: string): FolderNode {
    const node = this.existing(path);
    if (!(node instanceof FolderNode)) throw failure("ENOTDIR", path);
    return node;
  }

  /** The folder of a path's last name, and that name. */
  above(path: string): { readonly folder: FolderNode; readonly name: string } {
    if (path === "") throw failure("EBUSY", "the root");
    const [above, name] = splitPath(path), folder = this.folder(above);
    if (name.length > MAX_NAME || path.length > MAX_WHOLE_PATH) throw failure("ENAMETOOLONG", name.slice(0, MAX_NAME));
    return { folder, name };
  }

  /** Gives a new name to what `make` makes, where nothing has it. */
  add<N extends Node>(path: string, make: (room: Room) => N): N {
    const { folder, name } = this.above(path);
    if (folder.entries.has(name)) throw failure("EEXIST", path);
    this.#room.enter();
    const node = make(this.#room);
    folder.entries.set(name, node);
    folder.touch();
    return node;
  }

  /** Takes a name away. */
  remove(path: string): void {
    const { folder, name } = this.above(path);
    folder.entries.get(name)?.unlink();
    folder.entries.delete(name);
    folder.touch();
  }

  rename(from: string, to: string): void {
    const node = this.existing(from), old = this.find(to), source = this.above(from), target = this.above(to);
    if (node === old) return;
    if (from.startsWith(`${to}/`)) throw failure("ENOTEMPTY", to);
    if (node instanceof FolderNode) {
      if (to.startsWith(`${from}/`)) throw failure("EINVAL", to);
      if (old !== undefined && !(old instanceof FolderNode)) throw failure("ENOTDIR", to);
      if (old !== undefined && old.entries.size > 0) throw failure("ENOTEMPTY", to);
    } else if (old instanceof FolderNode) throw failure("EISDIR", to);
    old?.unlink();
    source.folder.entries.delete(source.name);
    target.folder.entries.set(target.name, node);
    source.folder.touch();
    target.folder.touch();
  }
}

/** An open file. */
class MemoryFile implements FileSystemFile {
  readonly #node: FileNode;

  constructor(node: FileNode) {
    this.#node = node;
    node.open();
  }

  stat(): FileStat {
    return this.#node.stat();
  }
  read(into: Uint8Array, position: number): number {
    return this.#node.read(into, position);
  }
  write(bytes: Uint8Array, position: number): number {
    return this.#node.write(bytes, position);
  }
  setSize(size: number): void {
    this.#node.setSize(size);
  }
  setTimes(times: FileTimes): void {
    this.#node.setTimes(times);
  }
  close(): void {
    this.#node.close();
  }
}

function plant(tree: Tree, files: MemoryFiles, path: string, depth: number): void {
  if (depth > MAX_DEPTH) throw new TypeError(`memoryFileSystem: more than ${MAX_DEPTH} folders within each other`);
  for (const [name, contents] of Object.entries(files)) {
    if (name === "" || name === "." || name === ".." || /[/\0]/.test(name)) {
      throw new TypeError(
        `memoryFileSystem: ${JSON.stringify(name)} is no name of a file: a folder is an object of its own`,
      );
    }
    const here = path === "" ? name : `${path}/${name}`;
    if (typeof contents === "string" || contents instanceof Uint8Array) {
      const bytes = typeof contents === "string" ? new TextEncoder().encode(contents) : contents;
      tree.add(here, (room) => new FileNode(room)).write(bytes, 0);
    } else if (isFolder(contents)) {
      tree.add(here, (room) => new FolderNode(room));
      plant(tree, contents, here, depth + 1);
    } else {
      throw new TypeError(`memoryFileSystem: ${here} must be bytes, a string or a folder, found ${describe(contents)}`);
    }
  }
}

function isFolder(value: unknown): value is MemoryFiles {
  return typeof value === "object" && value !== null && !Array.isArray(value) && !ArrayBuffer.isView(value) &&
    !(value instanceof ArrayBuffer);
}

/** A path of the host's as a guest's: `/a` and `a` are the same, and nothing is the root. */
function fromRoot(path: string): string {
  return path.replace(/^\/+/, "") || ".";
}

/**
 * Makes a file system in memory, for `preopens` in every runtime. What a guest changes is seen
 * through `read` and `list`. Its files have at most a gibibyte together.
 *
 * @param files What is there at first: names to bytes, texts or folders. It is copied.
 * @returns The file system; several guests may share it. `read` gives a copy of a file's bytes, or
 *   `undefined` where no file is; `list` gives the names in a folder and throws where none is.
 *   Their paths begin at the root, and links in them are followed.
 * @throws TypeError if a name or what it has is neither.
 *
 * @example
 * ```ts
 * import { memoryFileSystem, run } from "@windlass/component/wasi";
 * import { assertEquals } from "@std/assert";
 *
 * const files = memoryFileSystem({ "poem.txt": "a line\nanother\n", drafts: { "old.txt": "" } });
 * const bytes = await Deno.readFile("tests/wasi/guests/count.wasm");
 * const options = { args: ["count", "poem.txt"], preopens: { "/": files }, stdout: "capture" } as const;
 * const { stdout } = await run(bytes, options);
 * assertEquals(new TextDecoder().decode(stdout).trim().split(/\s+/), ["2", "15", "poem.txt"]);
 * assertEquals(files.list("drafts"), ["old.txt"]);
 * assertEquals(files.read("drafts/old.txt")?.length, 0);
 * ```
 */
export function memoryFileSystem(
  files: MemoryFiles = {},
): FileSystem & { read(path: string): Uint8Array<ArrayBuffer> | undefined; list(path: string): readonly string[] } {
  if (!isFolder(files)) throw new TypeError(`memoryFileSystem takes names and contents, found ${describe(files)}`);
  const tree = new Tree();
  plant(tree, files, "", 0);
  const fileSystem: FileSystem = systemOf(tree), volume = new OwnVolume(fileSystem);
  /** What a path of the host's leads to. */
  const look = (path: string): Node | undefined => {
    const root = { volume, path: "", id: volume.root };
    // deno-lint-ignore require-yield -- the place is all that is wanted
    const place = take(at(root, fromRoot(path), "last", function* (place) {
      return place;
    })) as { readonly path: string };
    return tree.find(place.path);
  };
  return {
    ...fileSystem,
    read(path) {
      try {
        const node = look(path);
        return node instanceof FileNode ? node.contents() : undefined;
      } catch {
        return undefined;
      }
    },
    list(path) {
      const node = look(path);
      if (!(node instanceof FolderNode)) throw failure(node === undefined ? "ENOENT" : "ENOTDIR", path);
      return [...node.entries.keys()];
    },
  };
}

function systemOf(tree: Tree): FileSystem {
  return {
    stat: (path) => tree.find(path)?.stat(),
    entries: (path) => [...tree.folder(path).entries].map(([name, node]): FileEntry => ({ name, type: node.type })),
    open: (path, { create, exclusive, truncate }: OpenMode) => {
      const found = tree.find(path);
      if (found === undefined && !create) throw failure("ENOENT", path);
      if (found !== undefined && create && exclusive) throw failure("EEXIST", path);
      const node = found ?? tree.add(path, (room) => new FileNode(room));
      if (node instanceof FolderNode) throw failure("EISDIR", path);
      if (node instanceof LinkNode) throw failure("ELOOP", path);
      if (truncate) node.setSize(0);
      return new MemoryFile(node);
    },
    makeDirectory: (path) => void tree.add(path, (room) => new FolderNode(room)),
    removeDirectory: (path) => {
      if (tree.folder(path).entries.size > 0) throw failure("ENOTEMPTY", path);
      tree.remove(path);
    },
    removeFile: (path) => {
      if (tree.existing(path) instanceof FolderNode) throw failure("EISDIR", path);
      tree.remove(path);
    },
    rename: (from, to) => tree.rename(from, to),
    link: (from, to) => {
      const node = tree.existing(from);
      if (node instanceof FolderNode) throw failure("EPERM", from);
      tree.add(to, () => node);
      node.links++;
    },
    symbolicLink: (content, path) => {
      if (content.length > MAX_NAME * 16) throw failure("ENAMETOOLONG", "what a link says");
      tree.add(path, (room) => new LinkNode(room, content));
    },
    readLink: (path) => {
      const node = tree.existing(path);
      if (!(node instanceof LinkNode)) throw failure("EINVAL", path);
      return node.content;
    },
    setTimes: (path, times) => tree.existing(path).setTimes(times),
  };
}
