// The table of escapes: every way out of a preopen that a guest may try, each against every
// operation that takes a path.

import { assert, assertEquals } from "@std/assert";
import { Directories } from "../../host/wasi/files/directories.ts";
import { Descriptor } from "../../host/wasi/filesystem.ts";
import { usesDescriptors } from "../../host/wasi/files/node_walks.ts";
import { type Any, good, interfacesOf, isErr, withDirectory } from "./support.ts";

/** The ways that a walk may go here, each as what the names of tests say of it. */
const walks: readonly (readonly [descriptors: boolean, suffix: string])[] = usesDescriptors()
  ? [[true, ""], [false, ", by path"]]
  : [[false, ""]];

/** A preopened directory whose walks go by descriptor or by path. */
function preopened(path: string, descriptors: boolean): Any {
  const directories = new Directories(undefined, descriptors);
  return Descriptor.preopen(directories, directories.preopen(path), false);
}

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
  "a link to a directory outside, on the way": () => "relative/secret",
  "a link by an absolute path, on the way": () => "absolute/secret",
  "a link of links, on the way": () => "chain/secret",
  "a link within a directory": () => "d/up/outside/secret",
  "dot-dot after a link": () => "d/self/../../outside/secret",
  "a path with NUL": () => "own\0/../../outside/secret",
};

/** Links at the very end: operations on the link itself concern what is inside. */
const endLinks = ["file", "filechain", "dangling"];
const followed = Object.keys(operations).filter((name) => /open-at|stat-at|hash-at|times-at/.test(name));

async function playground(descriptors: boolean, use: (root: Any, outside: string) => Promise<void>): Promise<void> {
  await withDirectory(async (base) => {
    const real = await Deno.realPath(base);
    await Deno.mkdir(`${real}/outside`);
    await Deno.writeTextFile(`${real}/outside/secret`, "secret");
    await Deno.mkdir(`${real}/inside/d`, { recursive: true });
    await Deno.writeTextFile(`${real}/inside/own`, "own");
    const link = (to: string, at: string) => Deno.symlink(to, `${real}/inside/${at}`);
    await link("../outside", "relative");
    await link(`${real}/outside`, "absolute");
    await link("relative", "chain");
    await link("../..", "d/up");
    await link(".", "d/self");
    await link("../outside/secret", "file");
    await link("file", "filechain");
    await link("../outside/new", "dangling");
    await use(preopened(`${real}/inside`, descriptors), `${real}/outside`);
  });
}

async function untouched(outside: string, what: string): Promise<void> {
  assertEquals([...Deno.readDirSync(outside)].map(({ name }) => name), ["secret"], what);
  assertEquals(await Deno.readTextFile(`${outside}/secret`), "secret", what);
  assertEquals(Deno.statSync(`${outside}/secret`).nlink, 1, what);
}

for (const [descriptors, suffix] of walks) {
  for (const [way, path] of Object.entries(paths)) {
    Deno.test(`no way out by ${way}${suffix}`, () =>
      playground(descriptors, async (root, outside) => {
        for (const [name, operation] of Object.entries(operations)) {
          const answer = operation(root, path(outside));
          assert(isErr(answer), `${name} by ${way} worked`);
          assert(
            ["not-permitted", "no-entry", "invalid"].includes((answer as Any).val),
            `${name} by ${way} says ${(answer as Any).val}`,
          );
          await untouched(outside, `${name} by ${way}`);
        }
      }));
  }

  Deno.test(`no way out by a link at the end, where it is followed${suffix}`, () =>
    playground(descriptors, async (root, outside) => {
      for (const link of endLinks) {
        for (const name of followed) {
          assert(isErr(operations[name]!(root, link)), `${name} by ${link} worked`);
          await untouched(outside, `${name} by ${link}`);
        }
      }
    }));

  Deno.test(`what is done to a link itself leaves its target alone${suffix}`, () =>
    playground(descriptors, async (root, outside) => {
      good(root.unlinkFileAt("file"));
      good(root.renameAt("absolute", root, "moved"));
      assert(isErr(root.openAt({ symlinkFollow: true }, "moved/secret", {}, { read: true })));
      good(root.renameAt("own", root, "dangling")); // takes the link's place
      await untouched(outside, "changes to links");
    }));

  Deno.test(`no way out by a directory that becomes a link while it is open${suffix}`, () =>
    playground(descriptors, async (root, outside) => {
      const d = good(root.openAt({}, "d", { directory: true }, { read: true }));
      const parent = outside.replace(/outside$/, "");
      await Deno.rename(`${parent}inside/d`, `${parent}inside/e`);
      await Deno.symlink(outside, `${parent}inside/d`);
      for (const [name, operation] of Object.entries(operations)) {
        assert(isErr(operation(d, "secret")), `${name} worked`);
        await untouched(outside, name);
      }
    }));

  Deno.test(`no way out by a preopen's own parent that becomes a link${suffix}`, () =>
    withDirectory(async (base) => {
      const real = await Deno.realPath(base);
      await Deno.mkdir(`${real}/p/inside`, { recursive: true });
      await Deno.mkdir(`${real}/q/inside`, { recursive: true });
      await Deno.writeTextFile(`${real}/q/inside/secret`, "secret");
      const root = preopened(`${real}/p/inside`, descriptors);
      await Deno.rename(`${real}/p`, `${real}/old`);
      await Deno.symlink(`${real}/q`, `${real}/p`);
      for (const [name, operation] of Object.entries(operations)) {
        assert(isErr(operation(root, "secret")), `${name} worked`);
      }
    }));
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
