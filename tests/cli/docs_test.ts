// The examples of docs/cli.md are run, and give what is written there. In Deno, from the folder of
// the repository.

import { assert, assertEquals } from "@std/assert";
import { withDirectory } from "../wasi/support.ts";
import { logger, windlass } from "./support.ts";

/** Where the files of the examples are. */
const files: Readonly<Record<string, string>> = {
  ...Object.fromEntries(
    ["hello", "command", "count"].map((name) => [`${name}.wasm`, `tests/wasi/guests/${name}.wasm`]),
  ),
  ...Object.fromEntries(["words", "older"].map((name) => [`${name}.wasm`, `tests/wasi/guests/p3/${name}.wasm`])),
  "greet.wasm": "tests/e2e/fixtures/greet.wasm",
};

/** The words of a command: those in single quotes are one. */
const wordsOf = (line: string): string[] => (line.match(/'[^']*'|\S+/g) ?? []).map((word) => word.replaceAll("'", ""));
/** Times differ each time. */
const steady = (text: string): string => text.replaceAll(/\d+\.\d{3} ms/g, "N ms");

const docs = await Deno.readTextFile(new URL("../../docs/cli.md", import.meta.url));
const examples = [...docs.matchAll(/^```console\n([^]*?)^```/gm)].flatMap(([, block = ""]) =>
  block.split(/^\$ windlass /m).slice(1).map((example) => {
    const [line = "", ...expected] = example.trimEnd().split("\n");
    return { line, expected: expected.join("\n") };
  })
);

Deno.test("docs/cli.md: there are examples of each command that ends", () => {
  const shown = (start: string) => assert(examples.some(({ line }) => line.startsWith(start)), start);
  for (const command of ["hello.wasm", "inspect ", "types ", "split ", "--plug ", "--trace ", "--fuel "]) {
    shown(command);
  }
});

for (const { line, expected } of examples) {
  Deno.test(`docs/cli.md: ${line}`, () =>
    withDirectory(async (path) => {
      await Deno.writeFile(`${path}/logger.wasm`, await logger());
      await Deno.writeTextFile(`${path}/lines.txt`, "two words\n");
      const places: Record<string, string> = { ...files, "logger.wasm": `${path}/logger.wasm`, out: `${path}/out` };
      const given = wordsOf(line).map((word) => places[word] ?? word.replace(/^data::/, `${path}::`));
      const { code, out, err } = await windlass(given);
      let text = `${out}${err}`.trimEnd() + (code === 0 ? "" : `\n[exit code ${code}]`);
      for (const [name, place] of Object.entries(places)) text = text.replaceAll(place, name);
      // A line of `…` stands for any lines.
      const parts = steady(expected).split(/^…$/m).map((part) => part.trim());
      let rest = steady(text);
      for (const [i, part] of parts.entries()) {
        const at = rest.indexOf(part);
        assert(i === 0 ? at === 0 : at >= 0, `${part}\n--- is not in ---\n${rest}`);
        rest = rest.slice(at + part.length);
      }
      if (parts.length === 1) assertEquals(rest.trim(), "");
    }));
}
