// Files within preopens: what works, what is refused and how. The table of escapes is
// escapes_test.ts.

import { assert, assertEquals, assertNotEquals, assertRejects, assertThrows } from "@std/assert";
import { Trap } from "@windlass/component";
import { type Any, bad, good, interfacesOf, text, utf8, withDirectory } from "./support.ts";

async function preopened(path: string, readOnly = false): Promise<Any> {
  const of = await interfacesOf({ preopens: { "/": readOnly ? { path, readOnly } : path } });
  const [[directory, name]] = of("filesystem/preopens").getDirectories();
  assertEquals(name, "/");
  return directory;
}

const create = { create: true }, rw = { read: true, write: true };

Deno.test("no preopens: nothing is there", async () => {
  const of = await interfacesOf();
  assertEquals(of("filesystem/preopens").getDirectories(), []);
});

Deno.test("a preopen that is no directory is refused at once", async () => {
  await assertRejects(() => interfacesOf({ preopens: { "/": "/nowhere/at/all" } }), Error, "ENOENT");
  await withDirectory(async (path) => {
    await Deno.writeTextFile(`${path}/file`, "");
    await assertRejects(() => interfacesOf({ preopens: { "/": `${path}/file` } }), TypeError, "is not a directory");
  });
});

Deno.test("a file is made, written, read, measured and removed", () =>
  withDirectory(async (path) => {
    const root = await preopened(path);
    const file = good(root.openAt({}, "a.txt", create, rw));
    assertEquals(good(file.write(utf8("hello world"), 0n)), 11n);
    assertEquals(good(file.read(5n, 6n)), [utf8("world"), false]);
    assertEquals(good(file.read(50n, 6n)), [utf8("world"), true]);
    assertEquals(good(file.read(5n, 600n)), [utf8(""), true]);
    assertEquals(good(file.getType()), "regular-file");
    const stat = good(file.stat());
    assertEquals([stat.type, stat.size, stat.linkCount], ["regular-file", 11n, 1n]);
    assert(stat.dataModificationTimestamp.seconds > 1_700_000_000n);
    good(file.setSize(4n));
    assertEquals(await Deno.readTextFile(`${path}/a.txt`), "hell");
    good(file.syncData());
    good(file.sync());
    good(root.sync());
    file[Symbol.dispose]();
    good(root.unlinkFileAt("a.txt"));
    bad(root.statAt({}, "a.txt"), "no-entry");
  }));

Deno.test("streams read from, write to and append at a place, and outlive their descriptor", () =>
  withDirectory(async (path) => {
    const root = await preopened(path);
    const file = good(root.openAt({}, "a.txt", create, rw));
    const out = good(file.writeViaStream(2n)), end = good(file.appendViaStream());
    good(await out.blockingWriteAndFlush(utf8("cdef")));
    good(await end.blockingWriteAndFlush(utf8("ghi")));
    good(await out.blockingWriteAndFlush(utf8("!")));
    const input = good(file.readViaStream(3n));
    file[Symbol.dispose]();
    assertEquals(text(good(input.read(3n))), "def");
    assertEquals(good(input.skip(1n)), 1n);
    assertEquals(text(good(await input.blockingRead(100n))), "hi");
    bad(input.read(1n), { tag: "closed" });
    for (const stream of [out, end, input]) stream[Symbol.dispose]();
    assertEquals(await Deno.readTextFile(`${path}/a.txt`), "\0\0cdef!hi");
  }));

Deno.test("a failing stream says why, in the code of the file system", () =>
  withDirectory(async (path) => {
    const of = await interfacesOf({ preopens: { "/": path } });
    const [[root]] = of("filesystem/preopens").getDirectories();
    const file = good(root.openAt({}, "a", create, rw));
    const out = good(file.writeViaStream(BigInt(Number.MAX_SAFE_INTEGER)));
    const { val: { tag, val: error } } = await out.blockingWriteAndFlush(utf8("x"));
    assertEquals(tag, "last-operation-failed");
    assert(["file-too-large", "invalid"].includes(of("filesystem/types").filesystemErrorCode(error)));
    assert(error.toDebugString().length > 0);
    bad(out.checkWrite(), { tag: "closed" });
    bad(file.readViaStream(1n << 60n), "overflow");
    bad(file.write(utf8("x"), 1n << 60n), "overflow");
  }));

