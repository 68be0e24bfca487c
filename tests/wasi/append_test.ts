// Streams that append: what several writers add to one file at the same time is all there.

import { assert, assertEquals } from "@std/assert";
import { usesDescriptors } from "../../host/wasi/files/node_walks.ts";
import { good, interfacesOf, nodeModule, withDirectory } from "./support.ts";

/** The other writer: appends one byte at a time, as the system does it. */
const APPENDER = `
  const fs = process.getBuiltinModule("node:fs");
  const { parentPort, workerData } = process.getBuiltinModule("node:worker_threads");
  const { path, stop } = workerData, flag = new Int32Array(stop), fd = fs.openSync(path, "a");
  let count = 0;
  parentPort.postMessage("appending");
  while (Atomics.load(flag, 0) === 0) count += fs.writeSync(fd, "w");
  fs.closeSync(fd);
  parentPort.postMessage(count);
`;

/** Bytes of each writer, at least. */
const ENOUGH = 2000;

Deno.test({
  name: "append-via-stream overwrites nothing that another writer appends meanwhile",
  // Elsewhere the end is looked up before the write.
  ignore: !usesDescriptors(),
  fn: () =>
    withDirectory(async (directory) => {
      const path = `${directory}/log`, stop = new SharedArrayBuffer(4);
      const of = await interfacesOf({ preopens: { "/": directory } });
      const [[root]] = of("filesystem/preopens").getDirectories();
      const file = good(root.openAt({}, "log", { create: true }, { write: true }));
      const { Worker } = nodeModule("node:worker_threads");
      const worker = new Worker(APPENDER, { eval: true, workerData: { path, stop } });
      const next = (): Promise<unknown> =>
        new Promise((resolve, reject) => worker.once("message", resolve).once("error", reject));
      assertEquals(await next(), "appending");
      const counted = next(), stream = good(file.appendViaStream());
      let ours = 0;
      while (ours < ENOUGH || Deno.statSync(path).size < ours + ENOUGH && ours < 100 * ENOUGH) {
        good(stream.checkWrite());
        good(stream.write(Uint8Array.of(0x67)));
        ours++;
      }
      Atomics.store(new Int32Array(stop), 0, 1);
      const theirs = await counted as number;
      await worker.terminate();
      for (const each of [stream, file]) each[Symbol.dispose]();
      const bytes = await Deno.readFile(path), guests = bytes.filter((byte) => byte === 0x67).length;
      assert(theirs > 0, "the worker wrote nothing");
      assertEquals([guests, bytes.length - guests], [ours, theirs]);
    }),
});
