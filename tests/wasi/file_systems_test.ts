// What files do, over everything that a preopen may stand on and in both versions of WASI.

import { assert, assertEquals, assertNotEquals } from "@std/assert";
import { codeOf, drop, faces, type Ground, grounds, type Kind } from "./grounds.ts";
import { type Any, good, text, utf8 } from "./support.ts";

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