Deno.test("directories are made, listed, renamed and removed", () =>
  withDirectory(async (path) => {
    const root = await preopened(path);
    good(root.createDirectoryAt("d"));
    good(root.createDirectoryAt("d/e/"));
    bad(root.createDirectoryAt("d"), "exist");
    bad(root.createDirectoryAt("."), "exist");
    good(root.symlinkAt("e", "d/link"));
    good(root.openAt({}, "d/f", create, rw))[Symbol.dispose]();
    const list = good(good(root.openAt({}, "d", { directory: true }, { read: true })).readDirectory());
    const entries = [];
    for (let entry; (entry = good(list.readDirectoryEntry())) !== undefined;) {
      entries.push(`${entry.name} ${entry.type}`);
    }
    assertEquals(entries.sort(), ["e directory", "f regular-file", "link symbolic-link"]);
    bad(root.removeDirectoryAt("d"), "not-empty");
    bad(root.removeDirectoryAt("d/f"), "not-directory");
    bad(root.unlinkFileAt("d/e"), "is-directory");
    bad(root.removeDirectoryAt("."), "invalid");
    bad(root.renameAt(".", root, "x"), "busy");
    good(root.renameAt("d/e", root, "g"));
    assertEquals(good(root.statAt({}, "g")).type, "directory");
    bad(root.statAt({ symlinkFollow: true }, "d/link"), "no-entry");
    good(root.removeDirectoryAt("g"));
  }));

Deno.test("an open directory that the guest renames is still what it was", () =>
  withDirectory(async (path) => {
    const root = await preopened(path);
    good(root.createDirectoryAt("a"));
    good(root.createDirectoryAt("a/b"));
    const inner = good(root.openAt({}, "a/b", {}, { read: true }));
    good(root.renameAt("a", root, "c"));
    good(inner.openAt({}, "file", create, rw))[Symbol.dispose]();
    assertEquals(good(root.statAt({}, "c/b/file")).type, "regular-file");
    good(root.renameAt("c/b", root, "z"));
    assertEquals(good(inner.statAt({}, "file")).type, "regular-file");
    bad(inner.openAt({}, "../c", {}, { read: true }), "not-permitted");
  }));

Deno.test("open flags", () =>
  withDirectory(async (path) => {
    const root = await preopened(path);
    bad(root.openAt({}, "a", {}, rw), "no-entry");
    good(root.openAt({}, "a", create, rw))[Symbol.dispose]();
    bad(root.openAt({}, "a", { create: true, exclusive: true }, rw), "exist");
    bad(root.openAt({}, "a", { directory: true }, { read: true }), "not-directory");
    bad(root.openAt({}, "a/", {}, { read: true }), "not-directory");
    bad(root.openAt({}, "b/", create, rw), "is-directory");
    bad(root.openAt({}, ".", {}, rw), "is-directory");
    bad(root.openAt({}, "a/b", create, rw), "not-directory");
    bad(root.openAt({}, "", create, rw), "no-entry");
    bad(root.openAt({}, "d", { create: true, directory: true }, rw), "invalid");
    await Deno.writeTextFile(`${path}/a`, "text");
    const reader = good(root.openAt({}, "a", {}, { read: true }));
    bad(reader.write(utf8("x"), 0n), "bad-descriptor");
    bad(reader.writeViaStream(0n), "bad-descriptor");
    bad(reader.setSize(0n), "invalid");
    bad(reader.readDirectory(), "not-directory");
    const writer = good(root.openAt({}, "a", {}, { write: true }));
    bad(writer.read(1n, 0n), "bad-descriptor");
    assertEquals(good(writer.getFlags()).write, true);
    good(root.openAt({}, "a", { truncate: true }, { write: true }))[Symbol.dispose]();
    assertEquals(good(reader.stat()).size, 0n);
    bad(root.read(1n, 0n), "bad-descriptor");
    assertEquals(await Deno.stat(`${path}/b`).catch(() => "absent"), "absent");
  }));

