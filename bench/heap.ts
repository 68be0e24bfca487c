// deno task bench:heap: a million calls with strings and a million resource round trips; shows the
// heap before and after, what a call leaves, and what a definition keeps.

import { plainHost as host } from "./host.ts";
import { manyLowered, typesOnly } from "./generated.ts";
import { compileSync, instantiateSync, Linker } from "@windlass/component";
import { decodeBytes } from "../core/decode/decode.ts";

class File {
  name(): string {
    return "";
  }
  size(): number {
    return 0;
  }
  static open(): File {
    return new File();
  }
}

const read = (path: string) => Deno.readFileSync(new URL(path, import.meta.url));
const calls = instantiateSync(read("./fixtures/calls.wasm"), {
  "bench:calls/host": host(),
}).exports;
const values = calls["bench:calls/guest"];
const counters = instantiateSync(read("../tests/e2e/fixtures/resources.wasm"), {
  "test:resources/files": { File, same: () => true, consume: () => 0 },
}).exports["test:resources/counters"];

// Run with --v8-flags=--expose-gc, so that the figures are of what is kept.
const collect = (globalThis as { gc?: () => void }).gc ?? (() => {});
function show(what: string): void {
  collect();
  console.log(`${what}: ${(Deno.memoryUsage().heapUsed / 2 ** 20).toFixed(2)} MiB`);
}

const file = new File();
function strings(count: number): void {
  for (let i = 0; i < count; i++) values.text("hello, world");
}
function resources(count: number): void {
  for (let i = 0; i < count; i++) counters.passFile(file);
}
strings(10_000);
resources(10_000);
show("after warming up");
strings(1_000_000);
show("after a million calls with strings");
resources(1_000_000);
show("after a million resource round trips");
console.log(`live handles: ${counters.liveHandles()}`);

/**
 * Bytes that a call leaves on the heap, garbage included: as many calls as fit between two
 * collections.
 */
function perCall(what: string, calls: number, run: (count: number) => void): void {
  run(calls);
  collect();
  const before = Deno.memoryUsage().heapUsed;
  run(calls);
  console.log(`${what}: ${((Deno.memoryUsage().heapUsed - before) / calls).toFixed(3)} bytes a call`);
}
perCall("host → guest add", 1_000_000, (count) => {
  for (let i = 0; i < count; i++) values.add(i, 4);
});
perCall("guest → host add", 1_000_000, (count) => void calls["bench:calls/loops"].add(count));

/** Bytes that something keeps for each of so many definitions. */
function perDefinition<T>(what: string, definitions: number, make: () => T): T {
  collect();
  const before = Deno.memoryUsage().heapUsed, made = make();
  collect();
  console.log(`${what}: ${((Deno.memoryUsage().heapUsed - before) / definitions).toFixed(0)} bytes a definition`);
  return made;
}
const types = typesOnly(1_000_000), lowered = manyLowered(40);
const kept: unknown[] = [perDefinition("decoded types", types.definitions, () => decodeBytes(types.bytes))];
const component = perDefinition("compiled lowered functions", lowered.definitions, () => compileSync(lowered.bytes));
const linked = new Linker().define({ f: () => {} }).link(component);
kept.push(perDefinition("instantiated lowered functions", lowered.definitions, () => linked.instantiateSync()));
console.log(`${kept.length + 1} kept`);
