// Sorts: what an index is an index of. Bytes → names.
// Spec: Binary.md `core:sort`, `sort`.

import type { CoreSort, Sort } from "./definitions.ts";
import type { Reader } from "./reader.ts";

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

/** `core:sort`. */
export function coreSort(reader: Reader): CoreSort {
  const byte = reader.byte();
  return coreSorts[byte] ?? reader.unknown(byte, "a core sort");
}

/** `sort`. */
export function sort(reader: Reader): Sort {
  const byte = reader.byte();
  if (byte === 0x00) return `core ${coreSort(reader)}`;
  return sorts[byte] ?? reader.unknown(byte, "a sort");
}
