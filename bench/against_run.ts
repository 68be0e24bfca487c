// Measures this library beside another state of it, in the runtime that it runs in: prints one JSON
// array. bench/against.ts runs it bundled.
// Argument: the other state's bundle.

import { pathToFileURL } from "node:url";
import process from "node:process";
import * as now from "@windlass/component";
import { measure } from "./measure.ts";
import { files } from "./files.ts";
import { rows } from "./rows.ts";
import { FIXTURE, subjectOf } from "./subjects.ts";

/** Nanoseconds a call of one row. */
export interface Compared {
  readonly row: string;
  readonly before: number;
  readonly now: number;
  readonly hooked: number;
}

const before = await import(pathToFileURL(process.argv[2]!).href);
const none = () => {};
const hooks = { callingHost: none, returningFromHost: none, callingGuest: none, returningFromGuest: none };
const bytes = files.read(FIXTURE);
const subjects = [
  subjectOf("before", before, bytes),
  // Each library with two instances, so that the call sites of neither are monomorphic.
  subjectOf("before, hooks", before, bytes, { hooks }),
  subjectOf("now", now as never, bytes),
  subjectOf("now, hooks", now as never, bytes, { hooks }),
];
const compared: Compared[] = [];
for (const row of rows) {
  if (row.beside !== row.name) continue; // such a row needs a host of its own
  const [before = 0, , now = 0, hooked = 0] = measure(subjects.map((subject) => row.run(subject)), row.calls);
  compared.push({ row: `${row.direction}: ${row.name}`, before, now, hooked });
}
console.log(JSON.stringify(compared));
