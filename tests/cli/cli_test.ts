// The command line as a person uses it: a process each.

import { assert, assertEquals } from "@std/assert";
import { version } from "@windlass/component/cli";
import { wat } from "../support/wat.ts";
import { withDirectory } from "../wasi/support.ts";

const cli = new URL("../../host/cli.ts", import.meta.url).pathname;
const guests = new URL("../wasi/guests/", import.meta.url).pathname;
const fixtures = new URL("../e2e/fixtures/", import.meta.url).pathname;

/** Runs it; gives exit code, output and error output. */
async function windlass(args: readonly string[], options: { stdin?: string; env?: Record<string, string> } = {}) {
  const child = new Deno.Command(Deno.execPath(), {
    args: ["run", "--allow-all", "--quiet", cli, ...args],
    stdin: "piped",
    stdout: "piped",
    stderr: "piped",
    env: { NO_COLOR: "1", ...options.env },
  }).spawn();
  const writer = child.stdin.getWriter();
  await writer.write(new TextEncoder().encode(options.stdin ?? "")).catch(() => {});
  await writer.close().catch(() => {});
  const { code, stdout, stderr } = await child.output();
  return { code, out: new TextDecoder().decode(stdout), err: new TextDecoder().decode(stderr) };
}

Deno.test("help and version", async () => {
  const { code, out } = await windlass(["--help"]);
  assertEquals(code, 0);
  for (const word of ["run FILE", "serve FILE", "inspect FILE", "types FILE", "split FILE", "--allow-http HOST"]) {
    assert(out.includes(word), word);
  }
  assertEquals((await windlass(["run", "--help"])).out, out);
  assertEquals((await windlass([])).code, 2);
  assertEquals((await windlass(["--version"])).out, `${version}\n`);
  assertEquals(JSON.parse(await Deno.readTextFile(new URL("../../deno.json", import.meta.url))).version, version);
});

Deno.test("run passes arguments, environment, input and exit codes through", async () => {
  assertEquals(await windlass(["run", `${guests}hello.wasm`, "--", "ann"]), { code: 0, out: "Hello, ann!\n", err: "" });
  const command = `${guests}command.wasm`;
  assertEquals((await windlass(["run", command, "exit-badly"])).code, 1);
  assertEquals((await windlass(["run", command, "cat"], { stdin: "piped" })).out, "piped");
  const passed = await windlass(["run", command, "--env", "A=1=2", "--env", "B", "env"], {
    env: { B: "from here", C: "x" },
  });
  assertEquals(passed.out, "A=1=2\nB=from here\n");
});

Deno.test("a trap is said and exits with 134", async () => {
  const { code, out, err } = await windlass(["run", `${guests}command.wasm`, "spend"]);
  assertEquals([code, out], [134, "partial"]);
  assertEquals(err, "error: the component trapped: Cannot call export wasi:cli/run@0.2.0#run: unreachable\n");
});

Deno.test("errors say the file, the offset or the path", async () => {
  const said = async (args: string[]) => {
    const { code, err } = await windlass(args);
    return `${code} ${err.split("\n")[0]}`;
  };
  assert(
    (await said(["run", "nowhere.wasm"])).startsWith("1 error: ENOENT: no such file or directory, open 'nowhere.wasm'"),
  );
  assertEquals(
    await said(["inspect", cli]),
    "1 error: Cannot decode preamble: magic header not detected: bad magic number (at offset 0x0)",
  );
  assertEquals(
    await said(["run", `${fixtures}greet.wasm`]),
    "1 error: Cannot run wasi:cli/run@0.2.0#run: the component exports no such function; it is not a command: " +
      "it exports version, demo:greet/api@1.0.0, to be called through `instantiate(component, { ...await wasi() })`",
  );
  assertEquals(await said(["walk", "x"]), "2 error: unknown command walk");
  assertEquals(await said(["run"]), "2 error: which FILE?");
  assertEquals(await said(["run", "x.wasm", "--max-memory-pages", "many"]).then((line) => line.slice(0, 7)), "2 error");
  assert((await said(["run", "--dirs", "x", "y.wasm"])).startsWith("2 error: Unknown option '--dirs'"));
});

