// wasi:clocks: the time of day, and a clock that only goes forward.

import { Pollable } from "./poll.ts";
import { Timer } from "./readiness.ts";
import type { Datetime } from "./filesystem.ts";

const SECOND = 1_000_000_000n;

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
    const time = this.#fixed?.() ?? BigInt(Math.round((performance.timeOrigin + performance.now()) * 1000)) * 1000n;
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
