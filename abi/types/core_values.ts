// The types of what crosses a boundary at the lowest level: core values, core functions, and the
// address types of memories.
// This file imports nothing. All other rooms use its types.
// Spec: core specification "Types"; CanonicalABI.md "Flattening".

/** The type of a core value that crosses the boundary. */
export type CoreType = "i32" | "i64" | "f32" | "f64";

/** A core value in JavaScript: an i64 is a bigint, the other types are numbers. */
export type CoreValue = number | bigint;

/** The address type of a memory. It decides how wide pointers and lengths are. */
export type AddressType = "i32" | "i64";

/** A core function type: the types of its parameters and results. */
export interface CoreFuncType {
  readonly params: readonly CoreType[];
  readonly results: readonly CoreType[];
}

/** A core function in the engine's JavaScript API. */
// deno-lint-ignore no-explicit-any
export type CoreFunction = (...args: any[]) => any;
