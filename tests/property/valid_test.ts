// Every component that the test encoder makes is valid, has the world it was made from, and prints
// it: random signatures with and without resources, direct and nested, in interfaces and at the
// root; and components that import nothing. WINDLASS_SEED=n repeats a run, WINDLASS_RUNS=n makes it
// n times as long; what fails is shrunk, and fast-check prints its seed and path.

import fc, { type Arbitrary } from "fast-check";
import { assert, assertEquals } from "@std/assert";
import { compileSync, type Component } from "@windlass/component";
import type { ResourceType } from "../../abi/types/types.ts";
import { signatures, types } from "../support/arbitraries.ts";
import { echoComponent, GUEST, HOST, keepComponent } from "../support/echo.ts";
import { type Signature, stringEncodings } from "../support/encoder.ts";
import { runs, seed } from "../support/runs.ts";
import { gates } from "../support/wasm.ts";

const resources: readonly ResourceType[] = [{ kind: "resource", name: "r0" }, { kind: "resource", name: "r1" }];
const encoding = fc.constantFrom(...stringEncodings);

/** Compiles a component and prints its world in both languages: each must name the function. */
function accept(bytes: Uint8Array<ArrayBuffer>): Component {
  const component = compileSync(bytes, { gates });
  for (const text of [component.wit(), component.typescript()]) assert(/\bf\b/.test(text), text);
  return component;
}

function echoes(what: string, signature: Arbitrary<Signature>, guests: number, numRuns: number): void {
  Deno.test(`components of ${guests} guests whose functions ${what} are valid`, () => {
    const encodings = fc.array(encoding, { minLength: guests, maxLength: guests });
    const property = fc.property(signature, encodings, fc.boolean(), (of, encodings, interfaces) => {
      const component = accept(echoComponent(of, { encodings, interfaces }));
      const [imports, exports] = [component.imports, component.exports].map((items) => items.map(({ name }) => name));
      assert(imports!.includes(interfaces ? HOST : "f"), `${imports}`);
      assertEquals(exports!.at(-1), interfaces ? GUEST : "f");
    });
    fc.assert(property, { seed, numRuns: runs(numRuns) });
  });
}

// A name, since `deno test --quiet` prints nothing else.
Deno.test(`the seed is WINDLASS_SEED=${seed}`, () => assert(Number.isSafeInteger(seed)));
echoes("pass values", signatures(), 1, 150);
echoes("pass values", signatures(), 2, 150);
echoes("pass handles", signatures(resources), 1, 150);
echoes("pass handles", signatures(resources), 2, 150);

Deno.test("components that import no function are valid", () => {
  const property = fc.property(types(), encoding, (type, encoding) => {
    assertEquals(accept(keepComponent(type, encoding)).exports.at(-1)!.name, "f");
  });
  fc.assert(property, { seed, numRuns: runs(150) });
});
