// Checks the direction of imports: describe ← errors ← abi ← core ← host ← mod, host/wasi and host/cli apart, and no cycles between files.
// Type-only imports count for the direction, not for cycles: they are erased.

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

/** What nobody downloads who does not ask for it: entries of their own. */
function isApart(file: string): boolean {
  return /^host\/(?:wasi|cli)[/.]/.test(file);
}

/** Every violation, in words. */
export async function importViolations(): Promise<string[]> {
  const graph = new Map<string, Import[]>();
  for (const layer of layers) {
    for await (const file of sources(layer)) graph.set(file, importsOf(file, await Deno.readTextFile(file)));
  }
  const layerOf = (file: string): number => layers.indexOf(file.split("/")[0]!);
  const violations: string[] = [];
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
