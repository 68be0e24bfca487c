// `increment` of wasi:keyvalue/atomics: read, add, and swap if nobody changed it meanwhile.
// Numbers are kept as decimal texts, as Redis and Wasmtime keep them.

import { BucketBase } from "./bucket.ts";
import { after, type Failed, guarded } from "./later.ts";
import type { Later } from "./store.ts";

/** How often it is tried while others change the same key. */
const MAX_ATTEMPTS = 1000;

/** The numbers of a draft. */
export interface Range {
  readonly least: bigint;
  readonly most: bigint;
}

/** Adds to a number, which is 0 where there is none; gives the sum. */
export function increment(
  bucket: BucketBase,
  key: string,
  delta: bigint,
  { least, most }: Range,
): Later<bigint | Failed> {
  const attempt = (left: number): Later<bigint> =>
    after(BucketBase.entryOf(bucket, key), (entry) => {
      const sum = numberOf(entry?.value) + delta;
      if (sum < least || sum > most) {
        throw new Error(`${sum} is not a number from ${least} to ${most}`);
      }
      const value = new TextEncoder().encode(`${sum}`);
      return after(BucketBase.swap(bucket, key, entry, value), (swapped) => {
        if (swapped) return sum;
        if (left === 0) {
          throw new Error(`the key was changed ${MAX_ATTEMPTS} times meanwhile`);
        }
        return attempt(left - 1);
      });
    });
  return guarded(() => attempt(MAX_ATTEMPTS - 1));
}

function numberOf(value: Uint8Array | undefined): bigint {
  if (value === undefined) return 0n;
  // No number of 64 bits is longer.
  const text = value.length > 20 ? "" : new TextDecoder().decode(value);
  if (!/^-?\d+$/.test(text)) {
    throw new Error("the value is not a number in decimal digits");
  }
  return BigInt(text);
}
