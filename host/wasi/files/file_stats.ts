// What a guest is told of a file or directory, and the times that it sets: a file system's words in,
// WASI's out, and back.

import type { FileTimes, FileType } from "./file_system.ts";
import { FsFailure } from "./fs_errors.ts";
import type { FileId, Stat } from "./volumes.ts";

const MICROSECOND = 1_000n;
const MILLISECOND = 1_000_000n;
const SECOND = 1_000_000_000n;
/** Seconds since the epoch that a time may be set to. */
const MAX_SECONDS = 1n << 40n;

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

/** The record `descriptor-stat`. */
export interface DescriptorStat {
  readonly type: FileType;
  readonly linkCount: bigint;
  readonly size: bigint;
  readonly dataAccessTimestamp: Datetime | undefined;
  readonly dataModificationTimestamp: Datetime | undefined;
  readonly statusChangeTimestamp: Datetime | undefined;
}

/** The record `metadata-hash-value`. */
export interface MetadataHash {
  readonly lower: bigint;
  readonly upper: bigint;
}

/**
 * Nanoseconds since the epoch as a `datetime`; `undefined` for a time that is not known or before
 * the epoch, which a `datetime` cannot say. It has whole microseconds, the finest that can be set in
 * every runtime: a guest that sets a time which it has read finds it again, where nanoseconds would
 * come back as others.
 */
function datetime(nanoseconds: bigint | undefined): Datetime | undefined {
  if (nanoseconds === undefined || nanoseconds < 0n) return undefined;
  return { seconds: nanoseconds / SECOND, nanoseconds: Number(nanoseconds % SECOND / MICROSECOND * MICROSECOND) };
}

/** Both times that a guest sets. */
export function fileTimes(access: NewTimestamp, modification: NewTimestamp): FileTimes {
  return { accessed: nanosecondsOf(access), modified: nanosecondsOf(modification) };
}

function nanosecondsOf(time: NewTimestamp): bigint | undefined {
  if (time.tag === "no-change") return undefined;
  if (time.tag === "now") return BigInt(Date.now()) * MILLISECOND;
  const { seconds, nanoseconds } = time.val;
  if (seconds > MAX_SECONDS || nanoseconds >= 1_000_000_000) throw new FsFailure("invalid", "a time out of range");
  return seconds * SECOND + BigInt(nanoseconds);
}

/** The record `descriptor-stat`. */
export function descriptorStat(stat: Stat): DescriptorStat {
  return {
    type: stat.type,
    linkCount: stat.links ?? 1n,
    size: stat.size,
    dataAccessTimestamp: datetime(stat.accessed),
    dataModificationTimestamp: datetime(stat.modified),
    statusChangeTimestamp: datetime(stat.changed),
  };
}

const MASK = (1n << 64n) - 1n;

/**
 * The record `metadata-hash-value`: equal for the same object. C libraries take it for the inode's
 * number, which stays.
 */
export function metadataHash({ device, id }: FileId): MetadataHash {
  const mix = (seed: bigint): bigint =>
    [device, id].reduce((hash, part) => {
      hash = (hash ^ BigInt.asUintN(64, part)) * 0x9e3779b97f4a7c15n & MASK;
      return hash ^ hash >> 29n;
    }, seed);
  return { lower: mix(0x243f6a8885a308d3n), upper: mix(0x13198a2e03707344n) };
}
