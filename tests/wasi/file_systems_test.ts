// What files do, over everything that a preopen may stand on and in both versions of WASI; and file
// systems of a program's own: what they give the host, their bounds, what is refused.

import { assert, assertEquals, assertNotEquals, assertRejects, assertThrows } from "@std/assert";
import { features } from "@windlass/component";
import { directoryHandle, type FileSystem, memoryFileSystem, run, wasi } from "@windlass/component/wasi";
import { codeOf, drop, faces, type Ground, grounds, type Kind, systems } from "./grounds.ts";
import { guest } from "./guests.ts";
import { FakeDirectory, type Moves } from "./handles.ts";
import { type Any, good, interfacesOf, text, utf8 } from "./support.ts";

const create = { create: true }, rw = { read: true, write: true };
const directory = { directory: true }, changing = { read: true, mutateDirectory: true };
const fails = async (answer: unknown, ...codes: string[]): Promise<void> => {
  const code = codeOf(await answer) ?? "it worked";
  assert(codes.includes(code), `expected ${codes.join(" or ")}, found ${code}`);
};
const worked = async (answer: unknown): Promise<Any> => good(await answer);
/** The type of something in either version. */
const typeOf = (type: Any): string => type.tag ?? type;

/** One version of WASI: how its streams are read and written, and its directories listed. */
interface Streams {
  readonly version: string;
  read(file: Any, from: bigint): Promise<string>;
  write(file: Any, from: bigint | null, ...parts: string[]): Promise<void>;
  list(directory: Any): Promise<string[]>;
}

const of02: Streams = {
  version: "0.2",
  async read(file, from) {
    const input = good(file.readViaStream(from));
    let found = "";
    for (let part; (part = await input.blockingRead(4n)) instanceof Uint8Array;) found += text(part);
    drop(input);
    return found;
  },
  async write(file, from, ...parts) {
    const out = good(from === null ? file.appendViaStream() : file.writeViaStream(from));
    for (const bytes of parts.map(utf8)) {
      for (let at = 0; at < bytes.length; at += 4096) {
        good(await out.blockingWriteAndFlush(bytes.subarray(at, at + 4096)));
      }
    }
    drop(out);
  },
  async list(directory) {
    const list = await worked(directory.readDirectory()), found: string[] = [];
    for (let entry; (entry = good(list.readDirectoryEntry())) !== undefined;) found.push(`${entry.name} ${entry.type}`);
    return found.sort();
  },
};

const of03: Streams = {
  version: "0.3",
  async read(file, from) {
    const [bytes, ended] = file.readViaStream(from);
    let found = "";
    for await (const part of bytes) found += text(part);
    assertEquals((await ended).tag, "ok");
    return found;
  },
  async write(file, from, ...parts) {
    const stream = new ReadableStream({
      start(controller) {
        for (const part of parts) controller.enqueue(utf8(part));
        controller.close();
      },
    });
    const ended = await (from === null ? file.appendViaStream(stream) : file.writeViaStream(stream, from));
    assertEquals(ended.tag, "ok");
  },
  async list(directory) {
    const [entries, ended] = directory.readDirectory(), found: string[] = [];
    for await (const { name, type } of entries) found.push(`${name} ${typeOf(type)}`);
    assertEquals((await ended).tag, "ok");
    return found.sort();
  },
};

function overEach(name: string, use: (root: Any, streams: Streams, ground: Ground, kind: Kind) => Promise<void>): void {
  for (const kind of grounds) {
    for (const streams of [of02, of03]) {
      Deno.test(`${name}: ${kind.name}, WASI ${streams.version}`, () =>
        kind.use(async (ground) => use(faces[streams.version]!(await ground.open(".")), streams, ground, kind)));
    }
  }
}

