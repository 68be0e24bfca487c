// Measures rows in the runtime that it runs in: prints one JSON object. `deno task bench:all` runs
// it bundled in each runtime.
// A result is checked, each part of it, before it is timed; what is wrong has no figure.
// Arguments: `--subjects a;b` (all by default; the same name twice is two instances), `--rows x;y`.

import { engine, runtime } from "./runtime_name.ts";
import { measure } from "./measure.ts";
import { files } from "./files.ts";
import { checkingHost } from "./host.ts";
import { rows } from "./rows.ts";
import { subjects } from "./subjects.ts";

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
  /** The row of others' figures that these are beside. */
  readonly beside: string;
  readonly figures: readonly { readonly subject: string; readonly ns: number }[];
  /** What gives a wrong result. */
  readonly wrong: readonly { readonly subject: string; readonly message: string }[];
}

const only = option("rows"), names = option("subjects");
const all = await subjects(files, names), checkers = await subjects(files, names, checkingHost);
const measured: Measured[] = [];
for (const row of rows) {
  if (only !== undefined && !only.includes(row.name)) continue;
  const wrong: { subject: string; message: string }[] = [];
  const here = all.filter((subject, i) => {
    if (!row.has(subject)) return false;
    try {
      row.check(checkers[i]!);
      return true;
    } catch (error) {
      wrong.push({ subject: subject.name, message: (error as Error).message });
      return false;
    }
  });
  const medians = measure(here.map((subject) => row.run(subject)), row.calls);
  const figures = here.map(({ name }, i) => ({ subject: name, ns: medians[i]! }));
  measured.push({ direction: row.direction, name: row.name, beside: row.beside, figures, wrong });
}
console.log(JSON.stringify({ runtime, engine, measured }));
