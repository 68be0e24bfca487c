// `types`: a world as TypeScript, of a component, of WIT as text, or of a WIT package in binary.

import { mkdir, writeFile } from "node:fs/promises";
import { dirname } from "node:path";
import { compile } from "../compile.ts";
import { moduleTypes, typesPath } from "../esm/module_types.ts";
import { type Arguments, noMore, UsageError } from "./arguments.ts";
import { load, say, waiting } from "./terminal.ts";
import { encodeWit, isWit } from "./wit_source.ts";
import { packageWorld } from "./wit_package.ts";

/** Prints the types of FILE, or writes them. */
export async function typesCommand(given: Arguments): Promise<number> {
  const { file, values, rest } = given, { output } = values;
  noMore(rest);
  const worldName = values["world"] as string;
  if (!/^[A-Za-z_$][\w$]*$/.test(worldName)) {
    throw new UsageError(`--world is the name of a type, as Greet, found ${worldName}; --wit-world chooses a world`);
  }
  const isModule = values["module"] === true, world = values["wit-world"] as string | undefined;
  const text = isModule ? await moduleTypesOf(file, worldName) : await typesOf(file, worldName, world);
  if (typeof output === "string") {
    await mkdir(dirname(output), { recursive: true });
    await writeFile(output, text);
  } else if (isModule && file !== "-") {
    const path = typesPath(file);
    await writeFile(path, text);
    await say(`${path}\n`);
  } else await say(text);
  return 0;
}

async function moduleTypesOf(file: string, worldName: string): Promise<string> {
  if (await isWit(file)) throw new UsageError("--module is for a component that is imported: WIT alone is none");
  const bytes = await load(file), component = await waiting(file, bytes, () => compile(bytes));
  return moduleTypes(component, "instance", worldName);
}

async function typesOf(file: string, worldName: string, world: string | undefined): Promise<string> {
  const isText = await isWit(file), bytes = isText ? await encodeWit(file, world) : await load(file);
  const component = await waiting(file, bytes, () => compile(bytes));
  if (isText) return component.typescript({ worldName });
  const found = packageWorld(component, world, worldName);
  if (found !== undefined) return found;
  if (world !== undefined) throw new UsageError("--wit-world chooses among worlds of WIT: a component has one world");
  return component.typescript({ worldName });
}
