// deno task test:node, test:bun: the tests in another runtime, each group of them as one bundle.
// deno task test:stress runs the group `stress` only, which the others leave out.
// What only Deno can do is skipped there, and counted.

import { bundle, GROUPS, installExternal } from "./bundles.ts";
import { aloud, must } from "./process.ts";
import { RUNTIMES } from "./runtime_commands.ts";

/** What is asked for by name only. It looks at what the collector leaves. */
const STRESS = "stress", STRESS_FLAGS = ["--expose-gc"];
const external = ["jco-transpile/wasm-tools", "jco", "preview2-shim/instantiation", "preview3-shim"].map((name) =>
  `@bytecodealliance/${name}`
);

const runtime = Deno.args[0] ?? "";
const found = RUNTIMES[runtime];
if (found === undefined) throw new Error(`which runtime? ${Object.keys(RUNTIMES).join(" or ")}`);
await installExternal();
let failed = false;
const stress = Deno.args[1] === STRESS, flags = stress ? STRESS_FLAGS : [];
for (const group of stress ? [STRESS] : Object.keys(GROUPS)) {
  const out = await bundle(group, { platform: "deno", shim: "../runtimes/shim.ts", external });
  await must([...found.command, ...flags, out], { ...aloud, env: { NO_COLOR: "1", ...found.env } }).catch((error) => {
    console.error(error.message);
    failed = true;
  });
}
Deno.exit(failed ? 1 : 0);
