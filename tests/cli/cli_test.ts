// The command line as a person uses it: a process each.

import { assert, assertEquals, assertMatch, assertRejects } from "@std/assert";
import { compileSync } from "@windlass/component";
import { version } from "@windlass/component/cli";
import { size } from "../../host/cli/inspect.ts";
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

Deno.test("help and version", async () => {
  const { code, out } = await windlass(["--help"]);
  assertEquals(code, 0);
  const commands = {
    run: "--invoke",
    serve: "--addr",
    inspect: "--json",
    types: "--module",
    split: "--output DIR",
    wrap: "--modules source",
  };
  for (const [command, option] of Object.entries(commands)) {
    assert(out.includes(`\n  ${command} [OPTIONS] FILE`), command);
    const help = await windlass([command, "--help"]);
    assertEquals([help.code, help.err], [0, ""]);
    assert(help.out.startsWith(`windlass ${command}: `) && help.out.includes(option), help.out);
    assertEquals((await windlass(["help", command])).out, help.out);
    assertEquals(help.out.includes("--allow-http HOST"), command === "run" || command === "serve");
  }
  assertEquals((await windlass(["help", "walk"])).code, 2);
  assertEquals((await windlass([])).code, 2);
  assertEquals((await windlass(["--version"])).out, `${version}\n`);
  assertEquals(JSON.parse(await Deno.readTextFile(new URL("../../deno.json", import.meta.url))).version, version);
});

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

Deno.test("what follows FILE belongs to the component", async () => {
  const hello = `${guests}hello.wasm`, said = async (...args: string[]) => (await windlass(["run", ...args])).out;
  assertEquals(await said(hello, "--help"), "Hello, --help!\n");
  assertEquals(await said(hello, "-x"), "Hello, -x!\n");
  assertEquals(await said(hello, "--", "--dir"), "Hello, --dir!\n");
  assertEquals(await said(hello, "--", "--"), "Hello, --!\n");
  assertEquals(await said("--", hello, "ann"), "Hello, ann!\n");
  assertEquals(await said("--env", "X=1", "--", hello, "--env"), "Hello, --env!\n");
  assertEquals(await said(`--env=X=${hello}`, hello), await said(hello));
  // Nothing of it is ours: this would be a directory that is not there
  assertEquals((await windlass(["run", `${guests}command.wasm`, "env", "--env", "A=1"])).out, "");
  const { code, err } = await windlass(["run", "--invoke", "f()", hello, "--dir", "."]);
  assertEquals(code, 2);
  assert(
    err.startsWith("error: --invoke has its arguments in the call; options stand before FILE, found --dir after it"),
  );
});

Deno.test("- is the standard input", async () => {
  const bytes = (path: string) => Deno.readFileSync(path);
  const stdin = bytes(`${guests}hello.wasm`);
  assertEquals(await windlass(["run", "-", "ann"], { stdin }), { code: 0, out: "Hello, ann!\n", err: "" });
  assertEquals((await windlass(["run", "-", "cat"], { stdin: bytes(`${guests}command.wasm`) })).out, "");
  assertEquals((await windlass(["run", "--invoke", "halve(8)", "-"], { stdin: echoes })).out, "ok(4)\n");
  const greet = bytes(`${fixtures}greet.wasm`);
  assertEquals(
    (await windlass(["types", "-"], { stdin: greet })).out,
    (await windlass(["types", `${fixtures}greet.wasm`])).out,
  );
  assert((await windlass(["inspect", "-"], { stdin: greet })).err.startsWith("-: 2.6 KB, "));
  const { code, err } = await windlass(["run", "-"]);
  assertEquals([code, err.split("\n")[0]], [
    1,
    "error: Cannot decode preamble: unexpected end-of-file (at offset 0x0)",
  ]);
});

Deno.test("a trap is said and exits with 134", async () => {
  const { code, out, err } = await windlass(["run", `${guests}command.wasm`, "spend"]);
  assertEquals([code, out], [134, "partial"]);
  assertEquals(err, "error: the component trapped: Cannot call export wasi:cli/run@0.2.0#run: unreachable\n");
});

