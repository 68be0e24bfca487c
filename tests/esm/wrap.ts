// What `windlass wrap` writes, in Deno, Node and Bun: as files, in one script, compiled into a
// program, and a handler behind `deno serve` and Bun's server.

import { assertEquals } from "@std/assert";
import { must } from "../../tools/process.ts";
import { RUNTIMES } from "../../tools/runtime_commands.ts";
import { check } from "../support/checks.ts";
import { nodePath, PROJECT, windlass } from "./project.ts";

const folder = `${PROJECT}/wrapped`, deno = Deno.execPath(), cwd = folder;

/** Checks them. */
export async function checkWrap(): Promise<void> {
  await Deno.remove(folder, { recursive: true }).catch(() => {});
  await windlass(".", "wrap", "greet.wasm", "-o", "wrapped", "--map", "demo:greet/host=./host.js");
  await windlass(".", "wrap", "greet.wasm", "-o", "wrapped/inline", "--inline", "--map", "demo:greet/host=../host.js");
  await Deno.copyFile(`${PROJECT}/pages/host.js`, `${folder}/host.js`);
  for (const [name, path] of [["files", "./greet.js"], ["script", "./inline/greet.js"]]) {
    const text = `import { api } from "${path}";\nconsole.log(api.greet("${name}"));\n`;
    await Deno.writeTextFile(`${folder}/${name}.js`, text);
  }
  const said = (name: string): string => `Hello, ${name}!\nHello, ${name}!\n`;
  await check("wrap: files in Deno, which needs to read them only, in Node 20 and 26, and in Bun", async () => {
    assertEquals(await must([deno, "run", "--allow-read", "files.js"], { cwd }), said("files"));
    for (const version of ["20", "26.10.0"] as const) {
      assertEquals(await must([await nodePath(version), "files.js"], { cwd }), said("files"));
    }
    assertEquals(await must([...RUNTIMES["bun"]!.command, "files.js"], { cwd }), said("files"));
  });
  await check("wrap --inline: one script, bundled by deno bundle, needs nothing", async () => {
    await must([deno, "bundle", "--quiet", "-o", "bundled.js", "script.js"], { cwd });
    await Deno.rename(`${folder}/bundled.js`, `${PROJECT}/bundled.js`);
    assertEquals(await must([deno, "run", "bundled.js"], { cwd: PROJECT }), said("script"));
  });
  await check(
    "wrap --modules: core modules as sources in Node 26, as default imports where a host gives them",
    async () => {
      await windlass(
        "wrapped",
        "wrap",
        "../greet.wasm",
        "-o",
        "source",
        "--modules",
        "source",
        "--map",
        "demo:greet/host=../host.js",
      );
      await Deno.writeTextFile(
        `${folder}/sources.js`,
        'import { api } from "./source/greet.js";\nconsole.log(api.greet("sources"));\n',
      );
      // Nothing is evaluated: the library knows how to go without.
      const flag = "--disallow-code-generation-from-strings";
      assertEquals(await must([await nodePath("26.10.0"), flag, "sources.js"], { cwd }), said("sources"));
    },
  );
  await checkCompile(said("files"));
  await windlass(".", "wrap", "server.wasm", "-o", "wrapped", "--serve", "--instances", "4");
  await check("wrap --serve: deno serve takes the module", async () => {
    await answers([deno, "serve", "--allow-read", "--port=0", "server.js"], /Listening on (http:\/\/[^\s]+)/);
  });
  await check("wrap --serve: Bun takes the module", async () => {
    await answers([...RUNTIMES["bun"]!.command, "server.js"], /(http:\/\/[^\s]+)/, { BUN_PORT: "0" });
  });
}

/** `deno compile` fetches a part of itself first: without a network it cannot. */
async function checkCompile(expected: string): Promise<void> {
  const args = ["compile", "--quiet", "--allow-read", "--include", "greet.wasm", "-o", "program", "files.js"];
  const { success, stderr } = await new Deno.Command(deno, { args, cwd }).output();
  const failure = new TextDecoder().decode(stderr);
  if (!success && /Setting up base binary/.test(failure)) {
    console.log("deno compile cannot fetch its base here: that a compiled program has its component was not checked");
    return;
  }
  await check("wrap: a program of deno compile has its component in it", async () => {
    if (!success) throw new Error(failure);
    await Deno.rename(`${folder}/program`, `${PROJECT}/program`);
    assertEquals(await must([`./program`], { cwd: PROJECT }), expected);
    await Deno.remove(`${PROJECT}/program`);
  });
}

/** Starts a server, asks it, ends it. */
async function answers(command: readonly string[], address: RegExp, env: Record<string, string> = {}): Promise<void> {
  const [name = "", ...args] = command;
  const child = new Deno.Command(name, { args, cwd, env: { NO_COLOR: "1", ...env }, stdout: "piped", stderr: "piped" })
    .spawn();
  try {
    const url = await Promise.any([spoken(child.stdout, address), spoken(child.stderr, address)]);
    const response = await fetch(new URL("/echo", url), { method: "POST", body: "over HTTP" });
    assertEquals([response.status, await response.text()], [200, "over HTTP"]);
  } finally {
    child.kill("SIGTERM");
    await child.status;
  }
}

/** What a stream says that matches; an error at its end. The rest is read and thrown away. */
export async function spoken(stream: ReadableStream<Uint8Array<ArrayBuffer>>, wanted: RegExp): Promise<string> {
  let text = "";
  const reader = stream.pipeThrough(new TextDecoderStream()).getReader();
  for (;;) {
    const { done, value } = await reader.read();
    if (done) throw new Error(`it ended without saying what was waited for: ${text}`);
    text += value;
    const found = wanted.exec(text);
    if (found === null) continue;
    (async () => {
      while (!(await reader.read()).done);
    })().catch(() => {});
    return found[1]!;
  }
}
