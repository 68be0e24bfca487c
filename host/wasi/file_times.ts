// Times of files: `new-timestamp`s in; the operating system's times set. What a runtime cannot say
// exactly is rounded down. Leaving one of the two times as it is needs a word of its own
// (UTIME_OMIT): libuv has one since 1.51, and Node hands it on. Elsewhere the time is set to what
// it was, as exactly as the runtime can read and write it: Deno milliseconds, Bun what a double
// holds (0.2 µs).

import type { BigIntStats } from "node:fs";
import { FsFailure } from "./fs_errors.ts";
import { required, runtimeVersions } from "./platform.ts";

/** The record `datetime`. */
export interface Datetime {
  readonly seconds: bigint;
  readonly nanoseconds: number;
}
/** The variant `new-timestamp`. */
export type NewTimestamp = { readonly tag: "no-change" } | { readonly tag: "now" } | {
  readonly tag: "timestamp";
  readonly val: Datetime;
};

/** What a file's times are set on: its descriptor, or a path whose last part is not followed. */
export type TimesTarget = { readonly fd: number } | { readonly path: string };

/**
 * How a runtime takes times: as milliseconds, as doubles, or as doubles with a word for "as it is".
 */
type Precision = "milliseconds" | "double" | "omit";

function runtimePrecision(): Precision {
  const { deno, bun, uv = "0.0" } = runtimeVersions();
  if (deno !== undefined) return "milliseconds";
  const [major = 0, minor = 0] = uv.split(".").map(Number);
  return bun === undefined && (major > 1 || minor >= 51) ? "omit" : "double";
}

/**
 * The word for a time that is left as it is: Node takes a date for its seconds, and libuv takes NaN
 * for this.
 */
const OMIT: Date = new Date(NaN);

/** Sets the times of a file. */
export function setTimes(target: TimesTarget, present: BigIntStats, access: NewTimestamp, change: NewTimestamp): void {
  const precision = runtimePrecision(), fs = required("node:fs", "preopens");
  const times = [time(access, present.atimeNs, precision), time(change, present.mtimeNs, precision)] as const;
  if (access.tag === "no-change" && change.tag === "no-change") return;
  if ("fd" in target) fs.futimesSync(target.fd, ...times);
  else fs.lutimesSync(target.path, ...times);
}

/** A time as `utimes` takes it: seconds since the epoch, or a date. */
function time(wanted: NewTimestamp, present: bigint, precision: Precision): number | Date {
  if (wanted.tag === "now") return precision === "milliseconds" ? new Date() : Date.now() / 1000;
  if (wanted.tag === "no-change") {
    if (precision === "omit") return OMIT;
    // A date is whole milliseconds, exactly; of seconds as a double, the milliseconds may be
    // rounded down to those before.
    return precision === "milliseconds" ? new Date(Number(present / 1_000_000n)) : nearest(present);
  }
  const { seconds, nanoseconds } = wanted.val;
  if (seconds > 1n << 40n || nanoseconds >= 1_000_000_000) throw new FsFailure("invalid", "a time out of range");
  if (precision === "milliseconds") return new Date(Number(seconds) * 1000 + Math.floor(nanoseconds / 1_000_000));
  // In whole microseconds: a double holds no more, and must not round up into the next second.
  return Number(seconds) + Math.floor(nanoseconds / 1000) / 1e6;
}

/** Seconds of which a runtime makes the nanoseconds again, or the closest that there is. */
function nearest(nanoseconds: bigint): number {
  return Number(nanoseconds / 1_000_000_000n) + Number(nanoseconds % 1_000_000_000n) / 1e9;
}

/**
 * Nanoseconds since the epoch as a `datetime`; `undefined` for a time before it, which a `datetime`
 * cannot say.
 */
export function datetime(nanoseconds: bigint): Datetime | undefined {
  if (nanoseconds < 0n) return undefined;
  const second = 1_000_000_000n;
  return { seconds: nanoseconds / second, nanoseconds: Number(nanoseconds % second) };
}