overEach("a file is made, written, read, measured, cut off and removed", async (root, { read, write }, ground) => {
  const file = await worked(root.openAt({}, "a.txt", create, rw));
  await write(file, 0n, "hello ", "world");
  assertEquals(await read(file, 6n), "world");
  assertEquals(await read(file, 600n), "");
  await write(file, null, "!");
  await write(file, 14n, "?");
  assertEquals(await read(file, 0n), "hello world!\0\0?");
  const stat = await worked(file.stat());
  assertEquals([typeOf(stat.type), stat.size, stat.linkCount], ["regular-file", 15n, 1n]);
  assertEquals(typeOf(await worked(file.getType())), "regular-file");
  await worked(file.setSize(4n));
  await worked(file.setSize(6n));
  assertEquals(await read(file, 0n), "hell\0\0");
  await worked(file.syncData());
  await worked(file.sync());
  assert((await worked(root.statAt({}, "a.txt"))).dataModificationTimestamp.seconds > 1_700_000_000n);
  drop(file);
  await worked(root.statAt({}, "a.txt"));
  assertEquals(await ground.picture(), [". directory", "a.txt file 6"]);
  await worked(root.unlinkFileAt("a.txt"));
  await fails(root.statAt({}, "a.txt"), "no-entry");
});

overEach("several have one file open: each sees what the others wrote", async (root, { read, write }) => {
  const one = await worked(root.openAt({}, "a", create, rw));
  const two = await worked(root.openAt({}, "a", {}, rw)),
    reader = await worked(root.openAt({}, "a", {}, { read: true }));
  await write(one, 0n, "one");
  assertEquals(await read(reader, 0n), "one");
  await write(two, null, "two");
  drop(one);
  assertEquals(await read(reader, 0n), "onetwo");
  drop(two);
  drop(reader);
  const again = await worked(root.openAt({}, "a", { truncate: true }, rw));
  assertEquals((await worked(again.stat())).size, 0n);
  await write(again, 0n, "x".repeat(100_000));
  drop(again);
  const last = await worked(root.openAt({}, "a", {}, { read: true }));
  assertEquals((await read(last, 0n)).length, 100_000);
  drop(last);
});

overEach("directories are made, listed, and removed when they are empty", async (root, { list }) => {
  await worked(root.createDirectoryAt("d"));
  await worked(root.createDirectoryAt("d/e/"));
  await fails(root.createDirectoryAt("d"), "exist");
  await fails(root.createDirectoryAt("."), "exist");
  await fails(root.createDirectoryAt("no/e"), "no-entry");
  drop(await worked(root.openAt({}, "d/f", create, rw)));
  const d = await worked(root.openAt({}, "d", directory, changing));
  assertEquals(await list(d), ["e directory", "f regular-file"]);
  assertEquals(await list(root), ["d directory"]);
  await fails(root.removeDirectoryAt("d"), "not-empty");
  await fails(root.removeDirectoryAt("d/f"), "not-directory");
  await fails(root.unlinkFileAt("d/e"), "is-directory");
  await fails(root.removeDirectoryAt("."), "invalid");
  await fails(root.renameAt(".", root, "x"), "busy");
  await worked(d.removeDirectoryAt("e"));
  assertEquals(await list(d), ["f regular-file"]);
  drop(d);
  await worked(root.unlinkFileAt("d/f"));
  await worked(root.removeDirectoryAt("d"));
  assertEquals(await list(root), []);
});

overEach("files are moved, over what is there", async (root, { list, read, write }, ground) => {
  for (const name of ["a", "b"]) {
    const file = await worked(root.openAt({}, name, create, rw));
    await write(file, 0n, name);
    drop(file);
  }
  await ground.folder("d");
  await worked(root.renameAt("a", root, "d/c"));
  await worked(root.renameAt("b", root, "d/c"));
  await fails(root.renameAt("a", root, "x"), "no-entry");
  await fails(root.renameAt("d/c", root, "d"), "not-empty");
  await ground.folder("e");
  await fails(root.renameAt("d/c", root, "e"), "is-directory");
  assertEquals(await list(root), ["d directory", "e directory"]);
  const file = await worked(root.openAt({}, "d/c", {}, { read: true }));
  assertEquals(await read(file, 0n), "b");
  drop(file);
});

overEach("an open directory that the guest moves is still what it was", async (root, _, __, kind) => {
  await worked(root.createDirectoryAt("a"));
  await worked(root.createDirectoryAt("a/b"));
  const inner = await worked(root.openAt({}, "a/b", {}, changing));
  if (!kind.hasLinks) return await fails(root.renameAt("a", root, "c"), "cross-device");
  await worked(root.renameAt("a", root, "c"));
  drop(await worked(inner.openAt({}, "file", create, rw)));
  assertEquals(typeOf((await worked(root.statAt({}, "c/b/file"))).type), "regular-file");
  await fails(root.renameAt("c", root, "c/b/c"), "invalid");
  await fails(inner.openAt({}, "../c", {}, { read: true }), "not-permitted");
});

