// The repository's own rules: import directions, current fixtures, scripts.

import { assert, assertEquals } from "@std/assert";
import { staleFixtures, staleKernels } from "../tools/fixtures.ts";
import { importViolations, loadingEffects } from "../tools/imports.ts";

Deno.test("imports point one way: errors ← abi ← core ← host ← mod", async () => {
  assertEquals(await importViolations(), []);
});

Deno.test("an effect of loading a module is seen, declarations are none", () => {
  const declarations = `// A comment.
import { a } from "./a.ts";
/** A function.
call();
 */
export const made = new Map([
  [a, 1],
]);
const text = \`
call();
\`;
let later: string;
class Own {
  static {
    later = text;
  }
}
if (import.meta.main) console.log(later, Own);
`;
  assertEquals(loadingEffects(declarations), []);
  for (const effect of ['import "./a.ts";', "call();", "for (const a of b) {", "a.b = 1;", "globalThis.x ??= 1;"]) {
    assertEquals(loadingEffects(`${declarations}${effect}\n`), [effect]);
  }
});

Deno.test("the library's own entries pull in no package", async () => {
  for (const entry of ["mod.ts", "host/wasi/mod.ts", "host/js_api/polyfill.ts"]) {
    const { stdout } = await new Deno.Command(Deno.execPath(), { args: ["info", "--json", entry] }).output();
    const { modules } = JSON.parse(new TextDecoder().decode(stdout)) as { modules: { specifier: string }[] };
    const own = new URL("..", import.meta.url).href;
    const foreign = modules.map(({ specifier }) => specifier).filter((specifier) => !specifier.startsWith(own));
    // Of the runtime's own modules, the types.
    assertEquals(foreign.filter((specifier) => !specifier.startsWith("node:")), [], entry);
    if (entry === "mod.ts") assertEquals(foreign, []);
    assert(modules.length > 30);
  }
});

Deno.test("every fixture is what its source encodes to", async () => {
  assertEquals(await staleFixtures(false), []);
});

Deno.test("the library's own module is what its source encodes to", async () => {
  assertEquals(await staleKernels(false), []);
});

Deno.test("every row of the table of behaviours names a file that has such a test", async () => {
  const table = await Deno.readTextFile(new URL("README.md", import.meta.url));
  const rows = [...table.matchAll(/^\| `([\w:]+)`\s*\| (?:S|S\+D|D)\s*\| ([\w., ]+?)\s*\|/gm)];
  assertEquals(rows.length, 153);
  for (const [, name = "", files = ""] of rows) {
    const texts = await Promise.all(
      files.split(", ").map((file) => Deno.readTextFile(new URL(`acceptance/${file}`, import.meta.url))),
    );
    // Some names are put together from a table: the section, then the behaviour.
    const [section = "", label = ""] = [name.split("::")[0], name.split("::").at(-1)];
    assert(texts.some((text) => text.includes(name) || text.includes(`${section}::`) && text.includes(label)), name);
  }
});
