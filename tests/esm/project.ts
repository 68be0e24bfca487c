// The project that these tests work in: the examples, the packed package, and what comes from npm,
// installed once for all of them.

import denoJson from "../../deno.json" with { type: "json" };
import { must } from "../../tools/process.ts";

/** Where it is. */
export const PROJECT = "tests/.build/esm";

const nodes = new Map<string, Promise<string>>();

/** The path of a version of Node: `npx` itself takes longer than what is run here. */
export function nodePath(version: "20" | "22" | "26.10.0"): Promise<string> {
  const found = nodes.get(version) ?? must(["npx", "-y", `node@${version}`, "-p", "process.execPath"]);
  nodes.set(version, found);
  return found.then((path) => path.trim());
}

/** Runs the command line of the packed package in a folder of the project. */
export async function windlass(folder: string, ...args: readonly string[]): Promise<void> {
  const bin = new URL(`../../${PROJECT}/node_modules/@windlass/component/host/bin.js`, import.meta.url).pathname;
  await must([await nodePath("26.10.0"), bin, ...args], { cwd: `${PROJECT}/${folder}` });
}

const PACKAGES = [
  "@rollup/plugin-node-resolve@16.0.3",
  "@rspack/core@2.3.4",
  "esbuild@0.28.2",
  "rolldown@1.3.3",
  "rollup@4.68.8",
  "typescript@6.0.3",
  "unplugin@3.7.0",
  "vite@8.4.0",
  "webpack@5.113.0",
];
/** Its binary is not for every machine: without it, its test does not run. */
const WORKERD = "workerd@1.20261117.1";

// (module (func (export "add") (param i32 i32) (result i32) (i32.add (local.get 0) (local.get 1))))
const ADD = Uint8Array.of(
  ...[0, 0x61, 0x73, 0x6d, 1, 0, 0, 0, 1, 7, 1, 0x60, 2, 0x7f, 0x7f, 1, 0x7f, 3, 2, 1, 0],
  ...[7, 7, 1, 3, 0x61, 0x64, 0x64, 0, 0, 10, 9, 1, 7, 0, 0x20, 0, 0x20, 1, 0x6a, 0x0b],
);

async function install(packages: readonly string[]): Promise<void> {
  const marker = `${PROJECT}/node_modules/.installed-${packages.length}`, wanted = packages.join(" ");
  if (await Deno.readTextFile(marker).catch(() => "") === wanted) return;
  await must(["npm", "install", "--no-audit", "--no-fund", "--no-save", "--silent", ...packages], { cwd: PROJECT });
  await Deno.writeTextFile(marker, wanted);
}

/** When the newest file of a folder, or a file, was written. */
async function newest(path: string): Promise<number> {
  const { isDirectory, mtime } = await Deno.stat(path);
  if (!isDirectory) return mtime?.getTime() ?? Infinity;
  const entries = await Array.fromAsync(Deno.readDir(path), ({ name }) => newest(`${path}/${name}`));
  return Math.max(0, ...entries);
}

/** Packs the package, unless that was done since a source was changed. */
async function pack(): Promise<void> {
  const sources = ["deno.json", "tools/npm.ts", "npm", ...denoJson.publish.include];
  const packed = await newest(`tests/.build/npm/windlass-component-${denoJson.version}.tgz`).catch(() => 0);
  if (Math.max(...await Promise.all(sources.map(newest))) < packed) return;
  await must([Deno.execPath(), "run", "-A", "tools/npm.ts"]);
}

/** Makes the project. Says whether workerd could be installed. */
export async function makeProject(): Promise<{ workerd: boolean }> {
  await Deno.mkdir(PROJECT, { recursive: true });
  await Deno.writeTextFile(`${PROJECT}/package.json`, '{ "private": true, "type": "module" }\n');
  const packing = pack();
  const installing = (async () => {
    await install([...PACKAGES, WORKERD]);
    const version = must([`node_modules/.bin/workerd`, "--version"], { cwd: PROJECT });
    return await version.then(() => true, () => false);
  })().catch(async () => {
    await install(PACKAGES);
    return false;
  });
  const [workerd] = await Promise.all([installing, packing]);
  // As `npm install` of the tarball leaves it, without its removing what is not saved.
  const own = `${PROJECT}/node_modules/@windlass`;
  await Deno.mkdir(own, { recursive: true });
  await Deno.remove(`${own}/component`, { recursive: true }).catch(() => {});
  await must(["cp", "-r", "tests/.build/npm/package", `${own}/component`]);
  for (const folder of ["app", "node", "pages", "workerd", "cluster"]) {
    await Deno.remove(`${PROJECT}/${folder}`, { recursive: true }).catch(() => {});
    await must(["cp", "-r", `examples/esm/${folder}`, PROJECT]);
  }
  const greet = "tests/e2e/fixtures/greet.wasm", guests = "tests/wasi/guests";
  await Promise.all([
    Deno.copyFile(greet, `${PROJECT}/app/src/greet.wasm`),
    Deno.copyFile(greet, `${PROJECT}/node/greet.wasm`),
    Deno.copyFile(`${guests}/hello.wasm`, `${PROJECT}/node/hello.wasm`),
    Deno.writeFile(`${PROJECT}/node/add.wasm`, ADD),
    Deno.copyFile(greet, `${PROJECT}/greet.wasm`),
    Deno.copyFile(`${guests}/server.wasm`, `${PROJECT}/server.wasm`),
    Deno.copyFile(`${guests}/p3_server.wasm`, `${PROJECT}/p3_server.wasm`),
  ]);
  return { workerd };
}
