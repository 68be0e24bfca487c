// A copier of files and directories, in Rust for WASI 0.3, over real directories.

import { assertEquals, assertMatch } from "@std/assert";
import { compile } from "@windlass/component";
import { type FileSystem, memoryFileSystem, run, type WasiOptions } from "@windlass/component/wasi";
import { systems } from "./grounds.ts";
import { guest } from "./guests.ts";
import { type Any, text, withDirectory } from "./support.ts";

const copier = await compile(guest("p3/copier"));

/** Copies, and gives the exit code and what was printed. */
async function copies(
  from: string,
  to: string,
  preopens: NonNullable<WasiOptions["preopens"]>,
): Promise<[number, string, string]> {
  const args = ["copier", from, to];
  const { exitCode, stdout, stderr } = await run(copier, { args, preopens, stdout: "capture", stderr: "capture" });
  return [exitCode, text(stdout!), text(stderr!)];
}

Deno.test("a file is copied, empty, small and of several megabytes", async () => {
  await withDirectory(async (path) => {
    for (const size of [0, 5, 65_536, 3_000_001]) {
      const bytes = Uint8Array.from({ length: size }, (_, i) => i * 31 + (i >> 8));
      await Deno.writeFile(`${path}/from`, bytes);
      assertEquals(await copies("/dir/from", "/dir/to", { "/dir": path }), [0, `from (${size})\n`, ""]);
      const copied = await Deno.readFile(`${path}/to`);
      // Compared as buffers: a deep comparison of millions of elements takes seconds.
      assertEquals([copied.length, copied.every((byte, i) => byte === bytes[i])], [size, true]);
    }
  });
});

Deno.test("a longer file is overwritten and cut", async () => {
  await withDirectory(async (path) => {
    await Deno.writeTextFile(`${path}/from`, "short");
    await Deno.writeTextFile(`${path}/to`, "much longer than that");
    assertEquals((await copies("/d/from", "/d/to", { "/d": path }))[0], 0);
    assertEquals(await Deno.readTextFile(`${path}/to`), "short");
  });
});

Deno.test("a directory is copied from a read-only preopen into another one", async () => {
  await withDirectory(async (from) => {
    await withDirectory(async (to) => {
      await Deno.mkdir(`${from}/tree/inner/empty`, { recursive: true });
      await Deno.writeTextFile(`${from}/tree/a`, "a");
      await Deno.writeTextFile(`${from}/tree/inner/b ü`, "bb");
      const preopens = { "/from": { path: from, readOnly: true }, "/to": to };
      const log = "tree/a (1)\ntree/inner/b ü (2)\n";
      assertEquals(await copies("/from/tree", "/to/copy", preopens), [0, log, ""]);
      assertEquals(await Deno.readTextFile(`${to}/copy/inner/b ü`), "bb");
      await Deno.writeTextFile(`${to}/copy/inner/empty/x`, "it is there");
      // Again, over what is there.
      assertEquals(await copies("/from/tree", "/to/copy", preopens), [0, log, ""]);
    });
  });
});

Deno.test("what may not be done, is not done, and the copier says why", async () => {
  await withDirectory(async (path) => {
    await Deno.writeTextFile(`${path}/from`, "kept");
    await Deno.mkdir(`${path}/sub`);
    const readOnly = { "/d": { path, readOnly: true } };
    assertMatch((await copies("/d/from", "/d/to", readOnly)).join(), /^1,,to: ErrorCode::(ReadOnly|NotPermitted)\n$/);
    assertMatch(
      (await copies("/d/from", "/d/from", readOnly)).join(),
      /^1,,from: ErrorCode::(ReadOnly|NotPermitted)\n$/,
    );
    assertEquals(await Deno.readTextFile(`${path}/from`), "kept");
    const preopens = { "/d": `${path}/sub` };
    assertEquals(await copies("/d/none", "/d/to", preopens), [1, "", "none: ErrorCode::NoEntry\n"]);
    for (const outside of ["/d/../from", "/d//../from"]) {
      assertEquals((await copies(outside, "/d/to", preopens))[2], "../from: ErrorCode::NotPermitted\n", outside);
    }
    assertEquals(await copies("/e/from", "/d/to", preopens), [1, "", "no such directory is preopened\n"]);
    assertEquals(await copies("/d/from", "/d/to", {}), [1, "", "no such directory is preopened\n"]);
  });
});

for (const [name, make] of Object.entries(systems)) {
  Deno.test(`a tree is copied from one file system into another: memory, and ${name}`, async () => {
    const large = Uint8Array.from({ length: 200_001 }, (_, i) => i * 31 + (i >> 8));
    const from = memoryFileSystem({ tree: { "a": "a", large, inner: { "b ü": "bb", empty: {} } } }), to = await make();
    const preopens = { "/from": { fileSystem: from, readOnly: true }, "/to": to, "/back": from };
    const log = (folder: string): string =>
      ["a (1)", "large (200001)", "inner/b ü (2)"].map((line) => `${folder}/${line}\n`).sort().join("");
    const sorted = ([code, out, said]: [number, string, string]) => [code, said, out.match(/.*\n/g)?.sort().join("")];
    assertEquals(sorted(await copies("/from/tree", "/to/copy", preopens)), [0, "", log("tree")]);
    assertEquals(sorted(await copies("/to/copy", "/back/again", preopens)), [0, "", log("copy")]);
    assertEquals(text(from.read("again/inner/b ü")!), "bb");
    assertEquals(from.list("again/inner/empty"), []);
    assertEquals(from.read("again/large")!.every((byte, i) => byte === large[i]), true);
  });
}

/** A file system in memory, in which functions fail. @param fail Throws what a function or a file's function does. */
function failing(fail: (name: string) => void, isLater: boolean): FileSystem {
  const files = memoryFileSystem({ from: "text" });
  const failed = <T extends object>(of: T, prefix: string, names: readonly string[]): T =>
    Object.fromEntries(names.map((name) => {
      const func = (of as Any)[name].bind(of);
      const now = (...args: unknown[]): unknown => {
        fail(prefix + name);
        const value = func(...args);
        return name === "open" ? failed(value, "file ", ["stat", "read", "write", "setSize", "close"]) : value;
      };
      // deno-lint-ignore require-await
      return [name, isLater ? async (...args: unknown[]) => now(...args) : now];
    })) as T;
  const names = ["stat", "entries", "open", "makeDirectory", "removeDirectory", "removeFile", "rename"];
  return failed(files, "", names);
}

for (const isLater of [false, true]) {
  Deno.test(`what a file system throws is what the guest hears, ${isLater ? "later" : "at once"}`, async () => {
    const full = Object.assign(new Error("no room"), { code: "ENOSPC" });
    for (
      const [name, error, path, code] of [
        ["open", full, "from", "InsufficientSpace"],
        ["stat", undefined, "from", "Io"],
        ["open", null, "from", "Io"],
        ["open", "a text", "from", "Io"],
        ["file read", full, "from", "InsufficientSpace"],
        ["file write", full, "to", "InsufficientSpace"],
        ["file write", undefined, "to", "Io"],
      ] as const
    ) {
      const fileSystem = failing((found) => {
        if (found === name) throw error;
      }, isLater);
      assertEquals(
        await copies("/d/from", "/d/to", { "/d": fileSystem }),
        [1, "", `${path}: ErrorCode::${code}\n`],
        name,
      );
    }
  });
}
