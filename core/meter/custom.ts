// Custom sections of a metered module. Those that hold places in the code are kept right, or
// dropped where that would take as much work as a debugger's:
//
//   metadata.code.branch_hint   its offsets are moved along; hints for the charges join them
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
import type { Moved } from "./kernel.ts";

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

/** Hints of one function's branches, by the offset of the branch: 1 if it is likely taken. */
export type FunctionHints = readonly { readonly offset: number; readonly value: Uint8Array }[];

/** Reads the content of a section of branch hints, after its name. Gives them by function. */
export function readHints(reader: Reader): Map<number, FunctionHints> {
  const functions = new Map<number, FunctionHints>();
  reader.vec(() => {
    const func = reader.u32();
    functions.set(
      func,
      reader.vec(() => ({ offset: reader.u32(), value: reader.take(reader.u32()) }), "branch hint"),
    );
  }, "function with branch hints");
  return functions;
}

const UNLIKELY: Uint8Array = Uint8Array.of(0);

/**
 * Writes the hints of one function: those that it had, with the offsets that are right now, and
 * those for the branches of its charges.
 */
export function writeHints(
  func: number,
  hints: FunctionHints,
  branches: readonly number[],
  moved: Moved,
): Uint8Array {
  const place = movedOffset(moved), all = branches.map((offset) => ({ offset, value: UNLIKELY }));
  for (const { offset, value } of hints) all.push({ offset: place(offset), value });
  all.sort((a, b) => a.offset - b.offset);
  const entries = all.map(({ offset, value }) => [...leb(offset), ...leb(value.length), ...value]);
  return Uint8Array.from([...leb(func), ...leb(all.length), ...entries.flat()]);
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
