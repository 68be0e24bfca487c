// Custom sections of a metered module. Those that hold places in the code are kept right, or
// dropped where that would take as much work as a debugger's:
//
//   metadata.code.branch_hint   its offsets are moved along
//   other metadata.code.*       dropped
//   .debug_* (DWARF), sourceMappingURL, external_debug_info   dropped
//   windlass:metering           dropped: it is ours
//   name                        kept but for the names of labels, which are numbered block by block
//   producers, …                kept: they refer to indices, which stay
//
// Spec: core spec "Custom Sections"; proposal branch-hinting.

import { leb } from "../../abi/wasm/encoder.ts";
import type { Reader } from "../binary/reader.ts";
import { METER_MARK } from "../module/meter_mark.ts";
import type { Moved } from "./code.ts";

/** The custom section of branch hints. */
export const BRANCH_HINT = "metadata.code.branch_hint";

const dropped = /^(metadata\.code\..*|\.debug_.*|reloc\..*|sourceMappingURL|external_debug_info)$/;

/** Whether a custom section does not stay as it is. */
export function isDropped(name: string): boolean {
  return name === METER_MARK || dropped.test(name);
}

/** The custom section of names, and the part of it that names labels. */
export const NAMES = "name";
const LABELS = 3;

/** The content of a section of names, after its name, without the names of labels. */
export function keptNames(reader: Reader): Uint8Array[] {
  const kept: Uint8Array[] = [];
  while (reader.remaining > 0) {
    const id = reader.byte(), content = reader.take(reader.u32());
    if (id !== LABELS) kept.push(Uint8Array.from([id, ...leb(content.length)]), content);
  }
  return kept;
}

/** Hints about the branches of one function. */
export interface FunctionHints {
  readonly func: number;
  readonly hints: readonly { readonly offset: number; readonly value: Uint8Array }[];
}

/** Reads the content of a section of branch hints, after its name. */
export function readHints(reader: Reader): readonly FunctionHints[] {
  return reader.vec(() => ({
    func: reader.u32(),
    hints: reader.vec(() => ({ offset: reader.u32(), value: reader.take(reader.u32()) }), "branch hint"),
  }), "function with branch hints");
}

/** Writes the content of a section of branch hints, with the offsets that are right now. */
export function movedHints(
  functions: readonly FunctionHints[],
  movedOf: (func: number) => Moved | undefined,
): number[] {
  const entries = functions.flatMap(({ func, hints }) => {
    const moved = movedOf(func);
    if (moved === undefined) return []; // a function that is not defined: nothing is known of it
    const place = movedOffset(moved);
    const rows = hints.map(({ offset, value }) => [...leb(place(offset)), ...leb(value.length), ...value]);
    return [[...leb(func), ...leb(rows.length), ...rows.flat()]];
  });
  return [...leb(entries.length), ...entries.flat()];
}

/** Says where an instruction is now. What is put in before a byte is before the instruction there. */
function movedOffset({ locals, insertions }: Moved): (offset: number) => number {
  const sums = [0];
  for (const { length } of insertions) sums.push(sums.at(-1)! + length);
  return (offset) => {
    // The first insertion behind the instruction. A guest may have many hints, and many loops.
    let low = 0, high = insertions.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (insertions[middle]!.at > offset) high = middle;
      else low = middle + 1;
    }
    return offset + locals + sums[low]!;
  };
}