/** Gives back what it is given: a string at the root, a number in an interface; divides, and fails at that. */
const echoes = await wat(`(component
  (core module $M
    (memory (export "memory") 1)
    (global $next (mut i32) (i32.const 1024))
    (func (export "realloc") (param i32 i32 i32 i32) (result i32)
      (global.get $next) (global.set $next (i32.add (global.get $next) (local.get 3))))
    (func (export "text") (param i32 i32) (result i32)
      (i32.store (i32.const 0) (local.get 0)) (i32.store (i32.const 4) (local.get 1)) (i32.const 0))
    (func (export "number") (param i32) (result i32) (local.get 0))
    (func (export "halve") (param i32) (result i32)
      (i32.store8 (i32.const 8) (i32.and (local.get 0) (i32.const 1)))
      (i32.store (i32.const 12) (i32.shr_u (local.get 0) (i32.const 1)))
      (i32.const 8)))
  (core instance $m (instantiate $M))
  (func (export "echo-text") (param "text" string) (result string)
    (canon lift (core func $m "text") (memory $m "memory") (realloc (func $m "realloc"))))
  (func (export "halve") (param "number" u32) (result (result u32 (error u32)))
    (canon lift (core func $m "halve") (memory $m "memory")))
  (func $number (param "number" u8) (result u8) (canon lift (core func $m "number")))
  (instance $numbers (export "echo-number" (func $number)))
  (export "demo:echo/numbers@1.2.0" (instance $numbers)))`);

/** Writes a component and gives what invokes its functions: the exit code, and the first line of what was said. */
async function invoker(file: string, component: Uint8Array): Promise<(call: string) => Promise<string>> {
  await Deno.writeFile(file, component);
  return async (call) => {
    const { code, out, err } = await windlass(["run", file, "--invoke", call]);
    return `${code} ${(code === 2 || out === "" ? err : out).split("\n")[0]}`;
  };
}

Deno.test("--invoke calls a function with values in text", () =>
  withDirectory(async (path) => {
    const invoke = await invoker(`${path}/echo.wasm`, echoes);
    assertEquals(await invoke('echo-text("hé \\"x\\"")'), '0 "hé \\"x\\""');
    assertEquals(await invoke("demo:echo/numbers@1.0.0#echo-number(7)"), "0 7");
    assertEquals(await invoke("halve(8)"), "0 ok(4)");
    assertEquals(await invoke("halve(9)"), "1 err(4)");
    assertEquals(await invoke("halv(8)"), "2 error: no function halv: the closest one is halve");
    assertEquals(
      await invoke("demo:echo/numbers@1.1.0#echo-number(256)"),
      "1 error: Cannot lower param 1 `number` of export demo:echo/numbers@1.2.0#echo-number: expected u8, found 256",
    );
    assertEquals(await invoke("halve(x)"), "2 error: expected an integer at character 2 of (x), found x)");
  }));

Deno.test("--invoke calls what it names: names that collide, versions, none of a resource", () =>
  withDirectory(async (path) => {
    const colliding = await wat(`(component
      (core module $M (func (export "1") (result i32) (i32.const 1)) (func (export "2") (result i32) (i32.const 2)))
      (core instance $m (instantiate $M))
      (func $1 (result u32) (canon lift (core func $m "1"))) (func $2 (result u32) (canon lift (core func $m "2")))
      (export "a1" (func $1)) (export "a-1" (func $2))
      (instance $i (export "b1" (func $1)) (export "b-1" (func $2)))
      (export "x:y/z@1.0.0" (instance $i)) (export "x:y/w@1.0.0" (instance $i)) (export "x:y/w@2.0.0" (instance $i)))`);
    const invoke = await invoker(`${path}/c.wasm`, colliding);
    assertEquals(await invoke("a1"), "0 1");
    assertEquals(await invoke("a-1"), "0 2");
    assertEquals(await invoke("x:y/z#b-1"), "0 2");
    assertEquals(await invoke("x:y/w#b1"), "2 error: several versions: x:y/w@1.0.0, x:y/w@2.0.0");
    assertEquals(await invoke("x:y/w@2.0.0#b1"), "0 1");
    assertEquals(
      await invoke("x:y/z#[constructor]r"),
      "2 error: x:y/z#[constructor]r belongs to a resource: only functions can be invoked",
    );
  }));

