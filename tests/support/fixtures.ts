// The committed files that tests read: those of tests/e2e first.

import { compileSync, type Component } from "@windlass/component";

/**
 * A file or folder by its path from `tests`: also where the tests are one bundle, and know their
 * own places no more.
 */
export function testFile(path: string): URL {
  return new URL(`../${path}`, import.meta.url);
}

/** The bytes of a fixture. */
export function fixtureBytes(name: string): Uint8Array<ArrayBuffer> {
  return Deno.readFileSync(testFile(`e2e/fixtures/${name}.wasm`));
}

/** Components that stand for fixtures (ahead_fixtures.ts). */
export const replaced: Map<string, Component> = new Map();

/** A compiled fixture. */
export function fixture(name: string): Component {
  return replaced.get(name) ?? compileSync(fixtureBytes(name));
}
