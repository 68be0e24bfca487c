// deno task npm: the package for npm, as `deno pack` makes it and with what that leaves out: the
// command, a description, engines,
// where its sources are. Source maps are taken out of the modules into files of their own.
// deno task test:npm checks it: publint, arethetypeswrong, its files, bundles of it, and smoke
// tests of the packed package in
// Node 20 and 26, and in Bun.

import denoJson from "../deno.json" with { type: "json" };
import { checkBundles } from "../tests/npm/bundles.ts";
import { checkFiles } from "../tests/npm/files.ts";
import { effectful } from "./imports.ts";
import { aloud, must } from "./process.ts";
import { REPOSITORY } from "./repository.ts";

const out = "tests/.build/npm";
const tarball = `${out}/windlass-component-${denoJson.version}.tgz`;

/** Entries that are in npm's package only: what they are for is from there. */
const NPM_ENTRIES: Readonly<Record<string, string>> = {
  "./register": "./npm/register.ts",
  "./unplugin": "./npm/unplugin.ts",
};
/** What their users bring along; and the encoder of WIT, for `windlass types` of WIT alone. */
const PEERS: Readonly<Record<string, string>> = { unplugin: ">=3", "@bytecodealliance/jco-transpile": "^0.12.0" };

/** Copies what is packed, with the entries that only npm's package has. */
async function copySources(folder: string): Promise<void> {
  await Deno.mkdir(folder, { recursive: true });
  const include = [...denoJson.publish.include, "npm"].filter((name) => name !== "deno.json");
  await must(["cp", "-r", ...include, "deno.lock", folder]);
  const whole = {
    ...denoJson,
    exports: { ...denoJson.exports, ...NPM_ENTRIES },
    publish: { include: [...include, "deno.json"] },
    exclude: [],
  };
  await Deno.writeTextFile(`${folder}/deno.json`, JSON.stringify(whole));
}

/** Makes the package's folder and its tarball. */
async function pack(): Promise<void> {
  await Deno.remove(out, { recursive: true }).catch(() => {});
  const sources = `${out}/sources`;
  await copySources(sources);
  const packed = `${out}/packed.tgz`;
  await must([Deno.execPath(), "pack", "--allow-dirty", "--quiet", "-o", "../packed.tgz"], { cwd: sources });
  await must(["tar", "xzf", packed, "-C", out]);
  await Deno.remove(sources, { recursive: true });
  const path = `${out}/package/package.json`;
  const { dependencies: _, ...made } = JSON.parse(await Deno.readTextFile(path));
  await bundleEntries(`${out}/package`);
  const whole = {
    ...made,
    exports: Object.fromEntries(
      Object.entries(made.exports as Record<string, Conditions>).map(([name, { types, ...rest }]) => {
        if (Object.hasOwn(NPM_ENTRIES, name)) return [name, { types, ...rest }];
        return [name, { types, node: rest["default"]!.replace("./", `./${BUNDLED}/`), ...rest }];
      }),
    ),
    description: "Runs WebAssembly components in JavaScript engines, from their bytes, at run time",
    keywords: ["webassembly", "wasm", "component-model", "wasi", "canonical-abi", "wit"],
    bin: { windlass: "./host/bin.js" },
    engines: { node: ">=20.16" },
    peerDependencies: PEERS,
    peerDependenciesMeta: Object.fromEntries(Object.keys(PEERS).map((name) => [name, { optional: true }])),
    repository: { type: "git", url: `git+${REPOSITORY}.git` },
    homepage: `${REPOSITORY}#readme`,
    bugs: `${REPOSITORY}/issues`,
    // tools/imports.ts sees to it that loading any other module has no effect. In a bundle, these
    // are parts of others.
    sideEffects: [
      ...[...effectful, "npm/register.ts"].map((path) => `./${path.replace(/\.ts$/, ".js")}`),
      `./${BUNDLED}/**`,
    ],
  };
  // ES modules only: `main` is for what knows no `exports`.
  await Deno.writeTextFile(path, `${JSON.stringify(whole, undefined, 2)}\n`);
  const bin =
    'import process from "node:process";\nimport { main } from "../bundled/host/cli.js";\nprocess.exit(await main(process.argv.slice(2)));\n';
  await Deno.writeTextFile(`${out}/package/host/bin.js`, `#!/usr/bin/env node\n${bin}`, { mode: 0o755 });
  await splitMaps(`${out}/package`);
  await must(["npm", "pack", "--silent", "--pack-destination", "..", "."], { cwd: `${out}/package` });
  await Deno.remove(packed);
  const { size } = await Deno.stat(tarball);
  console.log(`${tarball}: ${(size / 1000).toFixed(0)} KB`);
}

