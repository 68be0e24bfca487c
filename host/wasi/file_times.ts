// Times of files: `new-timestamp`s in; the operating system's times set, in whole microseconds
// where the runtime can say them. Leaving one of the two times as it is needs a word of its own
// (UTIME_OMIT): libuv has one since 1.51, and Node hands it on. Elsewhere that time is set to what
// it was, as exactly as the runtime can read and write it: Bun to what a double of seconds holds (a
// quarter of a microsecond), Deno to milliseconds.

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

/** How times are taken: as milliseconds, as doubles, or as doubles with a word for "as it is". */
type Precision = "milliseconds" | "double" | "omit";

function precisionFor(target: TimesTarget): Precision {
  const { deno, bun, uv = "0.0" } = runtimeVersions();
  if (deno !== undefined) return "path" in target ? "milliseconds" : "double";
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
  const precision = precisionFor(target), fs = required("node:fs", "preopens");
  const times = [time(access, present.atimeNs, precision), time(change, present.mtimeNs, precision)] as const;
  if (access.tag === "no-change" && change.tag === "no-change") return;
  if ("fd" in target) fs.futimesSync(target.fd, ...times);
  else fs.lutimesSync(target.path, ...times);
}

/** A time as `utimes` takes it: seconds since the epoch, or a date. */
function time(wanted: NewTimestamp, present: bigint, precision: Precision): number | Date {
  if (wanted.tag === "no-change") return precision === "omit" ? OMIT : kept(present, precision);
  if (wanted.tag === "now") return instant(BigInt(Date.now()), 0, precision);
  const { seconds, nanoseconds } = wanted.val;
  if (seconds > 1n << 40n || nanoseconds >= 1_000_000_000) throw new FsFailure("invalid", "a time out of range");
  const milliseconds = Math.floor(nanoseconds / 1_000_000);
  return instant(seconds * 1000n + BigInt(milliseconds), nanoseconds - milliseconds * 1_000_000, precision);
}

/** An instant since the epoch, in whole microseconds where the runtime can say them. */
function instant(milliseconds: bigint, nanoseconds: number, precision: Precision): number {
  // Deno cuts off what is no whole millisecond: a fifth of one on top keeps it from cutting to the
  // one before.
  if (precision === "milliseconds") return Number(milliseconds) / 1000 + 0.0002;
  const whole = Number(milliseconds / 1000n);
  const fraction = Number(milliseconds % 1000n) * 1_000_000 + Math.floor(nanoseconds / 1000) * 1000;
  const seconds = whole + fraction / 1e9;
  // A double may be less than what it stands for, and runtimes round down: the next one is in the
  // same microsecond.
  if (Math.trunc((seconds - whole) * 1e9) >= fraction) return seconds;
  return seconds + 2 ** (Math.floor(Math.log2(seconds)) - 52);
}

/** The closest to a time that a file has. */
function kept(nanoseconds: bigint, precision: Precision): number | Date {
  const millisecond = 1_000_000n, second = 1_000_000_000n;
  // Before the epoch a number would stand for now, and Deno knows only whole seconds.
  if (nanoseconds < 0n) return new Date(Number((nanoseconds - second + 1n) / second) * 1000);
  if (precision === "milliseconds" || nanoseconds % millisecond === 0n) {
    return instant(nanoseconds / millisecond, 0, precision);
  }
  return Number(nanoseconds / second) + Number(nanoseconds % second) / 1e9;
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
