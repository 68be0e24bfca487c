// Metered core modules: each instruction is understood, nothing of a module's own shifts, and what
// engines accept they accept metered.

import { assert, assertEquals, assertThrows } from "@std/assert";
import { CompileError, features } from "@windlass/component";
import { allInstructions } from "../../../core/module/instructions.ts";
import { Reader } from "../../../core/binary/reader.ts";
import { METER_MARK, meterMark } from "../../../core/module/meter_mark.ts";
import { metering } from "../../../core/meter/metering.ts";
import { readHints } from "../../../core/meter/custom.ts";
import { leb, name, section, vec } from "../../support/bytes.ts";
import { meteredBytes, meteredInstance } from "../../support/metered.ts";
import { unwat, wat } from "../../support/wat.ts";

const preamble = [0, 0x61, 0x73, 0x6d, 1, 0, 0, 0];

/** A module of a table, a global and one function with a local, whose body is these bytes. */
function moduleOf(body: readonly number[]): Uint8Array {
  const code = [1, 1, 0x7f, ...body, 0x0b];
  return Uint8Array.from([
    ...preamble,
    ...section(1, vec([[0x60, 0, 0]])),
    ...section(3, vec([[0]])),
    ...section(4, vec([[0x70, 0, 1]])),
    ...section(6, vec([[0x7f, 1, 0x41, 0, 0x0b]])),
    ...section(10, vec([[...leb(code.length), ...code]])),
  ]);
}

