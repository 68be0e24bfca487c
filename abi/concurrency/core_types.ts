// Tests the core type of a function that a table holds: no interface of JavaScript tells it.

import type { CoreFunction, CoreFuncType } from "../types/core_values.ts";
import { coreTypes } from "../wasm/encoder.ts";

const tests = new Map<string, ((func: CoreFunction) => number) | null>();

/** Whether a function has a type. True if the engine cannot tell: the call then traps. */
export function hasType(func: CoreFunction, type: CoreFuncType): boolean {
  const key = `${type.params}:${type.results}`;
  let test = tests.get(key);
  if (test === undefined) tests.set(key, test = makeTest(type));
  return test === null || test(func) === 1;
}

/** `(func (export "f") (param funcref) (result i32) (ref.test (ref $type) (local.get 0)))` */
function makeTest({ params, results }: CoreFuncType): ((func: CoreFunction) => number) | null {
  const list = (types: CoreFuncType["params"]): number[] => [types.length, ...types.map((type) => coreTypes[type])];
  const type = [0x60, ...list(params), ...list(results)];
  const types = [2, ...type, 0x60, 1, 0x70, 1, 0x7f], body = [0, 0x20, 0, 0xfb, 0x14, 0, 0x0b];
  try {
    const module = new WebAssembly.Module(Uint8Array.of(
      ...[0, 0x61, 0x73, 0x6d, 1, 0, 0, 0],
      ...[1, types.length, ...types],
      ...[3, 2, 1, 1],
      ...[7, 5, 1, 1, 0x66, 0, 0],
      ...[10, body.length + 2, 1, body.length, ...body],
    ));
    return new WebAssembly.Instance(module).exports.f as (func: CoreFunction) => number;
  } catch {
    return null;
  }
}
