// Modules on their way to the engine: however their bytes are cut into chunks, the same bytes come
// out.

import { assert, assertEquals, assertStrictEquals, assertThrows } from "@std/assert";
import { CompileError } from "../../../errors.ts";
import { rewritingOf } from "../../../core/module/rewriting.ts";
import { type SectionRewriter, SectionTransform } from "../../../core/module/section_transform.ts";
import { Pipeline, type Transform, transformWhole } from "../../../core/module/transform.ts";
import { unwat, wat } from "../../support/wat.ts";

const preamble = [0, 0x61, 0x73, 0x6d, 1, 0, 0, 0];

/** What comes out of a transform that gets chunks of one size. */
function inChunks(bytes: Uint8Array, size: number, transform: Transform): Uint8Array {
  const out: Uint8Array[] = [];
  for (let at = 0; at < bytes.length; at += size) out.push(...transform.push(bytes.slice(at, at + size)));
  out.push(...transform.end());
  return Uint8Array.from(out.flatMap((piece) => [...piece]));
}

const module = await wat(`(module
  (type (func (param i32)))
  (import "host" "memory" (memory 1))
  (func (type 0))
  (table 1 funcref)
  (memory $one 1) (memory $two i64 2 9) (memory $three 1 4 shared)
  (global i32 (i32.const 3))
  (export "f" (func 0))
  (data (memory $one) (i32.const 0) "${"bytes ".repeat(50)}"))`);

Deno.test("chunks of every size give the same capped module", async () => {
  const whole = transformWhole(module, rewritingOf({ maxMemoryPages: 3 }, 0, 0));
  // Where the engine takes the module as it is, it takes the capped one.
  assertEquals(WebAssembly.validate(whole as Uint8Array<ArrayBuffer>), WebAssembly.validate(module));
  for (let size = 1; size <= module.length + 1; size++) {
    assertEquals(inChunks(module, size, rewritingOf({ maxMemoryPages: 3 }, 0, 0)), whole, `chunks of ${size}`);
  }
  const text = await unwat(whole);
  for (const memory of ["1 3)", "i64 2 3)", "1 3 shared)"]) assert(text.includes(memory), `${memory} in ${text}`);
  assert(text.includes(`(import "host" "memory" (memory (;0;) 1))`), text);
});

Deno.test("a module that nothing has to rewrite keeps its bytes, without a copy", () => {
  const plain = Uint8Array.of(...preamble, 1, 1, 0);
  for (const options of [{}, { maxMemoryPages: 1 }]) {
    const out = transformWhole(plain, rewritingOf(options, 0, 0));
    assertEquals(out, plain);
    assertStrictEquals(out.buffer, plain.buffer);
  }
});

/** Modules that engines refuse, or that end too early. */
const broken: Readonly<Record<string, readonly number[]>> = {
  "nothing at all": [],
  "half a preamble": preamble.slice(0, 5),
  "a section without a size": [...preamble, 5],
  "a size that is no LEB128": [...preamble, 5, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0],
  "a memory section that ends early": [...preamble, 5, 9, 1, 0],
  "an empty memory section": [...preamble, 5, 0, 6, 1, 0],
  "a memory section with too many bytes": [...preamble, 5, 4, 1, 0, 1, 7],
  "a memory section with bad limits": [...preamble, 5, 3, 1, 0x77, 1],
  "a shared memory without a maximum": [...preamble, 5, 3, 1, 2, 1],
  "a memory section after the code": [...preamble, 10, 1, 0, 5, 3, 1, 0, 9],
};

for (const [name, bytes] of Object.entries(broken)) {
  Deno.test(`capping leaves a module unchanged that has ${name}`, () => {
    const given = Uint8Array.from(bytes);
    for (let size = 1; size <= given.length + 1; size++) {
      assertEquals(inChunks(given, size, rewritingOf({ maxMemoryPages: 2 }, 0, 0)), given, `chunks of ${size}`);
    }
  });
}

Deno.test("capping reads a size that is longer than it need be", () => {
  const given = Uint8Array.of(...preamble, 0, 0x82, 0x80, 0, 1, 0x61, 5, 0x83, 0, 1, 0, 1);
  const capped = Uint8Array.of(...preamble, 0, 0x82, 0x80, 0, 1, 0x61, 5, 4, 1, 1, 1, 2);
  for (let size = 1; size <= given.length; size++) {
    assertEquals(inChunks(given, size, rewritingOf({ maxMemoryPages: 2 }, 0, 0)), capped, `chunks of ${size}`);
  }
});

Deno.test("capping refuses a memory that starts out larger, with the module and its offset", () => {
  const given = Uint8Array.of(...preamble, 5, 3, 1, 0, 3);
  for (let size = 1; size <= given.length; size++) {
    const error = assertThrows(
      () => inChunks(given, size, rewritingOf({ maxMemoryPages: 2 }, 4, 77)),
      CompileError,
    );
    assertEquals([error.code, error.offset], ["memory-cap", 77]);
  }
});

Deno.test("a section passes as it arrives, and only one to rewrite is held back", () => {
  const transform = rewritingOf({ maxMemoryPages: 2 }, 0, 0);
  const sizes = (...bytes: number[]): number[] => transform.push(Uint8Array.from(bytes)).map(({ length }) => length);
  assertEquals(sizes(...preamble), [8]);
  assertEquals(sizes(0), [], "the id alone");
  assertEquals(sizes(100, 1, 2, 3), [1, 4], "a header and the content so far");
  assertEquals(sizes(...Array(97).fill(0)), [97]);
  assertEquals(sizes(5, 3, 1), [], "the memory section");
  assertEquals(sizes(0, 1, 10, 1), [6, 2], "rewritten, with what follows it");
});

/** Appends a byte to each section with an id. */
function appending(to: number, byte: number): Transform {
  const rewriter: SectionRewriter = {
    wish: (id) => id === to ? "rewrite" : "pass",
    rewrite: (id, content) => [Uint8Array.of(id, content.length + 1), content, Uint8Array.of(byte)],
  };
  return new SectionTransform(rewriter);
}

Deno.test("a pipeline gives each transform what the one before it gives", () => {
  const given = Uint8Array.of(...preamble, 1, 1, 9, 0, 2, 8, 8, 1, 0, 3, 1, 5);
  const pipeline = (): Pipeline => new Pipeline([appending(1, 0xaa), appending(0, 0xbb), appending(1, 0xcc)]);
  const out = [...preamble, 1, 3, 9, 0xaa, 0xcc, 0, 3, 8, 8, 0xbb, 1, 2, 0xaa, 0xcc, 3, 1, 5];
  for (let size = 1; size <= given.length; size++) {
    assertEquals([...inChunks(given, size, pipeline())], out, `chunks of ${size}`);
  }
});

Deno.test("what a transform still has at the end goes through those after it", () => {
  /** Gives everything at the end. */
  const keeping = (): Transform => {
    const kept: Uint8Array[] = [];
    return { push: (chunk) => (kept.push(chunk), []), end: () => kept };
  };
  const given = Uint8Array.of(...preamble, 1, 1, 9, 0, 1, 7);
  const pipeline = new Pipeline([keeping(), appending(1, 0xaa), keeping()]);
  assertEquals([...inChunks(given, 3, pipeline)], [...preamble, 1, 2, 9, 0xaa, 0, 1, 7]);
});
