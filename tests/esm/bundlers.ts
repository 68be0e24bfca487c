// The plugin in each bundler: it builds the project, writes the types, which TypeScript takes, and
// what is for browsers runs in Node, too, where it is one script and its file.

import { assert, assertEquals, assertMatch } from "@std/assert";
import { must } from "../../tools/process.ts";
import { RUNTIMES } from "../../tools/runtime_commands.ts";
import { check, report } from "../support/checks.ts";
import { nodePath, PROJECT, windlass } from "./project.ts";

/** The bundlers, and the script that each makes. */
export const BUNDLERS: Readonly<Record<string, string>> = {
  vite: "index.html",
  rollup: "main.js",
  rolldown: "main.js",
  esbuild: "main.js",
  webpack: "main.js",
  rspack: "main.js",
};

const app = `${PROJECT}/app`;

/** Builds with every bundler, and checks what is there afterwards. */
export async function checkBundlers(): Promise<void> {
  await Deno.copyFile("tests/esm/builds.mjs", `${app}/builds.mjs`);
  const node = await nodePath("26.10.0"), names = Object.keys(BUNDLERS);
  const lines = await must([node, "builds.mjs", ...names], { cwd: app, env: { NO_COLOR: "1" } });
  const results = lines.trim().split("\n").map((line) => JSON.parse(line) as { name: string; error?: string });
  assertEquals(results.map(({ name }) => name), names);
  for (const { name, error } of results) report(`${name} builds the project`, error);
  for (const name of ["rollup", "rolldown", "esbuild"]) {
    await check(`${name}: its output runs in Node, and reads the file beside it`, async () => {
      const said = await must([node, `dist/${name}/main.js`], { cwd: app });
      assertEquals(said, "Hello, world! Version 1.0.0, 1 line said.\n");
    });
  }
  await check("bytes are a file of every bundler's, as they were", async () => {
    const greet = await Deno.readFile(`${app}/src/greet.wasm`);
    for (const name of names) {
      const files = (await filesIn(`${app}/dist/${name}`)).filter((path) => path.endsWith(".wasm"));
      assert(files.length >= 1, name);
      for (const file of files) assertEquals(await Deno.readFile(file), greet, file);
    }
  });
  await check("`inline` puts them into the script, `types: false` writes no types, core modules are left", async () => {
    await Deno.writeTextFile(`${app}/inline.mjs`, inline);
    const said = await must([node, "inline.mjs"], { cwd: app });
    assertEquals(said, "false\nHello, world! Version 1.0.0, 1 line said.\n[0,97,115,109]\n");
  });
  await check(
    "vite for a server has the bytes in its script; `?source` is the component, promises are by option",
    async () => {
      await Deno.writeTextFile(`${app}/src/source.js`, source);
      await Deno.writeTextFile(`${app}/server.mjs`, server);
      const said = await must([node, "server.mjs"], { cwd: app, env: { NO_COLOR: "1" } });
      const lines = ["Hello, world! Version 1.0.0, 1 line said.", ...Array(4).fill("2 exports, Hello, source!")];
      assertEquals(said, `${lines.join("\n")}\n`);
    },
  );
  await check("Bun's bundler has the bytes in its script", async () => {
    await Deno.writeTextFile(`${app}/bun.mjs`, bun);
    const said = await must([...RUNTIMES["bun"]!.command, "bun.mjs"], { cwd: app });
    assertEquals(said, "Hello, world! Version 1.0.0, 1 line said.\n");
  });
  await check("options that are misspelt or wrong are refused", async () => {
    await Deno.writeTextFile(`${app}/wrong.mjs`, wrong);
    const said = await must([node, "wrong.mjs"], { cwd: app });
    assertMatch(said, /TypeError: unknown option of the plugin `import`.*imports/);
    assertMatch(said, /TypeError: option `inline` of the plugin must be a boolean, found "yes"/);
    assertMatch(said, /TypeError: option `imports` of the plugin must be an object of strings, found 5/);
  });
  await check("TypeScript sees the types that the plugin has written, and those of `types --module`", async () => {
    const types = `${app}/src/greet.d.wasm.ts`, written = await Deno.readTextFile(types);
    const tsc = "../node_modules/typescript/bin/tsc";
    await must([node, tsc, "-p", "."], { cwd: app });
    await Deno.writeTextFile(`${app}/config.ts`, config);
    const flags = [
      "--ignoreConfig",
      "--noEmit",
      "--strict",
      "--skipLibCheck",
      "--module",
      "esnext",
      "--moduleResolution",
      "bundler",
    ];
    await must([node, tsc, ...flags, "--lib", "esnext,dom", "--target", "esnext", "config.ts"], { cwd: app });
    await Deno.remove(types);
    await windlass("app", "types", "--module", "src/greet.wasm");
    assertEquals(await Deno.readTextFile(types), written);
  });
}

