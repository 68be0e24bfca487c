// Times of files: `new-timestamp`s in; the operating system's times set, as close as the runtime
// can say them. That is what a double of seconds holds, a quarter of a microsecond; where Deno
// takes a path, it is milliseconds, and more than milliseconds it does not read. Leaving one of the
// two times as it is needs a word of its own (UTIME_OMIT): libuv has one since 1.51, and Node hands
// it on. Elsewhere that time is set to what it was, as closely as it can be read and said.

import type { BigIntStats } from "node:fs";
import { FsFailure } from "./fs_errors.ts";
import { required, runtimeVersions } from "./platform.ts";

const MICROSECOND = 1_000n;
const MILLISECOND = 1_000_000n;
const SECOND = 1_000_000_000n;

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
  if (wanted.tag === "now") return instant(BigInt(Date.now()) * MILLISECOND, precision);
  const { seconds, nanoseconds } = wanted.val;
  if (seconds > 1n << 40n || nanoseconds >= 1_000_000_000) throw new FsFailure("invalid", "a time out of range");
  return instant(seconds * SECOND + BigInt(nanoseconds), precision);
}

/** Nanoseconds since the epoch, as close as the runtime can say them. */
function instant(nanoseconds: bigint, precision: Precision): number {
  // Deno cuts off what is no whole millisecond: a fifth of one on top keeps it from cutting to the
  // one before.
  if (precision === "milliseconds") return Number(nanoseconds / MILLISECOND) / 1000 + 0.0002;
  const whole = Number(nanoseconds / SECOND), fraction = Number(nanoseconds % SECOND);
  const closest = whole + fraction / 1e9, step = 2 ** (Math.floor(Math.log2(closest)) - 52);
  if (closest - whole >= 1) return closest - step; // not the next second
  // Runtimes round a double down: whole microseconds must not become the one before.
  return fraction % 1000 === 0 && Math.trunc((closest - whole) * 1e9) < fraction ? closest + step : closest;
}

/** The closest to a time that a file has. */
function kept(nanoseconds: bigint, precision: Precision): number | Date {
  // Before the epoch a number would stand for now, and Deno knows only whole seconds.
  if (nanoseconds < 0n) return new Date(Number((nanoseconds - SECOND + 1n) / SECOND) * 1000);
  return instant(nanoseconds, precision);
}

/**
 * Nanoseconds since the epoch as a `datetime`; `undefined` for a time before it, which a `datetime`
 * cannot say. It has whole microseconds, the finest that can be set in every runtime: a guest that
 * sets a time which it has read finds it again, where nanoseconds would come back as others.
 */
export function datetime(nanoseconds: bigint): Datetime | undefined {
  if (nanoseconds < 0n) return undefined;
  return { seconds: nanoseconds / SECOND, nanoseconds: Number(nanoseconds % SECOND / MICROSECOND * MICROSECOND) };
}
