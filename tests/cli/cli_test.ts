// The command line as a person uses it: a process each.

import { assert, assertEquals, assertMatch, assertRejects } from "@std/assert";
import { size } from "../../host/cli/terminal.ts";
import { wat } from "../support/wat.ts";
import { withDirectory } from "../wasi/support.ts";

const cli = new URL("../../host/cli.ts", import.meta.url).pathname;
const guests = new URL("../wasi/guests/", import.meta.url).pathname;
const fixtures = new URL("../e2e/fixtures/", import.meta.url).pathname;

/** Runs it; gives exit code, output and error output. */
async function windlass(
  args: readonly string[],
  options: { stdin?: string | Uint8Array<ArrayBuffer>; env?: Record<string, string> } = {},
) {
  const child = new Deno.Command(Deno.execPath(), {
    args: ["run", "--allow-all", "--quiet", cli, ...args],
    stdin: "piped",
    stdout: "piped",
    stderr: "piped",
    env: { NO_COLOR: "1", ...options.env },
  }).spawn();
  const writer = child.stdin.getWriter();
  const { stdin = "" } = options;
  await writer.write(typeof stdin === "string" ? new TextEncoder().encode(stdin) : stdin).catch(() => {});
  await writer.close().catch(() => {});
  const { code, stdout, stderr } = await child.output();
  return { code, out: new TextDecoder().decode(stdout), err: new TextDecoder().decode(stderr) };
}

Deno.test("run passes arguments, environment, input and exit codes through", async () => {
  assertEquals(await windlass(["run", `${guests}hello.wasm`, "--", "ann"]), { code: 0, out: "Hello, ann!\n", err: "" });
  const command = `${guests}command.wasm`;
  assertEquals((await windlass(["run", command, "exit-badly"])).code, 1);
  assertEquals((await windlass(["run", command, "cat"], { stdin: "piped" })).out, "piped");
  const passed = await windlass(["run", "--env", "A=1=2", "--env", "B", command, "env"], {
    env: { B: "from here", C: "x" },
  });
  assertEquals(passed.out, "A=1=2\nB=from here\n");
});

Deno.test("a trap is said and exits with 134", async () => {
  const { code, out, err } = await windlass(["run", `${guests}command.wasm`, "spend"]);
  assertEquals([code, out], [134, "partial"]);
  assertEquals(err, "error: the component trapped: Cannot call export wasi:cli/run@0.2.0#run: unreachable\n");
});

Deno.test("wrap --ahead writes a module that starts without eval", () =>
  withDirectory(async (path) => {
    const greet = `${fixtures}greet.wasm`, library = import.meta.resolve("../../host/ahead.ts");
    const { out } = await windlass(["wrap", "--ahead", greet, "-o", `${path}/out`, "--library", library]);
    const files = ["core0.wasm", "core1.wasm", "core2.wasm", "plan.js", "js"];
    assertEquals(out.trim().split("\n"), files.map((file) => `${path}/out/greet.${file}`));
    const program = `${path}/main.js`;
    await Deno.writeTextFile(
      program,
      `import { instantiate } from "./out/greet.js";
      const { exports } = await instantiate({ "demo:greet/host@1.0.0": { log: (line) => console.log("log", line) } });
      console.log(exports["demo:greet/api@1.0.0"].greet("ahead"));`,
    );
    const flags = ["--quiet", "--allow-read", "--no-check", "--v8-flags=--disallow-code-generation-from-strings"];
    const ran = await new Deno.Command(Deno.execPath(), { args: ["run", ...flags, program] }).output();
    assertEquals(new TextDecoder().decode(ran.stdout), "log Hello, ahead!\nHello, ahead!\n");
    const { err } = await windlass(["wrap", greet, "--ahead", "--serve", "-o", `${path}/out`]);
    assertMatch(err, /^error: --serve and --ahead exclude each other\n/);
  }));

/**
 * A component of half a megabyte that is all types, so that all of its compiling keeps the thread
 * busy.
 */
const types = await wat(
  `(component ${
    Array.from({ length: 400 }, (_, i) =>
      `(import "i${i}" (instance ${
        Array.from({ length: 40 }, (_, j) =>
          `(type $r${j} (record (field "a${j}" u8) (field "b" string))) (export "r${j}" (type $e${j} (eq $r${j})))
        (export "f${j}" (func (param "x" $e${j})))`).join("")
      }))`).join("")
  })`,
);

