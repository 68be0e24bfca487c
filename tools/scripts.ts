// Finds `.wast` scripts.

/** The scripts of a folder and the folders in it, by their names; a file is itself. */
export async function* scripts(path: string): AsyncGenerator<string> {
  if (!(await Deno.stat(path)).isDirectory) return yield path;
  const entries = (await Array.fromAsync(Deno.readDir(path))).sort((left, right) => left.name < right.name ? -1 : 1);
  for (const entry of entries) {
    if (entry.isDirectory || entry.name.endsWith(".wast")) yield* scripts(`${path}/${entry.name}`);
  }
}
