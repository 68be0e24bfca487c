// wasi:random: the platform's random numbers, or reproducible ones from a seed.

import { Trap } from "../../errors.ts";

/** At most this many random bytes at once. */
const MAX_BYTES = 1 << 26;
/** The same as guests count. */
export const MAX_RANDOM_BYTES: bigint = BigInt(MAX_BYTES);
/** What `crypto.getRandomValues` gives at once. */
const QUOTA = 1 << 16;

/** One guest's source of random numbers. */
export class Random {
  #state: bigint | undefined;
  #insecureSeed: readonly [bigint, bigint] | undefined;

  /** @param seed Makes the numbers reproducible, and no secret. */
  constructor(seed: bigint | undefined) {
    this.#state = seed === undefined ? undefined : BigInt.asUintN(64, seed);
  }

  /** A number of 64 bits. */
  u64(): bigint {
    if (this.#state === undefined) return crypto.getRandomValues(new BigUint64Array(1))[0]!;
    // SplitMix64.
    this.#state = BigInt.asUintN(64, this.#state + 0x9e3779b97f4a7c15n);
    let z = this.#state;
    z = BigInt.asUintN(64, (z ^ z >> 30n) * 0xbf58476d1ce4e5b9n);
    z = BigInt.asUintN(64, (z ^ z >> 27n) * 0x94d049bb133111ebn);
    return z ^ z >> 31n;
  }

  /** `insecure-seed`: stands for a value that is imported, so it is the same at each call. */
  insecureSeed(): readonly [bigint, bigint] {
    return this.#insecureSeed ??= [this.u64(), this.u64()];
  }

  /** Bytes, as many as the guest asks for. */
  bytes(length: bigint): Uint8Array {
    if (length > BigInt(MAX_BYTES)) throw new Trap("interface-rule", `more than ${MAX_BYTES} random bytes at once`);
    const bytes = new Uint8Array(Number(length));
    if (this.#state === undefined) {
      for (let at = 0; at < bytes.length; at += QUOTA) crypto.getRandomValues(bytes.subarray(at, at + QUOTA));
      return bytes;
    }
    for (let at = 0; at < bytes.length; at += 8) {
      const number = new Uint8Array(BigUint64Array.of(this.u64()).buffer);
      bytes.set(number.subarray(0, bytes.length - at), at);
    }
    return bytes;
  }
}
