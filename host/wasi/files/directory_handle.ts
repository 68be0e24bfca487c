// A browser's directory as a file system: paths in, its handles' functions called. Browsers have no
// links and no way to set times; directories are not moved, only files.

import { describe } from "../../../errors.ts";
import type { FileEntry, FileStat, FileSystem, FileSystemFile, OpenMode } from "./file_system.ts";
import { nanoseconds, SharedFile } from "./handle_file.ts";
import { splitPath } from "./split_path.ts";
import { codedFailure, type FileHandle, type FolderHandle, handleFailure } from "./handle_types.ts";

/** What has a name in a folder. */
async function childOf(folder: FolderHandle, name: string): Promise<FileHandle | FolderHandle | undefined> {
  try {
    return await folder.getFileHandle(name);
  } catch (error) {
    const { name: said } = error as { name?: string };
    if (said === "NotFoundError") return undefined;
    if (said !== "TypeMismatchError") throw error;
    return await folder.getDirectoryHandle(name);
  }
}

/** The handles of one directory and what is below it. */
class Handles {
  readonly #root: FolderHandle;
  /** Numbers of paths: browsers give none. */
  readonly #ids = new Map<string, bigint>();
  #lastId = 0n;
  /** Files that are open. */
  readonly #files = new Map<string, SharedFile>();

  constructor(root: FolderHandle) {
    this.#root = root;
  }

  async folder(path: string): Promise<FolderHandle> {
    let folder = this.#root;
    for (const name of path === "" ? [] : path.split("/")) folder = await folder.getDirectoryHandle(name);
    return folder;
  }

  async find(path: string): Promise<FileHandle | FolderHandle | undefined> {
    if (path === "") return this.#root;
    const [above, name] = splitPath(path);
    return await childOf(await this.folder(above), name);
  }

  async existing(path: string): Promise<FileHandle | FolderHandle> {
    const found = await this.find(path);
    if (found === undefined) throw handleFailure("ENOENT", path);
    return found;
  }

