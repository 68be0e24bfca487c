// The table of instructions, compared with the toolchain, which prints their names, and with the
// engine, which refuses opcodes that it does not know.

import { assert, assertEquals, assertThrows } from "@std/assert";
import { CompileError } from "../../../errors.ts";
import { leb } from "../../../abi/wasm/encoder.ts";
import { Reader } from "../../../core/binary/reader.ts";
import {
  allInstructions,
  type Immediate,
  type Instruction,
  readInstruction,
  skipConstExpr,
  skipImmediates,
} from "../../../core/module/instructions.ts";
import { unwat, wat } from "../../support/wat.ts";

/** One of each kind of immediates, of as many bytes as it can have where that differs. */
const samples: Readonly<Record<Immediate, readonly number[]>> = {
  index: [0],
  i32: [0x80, 0x7f],
  i64: [0x80, 0x80, 0x7f],
  f32: [0, 0, 0x80, 0x3f],
  f64: [0, 0, 0, 0, 0, 0, 0xf0, 0x3f],
  byte: [0],
  "16 bytes": Array(16).fill(1),
  memarg: [0x40, 0, 0x80, 1],
  "block type": [0x40],
  "heap type": [0x6e],
  "value types": [1, 0x63, 0x6e],
  labels: [2, 0, 0],
  "catch clauses": [3, 0, 0, 0, 1, 0, 0, 2, 0],
};

function opcodeBytes({ prefix, opcode }: Pick<Instruction, "prefix" | "opcode">): number[] {
  return prefix === undefined ? [opcode] : [prefix, ...leb(opcode)];
}

function encoded(instruction: Instruction): number[] {
  return [...opcodeBytes(instruction), ...instruction.immediates.flatMap((immediate) => samples[immediate])];
}

/** A module with types, a memory, a table and so on at index 0, and one function for each body. */
function moduleOf(bodies: readonly (readonly number[])[]): Uint8Array<ArrayBuffer> {
  const section = (id: number, content: readonly number[]): number[] => [id, ...leb(content.length), ...content];
  const funcs = bodies.flatMap((body) => [...leb(body.length + 2), 0, ...body, 0x0b]);
  return Uint8Array.of(
    ...[0, 0x61, 0x73, 0x6d, 1, 0, 0, 0],
    ...section(1, [1, 0x60, 0, 0]),
    ...section(3, [...leb(bodies.length), ...bodies.map(() => 0)]),
    ...section(4, [1, 0x70, 0, 1]),
    ...section(5, [1, 0, 1]),
    ...section(10, [...leb(bodies.length), ...funcs]),
  );
}

/** An instruction with what must stand before it, and with what closes its block. */
function inPlace(instruction: Instruction): number[] {
  const own = encoded(instruction), { name } = instruction;
  if (["block", "loop", "if", "try", "try_table"].includes(name)) return [...own, 0x0b];
  if (name === "else") return [0x04, 0x40, ...own, 0x0b];
  if (["catch", "catch_all"].includes(name)) return [0x06, 0x40, ...own, 0x0b];
  if (name === "rethrow") return [0x06, 0x40, 0x19, ...own, 0x0b];
  if (name === "delegate") return [0x06, 0x40, ...own];
  return own;
}

Deno.test("the toolchain prints each instruction under the table's name", async () => {
  const rows = allInstructions().filter(({ name }) => name !== "end"); // each function has one, which is not printed
  const text = await unwat(moduleOf(rows.map(inPlace)));
  const printed = text.split(/^ {2}\(func /m).slice(1);
  assertEquals(printed.length, rows.length);
  for (const [i, { name }] of rows.entries()) {
    const words = printed[i]!.split("\n").map((line) => line.trim().split(/[ )]/)[0]);
    assert(words.includes(name), `${name} in ${printed[i]}`);
  }
});

Deno.test("reading an instruction gives its row, and skipping its immediates ends where the next one begins", () => {
  const rows = allInstructions();
  const reader = new Reader(Uint8Array.from(rows.flatMap(encoded)), 0, "function body");
  for (const row of rows) {
    const read = readInstruction(reader);
    assertEquals([read.name, read.prefix, read.opcode], [row.name, row.prefix, row.opcode]);
    skipImmediates(read, reader);
  }
  reader.finish();
});

