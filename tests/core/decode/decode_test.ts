// The decoder: every canonical form, every truncation, and what a small binary may not do.

import { assert, assertEquals, assertThrows } from "@std/assert";
import { CompileError, compileSync } from "@windlass/component";
import { decodeBytes } from "../../../core/decode/decode.ts";
import { planComponent } from "../../../core/plan/plan.ts";
import type { CanonDef, ComponentDef, Definition } from "../../../core/decode/syntax.ts";
import { binary, thrown } from "../../support/wasm.ts";
import { wat } from "../../support/wat.ts";
import { fixtureBytes } from "../../support/fixtures.ts";

function decode(bytes: Uint8Array): ComponentDef {
  return decodeBytes(bytes).component;
}

/** Where a component may end: after each of its own sections. */
function sectionEnds(bytes: Uint8Array): Set<number> {
  const ends = new Set([8]);
  for (let at = 8; at < bytes.length; ends.add(at)) {
    let size = 0, shift = 0;
    do size |= (bytes[++at]! & 0x7f) << shift, shift += 7; while (bytes[at]! >= 0x80);
    at += size + 1;
  }
  return ends;
}

/** Every canonical form with its immediates, and what it decodes to. */
const canons: readonly (readonly [bytes: number[], decoded: CanonDef])[] = [
  [[0x00, 0x00, 1, 0, 2], { kind: "lift", func: 1, options: {}, type: 2 }],
  [[0x00, 0x00, 1, 2, 0x06, 0x07, 4, 2], { kind: "lift", func: 1, options: { async: true, callback: 4 }, type: 2 }],
  [[0x01, 0x00, 3, 4, 0x01, 0x03, 0, 0x04, 1, 0x05, 2], {
    kind: "lower",
    func: 3,
    options: { stringEncoding: "utf16", memory: 0, realloc: 1, postReturn: 2 },
  }],
  [[0x02, 1], { kind: "resource.new", type: 1 }],
  [[0x03, 1], { kind: "resource.drop", type: 1 }],
  [[0x04, 1], { kind: "resource.rep", type: 1 }],
  ...([
    [[0x05], "task.cancel", {}],
    [[0x06, 1], "subtask.cancel", { async: true }],
    [[0x09, 0x00, 0x79, 1, 0x00], "task.return", { result: "u32", options: { stringEncoding: "utf8" } }],
    [[0x09, 0x01, 0x00, 0], "task.return", { result: undefined, options: {} }],
    [[0x0a, 0x7f, 1], "context.get", { coreType: "i32", slot: 1 }],
    [[0x0b, 0x7e, 0], "context.set", { coreType: "i64", slot: 0 }],
    [[0x0c, 1], "thread.yield", { cancellable: true }],
    [[0x0d], "subtask.drop", {}],
    [[0x0e, 3], "stream.new", { type: 3 }],
    [[0x0f, 3, 1, 0x06], "stream.read", { type: 3, options: { async: true } }],
    [[0x10, 3, 0], "stream.write", { type: 3, options: {} }],
    [[0x11, 3, 1], "stream.cancel-read", { type: 3, async: true }],
    [[0x12, 3, 0], "stream.cancel-write", { type: 3, async: false }],
    [[0x13, 3], "stream.drop-readable", { type: 3 }],
    [[0x14, 3], "stream.drop-writable", { type: 3 }],
    [[0x15, 3], "future.new", { type: 3 }],
    [[0x16, 3, 0], "future.read", { type: 3, options: {} }],
    [[0x17, 3, 0], "future.write", { type: 3, options: {} }],
    [[0x18, 3, 1], "future.cancel-read", { type: 3, async: true }],
    [[0x19, 3, 0], "future.cancel-write", { type: 3, async: false }],
    [[0x1a, 3], "future.drop-readable", { type: 3 }],
    [[0x1b, 3], "future.drop-writable", { type: 3 }],
    [[0x1c, 1, 0x02], "error-context.new", { options: { stringEncoding: "latin1+utf16" } }],
    [[0x1d, 0], "error-context.debug-message", { options: {} }],
    [[0x1e], "error-context.drop", {}],
    [[0x1f], "waitable-set.new", {}],
    [[0x20, 1, 2], "waitable-set.wait", { cancellable: true, memory: 2 }],
    [[0x21, 0, 2], "waitable-set.poll", { cancellable: false, memory: 2 }],
    [[0x22], "waitable-set.drop", {}],
    [[0x23], "waitable.join", {}],
    [[0x24], "backpressure.inc", {}],
    [[0x25], "backpressure.dec", {}],
    [[0x26], "thread.index", {}],
    [[0x27, 1, 2], "thread.new-indirect", { type: 1, table: 2 }],
    [[0x28], "thread.resume-later", {}],
    [[0x29, 0], "thread.suspend", { cancellable: false }],
    [[0x2a, 0], "thread.suspend-then-resume", { cancellable: false }],
    [[0x2b, 0], "thread.yield-then-resume", { cancellable: false }],
    [[0x2c, 0], "thread.suspend-then-promote", { cancellable: false }],
    [[0x2d, 1], "thread.yield-then-promote", { cancellable: true }],
    [[0x40, 1, 2], "thread.spawn-ref", { shared: true, type: 2 }],
    [[0x41, 0, 2, 3], "thread.spawn-indirect", { shared: false, type: 2, table: 3 }],
    [[0x42, 0], "thread.available-parallelism", { shared: false }],
  ] as [number[], string, object][]).map(([bytes, name, rest]) =>
    [bytes, { kind: "builtin", name, ...rest } as CanonDef] as const
  ),
];

