// deno task bench:glue: echoing a string through a guest, against naive glue by hand: `encodeInto`,
// the core call, one `TextDecoder`.
// The core module is the component's own; ASCII and a text of two bytes a character. The ratio is
// what counts.

import { readFileSync } from "node:fs";
import { compile, instantiate } from "@windlass/component";
import { plainHost as host } from "./host.ts";
import { measure } from "./measure.ts";

const component = await compile(new Uint8Array(readFileSync("bench/fixtures/calls.wasm")));
const { exports } = await instantiate(component, { "bench:calls/host": host() });
const { text } = exports["bench:calls/guest"];

const module = component.modules[0]!;
const imports: Record<string, Record<string, () => number>> = {};
for (const { module: from, name } of WebAssembly.Module.imports(module)) (imports[from] ??= {})[name] = () => 0;
// deno-lint-ignore no-explicit-any
const core = new WebAssembly.Instance(module, imports).exports as any;
const call = core["bench:calls/guest#text"], post = core["cabi_post_bench:calls/guest#text"];
const encoder = new TextEncoder(), decoder = new TextDecoder();

/** What a person writes who needs one function. */
function glue(value: string): string {
  const most = value.length * 3, ptr = core.cabi_realloc(0, 0, 1, most);
  const { written } = encoder.encodeInto(value, new Uint8Array(core.memory.buffer, ptr, most));
  const ret = call(ptr, written), view = new DataView(core.memory.buffer);
  const from = view.getUint32(ret, true), length = view.getUint32(ret + 4, true);
  const result = decoder.decode(new Uint8Array(core.memory.buffer, from, length));
  post(ret);
  return result;
}

for (const [name, char] of [["ASCII", "x"], ["two bytes a character", "ж"]] as const) {
  for (const length of [5, 100, 10_000]) {
    const value = char.repeat(length);
    if (glue(value) !== value || text(value) !== value) throw new Error("they differ");
    const calls = length > 1000 ? 50 : 1000;
    let sum = 0;
    const run = (of: (value: string) => string) => (): void => {
      for (let i = 0; i < calls; i++) sum += of(value).length;
    };
    const [hand, ours] = measure([run(glue), run(text)], calls) as [number, number];
    if (sum === 0) throw new Error("nothing was called");
    console.log(
      `${name}, ${length} characters: by hand ${hand.toFixed(0)} ns, Windlass ${ours.toFixed(0)} ns: ${
        (ours / hand).toFixed(2)
      } ×`,
    );
  }
}