Deno.test("--fuel and --timeout end what does not end by itself", () =>
  withDirectory(async (path) => {
    const file = `${path}/loop.wasm`;
    await Deno.writeFile(
      file,
      await wat(`(component
        (core module $M (func (export "loop") (loop $l (br $l))) (func (export "once") (result i32) (i32.const 7)))
        (core instance $m (instantiate $M))
        (func (export "loop") (canon lift (core func $m "loop")))
        (func (export "once") (result u32) (canon lift (core func $m "once"))))`),
    );
    assertEquals(await windlass(["run", "--fuel", "100000", "--invoke", "loop", file]), {
      code: 134,
      out: "",
      err: "error: the component trapped: Cannot call export loop: all fuel consumed: limit `fuel`\n",
    });
    assertEquals(await windlass(["run", "--timeout", "30", "--invoke", "loop", file]), {
      code: 134,
      out: "",
      err: "error: the component trapped: Cannot call export loop: ran longer than 30 ms: limit `deadline`\n",
    });
    assertEquals(
      (await windlass(["run", "--timeout", "30000", "--fuel", "1000", "--invoke", "once", file])).out,
      "7\n",
    );
    assertEquals((await windlass(["run", "--fuel", "100000000", `${guests}hello.wasm`, "ann"])).out, "Hello, ann!\n");
    assertMatch(
      (await windlass(["run", "--timeout", "0", file])).err,
      /^error: --timeout must be an integer from 1 to/,
    );
  }));

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
  assertEquals(
    await said(["run", "--max-memory-pages", "many", "x.wasm"]),
    "2 error: --max-memory-pages must be an integer from 0 to 65536",
  );
  assertEquals((await windlass(["serve"])).err, "error: which FILE?\nTry serve --help.\n");
  assertEquals((await windlass(["walk"])).err, "error: unknown command walk\nTry --help.\n");
  assert((await said(["run", "--dirs", "x", "y.wasm"])).startsWith("2 error: Unknown option '--dirs'"));
});

/**
 * Gives back what it is given: a string at the root, a number in an interface; divides, and fails
 * at that.
 */
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

/**
 * Writes a component and gives what invokes its functions: the exit code, and the first line of
 * what was said.
 */
async function invoker(file: string, component: Uint8Array): Promise<(call: string) => Promise<string>> {
  await Deno.writeFile(file, component);
  return async (call) => {
    const { code, out, err } = await windlass(["run", "--invoke", call, file]);
    return `${code} ${(code === 2 || out === "" ? err : out).split("\n")[0]}`;
  };
}

const counting = wat(`(component
  (type $words (stream u8))
  (core module $Mem (memory (export "m") 1))
  (core instance $mem (instantiate $Mem))
  (core func $return (canon task.return (result u32)))
  (core func $give (canon task.return (result $words)))
  (core func $new (canon stream.new $words))
  (core func $write (canon stream.write $words async (memory (core memory $mem "m"))))
  (core func $drop (canon stream.drop-writable $words))
  (core func $set-new (canon waitable-set.new))
  (core func $join (canon waitable.join))
  (core module $M
    (import "" "m" (memory 1)) (import "" "return" (func $return (param i32))) (import "" "give" (func $give (param i32)))
    (import "" "new" (func $new (result i64))) (import "" "write" (func $write (param i32 i32 i32) (result i32)))
    (import "" "drop" (func $drop (param i32))) (import "" "set-new" (func $set-new (result i32)))
    (import "" "join" (func $join (param i32 i32)))
    (data (i32.const 8) "\\01\\02\\03")
    (global $end (mut i32) (i32.const 0))
    (func (export "next") (param i32) (result i32) (call $return (i32.add (local.get 0) (i32.const 1))) (i32.const 0))
    (func (export "count") (result i32) (local $ends i64) (local $set i32)
      (local.set $ends (call $new))
      (global.set $end (i32.wrap_i64 (i64.shr_u (local.get $ends) (i64.const 32))))
      (call $give (i32.wrap_i64 (local.get $ends)))
      (drop (call $write (global.get $end) (i32.const 8) (i32.const 3)))
      (local.set $set (call $set-new))
      (call $join (global.get $end) (local.get $set))
      (i32.or (i32.const 2) (i32.shl (local.get $set) (i32.const 4))))
    (func (export "cb") (param i32 i32 i32) (result i32)
      (call $join (global.get $end) (i32.const 0)) (call $drop (global.get $end)) (i32.const 0)))
  (core instance $m (instantiate $M (with "" (instance
    (export "m" (memory $mem "m")) (export "return" (func $return)) (export "give" (func $give))
    (export "new" (func $new)) (export "write" (func $write)) (export "drop" (func $drop))
    (export "set-new" (func $set-new)) (export "join" (func $join))))))
  (func (export "next") async (param "n" u32) (result u32)
    (canon lift (core func $m "next") async (callback (core func $m "cb"))))
  (func (export "count") async (result $words) (canon lift (core func $m "count") async (callback (core func $m "cb")))))`);

