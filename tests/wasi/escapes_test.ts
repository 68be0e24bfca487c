// The table of escapes: every way out of a preopen that a guest may try, each against every
// operation that takes a path, in both versions of WASI, over everything that a preopen may stand on.

import { assert, assertEquals } from "@std/assert";
import { codeOf, drop, faces, type Ground, grounds, type Kind } from "./grounds.ts";
import { type Any, good, interfacesOf, isErr, withDirectory } from "./support.ts";

/** Operations on a path; each says what a guest gained by it. */
const operations: Readonly<Record<string, (root: Any, path: string) => unknown>> = {
  "open-at": (root, path) => root.openAt({ symlinkFollow: true }, path, {}, { read: true }),
  "open-at, creating": (root, path) =>
    root.openAt({ symlinkFollow: true }, path, { create: true }, { read: true, write: true }),
  "open-at, truncating": (root, path) =>
    root.openAt({ symlinkFollow: true }, path, { truncate: true }, { write: true }),
  "stat-at": (root, path) => root.statAt({ symlinkFollow: true }, path),
  "metadata-hash-at": (root, path) => root.metadataHashAt({ symlinkFollow: true }, path),
  "set-times-at": (root, path) => root.setTimesAt({ symlinkFollow: true }, path, { tag: "now" }, { tag: "now" }),
  "create-directory-at": (root, path) => root.createDirectoryAt(`${path}/made`),
  "unlink-file-at": (root, path) => root.unlinkFileAt(path),
  "remove-directory-at": (root, path) => root.removeDirectoryAt(path),
  "rename-at from": (root, path) => root.renameAt(path, root, "stolen"),
  "rename-at to": (root, path) => root.renameAt("own", root, path),
  "link-at from": (root, path) => root.linkAt({}, path, root, "stolen"),
  "link-at to": (root, path) => root.linkAt({}, "own", root, path),
  "symlink-at": (root, path) => root.symlinkAt("own", path),
  "readlink-at": (root, path) => root.readlinkAt(path),
};

/** Ways to name what is outside, which lies beside the preopen. */
const paths: Readonly<Record<string, (outside: string) => string>> = {
  "dot-dot": () => "../outside/secret",
  "dot-dot after a directory": () => "d/../../outside/secret",
  "dot-dot after a dot": () => "./.././outside/secret",
  "dot-dot in the middle of nowhere": () => "nowhere/../../outside/secret",
  "doubled slashes": () => "d//..//..//outside/secret",
  "an absolute path": (outside) => `${outside}/secret`,
  "a path with NUL": () => "own\0/../../outside/secret",
};
const pathsByLinks: typeof paths = {
  "a link to a directory outside, on the way": () => "relative/secret",
  "a link by an absolute path, on the way": () => "absolute/secret",
  "a link of links, on the way": () => "chain/secret",
  "a link within a directory": () => "d/up/outside/secret",
  "dot-dot after a link": () => "d/self/../../outside/secret",
};

/** Links at the very end: operations on the link itself concern what is inside. */
const endLinks = ["file", "filechain", "dangling"];
const followed = Object.keys(operations).filter((name) => /open-at|stat-at|hash-at|times-at/.test(name));

async function playground(kind: Kind, use: (root: Any, ground: Ground) => Promise<void>): Promise<void> {
  await kind.use(async (ground) => {
    await ground.folder("outside");
    await ground.file("outside/secret", "secret");
    await ground.folder("inside/d");
    await ground.file("inside/own", "own");
    if (kind.hasLinks) {
      await ground.link("../outside", "inside/relative");
      await ground.link(ground.absolute("outside"), "inside/absolute");
      await ground.link("relative", "inside/chain");
      await ground.link("../..", "inside/d/up");
      await ground.link(".", "inside/d/self");
      await ground.link("../outside/secret", "inside/file");
      await ground.link("file", "inside/filechain");
      await ground.link("../outside/new", "inside/dangling");
    }
    await use(await ground.open("inside"), ground);
  });
}

async function untouched(ground: Ground, what: string): Promise<void> {
  assertEquals(await ground.picture("outside"), ["outside directory", "outside/secret file 6"], what);
  assertEquals(await ground.links("outside/secret"), 1n, what);
}

for (const kind of grounds) {
  for (const [version, face] of Object.entries(faces)) {
    const suffix = `: ${kind.name}, WASI ${version}`;
    const test = (name: string, run: (root: Any, ground: Ground) => Promise<void>): void =>
      Deno.test(`${name}${suffix}`, () => playground(kind, (root, ground) => run(face(root), ground)));

    for (const [way, path] of Object.entries(kind.hasLinks ? { ...paths, ...pathsByLinks } : paths)) {
      test(`no way out by ${way}`, async (root, ground) => {
        for (const [name, operation] of Object.entries(operations)) {
          const answer = await operation(root, path(ground.absolute("outside")));
          const code = codeOf(answer);
          assert(code !== undefined, `${name} by ${way} worked`);
          assert(["not-permitted", "no-entry", "invalid"].includes(code!), `${name} by ${way} says ${code}`);
          await untouched(ground, `${name} by ${way}`);
        }
      });
    }
    if (!kind.hasLinks) continue;

    test("no way out by a link at the end, where it is followed", async (root, ground) => {
      for (const link of endLinks) {
        for (const name of followed) {
          assert(isErr(await operations[name]!(root, link)), `${name} by ${link} worked`);
          await untouched(ground, `${name} by ${link}`);
        }
      }
    });

    test("what is done to a link itself leaves its target alone", async (root, ground) => {
      good(await root.unlinkFileAt("file"));
      good(await root.renameAt("absolute", root, "moved"));
      assert(isErr(await root.openAt({ symlinkFollow: true }, "moved/secret", {}, { read: true })));
      good(await root.renameAt("own", root, "dangling")); // takes the link's place
      await untouched(ground, "changes to links");
    });

    test("no way out by a directory that becomes a link while it is open", async (root, ground) => {
      const d = good(await root.openAt({}, "d", { directory: true }, { read: true, mutateDirectory: true }));
      await ground.rename("inside/d", "inside/e");
      await ground.link(ground.absolute("outside"), "inside/d");
      for (const [name, operation] of Object.entries(operations)) {
        assert(isErr(await operation(d, "secret")), `${name} worked`);
        await untouched(ground, name);
      }
      drop(d);
    });

    test("no way out by an open directory's own parent that becomes a link", async (_, ground) => {
      await ground.folder("p/inside");
      await ground.folder("q/inside");
      await ground.file("q/inside/secret", "secret");
      const root = face(await ground.open("p/inside"));
      await ground.rename("p", "old");
      await ground.link(ground.absolute("q"), "p");
      for (const [name, operation] of Object.entries(operations)) {
        assert(isErr(await operation(root, "secret")), `${name} worked`);
      }
    });
  }
}

Deno.test("a preopen through a link is the directory it led to when it was opened", () =>
  withDirectory(async (base) => {
    await Deno.mkdir(`${base}/one`);
    await Deno.mkdir(`${base}/two`);
    await Deno.writeTextFile(`${base}/two/secret`, "secret");
    await Deno.symlink("one", `${base}/link`);
    const of = await interfacesOf({ preopens: { "/": `${base}/link` } });
    const [[root]] = of("filesystem/preopens").getDirectories();
    await Deno.remove(`${base}/link`);
    await Deno.symlink("two", `${base}/link`);
    assert(isErr(root.statAt({}, "secret")));
    good(root.openAt({}, "new", { create: true }, { write: true }))[Symbol.dispose]();
    assertEquals([...Deno.readDirSync(`${base}/one`)].length, 1);
  }));
