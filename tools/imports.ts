// Checks the direction of imports: describe ← errors ← abi ← core ← host ← mod, host/wasi and host/cli apart, and no cycles between files.
// Type-only imports count for the direction, not for cycles: they are erased.
// And that loading a module has no effect, which the package promises to bundlers (`sideEffects`): but for those that are listed, no
// module is imported for its effect, and none has statements of its own beside declarations.

/** The modules that have an effect when they are loaded, for which others import them: package.json names them to bundlers. */
export const effectful: readonly string[] = ["abi/dispose.ts"];

const layers = ["describe.ts", "errors.ts", "abi", "core", "host", "mod.ts"];

interface Import {
  readonly target: string;
  readonly typeOnly: boolean;
}

async function* sources(path: string): AsyncGenerator<string> {
  if ((await Deno.stat(path)).isFile) return yield path;
  for await (const entry of Deno.readDir(path)) yield* sources(`${path}/${entry.name}`);
}

function importsOf(file: string, text: string): Import[] {
  const found: Import[] = [];
  for (const match of text.matchAll(/^(?:import|export)\s+(type\s)?[^;]*?from\s+"([^"]+)"/gm)) {
    const [statement, type, specifier] = match;
    // The runtime's own modules are asked for at run time (host/wasi/platform.ts); their types are types only.
    if (specifier!.startsWith("node:") && type !== undefined && file.startsWith("host/wasi/")) continue;
    // The command line runs where they are.
    if (specifier!.startsWith("node:") && /^host\/cli[/.]/.test(file)) continue;
    if (!specifier!.startsWith(".")) {
      found.push({ target: specifier!, typeOnly: false });
      continue;
    }
    const target = new URL(specifier!, `file:///${file}`).pathname.slice(1);
    const names = /\{([^}]*)\}/.exec(statement)?.[1] ?? "value";
    const typeOnly = type !== undefined || names.split(",").every((name) => /^\s*(type\s.*)?$/.test(name));
    found.push({ target, typeOnly });
  }
  // Imports for effect, and dynamic ones.
  for (const [, specifier] of text.matchAll(/(?:^import\s+|\bimport\()"([^"]+)"/gm)) {
    found.push({ target: new URL(specifier!, `file:///${file}`).pathname.slice(1), typeOnly: false });
  }
  return found;
}

/** What a module does when it is loaded, beside making what it declares. Formatted sources have such statements at the margin. */
export function loadingEffects(text: string): string[] {
  const code = text.replaceAll(/\/\*[^]*?\*\/|^\/\/.*$/gm, "").replaceAll(/`(?:[^`\\]|\\[^])*`/g, "``");
  const lines = code.split("\n").filter((line) => /^[^\s})\]>]/.test(line));
  const declares =
    /^(?:import\s+[^"\s]|(?:export|const|let|async function|function|class|abstract class|interface|type|declare)\b)/;
  // The command line runs where it is the program.
  return lines.filter((line) => !declares.test(line) && !line.startsWith("if (import.meta.main) "));
}

/** What nobody downloads who does not ask for it: entries of their own. */
function isApart(file: string): boolean {
  return /^host\/(?:wasi|cli)[/.]/.test(file);
}

/** Every violation, in words. */
export async function importViolations(): Promise<string[]> {
  const graph = new Map<string, Import[]>();
  const violations: string[] = [];
  for (const layer of layers) {
    for await (const file of sources(layer)) {
      if (!file.endsWith(".ts")) continue;
      const text = await Deno.readTextFile(file);
      graph.set(file, importsOf(file, text));
      if (effectful.includes(file)) continue;
      const effects = loadingEffects(text).filter((line) => {
        const specifier = /^import "([^"]+)";/.exec(line)?.[1] ?? "";
        return !effectful.includes(new URL(specifier, `file:///${file}`).pathname.slice(1));
      });
      violations.push(...effects.map((line) => `${file} has an effect when it is loaded: ${line}`));
    }
  }
  const layerOf = (file: string): number => layers.indexOf(file.split("/")[0]!);
  for (const [file, imports] of graph) {
    for (const { target } of imports) {
      if (!graph.has(target)) violations.push(`${file} imports ${target}, which is no part of the library`);
      else if (layerOf(target) > layerOf(file)) violations.push(`${file} imports ${target}, against the direction`);
      else if (!isApart(file) && isApart(target)) {
        violations.push(`${file} imports ${target}, which has an entry of its own`);
      }
    }
  }
  const done = new Set<string>();
  const visit = (file: string, path: readonly string[]): void => {
    if (path.includes(file)) {
      return void violations.push(`cycle: ${[...path.slice(path.indexOf(file)), file].join(" → ")}`);
    }
    if (done.has(file)) return;
    for (const { target, typeOnly } of graph.get(file) ?? []) if (!typeOnly) visit(target, [...path, file]);
    done.add(file);
  };
  for (const file of graph.keys()) visit(file, []);
  return violations;
}

if (import.meta.main) {
  const violations = await importViolations();
  for (const violation of violations) console.error(violation);
  if (violations.length > 0) Deno.exit(1);
}