/** Functions for the toolchain to encode: reading one must meet each name, and the end. */
const groups: Readonly<Record<string, { readonly fields?: string; readonly body: string }>> = {
  control: {
    fields: `(type $t (func)) (table 1 funcref) (elem declare func $f)`,
    body:
      `(block (result i32) (loop (br 0)) (i32.const 1)) (if (then (nop)) (else (unreachable))) (block (br_table 0 0 0 (i32.const 0)))
      (call_indirect (type $t) (i32.const 0)) (call_ref $t (ref.func $f)) (drop (block (result (ref $t)) (br_on_null 1 (ref.null $t))))
      (drop (select (result (ref null $t)) (ref.null $t) (ref.null $t) (i32.const 1))) (return_call $f)`,
  },
  memory: {
    fields: `(memory 1) (memory $two i64 1) (data $d "abc")`,
    body:
      `(i64.store32 $two offset=0x1_0000_0000 (i64.const 0) (i64.load8_u align=1 (i32.const -5))) (memory.init $two $d (i64.const 0) (i32.const 0) (i32.const 0))
      (data.drop $d) (memory.copy $two 0 (i64.const 0) (i32.const 0) (i32.const 0)) (drop (memory.grow $two (memory.size $two)))`,
  },
  tables: {
    fields: `(table $t 1 funcref) (elem $e func $f)`,
    body:
      `(table.init $t $e (i32.const 0) (i32.const 0) (i32.const 0)) (elem.drop $e) (table.fill $t (i32.const 0) (ref.null func) (i32.const 0))
      (drop (table.grow $t (table.get $t (i32.const 0)) (table.size $t))) (table.copy $t $t (i32.const 0) (i32.const 0) (i32.const 0))`,
  },
  exceptions: {
    fields: `(tag $t (param i32))`,
    body: `(drop (block (result i32) (try_table (catch $t 0) (catch_all 1) (throw $t (i32.const 1))) (i32.const 0)))
      (try_table (block (result exnref) (try_table (catch_all_ref 0)) (unreachable)) (throw_ref))`,
  },
  collection: {
    fields: `(type $s (struct (field (mut i8)))) (type $a (array (mut i32))) (data $d "abcd")`,
    body: `(struct.set $s 0 (struct.new $s (i32.const 1)) (struct.get_u $s 0 (struct.new_default $s)))
      (drop (array.new_fixed $a 2 (i32.const 1) (i32.const 2))) (drop (array.new_data $a $d (i32.const 0) (i32.const 1)))
      (drop (ref.cast (ref null $s) (ref.null any))) (drop (i31.get_s (ref.i31 (i32.const 1))))
      (drop (block (result (ref $s)) (br_on_cast 0 anyref (ref $s) (ref.null any)) (drop) (unreachable)))
      (drop (ref.test (ref i31) (any.convert_extern (extern.convert_any (ref.null any)))))`,
  },
  vectors: {
    fields: `(memory 1)`,
    body:
      `(drop (i8x16.shuffle 0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 31 (v128.const i64x2 1 2) (v128.load8_splat offset=300 (i32.const 0))))
      (drop (i16x8.replace_lane 7 (v128.load32_lane align=1 3 (i32.const 0) (v128.const i64x2 1 2)) (i32.const 4)))
      (drop (i32x4.relaxed_dot_i8x16_i7x16_add_s (v128.load64_zero (i32.const 0)) (v128.const i64x2 1 2) (v128.const i64x2 1 2)))`,
  },
  threads: {
    fields: `(memory 1 1 shared)`,
    body: `(atomic.fence) (drop (memory.atomic.notify offset=4 (i32.const 0) (i32.const 1)))
      (drop (i64.atomic.rmw32.cmpxchg_u (i32.const 0) (i64.const 1) (i64.const 2))) (i32.atomic.store16 (i32.const 0) (i32.const 1))`,
  },
  numbers: {
    body:
      `(drop (f32.const 1.5)) (drop (f64.const -2.5)) (drop (i32.const 0x7fffffff)) (drop (i64.const 0x7fffffffffffffff))
      (drop (i32.trunc_sat_f64_u (f64.const 1))) (drop (i64.extend32_s (i64.const -1)))`,
  },
};

