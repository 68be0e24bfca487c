// What Wasmtime's test programs expect of files (p2_file_*, p1_* with paths), one test for each
// kind of expectation. What the last part of a path means is in last_parts_test.ts.

import { assert, assertEquals } from "@std/assert";
import { linux } from "../../host/wasi/base/platform.ts";
import { type Any, bad, good, interfacesOf, isErr, text, utf8, withDirectory } from "./support.ts";

const read = { read: true }, rw = { read: true, write: true }, create = { create: true };
const CONTENTS = "read only test file\n";

/** A writable directory and a read-only one, which holds a file. */
async function twoDirectories(
  use: (writable: Any, readOnly: Any, path: string) => Promise<void> | void,
): Promise<void> {
  await withDirectory(async (path) => {
    for (const name of ["rw", "ro"]) await Deno.mkdir(`${path}/${name}`);
    await Deno.writeTextFile(`${path}/ro/test.txt`, CONTENTS);
    const of = await interfacesOf({ preopens: { rw: `${path}/rw`, ro: { path: `${path}/ro`, readOnly: true } } });
    const [[writable], [readOnly]] = of("filesystem/preopens").getDirectories();
    await use(writable, readOnly, path);
    assertEquals(await Deno.readTextFile(`${path}/ro/test.txt`), CONTENTS);
    assertEquals([...Deno.readDirSync(`${path}/ro`)].map(({ name }) => name), ["test.txt"]);
  });
}

Deno.test("p2_file_read_write: streams of a file; a directory is none", () =>
  twoDirectories(async (writable) => {
    bad(writable.readViaStream(0n), "is-directory");
    bad(writable.writeViaStream(0n), "bad-descriptor");
    bad(writable.appendViaStream(), "bad-descriptor");
    const file = good(writable.openAt({}, "test.txt", create, rw));
    const out = good(file.writeViaStream(5n));
    good(await out.blockingWriteAndFlush(utf8("Hello, ")));
    good(await out.blockingWriteAndFlush(utf8("World!")));
    out[Symbol.dispose]();
    const whole = good(file.readViaStream(0n));
    assertEquals(text(good(await whole.blockingRead(100n))), "\0\0\0\0\0Hello, World!");
    const parts = good(file.readViaStream(0n));
    let read = "";
    for (;;) {
      assertEquals(good(await parts.read(0n)).length, 0);
      const part = parts.read(4n);
      if (isErr(part)) {
        bad(part, { tag: "closed" });
        break;
      }
      read += text(part);
    }
    assertEquals(read, "\0\0\0\0\0Hello, World!");
    bad(parts.read(0n), { tag: "closed" });
    for (const each of [whole, parts, file]) each[Symbol.dispose]();
    good(writable.unlinkFileAt("test.txt"));
  }));

Deno.test("p2_file_stream_not_permitted: a file of a read-only directory is not written", () =>
  twoDirectories((_, readOnly) => {
    const file = good(readOnly.openAt({}, "test.txt", {}, read));
    bad(file.writeViaStream(0n), "not-permitted");
    bad(file.appendViaStream(), "not-permitted");
    bad(file.write(utf8("x"), 0n), "not-permitted");
    bad(file.setSize(0n), "not-permitted");
    bad(file.setTimes({ tag: "now" }, { tag: "now" }), "not-permitted");
    assertEquals(text(good(good(file.readViaStream(0n)).read(100n))), CONTENTS);
  }));

Deno.test("p2_file_truncation_readonly: opening does not truncate either", () =>
  twoDirectories((_, readOnly) => {
    bad(readOnly.openAt({}, "test.txt", { truncate: true }, read), "not-permitted");
    bad(readOnly.openAt({}, "test.txt", create, read), "not-permitted");
    bad(readOnly.openAt({}, "test.txt", {}, rw), "not-permitted");
  }));

Deno.test("p2_file_hardlink_across_perms, p2_file_rename_across_perms: no way into or out of a read-only one", () =>
  twoDirectories((writable, readOnly) => {
    good(writable.openAt({}, "own", create, rw))[Symbol.dispose]();
    bad(readOnly.linkAt({}, "test.txt", writable, "alias"), "not-permitted");
    bad(readOnly.renameAt("test.txt", writable, "test.txt"), "not-permitted");
    bad(writable.linkAt({}, "own", readOnly, "alias"), "not-permitted");
    bad(writable.renameAt("own", readOnly, "test.txt"), "not-permitted");
    assertEquals(good(writable.statAt({}, "own")).linkCount, 1n);
  }));

Deno.test("p1_fd_filestat_set: the size of a file that is open for reading only is invalid to set", () =>
  twoDirectories((writable) => {
    const file = good(writable.openAt({}, "file", create, rw));
    good(file.setSize(100n));
    assertEquals(good(file.stat()).size, 100n);
    const reader = good(writable.openAt({}, "file", {}, read));
    bad(reader.setSize(5n), "invalid");
    assertEquals(good(reader.stat()).size, 100n);
    bad(writable.setSize(0n), "bad-descriptor");
  }));

