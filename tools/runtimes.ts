// deno task test:node, test:bun: the tests in another runtime, each group of them as one bundle.
// A group that is named is run alone: `deno task test:node wasi`. deno task test:stress runs `stress`,
// which is left out otherwise.
// What only Deno can do is skipped there, and counted.

import { bundle, GROUPS, installExternal } from "./bundles.ts";
import { aloud, must } from "./process.ts";

interface Runtime {
  readonly command: readonly string[];
  readonly env?: Record<string, string>;
}
const RUNTIMES: Readonly<Record<string, Runtime>> = {
  node: { command: ["npx", "-y", "node@26.10.0"] },
  bun: {
    command: ["npx", "-y", "bun@1.4.5"],
    env: {
      // Its engine takes thirty times as long to evaluate a text: as many random components as
      // `deno task test` has.
      WINDLASS_RUNS: "0.25",
      // It has few places for memories that are checked by page faults, and collects all garbage for
      // each memory beyond them: the tests, which make thousands, would take twelve times as long.
      BUN_JSC_useWasmFastMemory: "0",
    },
  },
};
/** What is asked for by name only. It looks at what the collector leaves. */
const STRESS = "stress", STRESS_FLAGS = ["--expose-gc"];
const external = ["jco-transpile/wasm-tools", "jco", "preview2-shim/instantiation"].map((name) =>
  `@bytecodealliance/${name}`
);

const runtime = Deno.args[0] ?? "";
const found = RUNTIMES[runtime];
if (found === undefined) throw new Error(`which runtime? ${Object.keys(RUNTIMES).join(" or ")}`);
await installExternal();
let failed = false;
const named = Deno.args.slice(1), flags = named.includes(STRESS) ? STRESS_FLAGS : [];
for (const group of named.length > 0 ? named : Object.keys(GROUPS)) {
  const out = await bundle(group, { platform: "deno", shim: "../runtimes/shim.ts", external });
  await must([...found.command, ...flags, out], { ...aloud, env: { NO_COLOR: "1", ...found.env } }).catch((error) => {
    console.error(error.message);
    failed = true;
  });
}
Deno.exit(failed ? 1 : 0);