/** Modules of a class of instructions. Each exports `f`, and more of what it changes. */
const classes: Readonly<Record<string, { readonly text: string; readonly needs?: keyof typeof features }>> = {
  "integers and floats": {
    text: `(func (export "f") (param i32) (result i64 f32 f64)
      (i64.extend16_s (i64.rotl (i64.const 77) (i64.extend_i32_s (local.get 0))))
      (f32.convert_i32_u (i32.trunc_sat_f64_s (f64.const 1e30)))
      (f64.promote_f32 (f32.nearest (f32.const 2.5))))`,
  },
  "blocks, branches and tables of labels": {
    text: `(func (export "f") (param i32) (result i32) (local i32)
      (loop $l (result i32)
        (block $a (block $b (block $c (br_table $c $b $a (i32.rem_u (local.get 0) (i32.const 3))))
          (local.set 1 (i32.add (local.get 1) (i32.const 100)))) (local.set 1 (i32.add (local.get 1) (i32.const 10))))
        (local.set 0 (i32.sub (local.get 0) (i32.const 1)))
        (br_if $l (i32.const 5) (local.get 0)) (drop)
        (select (result i32) (local.get 1) (i32.const 9) (local.get 1))))`,
  },
  "blocks with parameters": {
    text: `(func (export "f") (param i32) (result i32)
      (i32.const 1) (local.get 0)
      (loop $l (param i32 i32) (result i32)
        (local.set 0) (i32.const 2) (i32.mul)
        (local.tee 0 (i32.sub (local.get 0) (i32.const 1))) (local.get 0)
        (if (param i32 i32) (result i32) (then (br $l)) (else (drop)))))`,
  },
  "memory, tables and bulk operations": {
    text: `(memory (export "memory") 1 3) (table $t (export "table") 4 funcref) (elem $e func $g $g) (data $d "bulk")
      (func $g) (global (mut i32) (i32.const 3))
      (func (export "f") (param i32) (result i32)
        (memory.init $d (i32.const 8) (i32.const 0) (i32.const 4)) (data.drop $d)
        (memory.copy (i32.const 9) (i32.const 8) (local.get 0)) (memory.fill (i32.const 90) (i32.const 7) (local.get 0))
        (table.init $t $e (i32.const 0) (i32.const 0) (i32.const 2)) (elem.drop $e)
        (table.copy $t $t (i32.const 1) (i32.const 0) (i32.const 2)) (table.fill $t (i32.const 3) (ref.func $g) (i32.const 1))
        (call_indirect (i32.const 1)) (global.set 0 (table.grow $t (ref.null func) (local.get 0)))
        (i32.add (memory.grow (i32.const 2)) (memory.grow (i32.const 1))))`,
  },
  "vectors": {
    text: `(memory (export "memory") 1) (func (export "f") (param i32) (result i64)
      (v128.store8_lane 3 (i32.const 5) (i8x16.splat (local.get 0)))
      (i64x2.extract_lane 1 (i8x16.shuffle 0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 31
        (v128.load8_splat offset=5 (i32.const 0)) (v128.const i64x2 1 2))))`,
    needs: "simd",
  },
  "relaxed vectors": {
    text: `(func (export "f") (param i32) (result i32)
      (i32x4.extract_lane 0 (i32x4.relaxed_dot_i8x16_i7x16_add_s (i8x16.splat (local.get 0)) (v128.const i64x2 1 2) (v128.const i64x2 1 2))))`,
    needs: "relaxedSimd",
  },
  "tail calls": {
    text: `(type $t (func (param i32) (result i32))) (table funcref (elem $f))
      (func $f (export "f") (param i32) (result i32)
        (if (i32.eqz (local.get 0)) (then (return (i32.const 42))))
        (if (i32.and (local.get 0) (i32.const 1)) (then (return_call $f (i32.sub (local.get 0) (i32.const 1)))))
        (return_call_indirect (type $t) (i32.sub (local.get 0) (i32.const 1)) (i32.const 0)))`,
    needs: "tailCall",
  },
  "exceptions": {
    text: `(tag $t (param i32)) (func $throws (param i32) (throw $t (local.get 0)))
      (func (export "f") (param i32) (result i32)
        (block $caught (result i32)
          (loop $l (try_table (catch $t $caught) (call $throws (local.get 0))) (br $l)) (unreachable)))`,
    needs: "exceptions",
  },
  "collected objects": {
    text: `(type $s (struct (field (mut i32)))) (type $a (array (mut (ref null $s))))
      (func (export "f") (param i32) (result i32) (local $x (ref $a)) (local i32)
        (local.set $x (array.new_default $a (local.get 0)))
        (array.fill $a (local.get $x) (i32.const 0) (struct.new $s (i32.const 8)) (local.get 0))
        (array.copy $a $a (local.get $x) (i32.const 1) (local.get $x) (i32.const 0) (i32.const 2))
        (loop $l (struct.set $s 0 (array.get $a (local.get $x) (i32.const 0)) (local.get 0))
          (br_if $l (local.tee 0 (i32.sub (local.get 0) (i32.const 1)))))
        (block $null (result i32)
          (block $other (result anyref) (br_on_cast_fail $other anyref (ref $s) (array.get $a (local.get $x) (i32.const 0)))
            (br $null (struct.get $s 0)))
          (drop) (i32.const -1)))`,
    needs: "gc",
  },
  "references to functions": {
    text: `(type $t (func (param i32) (result i32))) (elem declare func $g)
      (func $g (type $t) (i32.mul (local.get 0) (i32.const 3)))
      (func (export "f") (param i32) (result i32)
        (block $null (call_ref $t (local.get 0) (br_on_null $null (ref.func $g))) (return)) (i32.const -1))`,
    needs: "gc",
  },
  "several memories": {
    text: `(memory $one (export "memory") 1) (memory $two 2)
      (func (export "f") (param i32) (result i32)
        (i32.store $two offset=4 (i32.const 0) (local.get 0)) (memory.copy $one $two (i32.const 0) (i32.const 0) (local.get 0))
        (i32.add (memory.size $two) (i32.load (i32.const 4))))`,
    needs: "multiMemory",
  },
  "memories of 64 bits": {
    text: `(memory $wide (export "memory") i64 1) (memory $narrow 1)
      (func (export "f") (param i32) (result i64) (local i64)
        (local.set 1 (i64.extend_i32_u (local.get 0)))
        (memory.fill $wide (i64.const 3) (i32.const 9) (local.get 1))
        (memory.copy $wide $narrow (i64.const 0) (i32.const 0) (local.get 0))
        (memory.copy $wide $wide (i64.const 20) (i64.const 0) (local.get 1))
        (i64.add (memory.grow $wide (i64.const 1)) (i64.load $wide (i64.const 0))))`,
    needs: "memory64",
  },
  "atomics": {
    text: `(memory 1 1 shared) (func (export "f") (param i32) (result i32)
      (drop (i32.atomic.rmw.add (i32.const 4) (local.get 0))) (atomic.fence)
      (i32.add (memory.atomic.notify (i32.const 4) (i32.const 1)) (i32.atomic.load (i32.const 4))))`,
    needs: "threads",
  },
};

function outcome(exports: WebAssembly.Exports): string {
  const call = (arg: number): string => {
    try {
      return String((exports["f"] as (arg: number) => unknown)(arg));
    } catch (error) {
      return (error as Error).message;
    }
  };
  const results = [3, 8, 1].map(call), { memory, table } = exports;
  return [
    ...results,
    memory instanceof WebAssembly.Memory ? new Uint8Array(memory.buffer).subarray(0, 200) : "",
    table instanceof WebAssembly.Table ? table.length : "",
  ].join("\n");
}

