// Measures rows in the runtime that it runs in: prints one JSON object. `deno task bench:all` runs
// it bundled in each runtime.
// Arguments: `--subjects a;b` (all by default; the same name twice is two instances), `--rows x;y`.

import { engine, runtime } from "./runtime_name.ts";
import { measure } from "./measure.ts";
import { rows, subjects } from "./rows.ts";

// deno-lint-ignore no-explicit-any
const { process } = globalThis as any;
const { argv } = process;
const option = (name: string): string[] | undefined => {
  const at = argv.indexOf(`--${name}`);
  return at < 0 ? undefined : argv[at + 1].split(";");
};

/** Nanoseconds a call of one row, one figure per subject in order. */
export interface Measured {
  readonly direction: string;
  readonly name: string;
  readonly figures: readonly { readonly subject: string; readonly ns: number }[];
}

const only = option("rows"), all = await subjects(option("subjects"));
const measured: Measured[] = [];
for (const row of rows) {
  if (only !== undefined && !only.includes(row.name)) continue;
  const here = all.filter((subject) => row.has(subject));
  const medians = measure(here.map((subject) => row.run(subject)), row.calls);
  const figures = here.map(({ name }, i) => ({ subject: name, ns: medians[i]! }));
  measured.push({ direction: row.direction, name: row.name, figures });
}
console.log(JSON.stringify({ runtime, engine, measured }));
