// Loaded before the tests (`--preload`): what they do with fixtures, they do with components that were
// written ahead of time.

import { ahead } from "./ahead.ts";
import { fixtureBytes, replaced } from "./fixtures.ts";

for (const name of ["async", "greet", "memories", "resources", "values"]) {
  replaced.set(name, (await ahead(fixtureBytes(name))).component);
}
