// A realloc that adapters call, with a look at the clock behind it: an adapter copies what a guest
// gives, as long as that is, and costs it no units.
// It is a function of WebAssembly: an engine cannot suspend a stack with one of JavaScript on it.
// A realloc of a 32-bit memory and a function enter, a function leaves.

import type { CoreFunction } from "../types/core_values.ts";
import { buildModule } from "./encoder.ts";

let compiled: WebAssembly.Module | undefined;

/** Makes the function. `undefined` if the engine forbids compiling. */
export function watchedRealloc(realloc: CoreFunction, returned: () => void): CoreFunction | undefined {
  try {
    compiled ??= watchedModule();
    return new WebAssembly.Instance(compiled, { "": { realloc, returned } }).exports.f as CoreFunction;
  } catch {
    return undefined;
  }
}

/** `(func (param i32 i32 i32 i32) (result i32) (call $realloc …) (call $returned))` */
function watchedModule(): WebAssembly.Module {
  return new WebAssembly.Module(buildModule({
    types: [{ params: ["i32", "i32", "i32", "i32"], results: ["i32"] }, { params: [], results: [] }],
    imports: [{ name: "realloc", kind: "func", type: 0 }, { name: "returned", kind: "func", type: 1 }],
    funcs: [{ name: "f", type: 0, body: [...[0, 1, 2, 3].flatMap((i) => [0x20, i]), 0x10, 0, 0x10, 1] }],
  }));
}
