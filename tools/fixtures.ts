// deno task fixtures: encodes the fixtures of tests/e2e, tests/js_api and bench from their sources. With --check,
// says whether they are current.
// A fixture is NAME.wat (a component), or NAME.wat and NAME.wit (a core module and its world, put
// together by the toolchain).

import { equals } from "@std/bytes";
import { componentOf, wat } from "../tests/support/wat.ts";
import { echoWat, echoWit } from "./echo_core.ts";

const directories = ["tests/e2e/fixtures", "tests/js_api/fixtures", "bench/fixtures"];

async function read(path: string): Promise<string | undefined> {
  try {
    return await Deno.readTextFile(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}

/** Writes the sources that tools make. */
async function writeMadeSources(): Promise<void> {
  await Deno.writeTextFile("tests/e2e/fixtures/values.wit", echoWit());
  await Deno.writeTextFile("tests/e2e/fixtures/values.wat", echoWat());
}

async function encode(stem: string): Promise<Uint8Array<ArrayBuffer>> {
  const source = await Deno.readTextFile(`${stem}.wat`);
  const wit = await read(`${stem}.wit`);
  return wit === undefined ? await wat(source) : await componentOf(source, wit);
}

/** Encodes every fixture; gives the names of those whose binary is not current. */
export async function staleFixtures(write: boolean): Promise<string[]> {
  const stale: string[] = [];
  for (const directory of directories) {
    for await (const entry of Deno.readDir(directory)) {
      if (!entry.name.endsWith(".wat")) continue;
      const stem = `${directory}/${entry.name.slice(0, -4)}`;
      const made = await encode(stem);
      let current: Uint8Array | undefined;
      try {
        current = await Deno.readFile(`${stem}.wasm`);
      } catch (error) {
        if (!(error instanceof Deno.errors.NotFound)) throw error;
      }
      if (current !== undefined && equals(current, made)) continue;
      stale.push(`${stem}.wasm`);
      if (write) await Deno.writeFile(`${stem}.wasm`, made);
    }
  }
  return stale;
}

const kernels = "abi/wasm/text";

/** A module without its custom sections. */
function stripped(module: Uint8Array): Uint8Array {
  const parts = [module.subarray(0, 8)];
  for (let at = 8; at < module.length;) {
    const start = at, id = module[at++];
    let size = 0, shift = 0, byte: number;
    do {
      byte = module[at++]!;
      size |= (byte & 0x7f) << shift;
      shift += 7;
    } while (byte >= 0x80);
    at += size;
    if (id !== 0) parts.push(module.subarray(start, at));
  }
  return Uint8Array.from(parts.flatMap((part) => [...part]));
}

/**
 * The module of kernels for a 64-bit memory. Addresses become distances from a base, which is the
 * pointer that JavaScript gives as a number.
 */
function widened(source: string): string {
  const text = source.replace("(memory 0))", "(memory i64 0))\n  (global $base (mut i64) (i64.const 0))")
    .replace(
      /(\(func \(export "\w+"\) )\(param \$ptr i32\)(.*\n)((?: {4}\(local .*\n)+)/g,
      (_, head, rest, locals) =>
        `${head}(param $from f64)${rest}    (local $ptr i32)\n${locals}` +
        "    (global.set $base (i64.trunc_f64_u (local.get $from)))\n",
    );
  let made = "", from = 0;
  for (const { index, 0: { length } } of text.matchAll(/\((?:i32\.load\w+|i64\.load|i32\.store8?)(?: \w+=\d+)*\s+/g)) {
    let at = index + length, depth = 0;
    made += `${text.slice(from, at)}(i64.add (global.get $base) (i64.extend_i32_u `;
    from = at;
    do {
      if (text[at] === "(") depth++;
      if (text[at] === ")") depth--;
      at++;
    } while (depth > 0);
    // An address that holds another access does not occur.
    made += `${text.slice(from, at)}))`;
    from = at;
  }
  return made + text.slice(from);
}

/** The sources of the module that charges function bodies: one module in three files. */
const meterKernel = ["records", "scan", "write"].map((name) => `core/meter/kernel/${name}.wat`);

/** The files that the library's own modules are loaded from, and what is to be in them. */
async function madeKernels(): Promise<[path: string, text: string][]> {
  const encoded = async (text: string) => JSON.stringify(btoa(String.fromCharCode(...stripped(await wat(text)))));
  const source = await Deno.readTextFile(`${kernels}.wat`);
  const meter = (await Promise.all(meterKernel.map((path) => Deno.readTextFile(path)))).join("\n");
  return [
    [
      `${kernels}_bytes.ts`,
      `// Made by \`deno task fixtures\` from text.wat.

/** The module's bytes, in base64. */
export const textModule =
  ${await encoded(source)};
/** The same for a 64-bit memory. */
export const wideTextModule =
  ${await encoded(widened(source))};
`,
    ],
    [
      "core/meter/kernel_bytes.ts",
      `// Made by \`deno task fixtures\` from kernel/*.wat.

/** The module's bytes, in base64. */
export const kernelModule =
  ${await encoded(`(module\n${meter})`)};
`,
    ],
  ];
}

/**
 * Encodes the library's own modules into the files that they are loaded from; gives the names of
 * those files that were not current.
 */
export async function staleKernels(write: boolean): Promise<string[]> {
  const stale: string[] = [];
  for (const [path, made] of await madeKernels()) {
    if (await read(path) === made) continue;
    stale.push(path);
    if (write) await Deno.writeTextFile(path, made);
  }
  return stale;
}

if (import.meta.main) {
  const check = Deno.args.includes("--check");
  if (!check) await writeMadeSources();
  const stale = [...await staleKernels(!check), ...await staleFixtures(!check)];
  for (const path of stale) console.log(`${check ? "stale" : "wrote"} ${path}`);
  if (check && stale.length > 0) Deno.exit(1);
}