Deno.test("--invoke waits for an asynchronous function, and reads a stream to its end", () =>
  withDirectory(async (directory) => {
    const call = await invoker(`${directory}/counting.wasm`, await counting);
    assertEquals(await call("next(4)"), "0 5");
    assertEquals(await call("count()"), "0 [1, 2, 3]");
  }));

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

Deno.test("--invoke takes a function's own name where no other has it", () =>
  withDirectory(async (path) => {
    const several = await wat(`(component
      (core module $M (func (export "1") (result i32) (i32.const 1)) (func (export "2") (result i32) (i32.const 2))
        (func (export "n")))
      (core instance $m (instantiate $M))
      (func $1 (result u32) (canon lift (core func $m "1"))) (func $2 (result u32) (canon lift (core func $m "2")))
      (instance $i (export "only" (func $1)) (export "both" (func $1)) (export "at-root" (func $1)))
      (instance $j (export "both" (func $2)))
      (export "x:y/i@1.0.0" (instance $i)) (export "x:y/j" (instance $j)) (export "at-root" (func $2)))`);
    const invoke = await invoker(`${path}/s.wasm`, several);
    assertEquals(await invoke("only()"), "0 1");
    assertEquals(await invoke("only"), "0 1");
    assertEquals(await invoke("at-root()"), "0 2");
    assertEquals(await invoke("both()"), "2 error: several functions both: x:y/i@1.0.0#both, x:y/j#both");
    assertEquals(await invoke("x:y/j#both()"), "0 2");
    assertEquals(await invoke("x:y/j#only()"), "2 error: no function x:y/j#only: the closest one is x:y/i@1.0.0#only");
    assertEquals(await invoke("onli()"), "2 error: no function onli: the closest one is x:y/i@1.0.0#only");
  }));

Deno.test("what would be lost without a word is refused", async () => {
  const count = `${guests}count.wasm`;
  const refused = async (...args: string[]) => {
    const { code, err } = await windlass(args);
    return `${code} ${err.split("\n")[0]}`;
  };
  const dirs = ["--dir", "tests::/", "--dir-read-only", "core::/"];
  assertEquals(await refused("run", ...dirs, count), "2 error: the guest's directory / is given twice");
  assertEquals(await refused("run", "--dir", ".::/::x", count), "2 error: --dir must be HOST::GUEST, found .::/::x");
  assertEquals(await refused("run", "--dir", "::/", count), "2 error: --dir must be HOST::GUEST, found ::/");
  assertEquals(await refused("inspect", count, "more"), "2 error: what is more for?");
  assertEquals(
    await refused("serve", count, "--instances", "0"),
    "2 error: --instances must be an integer from 1 to 100000",
  );
  assertEquals(await refused("serve", count, "--addr", "127.0.0.1:99999"), "2 error: --addr must be HOST:PORT");
  assertEquals((await windlass(["run", "--env", "SURELY_NOT_SET", `${guests}command.wasm`, "env"])).out, "");
});

