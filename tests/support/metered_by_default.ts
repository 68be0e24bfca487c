// Loaded before the tests (`--preload`): components are metered unless a test says that they are not,
// and have fuel and a deadline that none of them uses up. So the tests show that metered guests do the
// same as others: `deno task test:metered`.

import { defaults } from "../../core/compile.ts";
import { meterer } from "../../core/meter/meterer.ts";

const { meter } = meterer;
defaults.metering = true;
Object.assign(meterer, {
  meter: (...[tree, limits, signal]: Parameters<typeof meter>) =>
    meter(tree, { fuel: 10n ** 18n, deadline: 600_000, ...limits }, signal),
});

const COUNTS = "it counts a component's modules, and a metered one has one more";
const OTHERWISE = "it is about what components do that are not metered";

/** Tests that say something else of metered components, and why. */
const different: Readonly<Record<string, string>> = {
  "aot::usable_exported_modules: an exported module is an engine's module":
    "a metered module runs in metered trees only",
  "the modules of a component compile nothing when they are given back, with or without the adapters": COUNTS,
  "where the engine refuses to compile the adapters, calls go through JavaScript": COUNTS,
  "an engine without 64-bit memories gets no adapter that imports one": COUNTS,
  "what the modules begin with has to fit, and the limit has to be a size": OTHERWISE,
  "a module of a component that is not metered is refused, whatever it says": OTHERWISE,
  "options and limits that do not fit are refused": OTHERWISE,
};

const { test } = Deno;
Object.defineProperty(Deno, "test", {
  configurable: true,
  value: (...args: Parameters<typeof test>) => {
    const [first] = args as unknown as [string | Deno.TestDefinition],
      name = typeof first === "string" ? first : first.name;
    if (Object.hasOwn(different, name)) test({ name, ignore: true, fn: () => {} });
    else test(...args);
  },
});
