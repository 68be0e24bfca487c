// Core modules that try to reach what metering adds, by indices that they do not have. The engine
// would take some of them: it sees the added items as well.

import { assertEquals, assertThrows } from "@std/assert";
import { CompileError, Trap } from "@windlass/component";
import { leb, name, section, vec } from "../../support/bytes.ts";
import { meteredBytes, meteredInstance } from "../../support/metered.ts";

/** The parts of a module: each is the items of a section. */
interface Parts {
  readonly types?: readonly (readonly number[])[];
  readonly funcs?: readonly (readonly number[])[];
  readonly tables?: readonly (readonly number[])[];
  readonly globals?: readonly (readonly number[])[];
  readonly exports?: readonly (readonly number[])[];
  readonly start?: number;
  readonly elements?: readonly (readonly number[])[];
  readonly body?: readonly number[];
}

/** A module of a function `[i32] -> []`, with one local of its own, and what else is given. */
function moduleOf(parts: Parts): Uint8Array<ArrayBuffer> {
  const { types = [[0x60, 1, 0x7f, 0]], funcs = [[0]], body = [], start } = parts;
  const code = [1, 1, 0x7f, ...body, 0x0b];
  return Uint8Array.from([
    ...[0, 0x61, 0x73, 0x6d, 1, 0, 0, 0],
    ...section(1, vec(types)),
    ...section(3, vec(funcs)),
    ...parts.tables === undefined ? [] : section(4, vec(parts.tables)),
    ...parts.globals === undefined ? [] : section(6, vec(parts.globals)),
    ...parts.exports === undefined ? [] : section(7, vec(parts.exports)),
    ...start === undefined ? [] : section(8, leb(start)),
    ...parts.elements === undefined ? [] : section(9, vec(parts.elements)),
    ...section(10, vec([[...leb(code.length), ...code]])),
  ]);
}

const one = [0x41, 1], table = [[0x70, 0, 1]], loop = [0x03, 0x40];

/** What a module names that it does not have: its own are one function, two locals, and what is given. */
const rows: Readonly<Record<string, readonly [parts: Parts, phrase: string]>> = {
  "global.set": [{ body: [...one, 0x24, 0] }, "unknown global 0"],
  "global.get": [{ body: [0x23, 0, 0x1a] }, "unknown global 0"],
  "a local": [{ body: [...one, 0x21, 2] }, "unknown local 2"],
  "a local in a long form": [{ body: [...one, 0x21, 0x82, 0] }, "unknown local 2"],
  "a local in a loop": [{ body: [...loop, ...one, 0x22, 2, 0x0d, 0, 0x0b] }, "unknown local 2"],
  "call": [{ body: [...one, 0x10, 2] }, "unknown function 2"],
  "return_call": [{ body: [...one, 0x12, 1] }, "unknown function 1"],
  "ref.func": [{ body: [0xd2, 3, 0x1a] }, "unknown function 3"],
  "call_indirect": [{ body: [...one, ...one, 0x11, 0, 0] }, "unknown table 0"],
  "return_call_indirect": [{ tables: table, body: [...one, ...one, 0x13, 0, 1] }, "unknown table 1"],
  "table.set": [{ body: [...one, 0xd0, 0x70, 0x26, 0] }, "unknown table 0"],
  "table.fill": [{ body: [...one, 0xd0, 0x70, ...one, 0xfc, 17, 0] }, "unknown table 0"],
  "table.copy": [{ tables: table, body: [...one, ...one, ...one, 0xfc, 14, 1, 0] }, "unknown table 1"],
  "table.grow": [{ body: [0xd0, 0x70, ...one, 0xfc, 15, 0, 0x1a] }, "unknown table 0"],
  "an export of the counter": [{ exports: [[...name("g"), 3, 0]] }, "unknown global 0"],
  "an export of the handlers": [{ tables: table, exports: [[...name("t"), 1, 1]] }, "unknown table 1"],
  "an export of a function": [{ exports: [[...name("f"), 0, 1]] }, "unknown function 1"],
  "a start function": [{ start: 1 }, "unknown function 1"],
  "elements of the only table": [{ elements: [[0, 0x41, 0, 0x0b, 1, 0]] }, "unknown table 0"],
  "elements of a table": [{ tables: table, elements: [[2, 1, 0x41, 0, 0x0b, 0, 1, 0]] }, "unknown table 1"],
  "a function in elements": [{ tables: table, elements: [[0, 0x41, 0, 0x0b, 1, 3]] }, "unknown function 3"],
  "a function in an element's expression": [
    { tables: table, elements: [[4, 0x41, 0, 0x0b, 1, 0xd2, 3, 0x0b]] },
    "unknown function 3",
  ],
  "a function in a passive segment": [{ elements: [[1, 0, 1, 2]] }, "unknown function 2"],
  "a function in a global": [{ globals: [[0x70, 0, 0xd2, 3, 0x0b]] }, "unknown function 3"],
  "a function in a table": [{ tables: [[0x40, 0, 0x70, 0, 1, 0xd2, 3, 0x0b]] }, "unknown function 3"],
  "the type of call_indirect": [{ tables: table, body: [...one, ...one, 0x11, 1, 0] }, "unknown type 1"],
  "a type of a function": [{ types: [[0x60, 0, 0]], funcs: [[2]] }, "unknown type 2"],
};

