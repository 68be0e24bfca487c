// What a bucket of wasi:keyvalue stands on: a small interface, and the best that a runtime has.

import { KvStore } from "./kv_store.ts";
import { MemoryStore } from "./memory_store.ts";
import { SqliteStore } from "./sqlite_store.ts";

/** A value, or the promise of one where a store is asynchronous. */
export type Later<T> = T | Promise<T>;

/** A value that is there. */
export interface Entry {
  readonly value: Uint8Array;
  /** Another one after each change, so that a change in between is seen. */
  readonly version: string;
}

/**
 * Keys and values of one bucket. What is thrown is the guest's error, in words. Each function is
 * one step: no other caller sees it half done.
 */
export interface Store {
  /** Whether its functions give promises: guests are suspended then. */
  readonly waits: boolean;
  /** Bytes that one value may have. */
  readonly maxValue: number;
  get(key: string): Later<Entry | undefined>;
  set(key: string, value: Uint8Array): Later<void>;
  delete(key: string): Later<void>;
  /** Sets it if it still has this version, or still is not there; gives whether it did. */
  swap(key: string, version: string | undefined, value: Uint8Array): Later<boolean>;
  /** At most so many keys that come after one, in the store's own order. */
  keys(after: string | undefined, most: number): Later<readonly string[]>;
  /** Lets go of what it stands on. */
  [Symbol.dispose](): void;
}

/** Where {@linkcode openStore} keeps a bucket. */
export interface StoreOptions {
  /** A file; default memory. */
  readonly path?: string;
  /** Which of the file's buckets; default `default`. */
  readonly bucket?: string;
  /**
   * Bytes that the file, or the memory, may take; default 64 MiB. A store of Deno KV has no bound.
   */
  readonly maxBytes?: number;
}

/** The bound if there is no other. */
const MAX_BYTES = 1 << 26;

/** Opens a store: SQLite where the runtime has it, else Deno KV, else memory. */
export async function openStore(options: StoreOptions = {}): Promise<Store> {
  const { path, bucket = "default", maxBytes = MAX_BYTES } = options;
  if (SqliteStore.exists()) {
    return new SqliteStore({ path: path ?? ":memory:", bucket, maxBytes });
  }
  if (KvStore.exists()) {
    return await KvStore.open({ path: path ?? ":memory:", bucket });
  }
  if (path !== undefined) {
    throw new TypeError("this runtime has neither node:sqlite nor Deno KV to keep a file with");
  }
  return new MemoryStore(maxBytes);
}
