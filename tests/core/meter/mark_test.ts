// Modules that bear the mark of metered ones and are none: what the library can see of it, it refuses.
// A host that gives modules answers for what their code does: engines do not tell.

import { assertEquals, assertThrows } from "@std/assert";
import { CompileError, compileSync, features, instantiateSync, Linker, LinkError } from "@windlass/component";
import { markFault, meterMark } from "../../../core/module/meter_mark.ts";
import { readModuleType } from "../../../core/module/module_type.ts";
import { leb, name } from "../../support/bytes.ts";
import { meteredBytes } from "../../support/metered.ts";
import { wat } from "../../support/wat.ts";

/** A module of a text, with a mark of this content behind it. */
async function marked(text: string, mark: unknown): Promise<Uint8Array<ArrayBuffer>> {
  const content = new TextEncoder().encode(typeof mark === "string" ? mark : JSON.stringify(mark));
  const size = name("windlass:metering").length + content.length;
  return Uint8Array.from([...await wat(text), 0, ...leb(size), ...name("windlass:metering"), ...content]);
}

const prefix = "windlass:metering/", none = { memories: [], tables: [] };
const added =
  `(global (export "${prefix}counter") (mut i32) (i32.const 0)) (table (export "${prefix}handlers") 2 2 funcref)`;

/** Forged modules, and what is said of each; with the type that its bytes declare, more is known. */
const rows: Readonly<Record<string, readonly [text: string, mark: unknown, fault: string]>> = {
  "no code, although a function is exported": [
    `(module (func (export "f")))`,
    { prefix: "", ...none },
    "its mark says that it has no code",
  ],
  "no counter": [`(module)`, { prefix, ...none }, `it has no global \`${prefix}counter\``],
  "no handlers": [
    `(module (global (export "${prefix}counter") i32 (i32.const 0)))`,
    { prefix, ...none },
    `it has no table \`${prefix}handlers\``,
  ],
  "a memory that is not exported": [
    `(module ${added})`,
    { prefix, memories: [{ min: 1, bytes: 65536, name: "m" }], tables: [] },
    "it has no memory `m`",
  ],
  "an import that is not there": [
    `(module ${added})`,
    { prefix, memories: [{ min: 1, bytes: 65536, from: ["a", "b"] }], tables: [] },
    "its mark has other imports of the kind memory",
  ],
  "an import that is missing": [
    `(module (import "a" "b" (table 1 funcref)) ${added})`,
    { prefix, ...none },
    "its mark has other imports of the kind table",
  ],
};

for (const [what, [text, mark, fault]] of Object.entries(rows)) {
  Deno.test(`a forged mark: ${what}`, async () => {
    const module = new WebAssembly.Module(await marked(text, mark));
    assertEquals(markFault(module, meterMark(module)!), fault);
  });
}

Deno.test("a mark that cannot be read is none", async () => {
  const wrong = ["", "{", "null", "1", { prefix: 1, ...none }, { prefix }, { prefix, memories: [{}], tables: [] }];
  for (const mark of wrong) {
    assertEquals(meterMark(new WebAssembly.Module(await marked("(module)", mark))), undefined, JSON.stringify(mark));
  }
});

Deno.test("the marks of metered modules are right, with and without the module's type", async () => {
  const texts = [
    "(module)",
    `(module (memory (export "m") 1) ${
      features.multiMemory ? "(memory 2)" : ""
    } (table 1 funcref) (func (export "f")))`,
    `(module (import "a" "b" (memory 1)) (import "a" "f" (func)) (import "a" "t" (table 1 funcref)) (export "f" (func 0)))`,
    `(module (func (export "${prefix}counter")) (start 0))`,
  ];
  for (const text of texts) {
    const bytes = await wat(text), module = new WebAssembly.Module(meteredBytes(bytes)), mark = meterMark(module)!;
    assertEquals(
      [markFault(module, mark), markFault(module, mark, readModuleType(bytes))],
      [undefined, undefined],
      text,
    );
  }
});

/** A guest's module that exports all that a metered one does, and is none. */
const imitation = `(module ${added} (func (export "f") (loop $l (br $l))))`;

Deno.test("a guest that exports what metering adds is found out by its own type", async () => {
  const core = await marked(imitation, { prefix, memories: [], tables: [{ min: 2, bytes: 8 }] });
  const bytes = Uint8Array.from([
    ...[0, 0x61, 0x73, 0x6d, 0x0d, 0, 1, 0],
    ...[1, ...leb(core.length), ...core],
  ]);
  const { modules } = compileSync(bytes);
  const error = assertThrows(() => compileSync(bytes, { metering: true, modules }), CompileError) as CompileError;
  assertEquals(error.code, "wrong-metering");
  // Metered by the library, it is as any other; behind it is the helper.
  assertEquals(compileSync(bytes, { metering: true }).modules.length, 2);
});

Deno.test("a host's module whose counter is not one is refused before anything of it is called", async () => {
  const component = compileSync(
    await wat(`(component (import "m" (core module $M (export "f" (func)))) (core instance (instantiate $M)))`),
    { metering: true },
  );
  const mark = { prefix, memories: [], tables: [{ min: 2, bytes: 8 }] };
  const text = (counter: string, elements: number) =>
    `(module (global (export "${prefix}counter") ${counter}) (func (export "f"))
      (table (export "${prefix}handlers") ${elements} funcref))`;
  const right = "(mut i32) (i32.const 0)";
  for (const [counter, elements] of [["(mut i64) (i64.const 0)", 2], ["i32 (i32.const 0)", 2], [right, 3]] as const) {
    const module = new WebAssembly.Module(await marked(text(counter, elements), mark));
    const linked = new Linker().module("m", module).link(component);
    assertThrows(() => linked.instantiateSync(), LinkError, "the host's core module is not metered");
  }
  // One that has all of it is taken at the host's word.
  const module = new WebAssembly.Module(await marked(text(right, 2), mark));
  new Linker().module("m", module).link(component).instantiateSync();
});

Deno.test("modules that were split off metered are taken", async () => {
  const bytes = await wat(
    `(component (core module $M (memory 1) (func (export "f"))) (core instance $m (instantiate $M))
    (func (export "f") (canon lift (core func $m "f"))))`,
  );
  const { modules } = compileSync(bytes, { metering: true });
  const given = compileSync(bytes, { metering: true, modules });
  instantiateSync(given, {}, { limits: { fuel: 100 } }).exports.f();
});