Deno.test("types and split write what others read", () =>
  withDirectory(async (path) => {
    const greet = `${fixtures}greet.wasm`;
    const { out } = await windlass(["types", greet, "--world", "Greet"]);
    assert(out.includes("export interface Greet"));
    assertEquals((await windlass(["types", greet, "--world", "Greet", "-o", `${path}/greet.d.ts`])).code, 0);
    assertEquals(await Deno.readTextFile(`${path}/greet.d.ts`), out);
  }));

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
    const { err } = await windlass(["wrap", greet, "-o", `${path}/out`]);
    assertMatch(err, /^error: how\? Give --ahead/);
  }));

Deno.test("split writes the core modules and the rest, which compile takes together", () =>
  withDirectory(async (path) => {
    const greet = `${fixtures}greet.wasm`, whole = await Deno.readFile(greet);
    const { out: written } = await windlass(["split", greet, "-o", `${path}/out`]);
    const files = written.trim().split("\n"), count = compileSync(whole).modules.length;
    const names = [...Array.from({ length: count }, (_, i) => `core${i}`), "rest"];
    assertEquals(files, names.map((name) => `${path}/out/greet.${name}.wasm`));
    const [rest, ...modules] = await Promise.all(
      [files.at(-1)!, ...files.slice(0, -1)].map((file) => Deno.readFile(file)),
    );
    const given = modules.map((bytes) => new WebAssembly.Module(bytes));
    assertEquals(compileSync(rest!, { modules: given }).wit(), compileSync(whole).wit());
    const { code, err } = await windlass(["inspect", files.at(-1)!]);
    assertEquals(code, 1);
    assertMatch(err, /^error: Cannot compile component: its core modules were split from it: pass \{ modules \}/);
    // Memories can be bounded here: a host that forbids compiling cannot do it
    const bounded = await windlass(["split", greet, "-o", `${path}/out`, "--max-memory-pages", "0"]);
    assertMatch(bounded.err, /^error: Cannot compile component: memory of core module 0 starts with 1 pages/);
    // So can what they execute.
    const pieces = (await windlass(["split", greet, "-o", `${path}/out`, "--metering"])).out.trim().split("\n");
    assertEquals(pieces.at(-2), `${path}/out/greet.core${count}.wasm`); // behind them what the library needs for that
    const metered = await Promise.all(pieces.slice(0, -1).map((file) => Deno.readFile(file)));
    const options = { modules: metered.map((bytes) => new WebAssembly.Module(bytes)), metering: true };
    assertEquals(compileSync(rest!, options).wit(), compileSync(whole).wit());
    assertEquals(
      (await windlass(["split", "-", "-o", `${path}/piped`], { stdin: whole })).out.split("\n")[0],
      `${path}/piped/component.core0.wasm`,
    );
  }));

Deno.test("inspect writes the world, and beside it what it is made of", async () => {
  const file = `${fixtures}greet.wasm`, { code, out, err } = await windlass(["inspect", file]);
  const component = compileSync(await Deno.readFile(file));
  assertEquals([code, out], [0, component.wit()]);
  assertMatch(
    err,
    /^\S*greet\.wasm: 2\.6 KB, 3 core modules of 973 bytes\n {2}core module 0: 767 bytes, 1 imports, 7 exports\n/,
  );
  const json = await windlass(["inspect", "--json", file]), report = JSON.parse(json.out);
  assertEquals([json.code, json.err], [0, ""]);
  assertEquals(report.file, file);
  assertEquals(report.bytes, (await Deno.stat(file)).size);
  assertEquals(report.wit, component.wit());
  assertEquals(report.imports, component.imports.map(({ name, type }) => ({ name, kind: type.kind })));
  assertEquals(report.exports, [{ name: "version", kind: "func" }, { name: "demo:greet/api@1.0.0", kind: "instance" }]);
  assertEquals(
    report.modules.map(({ imports, exports }: { imports: unknown; exports: unknown }) => ({ imports, exports })),
    component.modules.map((module) => ({
      imports: WebAssembly.Module.imports(module),
      exports: WebAssembly.Module.exports(module),
    })),
  );
  const stdin = await wat(`(component (core module (memory 1) (memory 1)))`);
  const { features } = JSON.parse((await windlass(["inspect", "--json", "-"], { stdin })).out).modules[0];
  assertEquals(features, [{ name: "multiple memories", missing: false }]);
});

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