for (const [name, { fields = "", body }] of Object.entries(groups)) {
  Deno.test(`reads every instruction of a function with ${name}, to its end`, async () => {
    const reader = bodyOf(await wat(`(module ${fields} (func $f ${body}))`));
    const met = new Set<string>();
    let last = "";
    while (reader.remaining > 0) {
      const instruction = readInstruction(reader);
      skipImmediates(instruction, reader);
      met.add(last = instruction.name);
    }
    assertEquals(last, "end");
    const written = [...body.matchAll(/\(([a-z][\w.]+)/g)].map(([, word]) => word!);
    // In these functions a word that begins with `catch` begins a clause of `try_table`.
    const expected = written.filter((word) => rowNames.has(word) && !word.startsWith("catch"));
    for (const word of expected) assert(met.has(word), `${word} was read as something else`);
  });
}

const rowNames = new Set(allInstructions().map(({ name }) => name));

/** The code of a module's only function. */
function bodyOf(module: Uint8Array): Reader {
  const reader = new Reader(module, 0, "core module");
  reader.take(8);
  for (;;) {
    const id = reader.byte(), content = new Reader(reader.take(reader.u32()), 0, "section");
    if (id !== 10) continue;
    assertEquals(content.u32(), 1);
    const body = new Reader(content.take(content.u32()), 0, "function body");
    assertEquals(body.u32(), 0, "locals");
    return body;
  }
}

/** Why the engine refuses a function with an instruction; empty if it takes it. */
function complaint(prefix: number | undefined, opcode: number): string {
  const code = opcodeBytes({ prefix: prefix as Instruction["prefix"], opcode });
  try {
    new WebAssembly.Module(moduleOf([[...code, ...Array(40).fill(0)]]));
    return "";
  } catch (error) {
    return (error as Error).message;
  }
}

/** Whether V8 complains about the opcode itself: it does not know it, or only with a flag. */
function isUnknown(prefix: number | undefined, opcode: number): boolean {
  return /invalid (?:\w+ )?opcode|enable with/i.test(complaint(prefix, opcode));
}

/**
 * V8 reads these before it looks at their type, which can have no descriptor unless a flag is set.
 */
const neverValid: readonly string[] = ["fb 20", "fb 21"];

Deno.test({
  name: "every instruction that V8 knows is in the table",
  // The messages of other engines do not tell an unknown opcode from other faults.
  ignore: !complaint(undefined, 0xff).includes("Compiling function #0 failed: Invalid opcode"),
  fn() {
    const known = new Set(allInstructions().map(({ prefix, opcode }) => key(prefix, opcode)));
    const missing: string[] = [];
    for (const prefix of [undefined, 0xfb, 0xfc, 0xfd, 0xfe]) {
      for (let opcode = 0; opcode < (prefix === undefined ? 0xfb : 0x180); opcode++) {
        const name = key(prefix, opcode);
        if (!known.has(name) && !neverValid.includes(name) && !isUnknown(prefix, opcode)) missing.push(name);
      }
    }
    assertEquals(missing, []);
  },
});

function key(prefix: number | undefined, opcode: number): string {
  return `${prefix === undefined ? "" : `${prefix.toString(16)} `}${opcode.toString(16)}`;
}

Deno.test("an instruction that is not in the table is told by its opcode and place", () => {
  for (
    const [bytes, message] of [
      [[0x01, 0xe0], "unknown instruction: 0xe0"],
      [[0x01, 0xfc, 0x13], "unknown instruction: 0xfc 0x13"],
      [[0x01, 0xfd, 0x94, 0x02], "unknown instruction: 0xfd 0x114"],
    ] as const
  ) {
    const reader = new Reader(Uint8Array.from(bytes), 100, "function body");
    skipImmediates(readInstruction(reader), reader);
    const error = assertThrows(() => readInstruction(reader), CompileError);
    assertEquals([error.code, error.offset], ["unknown-opcode", 101], message);
    for (const part of message.split(" ").slice(2)) assert(error.message.includes(part), error.message);
  }
});

Deno.test("a constant expression ends with its own `end`", () => {
  const code = [0xd0, 0x6e, 0x1a, 0xfd, 0x0c, ...Array(16).fill(0x0b), 0x1a, 0x41, 0x0b, 0x0b, 99];
  const reader = new Reader(Uint8Array.from(code), 0, "global section");
  skipConstExpr(reader);
  assertEquals(reader.byte(), 99);
});