Deno.test("what would be lost without a word is refused", async () => {
  const count = `${guests}count.wasm`;
  const refused = async (...args: string[]) => {
    const { code, err } = await windlass(args);
    return `${code} ${err.split("\n")[0]}`;
  };
  const dirs = ["--dir", "tests::/", "--dir-read-only", "core::/"];
  assertEquals(await refused("run", count, ...dirs), "2 error: the guest's directory / is given twice");
  assertEquals(await refused("run", count, "--dir", ".::/::x"), "2 error: --dir must be HOST::GUEST, found .::/::x");
  assertEquals(await refused("run", count, "--dir", "::/"), "2 error: --dir must be HOST::GUEST, found ::/");
  assertEquals(await refused("inspect", count, "more"), "2 error: what is more for?");
  assertEquals(
    await refused("serve", count, "--instances", "0"),
    "2 error: --instances must be an integer from 1 to 100000",
  );
  assertEquals(await refused("serve", count, "--addr", "127.0.0.1:99999"), "2 error: --addr must be HOST:PORT");
  assertEquals((await windlass(["run", `${guests}command.wasm`, "--env", "SURELY_NOT_SET", "env"])).out, "");
});

Deno.test("types and split write what others read", () =>
  withDirectory(async (path) => {
    const greet = `${fixtures}greet.wasm`;
    const { out } = await windlass(["types", greet, "--world", "Greet"]);
    assert(out.includes("export interface Greet"));
    assertEquals((await windlass(["types", greet, "--world", "Greet", "-o", `${path}/greet.d.ts`])).code, 0);
    assertEquals(await Deno.readTextFile(`${path}/greet.d.ts`), out);
    const { out: written } = await windlass(["split", greet, "-o", `${path}/out`]);
    const files = written.trim().split("\n");
    assertEquals(files, [...files.keys()].map((i) => `${path}/out/greet.core${i}.wasm`));
    for (const file of files) assert(WebAssembly.validate(await Deno.readFile(file)));
  }));

Deno.test("inspect shows the world and the core modules", async () => {
  const { code, out } = await windlass(["inspect", `${fixtures}memories.wasm`]);
  assertEquals(code, 0);
  assert(out.startsWith("memories.wasm: "));
  assert(out.includes("core module 0: "));
  assert(out.includes("world root {"));
});

Deno.test("serve answers at its address, in one process for many requests", async () => {
  const child = new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--quiet", cli, "serve", `${guests}server.wasm`, "--addr", "127.0.0.1:0"],
    stdout: "null",
    stderr: "piped",
  }).spawn();
  const reader = child.stderr.pipeThrough(new TextDecoderStream()).getReader();
  try {
    const { value = "" } = await reader.read();
    const url = /at (http:\S+)/.exec(value)?.[1];
    assert(url !== undefined, value);
    assertEquals(await (await fetch(`${url}hello`)).text(), "Hello!\n");
    assertEquals((await fetch(`${url}trap`)).status, 500);
    let told = "";
    while (!told.includes("the component trapped")) told += (await reader.read()).value;
    assertEquals(await (await fetch(`${url}echo`, { method: "POST", body: "again" })).text(), "again");
  } finally {
    child.kill();
    await reader.cancel();
    await child.status;
  }
});
