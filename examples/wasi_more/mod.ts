/**
 * Interfaces of WASI that are proposals yet, served by a program with the library's public API
 * only: `wasi:logging`, `wasi:config`, `wasi:keyvalue`, and an interface of its own with WASI's
 * streams.
 *
 * @module
 */

export { Blobs, type BlobSource } from "./blobs.ts";
export { config } from "./config.ts";
export { keyvalue } from "./keyvalue.ts";
export { KvStore } from "./kv_store.ts";
export { type Level, type LogEntry, logging, printEntry } from "./logging.ts";
export { MemoryStore } from "./memory_store.ts";
export { SqliteStore } from "./sqlite_store.ts";
export { type Entry, openStore, type Store } from "./store.ts";
