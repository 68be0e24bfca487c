// A file of a browser's, shared by all who have it open: reads and writes in, in the order in which
// they were asked for. In a worker the browser's access handle does both at once. Elsewhere what is
// written is in a writable stream, and in the file once that is closed: reading closes it first.

import type { FileStat, FileSystemFile } from "./file_system.ts";
import type { Later } from "./steps.ts";
import {
  codedFailure,
  type FileHandle,
  handleFailure,
  type SyncAccessHandle,
  type WritableHandle,
} from "./handle_types.ts";

/** Milliseconds since the epoch in nanoseconds. */
export function nanoseconds(milliseconds: number): bigint {
  return BigInt(Math.trunc(milliseconds)) * 1_000_000n;
}

/** What a file is written and read by. */
interface Access {
  read(into: Uint8Array, position: number): Later<number>;
  write(bytes: Uint8Array, position: number): Later<void>;
  setSize(size: number): Later<void>;
  /** Its size, and when it was changed, in milliseconds. */
  state(): Later<{ readonly size: number; readonly modified: number }>;
  /** Makes what was written last. */
  flush(): Later<void>;
  close(): Later<void>;
}

/** By an access handle. */
function syncAccess(handle: SyncAccessHandle): Access {
  let modified = Date.now();
  const changes = (): void => void (modified = Date.now());
  return {
    read: (into, position) => handle.read(into, { at: position }),
    write(bytes, position) {
      changes();
      for (let at = 0; at < bytes.length;) {
        const count = handle.write(bytes.subarray(at), { at: position + at });
        if (count === 0) throw handleFailure("ENOSPC", "nothing more can be written");
        at += count;
      }
    },
    setSize(size) {
      changes();
      handle.truncate(size);
    },
    state: () => ({ size: handle.getSize(), modified }),
    flush: () => handle.flush(),
    close: () => handle.close(),
  };
}

/** By snapshots and writable streams. */
function streamAccess(handle: FileHandle): Access {
  let file: File | undefined, writable: WritableHandle | undefined;
  const flush = async (): Promise<void> => {
    const open = writable;
    writable = undefined;
    await open?.close();
  };
  const snapshot = async (): Promise<File> => {
    await flush();
    return file ??= await handle.getFile();
  };
  const opened = async (): Promise<WritableHandle> => {
    file = undefined;
    if (handle.createWritable === undefined) throw handleFailure("EROFS", "this browser cannot write here");
    const { createWritable } = handle;
    return writable ??= (await unlocked(() => createWritable.call(handle, { keepExistingData: true })))!;
  };
  return {
    async read(into, position) {
      const part = (await snapshot()).slice(position, position + into.length);
      into.set(new Uint8Array(await part.arrayBuffer()));
      return part.size;
    },
    async write(data, position) {
      await (await opened()).write({ type: "write", position, data });
    },
    async setSize(size) {
      await (await opened()).write({ type: "truncate", size });
    },
    async state() {
      const { size, lastModified } = await snapshot();
      return { size, modified: lastModified };
    },
    flush,
    close: flush,
  };
}

/** Tries while somebody else has a file locked. */
const TRIES = 8;
/** Milliseconds before the second try; twice as many before each further one. */
const PAUSE = 4;

function isLocked(error: unknown): boolean {
  return (error as { name?: unknown } | undefined)?.name === "NoModificationAllowedError";
}

/** Tries again for half a second: a browser lets go of a file some time after it was closed. */
async function unlocked<T>(attempt: () => Promise<T> | undefined): Promise<T | undefined> {
  for (let tries = 1;; tries++) {
    try {
      return await attempt();
    } catch (error) {
      if (tries === TRIES || !isLocked(error)) throw error;
    }
    await new Promise((done) => setTimeout(done, PAUSE * 2 ** (tries - 1)));
  }
}

/** A file that is open for as long as anybody has it open. */
export class SharedFile {
  readonly #handle: FileHandle;
  readonly #id: bigint;
  readonly #closed: () => void;
  #access: Promise<Access> | undefined;
  /** What was asked for last. */
  #last: Promise<unknown> = Promise.resolve();
  #users = 0;

  /** @param closed Called when nobody has it open any more. */
  constructor(handle: FileHandle, id: bigint, closed: () => void) {
    this.#handle = handle;
    this.#id = id;
    this.#closed = closed;
  }

  /** Does something once everything before it is done. */
  #next<T>(use: (access: Access) => Later<T>): Promise<T> {
    const done = this.#last.then(async () => {
      try {
        return await use(await (this.#access ??= this.#begin()));
      } catch (error) {
        throw codedFailure(error);
      }
    });
    this.#last = done.catch(() => {});
    return done;
  }

  async #begin(): Promise<Access> {
    try {
      const sync = await unlocked(() => this.#handle.createSyncAccessHandle?.());
      if (sync !== undefined) return syncAccess(sync);
    } catch (error) {
      // Picked directories have none, and a page has the function without the right to call it.
      if (isLocked(error)) throw error;
    }
    return streamAccess(this.#handle);
  }

  /** One more has it open. */
  open(): FileSystemFile {
    this.#users++;
    return {
      stat: () => this.stat(),
      read: (into, position) => this.#next((access) => access.read(into, position)),
      write: (bytes, position) => this.#next((access) => access.write(bytes, position)).then(() => bytes.length),
      append: (bytes) =>
        this.#next(async (access) => {
          await access.write(bytes, (await access.state()).size);
          return bytes.length;
        }),
      setSize: (size) => this.#next((access) => access.setSize(size)),
      sync: () => this.#next((access) => access.flush()),
      close: () => this.#close(),
    };
  }

  stat(): Promise<FileStat> {
    return this.#next(async (access): Promise<FileStat> => {
      const { size, modified } = await access.state();
      return { type: "regular-file", size: BigInt(size), id: this.#id, modified: nanoseconds(modified) };
    });
  }

  /** The last one closes the file, unless somebody has opened it again by then. */
  #close(): Promise<void> {
    this.#users--;
    return this.#next(async (access) => {
      if (this.#users > 0) return await access.flush();
      this.#access = undefined;
      await access.close();
    }).finally(() => {
      if (this.#users === 0) this.#closed();
    });
  }

  /** Whether anybody has it open, once what was closed is closed. */
  async isUsed(): Promise<boolean> {
    await this.#last;
    return this.#users > 0;
  }
}
