// Small things tests share: components from text, instances from components, errors asserted in
// full.

import { assertEquals } from "@std/assert";
import { compileSync, type Component, type Imports, type Instance, instantiateSync } from "@windlass/component";
import { wat } from "./wat.ts";

/** What tests use of the specification's gated features. */
export const gates = { "fixed-length-lists": true, "error-context": true };
/** Those and the one of 64-bit memories. */
export const wideGates: Readonly<Record<string, boolean>> = { ...gates, memory64: true };

/** Compiles a component in the text format. */
export async function component(text: string): Promise<Component> {
  return compileSync(await wat(text), { gates });
}

/** Instantiates a component in the text format. */
export async function instance(text: string, imports: Imports = {}): Promise<Instance> {
  return instantiateSync(await component(text), imports);
}

/** A binary component from its sections' bytes. */
export function binary(...sections: number[]): Uint8Array<ArrayBuffer> {
  return Uint8Array.of(0, 0x61, 0x73, 0x6d, 0x0d, 0, 1, 0, ...sections);
}

/** What an action throws; an assertion error if it does not throw. */
export function thrown(action: () => unknown): Error & { code?: string; path?: string; payload?: unknown } {
  try {
    action();
  } catch (error) {
    return error as Error;
  }
  throw new Error("expected it to throw");
}

/** Asserts that an action throws an error of exactly that class and message. */
export function assertFails(action: () => unknown, name: string, message: string): void {
  const error = thrown(action);
  assertEquals(`${error.name}: ${error.message}`, `${name}: ${message}`);
}

/** A core module with an allocator; more of its body may follow. */
export function libc(body = ""): string {
  return `(core module $Libc
    (memory (export "memory") 1)
    (global $heap (mut i32) (i32.const 1024))
    (func (export "realloc") (param i32 i32 i32 i32) (result i32)
      (local $ptr i32)
      (local.set $ptr (i32.and (i32.add (global.get $heap) (i32.const 7)) (i32.const -8)))
      (global.set $heap (i32.add (local.get $ptr) (local.get 3)))
      (block $enough
        (br_if $enough (i32.le_u (global.get $heap) (i32.mul (memory.size) (i32.const 65536))))
        (drop (memory.grow (i32.add (i32.const 1) (i32.shr_u (local.get 3) (i32.const 16))))))
      (memory.copy (local.get $ptr) (local.get 0) (select (local.get 1) (local.get 3) (i32.lt_u (local.get 1) (local.get 3))))
      (local.get $ptr))
    ${body})
  (core instance $libc (instantiate $Libc))`;
}

/** The options of a lift or lower that use {@linkcode libc}. */
export const options = `(memory (core memory $libc "memory")) (realloc (core func $libc "realloc"))`;
