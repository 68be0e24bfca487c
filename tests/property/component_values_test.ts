// Random component values of random types: from the host, and from a value definition, straight to an
// export, and through a start function of a guest. Each export is the value. Value definitions with
// random bytes are a value or a CompileError. WINDLASS_SEED=n repeats a run.

import "../support/leaks.ts";
import fc from "fast-check";
import { assert, assertEquals } from "@std/assert";
import { CompileError, compileSync } from "@windlass/component";
import { formatType, type ValType } from "../../abi/types/types.ts";
import { difference, types, values } from "../support/arbitraries.ts";
import { given, run, tiers } from "../support/component_values.ts";
import { keepComponent } from "../support/echo.ts";
import { ComponentEncoder, extern, type Item, TypeWriter } from "../support/encoder.ts";
import { literal } from "../support/literals.ts";
import { runs, seed } from "../support/runs.ts";

Deno.test(`the seed is WINDLASS_SEED=${seed}`, () => assert(Number.isSafeInteger(seed)));

Deno.test("a value of any type comes from the host or a definition, and through a start function", () => {
  const cases = types().chain((type) => fc.record({ type: fc.constant(type), value: values(type) }));
  fc.assert(
    fc.property(cases, fc.constantFrom("utf8", "utf16", "latin1+utf16"), ({ type, value }, encoding) => {
      const made = tiers((component, writer) => {
        const ref = writer.ref(type), written = () => component.value(ref, literal(type, value));
        const [first, second] = ["first", "second"].map((name) => component.import(name, "value", extern.value(ref)));
        const args: Record<string, Item> = {};
        for (const [label, index] of writer.named) args[label] = ["type", index];
        const guest = component.instance(component.component(keepComponent(type, encoding)), args);
        const func = component.aliasExport("func", guest, "f");
        component.export("given", ["value", first!]);
        component.export("passed", ["value", component.start(func, [second!], 1)!]);
        component.export("written", ["value", written()]);
        component.export("passed-on", ["value", component.start(func, [written()], 1)!]);
      });
      for (const component of made) {
        const { exports } = run(component, given({ first: value, second: value }));
        for (const [name, found] of Object.entries(exports)) {
          assertEquals(difference(type, value, found), undefined, `${name}: ${formatType(type)}`);
        }
        assertEquals(Object.keys(exports).length, 4);
      }
    }),
    { seed, numRuns: runs(100) },
  );
});

Deno.test("a definition of any bytes is a value of its type or a CompileError", () => {
  const cases = types().chain((type) =>
    fc.record({
      type: fc.constant(type),
      bytes: fc.tuple(values(type), fc.array(fc.tuple(fc.nat(), fc.nat({ max: 255 })), { maxLength: 3 }))
        .map(([value, changes]) => {
          const bytes = literal(type, value);
          for (const [at, byte] of changes) bytes[at % (bytes.length + 1)] = byte;
          return bytes;
        }),
    })
  );
  let refused = 0, count = 0;
  fc.assert(
    fc.property(cases, ({ type, bytes }) => {
      const encoder = new ComponentEncoder(), ref = new TypeWriter(encoder).ref(type as ValType);
      encoder.export("v", ["value", encoder.value(ref, bytes)]);
      count++;
      try {
        const { exports } = run(
          compileSync(encoder.finish(), { gates: { "values": true, "fixed-length-lists": true } }),
        );
        // What was read is written again. Lengths and numbers may have been longer than they need be.
        assert(literal(type, exports["v"]).length <= bytes.length);
      } catch (error) {
        if (!(error instanceof CompileError)) throw error;
        refused++;
      }
    }),
    { seed, numRuns: runs(300) },
  );
  assert(refused > 0 && refused < count, `${refused} of ${count}`);
});
