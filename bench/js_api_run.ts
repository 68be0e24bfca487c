// Measures calls through the draft JS API beside the library's own, in the runtime that it runs in:
// prints one JSON object. `deno task bench:js-api` runs it bundled in each runtime.

import { engine, runtime } from "./runtime_name.ts";
import { readFileSync } from "node:fs";
import { Component, ComponentInstance } from "@windlass/component/js-api";
import { compileSync, instantiateSync } from "@windlass/component";
import { plainHost } from "./host.ts";
import { measure } from "./measure.ts";

// deno-lint-ignore no-explicit-any
type Any = any;

const bytes = new Uint8Array(readFileSync("bench/fixtures/calls.wasm"));
const HOST = "bench:calls/host", GUEST = "bench:calls/guest", LOOPS = "bench:calls/loops";

class Counter {
  #count = 0;
  get(): number {
    return this.#count++;
  }
}

/** The host of the draft's API: the same functions, which give back what they were given. */
const same = (value: unknown) => value;
const drafted = {
  Counter,
  nop: () => {},
  add: (a: number, b: number) => a + b,
  text: same,
  bytes: same,
  points: same,
  names: same,
  echoBig: same,
  many: (...args: number[]) => args[0],
  fallible: same,
  maybe: same,
  echoShape: same,
  paint: same,
  permit: same,
  words: same,
};

const plain = instantiateSync(compileSync(bytes), { [HOST]: plainHost() as Any }).exports as Any;
const draft = new ComponentInstance(new Component(bytes), { [HOST]: drafted }).exports as Any;

const point = { x: 1.5, y: 2.5, id: 7 }, big: Record<string, number> = {};
for (const key of "abcdefghijklm") big[key] = 7;
const permissions = { read: true, write: false, exec: true };
const points = Array.from({ length: 100 }, () => point), names = Array.from({ length: 100 }, (_, i) => `name ${i}`);

/** What is called, with an argument for each API. */
const rows: readonly (readonly [name: string, member: string, own: unknown[], draft?: unknown[]])[] = [
  ["no parameters", "nop", []],
  ["two u32", "add", [1, 2]],
  ["a string of 10", "text", ["0123456789"]],
  ["a string of 1,000", "text", ["0123456789".repeat(100)]],
  ["list<u8> of 100", "bytes", [new Uint8Array(100)]],
  ["list<u8> of 65,536", "bytes", [new Uint8Array(65536)]],
  ["list<u32> of 1,000, typed", "words", [new Uint32Array(1000)]],
  ["a record of 13 u32", "echoBig", [big]],
  ["list of 100 records", "points", [points]],
  ["list of 100 strings", "names", [names]],
  ["an option", "maybe", [7]],
  ["a variant", "echoShape", [{ tag: "circle", val: 1.5 }], [{ kind: "circle", value: 1.5 }]],
  ["an enum", "paint", ["green"]],
  ["flags", "permit", [permissions]],
  ["a result, ok", "fallible", [2]],
];

const CALLS = 20;
let sink: unknown;

function loop(call: (...args: unknown[]) => unknown, args: readonly unknown[]): () => void {
  const [first, second] = args;
  return () => {
    for (let i = 0; i < CALLS; i++) sink = call(first, second);
  };
}

/** One row's figures: nanoseconds a call. */
export interface JsApiFigure {
  readonly name: string;
  readonly own: number;
  readonly draft: number;
}

const figures: JsApiFigure[] = rows.map(([name, member, own, given = own]) => {
  const [ownNs, draftNs] = measure([loop(plain[GUEST][member], own), loop(draft[GUEST][member], given)], CALLS);
  return { name: `export: ${name}`, own: ownNs!, draft: draftNs! };
});

/** The guest calls the host so often in one call of its own. */
const TURNS = 1000;
const loops: readonly (readonly [name: string, member: string, ...args: number[]])[] = [
  ["no parameters", "nop"],
  ["two u32", "add"],
  ["a string of 10", "text", 10],
  ["list<u8> of 100", "bytes", 100],
  ["list of 10 records", "points", 10],
  ["a record of 13 u32", "echoBig"],
  ["a variant", "echoShape"],
  ["flags", "permit"],
  ["a result, ok", "fallible", 2],
];
for (const [name, member, ...args] of loops) {
  const run = (api: Any) => () => void (sink = api[LOOPS][member](TURNS, ...args));
  const [own, drafted] = measure([run(plain), run(draft)], TURNS);
  figures.push({ name: `import: ${name}`, own: own!, draft: drafted! });
}

{
  const make = (Tally: Any) => () => {
    for (let i = 0; i < CALLS; i++) {
      const tally = new Tally();
      sink = tally.get();
      tally[Symbol.dispose]();
    }
  };
  const [own, drafted] = measure([make(plain[GUEST].Tally), make(draft[GUEST].Tally)], CALLS);
  figures.push({ name: "a resource: made, called, dropped", own: own!, draft: drafted! });
}
if (sink === Symbol.iterator) throw new Error("nothing was called");
console.log(JSON.stringify({ runtime, engine, figures }));
