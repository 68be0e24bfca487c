// What a component may say of core types and of module types, as bytes: the encoder of the tests
// has no text for much of it. Core WebAssembly 3.0 and threads are there; what belongs to
// shared-everything-threads needs its gate; other proposals are refused. Every verdict is what
// wasm-tools (wasmparser 0.263) says with the same features open.

import { assertEquals } from "@std/assert";
import { compileSync } from "@windlass/component";
import { binary, thrown } from "../../support/wasm.ts";

const SHARED = { "shared-everything-threads": true };
const needsShared = (what: string): string =>
  `${what} needs the gate \`shared-everything-threads\`: pass { gates: { "shared-everything-threads": true } }`;
const unsupported = (what: string): string => `${what} is not supported yet`;

// Productions.

const module = (...decls: number[][]): number[] => [0x50, decls.length, ...decls.flat()];
const imports = (...type: number[]): number[] => [0x00, 0, 1, 0x6d, ...type];
const exports = (...type: number[]): number[] => [0x03, 1, 0x6d, ...type];
const types = (...type: number[]): number[] => [0x01, ...type];
const FUNC = [0x60, 0, 0], FUNCREF = 0x70, I32 = 0x7f, STRUCT = [0x5f, 0], ANY_SHARED = [0x65, 0x6e];
const memory = (...limits: number[]): number[] => [0x02, ...limits];
const table = (...type: number[]): number[] => [0x01, ...type];
const global = (...type: number[]): number[] => [0x03, ...type];
const HUGE = [0x81, 0x80, 0x80, 0x80, 0x80, 0x80, 0x40]; // 2^48 + 1
const OVERLONG = [0xff, 0xff, 0xff, 0xff, 0x7f]; // −1, as long as a signed integer of 33 bits may be

/**
 * What it is in words, the core types, what is wrong with the last of them ("" if it is valid), and
 * the gates that are open.
 */
type Row = readonly [what: string, types: readonly number[][], message: string, gates?: Record<string, boolean>];
const rows: readonly Row[] = [
  // Limits
  ["(memory 2 3 shared)", [module(imports(...memory(3, 2, 3)))], ""],
  ["(memory 2 shared)", [module(imports(...memory(2, 2)))], "shared memory must have maximum size"],
  ["(memory i64 2 shared)", [module(imports(...memory(6, 2)))], "shared memory must have maximum size"],
  ["(memory i64 2 shared), exported", [module(exports(...memory(6, 2)))], "shared memory must have maximum size"],
  ["(memory i64 2 3 shared)", [module(imports(...memory(7, 2, 3)))], ""],
  [
    "(memory i64 0 2^48+1)",
    [module(imports(...memory(5, 0, ...HUGE)))],
    "memory size must be at most 281474976710656 pages",
  ],
  ["a page of one byte", [module(imports(...memory(8, 1, 0)))], unsupported("a memory with a page size of its own")],
  ["a table with pages", [module(imports(...table(FUNCREF, 8, 1, 0)))], "invalid leading byte (0x8) for limits"],
  ["a table of numbers", [module(imports(...table(I32, 0, 1)))], "invalid leading byte (0x7f) for reference type"],
  // Sharing
  ["a shared table", [module(imports(...table(FUNCREF, 3, 1, 2)))], needsShared("a shared table")],
  [
    "a shared table of what is not shared",
    [module(imports(...table(FUNCREF, 3, 1, 2)))],
    "shared tables must have a shared element type",
    SHARED,
  ],
  ["a shared table of shared references", [module(imports(...table(...ANY_SHARED, 3, 1, 2)))], "", SHARED],
  ["a shared global", [module(imports(...global(I32, 2)))], needsShared("a shared global")],
  ["a shared global, mutable and exported", [module(exports(...global(I32, 3)))], needsShared("a shared global")],
  ["a shared global where that is open", [module(imports(...global(I32, 3)))], "", SHARED],
  [
    "a shared global of what is not shared",
    [module(imports(...global(FUNCREF, 2)))],
    "shared globals must have a shared value type",
    SHARED,
  ],
  ["a reference to what is shared", [[0x60, 1, ...ANY_SHARED, 0]], needsShared("a shared heap type")],
  ["a reference to what is shared, spelt out", [[0x60, 1, 0x64, ...ANY_SHARED, 0]], "", SHARED],
  ["a reference to a shared index", [[0x65, ...STRUCT], [0x60, 1, 0x64, 0x65, 0, 0]], heap(0), SHARED],
  ["a shared function type", [[0x65, ...FUNC]], needsShared("a shared core type")],
  ["a shared function type in a module type", [module(types(0x65, ...FUNC))], needsShared("a shared core type")],
  ["a shared function type where that is open", [[0x65, ...FUNC]], "", SHARED],
  [
    "a shared type with what is not shared",
    [[0x65, 0x5f, 1, FUNCREF, 0]],
    "shared composite type must contain shared types",
    SHARED,
  ],
  [
    "a shared type with a reference to one that is not",
    [STRUCT, [0x65, 0x5e, 0x64, 0, 0]],
    "shared composite type must contain shared types",
    SHARED,
  ],
  ["a shared type with a reference to a shared one", [[0x65, ...STRUCT], [0x65, 0x5e, 0x64, 0, 0]], "", SHARED],
  [
    "a shared type below one that is not",
    [[0, 0x50, 0, ...STRUCT], [0x4f, 1, 0, 0x65, ...STRUCT]],
    "sub type must match super type",
    SHARED,
  ],
  // Other proposals
  ["a global of contref", [module(imports(...global(0x68, 0)))], unsupported("a continuation reference")],
  ["a global of nullcontref", [module(imports(...global(0x75, 0)))], unsupported("a continuation reference")],
  ["a continuation parameter", [[0x60, 1, 0x64, 0x68, 0]], unsupported("a continuation reference")],
  ["a continuation type", [FUNC, [0x5d, 0]], unsupported("a continuation type")],
  [
    "a continuation type in a module type",
    [module(types(...FUNC), types(0x5d, 0))],
    unsupported("a continuation type"),
  ],
  ["an exact import", [module(types(...FUNC), imports(0x20, 0))], unsupported("an exact function type")],
  ["an exact export", [module(types(...FUNC), exports(0x20, 0))], unsupported("an exact function type")],
  ["(global (ref null noexn))", [module(imports(...global(0x74, 0)))], ""],
  // Indices and shapes
  [
    "a global of a type that is not there",
    [module(imports(...global(0x64, 0, 0)))],
    "unknown type 0: type index out of bounds",
  ],
  [
    "a table of a type that comes later",
    [module(imports(...table(0x63, 0, 0, 1)), types(...FUNC))],
    "unknown type 0: type index out of bounds",
  ],
  ["a table of a type that is there", [module(types(...FUNC), imports(...table(0x63, 0, 0, 1)))], ""],
  [
    "a tag with a result",
    [module(types(0x60, 0, 1, I32), imports(0x04, 0, 0))],
    "invalid exception type: non-empty tag result type",
  ],
  // Codes have one encoding
  ["an overlong heap type", [[0x60, 1, 0x64, ...OVERLONG, 0]], heap(0xff)],
  ["an overlong heap type of two bytes", [[0x60, 1, 0x64, 0xf0, 0x7f, 0]], heap(0xf0)],
  ["an overlong index", [FUNC, [0x60, 1, 0x64, 0x80, 0x00, 0]], ""],
];

