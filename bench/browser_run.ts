// Measures rows in a worker of a browser, and posts what it found to the server that it came from
// (browsers_bench.ts). What a figure is made of, bench/README.md says.

import { measureRows } from "./measure_rows.ts";
import type { Files } from "./subjects.ts";

const { paths, subjects } = await (await fetch("/settings")).json() as { paths: string[]; subjects: string[] };
const contents = new Map<string, Uint8Array<ArrayBuffer>>();
for (const path of paths) {
  contents.set(path, new Uint8Array(await (await fetch(`/bench/${path}`)).arrayBuffer()));
}

const files: Files = {
  read(path) {
    const found = contents.get(path);
    if (found === undefined) throw new Error(`${path} was not fetched`);
    return found;
  },
  load: async (path) => contents.has(path) ? await import(`/bench/${path}`) : undefined,
};

let outcome: object;
try {
  outcome = { userAgent: navigator.userAgent, measured: await measureRows(files, subjects, undefined) };
} catch (error) {
  outcome = { error: String((error as Error).stack ?? error) };
}
await fetch("/outcome", { method: "POST", body: JSON.stringify(outcome) });
