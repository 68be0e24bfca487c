// What a guest with a 64-bit memory gives functions of the host: numbers where the values fit in 32 bits,
// the i64s themselves otherwise.

import { assert, assertEquals } from "@std/assert";
import { fromCore, pointersOf, UTF16_TAG } from "../../../abi/state/pointers.ts";
import { signatureLayout } from "../../../abi/types/layout.ts";
import type { AddressType, CoreFunction, CoreValue } from "../../../abi/types/core_values.ts";
import type { FuncType, ValType } from "../../../abi/types/types.ts";
import {
  MAX_WIDE_IMPORTS,
  numbersOf,
  type WideImport,
  wideImports,
  wideImportsBytes,
  wideImportsModule,
} from "../../../abi/wasm/wide_imports.ts";

const string: ValType = { kind: "string" }, u64: ValType = { kind: "u64" }, u8: ValType = { kind: "u8" };
const list: ValType = { kind: "list", element: u8 };
const option = (element: ValType): ValType => ({ kind: "option", element });
const either = (ok: ValType, err: ValType): ValType => ({ kind: "result", ok, err });
const func = (params: readonly ValType[], result?: ValType): FuncType => ({
  params: params.map((type, i) => ({ name: `p${i}`, type })),
  ...(result !== undefined && { result }),
  async: false,
});
const numbers = (type: FuncType, address: AddressType = "i64"): WideImport => {
  const layout = signatureLayout(type, { side: "lower", style: "sync", address });
  return { type: layout.core, numbers: numbersOf(type, layout) };
};

Deno.test("numbersOf() finds what is a pointer or a length for every value", () => {
  const rows: [FuncType, Record<number, string>][] = [
    [func([string]), { 0: "pointer", 1: "units" }],
    [func([u64, list]), { 1: "pointer", 2: "pointer" }],
    [func([option(string), u64]), { 1: "pointer", 2: "units" }],
    [func([{ kind: "tuple", types: [u8, string, option(option(list))] }]), {
      1: "pointer",
      2: "units",
      5: "pointer",
      6: "pointer",
    }],
    // A payload may be a u64 instead.
    [func([either(string, u64), u64]), {}],
    [func([u8], string), { 1: "pointer" }],
    // Seventeen parameters lie in memory.
    [func(Array<ValType>(17).fill(u64), string), { 0: "pointer", 1: "pointer" }],
  ];
  for (const [type, expected] of rows) {
    assertEquals(Object.fromEntries(numbers(type).numbers), expected);
    assertEquals(numbers(type, "i32").numbers.size, 0);
  }
});

Deno.test("pointers and lengths that fit in 32 bits become numbers; others stay what they are", () => {
  const each = numbers(func([string, u64, list], string)), seen: CoreValue[][] = [];
  const note = (...values: CoreValue[]): void => void seen.push(values);
  const [entry] = wideImports(wideImportsModule([each])!, [note]) as readonly [CoreFunction];
  const { unitsFromCore } = pointersOf("i64"), tag = -(2n ** 63n), most = 2n ** 32n - 1n;
  const given: [ptr: bigint, units: bigint, isNumber: boolean][] = [
    [0n, 0n, true],
    [most, 2n ** 31n - 1n, true],
    [8n, tag, true],
    [8n, tag + 5n, true],
    [2n ** 32n, 5n, false],
    [-1n, 5n, false],
    [8n, 2n ** 31n, false], // not a tag
    [8n, 2n ** 32n + 5n, false],
    [8n, tag + 2n ** 31n, false],
  ];
  for (const [ptr, units, isNumber] of given) {
    for (const back of [16n, most, 2n ** 40n]) {
      entry(ptr, units, -3n, 8n, 5n, back);
      const [first, second, third, ...rest] = seen.pop() as [bigint, bigint, bigint, ...bigint[]];
      assertEquals([fromCore(first), unitsFromCore(second), third], [fromCore(ptr), unitsFromCore(units), -3n]);
      assertEquals(rest.map(fromCore), [8, 5, Number(back)]);
      assertEquals(typeof first, isNumber && back < 2n ** 32n ? "number" : "bigint");
    }
  }
  assertEquals(unitsFromCore(-(2 ** 31) + 5), UTF16_TAG + 5);
});

Deno.test("a module of wide imports is no larger than browsers compile at once", () => {
  const largest = numbers(func(Array<ValType>(8).fill(string), string));
  const { length } = wideImportsBytes(Array<WideImport>(MAX_WIDE_IMPORTS).fill(largest));
  assert(length < 4096, `${length} bytes`);
});

Deno.test("results come back, and where the engine forbids compiling there is no module", () => {
  const each = numbers(func([string], u64));
  assertEquals(wideImports(wideImportsModule([each])!, [() => 7n])[0]!(1n, 2n), 7n);
  const { Module } = WebAssembly;
  WebAssembly.Module = class {
    constructor() {
      throw new WebAssembly.CompileError("Wasm code generation disallowed by embedder");
    }
  } as unknown as typeof WebAssembly.Module;
  try {
    assertEquals(wideImportsModule([each]), undefined);
  } finally {
    WebAssembly.Module = Module;
  }
});
