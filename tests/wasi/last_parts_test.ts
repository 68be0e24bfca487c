// The last part of a path: every operation on every kind of end (a name, `.`, `..`, a slash; a
// file, a directory, a link, a link that leads nowhere, nothing), compared with what Linux does.
// The expectations are last_parts.json, which last_parts.py makes by the system calls themselves.

import { assertEquals } from "@std/assert";
import { linux } from "../../host/wasi/base/platform.ts";
import { codeOf, drop, faces, type Ground, grounds, type Kind } from "./grounds.ts";
import { type Any, output } from "./support.ts";

type Table = Readonly<Record<string, Readonly<Record<string, string>>>>;

const at = (name: string): URL => new URL(`../wasi/${name}`, import.meta.url);
const readTable = (): Table => JSON.parse(Deno.readTextFileSync(at("last_parts.json")));

const rw = { read: true, write: true }, timestamp = { tag: "timestamp", val: { seconds: 5n, nanoseconds: 0 } };
const opening = (open: object, flags: object) => (follow: object) => (root: Any, path: string) =>
  root.openAt(follow, path, open, flags);
const openings: Readonly<Record<string, ReturnType<typeof opening>>> = {
  "reading": opening({}, { read: true }),
  "writing": opening({}, rw),
  "creating": opening({ create: true }, rw),
  "creating to read": opening({ create: true }, { read: true }),
  "creating exclusively": opening({ create: true, exclusive: true }, rw),
  "exclusively": opening({ exclusive: true }, { read: true }),
  "a directory": opening({ directory: true }, { read: true }),
  "truncating": opening({ truncate: true }, rw),
};
const following = { symlinkFollow: true };

type Operation = (root: Any, path: string) => unknown;
const operations: Readonly<Record<string, Operation>> = {
  "create-directory-at": (root, path) => root.createDirectoryAt(path),
  "remove-directory-at": (root, path) => root.removeDirectoryAt(path),
  "unlink-file-at": (root, path) => root.unlinkFileAt(path),
  "rename-at, from": (root, path) => root.renameAt(path, root, "moved"),
  "rename-at, a file to": (root, path) => root.renameAt("g", root, path),
  "rename-at, a directory to": (root, path) => root.renameAt("e", root, path),
  "link-at, from": (root, path) => root.linkAt({}, path, root, "made"),
  "link-at, to": (root, path) => root.linkAt({}, "g", root, path),
  "symlink-at": (root, path) => root.symlinkAt("to", path),
  "readlink-at": (root, path) => root.readlinkAt(path),
  "stat-at": (root, path) => root.statAt({}, path),
  "stat-at, following": (root, path) => root.statAt(following, path),
  "set-times-at": (root, path) => root.setTimesAt({}, path, timestamp, timestamp),
  "set-times-at, following": (root, path) => root.setTimesAt(following, path, timestamp, timestamp),
  ...Object.fromEntries(
    Object.entries(openings).flatMap(([words, open]) => [
      [`open-at, ${words}`, open({})],
      [`open-at, ${words}, following`, open(following)],
    ]),
  ),
};

/**
 * Where the answer is Wasmtime's instead of Linux's (RATIONALE.md, "What does the last part …").
 */
const wasmtime: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  // A name and a slash is the directory of that name, so that a file or nothing is found first.
  "link-at, to": { "f/": "ENOTDIR", "f//": "ENOTDIR", "lf/": "ENOTDIR", "dang/": "ENOENT" },
  "symlink-at": { "f/": "ENOTDIR", "f//": "ENOTDIR", "lf/": "ENOTDIR", "dang/": "ENOENT" },
  // It is a link that is in the way, whatever else was asked for.
  "open-at, a directory": { "lf": "ELOOP", "ld": "ELOOP", "ld2": "ELOOP", "dang": "ELOOP" },
};

const ERRNOS: Readonly<Record<string, string>> = {
  "busy": "EBUSY",
  "exist": "EEXIST",
  "invalid": "EINVAL",
  "is-directory": "EISDIR",
  "loop": "ELOOP",
  "no-entry": "ENOENT",
  "not-directory": "ENOTDIR",
  "not-empty": "ENOTEMPTY",
  "not-permitted": "EPERM",
};

async function plant(ground: Ground, hasLinks: boolean): Promise<void> {
  for (const name of ["d/in", "d2", "e"]) await ground.folder(name);
  for (const name of ["f", "g", "d/in/x"]) await ground.file(name, name);
  for (const [name, to] of Object.entries(hasLinks ? { lf: "f", ld: "d", ld2: "d2", dang: "nowhere" } : {})) {
    await ground.link(to, name);
  }
}

/** Where links, times and the moving of directories are missing, their rows say nothing. */
function applies({ hasLinks }: Kind, name: string, path: string): boolean {
  const needsThem = /link|times|rename-at, (?:from|a directory)/.test(name) || /^l[fd]|dang/.test(path);
  return hasLinks || !needsThem;
}

/** What an operation came to: the error, or what it changed. */
async function outcome(ground: Ground, before: readonly string[], operation: Operation, root: Any, path: string) {
  const result = await operation(root, path) as Any, code = codeOf(result);
  if (code !== undefined) return ERRNOS[code] ?? code;
  drop(result);
  const after = await ground.picture();
  const gone = before.filter((line) => !after.includes(line)).map((line) => `-${line}`);
  const made = after.filter((line) => !before.includes(line)).map((line) => `+${line}`);
  return [...made, ...gone].sort().join(", ");
}

/** The rows of a table whose outcome is another one than is expected, in each version of WASI. */
async function compare(kind: Kind): Promise<string[]> {
  const rows = Object.entries(readTable()).flatMap(([name, row]) =>
    Object.entries(row).filter(([path]) => applies(kind, name, path))
      .map(([path, said]) => ({ name, path, expected: wasmtime[name]?.[path] ?? said }))
  );
  const differences: string[] = [];
  let next = 0, version = 0;
  const all = Object.entries(faces);
  while (version < all.length) {
    // What failed must have changed nothing, which the next row would show.
    await kind.use(async (ground) => {
      await plant(ground, kind.hasLinks);
      const before = await ground.picture();
      for (; version < all.length; version++, next = 0) {
        const [words, face] = all[version]!;
        while (next < rows.length) {
          const { name, path, expected } = rows[next++]!;
          const root = face(await ground.open("."));
          const answer = await outcome(ground, before, operations[name]!, root, path);
          drop(root);
          if (answer !== expected) differences.push(`${words}: ${name} ${path}: ${answer}, expected ${expected}`);
          if (/^[+-]/.test(answer)) return;
        }
      }
    });
  }
  return differences;
}

for (const kind of grounds) {
  Deno.test({
    name: `the last part of a path means what it means to Linux: ${kind.name}`,
    ignore: kind.isSystem && !linux,
    fn: async () => assertEquals(await compare(kind), []),
  });
}

Deno.test({
  name: "the table of last parts is what Linux does here",
  ignore: !linux || !hasPython(),
  fn: () => {
    assertEquals(JSON.parse(output("python3", at("last_parts.py").pathname)), readTable());
  },
});

function hasPython(): boolean {
  try {
    output("python3", "--version");
    return true;
  } catch {
    return false;
  }
}
