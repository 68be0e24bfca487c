// deno task bench:js: calls of a guest in JavaScript (StarlingMonkey, 12 MB), through Windlass and
// through what jco makes of it, in Node.
// The guest is what `deno task test:js` made; jco's output and the shim that it needs come from
// npm.

import { must } from "../tools/process.ts";

const guest = "tests/.build/js/greeter.wasm", build = "bench/.jco/js";
const NODE = ["npx", "-y", "node@26.10.0"];

/** Loads a `greet` and prints what a call takes: the fastest of five times 4,000 calls. */
const script = (load: string) =>
  `${load}
for (let i = 0; i < 4000; i++) greet("ann");
let best = Infinity;
for (let round = 0; round < 5; round++) {
  const start = performance.now();
  for (let i = 0; i < 4000; i++) greet("ann");
  best = Math.min(best, (performance.now() - start) / 4);
}
console.log(best.toFixed(1));
process.exit(0);
`;

await Deno.mkdir(build, { recursive: true });
await Deno.writeTextFile(`${build}/package.json`, '{ "private": true, "type": "module" }\n');
await must(["npm", "install", "--no-audit", "--no-fund", "--silent", "@bytecodealliance/preview2-shim@0.23.0"], {
  cwd: build,
});
const subjects: string[] = ["Windlass"];
await Deno.writeTextFile(
  `${build}/Windlass.ts`,
  script(`import process from "node:process";
import { readFileSync } from "node:fs";
import { instantiate } from ${JSON.stringify(import.meta.resolve("../mod.ts"))};
import { wasi } from ${JSON.stringify(import.meta.resolve("../host/wasi/mod.ts"))};
const { exports: { greet } } = await instantiate(readFileSync(${
    JSON.stringify(Deno.realPathSync(guest))
  }), { ...await wasi() });`),
);
await must([Deno.execPath(), "bundle", "--quiet", "-o", `${build}/Windlass.js`, `${build}/Windlass.ts`]);
for (const version of ["1.35.0", "1.10.2"]) {
  const name = `jco-${version}`;
  await must([
    "npx",
    "-y",
    `@bytecodealliance/jco@${version}`,
    "transpile",
    guest,
    "-o",
    `${build}/${name}`,
    "--name",
    "guest",
  ]);
  await Deno.writeTextFile(`${build}/${name}.js`, script(`import { greet } from "./${name}/guest.js";`));
  subjects.push(name);
}
for (const name of subjects) {
  console.log(`${name}: ${(await must([...NODE, `${name}.js`], { cwd: build })).trim()} µs a call`);
}
