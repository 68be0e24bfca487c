// A store in Deno KV, which is asynchronous: guests are suspended while they wait.

import type { Entry, Store } from "./store.ts";

/** What of Deno KV is used: it is unstable, and not declared where it is not asked for. */
interface Kv {
  get(key: readonly string[]): Promise<KvEntry>;
  set(key: readonly string[], value: Uint8Array): Promise<unknown>;
  delete(key: readonly string[]): Promise<void>;
  list(
    selector: { prefix: readonly string[]; start?: readonly string[] },
    options: { limit: number },
  ): AsyncIterable<KvEntry>;
  atomic(): Atomic;
  close(): void;
}
interface KvEntry {
  readonly key: readonly unknown[];
  readonly value: unknown;
  readonly versionstamp: string | null;
}
interface Atomic {
  check(entry: { key: readonly string[]; versionstamp: string | null }): Atomic;
  set(key: readonly string[], value: Uint8Array): Atomic;
  commit(): Promise<{ readonly ok: boolean }>;
}
interface Runtime {
  readonly Deno?: { openKv?(path?: string): Promise<Kv> };
}

/** Keeps each value under `["windlass", bucket, key]`. */
export class KvStore implements Store {
  readonly waits = true;
  /** What Deno KV takes, less some for its own. */
  readonly maxValue = 65_000;
  readonly #kv: Kv;
  readonly #bucket: readonly string[];

  private constructor(kv: Kv, bucket: string) {
    this.#kv = kv;
    this.#bucket = ["windlass", bucket];
  }

  /** Whether this runtime has it: Deno with `--unstable-kv`. */
  static exists(): boolean {
    return (globalThis as Runtime).Deno?.openKv !== undefined;
  }

  /** Opens it. */
  static async open({ path, bucket }: { path: string; bucket: string }): Promise<KvStore> {
    return new KvStore(await (globalThis as Runtime).Deno!.openKv!(path), bucket);
  }

  #place(key: string): readonly string[] {
    return [...this.#bucket, key];
  }

  async get(key: string): Promise<Entry | undefined> {
    const { value, versionstamp } = await this.#kv.get(this.#place(key));
    return versionstamp === null ? undefined : { value: value as Uint8Array, version: versionstamp };
  }

  async set(key: string, value: Uint8Array): Promise<void> {
    await this.#kv.set(this.#place(key), value);
  }

  async delete(key: string): Promise<void> {
    await this.#kv.delete(this.#place(key));
  }

  async swap(key: string, version: string | undefined, value: Uint8Array): Promise<boolean> {
    const place = this.#place(key);
    const check = { key: place, versionstamp: version ?? null };
    return (await this.#kv.atomic().check(check).set(place, value).commit()).ok;
  }

  async keys(after: string | undefined, most: number): Promise<readonly string[]> {
    const start = after === undefined ? {} : { start: this.#place(after) };
    const found: string[] = [];
    // The first one may be the one that the others come after.
    for await (
      const { key } of this.#kv.list({ prefix: this.#bucket, ...start }, {
        limit: most + 1,
      })
    ) {
      if (key[2] !== after) found.push(key[2] as string);
    }
    return found.slice(0, most);
  }

  [Symbol.dispose](): void {
    this.#kv.close();
  }
}
