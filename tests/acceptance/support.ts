// What the acceptance tests share: lifts by the dozen, components that pass values on, traps
// asserted in full, bytes as guests store them.

import { assert, assertEquals } from "@std/assert";
import { type Instance, Trap, type TrapCode } from "@windlass/component";
import { TRAP_PHRASES } from "../../errors.ts";
import { camelCase } from "../../host/names.ts";
import { libc, options, thrown } from "../support/wasm.ts";

/** By name: the core function that is lifted, its type, and further options. */
export type Lifts = Readonly<Record<string, readonly [core: string, type: string, more?: string]>>;

/** Exported functions lifted from `$libc`, with its memory and allocator. */
export function lifts(funcs: Lifts): string {
  return Object.entries(funcs).map(([name, [core, type, more = ""]]) =>
    `(func (export "${name}") ${type} (canon lift (core func $libc "${core}") ${options} ${more}))`
  ).join("\n");
}

/**
 * A component of one core module with an allocator, whose body is given, and functions lifted from
 * it.
 */
export function lifting(body: string, funcs: Lifts): string {
  return `(component ${libc(body)} ${lifts(funcs)})`;
}

/**
 * Like {@linkcode libc}, but its `realloc` moves what there was, as real ones do, and spoils the
 * place where it was.
 */
const movingLibc = `(core module $Libc
    (memory (export "memory") 1)
    (global $heap (mut i32) (i32.const 1024))
    (func (export "realloc") (param $old i32) (param $old-size i32) (param i32) (param $size i32) (result i32)
      (local $ptr i32)
      (local.set $ptr (i32.and (i32.add (global.get $heap) (i32.const 7)) (i32.const -8)))
      (global.set $heap (i32.add (local.get $ptr) (local.get $size)))
      (memory.copy (local.get $ptr) (local.get $old)
        (select (local.get $old-size) (local.get $size) (i32.lt_u (local.get $old-size) (local.get $size))))
      (memory.fill (local.get $old) (i32.const 0xff) (local.get $old-size))
      (local.get $ptr)))
  (core instance $libc (instantiate $Libc))`;

/** The body of a component that passes each value on to its import `echo`, and the answer back. */
function relay(type: string, encoding: string): string {
  const echo = `(param "x" ${type}) (result ${type})`;
  return `(import "echo" (func $echo ${echo}))
    ${movingLibc}
    (core func $echo' (canon lower (func $echo) string-encoding=${encoding} ${options}))
    (core module $M (import "" "echo" (func $echo (param i32 i32 i32)))
      (func (export "echo") (param i32 i32) (result i32)
        (call $echo (local.get 0) (local.get 1) (i32.const 16))
        (i32.const 16)))
    (core instance $m (instantiate $M (with "" (instance (export "echo" (func $echo'))))))
    (func (export "echo") ${echo} (canon lift (core func $m "echo") string-encoding=${encoding} ${options}))`;
}

/**
 * A component whose \`echo\` goes through two guests to the host's \`host\`. For types that are a
 * pointer and a length.
 */
export function relays(type: string, source = "utf8", destination = "utf8"): string {
  return `(component
    (import "host" (func $host (param "x" ${type}) (result ${type})))
    (component $Destination ${relay(type, destination)})
    (component $Source ${relay(type, source)})
    (instance $destination (instantiate $Destination (with "echo" (func $host))))
    (instance $source (instantiate $Source (with "echo" (func $destination "echo"))))
    (export "echo" (func $source "echo")))`;
}

/** Calls an export of the root by its WIT name. */
export function call(instance: Instance, name: string, ...args: readonly unknown[]): unknown {
  return instance.exports[camelCase(name)](...args);
}

/**
 * Asserts that an action traps for the reason that the code names, at that place: `lift result of
 * export f`.
 */
export function assertTrap(action: () => unknown, place: string, code: TrapCode, ...details: readonly string[]): void {
  const error = thrown(action);
  const phrase = TRAP_PHRASES[code].replace(/\{(\d)\}/g, (_, i) => details[Number(i)]!);
  assertEquals(`${error.name}: ${error.message}`, `Trap: Cannot ${place}: ${phrase}`);
  assert(error instanceof Trap);
  assertEquals(error.code, code);
}

/**
 * Asserts that an action ends in the guest's own `unreachable`. What the engine says of it is the
 * engine's.
 */
export function assertUnreachable(action: () => unknown, place: string): void {
  const error = thrown(action);
  assert(error instanceof Trap, `${error}`);
  assertEquals([error.code, error.message.slice(0, place.length + 9)], ["guest-trap", `Cannot ${place}: `]);
  assert(/unreachable/i.test(error.message), error.message);
}

/**
 * Asserts that an instance is locked down: none of these exports, whatever its arguments, can be
 * entered.
 */
export function assertLocked(instance: Instance, ...names: readonly string[]): void {
  const because =
    /^Cannot call export (\S+): cannot enter component instance, which an earlier (?:trap|exception) locked down$/;
  for (const name of names) {
    const error = thrown(() => call(instance, name));
    assert(error instanceof Trap && error.code === "cannot-enter", `${error}`);
    assertEquals(because.exec(error.message)?.[1], name, error.message);
  }
}

/** The bytes of numbers as a guest stores them: little-endian, of the given width each. */
export function littleEndian(width: 1 | 2 | 4 | 8, ...values: readonly (number | bigint)[]): number[] {
  return values.flatMap((value) =>
    Array.from({ length: width }, (_, i) => Number((BigInt(value) >> BigInt(8 * i)) & 0xffn))
  );
}

/**
 * A pointer and a length that a guest stored, and the bytes they stand for, of elements of the
 * given size.
 */
export function pointed(memory: Uint8Array, at: number, size: number): Uint8Array {
  const view = new DataView(memory.buffer, memory.byteOffset);
  const begin = view.getUint32(at, true);
  return memory.subarray(begin, begin + view.getUint32(at + 4, true) * size);
}
