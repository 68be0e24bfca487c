// From bytes to a first call, instances of a linked component beside the core instances they
// consist of, and what instances weigh.
// Runs in every runtime, with the collector exposed; prints one JSON object: microseconds and
// bytes.

import { readFileSync } from "node:fs";
import { pathToFileURL } from "node:url";
import { plainHost as host } from "./host.ts";
import { compileSync, instantiate, Linker } from "@windlass/component";

// deno-lint-ignore no-explicit-any
type Any = any;
const { process, gc, Bun } = globalThis as Any;
const root = pathToFileURL(`${process.cwd()}/bench/`);
const read = (path: string): Uint8Array<ArrayBuffer> => new Uint8Array(readFileSync(new URL(path, root)));
const collect = (): void => gc ? gc() : Bun?.gc(true);

function median(values: number[]): number {
  return values.sort((left, right) => left - right)[values.length >> 1]!;
}

/** Median microseconds of an action, in a process that has done it before. */
async function timed(action: (i: number) => unknown, runs = 300): Promise<number> {
  for (let i = 0; i < runs; i++) await action(i);
  const times: number[] = [];
  for (let i = runs; i < 2 * runs; i++) {
    const start = performance.now();
    await action(i);
    times.push((performance.now() - start) * 1000);
  }
  return median(times);
}

const bytes = read("fixtures/calls.wasm");
const HOST = "bench:calls/host", GUEST = "bench:calls/guest";
const same = (x: number): number => x;
const check = (value: unknown): void => {
  if (value !== 7) throw new Error(`expected 7, found ${value}`);
};

const figures: Record<string, number> = {};
figures["bytes → first call"] = await timed(async () => {
  const { exports } = await instantiate(bytes, { [HOST]: host() });
  check(exports[GUEST].add(3, 4));
});
try {
  const base = new URL(".jco/v1.10.2/", root);
  await import(new URL("calls.js", base).href);
  figures["jco 1.10.2's output: import → first call"] = await timed(async (i) => {
    const { instantiate } = await import(`${new URL("calls.js", base).href}?${i}`);
    const exports = instantiate((file: string) => new WebAssembly.Module(read(`.jco/v1.10.2/${file}`)), {
      [HOST]: host,
    });
    check(exports[GUEST].add(3, 4));
  });
} catch (error) {
  if (!/not found|Cannot find/i.test((error as Error).message)) throw error;
}

// ── Instances
// ─────────────────────────────────────────────────────────────────────────────────────────────────────────────

/** A component of one core module with an import and an export. */
const small = compileSync(read("fixtures/small.wasm"));
const linker = new Linker();
linker.instance("bench:small/host").func("f", same);
const linked = linker.link(small);
const core = small.modules[0]!;
const imports = { "bench:small/host": { f: same } };
figures["linked.instantiateSync()"] = await timed(() => linked.instantiateSync(), 500);
figures["its core instances"] = await timed(() => new WebAssembly.Instance(core, imports), 500);

/** Bytes of heap for each of 10,000 instances. */
function weigh(make: () => unknown): number {
  const kept: unknown[] = [];
  for (let i = 0; i < 100; i++) make();
  collect();
  const before = process.memoryUsage();
  for (let i = 0; i < 10_000; i++) kept.push(make());
  collect();
  const after = process.memoryUsage();
  if (kept.length !== 10_000) throw new Error("unreachable");
  return (after.heapUsed + after.external - before.heapUsed - before.external) / kept.length;
}
if (gc !== undefined || Bun !== undefined) {
  figures["bytes of heap, core instance"] = weigh(() => new WebAssembly.Instance(core, imports));
  figures["bytes of heap, instance"] = weigh(() => linked.instantiateSync());
}
console.log(JSON.stringify({ figures }));