Deno.test("links: followed where asked, read, never to an absolute path", () =>
  withDirectory(async (path) => {
    const root = await preopened(path);
    await Deno.writeTextFile(`${path}/a`, "text");
    good(root.symlinkAt("a", "link"));
    assertEquals(good(root.readlinkAt("link")), "a");
    bad(root.readlinkAt("a"), "invalid");
    assertEquals(good(root.statAt({}, "link")).type, "symbolic-link");
    assertEquals(good(root.statAt({ symlinkFollow: true }, "link")).type, "regular-file");
    bad(root.openAt({}, "link", {}, { read: true }), "loop");
    good(root.openAt({ symlinkFollow: true }, "link", {}, { read: true }))[Symbol.dispose]();
    bad(root.symlinkAt("a", "link"), "exist");
    bad(root.symlinkAt("/etc/passwd", "abs"), "not-permitted");
    good(root.symlinkAt("loop2", "loop1"));
    good(root.symlinkAt("loop1", "loop2"));
    bad(root.statAt({ symlinkFollow: true }, "loop1"), "loop");
    good(root.linkAt({}, "a", root, "hard"));
    assertEquals(good(root.statAt({}, "hard")).linkCount, 2n);
    good(root.linkAt({}, "link", root, "hard2")); // the link itself, not what it leads to
    assertEquals(good(root.statAt({}, "hard2")).type, "symbolic-link");
    bad(root.linkAt({ symlinkFollow: true }, "link", root, "hard3"), "invalid");
    // A link that leads to nothing yet is where the file is made.
    good(root.symlinkAt("later", "dangling"));
    good(root.openAt({ symlinkFollow: true }, "dangling", create, rw))[Symbol.dispose]();
    assertEquals(good(root.statAt({}, "later")).type, "regular-file");
  }));

Deno.test("times are set and kept", () =>
  withDirectory(async (path) => {
    const root = await preopened(path);
    const file = good(root.openAt({}, "a", create, rw));
    const at = (seconds: bigint) => ({ tag: "timestamp", val: { seconds, nanoseconds: 500_000_000 } });
    good(file.setTimes(at(1000n), at(2000n)));
    const { dataAccessTimestamp, dataModificationTimestamp } = good(file.stat());
    assertEquals([dataAccessTimestamp.seconds, dataModificationTimestamp], [1000n, at(2000n).val]);
    good(root.setTimesAt({}, "a", { tag: "no-change" }, at(3000n)));
    assertEquals(good(file.stat()).dataAccessTimestamp.seconds, 1000n);
    assertEquals(good(file.stat()).dataModificationTimestamp.seconds, 3000n);
    good(file.setTimes({ tag: "now" }, { tag: "no-change" }));
    assert(good(file.stat()).dataAccessTimestamp.seconds > 1_700_000_000n);
    bad(file.setTimes(at(1n << 60n), { tag: "now" }), "invalid");
  }));

Deno.test("identity and hashes", () =>
  withDirectory(async (path) => {
    const root = await preopened(path);
    const a = good(root.openAt({}, "a", create, rw)), again = good(root.openAt({}, "a", {}, { read: true }));
    const b = good(root.openAt({}, "b", create, rw));
    assertEquals([a.isSameObject(again), a.isSameObject(b), a.isSameObject(root)], [true, false, false]);
    assertEquals(good(a.metadataHash()), good(root.metadataHashAt({}, "a")));
    assertNotEquals(good(a.metadataHash()), good(b.metadataHash()));
    // C libraries take it for the number of the inode, which a write does not change.
    const before = good(a.metadataHash());
    a.write(utf8("more"), 0n);
    assertEquals(good(a.metadataHash()), before);
  }));

Deno.test("a read-only preopen changes nothing", () =>
  withDirectory(async (path) => {
    await Deno.mkdir(`${path}/d`);
    await Deno.writeTextFile(`${path}/d/a`, "text");
    const root = await preopened(path, true);
    const inner = good(root.openAt({}, "d", { directory: true }, { read: true, mutateDirectory: true }));
    for (const [directory, a] of [[root, "d/a"], [inner, "a"]]) {
      const refusals = [
        directory.openAt({}, a, {}, rw),
        directory.openAt({}, a, { truncate: true }, { read: true }),
        directory.openAt({}, "new", create, { read: true }),
        directory.createDirectoryAt("new"),
        directory.unlinkFileAt(a),
        directory.removeDirectoryAt("d"),
        directory.renameAt(a, directory, "b"),
        directory.symlinkAt("a", "b"),
        directory.linkAt({}, a, directory, "b"),
        directory.setTimesAt({}, a, { tag: "now" }, { tag: "now" }),
        directory.setTimes({ tag: "now" }, { tag: "now" }),
      ];
      for (const refusal of refusals) bad(refusal, "not-permitted");
      assertEquals(text(good(good(directory.openAt({}, a, {}, { read: true })).read(9n, 0n))[0]), "text");
    }
  }));

