// `windlass wrap`: writes a component as a JavaScript module and the files beside it.
// Arguments enter; files, whose paths are printed, leave.

import { mkdir, writeFile } from "node:fs/promises";
import { basename, join } from "node:path";
import { aheadFiles } from "../ahead_files.ts";
import type { Library } from "../esm/module_text.ts";
import { outline } from "../esm/outline.ts";
import { type Placing, wrapFiles, type WrapOptions } from "../esm/wrap_files.ts";
import { type Arguments, integer, memoryBound, noMore, type Options, UsageError, type Values } from "./arguments.ts";
import { load, say } from "./terminal.ts";

/** The options of `wrap`. */
export const wrapOptions: Options = {
  output: { type: "string", short: "o" },
  modules: { type: "string" },
  inline: { type: "boolean" },
  promising: { type: "boolean" },
  serve: { type: "boolean" },
  instances: { type: "string" },
  map: { type: "string", multiple: true },
  wasi: { type: "string" },
  library: { type: "string" },
  ahead: { type: "boolean" },
  metering: { type: "boolean" },
  "max-memory-pages": { type: "string" },
};

/** Writes the files of a component, and prints their paths. */
export async function wrapCommand({ file, values, rest }: Arguments): Promise<number> {
  const { output } = values;
  noMore(rest);
  if (typeof output !== "string") throw new UsageError("where to? Give -o DIR");
  const files = values["ahead"] === true ? await aheadOf(file, values) : await moduleOf(file, values);
  await mkdir(output, { recursive: true });
  for (const [name, content] of files) {
    const path = join(output, name);
    await writeFile(path, content);
    await say(`${path}\n`);
  }
  return 0;
}

async function moduleOf(file: string, values: Values): Promise<ReadonlyMap<string, string | Uint8Array>> {
  if (values["metering"] === true) throw new UsageError("--metering is for --ahead");
  const options = wrapping(values), bytes = await load(file);
  return wrapFiles(outline(bytes), { ...options, bytes, stem: stemOf(file) });
}

/** Options of a module that does its work when it starts. */
const NOT_AHEAD = ["modules", "inline", "promising", "serve", "instances", "map", "wasi"] as const;

async function aheadOf(file: string, values: Values): Promise<ReadonlyMap<string, string | Uint8Array>> {
  const { library, metering } = values, excluded = NOT_AHEAD.find((name) => values[name] !== undefined);
  if (excluded !== undefined) throw new UsageError(`--${excluded} and --ahead exclude each other`);
  return await aheadFiles(await load(file), {
    name: stemOf(file),
    ...typeof library === "string" && { library },
    ...memoryBound(values),
    ...metering === true && { metering },
  });
}

/** What files are called after a component. */
export function stemOf(file: string): string {
  return file === "-" ? "component" : basename(file).replace(/\.wasm$/, "");
}

/** What the options say of the module. */
function wrapping(values: Values): Omit<WrapOptions, "bytes" | "stem"> {
  const { serve, promising, wasi } = values, instances = integer("instances", values, 1, 100_000);
  if (serve === true && promising === true) throw new UsageError("--serve and --promising exclude each other");
  if (instances !== undefined && serve !== true) throw new UsageError("--instances is for --serve");
  return {
    bytesIn: placing(values),
    exports: serve === true ? "handler" : promising === true ? "promising" : "instance",
    map: mapOf(values["map"] as string[] | undefined),
    instances,
    ...memoryBound(values),
    ...typeof wasi === "string" && { wasi },
    ...typeof values["library"] === "string" && { library: libraryAt(values["library"]) },
  };
}

function placing({ modules, inline }: Values): Placing {
  if (modules === undefined) return inline === true ? "text" : "file";
  if (inline === true) throw new UsageError("--inline and --modules exclude each other");
  if (modules === "import" || modules === "source") return modules;
  throw new UsageError(`--modules must be import or source, found ${modules}`);
}

/** `--map SPECIFIER=TARGET`. */
function mapOf(entries: readonly string[] = []): Record<string, string> {
  return Object.fromEntries(entries.map((entry) => {
    const at = entry.indexOf("=");
    if (at < 1 || at === entry.length - 1) throw new UsageError(`--map must be SPECIFIER=TARGET, found ${entry}`);
    return [entry.slice(0, at), entry.slice(at + 1)];
  }));
}

/** The library by its package's name, or by the path of its `mod.js`. */
function libraryAt(specifier: string): Library {
  const file = /^(.*\/)?mod(\.[jt]s)$/.exec(specifier);
  return { component: specifier, wasi: file ? `${file[1] ?? ""}host/wasi/mod${file[2]}` : `${specifier}/wasi` };
}
