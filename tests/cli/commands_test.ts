// Commands, their options and their errors, run in this process.

import process from "node:process";
import { assert, assertEquals, assertMatch } from "@std/assert";
import { compileSync } from "@windlass/component";
import { version } from "@windlass/component/cli";
import { commandNames, optionsOf } from "../../host/cli/help.ts";
import { wat } from "../support/wat.ts";
import { withDirectory } from "../wasi/support.ts";
import { windlass } from "./support.ts";

const guests = new URL("../wasi/guests/", import.meta.url).pathname;
const fixtures = new URL("../e2e/fixtures/", import.meta.url).pathname;
const cli = new URL("../../host/cli.ts", import.meta.url).pathname;

Deno.test("help fits a screen, and has each option of a command", async () => {
  const { code, out } = await windlass(["--help"]);
  assertEquals(code, 0);
  const texts = [out];
  for (const command of commandNames) {
    assert(out.includes(command), command);
    const help = await windlass([command, "--help"]);
    assertEquals([help.code, help.err], [0, ""]);
    assert(help.out.startsWith(`windlass ${command}: `), help.out);
    assertEquals((await windlass(["help", command])).out, help.out);
    // An option that resembles none is answered with the list of all.
    const { err } = await windlass([command, "--0123456789"]);
    const known = [...err.matchAll(/ --([a-z-]+)(?=[,\n])/g)].map(([, name]) => name);
    assertEquals([...optionsOf(command).map(({ name }) => name), "help"].sort(), known.sort());
    texts.push(help.out);
  }
  for (const text of texts) {
    const lines = text.trimEnd().split("\n");
    assert(lines.length <= 24, text);
    for (const line of lines) assert(line.length <= 80, line);
  }
});

Deno.test("a command, or a FILE that is run", async () => {
  assertEquals((await windlass(["help", "walk"])).code, 2);
  assertEquals((await windlass([])).code, 2);
  assertEquals((await windlass(["--version"])).out, `${version}\n`);
  assertEquals(JSON.parse(await Deno.readTextFile(new URL("../../deno.json", import.meta.url))).version, version);
  const hello = `${guests}hello.wasm`, command = `${guests}command.wasm`;
  assertEquals(await windlass([hello, "ann"]), { code: 0, out: "Hello, ann!\n", err: "" });
  assertEquals((await windlass([hello, "--help"])).out, "Hello, --help!\n");
  assertEquals((await windlass(["--env", "A=1", command, "env"])).out, "A=1\n");
  assert((await windlass(["--dir", ".", "--help"])).out.startsWith("windlass run: "));
  assertEquals(
    (await windlass(["nowhere.wasm"])).err,
    `error: there is no nowhere.wasm in ${process.cwd()}: check the path\n`,
  );
});

Deno.test("--env sets a variable, or passes this process's own on", async () => {
  const env = async (...options: string[]) =>
    await windlass(["run", ...options, `${guests}command.wasm`, "env"], { env: { B: "from here", C: "x" } });
  assertEquals((await env("--env", "A=1=2", "--env", "B", "--env", "D=")).out, "A=1=2\nB=from here\nD=\n");
  assertEquals((await env("--env", "NOT_SET")).out, "");
  assertEquals((await env("--env", "=1")).err.split("\n")[0], "error: --env must be NAME or NAME=VALUE, found =1");
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
    err.startsWith(
      'error: --invoke has its arguments in the call: f(1, "x"); options stand before FILE, found --dir after it',
    ),
  );
});

