// What there is to know of a file or directory: the operating system's words in, WASI's out.

import type { BigIntStats } from "node:fs";
import { type Datetime, datetime } from "./file_times.ts";
import type { FileId } from "./walks.ts";

/** The record `descriptor-stat`. */
export interface DescriptorStat {
  readonly type: string;
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

/** What both an entry of a directory and the statistics of a file say of its kind. */
interface Kinds {
  isFile(): boolean;
  isDirectory(): boolean;
  isSymbolicLink(): boolean;
  isFIFO(): boolean;
  isSocket(): boolean;
  isBlockDevice(): boolean;
  isCharacterDevice(): boolean;
}

/** The enum `descriptor-type`. */
export function descriptorType(kinds: Kinds): string {
  if (kinds.isFile()) return "regular-file";
  if (kinds.isDirectory()) return "directory";
  if (kinds.isSymbolicLink()) return "symbolic-link";
  if (kinds.isFIFO()) return "fifo";
  if (kinds.isSocket()) return "socket";
  if (kinds.isBlockDevice()) return "block-device";
  return kinds.isCharacterDevice() ? "character-device" : "unknown";
}

/** The record `descriptor-stat`. */
export function descriptorStat(stats: BigIntStats): DescriptorStat {
  return {
    type: descriptorType(stats),
    linkCount: stats.nlink,
    size: stats.size,
    dataAccessTimestamp: datetime(stats.atimeNs),
    dataModificationTimestamp: datetime(stats.mtimeNs),
    statusChangeTimestamp: datetime(stats.ctimeNs),
  };
}

const MASK = (1n << 64n) - 1n;

/**
 * The record `metadata-hash-value`: equal for the same object. C libraries take it for the inode's
 * number, which stays.
 */
export function metadataHash({ dev, ino }: FileId): MetadataHash {
  const mix = (seed: bigint): bigint =>
    [dev, ino].reduce((hash, part) => {
      hash = (hash ^ BigInt.asUintN(64, part)) * 0x9e3779b97f4a7c15n & MASK;
      return hash ^ hash >> 29n;
    }, seed);
  return { lower: mix(0x243f6a8885a308d3n), upper: mix(0x13198a2e03707344n) };
}
