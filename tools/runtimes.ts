// deno task test:node, test:bun: the tests in another runtime, each group of them as one bundle.
// A group that is named is run alone: `deno task test:node wasi`. deno task test:stress runs `stress`,
// which is left out otherwise.
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
const named = Deno.args.slice(1), flags = named.includes(STRESS) ? STRESS_FLAGS : [];
for (const group of named.length > 0 ? named : Object.keys(GROUPS)) {
  const out = await bundle(group, { platform: "deno", runs: runtime, shim: "../runtimes/shim.ts", external });
  await must([...found.command, ...flags, out], { ...aloud, env: { NO_COLOR: "1", ...found.env } }).catch((error) => {
    console.error(error.message);
    failed = true;
  });
}
Deno.exit(failed ? 1 : 0);
