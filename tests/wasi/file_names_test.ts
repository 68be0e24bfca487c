// Names that are no UTF-8: a guest cannot say them, and must not get another file instead.

import { assertEquals, assertRejects } from "@std/assert";
import { linux } from "../../host/wasi/base/platform.ts";
import { type Any, bad, good, interfacesOf, isErr, output, withDirectory } from "./support.ts";

async function preopened(path: string): Promise<Any> {
  const of = await interfacesOf({ preopens: { "/": path } });
  return of("filesystem/preopens").getDirectories()[0][0];
}

/** Whether names may be any bytes: on Linux, but not on macOS and Windows. */
const anyBytes = linux;

/** Has a shell make such names, from octal escapes: not every runtime can. */
function shell(directory: string, script: string): void {
  output("sh", "-c", `cd "$0"; ${script}`, directory);
}

/** What a directory lists: names with their types, and errors. */
function listed(directory: Any): string[] {
  const stream = good(directory.readDirectory()), found: string[] = [];
  for (;;) {
    const entry = stream.readDirectoryEntry();
    if (isErr(entry)) found.push(`err ${entry.val}`);
    else if (entry === undefined) return found.sort();
    else found.push(`${entry.name} ${entry.type}`);
  }
}

Deno.test({
  name: "a name that is no UTF-8 is listed as an error, each in its place",
  ignore: !anyBytes,
  fn: () =>
    withDirectory(async (path) => {
      shell(path, `: > "$(printf 'a\\377')"; mkdir "$(printf 'a\\376')"; : > plain; mkdir d`);
      const root = await preopened(path);
      const error = "err illegal-byte-sequence";
      assertEquals(listed(root), ["d directory", error, error, "plain regular-file"]);
      // A file that really has the character which stands for undecodable bytes is itself.
      await Deno.mkdir(`${path}/a\uFFFD`);
      assertEquals(listed(root), ["a\uFFFD directory", "d directory", error, error, "plain regular-file"]);
    }),
});

Deno.test({
  name: "a name as it looks when decoded leniently is nobody's",
  ignore: !anyBytes,
  fn: () =>
    withDirectory(async (path) => {
      shell(path, `printf secret > "$(printf 'a\\377')"`);
      const root = await preopened(path);
      bad(root.statAt({}, "a\uFFFD"), "no-entry");
      bad(root.openAt({}, "a\uFFFD", {}, { read: true }), "no-entry");
      bad(root.unlinkFileAt("a\uFFFD"), "no-entry");
    }),
});

Deno.test({
  name: "a link to a name that is no UTF-8 is not followed and not read",
  ignore: !anyBytes,
  fn: () =>
    withDirectory(async (path) => {
      shell(path, `ln -s "$(printf 'to\\377')" file; ln -s "$(printf 'to\\377/x')" way`);
      await Deno.mkdir(`${path}/to\uFFFD`);
      await Deno.writeTextFile(`${path}/to\uFFFD/x`, "another file");
      const root = await preopened(path), follow = { symlinkFollow: true };
      bad(root.readlinkAt("file"), "illegal-byte-sequence");
      bad(root.statAt(follow, "file"), "illegal-byte-sequence");
      bad(root.openAt(follow, "file", {}, { read: true }), "illegal-byte-sequence");
      bad(root.statAt(follow, "way"), "illegal-byte-sequence");
      bad(root.statAt({}, "way/more"), "illegal-byte-sequence");
      // The link itself has a name like any other.
      assertEquals(good(root.statAt({}, "file")).type, "symbolic-link");
      good(root.unlinkFileAt("file"));
    }),
});

Deno.test("a link may begin with what looks like a mark of byte order", () =>
  withDirectory(async (path) => {
    const root = await preopened(path), name = "\uFEFFmarked";
    await Deno.writeTextFile(`${path}/${name}`, "");
    good(root.symlinkAt(name, "link"));
    assertEquals(good(root.readlinkAt("link")), name);
    assertEquals(good(root.statAt({ symlinkFollow: true }, "link")).type, "regular-file");
  }));

Deno.test({
  name: "a preopen whose real path is no UTF-8 is refused, even if another directory is like it",
  ignore: !anyBytes,
  fn: () =>
    withDirectory(async (path) => {
      shell(path, `mkdir "$(printf 'd\\377')"; ln -s "$(printf 'd\\377')" link`);
      await assertRejects(() => preopened(`${path}/link`), Error);
      await Deno.mkdir(`${path}/d\uFFFD`);
      await assertRejects(() => preopened(`${path}/link`), Error);
    }),
});
