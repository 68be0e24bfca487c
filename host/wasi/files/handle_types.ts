// What browsers call `FileSystemHandle`s, as far as it is used here: not every runtime's types have
// them, and not every browser has all of it.

/** A chunk for a writable file, at its place. */
export type WriteParams =
  | { readonly type: "write"; readonly position: number; readonly data: Uint8Array }
  | { readonly type: "truncate"; readonly size: number };

/** A file that is being written: what is written is there once it is closed. */
export interface WritableHandle {
  write(params: WriteParams): Promise<void>;
  close(): Promise<void>;
}

/** A file that is read and written at once; in workers only. */
export interface SyncAccessHandle {
  read(into: Uint8Array, options: { readonly at: number }): number;
  write(bytes: Uint8Array, options: { readonly at: number }): number;
  truncate(size: number): void;
  getSize(): number;
  flush(): void;
  close(): void;
}

/** A file. */
export interface FileHandle {
  readonly kind: "file";
  readonly name: string;
  getFile(): Promise<File>;
  createWritable?(options: { readonly keepExistingData: boolean }): Promise<WritableHandle>;
  createSyncAccessHandle?(): Promise<SyncAccessHandle>;
  move?(folder: FolderHandle, name: string): Promise<void>;
}

/** A directory. */
export interface FolderHandle {
  readonly kind: "directory";
  readonly name: string;
  getFileHandle(name: string, options?: { readonly create?: boolean }): Promise<FileHandle>;
  getDirectoryHandle(name: string, options?: { readonly create?: boolean }): Promise<FolderHandle>;
  removeEntry(name: string): Promise<void>;
  values(): AsyncIterable<FileHandle | FolderHandle>;
}

/** What browsers throw, by the system's names. */
const CODES: Readonly<Record<string, string>> = {
  NotFoundError: "ENOENT",
  TypeMismatchError: "ENOTDIR",
  InvalidModificationError: "ENOTEMPTY",
  NotAllowedError: "EACCES",
  SecurityError: "EACCES",
  NoModificationAllowedError: "EBUSY",
  QuotaExceededError: "ENOSPC",
  NotSupportedError: "ENOSYS",
  NotReadableError: "EIO",
  // A name that the browser does not allow, such as one with a colon.
  TypeError: "EINVAL",
};

/** A failure by the system's name for it. */
export function handleFailure(code: string, message: string): Error {
  return Object.assign(new Error(message), { code });
}

/** What a browser threw, with the system's name for it. */
export function codedFailure(error: unknown): unknown {
  const { name, code, message } = error as { name?: string; code?: unknown; message?: string };
  if (typeof code === "string") return error;
  return handleFailure(CODES[name ?? ""] ?? "EIO", message ?? String(error));
}
