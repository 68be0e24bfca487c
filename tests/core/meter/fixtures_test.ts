// Core modules of real toolchains, and those of the fixtures: engines accept them metered.

import { assert, assertEquals } from "@std/assert";
import { compileSync } from "@windlass/component";
import { componentInternals } from "../../../core/component.ts";
import { meterMark } from "../../../core/module/meter_mark.ts";
import { realComponent } from "../../../examples/real.ts";
import { testFile } from "../../support/fixtures.ts";
import { meteredBytes } from "../../support/metered.ts";

const fixtures = ["greet", "memories", "resources", "values", "async"].map((name) => `e2e/fixtures/${name}.wasm`);
const guests = ["command", "count", "hello", "server"].map((name) => `wasi/guests/${name}.wasm`);

/** A component's core modules, as bytes. */
function coreModules(component: Uint8Array): Uint8Array[] {
  return componentInternals(compileSync(component)).modules.map(({ offset, length }) =>
    component.subarray(offset, offset + length)
  );
}

/** How much larger metered modules may be that are large. */
const MOST = 1.25, LARGE = 100_000;

const real = (["wasm-tools", "js-component-bindgen-component"] as const).map((name) =>
  [name, () => realComponent(name)] as const
);
const own = [...fixtures, ...guests].map((path) => [path, () => Deno.readFile(testFile(path))] as const);
for (const [name, read] of [...own, ...real]) {
  Deno.test(`the core modules of ${name} are valid metered`, async () => {
    for (const module of coreModules(await read())) {
      const metered = meteredBytes(module);
      const { prefix } = meterMark(new WebAssembly.Module(metered))!;
      assert(prefix === "" || prefix === "windlass:metering/");
      // A module of a few functions grows by what is added once.
      const isLarge = module.length > LARGE;
      assert(!isLarge || metered.length <= module.length * MOST, `${metered.length} bytes of ${module.length}`);
      assertEquals(WebAssembly.Module.imports(new WebAssembly.Module(metered)).length, importsOf(module));
    }
  });
}

function importsOf(module: Uint8Array): number {
  return WebAssembly.Module.imports(new WebAssembly.Module(module as Uint8Array<ArrayBuffer>)).length;
}
