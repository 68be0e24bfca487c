// Random component values of random types: what the host gives for an import goes through a guest's
// start function to an export and stays what it is, in both tiers. WINDLASS_SEED=n repeats a run.

import fc from "fast-check";
import { formatType } from "../../abi/types/types.ts";
import { difference, types, values } from "../support/arbitraries.ts";
import { given, run, tiers } from "../support/component_values.ts";
import { keepComponent } from "../support/echo.ts";
import { extern, type Item, stringEncodings } from "../support/encoder.ts";
import { runs, seed } from "../support/runs.ts";
import { instantiate } from "@windlass/component";

Deno.test(`values stay what they are through a start function (seed ${seed})`, async () => {
  const cases = types().chain((type) =>
    fc.tuple(fc.constant(type), values(type), fc.constantFrom(...stringEncodings), fc.boolean())
  );
  await fc.assert(
    fc.asyncProperty(cases, async ([type, value, encoding, sync]) => {
      const components = tiers((component, writer) => {
        const ref = writer.ref(type), args: Record<string, Item> = {};
        for (const [label, index] of writer.named) args[label] = ["type", index];
        const imported = component.import("given-value", "value", extern.value(ref));
        const guest = component.instance(component.component(keepComponent(type, encoding)), args);
        const result = component.start(component.aliasExport("func", guest, "f"), [imported], 1)!;
        component.export("got-value", ["value", result]);
      });
      for (const component of components) {
        const imports = { "given-value": value };
        const { exports } = sync ? run(component, imports) : await instantiate(component, given(imports));
        const found = difference(type, value, exports["got-value"]);
        if (found !== undefined) throw new Error(`${formatType(type)}: ${found}`);
      }
    }),
    { seed, numRuns: runs(120) },
  );
});
