// A store in a table of SQLite, by `node:sqlite` of Node, Deno and Bun.

import type { DatabaseSync, StatementSync } from "node:sqlite";
import type { Entry, Store } from "./store.ts";

interface Runtime {
  readonly process?: {
    getBuiltinModule?(name: "node:sqlite"): typeof import("node:sqlite") | undefined;
  };
}

/** The module, asked for when it is needed: not every runtime has it. */
function sqlite(): typeof import("node:sqlite") | undefined {
  try {
    return (globalThis as Runtime).process?.getBuiltinModule?.("node:sqlite");
  } catch {
    return undefined;
  }
}

/** Milliseconds that a write waits for another process's. */
const PATIENCE = 1000;

/**
 * Keys are kept as bytes, since a text of SQLite's may end at a NUL. A version is random: one that
 * was seen does not come again, also where a key was deleted and set again.
 */
const TABLE = `CREATE TABLE IF NOT EXISTS windlass_keyvalue (
  bucket TEXT NOT NULL, key BLOB NOT NULL, value BLOB NOT NULL,
  version TEXT NOT NULL DEFAULT (hex(randomblob(16))),
  PRIMARY KEY (bucket, key)) WITHOUT ROWID`;

const STATEMENTS = {
  get: "SELECT value, version FROM windlass_keyvalue WHERE bucket = ? AND key = ?",
  set: `INSERT INTO windlass_keyvalue (bucket, key, value) VALUES (?, ?, ?)
    ON CONFLICT DO UPDATE SET value = excluded.value, version = excluded.version`,
  delete: "DELETE FROM windlass_keyvalue WHERE bucket = ? AND key = ?",
  insert: "INSERT INTO windlass_keyvalue (bucket, key, value) VALUES (?, ?, ?) ON CONFLICT DO NOTHING",
  replace: `UPDATE windlass_keyvalue SET value = ?3, version = hex(randomblob(16))
    WHERE bucket = ?1 AND key = ?2 AND version = ?4`,
  first: "SELECT key FROM windlass_keyvalue WHERE bucket = ? ORDER BY key LIMIT ?",
  next: "SELECT key FROM windlass_keyvalue WHERE bucket = ? AND key > ? ORDER BY key LIMIT ?",
} as const;

const encode = (key: string): Uint8Array => new TextEncoder().encode(key);

/** Each function is one statement, which SQLite does as a whole, whoever else uses the file. */
export class SqliteStore implements Store {
  readonly waits = false;
  readonly maxValue: number = 1 << 20;
  readonly #database: DatabaseSync;
  readonly #bucket: string;
  readonly #statements: Record<keyof typeof STATEMENTS, StatementSync>;

  /** Whether this runtime has SQLite. */
  static exists(): boolean {
    return sqlite() !== undefined;
  }

  /** @param options The file, the bucket in it, and bytes that the file may take. */
  constructor(
    { path, bucket, maxBytes }: {
      path: string;
      bucket: string;
      maxBytes: number;
    },
  ) {
    const database = this.#database = new (sqlite()!.DatabaseSync)(path);
    this.#bucket = bucket;
    database.exec(`PRAGMA busy_timeout = ${PATIENCE}; PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL;`);
    const { page_size: page } = database.prepare("PRAGMA page_size").get() as {
      page_size: number;
    };
    database.exec(`PRAGMA max_page_count = ${Math.max(Math.floor(maxBytes / page), 4)}`);
    database.exec(TABLE);
    const prepared = Object.entries(STATEMENTS).map(([name, text]) => [name, database.prepare(text)]);
    this.#statements = Object.fromEntries(prepared);
  }

  get(key: string): Entry | undefined {
    return this.#statements.get.get(this.#bucket, encode(key)) as unknown as
      | Entry
      | undefined;
  }

  set(key: string, value: Uint8Array): void {
    this.#statements.set.run(this.#bucket, encode(key), value);
  }

  delete(key: string): void {
    this.#statements.delete.run(this.#bucket, encode(key));
  }

  swap(key: string, version: string | undefined, value: Uint8Array): boolean {
    const place = [this.#bucket, encode(key), value] as const;
    const { insert, replace } = this.#statements;
    const { changes } = version === undefined ? insert.run(...place) : replace.run(...place, version);
    return Number(changes) === 1;
  }

  keys(after: string | undefined, most: number): readonly string[] {
    const { first, next } = this.#statements;
    const rows = after === undefined ? first.all(this.#bucket, most) : next.all(this.#bucket, encode(after), most);
    return rows.map(({ key }) => new TextDecoder("utf-8", { ignoreBOM: true }).decode(key as Uint8Array));
  }

  [Symbol.dispose](): void {
    this.#database.close();
  }
}
