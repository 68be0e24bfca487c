// Reads a function body and says where it must be charged, and by how much.
// The bytes of a body enter; the places of its charges leave, in the order of the bytes.
// Spec: core spec 3.0 "Binary Format: Instructions".

import { hex, Reader } from "../binary/reader.ts";
import { type Immediate, type Instruction, skipImmediates, skipValueType } from "../module/instructions.ts";
import {
  BLOCK,
  BRANCH,
  BRANCH_CAST,
  BRANCH_MAYBE,
  BRANCH_TABLE,
  BYTES,
  CALL,
  CATCH,
  DELEGATE,
  ELSE,
  END,
  FIXED_ARRAY,
  GROW,
  IF,
  LEAVE,
  LOCAL,
  LOOP,
  MEASURED,
  MEMARG,
  NONE,
  ONE_LEB,
  type OpcodeTables,
  opcodeTables,
  OWN,
  OWN_INDICES,
  type OwnSpace,
  PLAIN,
  TRY,
  TRY_TABLE,
  TWO_LEBS,
  WAIT,
} from "./opcodes.ts";
import { type MeterLayout, ownLimits } from "./layout.ts";
import { SMALL_LEAF, unitsOf } from "./costs.ts";
import { type Region, Ways } from "./ways.ts";

/** A place where a body is charged. */
export type Charge =
  /** The entry, or the head of a loop. `start` is where the instruction `loop` begins. */
  | { readonly kind: "head"; readonly at: number; readonly start: number; readonly region: Region }
  /** Before an instruction that works through a length: its last operand. */
  | {
    readonly kind: "length";
    readonly at: number;
    readonly region: Region;
    readonly instruction: Instruction;
    /** The indices that are its immediates. */
    readonly indices: readonly number[];
  }
  /** Before an instruction that makes a memory or table larger: by how much, its last operand. */
  | { readonly kind: "grow"; readonly at: number; readonly isTable: boolean; readonly index: number }
  /** Before an instruction that sleeps: for how long, its last operand. */
  | { readonly kind: "wait"; readonly at: number };

/** What is known of a body. */
export interface Scanned {
  /** Where the declarations of locals end, and how many groups they are. */
  readonly localsEnd: number;
  readonly groups: number;
  /** How many locals there are, with the parameters. */
  readonly locals: number;
  readonly charges: readonly Charge[];
}

const PREFIXES = 0xfb, I32_CONST = 0x41;
/** More units are charged when they are spent: a body may have a million of such instructions. */
const MAX_KNOWN_UNITS = 64;
const IMMEDIATES: readonly Immediate[] = ["heap type"];

/**
 * Reads a body. Its indices must be the module's own, since the engine sees the added ones too.
 *
 * @param params How many parameters its function has.
 * @param base Where it begins in the component, for messages.
 * @throws CompileError for an instruction that is not in the table, an index that the module does not
 * have, or a body that ends early.
 */
export function scanBody(
  body: Uint8Array,
  params: number,
  layout: MeterLayout,
  base: number,
  place: string,
): Scanned {
  return new Scan(body, layout, base, place).run(params);
}

class Scan {
  readonly #bytes: Uint8Array;
  readonly #base: number;
  readonly #place: string;
  readonly #ways = new Ways();
  readonly #charges: Charge[] = [];
  #at = 0;
  /** Where the instruction before this one begins, if it is a plain one. */
  #before = 0;

  readonly #limits: Readonly<Record<OwnSpace, number>>;
  #locals = 0;

  constructor(bytes: Uint8Array, layout: MeterLayout, base: number, place: string) {
    this.#bytes = bytes;
    this.#limits = ownLimits(layout);
    this.#base = base;
    this.#place = place;
  }

  run(params: number): Scanned {
    const reader = this.#reader(0);
    let groups = 0, locals = 0;
    reader.vec(() => {
      groups++;
      locals += reader.u32();
      skipValueType(reader);
    }, "local");
    this.#locals = params + locals;
    const localsEnd = this.#at = reader.offset - this.#base;
    this.#charges.push({ kind: "head", at: localsEnd, start: localsEnd, region: this.#ways.entry });
    this.#instructions();
    return { localsEnd, groups, locals: params + locals, charges: this.#isSmallLeaf() ? [] : this.#charges };
  }

  #isSmallLeaf(): boolean {
    const { calls, cost } = this.#ways.entry;
    return this.#charges.length === 1 && !calls && cost <= SMALL_LEAF;
  }