  #idOf(path: string): bigint {
    let id = this.#ids.get(path);
    if (id === undefined) this.#ids.set(path, id = ++this.#lastId);
    return id;
  }

  async stat(path: string): Promise<FileStat | undefined> {
    const found = await this.find(path);
    if (found === undefined) return undefined;
    if (found.kind === "directory") return { type: "directory", size: 0n, id: this.#idOf(path) };
    const open = this.#files.get(path);
    if (open !== undefined) return await open.stat();
    const { size, lastModified } = await found.getFile();
    return { type: "regular-file", size: BigInt(size), id: this.#idOf(path), modified: nanoseconds(lastModified) };
  }

  /** The file of a handle, shared with those who have it open already. */
  file(path: string, handle: FileHandle): SharedFile {
    let file = this.#files.get(path);
    if (file === undefined) {
      const made = file = new SharedFile(handle, this.#idOf(path), () => {
        if (this.#files.get(path) === made) this.#files.delete(path);
      });
      this.#files.set(path, made);
    }
    return file;
  }

  /** Refuses to take a file's name away while it is open: browsers would lose what is written then. */
  async mustBeClosed(path: string): Promise<void> {
    if (await this.#files.get(path)?.isUsed()) throw handleFailure("EBUSY", `${path} is open`);
  }

  /** A path is gone: what is at it later is something else. */
  forget(path: string): void {
    this.#ids.delete(path);
  }

  /** What was at one path is at another. */
  moved(from: string, to: string): void {
    const id = this.#idOf(from);
    this.#ids.delete(from);
    this.#ids.set(to, id);
  }
}

async function rename(handles: Handles, from: string, to: string): Promise<void> {
  const source = await handles.existing(from), target = await handles.find(to);
  if (from === to) return;
  // Programs that move directories copy them where they are told this.
  if (source.kind === "directory") throw handleFailure("EXDEV", "browsers do not move directories");
  if (target?.kind === "directory") throw handleFailure(from.startsWith(`${to}/`) ? "ENOTEMPTY" : "EISDIR", to);
  for (const path of [from, to]) await handles.mustBeClosed(path);
  const [above, name] = splitPath(to), folder = await handles.folder(above);
  if (source.move === undefined) {
    const [old, oldName] = splitPath(from);
    await copy(source, folder, name);
    await (await handles.folder(old)).removeEntry(oldName);
  } else if (target === undefined) await source.move(folder, name);
  else await replace(source as Required<FileHandle>, target as FileHandle, folder, name);
  handles.moved(from, to);
}

/** Moves a file over another one, which is kept until that has worked: not every browser does so. */
async function replace(
  source: Required<FileHandle>,
  target: FileHandle,
  folder: FolderHandle,
  name: string,
): Promise<void> {
  try {
    return await source.move(folder, name);
  } catch (error) {
    if ((error as { name?: unknown }).name !== "InvalidModificationError") throw error;
  }
  const aside = `${name}.${crypto.randomUUID()}`;
  await target.move!(folder, aside);
  try {
    await source.move(folder, name);
  } catch (error) {
    await target.move!(folder, name);
    throw error;
  }
  await folder.removeEntry(aside);
}

/** Writes a file's bytes to another one, and makes them last. */
async function copy(source: FileHandle, folder: FolderHandle, name: string): Promise<void> {
  const target = await folder.getFileHandle(name, { create: true });
  const file = new SharedFile(target, 0n, () => {}).open();
  try {
    let position = 0;
    await file.setSize(0);
    const reader = (await source.getFile()).stream().getReader();
    for (;;) {
      const { done, value } = await reader.read();
      if (done) break;
      position += await file.write(value, position);
    }
  } finally {
    await file.close();
  }
}

async function open(
  handles: Handles,
  path: string,
  { create, exclusive, truncate }: OpenMode,
): Promise<FileSystemFile> {
  let found = await handles.find(path);
  if (found === undefined && !create) throw handleFailure("ENOENT", path);
  if (found !== undefined && create && exclusive) throw handleFailure("EEXIST", path);
  if (found === undefined) {
    const [above, name] = splitPath(path);
    found = await (await handles.folder(above)).getFileHandle(name, { create: true });
  }
  if (found.kind === "directory") throw handleFailure("EISDIR", path);
  const file = handles.file(path, found).open();
  try {
    if (truncate) await file.setSize(0);
    return file;
  } catch (error) {
    await file.close();
    throw error;
  }
}

async function entriesOf(folder: FolderHandle): Promise<FileEntry[]> {
  const entries: FileEntry[] = [];
  for await (const { name, kind } of folder.values()) {
    entries.push({ name, type: kind === "directory" ? "directory" : "regular-file" });
  }
  return entries;
}

function isFolder(handle: unknown): handle is FolderHandle {
  return typeof handle === "object" && handle !== null && (handle as FolderHandle).kind === "directory" &&
    typeof (handle as FolderHandle).getDirectoryHandle === "function";
}

/**
 * A browser's directory as a file system, for `preopens`: its origin-private file system
 * (`navigator.storage.getDirectory()`), or one that its user picked (`showDirectoryPicker()`).
 *
 * Everything in it answers later: a component of WASI 0.2 has to be called through
 * `instance.promising`, as `run` and `serve` do, in an engine with JSPI; one of 0.3 needs nothing.
 * There are no links, times cannot be set, directories are not moved (a guest is told
 * `cross-device`), and a file that is open is neither removed nor moved (`busy`). In a worker, files
 * of the origin-private file system are read and written in place; elsewhere what is written is in
 * the file once a guest has read it, synced it or closed it.
 *
 * @param handle A `FileSystemDirectoryHandle`.
 * @returns The file system; several guests may share it.
 * @throws TypeError if it is none.
 *
 * @example
 * ```ts
 * import { directoryHandle, run } from "@windlass/component/wasi";
 *
 * async function inPage(command: Uint8Array<ArrayBuffer>, handle: unknown) {
 *   const files = directoryHandle(handle); // what navigator.storage.getDirectory() came to
 *   return await run(command, { args: ["command"], preopens: { "/": files }, stdout: "capture" });
 * }
 * ```
 */
export function directoryHandle(handle: unknown): FileSystem {
  if (!isFolder(handle)) {
    throw new TypeError(`directoryHandle takes a FileSystemDirectoryHandle, found ${describe(handle)}`);
  }
  const handles = new Handles(handle);
  /** A function whose failures have the system's names. */
  const coded =
    <A extends readonly unknown[], R>(func: (...args: A) => Promise<R>) => async (...args: A): Promise<R> => {
      try {
        return await func(...args);
      } catch (error) {
        throw codedFailure(error);
      }
    };
  /** What opens or changes names waits for its turn: between two steps, another would see half of it. */
  let last: Promise<unknown> = Promise.resolve();
  const inTurn = <A extends readonly unknown[], R>(func: (...args: A) => Promise<R>) => (...args: A): Promise<R> => {
    const done = last.then(() => coded(func)(...args));
    last = done.catch(() => {});
    return done;
  };
  return {
    stat: coded((path: string) => handles.stat(path)),
    entries: coded(async (path: string) => await entriesOf(await handles.folder(path))),
    open: inTurn((path: string, mode: OpenMode) => open(handles, path, mode)),
    makeDirectory: inTurn(async (path: string) => {
      const [above, name] = splitPath(path);
      if (await handles.find(path) !== undefined) throw handleFailure("EEXIST", path);
      await (await handles.folder(above)).getDirectoryHandle(name, { create: true });
    }),
    removeDirectory: inTurn(async (path: string) => {
      const [above, name] = splitPath(path);
      if ((await handles.existing(path)).kind !== "directory") throw handleFailure("ENOTDIR", path);
      await (await handles.folder(above)).removeEntry(name);
      handles.forget(path);
    }),
    removeFile: inTurn(async (path: string) => {
      const [above, name] = splitPath(path);
      if ((await handles.existing(path)).kind === "directory") throw handleFailure("EISDIR", path);
      await handles.mustBeClosed(path);
      await (await handles.folder(above)).removeEntry(name);
      handles.forget(path);
    }),
    rename: inTurn((from: string, to: string) => rename(handles, from, to)),
  };
}
