// `windlass wrap` and `types --module`: which files they write, and what they refuse. That the files
// work where they are meant to: `deno task test:esm`.

import { assert, assertEquals } from "@std/assert";
import process from "node:process";
import { main } from "@windlass/component/cli";
import { testFile } from "../support/fixtures.ts";
import { withDirectory } from "../wasi/support.ts";

const greet = testFile("e2e/fixtures/greet.wasm").pathname;

/** The names of the files in a folder. */
async function namesIn(folder: string): Promise<string[]> {
  return (await Array.fromAsync(Deno.readDir(folder))).map(({ name }) => name).sort();
}

/** Runs a command without a process; gives its exit code. What it prints is checked by its effect. */
async function quietly(...args: string[]): Promise<number> {
  const { stdout, stderr } = process, writes = [stdout.write, stderr.write] as const;
  const swallow = (_: unknown, done?: unknown) => (typeof done === "function" && done(), true);
  stdout.write = stderr.write = swallow as typeof stdout.write;
  try {
    return await main(args);
  } finally {
    [stdout.write, stderr.write] = writes;
  }
}

Deno.test("wrap writes the module, its types and the bytes where they are asked for", async () => {
  await withDirectory(async (folder) => {
    const rows: [options: string[], names: string[]][] = [
      [[], ["greet.d.ts", "greet.js", "greet.wasm"]],
      [["--inline"], ["greet.d.ts", "greet.js"]],
      [["--modules", "import"], [...[0, 1, 2].map((i) => `greet.core${i}.wasm`), "greet.d.ts", "greet.js"]],
      [["--modules", "source"], [...[0, 1, 2].map((i) => `greet.core${i}.wasm`), "greet.d.ts", "greet.js"]],
    ];
    for (const [i, [options, names]] of rows.entries()) {
      assertEquals(await quietly("wrap", greet, "-o", `${folder}/${i}`, ...options), 0);
      assertEquals(await namesIn(`${folder}/${i}`), names);
    }
    assertEquals(await Deno.readFile(`${folder}/0/greet.wasm`), await Deno.readFile(greet));
    assert((await Deno.readTextFile(`${folder}/2/greet.js`)).includes('import core0 from "./greet.core0.wasm";'));
    const options = ["--map", "demo:greet/host=./host.js", "--library", "./lib/mod.js", "--max-memory-pages", "9"];
    assertEquals(await quietly("wrap", greet, "-o", folder, "--promising", ...options), 0);
    const text = await Deno.readTextFile(`${folder}/greet.js`);
    for (
      const part of [
        'from "./lib/mod.js";',
        'from "./host.js";',
        "}, { maxMemoryPages: 9 });",
        "instance.promising.exports[",
      ]
    ) assert(text.includes(part), text);
  });
});

Deno.test("wrap refuses options that exclude each other or are not spelt right", async () => {
  for (
    const options of [
      [],
      ["-o", "x", "--modules", "export"],
      ["-o", "x", "--modules", "import", "--inline"],
      ["-o", "x", "--serve", "--promising"],
      ["-o", "x", "--instances", "2"],
      ["-o", "x", "--map", "a"],
      ["-o", "x", "--map", "a="],
    ]
  ) assertEquals(await quietly("wrap", greet, ...options), 2, options.join(" "));
});

Deno.test("types --module writes where TypeScript looks for them", async () => {
  await withDirectory(async (folder) => {
    await Deno.copyFile(greet, `${folder}/greet.wasm`);
    assertEquals(await quietly("types", "--module", `${folder}/greet.wasm`), 0);
    assertEquals(await namesIn(folder), ["greet.d.wasm.ts", "greet.wasm"]);
    assert((await Deno.readTextFile(`${folder}/greet.d.wasm.ts`)).includes("export1 as api,"));
    assertEquals(await quietly("types", "--module", `${folder}/greet.wasm`, "-o", `${folder}/other.d.ts`), 0);
    assertEquals((await namesIn(folder)).length, 3);
  });
});
