// `result` as the type of a function's result. In JavaScript it is `T` or an exception, or else a
// branded Result.
// Host to guest: what a host function returned or threw becomes a variant value. Guest to host: a
// variant value becomes `T`, or a ComponentError is thrown.

import { ComponentError, describe, ValueError } from "../../errors.ts";
import { HookFailure } from "../state/hooks.ts";
import { formatType, type OfKind, type ValType } from "../types/types.ts";

/** The `ok` of a {@linkcode Result}. */
export interface Ok<T> {
  /** Always `ok`. */
  readonly tag: "ok";
  /** The payload; `undefined` without one. */
  readonly val: T;
  /** The brand that `ok()` sets. */
  readonly "~result": true;
}
/** The `err` of a {@linkcode Result}. */
export interface Err<E> {
  /** Always `err`. */
  readonly tag: "err";
  /** The payload; `undefined` without one. */
  readonly val: E;
  /** The brand that `err()` sets. */
  readonly "~result": true;
}
/** A branded result value. WIT has no label `~result`, so no guest value is one. */
export type Result<T, E> = Ok<T> | Err<E>;

/**
 * A result value `ok`, to return from a host function.
 *
 * @example
 * ```ts
 * import { ok } from "@windlass/component";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(ok(1).val, 1);
 * ```
 */
export function ok(): Ok<undefined>;
/** A result value `ok` with a payload. */
export function ok<const T>(value: T): Ok<T>;
export function ok(value?: unknown): Ok<unknown> {
  return { tag: "ok", val: value, "~result": true };
}

/**
 * A result value `err`, to return from a host function: no exception is made.
 *
 * @example
 * ```ts
 * import { err } from "@windlass/component";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(err("empty").tag, "err");
 * ```
 */
export function err(): Err<undefined>;
/** A result value `err` with a payload. */
export function err<const E>(error: E): Err<E>;
export function err(error?: unknown): Err<unknown> {
  return { tag: "err", val: error, "~result": true };
}

/** Whether a value was made by `ok()` or `err()`. */
export function isBranded(value: unknown): value is Result<unknown, unknown> {
  return typeof value === "object" && value !== null && (value as { "~result"?: unknown })["~result"] === true;
}

/** Whether a value is thenable: a promise of any implementation. */
export function isThenable(value: unknown): boolean {
  return typeof value === "object" && value !== null && typeof (value as { then?: unknown }).then === "function";
}

/**
 * Gives what a host function returned as a value to lower. For a `result`, only branded values
 * count as results; any other value is an `ok`.
 */
export function returnedValue(type: ValType | undefined, value: unknown): unknown {
  if (type === undefined) checkDropped(value);
  if (type?.kind !== "result") return value;
  return isBranded(value) ? value : { tag: "ok", val: plainResult(type, value) };
}

/**
 * Makes the `ok` of a host function that returned no Result: the value is its payload. A type
 * without payload has none.
 */
export function plainResult(type: OfKind<"result">, value: unknown): unknown {
  if (type.ok !== undefined) return value;
  if (typeof value !== "object" || value === null) return undefined;
  if (isThenable(value)) throw new ValueError("promise", formatType(type));
  const { tag } = value as { tag?: unknown };
  if (tag === "ok" || tag === "err") {
    throw new ValueError("type-mismatch", "nothing, ok() or err()", `${describe(value)} that is not branded`);
  }
  return undefined;
}

/** Whether a value is an Error, of this realm or another one. */
function isError(value: unknown): boolean {
  const { isError } = Error as { isError?: (value: unknown) => boolean };
  return isError === undefined ? value instanceof Error : isError(value);
}

/**
 * Gives what a host function threw as a value to lower. Throws exceptions that are not meant for
 * the guest.
 */
export function thrownValue(type: ValType | undefined, error: unknown): { tag: "err"; val: unknown } {
  if (type?.kind !== "result") throw error;
  if (typeof error === "object" && error !== null && Object.hasOwn(error, "payload")) {
    return { tag: "err", val: (error as { payload: unknown }).payload };
  }
  if (isError(error) || error instanceof HookFailure) throw error;
  return { tag: "err", val: error };
}

/**
 * Checks what a host function without a result returned. Any value is ignored, except a promise or
 * a Result: ignoring these would hide a mistake.
 */
export function checkDropped(value: unknown): void {
  if (typeof value !== "object" || value === null) return;
  if (isThenable(value)) throw new ValueError("promise", "nothing");
  if (isBranded(value)) throw new ValueError("type-mismatch", "nothing", `${value.tag}()`);
}

/** Gives a lifted `result` as the caller of an export sees it. */
export function unwrapResult(value: { tag: "ok" | "err"; val: unknown }, throws: boolean): unknown {
  if (!throws) return value.tag === "ok" ? ok(value.val) : err(value.val);
  if (value.tag === "err") throw new ComponentError(value.val);
  return value.val;
}
