// The objects of `@bytecodealliance/preview3-shim` as imports, as they are: commands of WASI 0.3 that
// read and write streams, await futures and asynchronous functions of the shim's making.

import { assertEquals } from "@std/assert";
import * as preview3Shim from "@bytecodealliance/preview3-shim";
import { compile, ComponentError, features, instantiate } from "@windlass/component";
import { builtin, runtimeVersions } from "../../host/wasi/base/platform.ts";
import { wat } from "../support/wat.ts";
import { AWAIT, CAT, COPY, WAIT } from "./p3_guests.ts";
import { type Any, withDirectory } from "./support.ts";

const shim = preview3Shim as Any;
/** In browsers the shim is another one, without files; and the guests below wait where they are. */
const ignore = builtin("node:fs") === undefined || !features.jspi;

Deno.test("preview3-shim: its streams go to a guest, and a guest's streams to it", { ignore }, async () => {
  const { StreamReader, readableByteStreamFromReader } = shim.stream, hello = new TextEncoder().encode("hello");
  const written = Promise.withResolvers<string>();
  const { exports } = await instantiate(await wat(CAT), {
    "wasi:cli/stdin": { readViaStream: () => [new StreamReader([hello, hello]), new Promise(() => {})] },
    "wasi:cli/stdout": {
      writeViaStream: async (stream: unknown) =>
        written.resolve(await new Response(readableByteStreamFromReader(stream)).text()),
    },
  });
  await exports["wasi:cli/run@0.3.0"].run();
  assertEquals(await written.promise, "hellohello");
});

Deno.test("preview3-shim: its futures give results, or as async functions do, nothing or an exception", {
  ignore,
}, async () => {
  const { future, FutureReader } = shim.future, component = await compile(await wat(AWAIT));
  const resolved = future(), broken = future();
  resolved.tx.write({ tag: "ok", val: undefined });
  broken.tx.write({ tag: "err", val: "pipe" });
  const rows = [
    ["ok", resolved.rx],
    ["err", broken.rx],
    ["ok", Promise.resolve()],
    ["ok", new FutureReader(Promise.resolve({ ok: true }))],
    ["err", new FutureReader(Promise.reject(Object.assign(new Error("gone"), { payload: "io" })))],
  ] as const;
  for (const [expected, ended] of rows) {
    const { exports } = await instantiate(component, {
      "wasi:cli/stdin": { readViaStream: () => [new shim.stream.StreamReader([]), ended] },
    });
    const outcome = exports["wasi:cli/run@0.3.0"].run().then(() => "ok", (error: unknown) => {
      if (!(error instanceof ComponentError)) throw error;
      return "err";
    });
    assertEquals(await outcome, expected);
  }
});

Deno.test("preview3-shim: clocks, random bytes and arguments", { ignore }, async () => {
  shim.cli._setArgs(["program", "argument"]);
  try {
    const { exports } = await instantiate(await wat(WAIT), {
      "wasi:clocks/monotonic-clock": shim.clocks.monotonicClock,
      "wasi:random/random": shim.random.random,
      "wasi:cli/environment": shim.cli.environment,
    });
    assertEquals(await exports["wasi:cli/run@0.3.0"].run(), undefined);
  } finally {
    shim.cli._setArgs([]);
  }
});

Deno.test("preview3-shim: files, their streams, futures and errors", {
  // A worker of the shim's reads and writes what this thread has opened: Deno's has other descriptors,
  // and Bun sends no stream to it.
  ignore: ignore || runtimeVersions().bun !== undefined || runtimeVersions().deno !== undefined,
}, () =>
  withDirectory(async (path) => {
    const contents = Uint8Array.from({ length: 200_000 }, (_, i) => i * 7);
    await Deno.writeFile(`${path}/in.txt`, contents);
    shim.filesystem._setPreopens({ "/": path });
    try {
      const { exports } = await instantiate(await wat(COPY), {
        "wasi:filesystem/types": shim.filesystem.types,
        "wasi:filesystem/preopens": shim.filesystem.preopens,
      });
      assertEquals(await exports["wasi:cli/run@0.3.0"].run(), undefined);
      assertEquals(await Deno.readFile(`${path}/out.txt`), contents);
    } finally {
      shim.filesystem._setPreopens({});
    }
  }));
