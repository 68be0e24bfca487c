// File systems of a program's own: what they give the host, their bounds, what is refused, what is lost.

import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { features } from "@windlass/component";
import { directoryHandle, type FileSystem, memoryFileSystem, run, wasi } from "@windlass/component/wasi";
import { codeOf, drop, systems } from "./grounds.ts";
import { guest } from "./guests.ts";
import { FakeDirectory, type Moves } from "./handles.ts";
import { type Any, good, interfacesOf, text, utf8 } from "./support.ts";

const create = { create: true }, rw = { read: true, write: true };
const fails = async (answer: unknown, ...codes: string[]): Promise<void> => {
  const code = codeOf(await answer) ?? "it worked";
  assert(codes.includes(code), `expected ${codes.join(" or ")}, found ${code}`);
};

Deno.test("a file that is open outlives its name, in memory", async () => {
  const files = memoryFileSystem({ a: "text" });
  const of = await interfacesOf({ preopens: { "/": files } }), [[root]] = of("filesystem/preopens").getDirectories();
  const file = good(root.openAt({}, "a", {}, rw));
  good(root.unlinkFileAt("a"));
  assertEquals(text(good(file.read(9n, 0n))[0]), "text");
  good(file.write(utf8("x"), 4n));
  assertEquals(good(file.stat()).size, 5n);
  assertEquals(files.read("a"), undefined);
});

Deno.test("a browser's file that is open is neither removed nor moved", async () => {
  const of = await interfacesOf({ preopens: { "/": directoryHandle(new FakeDirectory()) } });
  const [[root]] = of("filesystem/preopens").getDirectories(), file = good(await root.openAt({}, "a", create, rw));
  await fails(root.unlinkFileAt("a"), "busy");
  await fails(root.renameAt("a", root, "b"), "busy");
  drop(file);
  good(await root.renameAt("a", root, "b"));
  good(await root.unlinkFileAt("b"));
});

Deno.test("two at once: one makes a name that must be new; what is being moved is not opened meanwhile", async () => {
  const files = directoryHandle(new FakeDirectory());
  const outcomes = async (...all: unknown[]): Promise<string[]> =>
    (await Promise.allSettled(all)).map(({ status }) => status).sort();
  const mode = {
    read: true,
    write: true,
    create: true,
    exclusive: true,
    truncate: false,
    sync: false,
    dataSync: false,
  };
  assertEquals(await outcomes(files.open("x", mode), files.open("x", mode)), ["fulfilled", "rejected"]);
  assertEquals(await outcomes(files.makeDirectory("d"), files.makeDirectory("d")), ["fulfilled", "rejected"]);
  await (await files.open("a", mode)).close();
  const [, opened] = await Promise.allSettled([files.rename("a", "b"), files.open("a", { ...mode, create: false })]);
  assertEquals([opened.status, (await files.stat("b"))?.type, await files.stat("a")], [
    "rejected",
    "regular-file",
    undefined,
  ]);
});

Deno.test("a browser's file is moved over another one, which is kept if that fails", async () => {
  for (const replaces of [true, false]) {
    const moves: Moves = { replaces }, files = directoryHandle(new FakeDirectory("", moves));
    const mode = {
      read: true,
      write: true,
      create: true,
      exclusive: false,
      truncate: false,
      sync: false,
      dataSync: false,
    };
    const contents = async (name: string): Promise<string> => {
      const file = await files.open(name, { ...mode, create: false }), bytes = new Uint8Array(9);
      const length = await file.read(bytes, 0);
      await file.close();
      return text(bytes.subarray(0, length));
    };
    for (const name of ["a", "b"]) {
      const file = await files.open(name, mode);
      await file.write(utf8(name), 0);
      await file.close();
    }
    moves.failure = "QuotaExceededError";
    await assertRejects(async () => await files.rename("a", "b"));
    assertEquals([await contents("a"), await contents("b")], ["a", "b"]);
    moves.failure = undefined;
    await files.rename("a", "b");
    assertEquals([await contents("b"), [...await files.entries("")].length], ["a", 1]);
  }
});

