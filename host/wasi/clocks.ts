// wasi:clocks: the time of day, and a clock that only goes forward.

import { Pollable } from "./poll.ts";
import { Timer } from "./readiness.ts";
import type { Datetime } from "./filesystem.ts";

const SECOND = 1_000_000_000n;
/** The last part of a millisecond that the wall clock tells, in milliseconds. */
const LAST_PART = 0.999;

/** What is added to `performance.now()` to have the parts of the wall clock's milliseconds. */
let offset = -Infinity;

/**
 * Nanoseconds since the epoch, in whole microseconds. The milliseconds are always those of the
 * system's wall clock, which may be set, and which goes on while the machine is suspended.
 * `performance.now()` does neither: it only tells the parts of a millisecond, and is moved to where
 * the wall clock is whenever the two differ.
 */
export function wallClock(): bigint {
  const wall = Date.now(), monotonic = performance.now();
  const time = Math.min(Math.max(offset + monotonic, wall), wall + LAST_PART);
  offset = time - monotonic;
  return BigInt(wall) * 1_000_000n + BigInt(Math.floor((time - wall) * 1000)) * 1000n;
}

/** The clocks of one guest. */
export class Clocks {
  readonly #fixed: (() => bigint) | undefined;
  readonly #start: number = performance.now();

  /** @param now Nanoseconds since the epoch; the runtime's clocks without it. */
  constructor(now: (() => bigint) | undefined) {
    this.#fixed = now;
  }

  /** `wall-clock#now`. */
  now(): Datetime {
    const time = this.#fixed?.() ?? wallClock();
    return { seconds: time / SECOND, nanoseconds: Number(time % SECOND) };
  }

  /** `monotonic-clock#now`: nanoseconds since the guest's start, or the given clock's. */
  monotonic(): bigint {
    return this.#fixed?.() ?? BigInt(Math.round((performance.now() - this.#start) * 1e6));
  }

  /** `subscribe-duration`: real time, whatever the clocks say. */
  subscribe(duration: bigint): Pollable {
    return new Pollable(new Timer(performance.now() + Number(duration < 0n ? 0n : duration) / 1e6));
  }
}
