// Times of files: nanoseconds in; the operating system's times set, as close as the runtime can say
// them. That is what a double of seconds holds, a quarter of a microsecond; where Deno
// takes a path, it is milliseconds, and more than milliseconds it does not read. Leaving one of the
// two times as it is needs a word of its own (UTIME_OMIT): libuv has one since 1.51, and Node hands
// it on. Elsewhere that time is set to what it was, as closely as it can be read and said.

import type { FileTimes } from "./file_system.ts";
import { required, runtimeVersions } from "../base/platform.ts";

const MILLISECOND = 1_000_000n;
const SECOND = 1_000_000_000n;

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

/** Sets the times of a file. @param present Those that it has. */
export function setTimes(target: TimesTarget, present: FileTimes, times: FileTimes): void {
  if (times.accessed === undefined && times.modified === undefined) return;
  const precision = precisionFor(target), fs = required("node:fs", "preopens");
  const both = [
    time(times.accessed, present.accessed ?? 0n, precision),
    time(times.modified, present.modified ?? 0n, precision),
  ] as const;
  if ("fd" in target) fs.futimesSync(target.fd, ...both);
  else fs.lutimesSync(target.path, ...both);
}

/** A time as `utimes` takes it: seconds since the epoch, or a date. */
function time(wanted: bigint | undefined, present: bigint, precision: Precision): number | Date {
  if (wanted !== undefined) return instant(wanted, precision);
  return precision === "omit" ? OMIT : kept(present, precision);
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
