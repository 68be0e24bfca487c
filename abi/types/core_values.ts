// What crosses the boundary: core values and their types, core functions, the address types of memories.
// Spec: core specification "Types"; CanonicalABI.md "Flattening".

/** The type of a core value that crosses the boundary. */
export type CoreType = "i32" | "i64" | "f32" | "f64";

/** A core value as JS sees it: i64 as bigint, the others as number. */
export type CoreValue = number | bigint;

/** A memory's address type; it decides how wide pointers and lengths are. */
export type AddressType = "i32" | "i64";

/** A core function type by its value types. */
export interface CoreFuncType {
  readonly params: readonly CoreType[];
  readonly results: readonly CoreType[];
}

/** A core function, as the engine's JS API sees it. */
// deno-lint-ignore no-explicit-any
export type CoreFunction = (...args: any[]) => any;