async function filesIn(folder: string): Promise<string[]> {
  const entries = await Array.fromAsync(Deno.readDir(folder));
  const found = entries.map(({ name, isDirectory }) =>
    isDirectory ? filesIn(`${folder}/${name}`) : [`${folder}/${name}`]
  );
  return (await Promise.all(found)).flat();
}

/** A configuration in TypeScript. */
const config = `
import type { Plugin } from "esbuild";
import windlass from "@windlass/component/unplugin";

export const plugins: Plugin[] = [windlass.esbuild({ imports: { a: "./b" }, inline: true })];
// @ts-expect-error: no such option
windlass.webpack({ import: {} });
`;

/** Two builds with esbuild: all in one script; and a core module, by esbuild's own loader. */
const inline = `
import { existsSync, rmSync } from "node:fs";
import { build } from "esbuild";
import windlass from "@windlass/component/unplugin";
import { options } from "./windlass.js";

rmSync("src/greet.d.wasm.ts");
const plugins = [windlass.esbuild({ ...options, inline: true, types: false })];
const common = { bundle: true, format: "esm", plugins };
await build({ ...common, entryPoints: ["src/main.js"], outfile: "dist/inline.js" });
console.log(existsSync("src/greet.d.wasm.ts"));
await import("./dist/inline.js");
const stdin = { contents: 'import bytes from "../node/add.wasm"; console.log(JSON.stringify([...bytes.slice(0, 4)]));', resolveDir: "." };
await build({ ...common, stdin, loader: { ".wasm": "binary" }, outfile: "dist/core.js" });
await import("./dist/core.js");
// As it was before.
await build({ ...common, plugins: [windlass.esbuild(options)], entryPoints: ["src/main.js"], outfile: "dist/again/main.js" });
`;

/** The compiled component, and its module with functions that give promises. */
const source = `
import greet from "./greet.wasm?source";
import { api } from "./greet.wasm";

console.log(\`\${greet.exports.length} exports, \${await api.greet("source")}\`);
if (!(api.greet("x") instanceof Promise)) throw new Error("no promise");
`;
const server = `
import { rollup } from "rollup";
import { build as esbuild } from "esbuild";
import { build } from "vite";
import webpack from "webpack";
import nodeResolve from "@rollup/plugin-node-resolve";
import windlass from "@windlass/component/unplugin";
import { options } from "./windlass.js";

await build({ configFile: false, logLevel: "error", plugins: [windlass.vite(options)], build: { ssr: "src/main.js", outDir: "dist/server" } });
await import("./dist/server/main.js");
const promising = { ...options, promising: true, types: false }, entry = "./src/source.js";
await build({ configFile: false, logLevel: "error", plugins: [windlass.vite(promising)], build: { ssr: entry, outDir: "dist/server" } });
await import("./dist/server/source.js");
const bundle = await rollup({ input: entry, plugins: [windlass.rollup(promising), nodeResolve()] });
await bundle.write({ dir: "dist/source/rollup", format: "es" });
await import("./dist/source/rollup/source.js");
await esbuild({ entryPoints: [entry], bundle: true, format: "esm", outdir: "dist/source/esbuild", plugins: [windlass.esbuild(promising)] });
await import("./dist/source/esbuild/source.js");
await new Promise((resolve, reject) => webpack({
  mode: "development", devtool: false, target: "node20", entry, experiments: { outputModule: true },
  output: { path: import.meta.dirname + "/dist/source/webpack", filename: "source.js", module: true, chunkFormat: "module" },
  plugins: [windlass.webpack(promising)],
}, (error, stats) => error || stats.hasErrors() ? reject(error ?? new Error(stats.toString())) : resolve()));
await import("./dist/source/webpack/source.js");
`;

const bun = `
import windlass from "@windlass/component/unplugin";
import { options } from "./windlass.js";

const plugins = [windlass.bun({ ...options, types: false })];
await Bun.build({ entrypoints: ["src/main.js"], outdir: "dist/bun", target: "bun", plugins });
await import("./dist/bun/main.js");
`;

const wrong = `
import windlass from "@windlass/component/unplugin";
for (const options of [{ import: {} }, { inline: "yes" }, { imports: 5 }]) {
  try {
    windlass.rollup(options);
  } catch (error) {
    console.log(String(error));
  }
}
`;