/** What an entry of `exports` says. */
type Conditions = Readonly<Record<string, string>>;

/** The folder of the bundled entries. */
const BUNDLED = "bundled";

/**
 * Bundles the package's entries, for runtimes that load files: some hundred small modules take them
 * three times as long as a few large ones (bench/START.md). Bundlers take the modules, which they
 * can shake. Names stay as they are, so that stacks can be read without maps, which would double
 * the package.
 */
async function bundleEntries(folder: string): Promise<void> {
  const flags = ["--quiet", "--platform", "deno", "--code-splitting"];
  const entries = Object.values(denoJson.exports);
  await must([Deno.execPath(), "bundle", ...flags, "--outdir", `${folder}/${BUNDLED}`, ...entries]);
}

/** What `deno pack` writes at the end of a module: its map, in base64. */
const inlineMap = /\/\/# sourceMappingURL=data:application\/json;base64,(\S+)\s*$/;

/**
 * Moves each module's source map into a file beside it, whose source is named relative to that
 * file.
 * Within the modules the maps were most of what a browser downloads, and they named the sources by
 * paths of the packing machine.
 */
async function splitMaps(folder: string): Promise<void> {
  for await (const { name, isDirectory } of Deno.readDir(folder)) {
    const path = `${folder}/${name}`;
    if (isDirectory && name !== BUNDLED) await splitMaps(path);
    if (!name.endsWith(".js")) continue;
    const code = await Deno.readTextFile(path);
    const encoded = inlineMap.exec(code)?.[1];
    if (encoded === undefined) continue;
    const map = JSON.parse(new TextDecoder().decode(Uint8Array.fromBase64(encoded)));
    // The package has no TypeScript sources: a map has its source's text.
    const made = { ...map, file: name, sourceRoot: undefined, sources: [name.replace(/\.js$/, ".ts")] };
    await Deno.writeTextFile(`${path}.map`, JSON.stringify(made));
    await Deno.writeTextFile(path, code.replace(inlineMap, `//# sourceMappingURL=${name}.map\n`));
  }
}

/** Checks the tarball, and uses it as those do who install it. */
async function test(): Promise<void> {
  await checkFiles(`${out}/package`);
  await must(["npx", "-y", "publint@0.3.25", "--strict", tarball], aloud);
  await must(["npx", "-y", "@arethetypeswrong/cli@0.18.5", "--profile", "esm-only", tarball], aloud);
  const user = `${out}/user`;
  await Deno.mkdir(user);
  await Deno.writeTextFile(`${user}/package.json`, '{ "private": true, "type": "module" }\n');
  await must(["npm", "install", "--no-audit", "--no-fund", "--silent", `../../../../${tarball}`], {
    ...aloud,
    cwd: user,
  });
  await checkBundles(user);
  await Deno.copyFile("tests/npm/smoke.mjs", `${user}/smoke.mjs`);
  // TypeScript needs the libraries that declare WebAssembly and Disposable: README "Use it".
  await Deno.copyFile("tests/npm/consumer.ts", `${user}/consumer.ts`);
  for (const [module, resolution] of [["nodenext", "nodenext"], ["esnext", "bundler"]] as const) {
    const options = ["--module", module, "--moduleResolution", resolution, "--lib", "esnext,dom", "--target", "esnext"];
    await must(["npx", "-y", "-p", "typescript@6.0.3", "tsc", "--noEmit", "--strict", ...options, "consumer.ts"], {
      cwd: user,
    });
  }
  const guests = new URL("../tests", import.meta.url).pathname;
  for (const runtime of [["node@20"], ["node@26.10.0"], ["bun@1.4.5"]]) {
    await must(["npx", "-y", ...runtime, "smoke.mjs", guests], { ...aloud, cwd: user });
  }
}

await pack();
if (Deno.args.includes("--test")) await test();
