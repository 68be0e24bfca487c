// A handler in workerd: the example's configuration, with the core modules as modules of their own.
// There `eval` and compiling are refused, which is checked in the same worker.

import { assert, assertEquals } from "@std/assert";
import { must } from "../../tools/process.ts";
import { check } from "../support/checks.ts";
import { PROJECT, windlass } from "./project.ts";
import { spoken } from "./wrap.ts";

const folder = `${PROJECT}/workerd`;

/** What the same worker is asked besides: what it may do. */
const probe = `import handler from "./NAME.js";
const tried = (action) => { try { action(); return "allowed"; } catch (error) { return error.message; } };
export default {
  fetch(request) {
    if (!request.url.endsWith("/may")) return handler.fetch(request);
    const empty = Uint8Array.of(0, 0x61, 0x73, 0x6d, 1, 0, 0, 0);
    return Response.json([tried(() => new Function("")), tried(() => new WebAssembly.Module(empty))]);
  },
};
`;

/** Makes the worker of a handler: what the example's comment says, and the probe around it. */
async function makeWorker(name: string): Promise<void> {
  await windlass(".", "wrap", `${name}.wasm`, "-o", "workerd", "--serve", "--modules", "import");
  await Deno.writeTextFile(`${folder}/probe.js`, probe.replace("NAME", name));
  const esbuild = "../node_modules/.bin/esbuild";
  const options = ["--bundle", "--format=esm", "--target=esnext", "--external:*.wasm", "--log-level=error"];
  await must([esbuild, "probe.js", ...options, `--outfile=${name}.worker.js`], { cwd: folder });
  const config = await Deno.readTextFile("examples/esm/workerd/config.capnp");
  const text = config.replaceAll("server.core", `${name}.core`).replaceAll('"worker.js"', `"${name}.worker.js"`);
  await Deno.writeTextFile(`${folder}/${name}.capnp`, text.replace("127.0.0.1:8080", "127.0.0.1:0"));
}

/** Asks a handler in workerd. */
async function serving(name: string, use: (base: string) => Promise<void>): Promise<void> {
  const child = new Deno.Command(`${PROJECT}/node_modules/.bin/workerd`, {
    args: ["serve", "--control-fd=1", `${folder}/${name}.capnp`],
    stdout: "piped",
    stderr: "null",
  }).spawn();
  try {
    // {"event":"listen","socket":"http","port":40123}
    const port = await spoken(child.stdout, /"socket":"http","port":(\d+)/);
    await use(`http://127.0.0.1:${port}`);
  } finally {
    child.kill("SIGTERM");
    await child.status;
  }
}

const post = (url: string, body: string): Promise<Response> => fetch(url, { method: "POST", body });

/** Checks handlers of both versions of WASI. */
export async function checkWorkerd(): Promise<void> {
  for (const name of ["server", "p3_server"]) await makeWorker(name);
  await check("workerd: a handler of WASI 0.2 answers; nothing is evaluated or compiled there", async () => {
    await serving("server", async (base) => {
      const may = await (await fetch(`${base}/may`)).json();
      assert(may.every((message: string) => /disallowed/i.test(message)), JSON.stringify(may));
      // All at once, each in an instance of its own: no request waits for what another began.
      const texts = Array.from({ length: 20 }, (_, i) => `request ${i}`);
      const answers = texts.map(async (text) => await (await post(`${base}/echo`, text)).text());
      assertEquals(await Promise.all(answers), texts);
      assertEquals((await (await fetch(`${base}/big`)).arrayBuffer()).byteLength, 8 << 20);
      const trapped = await fetch(`${base}/trap`);
      assertEquals(trapped.status, 500);
      await trapped.body?.cancel();
      assertEquals(await (await post(`${base}/echo`, "still there")).text(), "still there");
    });
  });
  await check("workerd: a handler of WASI 0.3 answers", async () => {
    await serving("p3_server", async (base) => {
      const texts = Array.from({ length: 20 }, (_, i) => `request ${i}`);
      const answers = texts.map(async (text) => await (await post(`${base}/echo`, text)).text());
      assertEquals(await Promise.all(answers), texts);
    });
  });
}