Deno.test("decode() reads all 47 canonical forms", () => {
  const opcodes = new Set(canons.map(([bytes]) => bytes[0]));
  assertEquals(opcodes.size, 47);
  const body = canons.flatMap(([bytes]) => bytes);
  const size = body.length + 1;
  const { definitions } = decode(binary(8, (size & 0x7f) | 0x80, size >> 7, canons.length, ...body));
  assertEquals(
    definitions.map((definition) => (definition as Definition & { kind: "canon" }).canon),
    canons.map(([, canon]) => canon),
  );
});

Deno.test("decode() refuses unallocated canonical opcodes", () => {
  for (const opcode of [0x07, 0x08, 0x2e, 0x3f, 0x43, 0xff]) {
    assertThrows(
      () => decode(binary(8, 3, 1, opcode, 0)),
      CompileError,
      `(0x${opcode.toString(16)}) for canonical function`,
    );
  }
});

Deno.test("decode() refuses unallocated type opcodes", () => {
  for (const opcode of [0x62, 0x6c, 0x44, 0x3e, 0x00]) {
    assertThrows(() => decode(binary(7, 3, 1, opcode, 0)), CompileError, "for component defined type");
  }
});

Deno.test("decode() reads attributes of names", () => {
  const text = (value: string) => [value.length, ...new TextEncoder().encode(value)];
  const name = [2, ...text("x"), 2, 0, ...text("a:b/c"), 2, ...text("id")];
  const { definitions } = decode(binary(7, 3, 1, 0x42, 0, 10, name.length + 3, 1, ...name, 5, 0));
  assertEquals((definitions[1] as Definition & { kind: "import" }).name, {
    name: "x",
    implements: "a:b/c",
    externalId: "id",
  });
});

Deno.test("decode() takes sections in any order, and more than once", () => {
  const types = [7, 2, 1, 0x7f], empty = [8, 1, 0];
  assertEquals(decode(binary(...empty, ...types, ...empty, ...types)).definitions.length, 2);
});

Deno.test("decode() reads the component-name section for messages and never rejects it", () => {
  const text = (value: string) => [value.length, ...new TextEncoder().encode(value)];
  const section = (...content: number[]) => [0, content.length + 15, ...text("component-name"), ...content];
  const { names } = decode(binary(...section(0, 4, 3, 0x61, 0x62, 0x63), ...section(1, 5, 1, 1, 0, 1, 0x66)));
  assertEquals(names.component, "abc");
  assertEquals(names.of("func", 0), "f");
  decode(binary(...section(0, 99, 1), ...section(7, 0)));
});

Deno.test("decode() makes nothing of a million entries that are not there", () => {
  const claims = [0xc0, 0x84, 0x3d]; // 1,000,000
  for (const section of [2, 3, 5, 6, 7, 8, 10, 11, 12]) {
    assertThrows(() => decode(binary(section, 3, ...claims)), CompileError, "unexpected end-of-file");
  }
});

const fixtures = ["greet", "values", "resources", "memories"];

for (const name of fixtures) {
  // A prefix that ends between two sections is a component of its own: nothing in the grammar says
  // that more must follow.
  Deno.test(`every truncation of ${name}.wasm is a CompileError, unless it ends after a section`, () => {
    const bytes = fixtureBytes(name);
    const ends = sectionEnds(bytes);
    for (let length = 0; length < bytes.length; length++) {
      let error: unknown;
      try {
        planComponent({ kind: "defined", def: decode(bytes.subarray(0, length)), scope: undefined });
      } catch (caught) {
        error = caught;
      }
      if (ends.has(length)) {
        assertEquals(error, undefined, `${length}`);
        continue;
      }
      if (!(error instanceof CompileError)) throw error ?? new Error(`accepted at ${length}`);
      assert(error.offset! <= length, `${length}: ${error.message}`);
    }
  });
}

Deno.test("nested components and types are bounded, not recursed into", () => {
  let nested: number[] = [...binary()];
  const leb = (value: number): number[] => value < 128 ? [value] : [(value & 0x7f) | 0x80, ...leb(value >> 7)];
  for (let depth = 0; depth < 101; depth++) nested = [...binary(), 4, ...leb(nested.length), ...nested];
  assertEquals((thrown(() => decode(Uint8Array.from(nested))) as CompileError).code, "nesting-too-deep");
});

Deno.test("what unfolds exponentially hits a limit", async () => {
  const levels = Array.from(
    { length: 30 },
    (_, i) => `(component $C${i + 1} (instance (instantiate (component (;o;) outer 1 0))))`,
  );
  assertEquals(levels.length, 30);
  let text = "(component $C0)";
  for (let i = 0; i < 30; i++) {
    text += ` (component $C${
      i + 1
    } (alias outer 1 ${i} (component $c)) (instance (instantiate $c)) (instance (instantiate $c)))`;
  }
  const bytes = await wat(`(component ${text} (instance (instantiate $C30)))`);
  assertEquals((thrown(() => compileSync(bytes)) as CompileError).code, "limit-exceeded");
});
