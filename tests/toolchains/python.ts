// deno task test:python: guests in Python, made by componentize-py (PyPI, installed aside): a synchronous
// export, and a command of WASI 0.3 in asyncio. Needs Python 3.10 or later with pip; not part of CI.

import { assertEquals } from "@std/assert";
import { compile, type Component, instantiate } from "@windlass/component";
import { run, wasi } from "@windlass/component/wasi";

import { must } from "../../tools/process.ts";

const build = "tests/.build/python";

await Deno.mkdir(build, { recursive: true });
await must(["pip", "install", "--quiet", "--target", "packages", "componentize-py==0.25.1"], { cwd: build });

/** Makes a component of a program, for the first world in `wit`. */
async function made(name: string, wit: string, program: string): Promise<Component> {
  await Deno.writeTextFile(`${build}/${name}.py`, program);
  await Deno.writeTextFile(`${build}/${name}.wit`, wit);
  const world = /world ([a-z-]+)/.exec(wit)![1]!;
  const made = ["-d", `${name}.wit`, "-w", world, "componentize", name, "-o", `${name}.wasm`];
  await must(["packages/bin/componentize-py", ...made], { cwd: build, env: { PYTHONPATH: "packages" } });
  const start = performance.now(), bytes = await Deno.readFile(`${build}/${name}.wasm`);
  const component = await compile(bytes);
  const took = (performance.now() - start).toFixed(0);
  console.log(`${name}: ${(bytes.length / 1e6).toFixed(1)} MB: compiled in ${took} ms`);
  return component;
}

const greeter = await made(
  "greeting",
  "package demo:py;\nworld greeter { export greet: func(name: string) -> string; }\n",
  `import wit_world

class WitWorld(wit_world.WitWorld):
    def greet(self, name: str) -> str:
        return f"Hello, {name}! {sum(i * i for i in range(10))}"
`,
);
const start = performance.now();
const { exports } = await instantiate(greeter, { ...await wasi() });
assertEquals(exports.greet!("ann"), "Hello, ann! 285");
const called = performance.now();
for (let i = 0; i < 1000; i++) assertEquals(exports.greet!(`${i}`), `Hello, ${i}! 285`);
const each = performance.now() - called;
console.log(`greeting: first call after ${(called - start).toFixed(0)} ms, then ${each.toFixed(0)} µs each`);

const wasi3 = await Deno.readTextFile("tests/wasi/guests/wasi3.wit");
// The shorter wait begins last and ends first only if both wait at the same time.
const command = await made(
  "waiting",
  wasi3.replace(
    "package test:guests;",
    `$&
world waiting {
  import wasi:cli/stdin@0.3.0;
  import wasi:cli/stdout@0.3.0;
  import wasi:clocks/monotonic-clock@0.3.0;
  export wasi:cli/run@0.3.0;
}`,
  ),
  `import asyncio
import wit_world
from componentize_py_types import Err
from wit_world import exports
from wit_world.imports import monotonic_clock, stdin, stdout

async def wait(ms: int, name: str, ended: list[str]) -> None:
    await monotonic_clock.wait_for(ms * 1_000_000)
    ended.append(name)

class Run(exports.Run):
    async def run(self) -> None:
        ended: list[str] = []
        await asyncio.gather(wait(200, "long", ended), wait(1, "short", ended))
        source, read = stdin.read_via_stream()
        writer, reader = wit_world.byte_stream()
        written = stdout.write_via_stream(reader)
        count = 0
        with source, writer:
            await writer.write_all((" ".join(ended) + "\\n").encode())
            while not source.writer_dropped:
                some = await source.read(1000)
                count += len(some)
                await writer.write_all(some.upper())
        await read.read()
        await written.read()
        if count == 0:
            raise Err(None)
`,
);
const text = "one line\n".repeat(1000);
const { exitCode, stdout } = await run(command, { stdin: new Blob([text]).stream(), stdout: "capture" });
assertEquals(exitCode, 0);
assertEquals(new TextDecoder().decode(stdout), `short long\n${text.toUpperCase()}`);
// An error of `run` is the exit code 1.
assertEquals((await run(command, { stdout: "capture" })).exitCode, 1);
console.log("\nok | 2 passed | 0 failed");
