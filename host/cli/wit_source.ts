// WIT as text → a component of one of its worlds, which says all that the text says.
// A .wit file or a folder of them enters, a component's bytes leave. Encoding is the work of
// wasm-tools, which jco's package has in WebAssembly. It is an optional dependency: 6 MB, for one
// command.

import { readdir, readFile, stat } from "node:fs/promises";
import { createRequire } from "node:module";
import { join, resolve } from "node:path";
import process from "node:process";
import { pathToFileURL } from "node:url";
import { customSection } from "../../abi/wasm/encoder.ts";
import { concat } from "../../core/binary/bytes.ts";
import { Failure } from "./arguments.ts";
import { witComments } from "./wit_comments.ts";

const PACKAGE = "@bytecodealliance/jco-transpile", VERSION = "0.12";

/** The functions of the package that are used here. */
interface WasmTools {
  componentEmbed(options: { witPath?: string; witSource?: string; dummy: true; world?: string }): Promise<Uint8Array>;
  componentNew(module: Uint8Array, adapters: []): Promise<Uint8Array>;
}

/** Whether a path is WIT: a .wit file, or a folder. */
export async function isWit(path: string): Promise<boolean> {
  if (path === "-") return false;
  if (path.endsWith(".wit")) return true;
  return (await stat(path).catch(() => undefined))?.isDirectory() === true;
}

/** Encodes a world of a .wit file or folder. */
export async function encodeWit(path: string, world: string | undefined): Promise<Uint8Array<ArrayBuffer>> {
  const isFolder = (await stat(path)).isDirectory(), texts = await textsOf(path, isFolder);
  const { componentEmbed, componentNew } = await wasmTools();
  // One file stands alone. A folder may have packages that it depends on, which the encoder finds.
  const absolute = resolve(path), witPath = process.platform === "win32" ? `//?/${absolute}` : absolute;
  const source = isFolder ? { witPath } : { witSource: texts[0]! };
  try {
    const module = await componentEmbed({ ...source, dummy: true, ...world === undefined ? {} : { world } });
    const component = new Uint8Array(await componentNew(module, []));
    return concat([component, docsSection(texts, world)]);
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    const mend = /must be explicitly chosen/.test(message) ? "\n--wit-world NAME chooses one" : "";
    throw new Failure(`${path}: ${message}${mend}`);
  }
}

/** The texts of a package: a .wit file, or those in a folder. */
async function textsOf(path: string, isFolder: boolean): Promise<string[]> {
  const names = isFolder
    ? (await readdir(path)).filter((name) => name.endsWith(".wit")).sort().map((name) => join(path, name))
    : [path];
  if (names.length === 0) throw new Failure(`${path} has no .wit file: name the folder that has one`);
  return await Promise.all(names.map((name) => readFile(name, "utf8")));
}

/** The comments of a package as a section of a component. */
function docsSection(texts: readonly string[], world: string | undefined): Uint8Array {
  const { worlds, ...comments } = witComments(texts), wanted = world?.replace(/@.*/, "").split("/").at(-1);
  const one = wanted === undefined ? worlds : { [wanted]: worlds[wanted] };
  return Uint8Array.from(customSection("package-docs", `\x01${JSON.stringify({ ...comments, worlds: one })}`));
}

const isDeno = "Deno" in globalThis, entry = `${PACKAGE}/wasm-tools`;

/** Where the package may be: beside this one, in the project that this runs in, or in Deno's cache. */
const places: readonly (() => string)[] = [
  () => entry,
  () => pathToFileURL(createRequire(join(process.cwd(), "package.json")).resolve(entry)).href,
  ...isDeno ? [() => `npm:${PACKAGE}@${VERSION}/wasm-tools`] : [],
];

/** Loads the package from the first place where it is. */
export async function wasmTools(from: readonly (() => string)[] = places): Promise<WasmTools> {
  for (const place of from) {
    try {
      return await import(place()) as WasmTools;
    } catch {
      // It is not there, or cannot be read there.
    }
  }
  const install = isDeno ? "deno add npm:" : "Bun" in globalThis ? "bun add --dev " : "npm install --save-dev ";
  throw new Failure(`types of WIT need the package ${PACKAGE}, which encodes it: ${install}${PACKAGE}@${VERSION}`);
}
