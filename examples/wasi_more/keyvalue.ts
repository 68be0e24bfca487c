// wasi:keyvalue, 0.2.0-draft and 0.2.0-draft2: the resource `bucket`, batches and atomic changes
// over stores. The drafts differ in cursors, in the numbers of `increment`, and in
// compare-and-swap, which the second one has.

import { err, type Imports, suspending } from "@windlass/component";
import { type Answer, BucketBase, type StoreError } from "./bucket.ts";
import { Cas } from "./cas.ts";
import { increment } from "./increment.ts";
import type { Store } from "./store.ts";

/** Cursors of one bucket that are remembered; the oldest one is forgotten first. */
const MAX_CURSORS = 1000;

/** The resource of 0.2.0-draft, whose cursors are numbers: each stands for a key. */
class Bucket extends BucketBase {
  readonly #cursors = new Map<bigint, string>();
  #next = 1n;

  /** A page of its keys. */
  listKeys(cursor: bigint | undefined): Answer<{ keys: readonly string[]; cursor?: bigint }> {
    const after = cursor === undefined ? undefined : this.#cursors.get(cursor);
    if (cursor !== undefined && after === undefined) {
      return err({ tag: "other", val: `no cursor ${cursor}` });
    }
    return this.page(after, (last) => {
      this.#cursors.set(this.#next, last);
      if (this.#cursors.size > MAX_CURSORS) {
        this.#cursors.delete(this.#cursors.keys().next().value!);
      }
      return this.#next++;
    });
  }
}

/** The resource of 0.2.0-draft2, whose cursors are texts: the last key. */
class Bucket2 extends BucketBase {
  /** A page of its keys. */
  listKeys(cursor: string | undefined): Answer<{ keys: readonly string[]; cursor?: string }> {
    return this.page(cursor, (last) => last);
  }
}

// deno-lint-ignore no-explicit-any
type Class = new (...args: any[]) => object;

type Methods = Readonly<Record<string, (...args: unknown[]) => unknown>>;

/** A class like another, whose named functions suspend the guest. */
function suspendingClass<C extends Class>(type: C, methods: readonly string[], statics: readonly string[]): C {
  const made = class extends type {};
  const suspend = (from: Methods, to: object, names: readonly string[]): void => {
    for (const name of names) {
      const value = suspending(function (this: unknown, ...args: unknown[]) {
        return from[name]!.apply(this, args);
      });
      Object.defineProperty(to, name, { value });
    }
  };
  suspend(type.prototype, made.prototype, methods);
  suspend(type as unknown as Methods, made, statics);
  return made;
}

/** The numbers of 0.2.0-draft. */
const U64 = { least: 0n, most: 2n ** 64n - 1n };
/** Those of 0.2.0-draft2. */
const S64 = { least: -(2n ** 63n), most: 2n ** 63n - 1n };

/** What of a bucket waits for its store. */
const METHODS = ["get", "set", "delete", "exists", "listKeys"];

/**
 * Imports of `wasi:keyvalue/store`, `batch` and `atomics`, in both drafts.
 *
 * @param buckets What the guest may open, by its name for it; another one is `no-such-store`.
 */
export function keyvalue(buckets: Readonly<Record<string, Store>>): Imports {
  const waits = Object.values(buckets).some((store) => store.waits);
  // deno-lint-ignore no-explicit-any
  const func = (call: (...args: any[]) => unknown) => waits ? suspending(call) : call;
  const type = <C extends Class>(made: C, methods: readonly string[], statics: readonly string[] = []): C =>
    waits ? suspendingClass(made, methods, statics) : made;
  const draft = (Type: typeof Bucket | typeof Bucket2) => ({
    store: {
      Bucket: Type,
      open: (identifier: string): BucketBase | StoreError =>
        Object.hasOwn(buckets, identifier) ? new Type(buckets[identifier]!) : err({ tag: "no-such-store" }),
    },
    batch: {
      getMany: func((bucket: BucketBase, keys: readonly string[]) => bucket.getMany(keys)),
      setMany: func((bucket: BucketBase, pairs: readonly (readonly [string, Uint8Array])[]) => bucket.setMany(pairs)),
      deleteMany: func((bucket: BucketBase, keys: readonly string[]) => bucket.deleteMany(keys)),
    },
  });
  const first = draft(type(Bucket, METHODS)), second = draft(type(Bucket2, METHODS));
  const Swap = type(Cas, [], ["new"]);
  return {
    "wasi:keyvalue/store@0.2.0-draft": first.store,
    "wasi:keyvalue/batch@0.2.0-draft": first.batch,
    "wasi:keyvalue/atomics@0.2.0-draft": {
      increment: func((bucket: Bucket, key: string, delta: bigint) => increment(bucket, key, delta, U64)),
    },
    "wasi:keyvalue/store@0.2.0-draft2": second.store,
    "wasi:keyvalue/batch@0.2.0-draft2": second.batch,
    "wasi:keyvalue/atomics@0.2.0-draft2": {
      Cas: Swap,
      increment: func((bucket: Bucket2, key: string, delta: bigint) => increment(bucket, key, delta, S64)),
      swap: func((cas: Cas, value: Uint8Array) => Cas.swap(cas, value)),
    },
  };
}
