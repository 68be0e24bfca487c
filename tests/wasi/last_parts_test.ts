// The last part of a path: every operation on every kind of end (a name, `.`, `..`, a slash; a
// file, a directory, a link, a link that leads nowhere, nothing), compared with what Linux does.
// The expectations are last_parts.json, which last_parts.py makes by the system calls themselves.

import { assertEquals } from "@std/assert";
import { Directories } from "../../host/wasi/files/directories.ts";
import { Descriptor } from "../../host/wasi/filesystem.ts";
import { linux } from "../../host/wasi/platform.ts";
import { usesDescriptors } from "../../host/wasi/files/node_walks.ts";
import { type Any, isErr, nodeModule, output } from "./support.ts";

type Table = Readonly<Record<string, Readonly<Record<string, string>>>>;

const at = (name: string): string => new URL(`../wasi/${name}`, import.meta.url).pathname;
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

const operations: Readonly<Record<string, (root: Any, path: string) => unknown>> = {
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

function plant(base: string): void {
  const fs = nodeModule("node:fs");
  fs.mkdirSync(`${base}/d/in`, { recursive: true });
  for (const name of ["d2", "e"]) fs.mkdirSync(`${base}/${name}`);
  for (const name of ["f", "g", "d/in/x"]) fs.writeFileSync(`${base}/${name}`, name);
  for (const [name, to] of Object.entries({ lf: "f", ld: "d", ld2: "d2", dang: "nowhere" })) {
    fs.symlinkSync(to, `${base}/${name}`);
  }
}

/** One line for each name, as in last_parts.py. */
function picture(base: string, name = "."): string[] {
  const fs = nodeModule("node:fs"), is = fs.lstatSync(`${base}/${name}`);
  const kind = is.isDirectory() ? "directory" : is.isSymbolicLink() ? "link" : `file ${is.size}`;
  const within = is.isDirectory() ? fs.readdirSync(`${base}/${name}`) : [];
  const below = within.flatMap((part) => picture(base, name === "." ? part : `${name}/${part}`));
  return [`${name} ${kind}${is.mtimeMs === 5000 ? " timed" : ""}`, ...below];
}

function compare(descriptors: boolean): string[] {
  const fs = nodeModule("node:fs");
  const differences: string[] = [];
  let base: string | undefined, before: string[] = [];
  for (const [name, row] of Object.entries(readTable())) {
    const operation = operations[name]!;
    for (const [path, said] of Object.entries(row)) {
      if (base === undefined) {
        base = fs.mkdtempSync(`${fs.realpathSync("/tmp")}/windlass-`);
        plant(base);
        before = picture(base);
      }
      const directories = new Directories(undefined, descriptors);
      const root = Descriptor.preopen(directories, directories.preopen(base), false);
      const result = operation(root, path) as Any;
      let answer: string;
      if (isErr(result)) answer = ERRNOS[result.val] ?? result.val;
      else {
        result?.[Symbol.dispose]?.();
        const after = picture(base);
        const gone = before.filter((line) => !after.includes(line)).map((line) => `-${line}`);
        const made = after.filter((line) => !before.includes(line)).map((line) => `+${line}`);
        answer = [...made, ...gone].sort().join(", ");
      }
      const expected = wasmtime[name]?.[path] ?? said;
      if (answer !== expected) differences.push(`${name} ${path}: ${answer}, expected ${expected}`);
      // What failed must have changed nothing, which the next row would show.
      if (/^[+-]/.test(answer)) {
        fs.rmSync(base, { recursive: true });
        base = undefined;
      }
    }
  }
  if (base !== undefined) fs.rmSync(base, { recursive: true });
  return differences;
}

Deno.test({
  name: "the last part of a path means what it means to Linux",
  ignore: !linux,
  fn: () => assertEquals(compare(usesDescriptors()), []),
});

Deno.test({
  name: "the last part of a path means the same where paths are used as they are",
  ignore: !linux,
  fn: () => assertEquals(compare(false), []),
});

Deno.test({
  name: "the table of last parts is what Linux does here",
  ignore: !linux || !hasPython(),
  fn: () => {
    assertEquals(JSON.parse(output("python3", at("last_parts.py"))), readTable());
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