for (const [what, [parts, phrase]] of Object.entries(rows)) {
  Deno.test(`what metering adds is not reached by ${what}`, () => {
    const module = moduleOf(parts);
    assertEquals(WebAssembly.validate(module), false);
    const error = assertThrows(() => meteredBytes(module), CompileError, phrase) as CompileError;
    assertEquals(error.code, "unknown-index");
  });
}

Deno.test("a start function is checked, since the engine does not see that it is one", () => {
  const wrong = moduleOf({ start: 0 });
  assertEquals(WebAssembly.validate(wrong), false);
  assertThrows(() => meteredBytes(wrong), CompileError, "start function must take and give nothing");
  const right = moduleOf({ types: [[0x60, 0, 0]], start: 0 });
  assertEquals([WebAssembly.validate(right), WebAssembly.validate(meteredBytes(right))], [true, true]);
  // A second section.
  const section8 = [8, 1, 0], at = right.findIndex((byte, i) => byte === 8 && right[i + 1] === 1 && right[i + 2] === 0);
  const twice = Uint8Array.from([...right.slice(0, at), ...section8, ...right.slice(at)]);
  assertEquals(WebAssembly.validate(twice), false);
  assertThrows(() => meteredBytes(twice), CompileError, "malformed section id: 8");
});

Deno.test("the older exceptions do not catch that fuel is used up", () => {
  const [call, again, end] = [[0x10, 0], [0x0c, 0], 0x0b];
  const bodies = [[...loop, ...again, end], [...loop, 0x06, 0x40, ...call, 0x19, end, ...again, end]];
  const module = Uint8Array.from([
    ...[0, 0x61, 0x73, 0x6d, 1, 0, 0, 0],
    ...section(1, vec([[0x60, 0, 0]])),
    ...section(3, vec([[0], [0]])),
    ...section(7, vec([[...name("f"), 0, 1]])),
    ...section(10, vec(bodies.map((body) => [...leb(body.length + 2), 0, ...body, end]))),
  ]);
  if (!WebAssembly.validate(module)) return; // not every engine still has them
  const { instance, meter } = meteredInstance(module, { fuel: 10_000 });
  const trap = assertThrows(instance.exports.f as () => void, Trap) as Trap;
  assertEquals([trap.code, meter.fuel], ["out-of-fuel", 0n]);
});

Deno.test("with the items of its own, each of these modules is accepted", () => {
  const whole = moduleOf({
    tables: [[0x70, 0, 1], [0x40, 0, 0x70, 0, 1, 0xd2, 0, 0x0b]],
    globals: [[0x70, 0, 0xd2, 0, 0x0b], [0x7f, 1, 0x41, 5, 0x0b]],
    exports: [[...name("g"), 3, 1], [...name("t"), 1, 1], [...name("f"), 0, 0]],
    elements: [
      [0, 0x41, 0, 0x0b, 1, 0],
      [1, 0, 1, 0],
      [2, 1, 0x41, 0, 0x0b, 0, 1, 0],
      [3, 0, 1, 0],
      [4, 0x41, 0, 0x0b, 1, 0xd2, 0, 0x0b],
      [5, 0x70, 1, 0xd0, 0x70, 0x0b],
      [6, 1, 0x41, 0, 0x0b, 0x70, 1, 0xd2, 0, 0x0b],
      [7, 0x70, 1, 0xd2, 0, 0x0b],
    ],
    body: [0x23, 1, 0x24, 1, 0x20, 1, 0x21, 0x80, 0, ...one, 0x10, 0, 0xd2, 0, 0x1a, ...one, ...one, 0x11, 0, 1],
  });
  assertEquals([WebAssembly.validate(whole), WebAssembly.validate(meteredBytes(whole))], [true, true]);
});
