// Core value types: how they are spelt, when they are one object, and how reflection shows them.

import { assert, assertEquals, assertNotStrictEquals, assertStrictEquals } from "@std/assert";
import { compileSync } from "@windlass/component";
import { Reader } from "../../../core/binary/reader.ts";
import { coreValType } from "../../../core/module/core_types.ts";
import {
  abstractRef,
  type CoreValType,
  formatShort,
  formatValType,
  indexedRef,
  indexIn,
  numberTypes,
  sameButIndex,
} from "../../../core/module/core_value_types.ts";
import { wat } from "../../support/wat.ts";

function read(...bytes: number[]): CoreValType {
  return coreValType(new Reader(Uint8Array.from(bytes), 0, "type section"));
}

/** Encodings, with the text format's spelling in full and the short one, where there is one. */
const encodings: readonly (readonly [bytes: readonly number[], full: string, short?: string])[] = [
  [[0x7f], "i32"],
  [[0x7e], "i64"],
  [[0x7d], "f32"],
  [[0x7c], "f64"],
  [[0x7b], "v128"],
  [[0x70], "(ref null func)", "funcref"],
  [[0x63, 0x70], "(ref null func)", "funcref"],
  [[0x64, 0x70], "(ref func)"],
  [[0x6f], "(ref null extern)", "externref"],
  [[0x6e], "(ref null any)", "anyref"],
  [[0x6c], "(ref null i31)", "i31ref"],
  [[0x64, 0x71], "(ref none)"],
  [[0x65, 0x70], "(ref null (shared func))"],
  [[0x63, 0x65, 0x6d], "(ref null (shared eq))"],
  [[0x64, 0x65, 0x6d], "(ref (shared eq))"],
  [[0x63, 7], "(ref null 7)"],
  [[0x64, 0x80, 0x01], "(ref 128)"],
];

for (const [bytes, full, short = full] of encodings) {
  Deno.test(`a core value type of bytes [${bytes}] is ${full}`, () => {
    const type = read(...bytes);
    assertEquals(formatValType(type), full);
    assertEquals(formatShort(type), short);
    assertEquals(indexIn(type), /\d+\)$/.test(full) && !/i31/.test(full) ? Number(/\d+/.exec(full)) : undefined);
    assertEquals(read(...bytes) === type, indexIn(type) === undefined, "one object, unless it has an index");
  });
}

Deno.test("two core value types are the same but for the index, or not", () => {
  const types = [
    numberTypes.i32,
    numberTypes.v128,
    abstractRef(true, false, "func"),
    abstractRef(false, false, "func"),
    abstractRef(true, true, "func"),
    abstractRef(true, false, "any"),
    indexedRef(true, 3),
    indexedRef(false, 3),
  ];
  for (const [i, left] of types.entries()) {
    for (const [k, right] of types.entries()) {
      assertEquals(sameButIndex(left, right), i === k, `${formatValType(left)} and ${formatValType(right)}`);
    }
  }
  assertNotStrictEquals(indexedRef(true, 3), indexedRef(true, 3));
  assert(sameButIndex(indexedRef(true, 3), indexedRef(true, 4)));
  assertStrictEquals(abstractRef(true, false, "func"), read(0x70));
});

Deno.test("reflection spells the types of a core module's imports and exports in full", async () => {
  const { imports } = compileSync(
    await wat(`(component (import "m" (core module
      (type $s (struct))
      (import "a" "f" (func (param i32 v128 funcref) (result (ref null 0))))
      (import "a" "t" (tag (param externref)))
      (export "table" (table 1 2 (ref null extern)))
      (export "memory" (memory i64 1))
      (export "global" (global (mut (ref func)))))))`),
  );
  const [{ type }] = imports as [typeof imports[0]];
  const limits = { shared: false, pageSize: 16 };
  assertEquals(type, {
    kind: "module",
    imports: [
      {
        module: "a",
        name: "f",
        type: { kind: "func", params: ["i32", "v128", "(ref null func)"], results: ["(ref null 0)"] },
      },
      { module: "a", name: "t", type: { kind: "tag", params: ["(ref null extern)"], results: [] } },
    ],
    exports: [
      {
        name: "table",
        type: {
          kind: "table",
          element: "(ref null extern)",
          limits: { min: 1, max: 2, address: "i32", ...limits },
        },
      },
      { name: "memory", type: { kind: "memory", limits: { min: 1, max: undefined, address: "i64", ...limits } } },
      { name: "global", type: { kind: "global", type: "(ref func)", mutable: true, shared: false } },
    ],
  });
});