Deno.test("the host sees what is in memory", () => {
  const bytes = Uint8Array.of(1, 2, 3);
  const files = memoryFileSystem({ "a.txt": "über", b: bytes, d: { e: { "f": "" }, "__proto__x": "y" } });
  bytes[0] = 9; // it was copied
  assertEquals(text(files.read("a.txt")!), "über");
  assertEquals(files.read("/b"), Uint8Array.of(1, 2, 3));
  files.read("b")!.fill(0);
  assertEquals(files.read("d/../b"), Uint8Array.of(1, 2, 3));
  assertEquals([files.list(""), files.list("/"), files.list("d"), files.list("/d/e/")], [
    ["a.txt", "b", "d"],
    ["a.txt", "b", "d"],
    ["e", "__proto__x"],
    ["f"],
  ]);
  files.symbolicLink!("d/e/f", "link");
  assertEquals([
    files.read("link")?.length,
    files.read("d"),
    files.read("no"),
    files.read("no/x"),
    files.read("../a.txt"),
  ], [
    0,
    undefined,
    undefined,
    undefined,
    undefined,
  ]);
  for (const path of ["a.txt", "no", "d/no", "../d"]) assertThrows(() => files.list(path), Error);
});

Deno.test("what is no tree of files is refused", () => {
  const wrong = (files: unknown, words: string): unknown =>
    assertThrows(() => memoryFileSystem(files as Any), TypeError, words);
  wrong("text", "takes names and contents");
  wrong(new Uint8Array(), "takes names and contents");
  for (const name of ["", ".", "..", "a/b", "a\0"]) wrong({ d: { [name]: "x" } }, "is no name of a file");
  wrong({ d: { n: 5 } }, "d/n must be bytes, a string or a folder, found 5");
  wrong({ a: [1] }, "a must be bytes");
  wrong({ a: new Uint16Array(1) }, "a must be bytes");
  const cycle: Any = {};
  cycle.cycle = cycle;
  wrong(cycle, "folders within each other");
  for (const handle of [undefined, {}, { kind: "file" }, "/tmp"]) {
    assertThrows(() => directoryHandle(handle), TypeError, "takes a FileSystemDirectoryHandle");
  }
});

Deno.test("preopens that are none of these are refused, and say what would be one", async () => {
  const wrong = (preopen: unknown, words: string): Promise<unknown> =>
    assertRejects(() => wasi({ preopens: { "/x": preopen as Any } }), TypeError, words);
  const files = memoryFileSystem();
  await wrong(5, "preopens./x must be a path, a file system or an object with one, found 5");
  await wrong({ fileSystem: "/tmp" }, "preopens./x.fileSystem must be a path, a file system");
  await wrong({ fileSystem: files, readonly: true }, "readOnly");
  await wrong({ fileSystem: { ...files, open: 5 } }, "one without `open`");
  await wrong({ ...files, link: 5 }, "one whose `link` is 5");
  await wrong({ path: files }, "preopens./x must be a string");
  await wrong({ readOnly: true }, "preopens./x must be a string");
});

Deno.test("files in memory have bounds: a sparse write takes none, names are not without end", async () => {
  const files = memoryFileSystem(), of = await interfacesOf({ preopens: { "/": files } });
  const [[root]] = of("filesystem/preopens").getDirectories(), file = good(root.openAt({}, "a", create, rw));
  const codes = ["file-too-large", "insufficient-space"];
  await fails(file.write(utf8("x"), 1n << 40n), ...codes);
  await fails(file.setSize(1n << 40n), ...codes);
  await fails(file.setSize(BigInt(Number.MAX_SAFE_INTEGER)), ...codes);
  assertEquals(good(file.stat()).size, 0n);
  await fails(root.createDirectoryAt("x".repeat(256)), "name-too-long");
  await fails(root.symlinkAt("x".repeat(5000), "link"), "name-too-long");
  let made = 0;
  try {
    for (;; made++) files.link!("a", `h${made}`);
  } catch (error) {
    assertEquals((error as { code?: string }).code, "ENOSPC");
  }
  assertEquals(made, 2 ** 18 - 1);
});

Deno.test("a read-only file system is not changed", async () => {
  const files = memoryFileSystem({ d: { a: "text" } });
  const of = await interfacesOf({ preopens: { "/": { fileSystem: files, readOnly: true } } });
  const [[root]] = of("filesystem/preopens").getDirectories();
  for (
    const refused of [
      root.openAt({}, "d/a", {}, rw),
      root.openAt({}, "new", create, { read: true }),
      root.createDirectoryAt("new"),
      root.unlinkFileAt("d/a"),
      root.renameAt("d/a", root, "b"),
      root.symlinkAt("a", "b"),
      root.setTimesAt({}, "d/a", { tag: "now" }, { tag: "now" }),
    ]
  ) await fails(refused, "not-permitted");
  assertEquals(text(good(good(root.openAt({}, "d/a", {}, { read: true })).read(9n, 0n))[0]), "text");
});

