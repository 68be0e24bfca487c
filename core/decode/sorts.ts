// Sorts: they say which index space an index belongs to. Bytes enter, names of sorts leave.
// Spec: Binary.md `core:sort`, `sort`.

import type { CoreSort, Sort } from "./syntax.ts";
import { hex, type Reader } from "../binary/reader.ts";

const coreSorts: Readonly<Record<number, CoreSort>> = {
  0x00: "func",
  0x01: "table",
  0x02: "memory",
  0x03: "global",
  0x04: "tag",
  0x10: "type",
  0x11: "module",
  0x12: "instance",
};
const sorts: Readonly<Record<number, Sort>> = {
  0x01: "func",
  0x02: "value",
  0x03: "type",
  0x04: "component",
  0x05: "instance",
};

/** The sorts of core items that core instances export, as the index spaces name them. */
export const coreItemSorts = {
  func: "core func",
  table: "core table",
  memory: "core memory",
  global: "core global",
  tag: "core tag",
} as const;

/** One of {@linkcode coreItemSorts}. */
export type CoreItemSort = typeof coreItemSorts[keyof typeof coreItemSorts];

/** `core:sort`. */
export function coreSort(reader: Reader): CoreSort {
  const byte = reader.byte();
  return coreSorts[byte] ?? reader.unknown(byte, "core external kind");
}

/** `sort`. */
export function sort(reader: Reader): Sort {
  const { sort, byte, offset } = sortBytes(reader);
  return sort ?? reader.fail("unknown-opcode", [hex(byte), "component external kind"], offset);
}

/**
 * Reads the bytes of a `sort`. Gives the sort, if there is such a sort, and the byte that decided.
 */
export function sortBytes(
  reader: Reader,
): { readonly sort: Sort | undefined; readonly byte: number; readonly offset: number } {
  const offset = reader.offset, byte = reader.byte();
  if (byte !== 0x00) return { sort: sorts[byte], byte, offset };
  const core = reader.byte(), name = coreSorts[core];
  return { sort: name === undefined ? undefined : `core ${name}`, byte: core, offset: offset + 1 };
}
