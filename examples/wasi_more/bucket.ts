// The resource `bucket` over a store: what both drafts have alike, batches included. Every size
// that a guest chooses is bounded here, once for all stores.

import { after, type Failed, guarded } from "./later.ts";
import type { Entry, Later, Store } from "./store.ts";

/** Bytes of a key, in UTF-8. */
const MAX_KEY = 1024;
/** Keys of one page, and of one batch. */
const MAX_KEYS = 1000;
/** Bytes of values that one batch may read. */
const MAX_BATCH_BYTES = 1 << 24;

/** What a function of a bucket gives: now, or later where the store waits. */
export type Answer<T> = Later<T | Failed>;
export type StoreError = Failed;

/** The key, if it is not too long. */
function checkKey(key: string): string {
  if (key.length > MAX_KEY || new TextEncoder().encode(key).length > MAX_KEY) {
    throw new Error(`a key of more than ${MAX_KEY} bytes`);
  }
  return key;
}

function checkCount(items: readonly unknown[]): void {
  if (items.length > MAX_KEYS) {
    throw new Error(`a batch of more than ${MAX_KEYS} keys`);
  }
}

/** Does one after the other. */
function each<T>(items: readonly T[], action: (item: T) => Later<void>, at = 0): Later<void> {
  for (; at < items.length; at++) {
    const done = action(items[at]!);
    if (done instanceof Promise) {
      return done.then(() => each(items, action, at + 1));
    }
  }
}

/** What the drafts' buckets have alike. */
export class BucketBase {
  readonly #store: Store;

  /** @param store What it stands on. */
  constructor(store: Store) {
    this.#store = store;
  }

  /** The value of a key. */
  get(key: string): Answer<Uint8Array | undefined> {
    return guarded(() => after(this.#store.get(checkKey(key)), (entry) => entry?.value));
  }

  /** Sets it. */
  set(key: string, value: Uint8Array): Answer<void> {
    return guarded(() => this.#set(key, value));
  }

  #set(key: string, value: Uint8Array): Later<void> {
    return this.#store.set(checkKey(key), this.checkValue(value));
  }

  /** Deletes it. */
  delete(key: string): Answer<void> {
    return guarded(() => this.#store.delete(checkKey(key)));
  }

  /** Whether it is there. */
  exists(key: string): Answer<boolean> {
    return guarded(() => after(this.#store.get(checkKey(key)), (entry) => entry !== undefined));
  }

  /** The values of several keys. */
  getMany(keys: readonly string[]): Answer<(readonly [string, Uint8Array] | undefined)[]> {
    const found: (readonly [string, Uint8Array] | undefined)[] = [];
    let bytes = 0;
    return guarded(() => {
      checkCount(keys);
      const read = each(
        keys,
        (key) =>
          after(this.#store.get(checkKey(key)), (entry) => {
            bytes += entry?.value.length ?? 0;
            if (bytes > MAX_BATCH_BYTES) {
              throw new Error(`a batch of more than ${MAX_BATCH_BYTES} bytes`);
            }
            found.push(entry && [key, entry.value]);
          }),
      );
      return after(read, () => found);
    });
  }

  /** Sets several. */
  setMany(pairs: readonly (readonly [string, Uint8Array])[]): Answer<void> {
    return guarded(() => {
      checkCount(pairs);
      return each(pairs, ([key, value]) => this.#set(key, value));
    });
  }

  /** Deletes several. */
  deleteMany(keys: readonly string[]): Answer<void> {
    return guarded(() => {
      checkCount(keys);
      return each(keys, (key) => this.#store.delete(checkKey(key)));
    });
  }

  /** A page of keys, with a cursor if there are more. */
  protected page<C>(
    last: string | undefined,
    cursorOf: (last: string) => C,
  ): Answer<{ keys: readonly string[]; cursor?: C }> {
    // One more than is given says whether there are more.
    return guarded(() =>
      after(this.#store.keys(last, MAX_KEYS + 1), (found) => {
        if (found.length <= MAX_KEYS) return { keys: found };
        const keys = found.slice(0, MAX_KEYS);
        return { keys, cursor: cursorOf(keys.at(-1)!) };
      })
    );
  }

  /** The value and its version, for an atomic change. What is thrown is the store's error. */
  static entryOf(bucket: BucketBase, key: string): Later<Entry | undefined> {
    return bucket.#store.get(checkKey(key));
  }

  /** Changes a value that still has this version; gives whether it did. */
  static swap(bucket: BucketBase, key: string, entry: Entry | undefined, value: Uint8Array): Later<boolean> {
    return bucket.#store.swap(key, entry?.version, bucket.checkValue(value));
  }

  /** The value, if it is not too large. */
  protected checkValue(value: Uint8Array): Uint8Array {
    const { maxValue } = this.#store;
    if (value.length > maxValue) {
      throw new Error(`a value of more than ${maxValue} bytes`);
    }
    return value;
  }
}