for (const [what, { text, needs }] of Object.entries(classes)) {
  Deno.test({
    name: `metered does the same: ${what}`,
    ignore: needs !== undefined && !features[needs],
    fn: async () => {
      const bytes = await wat(`(module ${text})`);
      const plain = outcome(new WebAssembly.Instance(new WebAssembly.Module(bytes)).exports);
      assertEquals(outcome(meteredInstance(bytes, { fuel: 1e9 }).instance.exports), plain);
    },
  });
}

/** `try`, `catch`, `catch_all`, `rethrow` and `delegate`: the toolchain reads no text of these any more. */
const olderExceptions = Uint8Array.from([
  ...preamble,
  ...section(1, vec([[0x60, 1, 0x7f, 0], [0x60, 1, 0x7f, 1, 0x7f]])),
  ...section(3, vec([[0], [1]])),
  ...section(13, vec([[0, 0]])),
  ...section(7, vec([[...name("f"), 0, 1]])),
  ...section(
    10,
    vec([
      [0, 0x20, 0, 0x08, 0, 0x0b],
      [
        ...[0, 0x06, 0x7f, 0x06, 0x7f, 0x20, 0, 0x10, 0, 0x41, 1, 0x18, 0],
        ...[0x07, 0, 0x41, 5, 0x6a, 0x19, 0x09, 0, 0x0b, 0x0b],
      ],
    ].map((body) => [body.length, ...body])),
  ),
]);

Deno.test("metered does the same: the older exceptions", () => {
  // Not every engine still has them.
  const metered = meteredBytes(olderExceptions), accepted = WebAssembly.validate(olderExceptions);
  assertEquals(WebAssembly.validate(metered), accepted);
  if (!accepted) return;
  const plain = outcome(new WebAssembly.Instance(new WebAssembly.Module(olderExceptions)).exports);
  assertEquals(plain.split("\n").slice(0, 3), ["8", "13", "6"]);
  assertEquals(outcome(meteredInstance(olderExceptions).instance.exports), plain);
});

Deno.test("an instruction that nobody knows is an error that names it, with its offset", () => {
  for (const [body, words] of [[[0x01, 0xfc, 99], "0xfc 0x63"], [[0xff], "0xff"], [[0x27], "0x27"]] as const) {
    const module = moduleOf(body);
    const error = assertThrows(() => meteredBytes(module), CompileError) as CompileError;
    assertEquals(error.code, "unknown-opcode");
    assert(error.message.includes(`(${words}) for instruction`), error.message);
    assert(error.message.startsWith("Cannot decode core module 0, function body 0"), error.message);
    // The offset is that of the instruction.
    assertEquals([...module].slice(error.offset!, error.offset! + 1), [body[body.length === 3 ? 1 : 0]]);
  }
});

Deno.test("every known instruction is read to its end", () => {
  // In code that does not run, operands do not matter; the engine judges whether the rest is valid.
  const dead = ["block", "loop", "if", "else", "try", "catch", "catch_all", "delegate", "try_table", "end"];
  for (const row of allInstructions()) {
    if (dead.includes(row.name)) continue;
    const immediates = row.immediates.flatMap((kind) => {
      const sizes = { f32: 4, f64: 8, "16 bytes": 16, byte: 1, memarg: 2, "value types": 0 } as Record<string, number>;
      if (kind === "value types") return [1, 0x7f];
      if (kind === "heap type") return [0x70];
      if (kind === "labels") return [1, 0];
      return new Array(sizes[kind] ?? 1).fill(0);
    });
    const opcode = row.prefix === undefined ? [row.opcode] : [row.prefix, ...leb(row.opcode)];
    // After it comes an instruction that is unknown: it is found where it is.
    const module = moduleOf([...opcode, ...immediates, 0xff]);
    const error = assertThrows(() => meteredBytes(module), CompileError, "(0xff)") as CompileError;
    assertEquals(module[error.offset!], 0xff, row.name);
  }
});

Deno.test("bodies that end early or late are errors", () => {
  for (
    const [body, code] of [[[0x41], "unexpected-end"], [[0x02, 0x40], "unexpected-end"], [
      [0x0b, 0x01],
      "trailing-bytes",
    ]] as const
  ) {
    assertEquals((assertThrows(() => meteredBytes(moduleOf(body)), CompileError) as CompileError).code, code);
  }
});