Deno.test("- is the standard input", async () => {
  const bytes = (path: string) => Deno.readFileSync(path);
  const stdin = bytes(`${guests}hello.wasm`);
  assertEquals(await windlass(["run", "-", "ann"], { stdin }), { code: 0, out: "Hello, ann!\n", err: "" });
  assertEquals((await windlass(["run", "-", "cat"], { stdin: bytes(`${guests}command.wasm`) })).out, "");
  const greet = bytes(`${fixtures}greet.wasm`);
  assertEquals(
    (await windlass(["types", "-"], { stdin: greet })).out,
    (await windlass(["types", `${fixtures}greet.wasm`])).out,
  );
  assert((await windlass(["inspect", "-"], { stdin: greet })).err.startsWith("-: 2.6 KB, "));
  const { code, err } = await windlass(["run", "-"]); // an empty pipe
  assertEquals([code, err.split("\n")[0]], [
    1,
    "error: Cannot decode preamble: unexpected end-of-file (at offset 0x0); there is nothing in it: was it built, " +
    "or is it empty by mistake?",
  ]);
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
      err:
        "error: the component trapped: Cannot call export loop: all fuel consumed: limit `fuel`; --fuel N gives more\n",
    });
    assertEquals(await windlass(["run", "--timeout", "30", "--invoke", "loop", file]), {
      code: 134,
      out: "",
      err:
        "error: the component trapped: Cannot call export loop: ran longer than 30 ms: limit `deadline`; --timeout MS gives more time\n",
    });
    assertEquals(
      (await windlass(["run", "--timeout", "30000", "--fuel", "1000", "--invoke", "once", file])).out,
      "7\n",
    );
    for (const timeout of ["2.5s", "1m", "100ms"]) {
      assertEquals((await windlass(["run", "--timeout", timeout, "--invoke", "once", file])).out, "7\n");
    }
    assertEquals((await windlass(["run", "--fuel", "100000000", `${guests}hello.wasm`, "ann"])).out, "Hello, ann!\n");
    assertMatch(
      (await windlass(["run", "--timeout", "0", file])).err,
      /^error: --timeout must be milliseconds, 500 or 10s or 2m, up to 2147483647, found 0\n/,
    );
  }));

Deno.test("errors say the file, the offset or the path, and what to do", async () => {
  const said = async (...args: string[]) => {
    const { code, err } = await windlass(args);
    return `${code} ${err.split("\n")[0]}`;
  };
  const here = process.cwd();
  assertEquals(await said("run", "nowhere.wasm"), `1 error: there is no nowhere.wasm in ${here}: check the path`);
  assertMatch(await said("inspect", guests), /^1 error: \S*guests\/ is a folder: name a file in it$/);
  assertEquals(
    await said("inspect", cli),
    "1 error: Cannot decode preamble: magic header not detected: bad magic number (at offset 0x0)",
  );
  assertEquals(
    await said("run", `${fixtures}greet.wasm`),
    "1 error: Cannot run wasi:cli/run@0.2.0#run: the component exports no such function; it is not a command: " +
      "it exports version, demo:greet/api@1.0.0, to be called through `instantiate(component, { ...await wasi() })`; " +
      "--invoke calls a function here",
  );
  assertEquals(
    await said("run", "--invoke", "version()", `${fixtures}greet.wasm`),
    "1 error: Cannot link import demo:greet/host@1.0.0#log: a definition was not found; --plug FILE gives a component " +
      "that exports it",
  );
  assertEquals(await said("walk", "x"), "2 error: unknown command walk: there are " + commandNames.join(", "));
  assertEquals(await said("inspct", "x"), "2 error: unknown command inspct: the closest one is inspect");
  assertEquals(await said("run"), "2 error: which FILE?");
  assertEquals(await said("--env", "a.wasm"), "2 error: which FILE?; --env has taken a.wasm as its value");
  assertEquals(
    await said("types", "--world", "a b", "x.wasm"),
    "2 error: --world is the name of a type, as Greet, found a b; --wit-world chooses a world",
  );
  assertMatch(
    await said("run", "--max-memory-pages", "0", `${guests}hello.wasm`),
    /more than maxMemoryPages 0 \(at offset \w+\); --max-memory-pages N allows more$/,
  );
  assertEquals(await said("completion"), "2 error: which SHELL: bash, zsh or fish?");
  assertEquals(
    await said("run", "--max-memory-pages", "many", "x.wasm"),
    "2 error: --max-memory-pages must be an integer from 0 to 65536",
  );
  assertEquals((await windlass(["serve"])).err, "error: which FILE?\nTry serve --help.\n");
  assertEquals(
    (await windlass(["walk"])).err,
    `error: unknown command walk: there are ${commandNames.join(", ")}\nTry --help.\n`,
  );
  assertEquals(await said("run", "--dirs", "x", "y.wasm"), "2 error: unknown option --dirs: the closest one is --dir");
  assertEquals(
    await said("split", "-x", "y.wasm"),
    "2 error: unknown option -x: there are --output, --max-memory-pages, --metering, --help",
  );
  assertEquals(await said("run", "--dir"), "2 error: --dir needs a value");
  assertEquals(
    await said("run", "--dir", "--trace", "y.wasm"),
    "2 error: --dir needs a value, found --trace; --dir=--trace if that is the value",
  );
  assertEquals(await said("inspect", "--json=yes", "y.wasm"), "2 error: --json takes no value, found yes");
  assertEquals(
    await said("inspect", "--json", "--wit", "y.wasm"),
    "2 error: --json has the WIT in its member `wit`: give one of --json and --wit",
  );
  assertEquals(
    await said("serve", "--reuse", "3", "y.wasm"),
    "2 error: --reuse needs --instances N: without it, each instance has one request",
  );
  const core = await windlass(["inspect", "-"], { stdin: new Uint8Array([0, 0x61, 0x73, 0x6d, 1, 0, 0, 0]) });
  assertMatch(
    core.err,
    /found a WebAssembly core module; .*; `wasm-tools component new` makes a component of a core module/,
  );
});

