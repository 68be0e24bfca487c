// The kernel's other side: windows, bodies that do not fit, and what is wrong with a body.

import { assert, assertEquals, assertThrows } from "@std/assert";
import { CompileError } from "@windlass/component";
import { MAX_BODY_BYTES } from "../../../core/binary/limits.ts";
import { readHints } from "../../../core/meter/custom.ts";
import { kernel } from "../../../core/meter/kernel.ts";
import { Reader } from "../../../core/binary/reader.ts";
import { leb, section } from "../../support/bytes.ts";
import { meteredBytes, meteredInstance } from "../../support/metered.ts";
import { wat } from "../../support/wat.ts";

const preamble = [0, 0x61, 0x73, 0x6d, 1, 0, 0, 0];
const NOP = 0x01, END = 0x0b;

/** A module of functions `[] -> []` and a memory, with these bytes as the content of its code section. */
function moduleOf(funcs: number, code: Uint8Array): Uint8Array<ArrayBuffer> {
  const head = [
    ...[...preamble, ...section(1, [1, 0x60, 0, 0]), ...section(3, [funcs, ...new Array(funcs).fill(0)])],
    ...[...section(5, [1, 0, 1]), ...section(7, [1, 1, 0x66, 0, 0]), 10, ...leb(code.length)],
  ];
  const module = new Uint8Array(head.length + code.length);
  module.set(head);
  module.set(code, head.length);
  return module;
}

/** A code section of one function whose body is made of `times` times these bytes. */
function repeated(bytes: readonly number[], times: number): Uint8Array {
  const size = [...leb(bytes.length * times + 2)], code = new Uint8Array(size.length + 3 + bytes.length * times);
  code.set([1, ...size, 0]);
  for (let i = 0; i < times; i++) code.set(bytes, size.length + 2 + i * bytes.length);
  code[code.length - 1] = END;
  return code;
}

Deno.test("a body that is larger than the window is metered", () => {
  const times = kernel().room + 1000, fuel = 10n ** 9n;
  const { instance, meter } = meteredInstance(moduleOf(1, repeated([NOP], times)), { fuel });
  (instance.exports["f"] as () => void)();
  assertEquals(fuel - meter.fuel!, BigInt(times));
});

Deno.test("a body is metered whose charges are many times as long as it is", () => {
  // i32.const 0, memory.grow, drop: two charges' worth of code for each.
  const times = 40_000, fuel = 10n ** 9n;
  const { instance, meter } = meteredInstance(moduleOf(1, repeated([0x41, 0, 0x40, 0, 0x1a], times)), { fuel });
  (instance.exports["f"] as () => void)();
  assertEquals(fuel - meter.fuel!, BigInt(times) * 1002n);
  // Loops that count nothing, each with a head and a hint of its own.
  const loops = meteredBytes(moduleOf(1, repeated([0x03, 0x40, NOP, END], 40_000)));
  assert(WebAssembly.validate(loops as Uint8Array<ArrayBuffer>));
});

Deno.test("a module is metered the same after another one was refused in the middle", () => {
  const good = moduleOf(2, Uint8Array.of(2, 5, 0, 0x03, 0x40, END, END, 2, 0, END)), first = meteredBytes(good);
  // The second body has an instruction that nobody knows.
  const bad = moduleOf(2, Uint8Array.of(2, 5, 0, 0x03, 0x40, END, END, 3, 0, 0xff, END));
  assertThrows(() => meteredBytes(bad), CompileError, "0xff");
  assertEquals(meteredBytes(good), first);
});

Deno.test("a body larger than engines allow is refused before it is read", () => {
  const module = moduleOf(1, repeated([NOP], MAX_BODY_BYTES));
  const error = assertThrows(() => meteredBytes(module), CompileError) as CompileError;
  assertEquals(error.code, "limit-exceeded");
  assert(error.message.includes(`function body byte count exceeds limit of ${MAX_BODY_BYTES}`), error.message);
});

/** Code sections of one function that are wrong, and what the error says. */
const wrong: Readonly<Record<string, readonly [code: readonly number[], message: string, at: number]>> = {
  "a size in six bytes": [[1, 0x82, 0x80, 0x80, 0x80, 0x80, 0, 0, END], "representation too long", 5],
  "a size of 33 bits": [[1, 0x82, 0x80, 0x80, 0x80, 0x10, 0, END], "too large", 5],
  "a number of locals in six bytes": [[1, 8, 0x80, 0x80, 0x80, 0x80, 0x80, 0, END, END], "representation too long", 6],
  "locals that are missing": [[1, 3, 1, 1, 0x7f], "unexpected end", 5],
  "more locals than bytes": [[1, 2, 9, END], "unexpected end", 4],
  "an index that is cut off": [[1, 3, 0, 0x10, 0x80], "unexpected end", 5],
  "the first of two faults": [[1, 5, 0, 0x20, 7, 0xff, END], "unknown local 7", 3],
  "a fault behind an `end`": [[1, 4, 0, END, 0xff, END], "unexpected data", 4],
};

for (const [what, [code, message, at]] of Object.entries(wrong)) {
  Deno.test(`the kernel's errors: ${what}`, () => {
    const module = moduleOf(1, Uint8Array.from(code));
    assertEquals(WebAssembly.validate(module), false);
    const error = assertThrows(() => meteredBytes(module), CompileError, message) as CompileError;
    assertEquals(error.offset! - (module.length - code.length), at);
  });
}

Deno.test("hints of some functions stay, between functions that had none", async () => {
  const hinted = `nop loop $l local.get 0 (@metadata.code.branch_hint "\\01") br_if $l end`;
  const plain = `(func (param i32) (loop $l (br_if $l (local.get 0))))`;
  const module = await wat(
    `(module ${plain} (func (param i32) ${hinted}) ${plain} (func (param i32) ${hinted}) (func))`,
  );
  const compiled = new WebAssembly.Module(meteredBytes(module));
  const [content] = WebAssembly.Module.customSections(compiled, "metadata.code.branch_hint");
  const functions = readHints(new Reader(new Uint8Array(content!), 0, "hints"));
  const values = [...functions].map(([func, hints]) => [func, hints.map(({ value }) => value[0])]);
  // The entry, if it costs anything; the loop; and what the function had.
  assertEquals(values, [[0, [0]], [1, [0, 0, 1]], [2, [0]], [3, [0, 0, 1]]]);
});