  #reader(at: number): Reader {
    return new Reader(this.#bytes.subarray(at), this.#base + at, this.#place);
  }

  #instructions(): void {
    const bytes = this.#bytes, tables = opcodeTables(), ways = this.#ways, { length } = bytes;
    const plain = tables[0]!, { flows, costs, immediates, sizes } = plain;
    // Most instructions are plain ones without a prefix. They are read here, with nothing in between.
    const locals = this.#locals;
    let at = this.#at, spent = 0, before = at;
    while (at < length) {
      const start = at, byte = bytes[at++]!;
      if (flows[byte] === PLAIN && immediates[byte]! <= LOCAL) {
        before = start;
        spent += costs[byte]!;
        switch (immediates[byte]) {
          case LOCAL: {
            const index = bytes[at++]!;
            if (index < 0x80) {
              if (index >= locals) this.#outOfBounds("local", index, start);
            } else {
              this.#at = at - 1;
              this.#local(start);
              at = this.#at;
            }
            continue;
          }
          case TWO_LEBS:
            while (bytes[at++]! >= 0x80);
            while (bytes[at++]! >= 0x80);
            continue;
          case ONE_LEB:
            while (bytes[at++]! >= 0x80);
            continue;
          case MEMARG: {
            const align = bytes[at++]!;
            if (align >= 0x40) {
              this.#at = at - 1;
              this.#memarg();
              at = this.#at;
            } else while (bytes[at++]! >= 0x80);
            continue;
          }
          case BYTES:
            at += sizes[byte]!;
            continue;
          default:
            continue;
        }
      }
      this.#at = at;
      this.#before = before;
      before = length;
      ways.spend(spent);
      spent = 0;
      this.#instruction(start, byte, tables);
      at = this.#at;
      if (ways.ended) break;
    }
    if (!ways.ended || at > length) this.#reader(length).fail("unexpected-end");
    if (at < length) this.#reader(at).fail("trailing-bytes");
  }

  /** Reads an instruction that has a prefix, or changes the flow, or is rare. */
  #instruction(start: number, byte: number, tables: OpcodeTables): void {
    const prefixed = byte >= PREFIXES, table = tables[prefixed ? byte : 0] ?? this.#unknown(start, byte);
    const opcode = prefixed ? this.#u32() : byte, row = table.rows[opcode];
    if (row === undefined) this.#unknown(start, byte, opcode);
    const flow = table.flows[opcode]!, cost = table.costs[opcode]!;
    if (flow !== PLAIN) return this.#flow(flow, cost, start, row);
    this.#ways.spend(cost);
    switch (table.immediates[opcode]) {
      case NONE:
        return;
      case MEMARG:
        return this.#memarg();
      case BYTES:
        this.#at += table.sizes[opcode]!;
        return;
      case OWN:
        return void this.#indices(row, start);
      default:
        return this.#slow(row.immediates);
    }
  }

  #memarg(): void {
    // Bit 6 of the alignment says that a memory index follows.
    if (this.#u32() & 0x40) this.#leb();
    this.#leb();
  }

  #flow(flow: number, cost: number, start: number, row: Instruction): void {
    const ways = this.#ways;
    if (flow !== LOOP) ways.spend(cost);
    switch (flow) {
      case BLOCK:
        this.#slow(row.immediates);
        return ways.block();
      case LOOP:
        return this.#loop(cost, start, row);
      case IF:
        this.#slow(row.immediates);
        return ways.if();
      case ELSE:
        return ways.else();
      case TRY:
        this.#slow(row.immediates);
        return ways.try();
      case CATCH:
        this.#slow(row.immediates);
        return ways.catch();
      case DELEGATE:
        this.#leb();
        return ways.end();
      case TRY_TABLE:
        return this.#tryTable();
      case END:
        return ways.end();
      case BRANCH_MAYBE:
        return ways.branch(this.#u32());
      case BRANCH:
        ways.branch(this.#u32());
        return ways.leave();
      case BRANCH_TABLE:
        for (let labels = this.#u32(); labels >= 0 && this.#at < this.#bytes.length; labels--) ways.branch(this.#u32());
        return ways.leave();
      case BRANCH_CAST: {
        this.#at++; // the flags
        ways.branch(this.#u32());
        this.#slow(IMMEDIATES);
        return this.#slow(IMMEDIATES);
      }
      case LEAVE:
        if (row.name.startsWith("return_call")) {
          this.#indices(row, start);
          ways.region.calls = true;
        } else this.#slow(row.immediates);
        return ways.leave();
      case CALL:
        this.#indices(row, start);
        ways.region.calls = true;
        return;
      case GROW:
        return this.#grow(start, row);
      case WAIT:
        this.#charges.push({ kind: "wait", at: start });
        return this.#memarg();
      case MEASURED: {
        const indices = this.#indices(row, start), known = this.#knownUnits(start, row);
        if (known !== undefined) return ways.spend(known);
        this.#charges.push({ kind: "length", at: start, region: ways.region, instruction: row, indices });
        return;
      }
      case FIXED_ARRAY:
        this.#leb();
        return ways.spend(this.#u32());
    }
  }

  /** The units of a length that is a constant, as it is where a compiler copies one value. */
  #knownUnits(start: number, row: Instruction): number | undefined {
    const at = this.#before;
    if (at >= start || this.#bytes[at] !== I32_CONST) return undefined;
    const units = unitsOf(this.#reader(at + 1).integer(32, true), row);
    return units >= 0 && units <= MAX_KNOWN_UNITS ? units : undefined;
  }

  #grow(at: number, row: Instruction): void {
    const [index = 0] = this.#indices(row, at), isTable = row.name === "table.grow", { region } = this.#ways;
    if (isTable) this.#charges.push({ kind: "length", at, region, instruction: row, indices: [index] });
    this.#charges.push({ kind: "grow", at, isTable, index });
  }

  #loop(cost: number, start: number, row: Instruction): void {
    this.#slow(row.immediates);
    const region = this.#ways.loop();
    this.#ways.spend(cost);
    this.#charges.push({ kind: "head", at: this.#at, start, region });
  }

  #tryTable(): void {
    const reader = this.#reader(this.#at), labels: number[] = [];
    skipImmediates(BLOCK_TYPE, reader);
    reader.vec(() => {
      if (reader.byte() < 2) reader.u32();
      labels.push(reader.u32());
    }, "catch clause");
    this.#at = reader.offset - this.#base;
    this.#ways.tryTable(labels);
  }

  /** Reads the immediates of an instruction, which are all indices. */
  #indices(row: Instruction, start: number): number[] {
    const spaces = OWN_INDICES[row.name];
    return row.immediates.map((_, i) => {
      const index = this.#u32(), space = spaces?.[i];
      if (space !== undefined && index >= this.#limits[space]) this.#outOfBounds(space, index, start);
      return index;
    });
  }

  #local(start: number): void {
    const index = this.#u32();
    if (index >= this.#locals) this.#outOfBounds("local", index, start);
  }

  #outOfBounds(space: string, index: number, start: number): never {
    return this.#reader(start).fail("unknown-index", [space, index]);
  }

  #leb(): void {
    while (this.#bytes[this.#at++]! >= 0x80);
  }

  /** An unsigned integer, whose bits above 32 are not looked at: the engine refuses them. */
  #u32(): number {
    const byte = this.#bytes[this.#at++]!;
    if (byte < 0x80) return byte;
    let value = byte & 0x7f, factor = 0x80;
    for (let more = true; more; factor *= 0x80) {
      const next = this.#bytes[this.#at++] ?? 0;
      value += (next & 0x7f) * factor;
      more = next >= 0x80;
    }
    return value;
  }

  /** Reads past immediates by the table itself. */
  #slow(immediates: readonly Immediate[]): void {
    if (immediates.length === 0) return;
    const [first] = immediates;
    if (immediates.length === 1) {
      if (first === "index") return this.#leb();
      // Nearly every block has no result, or one of a type in one byte.
      if (first === "block type" && isShortBlockType(this.#bytes[this.#at])) return void this.#at++;
    }
    const reader = this.#reader(this.#at);
    skipImmediates({ immediates } as Instruction, reader);
    this.#at = reader.offset - this.#base;
  }

  #unknown(start: number, byte: number, opcode?: number): never {
    const code = byte < PREFIXES || opcode === undefined ? hex(byte) : `${hex(byte)} ${hex(opcode)}`;
    return this.#reader(start).fail("unknown-opcode", [code, "instruction"]);
  }
}

const BLOCK_TYPE = { immediates: ["block type"] } as unknown as Instruction;

function isShortBlockType(byte: number | undefined): boolean {
  return byte !== undefined && (byte & 0xc0) === 0x40 && byte !== 0x63 && byte !== 0x64;
}
