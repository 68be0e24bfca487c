// Descriptors of the operating system: how many a guest may hold, that directories hold none, and
// that none stays open that a walk or a failed operation used.

import { assert, assertEquals } from "@std/assert";
import { Directories } from "../../host/wasi/files/directories.ts";
import { Descriptor } from "../../host/wasi/filesystem.ts";
import { fsErrorCode } from "../../host/wasi/files/fs_errors.ts";
import { MAX_DESCRIPTORS } from "../../host/wasi/base/limits.ts";
import { usesDescriptors } from "../../host/wasi/files/node_walks.ts";
import { type Any, bad, good, interfacesOf, isErr, withDirectory } from "./support.ts";

const read = { read: true }, rw = { read: true, write: true }, follow = { symlinkFollow: true };

async function preopened(path: string, readOnly = false): Promise<Any> {
  const of = await interfacesOf({ preopens: { "/": { path, readOnly } } });
  return of("filesystem/preopens").getDirectories()[0][0];
}

/** How many descriptors this process has open; `undefined` where nobody tells. */
function open(): number | undefined {
  try {
    return [...Deno.readDirSync("/proc/self/fd")].length;
  } catch {
    return undefined;
  }
}

Deno.test("a guest has a bounded number of files open, with a read-only preopen too", () =>
  withDirectory(async (path) => {
    await Deno.writeTextFile(`${path}/a`, "text");
    const root = await preopened(path, true), other = await preopened(path), files: Any[] = [];
    const openFile = () => root.openAt({}, "a", {}, read);
    for (let i = 0; i < MAX_DESCRIPTORS; i++) files.push(good(openFile()));
    bad(openFile(), "insufficient-memory");
    bad(openFile(), "insufficient-memory");
    // What is open still works, what needs no file too, and so does another guest.
    assertEquals(good(files[0].read(4n, 0n))[0].length, 4);
    assertEquals(good(root.statAt({}, "a")).size, 4n);
    good(other.openAt({}, "a", {}, read))[Symbol.dispose]();
    // A stream keeps its file open, and is no further one.
    const stream = good(files[0].readViaStream(0n));
    files[0][Symbol.dispose]();
    bad(openFile(), "insufficient-memory");
    stream[Symbol.dispose]();
    files[0] = good(openFile());
    bad(openFile(), "insufficient-memory");
    for (const file of files) file[Symbol.dispose]();
    for (let i = 0; i < 2 * MAX_DESCRIPTORS; i++) good(openFile())[Symbol.dispose]();
  }));

Deno.test("an open directory holds no descriptor", () =>
  withDirectory(async (path) => {
    await Deno.mkdir(`${path}/d`);
    const root = await preopened(path), before = open(), directories: Any[] = [];
    for (let i = 0; i < 4 * MAX_DESCRIPTORS; i++) {
      directories.push(good(root.openAt({}, "d", { directory: true }, read)));
    }
    assertEquals(open(), before);
    assertEquals(good(directories.at(-1).stat()).type, "directory");
    for (const directory of directories) directory[Symbol.dispose]();
  }));

/** Everything that takes a path, with whatever answer. */
const operations: readonly ((root: Any, path: string) => unknown)[] = [
  (root, path) => root.openAt(follow, path, {}, read),
  (root, path) => root.openAt({}, path, { create: true }, rw),
  (root, path) => root.openAt({}, path, { create: true, exclusive: true }, rw),
  (root, path) => root.openAt(follow, path, { directory: true }, read),
  (root, path) => root.openAt(follow, path, { truncate: true }, { write: true }),
  (root, path) => root.statAt(follow, path),
  (root, path) => root.metadataHashAt({}, path),
  (root, path) => root.setTimesAt(follow, path, { tag: "now" }, { tag: "no-change" }),
  (root, path) => root.readlinkAt(path),
  (root, path) => root.createDirectoryAt(path),
  (root, path) => root.symlinkAt("to", path),
  (root, path) => root.linkAt({}, "f", root, path),
  (root, path) => root.linkAt({}, path, root, "d/new"),
  (root, path) => root.renameAt(path, root, "d/in/moved"),
  (root, path) => root.renameAt("f", root, path),
  (root, path) => root.unlinkFileAt(path),
  (root, path) => root.removeDirectoryAt(path),
  (root) => root.readDirectory(),
  (root) => root.stat(),
];

