// deno task fixtures: encodes the fixtures of tests/e2e and bench from their sources. With --check, says whether they are current.
// A fixture is NAME.wat (a component), or NAME.wat and NAME.wit (a core module and its world, put together by the toolchain).

import { equals } from "@std/bytes";
import { componentOf, wat } from "../tests/support/wat.ts";
import { echoWat, echoWit } from "./echo_core.ts";

const directories = ["tests/e2e/fixtures", "bench/fixtures"];

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

if (import.meta.main) {
  const check = Deno.args.includes("--check");
  if (!check) await writeMadeSources();
  const stale = await staleFixtures(!check);
  for (const path of stale) console.log(`${check ? "stale" : "wrote"} ${path}`);
  if (check && stale.length > 0) Deno.exit(1);
}