function heap(byte: number): string {
  return `invalid leading byte (0x${byte.toString(16)}) for heap type`;
}

const said = (error: Error): string => error.message.replace(/^.*?: | \(at offset .*$/g, "");

function section(id: number, items: readonly number[][]): number[] {
  const body = [items.length, ...items.flat()];
  return [id, body.length, ...body];
}

for (const [what, items, message, gates = {}] of rows) {
  Deno.test(`core type: ${what} is ${message === "" ? "valid" : "refused"}`, () => {
    const compile = () => compileSync(binary(...section(3, items)), { gates });
    if (message === "") compile();
    else assertEquals(said(thrown(compile)), message);
  });
}

Deno.test("a value type's code has one encoding; an index may be padded", () => {
  const list = (...element: number[]) => compileSync(binary(...section(7, [[0x7e], [0x70, ...element]])));
  list(0x7d);
  list(0x80, 0x00); // the type before it
  for (const element of [OVERLONG, [0xfd, 0x7f], [0xfd, 0xff, 0x7f], [0xe4, 0x7f]]) {
    const found = said(thrown(() => list(...element)));
    assertEquals(found, `invalid leading byte (0x${element[0]!.toString(16)}) for component value type`);
  }
  // Where a stream says what it carries, and a record what its field is
  assertEquals(
    said(thrown(() => compileSync(binary(7, 8, 1, 0x66, 1, ...OVERLONG)))),
    "invalid leading byte (0xff) for component value type",
  );
  assertEquals(
    said(thrown(() => compileSync(binary(...section(7, [[0x72, 1, 1, 0x61, ...OVERLONG]]))))),
    "invalid leading byte (0xff) for component value type",
  );
});

// Threads.

const THREADS = { ...SHARED, threading: true }, WIDE = { ...THREADS, memory64: true };
const [I64, F32] = [0x7e, 0x7d];
const START = "start function must take a single `i32` argument, or an `i64`, and return nothing";

Deno.test("thread.spawn-ref takes a start function of its kind, shared where the thread is", () => {
  const spawn = (start: number[], shared: number, gates: Record<string, boolean>) => () =>
    compileSync(binary(...section(3, [start]), ...section(8, [[0x40, shared, 0]])), { gates });
  spawn([0x60, 1, I32, 0], 0, THREADS)();
  spawn([0x65, 0x60, 1, I32, 0], 1, THREADS)();
  spawn([0x60, 1, I64, 0], 0, WIDE)();
  assertEquals(
    said(thrown(spawn([0x60, 1, I64, 0], 0, THREADS))),
    'a start function that takes an i64 needs the gate `memory64`: pass { gates: { "memory64": true } }',
  );
  assertEquals(said(thrown(spawn([0x60, 1, F32, 0], 0, WIDE))), START);
  assertEquals(said(thrown(spawn([0x60, 1, I32, 1, I32], 0, WIDE))), START);
  assertEquals(said(thrown(spawn([0x65, 0x60, 1, I32, 0], 0, WIDE))), START);
  assertEquals(said(thrown(spawn([0x60, 1, I32, 0], 1, WIDE))), `${START}, and be shared`);
});
