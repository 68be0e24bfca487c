// What tools see of a binary: whether it is a component, and what that imports and exports, without
// compiling its core modules.

import { assertEquals, assertThrows } from "@std/assert";
import { CompileError, compileSync } from "@windlass/component";
import { isComponent, outline } from "../../../host/esm/outline.ts";
import { fixture, fixtureBytes } from "../../support/fixtures.ts";

const greet = fixture("greet");

Deno.test("isComponent() tells by the layer of the preamble", () => {
  assertEquals(isComponent(fixtureBytes("greet")), true);
  const preamble = [0, 0x61, 0x73, 0x6d];
  for (const rest of [[1, 0, 0, 0], [13, 0, 2, 0], [13, 0], []]) {
    assertEquals(isComponent(Uint8Array.of(...preamble, ...rest)), false, `${rest}`);
  }
  assertEquals(isComponent(new TextEncoder().encode("export {};")), false);
});

Deno.test("outline() has the same imports and exports, and the engine compiles nothing", () => {
  const { Module } = WebAssembly;
  const refuse = class {
    constructor() {
      throw new Error("compiled");
    }
  };
  WebAssembly.Module = refuse as unknown as typeof Module;
  try {
    const seen = outline(fixtureBytes("greet"));
    assertEquals([seen.imports, seen.exports], [greet.imports, greet.exports]);
    assertEquals(seen.typescript(), greet.typescript());
  } finally {
    WebAssembly.Module = Module;
  }
});

Deno.test("outline() validates the component", () => {
  // (component (export "a" (func 0))), and there is no function
  const bytes = Uint8Array.of(0, 0x61, 0x73, 0x6d, 13, 0, 1, 0, 11, 7, 1, 0, 1, 0x61, 1, 0, 0);
  const { message } = assertThrows(() => outline(bytes), CompileError);
  assertEquals(assertThrows(() => compileSync(bytes), CompileError).message, message);
});