Deno.test("what would be lost without a word is refused", async () => {
  const count = `${guests}count.wasm`;
  const refused = async (...args: string[]) => {
    const { code, err } = await windlass(args);
    return `${code} ${err.split("\n")[0]}`;
  };
  const dirs = ["--dir", "tests::/", "--dir-read-only", "core::/"];
  assertEquals(
    await refused("run", ...dirs, count),
    "2 error: the guest's directory / is given twice: give one another name, HOST::GUEST",
  );
  assertEquals(await refused("run", "--dir", ".::/::x", count), "2 error: --dir must be HOST::GUEST, found .::/::x");
  assertEquals(await refused("run", "--dir", "::/", count), "2 error: --dir must be HOST::GUEST, found ::/");
  assertEquals(await refused("inspect", count, "more"), "2 error: what is more for? The command takes one FILE");
  assertEquals(
    await refused("serve", count, "--instances", "0"),
    "2 error: --instances must be an integer from 1 to 100000",
  );
  assertEquals(
    await refused("serve", count, "--addr", "127.0.0.1:99999"),
    "2 error: --addr must be HOST:PORT, as 127.0.0.1:8080 or [::1]:8080, found 127.0.0.1:99999",
  );
});

Deno.test("types and split write what others read", () =>
  withDirectory(async (path) => {
    const greet = `${fixtures}greet.wasm`;
    const { out } = await windlass(["types", greet, "--world", "Greet"]);
    assert(out.includes("export interface Greet"));
    assertEquals((await windlass(["types", greet, "--world", "Greet", "-o", `${path}/greet.d.ts`])).code, 0);
    assertEquals(await Deno.readTextFile(`${path}/greet.d.ts`), out);
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
  assertEquals(await windlass(["inspect", "--wit", file]), { code: 0, out: component.wit(), err: "" });
});

Deno.test("inspect --json: the shape that docs/cli.md describes", async () => {
  const file = `${fixtures}greet.wasm`, json = await windlass(["inspect", "--json", file]);
  assertEquals([json.code, json.err], [0, ""]);
  const component = compileSync(await Deno.readFile(file)), report = JSON.parse(json.out);
  assertEquals(report, {
    shape: 1,
    file,
    bytes: (await Deno.stat(file)).size,
    wit: component.wit(),
    imports: [{ name: "demo:greet/host@1.0.0", kind: "instance", functions: ["log"], types: [] }],
    exports: [
      { name: "version", kind: "func" },
      { name: "demo:greet/api@1.0.0", kind: "instance", functions: ["greet", "summarise"], types: ["summary"] },
    ],
    modules: component.modules.map((module, i) => ({
      bytes: report.modules[i].bytes,
      features: [],
      imports: WebAssembly.Module.imports(module).map(({ module, name, kind }) => ({ module, name, kind })),
      exports: WebAssembly.Module.exports(module).map(({ name, kind }) => ({ name, kind })),
    })),
  });
  assertEquals(report.modules.map(({ bytes }: { bytes: number }) => bytes), [767, 109, 97]);
  const docs = await Deno.readTextFile(new URL("../../docs/cli.md", import.meta.url));
  for (const member of ["shape", ...Object.keys(report), "functions", "types", "features", "missing"]) {
    assert(docs.includes(`\`${member}\``), member);
  }
  const stdin = await wat(`(component (core module (memory 1) (memory 1)))`);
  const { features } = JSON.parse((await windlass(["inspect", "--json", "-"], { stdin })).out).modules[0];
  assertEquals(features, [{ name: "multiple memories", missing: false }]);
});
