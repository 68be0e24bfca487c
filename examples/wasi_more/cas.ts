// The resource `cas` of wasi:keyvalue/atomics 0.2.0-draft2: a value as it was, to be replaced if
// it still is the same.

import { err } from "@windlass/component";
import { BucketBase } from "./bucket.ts";
import { after, type Failed, guarded } from "./later.ts";
import type { Entry, Later } from "./store.ts";

/** A compare-and-swap that was begun. */
export class Cas {
  readonly #bucket: BucketBase;
  readonly #key: string;
  readonly #entry: Entry | undefined;

  /** Made by `new` of the interface. */
  constructor(bucket: BucketBase, key: string, entry: Entry | undefined) {
    this.#bucket = bucket;
    this.#key = key;
    this.#entry = entry;
  }

  /** Begins one: remembers what the key has now. */
  static new(bucket: BucketBase, key: string): Later<Cas | Failed> {
    return guarded(() => after(BucketBase.entryOf(bucket, key), (entry) => new this(bucket, key, entry)));
  }

  /** The value that is compared with. */
  current(): Uint8Array | undefined {
    return this.#entry?.value;
  }

  /** Replaces it; if it was changed meanwhile, the error is one that was begun anew. */
  static swap(cas: Cas, value: Uint8Array): Later<undefined | ReturnType<typeof err>> {
    const Type = cas.constructor as typeof Cas,
      bucket = cas.#bucket,
      key = cas.#key;
    const swapped = guarded<undefined | Cas>(() =>
      after(
        BucketBase.swap(bucket, key, cas.#entry, value),
        (done) => done ? undefined : after(BucketBase.entryOf(bucket, key), (entry) => new Type(bucket, key, entry)),
      )
    );
    return after(swapped, (answer) => {
      if (answer === undefined) return undefined;
      if (answer instanceof Cas) return err({ tag: "cas-failed", val: answer });
      return err({ tag: "store-error", val: answer.val });
    });
  }
}
