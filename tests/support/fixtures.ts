// The committed fixtures of tests/e2e.

import { compileSync, type Component } from "@windlass/component";

/** The bytes of a fixture. */
export function fixtureBytes(name: string): Uint8Array<ArrayBuffer> {
  return Deno.readFileSync(new URL(`../e2e/fixtures/${name}.wasm`, import.meta.url));
}

/** A compiled fixture. */
export function fixture(name: string): Component {
  return compileSync(fixtureBytes(name));
}