Deno.test("nothing is moved or linked from one file system to another; two preopens may be one", async () => {
  const files = memoryFileSystem({ a: "text" });
  const of = await interfacesOf({ preopens: { "/": files, "/again": files, "/other": memoryFileSystem({ a: "" }) } });
  const [[one], [same], [other]] = of("filesystem/preopens").getDirectories();
  await fails(one.renameAt("a", other, "b"), "cross-device");
  await fails(one.linkAt({}, "a", other, "b"), "cross-device");
  assertEquals([one.isSameObject(same), one.isSameObject(other)], [true, false]);
  good(one.renameAt("a", same, "b"));
  assertEquals(files.list(""), ["b"]);
});

/** Wraps a file system, so that it does something else. */
const changed = (files: FileSystem, change: Partial<FileSystem>): FileSystem => ({ ...files, ...change });

Deno.test("what a file system of a program's own does wrong ends nothing but its operation", async () => {
  const inner = memoryFileSystem({ a: "text", d: {} });
  let wrote = 0;
  const other = changed(inner, {
    readLink: () => "",
    entries: () => [new Error("unreadable"), { name: "a", type: "regular-file" }],
    stat: (path) => path === "link" ? { type: "symbolic-link", size: 0n, id: 99n } : inner.stat(path),
    open: (path, mode) => {
      const file = inner.open(path, mode) as Any;
      return { stat: () => file.stat(), read: () => 0, write: () => wrote, setSize() {}, close() {} };
    },
    makeDirectory: () => {
      throw "a string";
    },
  });
  const of = await interfacesOf({ preopens: { "/": other } }), [[root]] = of("filesystem/preopens").getDirectories();
  await fails(root.statAt({ symlinkFollow: true }, "link"), "io");
  await fails(root.createDirectoryAt("x"), "io");
  const file = good(root.openAt({}, "a", {}, rw));
  await fails(file.write(utf8("x"), 0n), "io"); // it would be tried for ever
  wrote = 9;
  await fails(file.write(utf8("x"), 0n), "io"); // it cannot be
  await fails(file.setTimes({ tag: "now" }, { tag: "now" }), "not-permitted");
  const list = good(root.readDirectory());
  await fails(list.readDirectoryEntry(), "io");
  assertEquals(good(list.readDirectoryEntry()).name, "a");
});

for (const [name, make] of Object.entries(systems)) {
  Deno.test({
    name: `a command of C's reads files: ${name}`,
    ignore: name !== "in memory" && !features.jspi,
    fn: async () => {
      const files = await make();
      const mode = { read: false, write: true, create: true, exclusive: false, truncate: false };
      const file = await files.open("poem.txt", { ...mode, sync: false, dataSync: false });
      await file.write(utf8("a line\nanother\n"), 0);
      await file.close();
      const options = { args: ["count", "poem.txt"], preopens: { "/": files }, stdout: "capture" } as const;
      const { exitCode, stdout } = await run(guest("count"), options);
      assertEquals([exitCode, text(stdout!).trim().split(/\s+/)], [0, ["2", "15", "poem.txt"]]);
    },
  });
}

Deno.test("`run` rejects if what a guest wrote could not be kept", async () => {
  const inner = memoryFileSystem();
  const lost = changed(inner, {
    open: async (path, mode) => ({
      ...wrap(await inner.open(path, mode)),
      close: () => Promise.reject(new Error("disk full")),
    }),
  });
  const wrap = (file: Any): Any => ({
    stat: () => file.stat(),
    read: (into: Uint8Array, at: number) => file.read(into, at),
    write: (bytes: Uint8Array, at: number) => file.write(bytes, at),
    setSize: (size: number) => file.setSize(size),
  });
  const of = await interfacesOf({ preopens: { "/": lost } }), [[root]] = of("filesystem/preopens").getDirectories();
  drop(good(await root.openAt({}, "a", create, rw)));
  if (!features.jspi) return;
  await assertRejects(
    () => run(guest("count"), { args: ["count", "a"], preopens: { "/": changed(lost, {}) } }),
    Error,
    "disk full",
  );
});
