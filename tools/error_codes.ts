// deno task docs:codes: writes docs/error-codes.md, every code of every class of errors with what it
// means, from the table of phrases (phrases.ts). A test sees to it that the page is current.

const CLASSES: Readonly<Record<string, string>> = {
  COMPILE_PHRASES: "CompileError",
  LINK_PHRASES: "LinkError",
  TRAP_PHRASES: "Trap",
  VALUE_PHRASES: "ValueError",
};

/** One code: its comment, its name, how its message goes. */
const entry = /^ {2}\/\*\* (?<about>.+?) \*\/\n {2}"(?<code>[a-z0-9-]+)":\s+(?<quote>["'])(?<phrase>.+)\k<quote>,$/gm;

/** The page, from the text of phrases.ts. */
export function errorCodes(source: string): string {
  const sections = Object.entries(CLASSES).map(([table, name]) => {
    const start = source.indexOf(`export const ${table} = {`), end = source.indexOf("\n} as const;", start);
    const rows = [...source.slice(start, end).matchAll(entry)].map(({ groups }) => {
      const { about, code, phrase } = groups!;
      return `| \`${code}\` | ${cell(about!)} | ${cell(phrase!)} |`;
    });
    return `## ${name}\n\n| code | when | how the message goes |\n| --- | --- | --- |\n${rows.join("\n")}\n`;
  });
  return `# Error codes\n\n${intro}\n\n${sections.join("\n")}`;
}

const intro =
  "Made from `phrases.ts` by `deno task docs:codes`. A code does not change; how its message goes may. `{0}`,\n" +
  "`{1}` stand for details. [errors.md](errors.md) says what the classes are.";

/** Text in a cell of a table. */
const cell = (text: string): string => text.replaceAll("|", "\\|").replaceAll("\\`", "`").replaceAll("<", "\\<");

if (import.meta.main) {
  const page = new URL("../docs/error-codes.md", import.meta.url);
  await Deno.writeTextFile(page, errorCodes(await Deno.readTextFile(new URL("../phrases.ts", import.meta.url))));
  await new Deno.Command(Deno.execPath(), { args: ["fmt", "--quiet", page.pathname] }).output();
}
