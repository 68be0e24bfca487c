// The last name of a path of a file system of a program's own, and the path of its folder.

/** Splits a path, whose names are joined by `/`. */
export function splitPath(path: string): readonly [folder: string, name: string] {
  const slash = path.lastIndexOf("/");
  return [path.slice(0, Math.max(slash, 0)), path.slice(slash + 1)];
}