const paths = [
  ...[
    "f",
    "f/",
    "f/x",
    "d",
    "d/",
    "d/.",
    "d/..",
    "d/in/../in/../..",
    "..",
    "d/../..",
    "/",
    "",
    "none",
    "none/x",
    "loop",
  ],
  ...[
    "loop/x",
    "out",
    "out/x",
    "link",
    "link/",
    "link/in",
    "link/../f",
    "d/in/x/y",
    "a\0b",
    "x".repeat(300),
    "d/".repeat(3000),
  ],
];

for (const descriptors of usesDescriptors() ? [true, false] : [false]) {
  Deno.test(`no operation leaves a descriptor open, ${descriptors ? "by descriptor" : "by path"}`, () =>
    withDirectory((path) => {
      const directories = new Directories(undefined, descriptors);
      const root = Descriptor.preopen(directories, directories.preopen(path), false) as Any;
      const before = open();
      let failed = 0, done = 0;
      for (const name of paths) {
        for (const operation of operations) {
          for (const [to, at] of [["loop", "loop"], ["..", "out"], ["d", "link"]]) root.symlinkAt(to, at);
          for (const at of ["d", "d/in"]) root.createDirectoryAt(at);
          const made = root.openAt({}, "f", { create: true }, rw);
          if (!isErr(made)) made[Symbol.dispose]();
          const answer = operation(root, name) as Any;
          if (isErr(answer)) failed++;
          else {
            done++;
            answer?.[Symbol.dispose]?.();
          }
        }
      }
      assert(failed > 100 && done > 50, `${failed} failed, ${done} done`);
      assertEquals(open(), before);
      return Promise.resolve();
    }));
}

Deno.test("a process that has no descriptor left tells a guest so", () => {
  for (const code of ["EMFILE", "ENFILE"]) {
    assertEquals(fsErrorCode(Object.assign(new Error(code), { code })), "insufficient-memory");
  }
});

Deno.test("with some of Deno's permissions only, files are used by their paths", () =>
  withDirectory(async (path) => {
    const wasi = import.meta.resolve("../../host/wasi/mod.ts"),
      walks = import.meta.resolve("../../host/wasi/files/node_walks.ts");
    const program = `
      import { wasi } from ${JSON.stringify(wasi)};
      import { usesDescriptors } from ${JSON.stringify(walks)};
      const imports = await wasi({ preopens: { "/": ${JSON.stringify(path)} } });
      const [[root]] = imports["wasi:filesystem/preopens@0.2.6"].getDirectories();
      root.createDirectoryAt("d");
      const file = root.openAt({}, "d/f", { create: true }, { read: true, write: true });
      file.write(new TextEncoder().encode("text"), 0n);
      console.log(usesDescriptors(), root.statAt({}, "d/f").size, root.statAt({}, "../x").val);
    `;
    await Deno.writeTextFile(`${path}/program.ts`, program);
    for (
      const permissions of [["--allow-read", "--allow-write"], [`--allow-read=${path}`, `--allow-write=${path}`], [
        "-A",
      ]]
    ) {
      const args = ["run", "--no-check", "--no-prompt", ...permissions, `${path}/program.ts`];
      const { stdout, stderr } = await new Deno.Command(Deno.execPath(), { args }).output();
      const [said, told] = [stdout, stderr].map((bytes) => new TextDecoder().decode(bytes).trim());
      assertEquals(said, `${permissions[0] === "-A" && usesDescriptors()} 4n not-permitted`, told);
    }
  }));
