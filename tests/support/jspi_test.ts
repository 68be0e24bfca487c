// Tests of what only some engines can do: others ignore them, and say what they lack.

import { features } from "@windlass/component";
import { byteStreams } from "./engine.ts";

/** A test that an engine ignores if it lacks what the test needs. */
function testWith(has: boolean, needs: string, name: string, fn: () => void | Promise<void>): void {
  // Deno's own runner does not know `needs`, that of the bundles says it.
  const definition = { name, ignore: !has, fn, needs };
  Deno.test(definition);
}

/** A test of guests whose stacks are suspended. */
export function jspiTest(name: string, fn: () => void | Promise<void>): void {
  testWith(features.jspi, "needs JSPI", name, fn);
}

/** A test of streams that fill the reader's own buffer. */
export function byteStreamTest(name: string, fn: () => void | Promise<void>): void {
  testWith(byteStreams, "needs byte streams", name, fn);
}
