// A preopen cannot be left by racing: while this thread acts as one guest, a worker swaps a
// directory of the preopen for a link that leads out, again and again, as fast as it can. Whatever
// the guest is told, nothing outside may change.

import { assert, assertEquals } from "@std/assert";
import { usesDescriptors } from "../../host/wasi/files/node_walks.ts";
import { type Any, interfacesOf, isErr, nodeModule, withDirectory } from "./support.ts";

/** How long each operation is tried, in milliseconds. */
const EACH = 100;
/** How much longer, until the worker was seen at work. */
const PATIENCE = 5000;

/**
 * The other guest: `w` is a directory of the preopen, then a link to what is outside, then the
 * directory again.
 */
const SWAPPER = `
  const fs = process.getBuiltinModule("node:fs");
  const { parentPort, workerData } = process.getBuiltinModule("node:worker_threads");
  const { inside, stop } = workerData, flag = new Int32Array(stop);
  const at = (name) => inside + "/" + name;
  let swaps = 0;
  parentPort.postMessage("swapping");
  while (Atomics.load(flag, 0) === 0) {
    fs.renameSync(at("w"), at("kept"));
    fs.renameSync(at("way"), at("w"));
    fs.renameSync(at("w"), at("way"));
    fs.renameSync(at("kept"), at("w"));
    swaps++;
  }
  parentPort.postMessage(swaps);
`;

const rw = { read: true, write: true }, follow = { symlinkFollow: true };

/** What the guest tries, and what it would do outside: each undoes what it did inside. */
const attacks: Readonly<Record<string, (root: Any, n: number) => unknown>> = {
  "open-at, creating": (root, n) => root.openAt(follow, `w/new${n}`, { create: true }, rw),
  "open-at, truncating": (root) => root.openAt(follow, "w/secret", { truncate: true }, { write: true }),
  "open-at, writing": (root) => {
    const file = root.openAt(follow, "w/secret", {}, rw);
    if (!isErr(file)) file.write(new TextEncoder().encode("WRITTEN"), 0n);
    return file;
  },
  "open-at of a directory": (root, n) => {
    const directory = root.openAt(follow, "w", { directory: true }, { read: true });
    if (isErr(directory)) return directory;
    const made = directory.createDirectoryAt(`through${n}`);
    directory[Symbol.dispose]();
    return made;
  },
  "create-directory-at": (root, n) => root.createDirectoryAt(`w/made${n}`),
  "remove-directory-at": (root) => root.removeDirectoryAt("w/empty"),
  "unlink-file-at": (root) => root.unlinkFileAt("w/secret"),
  "rename-at from": (root) => root.renameAt("w/secret", root, "stolen"),
  "rename-at to": (root, n) => {
    root.openAt({}, "own", { create: true }, rw);
    return root.renameAt("own", root, `w/moved${n}`);
  },
  "link-at from": (root) => root.linkAt({}, "w/secret", root, "linked"),
  "link-at to": (root, n) => root.linkAt({}, "mine", root, `w/linked${n}`),
  "symlink-at": (root, n) => root.symlinkAt("x", `w/symlink${n}`),
  "set-times-at": (root) => root.setTimesAt(follow, "w/secret", { tag: "now" }, { tag: "now" }),
  "dot-dot after a directory": (root, n) => root.createDirectoryAt(`w/in/../../w/made${n}`),
  "stat-at": (root) => {
    const stat = root.statAt(follow, "w/only-outside");
    if (!isErr(stat)) throw new Error("the guest saw what is outside");
    return stat;
  },
  "read-directory": (root) => {
    const directory = root.openAt(follow, "w", { directory: true }, { read: true });
    if (isErr(directory)) return directory;
    const list = directory.readDirectory();
    for (let entry; !isErr(list) && (entry = list.readDirectoryEntry()) !== undefined;) {
      if (entry.name === "only-outside") throw new Error("the guest saw what is outside");
    }
    directory[Symbol.dispose]();
    return list;
  },
};

async function racing(inside: string, act: () => void): Promise<void> {
  const stop = new SharedArrayBuffer(4);
  const { Worker } = nodeModule("node:worker_threads");
  const worker = new Worker(SWAPPER, { eval: true, workerData: { inside, stop } });
  const next = (): Promise<unknown> =>
    new Promise((resolve, reject) => worker.once("message", resolve).once("error", reject));
  assertEquals(await next(), "swapping");
  const swapped = next();
  try {
    act();
  } finally {
    Atomics.store(new Int32Array(stop), 0, 1);
  }
  assert(await swapped as number > 100, "the worker swapped too seldom");
  await worker.terminate();
}

Deno.test({
  name: "no way out by a directory that a worker swaps for a link meanwhile",
  // Where there is no way to use names relative to a directory, README promises no more than a
  // check after opening.
  ignore: !usesDescriptors(),
  fn: () =>
    withDirectory(async (base) => {
      const real = await Deno.realPath(base), inside = `${real}/inside`, outside = `${real}/outside`;
      for (const name of ["outside", "outside/in", "outside/empty", "inside", "inside/w", "inside/w/in"]) {
        await Deno.mkdir(`${real}/${name}`);
      }
      await Deno.writeTextFile(`${outside}/secret`, "secret");
      await Deno.writeTextFile(`${outside}/only-outside`, "");
      await Deno.writeTextFile(`${inside}/mine`, "");
      await Deno.symlink("../outside", `${inside}/way`);
      const modified = (await Deno.stat(`${outside}/secret`)).mtime!.getTime();
      const of = await interfacesOf({ preopens: { "/": inside } });
      const [[root]] = of("filesystem/preopens").getDirectories();
      await racing(inside, () => {
        let n = 0;
        for (const [name, attack] of Object.entries(attacks)) {
          let refused = 0, done = 0;
          const end = Date.now() + EACH;
          // The worker may be waiting for a processor: without a refusal, nothing was raced.
          for (; Date.now() < end || refused === 0 && Date.now() < end + PATIENCE; n++) {
            const answer = attack(root, n);
            if (isErr(answer)) refused++;
            else done++;
            (answer as Any)?.[Symbol.dispose]?.();
          }
          assert(refused > 0, `${name} was never refused: nothing was raced`);
          const there = [...Deno.readDirSync(outside)].map(({ name }) => name).sort();
          assertEquals(
            there,
            ["empty", "in", "only-outside", "secret"],
            `${name} changed names outside (${done} times done)`,
          );
          assertEquals(Deno.readTextFileSync(`${outside}/secret`), "secret", `${name} changed a file outside`);
          const { nlink, mtime } = Deno.statSync(`${outside}/secret`);
          assertEquals([nlink, mtime!.getTime()], [1, modified], `${name} touched a file outside`);
        }
      });
    }),
});