Deno.test("p1_dir_fd_op_failures: a directory is neither read nor written nor advised", () =>
  twoDirectories((writable) => {
    bad(writable.read(1n, 0n), "bad-descriptor");
    bad(writable.write(utf8("x"), 0n), "bad-descriptor");
    bad(writable.advise(0n, 0n, "dont-need"), "bad-descriptor");
    assertEquals(good(writable.stat()).type, "directory");
    assertEquals(good(writable.getType()), "directory");
  }));

Deno.test("p1_path_link: a hard link to a file, a link, a directory; onto what is there", () =>
  twoDirectories((writable) => {
    good(writable.openAt({}, "file", create, rw))[Symbol.dispose]();
    good(writable.linkAt({}, "file", writable, "link"));
    bad(writable.linkAt({}, "file", writable, "link"), "exist");
    bad(writable.linkAt({}, "file", writable, "file"), "exist");
    good(writable.createDirectoryAt("d"));
    bad(writable.linkAt({}, "file", writable, "d"), "exist");
    bad(writable.linkAt({}, "d", writable, "new"), "not-permitted");
    bad(writable.linkAt({}, "file", writable, "new/"), "no-entry");
    good(writable.symlinkAt("target", "dangling"));
    bad(writable.linkAt({}, "file", writable, "dangling"), "exist");
    good(writable.symlinkAt("loop", "loop"));
    for (const link of ["dangling", "loop"]) {
      if (linux) {
        good(writable.linkAt({}, link, writable, "made"));
        assertEquals(good(writable.statAt({}, "made")).type, "symbolic-link");
        good(writable.unlinkFileAt("made"));
      }
      bad(writable.linkAt({ symlinkFollow: true }, link, writable, "made"), "invalid");
    }
    const d = good(writable.openAt({}, "d", { directory: true }, read));
    good(writable.linkAt({}, "file", d, "link"));
    assert(good(writable.openAt({}, "file", {}, read)).isSameObject(good(d.openAt({}, "link", {}, read))));
    bad(d.linkAt({}, "../file", d, "out"), "not-permitted");
  }));

Deno.test("p1_interesting_paths: dots and slashes within, not out", () =>
  twoDirectories((writable) => {
    good(writable.createDirectoryAt("dir"));
    good(writable.createDirectoryAt("dir/nested"));
    good(writable.openAt({}, "dir/nested/file", create, rw))[Symbol.dispose]();
    bad(writable.openAt({}, "/dir/nested/file", {}, read), "not-permitted");
    good(writable.openAt({}, "dir/.//nested/../../dir/nested/../nested///./file", {}, read))[Symbol.dispose]();
    bad(writable.openAt({}, "dir/nested/file\0", {}, read), "invalid");
    bad(writable.openAt({}, "dir/nested/file///", {}, read), "not-directory");
    good(writable.openAt({}, "dir/nested///", {}, read))[Symbol.dispose]();
    bad(writable.openAt({}, "dir/nested/../../../rw/dir/nested/file", {}, read), "not-permitted");
  }));

Deno.test("p1_nofollow_errors: a link is in the way unless it is followed", () =>
  twoDirectories((writable) => {
    good(writable.createDirectoryAt("target"));
    good(writable.symlinkAt("target", "symlink"));
    bad(writable.openAt({}, "symlink", { directory: true }, read), "loop");
    bad(writable.openAt({}, "symlink", {}, read), "loop");
    good(writable.openAt({ symlinkFollow: true }, "symlink", { directory: true }, read))[Symbol.dispose]();
    good(writable.removeDirectoryAt("target"));
    good(writable.openAt({}, "target", create, rw))[Symbol.dispose]();
    bad(writable.openAt({}, "symlink", {}, read), "loop");
    bad(writable.openAt({ symlinkFollow: true }, "symlink", { directory: true }, read), "not-directory");
  }));

Deno.test("open-at of a directory makes, empties and requires nothing new", () =>
  twoDirectories((writable) => {
    good(writable.createDirectoryAt("d"));
    for (const flag of ["create", "exclusive", "truncate"]) {
      bad(writable.openAt({}, "d", { directory: true, [flag]: true }, read), "invalid");
    }
    bad(writable.openAt({}, "d", { directory: true }, rw), "is-directory");
  }));

Deno.test("p1_path_open_lots, p1_fd_readdir: files one after the other without end, and listed", () =>
  twoDirectories((writable) => {
    for (let i = 0; i < 1000; i++) good(writable.openAt({}, `file.${i}`, create, rw))[Symbol.dispose]();
    const list = good(writable.readDirectory());
    let count = 0;
    while (good(list.readDirectoryEntry()) !== undefined) count++;
    assertEquals(count, 1000);
    assertEquals(good(list.readDirectoryEntry()), undefined);
  }));