Deno.test({
  name: "on a terminal a line says what is under way while a large component is compiled, and only then",
  ignore: Deno.build.os !== "linux", // script(1) has other options elsewhere
  fn: () =>
    withDirectory(async (path) => {
      /** What a terminal is sent, piece by piece: each with the time it came. */
      const watched = async (file: string) => {
        const child = new Deno.Command("script", {
          args: ["-qec", `${Deno.execPath()} run -A --quiet ${cli} types ${file} -o ${path}/out.d.ts`, "/dev/null"],
          stdin: "null",
          stdout: "piped",
        }).spawn();
        const pieces: { text: string; at: number }[] = [];
        for await (const text of child.stdout.pipeThrough(new TextDecoderStream())) {
          pieces.push({ text, at: performance.now() });
        }
        await child.status;
        return pieces;
      };
      await Deno.writeFile(`${path}/types.wasm`, types);
      const pieces = await watched(`${path}/types.wasm`);
      assertEquals(
        pieces.map(({ text }) => text).join(""),
        `compiling ${path}/types.wasm (${size(types.length)})…\r\x1b[K`,
      );
      // There before the compiling, which takes hundreds of milliseconds, and gone after it
      assert(pieces.length > 1 && pieces.at(-1)!.at - pieces[0]!.at > 50, JSON.stringify(pieces));
      assertEquals(await watched(`${fixtures}greet.wasm`), []);
      assertEquals((await windlass(["types", `${path}/types.wasm`, "-o", `${path}/out.d.ts`])).err, "");
    }),
});

/** Serves a guest at a free port; gives its address and what the process says. */
async function serving(
  guest: string,
  use: (url: string, reader: ReadableStreamDefaultReader<string>) => Promise<void>,
): Promise<void> {
  const child = new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--quiet", cli, "serve", `${guests}${guest}.wasm`, "--addr", "127.0.0.1:0"],
    stdout: "null",
    stderr: "piped",
  }).spawn();
  const reader = child.stderr.pipeThrough(new TextDecoderStream()).getReader();
  try {
    const { value = "" } = await reader.read();
    const url = /at (http:\S+)/.exec(value)?.[1];
    assert(url !== undefined, value);
    await use(url!, reader);
  } finally {
    child.kill();
    await reader.cancel();
    await child.status;
  }
}

Deno.test("serve answers at its address, in one process for many requests", async () => {
  await serving("server", async (url, reader) => {
    assertEquals(await (await fetch(`${url}hello`)).text(), "Hello!\n");
    assertEquals((await fetch(`${url}trap`)).status, 500);
    let told = "";
    while (!told.includes("the component trapped")) told += (await reader.read()).value;
    // A trap in the middle of a body ends that connection, and is told.
    await assertRejects(async () => await (await fetch(`${url}half`)).text());
    for (told = ""; !told.includes("the component trapped");) told += (await reader.read()).value;
    assertEquals(await (await fetch(`${url}echo`, { method: "POST", body: "again" })).text(), "again");
  });
});

Deno.test("a signal ends serve when its requests have ended, with exit code 0", async () => {
  const child = new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--quiet", cli, "serve", `${guests}p3/handler.wasm`, "--addr", "127.0.0.1:0"],
    stdout: "null",
    stderr: "piped",
  }).spawn();
  let said = "", asked = false, slow: Promise<string> | undefined;
  for await (const text of child.stderr.pipeThrough(new TextDecoderStream())) {
    said += text;
    const url = /at (http:\S+)/.exec(said)?.[1];
    if (url === undefined) continue;
    slow ??= fetch(`${url}sleep?300`).then((response) => response.text());
    // The slow one has arrived when another one that came later was answered.
    if (said.includes("GET / 200")) {
      if (!asked) child.kill("SIGTERM");
      asked = true;
    } else fetch(url).then((response) => response.text());
  }
  assertEquals([(await child.status).code, await slow], [0, "slept\n"]);
  assertMatch(said, /^ending: running requests may end; a second signal ends them$/m);
});

Deno.test("run and serve take components of WASI 0.3; --invoke calls what they export besides", async () => {
  assertEquals(await windlass(["run", `${guests}p3/command.wasm`, "exit", "3"]), { code: 3, out: "before\n", err: "" });
  const upper = await windlass(["run", `${guests}p3/command.wasm`, "upper"], { stdin: "a line\n" });
  assertEquals([upper.code, upper.out], [0, "A LINE\n"]);
  const invoked = await windlass(["run", "--invoke", "wasi:cli/run@0.3.0#run()", `${guests}p3/command.wasm`]);
  assertEquals([invoked.code, invoked.err], [1, ""]); // it is told no command
  await serving("p3/handler", async (url) => {
    assertEquals(await (await fetch(`${url}echo`, { method: "POST", body: "again" })).text(), "again");
  });
});
