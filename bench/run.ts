// Measures rows in the runtime that it runs in: prints one JSON object. `deno task bench:all` runs
// it bundled in each runtime.
// Arguments: `--subjects a;b` (all by default; the same name twice is two instances), `--rows x;y`.

import { engine, runtime } from "./runtime_name.ts";
import { files } from "./files.ts";
import { measureRows } from "./measure_rows.ts";

// deno-lint-ignore no-explicit-any
const { argv } = (globalThis as any).process;
const option = (name: string): string[] | undefined => {
  const at = argv.indexOf(`--${name}`);
  return at < 0 ? undefined : argv[at + 1].split(";");
};

const measured = await measureRows(files, option("subjects"), option("rows"));
console.log(JSON.stringify({ runtime, engine, measured }));
