// deno task test:python: a guest in Python, made by componentize-py (PyPI, installed aside). Needs
// Python 3.10 or later with pip; not part of CI.

import { assertEquals } from "@std/assert";
import { compile, instantiate } from "@windlass/component";
import { wasi } from "@windlass/component/wasi";

import { must } from "../../tools/process.ts";

const build = "tests/.build/python";

await Deno.mkdir(build, { recursive: true });
await Deno.writeTextFile(
  `${build}/app.py`,
  `import wit_world

class WitWorld(wit_world.WitWorld):
    def greet(self, name: str) -> str:
        return f"Hello, {name}! {sum(i * i for i in range(10))}"
`,
);
await Deno.writeTextFile(
  `${build}/world.wit`,
  "package demo:py;\nworld greeter { export greet: func(name: string) -> string; }\n",
);
await must(["pip", "install", "--quiet", "--target", "packages", "componentize-py==0.25.1"], { cwd: build });
const made = ["-d", "world.wit", "-w", "greeter", "componentize", "app", "-o", "app.wasm"];
await must(["packages/bin/componentize-py", ...made], { cwd: build, env: { PYTHONPATH: "packages" } });

const start = performance.now();
const component = await compile(Deno.readFile(`${build}/app.wasm`));
const compiled = performance.now();
const { exports } = await instantiate(component, { ...await wasi() });
assertEquals(exports.greet!("ann"), "Hello, ann! 285");
const called = performance.now();
for (let i = 0; i < 1000; i++) assertEquals(exports.greet!(`${i}`), `Hello, ${i}! 285`);
const each = performance.now() - called;
const { size } = await Deno.stat(`${build}/app.wasm`);
console.log(
  `${(size / 1e6).toFixed(1)} MB: compiled in ${(compiled - start).toFixed(0)} ms, ` +
    `first call after another ${(called - compiled).toFixed(0)} ms, then ${each.toFixed(0)} µs each`,
);
console.log("\nok | 1 passed | 0 failed");
