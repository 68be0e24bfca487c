// Checks the direction of imports: describe ← errors ← abi ← core ← host ← mod; entries of their
// own apart; no circle between rooms,
// which are the folders, type-only imports included; no cycle between files, where type-only
// imports are erased and do not count.
// And that loading a module has no effect, which the package promises to bundlers (`sideEffects`):
// but for those that are listed, no
// module is imported for its effect, and none has statements of its own beside declarations.
// `--graph` prints the rooms and what each imports. Sources in, violations in words out.

/**
 * The modules that have an effect when they are loaded, for which others import them: package.json
 * names them to bundlers.
 */
export const effectful: readonly string[] = ["abi/dispose.ts", "host/js_api/polyfill.ts"];

/** The layers, lowest first: a file or a folder at the top. */
const layers = ["describe.ts", "phrases.ts", "errors.ts", "abi", "core", "host", "mod.ts"];

/** What nobody downloads who does not ask for it: entries of their own. */
const apart = /^host\/(?:wasi|cli|js_api|esm|register|unplugin)[/.]/;

interface Import {
  readonly target: string;
  readonly typeOnly: boolean;
}

async function* sources(path: string): AsyncGenerator<string> {
  if ((await Deno.stat(path)).isFile) {
    if (path.endsWith(".ts")) yield path;
    return;
  }
  for await (const entry of Deno.readDir(path)) yield* sources(`${path}/${entry.name}`);
}

function importsOf(file: string, text: string): Import[] {
  const found: Import[] = [];
  for (const match of text.matchAll(/^(?:import|export)\s+(type\s)?[^;]*?from\s+"([^"]+)"/gm)) {
    const [statement, type, specifier] = match;
    // The runtime's own modules are asked for at run time (host/wasi/base/platform.ts); their types are
    // types only.
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

/**
 * What a module does when it is loaded, beside making what it declares. Formatted sources have such
 * statements at the margin.
 */
export function loadingEffects(text: string): string[] {
  const code = text.replaceAll(/\/\*[^]*?\*\/|^\/\/.*$/gm, "").replaceAll(/`(?:[^`\\]|\\[^])*`/g, "``");
  const lines = code.split("\n").filter((line) => /^[^\s})\]>]/.test(line));
  const declares =
    /^(?:import\s+[^"\s]|(?:export|const|let|async function|function|class|abstract class|interface|type|declare)\b)/;
  // The command line runs where it is the program.
  return lines.filter((line) => !declares.test(line) && !line.startsWith("if (import.meta.main) "));
}

/** Why a file has an effect when it is loaded, in words. */
function effectsOf(file: string, text: string): string[] {
  if (effectful.includes(file)) return [];
  const effects = loadingEffects(text).filter((line) => {
    const specifier = /^import "([^"]+)";/.exec(line)?.[1] ?? "";
    return !effectful.includes(new URL(specifier, `file:///${file}`).pathname.slice(1));
  });
  return effects.map((line) => `${file} has an effect when it is loaded: ${line}`);
}

/**
 * The room that a file is in: its folder. A file at the top of a layer is in none: it stands for
 * itself.
 */
function roomOf(file: string): string {
  const folder = file.slice(0, Math.max(0, file.lastIndexOf("/")));
  return layers.includes(folder) ? file : folder || file;
}

/** Every import of the library by file, and what loading has for effects. */
async function readLibrary(): Promise<{ graph: Map<string, Import[]>; effects: string[] }> {
  const graph = new Map<string, Import[]>(), effects: string[] = [];
  for (const layer of layers) {
    for await (const file of sources(layer)) {
      const text = await Deno.readTextFile(file);
      graph.set(file, importsOf(file, text));
      effects.push(...effectsOf(file, text));
    }
  }
  return { graph, effects };
}

/** What each room imports. */
function roomsOf(graph: ReadonlyMap<string, readonly Import[]>): Map<string, Set<string>> {
  const rooms = new Map<string, Set<string>>();
  for (const [file, imports] of graph) {
    const room = roomOf(file);
    if (!rooms.has(room)) rooms.set(room, new Set());
    for (const { target } of imports) {
      if (graph.has(target) && roomOf(target) !== room) rooms.get(room)!.add(roomOf(target));
    }
  }
  return rooms;
}

/** The circles in a graph, each once, as lists that end where they begin. */
function circles(nodes: Iterable<string>, arrows: (node: string) => Iterable<string>): string[][] {
  const found: string[][] = [], done = new Set<string>();
  const visit = (node: string, path: readonly string[]): void => {
    if (path.includes(node)) return void found.push([...path.slice(path.indexOf(node)), node]);
    if (done.has(node)) return;
    for (const next of arrows(node)) visit(next, [...path, node]);
    done.add(node);
  };
  for (const node of nodes) visit(node, []);
  return found;
}

/** Every violation, in words. */
export async function importViolations(): Promise<string[]> {
  const { graph, effects: violations } = await readLibrary();
  const layerOf = (file: string): number => layers.indexOf(file.split("/")[0]!);
  for (const [file, imports] of graph) {
    for (const { target } of imports) {
      if (!graph.has(target)) violations.push(`${file} imports ${target}, which is no part of the library`);
      else if (layerOf(target) > layerOf(file)) violations.push(`${file} imports ${target}, against the direction`);
      else if (!apart.test(file) && apart.test(target)) {
        violations.push(`${file} imports ${target}, which has an entry of its own`);
      }
    }
  }
  const files = circles(graph.keys(), (file) => graph.get(file)!.flatMap((one) => one.typeOnly ? [] : one.target));
  for (const circle of files) violations.push(`cycle: ${circle.join(" → ")}`);
  const rooms = roomsOf(graph);
  for (const circle of circles(rooms.keys(), (room) => rooms.get(room) ?? [])) {
    violations.push(`circle between rooms: ${circle.join(" → ")}`);
  }
  return violations;
}

if (import.meta.main) {
  if (Deno.args.includes("--graph")) {
    for (const [room, targets] of [...roomsOf((await readLibrary()).graph)].sort()) {
      console.log(`${room} → ${[...targets].sort().join(", ") || "nothing"}`);
    }
  }
  const violations = await importViolations();
  for (const violation of violations) console.error(violation);
  if (violations.length > 0) Deno.exit(1);
}
