// The table of instructions as the kernel reads it (kernel/scan.wat): two words for each opcode.
// core/module/instructions.ts has the table itself, costs.ts the units.

import { allInstructions, type Instruction } from "../module/instructions.ts";
import { costOf, type Measured, measuredBy, UNIT_SHIFT } from "./costs.ts";

/** A space of indices that metering adds something to. */
export type OwnSpace = "type" | "function" | "table" | "global";

/** The spaces by the numbers that the kernel has for them. 0 is any other space. */
export const SPACES: readonly (OwnSpace | "local" | undefined)[] = [
  undefined,
  "type",
  "function",
  "table",
  "global",
  "local",
];

/**
 * Instructions with an index of such a space, by their immediates; `undefined` for another one. What
 * is added must not be reached: a module that names it has an index that it does not have.
 */
export const OWN_INDICES: Readonly<Record<string, readonly (OwnSpace | undefined)[]>> = {
  "global.get": ["global"],
  "global.set": ["global"],
  "ref.func": ["function"],
  "call": ["function"],
  "return_call": ["function"],
  "call_indirect": ["type", "table"],
  "return_call_indirect": ["type", "table"],
  "call_ref": ["type"],
  "return_call_ref": ["type"],
  "table.get": ["table"],
  "table.set": ["table"],
  "table.size": ["table"],
  "table.grow": ["table"],
  "table.fill": ["table"],
  "table.copy": ["table", "table"],
  "table.init": [undefined, "table"],
};

/** What the kernel does for an instruction, in the order of its table of labels. */
const CLASSES = [
  ...["none", "local", "one", "two", "memarg", "byte", "4 bytes", "8 bytes", "16 bytes", "memarg,byte"],
  ...["own indices", "heap type", "value types", "block", "loop", "if", "else", "try", "catch", "delegate"],
  ...["try_table", "end", "maybe", "branch", "br_table", "leave", "call", "tail call", "measured", "grow", "wait"],
  ...["fixed array", "cast", "unknown"],
] as const;
type Class = typeof CLASSES[number];

/** Instructions that change the flow, or are charged by more than their units. */
const special: Readonly<Record<string, Class>> = {
  block: "block",
  loop: "loop",
  if: "if",
  else: "else",
  try: "try",
  catch: "catch",
  catch_all: "catch",
  delegate: "delegate",
  try_table: "try_table",
  end: "end",
  br: "branch",
  br_if: "maybe",
  br_on_null: "maybe",
  br_on_non_null: "maybe",
  br_on_cast: "cast",
  br_on_cast_fail: "cast",
  br_table: "br_table",
  return: "leave",
  unreachable: "leave",
  throw: "leave",
  rethrow: "leave",
  throw_ref: "leave",
  return_call: "tail call",
  return_call_indirect: "tail call",
  return_call_ref: "tail call",
  call: "call",
  call_indirect: "call",
  call_ref: "call",
  "array.new_fixed": "fixed array",
  "memory.grow": "grow",
  "table.grow": "grow",
  "memory.atomic.wait32": "wait",
  "memory.atomic.wait64": "wait",
};

/** Classes by the immediates of an instruction. */
const byImmediates: Readonly<Record<string, Class>> = {
  "": "none",
  "index": "one",
  "i32": "one",
  "i64": "one",
  "index,index": "two",
  "memarg": "memarg",
  "byte": "byte",
  "f32": "4 bytes",
  "f64": "8 bytes",
  "16 bytes": "16 bytes",
  "memarg,byte": "memarg,byte",
  "heap type": "heap type",
  "value types": "value types",
};

/**
 * Classes of instructions that the kernel reads at once: how many bytes their immediates are if
 * each is as short as it can be, and which bits tell that it is not.
 */
const plain: Readonly<Partial<Record<Class, readonly [bytes: number, mask: number]>>> = {
  "none": [0, 0],
  // Bits 16 to 22 cut out the index.
  "local": [1, 0x7f_0080],
  "one": [1, 0x80],
  "two": [2, 0x8080],
  // Bit 6 of the alignment says that a memory index follows.
  "memarg": [2, 0x80c0],
  "byte": [1, 0],
};

/** Bit 31 if an instruction is not plain. Bit 30 is always set. */
const NOT_PLAIN = 0x8000_0000, ALWAYS = 0x4000_0000;

function classOf(row: Instruction): Class {
  const { name, immediates } = row, known = special[name];
  if (known !== undefined) return known;
  if (measuredBy(row) !== undefined) return "measured";
  if (name.startsWith("local.")) return "local";
  if (OWN_INDICES[name] !== undefined) return "own indices";
  const found = byImmediates[immediates.join()];
  if (found === undefined) throw new Error(`no class for ${name}`);
  return found;
}

/** Which memories or tables say whether a length has 64 bits. That of `….init` always has 32. */
function wideness({ name }: Instruction): number {
  if (name.endsWith(".init")) return 0;
  return name.startsWith("memory.") ? 1 : name.startsWith("table.") ? 2 : 0;
}

/** The bits that say what an instruction that is not plain has. */
function bitsOf(row: Instruction): number {
  const { name, immediates } = row, measured: Measured | undefined = measuredBy(row);
  const spaces = OWN_INDICES[name] ?? [], [first = 0, second = 0] = spaces.map((space) => SPACES.indexOf(space));
  const indices = immediates.filter((kind) => kind === "index").length;
  const shift = measured === undefined ? 0 : UNIT_SHIFT[measured];
  return indices | first << 2 | second << 5 | wideness(row) << 8 | (shift + 8) << 10;
}

/** How many bytes the short immediates of a plain instruction are, and its mask. */
function shortForm(row: Instruction): readonly [bytes: number, mask: number] | undefined {
  return row.prefix === undefined ? plain[classOf(row)] : undefined;
}

function entryOf(row: Instruction): readonly [first: number, second: number] {
  const [, mask] = shortForm(row) ?? [0, NOT_PLAIN | bitsOf(row)];
  return [mask | ALWAYS, CLASSES.indexOf(classOf(row)) | costOf(row) << 8];
}

/** How many instructions without a prefix, and with each of the four, have entries. */
const PLAIN_ENTRIES = 256, PREFIXED_ENTRIES = 320, FIRST_PREFIX = 0xfb, PREFIXES = 4;

/** The tables that the kernel reads. */
export interface OpcodeTables {
  /** Two words for each instruction: those without a prefix first, then by prefix. */
  readonly entries: Uint32Array<ArrayBuffer>;
  /** How many bytes a plain instruction without a prefix has, its immediates as short as can be. */
  readonly lengths: Uint8Array;
}

/** Makes the tables. */
export function opcodeTables(): OpcodeTables {
  const lengths = new Uint8Array(PLAIN_ENTRIES).fill(1),
    entries = new Uint32Array(2 * (PLAIN_ENTRIES + PREFIXES * PREFIXED_ENTRIES));
  for (let i = 0; i < entries.length; i += 2) {
    entries[i] = NOT_PLAIN | ALWAYS;
    entries[i + 1] = CLASSES.indexOf("unknown");
  }
  for (const row of allInstructions()) {
    const { prefix, opcode } = row;
    const at = prefix === undefined ? opcode : PLAIN_ENTRIES + (prefix - FIRST_PREFIX) * PREFIXED_ENTRIES + opcode;
    entries.set(entryOf(row), 2 * at);
    if (prefix === undefined) lengths[opcode] = 1 + (shortForm(row)?.[0] ?? 0);
  }
  return { entries, lengths };
}
