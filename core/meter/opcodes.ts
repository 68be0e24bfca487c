// The table of instructions as arrays of bytes by opcode: reading a function body looks at each
// instruction of it, and a module has a million.
// core/module/instructions.ts has the table itself, and reads what is rare.

import { allInstructions, type Instruction } from "../module/instructions.ts";
import { costOf, measuredBy } from "./costs.ts";

/** How an instruction's immediates are read. */
export const NONE = 0,
  ONE_LEB = 1,
  TWO_LEBS = 2,
  MEMARG = 3,
  BYTES = 4,
  LOCAL = 5,
  /** By {@linkcode OWN_INDICES}. */
  OWN = 6,
  SLOW = 7,
  UNKNOWN = 8;

/** A space of indices that metering adds something to. */
export type OwnSpace = "type" | "function" | "table" | "global";

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

/** What an instruction does to the flow, as far as costs depend on it. */
export const PLAIN = 0,
  BLOCK = 1,
  LOOP = 2,
  IF = 3,
  ELSE = 4,
  TRY = 5,
  CATCH = 6,
  DELEGATE = 7,
  TRY_TABLE = 8,
  END = 9,
  /** Goes on, or to a label. */
  BRANCH_MAYBE = 10,
  /** Goes to a label. */
  BRANCH = 11,
  BRANCH_TABLE = 12,
  /** Leaves the function, or goes to where an exception is caught. */
  LEAVE = 13,
  CALL = 14,
  /** Works through a length. */
  MEASURED = 15,
  FIXED_ARRAY = 16,
  /** `br_on_cast`: its label is not its first immediate. */
  BRANCH_CAST = 17,
  /** Makes a memory or table larger. */
  GROW = 18,
  /** Puts the thread to sleep. */
  WAIT = 19;

const flows: Readonly<Record<string, number>> = {
  block: BLOCK,
  loop: LOOP,
  if: IF,
  else: ELSE,
  try: TRY,
  catch: CATCH,
  catch_all: CATCH,
  delegate: DELEGATE,
  try_table: TRY_TABLE,
  end: END,
  br: BRANCH,
  br_if: BRANCH_MAYBE,
  br_on_null: BRANCH_MAYBE,
  br_on_non_null: BRANCH_MAYBE,
  br_on_cast: BRANCH_CAST,
  br_on_cast_fail: BRANCH_CAST,
  br_table: BRANCH_TABLE,
  return: LEAVE,
  unreachable: LEAVE,
  throw: LEAVE,
  rethrow: LEAVE,
  throw_ref: LEAVE,
  return_call: LEAVE,
  return_call_indirect: LEAVE,
  return_call_ref: LEAVE,
  call: CALL,
  call_indirect: CALL,
  call_ref: CALL,
  "array.new_fixed": FIXED_ARRAY,
  "memory.grow": GROW,
  "table.grow": GROW,
  "memory.atomic.wait32": WAIT,
  "memory.atomic.wait64": WAIT,
};

/** The instructions of one prefix, by opcode. */
export interface Opcodes {
  readonly rows: readonly (Instruction | undefined)[];
  readonly flows: Uint8Array;
  readonly costs: Uint32Array;
  readonly immediates: Uint8Array;
  /** How many bytes follow, for {@linkcode BYTES}. */
  readonly sizes: Uint8Array;
}

function shape({ name, immediates }: Instruction): readonly [how: number, size?: number] {
  if (name.startsWith("local.")) return [LOCAL];
  if (OWN_INDICES[name] !== undefined) return [OWN];
  switch (immediates.join()) {
    case "":
      return [NONE];
    case "index":
    case "i32":
    case "i64":
      return [ONE_LEB];
    case "index,index":
      return [TWO_LEBS];
    case "memarg":
      return [MEMARG];
    case "byte":
      return [BYTES, 1];
    case "f32":
      return [BYTES, 4];
    case "f64":
      return [BYTES, 8];
    case "16 bytes":
      return [BYTES, 16];
    default:
      return [SLOW];
  }
}

function tableOf(instructions: readonly Instruction[]): Opcodes {
  const size = instructions.reduce((most, { opcode }) => Math.max(most, opcode + 1), 256);
  const rows: (Instruction | undefined)[] = new Array(size).fill(undefined);
  const table: Opcodes = {
    rows,
    flows: new Uint8Array(size),
    costs: new Uint32Array(size),
    immediates: new Uint8Array(size).fill(UNKNOWN),
    sizes: new Uint8Array(size),
  };
  for (const row of instructions) {
    const { opcode } = row, [how, bytes = 0] = shape(row);
    rows[opcode] = row;
    table.flows[opcode] = flows[row.name] ?? (measuredBy(row) !== undefined ? MEASURED : PLAIN);
    table.costs[opcode] = costOf(row);
    table.immediates[opcode] = how;
    table.sizes[opcode] = bytes;
  }
  return table;
}

/** The table by prefix; that of instructions without a prefix is at 0. */
export type OpcodeTables = readonly (Opcodes | undefined)[];

let tables: OpcodeTables | undefined;

/** Makes the tables when the first module is metered. */
export function opcodeTables(): OpcodeTables {
  if (tables !== undefined) return tables;
  const all = allInstructions(), made: (Opcodes | undefined)[] = [];
  for (const prefix of new Set(all.map((row) => row.prefix))) {
    made[prefix ?? 0] = tableOf(all.filter((row) => row.prefix === prefix));
  }
  return tables = made;
}
