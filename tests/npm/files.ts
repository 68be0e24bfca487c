// The packed package's files: source maps beside their modules that lead back to a source, and
// nothing of the machine that packed it.

import { assert, assertEquals, assertMatch } from "@std/assert";

/** The modules without their source maps take no more than this: over 3 MB were it with them. */
const MAX_CODE_BYTES = 2_000_000;
/** What the bundled entries take; they have no maps. */
const MAX_BUNDLED_BYTES = 1_800_000;

async function* files(folder: string): AsyncGenerator<string> {
  for await (const { name, isDirectory } of Deno.readDir(folder)) {
    if (isDirectory) yield* files(`${folder}/${name}`);
    else yield `${folder}/${name}`;
  }
}

interface SourceMap {
  readonly version: number;
  readonly file: string;
  readonly sources: readonly string[];
  readonly sourcesContent: readonly string[];
  readonly mappings: string;
}

/** Checks the files of the package in a folder. */
export async function checkFiles(folder: string): Promise<void> {
  const machine = new URL("../..", import.meta.url).pathname;
  let code = 0, bundled = 0, maps = 0;
  for await (const path of files(folder)) {
    const text = await Deno.readTextFile(path);
    assert(!text.includes(machine) && !text.includes("file:///"), `${path} names a path of this machine`);
    if (!path.endsWith(".js")) continue;
    if (path.startsWith(`${folder}/bundled/`)) {
      bundled += text.length;
      continue;
    }
    code += text.length;
    // The command is written as it is: there is nothing to map.
    if (path.endsWith("/bin.js")) continue;
    const name = path.split("/").at(-1)!;
    assertMatch(text, new RegExp(`\\n//# sourceMappingURL=${name}\\.map\\n$`), path);
    const map: SourceMap = JSON.parse(await Deno.readTextFile(`${path}.map`));
    assertEquals([map.version, map.file, map.sources], [3, name, [name.replace(/js$/, "ts")]]);
    assertEquals(map.sourcesContent.length, 1);
    assert(map.mappings.length > 0, path);
    maps++;
  }
  assert(maps > 100, `${maps} source maps`);
  assert(code < MAX_CODE_BYTES, `the modules take ${code} bytes`);
  assert(bundled < MAX_BUNDLED_BYTES, `the bundled entries take ${bundled} bytes`);
  const made = JSON.parse(await Deno.readTextFile(`${folder}/package.json`));
  assertMatch(made.repository.url, /^git\+https:\/\/.+\.git$/);
  assert(made.homepage.startsWith("https://") && made.bugs.startsWith("https://"));
}