overEach("open flags", async (root) => {
  await fails(root.openAt({}, "a", {}, rw), "no-entry");
  drop(await worked(root.openAt({}, "a", create, rw)));
  await fails(root.openAt({}, "a", { create: true, exclusive: true }, rw), "exist");
  await fails(root.openAt({}, "a", directory, { read: true }), "not-directory");
  await fails(root.openAt({}, "a/", {}, { read: true }), "not-directory");
  await fails(root.openAt({}, "b/", create, rw), "is-directory");
  await fails(root.openAt({}, ".", {}, rw), "is-directory");
  await fails(root.openAt({}, "a/b", create, rw), "not-directory");
  await fails(root.openAt({}, "", create, rw), "no-entry");
  await fails(root.openAt({}, "d", { create: true, directory: true }, rw), "invalid");
  const reader = await worked(root.openAt({}, "a", {}, { read: true }));
  await fails(reader.setSize(0n), "invalid", "bad-descriptor");
  await fails(root.statAt({}, "./".repeat(200_000)), "name-too-long");
  drop(reader);
});

overEach("identity and hashes", async (root, { write }) => {
  const a = await worked(root.openAt({}, "a", create, rw)),
    again = await worked(root.openAt({}, "a", {}, { read: true }));
  const b = await worked(root.openAt({}, "b", create, rw)),
    self = await worked(root.openAt({}, ".", {}, { read: true }));
  assertEquals([a.isSameObject(again), a.isSameObject(b), a.isSameObject(root)], [true, false, false]);
  assertEquals(root.isSameObject(self), true);
  const before = await worked(a.metadataHash());
  assertEquals(before, await worked(root.metadataHashAt({}, "a")));
  assertNotEquals(before, await worked(b.metadataHash()));
  await write(a, 0n, "more"); // C libraries take it for the inode's number, which a write leaves
  assertEquals(await worked(a.metadataHash()), before);
  for (const each of [a, again, b, self]) drop(each);
});

overEach("links and times, where there are any", async (root, _, ground, { hasLinks }) => {
  drop(await worked(root.openAt({}, "a", create, rw)));
  const five = { tag: "timestamp", val: { seconds: 5n, nanoseconds: 500_000_000 } };
  if (!hasLinks) {
    for (
      const refused of [
        root.symlinkAt("a", "link"),
        root.linkAt({}, "a", root, "hard"),
        root.setTimesAt({}, "a", five, five),
      ]
    ) await fails(refused, "not-permitted");
    return await fails(root.readlinkAt("a"), "invalid");
  }
  await worked(root.symlinkAt("a", "link"));
  assertEquals(await worked(root.readlinkAt("link")), "a");
  await fails(root.openAt({}, "link", {}, { read: true }), "loop");
  drop(await worked(root.openAt({ symlinkFollow: true }, "link", {}, { read: true })));
  await worked(root.linkAt({}, "a", root, "hard"));
  assertEquals(await ground.links("a"), 2n);
  await worked(root.unlinkFileAt("a"));
  assertEquals(await ground.links("hard"), 1n);
  await worked(root.setTimesAt({}, "hard", { tag: "no-change" }, five));
  assertEquals((await worked(root.statAt({}, "hard"))).dataModificationTimestamp.seconds, 5n);
  await worked(root.symlinkAt("loop2", "loop1"));
  await worked(root.symlinkAt("loop1", "loop2"));
  await fails(root.statAt({ symlinkFollow: true }, "loop1"), "loop");
});

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
  const other = changed(inner, {
    readLink: () => "",
    entries: () => [new Error("unreadable"), { name: "a", type: "regular-file" }],
    stat: (path) => path === "link" ? { type: "symbolic-link", size: 0n, id: 99n } : inner.stat(path),
    open: (path, mode) => {
      const file = inner.open(path, mode) as Any;
      return { stat: () => file.stat(), read: () => 0, write: () => 0, setSize() {}, close() {} };
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
