// Components that are large in one way only, made by a loop: many types, many lowered functions.
// Sizes enter, binaries leave.

import { leb, name, section, sleb, vec } from "../tests/support/bytes.ts";

const PREAMBLE = [0, 0x61, 0x73, 0x6d, 0x0d, 0, 1, 0];

/** A binary, and how many definitions it has of the kind that it is about. */
export interface Generated {
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly definitions: number;
}

/** Joins sections. */
function binary(sections: readonly (readonly number[])[], definitions: number): Generated {
  const bytes = new Uint8Array(PREAMBLE.length + sections.reduce((sum, { length }) => sum + length, 0));
  bytes.set(PREAMBLE);
  let at = PREAMBLE.length;
  for (const part of sections) {
    bytes.set(part, at);
    at += part.length;
  }
  return { bytes, definitions };
}

/**
 * A component of about so many bytes that defines types: records of five fields, whose types are
 * primitive or lists of records before.
 */
export function typesOnly(size: number): Generated {
  const labels = ["identifier", "size-in-bytes", "modified-at", "content-type", "children"].map(name);
  const sections: number[][] = [];
  let index = 0;
  for (let length = PREAMBLE.length; length < size;) {
    const types: number[] = [], start = index;
    for (; index - start < 200; index += 2) {
      const part = index % 40 === 0 ? [0x73] : sleb(index - 1);
      types.push(0x72, 5, ...labels.flatMap((label, i) => [...label, ...(i < 4 ? [0x79 - i] : part)]));
      types.push(0x70, ...sleb(index));
    }
    length += sections[sections.push(section(7, [...leb(index - start), ...types])) - 1]!.length;
  }
  return binary(sections, index);
}

/** A component that lowers a function without parameters so many thousand times, for core modules. */
export function manyLowered(thousands: number): Generated {
  const names = Array.from({ length: 1000 }, (_, i) => name(String(i)));
  const module = [
    ...[0, 0x61, 0x73, 0x6d, 1, 0, 0, 0],
    ...section(1, [1, 0x60, 0, 0]),
    ...section(2, vec(names.map((each) => [...name(""), ...each, 0, 0]))),
  ];
  const sections = [section(1, module), section(7, [1, 0x40, 0, 1, 0]), section(10, [1, 0, ...name("f"), 1, 0])];
  for (let n = 0; n < thousands; n++) {
    sections.push(section(8, vec(names.map(() => [1, 0, 0, 0]))));
    const exports = vec(names.map((each, i) => [...each, 0, ...leb(n * 1000 + i)]));
    sections.push(section(2, [2, 1, ...exports, 0, 0, 1, ...name(""), 0x12, ...leb(n * 2)]));
  }
  return binary(sections, thousands * 1000);
}
