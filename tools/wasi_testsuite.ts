// deno task wasi-testsuite [--runtime deno|node|bun] [--filter TEXT] PATH…: runs the programs of
// WebAssembly/wasi-testsuite by their JSON descriptions, prints a line for each and the total. PATH is a
// folder of programs, such as tests/rust/testsuite/wasm32-wasip3 of its branch `prod/testsuite-all`.

import { parseArgs } from "node:util";
import { BUILD, bundleFile } from "./bundles.ts";
import { aloud } from "./process.ts";
import { RUNTIMES } from "./runtime_commands.ts";
import { main } from "./wasi_suite/main.ts";

const { values: { filter = "", runtime = "deno" }, positionals } = parseArgs({
  args: Deno.args,
  options: { filter: { type: "string" }, runtime: { type: "string" } },
  allowPositionals: true,
});
const found = RUNTIMES[runtime];
if (positionals.length === 0 || found === undefined && runtime !== "deno") {
  console.error("usage: deno task wasi-testsuite [--runtime deno|node|bun] [--filter TEXT] PATH…");
  Deno.exit(2);
}
if (found === undefined) await main([filter, ...positionals]);
else {
  const bundle = `${BUILD}/wasi_suite.js`;
  await Deno.mkdir(BUILD, { recursive: true });
  await bundleFile("tools/wasi_suite/bundle.ts", bundle, { platform: "deno", external: [] });
  const [command = "", ...args] = [...found.command, bundle, filter, ...positionals];
  const { code } = await new Deno.Command(command, { args, ...aloud, env: found.env ?? {} }).output();
  Deno.exit(code);
}