const everything = await wat(`(module
  (type (func (param i32)))
  (import "host" "f" (func (type 0)))
  (import "host" "memory" (memory 1))
  (import "host" "global" (global i32))
  (table 2 funcref) (table $other 1 externref)
  (global $g (mut i64) (i64.const 3))
  (export "windlass:metering/counter" (global $g))
  (export "name" (func 1))
  (func $one (type 0) (loop $l (br_if $l (local.get 0))) (call 0 (i32.const 1)))
  (func $start)
  (start $start)
  (elem (i32.const 0) $one)
  (data (i32.const 0) "${"bytes ".repeat(50)}"))`);

Deno.test("chunks of every size give the same metered module", () => {
  const whole = meteredBytes(everything);
  assert(WebAssembly.validate(whole));
  for (let size = 1; size <= everything.length; size++) {
    const transform = metering(0, 0), out: number[] = [];
    const take = (pieces: readonly Uint8Array[]) => pieces.forEach((piece) => out.push(...piece));
    for (let at = 0; at < everything.length; at += size) take(transform.push(everything.slice(at, at + size)));
    take(transform.end());
    assertEquals(Uint8Array.from(out), whole, `chunks of ${size}`);
  }
});

Deno.test("what is added is the last of its kind, under names that the module does not have", () => {
  const [plain, metered] = [everything, meteredBytes(everything)].map((bytes) =>
    new WebAssembly.Module(bytes as never)
  );
  assertEquals(WebAssembly.Module.imports(metered!), WebAssembly.Module.imports(plain!));
  const own = WebAssembly.Module.exports(plain!), all = WebAssembly.Module.exports(metered!);
  assertEquals(all.slice(0, own.length), own);
  assertEquals(all.slice(own.length).map(({ kind, name }) => `${name}: ${kind}`), [
    "windlass:metering1/counter: global",
    "windlass:metering1/handlers: table",
    "windlass:metering1/start: function",
  ]);
});

Deno.test("a guest's own mark is dropped", async () => {
  const text = new TextEncoder().encode("mine/");
  const guest = Uint8Array.from([
    ...await wat(`(module (func (export "f")))`),
    ...[0, ...leb(name(METER_MARK).length + text.length), ...name(METER_MARK), ...text],
  ]);
  const marks = WebAssembly.Module.customSections(new WebAssembly.Module(meteredBytes(guest)), METER_MARK);
  assertEquals(marks.map((bytes) => JSON.parse(new TextDecoder().decode(bytes)).prefix), ["windlass:metering/"]);
});

Deno.test("names stay but for labels; sections with places in the code are dropped", async () => {
  const module = await wat(`(module (func $called (param $p i32) (loop $label (br_if $label (local.get $p))))
    (@custom ".debug_info" "abc") (@custom "sourceMappingURL" "abc") (@custom "producers" "\\00"))`);
  const metered = new WebAssembly.Module(meteredBytes(module)),
    count = (name: string): number => WebAssembly.Module.customSections(metered, name).length;
  assertEquals([".debug_info", "sourceMappingURL", "producers", "name"].map(count), [0, 0, 1, 1]);
  const text = await unwat(meteredBytes(module));
  assert(text.includes("$called") && text.includes("$p") && !text.includes("$label"), text);
});

Deno.test("branch hints stay at their instructions, and charges are hinted as unlikely", async () => {
  const module = await wat(`(module (func) (func (param i32)
    nop loop $l local.get 0 (@metadata.code.branch_hint "\\01") br_if $l end))`);
  const [section] = WebAssembly.Module.customSections(
    new WebAssembly.Module(meteredBytes(module)),
    "metadata.code.branch_hint",
  );
  const hints = readHints(new Reader(new Uint8Array(section!), 0, "hints")).get(1)!;
  const code = codeOf(meteredBytes(module), 1);
  // 4 is `if`, 13 is `br_if`.
  assertEquals(hints.map(({ offset, value }) => [code[offset], ...value]), [[0x04, 0], [0x04, 0], [0x0d, 1]]);
});

/** The body of a defined function, after its size. */
function codeOf(module: Uint8Array, func: number): Uint8Array {
  const reader = new Reader(module, 0, "core module");
  reader.take(8);
  for (;;) {
    const id = reader.byte(), content = new Reader(reader.take(reader.u32()), 0, "code");
    if (id === 10) return content.vec(() => content.take(content.u32()), "body")[func]!;
  }
}

Deno.test("a module without code is only marked", () => {
  const module = Uint8Array.from([...preamble, ...section(5, vec([[0, 1]]))]), metered = meteredBytes(module);
  assertEquals(metered.subarray(0, module.length), module);
  assertEquals(meterMark(new WebAssembly.Module(metered)), {
    prefix: "",
    memories: [{ min: 1, bytes: 65536 }],
    tables: [],
  });
});
