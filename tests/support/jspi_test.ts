// Tests of what only an engine with JSPI can do: others ignore them.

import { features } from "@windlass/component";

/** A test of guests whose stacks are suspended. */
export function jspiTest(name: string, fn: () => void | Promise<void>): void {
  Deno.test({ name, ignore: !features.jspi, fn });
}