Deno.test("a directory that somebody else moves away is gone for its descriptor", () =>
  withDirectory(async (path) => {
    const root = await preopened(path);
    good(root.createDirectoryAt("a"));
    const inner = good(root.openAt({}, "a", {}, { read: true }));
    await Deno.rename(`${path}/a`, `${path}/b`);
    bad(inner.statAt({}, "x"), "no-entry");
    bad(inner.stat(), "no-entry");
    await Deno.mkdir(`${path}/a`); // another one in its place
    bad(inner.openAt({}, "x", create, rw), "no-entry");
  }));

Deno.test("writing beyond the permit is a trap, not the end of the process", () =>
  withDirectory(async (path) => {
    const root = await preopened(path);
    const out = good(good(root.openAt({}, "a", create, rw)).writeViaStream(0n));
    const misuses = [
      () => out.write(utf8("x")),
      () => out.writeZeroes(1n),
      () => out.writeZeroes((1n << 64n) - 1n),
      () => out.blockingWriteAndFlush(new Uint8Array(4097)),
      () => out.blockingWriteZeroesAndFlush(1n << 40n),
    ];
    for (const misuse of misuses) assertEquals(assertThrows(misuse, Trap).code, "interface-rule");
    const permit = good(out.checkWrite());
    assert(permit > 0n);
    good(out.write(utf8("ab")));
    good(out.writeZeroes(2n));
    good(await out.blockingWriteZeroesAndFlush(4096n));
    assertEquals((await Deno.readFile(`${path}/a`)).length, 4100);
  }));

Deno.test("no file stays open that a guest let go of, nor one that was not opened", () =>
  withDirectory(async (path) => {
    const root = await preopened(path);
    await Deno.writeTextFile(`${path}/a`, "text");
    const open = () => {
      try {
        return [...Deno.readDirSync("/proc/self/fd")].length;
      } catch {
        return 0; // not Linux
      }
    };
    const before = open();
    for (let i = 0; i < 20; i++) {
      const file = good(root.openAt({}, "a", {}, rw));
      bad(file.readViaStream(1n << 60n), "overflow");
      bad(file.writeViaStream(1n << 60n), "overflow");
      const [input, out] = [good(file.readViaStream(0n)), good(file.appendViaStream())];
      for (const each of i % 2 === 0 ? [file, input, out] : [out, input, file]) each[Symbol.dispose]();
      bad(root.openAt({}, "a", { directory: true }, rw), "not-directory");
    }
    assertEquals(open(), before);
  }));

Deno.test("a name is made exclusively or is not: a link that leads nowhere is there", () =>
  withDirectory(async (path) => {
    const root = await preopened(path);
    good(root.symlinkAt("target", "dangling"));
    bad(root.openAt({ symlinkFollow: true }, "dangling", { create: true, exclusive: true }, rw), "exist");
    assertEquals([...Deno.readDirSync(path)].map(({ name }) => name), ["dangling"]);
  }));

Deno.test("a slash after a link's name does not make it what it leads to", () =>
  withDirectory(async (path) => {
    const root = await preopened(path);
    good(root.createDirectoryAt("d"));
    good(root.symlinkAt("d", "link"));
    good(root.symlinkAt("nowhere", "dangling"));
    bad(root.removeDirectoryAt("link/"), "not-directory");
    bad(root.renameAt("link/", root, "moved"), "not-directory");
    bad(root.createDirectoryAt("dangling/"), "exist");
    assertEquals(good(root.statAt({}, "link/")).type, "directory");
    assertEquals([...Deno.readDirSync(path)].map(({ name }) => name).sort(), ["d", "dangling", "link"]);
  }));

Deno.test("times of a file that is open for reading; nothing changes where nothing is to; paths have an end", () =>
  withDirectory(async (path) => {
    const root = await preopened(path);
    await Deno.writeTextFile(`${path}/a`, "text");
    const file = good(root.openAt({}, "a", {}, { read: true }));
    good(file.setTimes({ tag: "no-change" }, { tag: "timestamp", val: { seconds: 5n, nanoseconds: 999_999_999 } }));
    const { dataModificationTimestamp } = good(file.stat());
    assertEquals(dataModificationTimestamp.seconds, 5n);
    good(file.setTimes({ tag: "no-change" }, { tag: "no-change" }));
    assertEquals(good(file.stat()).dataModificationTimestamp, dataModificationTimestamp);
    bad(root.statAt({}, "./".repeat(200_000)), "name-too-long");
    const closed = await preopened(path, true);
    bad(good(closed.openAt({}, "a", {}, { read: true })).setTimes({ tag: "now" }, { tag: "now" }), "not-permitted");
  }));
