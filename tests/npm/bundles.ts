// What bundlers leave of the packed package: nothing of an import that is not used, and no more
// than is needed of one that is.

import { assert, assertMatch } from "@std/assert";
import { must } from "../../tools/process.ts";

/** A program, and the most that may be left of it, in bytes, minified. */
const programs: Readonly<Record<string, readonly [source: string, most: number]>> = {
  bare: [
    'import "@windlass/component"; import "@windlass/component/wasi"; import "@windlass/component/cli"; import "@windlass/component/js-api";',
    100,
  ],
  unused: ['import { instantiate, Linker, t } from "@windlass/component";', 100],
  error: ['import { Trap } from "@windlass/component"; console.log(Trap);', 12_000],
  schema: ['import { t } from "@windlass/component"; console.log(t.list(t.u8));', 5_000],
  // Linking, validating and calling are all there and, since this is one file, the asynchronous
  // run-time, what makes adapters and what meters; it took 452 KB when this was written.
  whole: ['import { instantiate } from "@windlass/component"; console.log(instantiate);', 480_000],
};

const bundlers: Readonly<Record<string, (entry: string, out: string) => readonly string[]>> = {
  esbuild: (entry, out) =>
    `npx -y esbuild@0.28.2 --bundle --minify --format=esm --log-level=error --external:node:* --outfile=${out} ${entry}`
      .split(" "),
  rollup: (entry, out) =>
    (`npx -y -p rollup@4.68.8 -p @rollup/plugin-node-resolve@16.0.3 -p @rollup/plugin-terser@1.0.2 ` +
      `rollup -p node-resolve -p terser --silent --inlineDynamicImports -f es -o ${out} ${entry}`).split(" "),
};

/** The most that a program may take, gzipped, where a bundler makes parts of it. */
const PARTS = {
  /** What is loaded for a synchronous component whose parts do not call each other. */
  synchronous: 110_000,
  /** That, and what makes adapters, runs asynchronous components and meters. */
  everything: 162_000,
};

interface Metafile {
  readonly outputs: Readonly<Record<string, { readonly imports: readonly { path: string; kind: string }[] }>>;
}

/** Bundles a program in parts, and adds up those that are loaded at once. */
async function checkParts(folder: string): Promise<void> {
  const command = "npx -y esbuild@0.28.2 --bundle --minify --format=esm --log-level=error --external:node:* " +
    "--splitting --outdir=parts --metafile=parts.json whole.js";
  await must(command.split(" "), { cwd: folder });
  const { outputs }: Metafile = JSON.parse(await Deno.readTextFile(`${folder}/parts.json`));
  const reached = new Set<string>();
  const reach = (path: string): void => {
    if (reached.has(path)) return;
    reached.add(path);
    for (const { path: next, kind } of outputs[path]!.imports) if (kind === "import-statement") reach(next);
  };
  reach("parts/whole.js");
  const gzipped = async (paths: Iterable<string>): Promise<number> => {
    const texts = await Promise.all([...paths].sort().map((path) => Deno.readFile(`${folder}/${path}`)));
    const stream = new Blob(texts).stream().pipeThrough(new CompressionStream("gzip"));
    return (await new Response(stream).arrayBuffer()).byteLength;
  };
  const sizes = { synchronous: await gzipped(reached), everything: await gzipped(Object.keys(outputs)) };
  for (const [what, size] of Object.entries(sizes)) {
    assert(size <= PARTS[what as keyof typeof PARTS], `${what} takes ${size} bytes gzipped`);
  }
  console.log(`bundled in parts by esbuild, in bytes gzipped: ${JSON.stringify(sizes)}`);
}

/** Bundles programs in a folder that has the package installed. */
export async function checkBundles(folder: string): Promise<void> {
  for (const [bundler, command] of Object.entries(bundlers)) {
    const sizes: string[] = [];
    for (const [name, [source, most]] of Object.entries(programs)) {
      await Deno.writeTextFile(`${folder}/${name}.js`, `${source}\n`);
      await must(command(`${name}.js`, `${bundler}/${name}.js`), { cwd: folder });
      const { size } = await Deno.stat(`${folder}/${bundler}/${name}.js`);
      assert(size <= most, `${bundler} leaves ${size} bytes of ${source}, more than ${most}`);
      const bundled = await Deno.readTextFile(`${folder}/${bundler}/${name}.js`);
      assert(!bundled.includes("wasi:filesystem"), `${bundler} leaves WASI in ${source}`);
      sizes.push(`${name} ${size}`);
    }
    // Shaken, it still works: printers come with what compiles.
    await Deno.writeTextFile(`${folder}/prints.js`, printing);
    await must(command("prints.js", `${bundler}/prints.js`), { cwd: folder });
    assertMatch(
      await must(["node", `${bundler}/prints.js`], { cwd: folder }),
      /^package root:component;[^]*interface World/,
    );
    // A program that calls the command line stays itself: `import.meta.main` is true of a bundle.
    await Deno.writeTextFile(`${folder}/calls.js`, calling);
    await must(command("calls.js", `${bundler}/calls.js`), { cwd: folder });
    const said = await must(["npx", "-y", "node@26.10.0", `${bundler}/calls.js`], { cwd: folder });
    assertMatch(said, /^begins\n\d+\.\d+\.\d+\nexit code 0\n$/);
    console.log(`bundled by ${bundler}, in bytes: ${sizes.join(", ")}`);
  }
  await checkParts(folder);
}

/** (component) is all that it needs. */
const printing = `import { compileSync } from "@windlass/component";
const component = compileSync(Uint8Array.of(0, 0x61, 0x73, 0x6d, 0x0d, 0, 1, 0));
console.log(component.wit(), component.typescript());
`;

/** A program with a command line of its own. */
const calling = `import { main } from "@windlass/component/cli";
console.log("begins");
console.log("exit code", await main(["--version"]));
`;
