// `--plug`: what components give each other, what WASI gives them, and what does not fit.

import { assert, assertEquals, assertMatch, assertThrows } from "@std/assert";
import { compileSync, instantiate } from "@windlass/component";
import { serve } from "@windlass/component/wasi";
import { plugged } from "../../host/cli/plug.ts";
import { componentOfWit, wat } from "../support/wat.ts";
import { withDirectory } from "../wasi/support.ts";
import { logger, windlass } from "./support.ts";

const guests = new URL("../wasi/guests/", import.meta.url).pathname;
const cli = new URL("../../host/cli.ts", import.meta.url).pathname;
const fixtures = new URL("../e2e/fixtures/", import.meta.url).pathname;

/** Puts components together by their WIT alone; gives the WIT of the whole, without its types. */
async function world(app: string, ...plugs: readonly string[]): Promise<string> {
  const made = await Promise.all(
    plugs.map(async (wit, i) => ({ file: `plug${i}`, bytes: await componentOfWit(wit, "w") })),
  );
  const { bytes } = plugged({ file: "app", bytes: await componentOfWit(app, "w") }, made);
  return compileSync(bytes).wit().split("\n}\n")[0]!.replaceAll(/\s+/g, " ");
}

Deno.test("an import is another component's export of a compatible version; WASI gives the rest", () =>
  withDirectory(async (path) => {
    const plug = `${path}/logger.wasm`;
    await Deno.writeFile(plug, await logger());
    const greet = ["--plug", plug, "--invoke", 'greet("ann")', `${fixtures}greet.wasm`];
    assertEquals(await windlass(["run", ...greet]), { code: 0, out: 'Hello, ann!"Hello, ann!"\n', err: "" });
    // What bounds a component bounds its plugs.
    const { code, err } = await windlass(["run", "--fuel", "10", ...greet]);
    assertEquals(code, 134);
    assertMatch(err, /all fuel consumed: limit `fuel`; --fuel N gives more\n$/);
    const { out } = await windlass(["inspect", "--wit", "--plug", plug, `${fixtures}greet.wasm`]);
    assert(!out.includes("demo:greet/host") && out.includes("import wasi:cli/stdout@0.2.3;"), out);
  }));

Deno.test("a plug that gives nothing, and two that give the same, are refused with their names", () =>
  withDirectory(async (path) => {
    const plug = `${path}/logger.wasm`;
    await Deno.writeFile(plug, await logger());
    const refused = async (...args: string[]) => {
      const { code, err } = await windlass(args);
      return `${code} ${
        err.split("\n")[0]!.replaceAll(`${path}/`, "").replaceAll(guests, "").replaceAll(fixtures, "")
      }`;
    };
    assertEquals(
      await refused("run", "--plug", plug, `${guests}hello.wasm`),
      "2 error: --plug logger.wasm gives nothing that is imported: it exports demo:greet/host@1.1.0; hello.wasm imports " +
        "wasi:cli/environment@0.2.0, wasi:io/error@0.2.0, wasi:io/streams@0.2.0, wasi:cli/stdout@0.2.0",
    );
    await Deno.writeFile(`${path}/other.wasm`, await logger());
    assertEquals(
      await refused("run", "--plug", plug, "--plug", `${path}/other.wasm`, `${fixtures}greet.wasm`),
      "2 error: greet.wasm imports demo:greet/host@1.0.0, which logger.wasm (demo:greet/host@1.1.0) and other.wasm " +
        "(demo:greet/host@1.1.0) both export: leave one of them out",
    );
    const different = "package demo:greet@1.0.0; interface host { log: func(text: string); } world w { export host; }";
    await Deno.writeFile(`${path}/different.wasm`, await componentOfWit(different, "w"));
    assertEquals(
      await refused("inspect", "--plug", `${path}/different.wasm`, `${fixtures}greet.wasm`),
      "1 error: different.wasm does not fit: greet.wasm imports demo:greet/host@1.0.0, and its export " +
        "demo:greet/host@1.0.0 differs: type mismatch in instance export `log`: expected parameter named `line`, found `text`",
    );
    assertEquals(
      await refused("run", "--plug", "-", "-"),
      "2 error: the standard input is one component: name a file for the others",
    );
    assertMatch(
      await refused("run", "--plug", cli, plug),
      /^1 error: \S*cli\.ts: Cannot decode preamble/,
    );
  }));

const lib = `package demo:lib@1.2.0;
  interface types { record point { x: u32, y: u32 } enum colour { red, green } resource thing { get: func() -> point; } }
  interface api { use types.{point, colour, thing}; make: func(at: point, colour: colour) -> thing; }`;

Deno.test("resources, records and enums of one plug go to another component", async () => {
  assertEquals(
    await world(
      `package demo:app; world w { import demo:lib/api@1.0.0; export run: func(); }
      ${lib.replace("demo:lib@1.2.0;", "demo:lib@1.0.0 {")} }`,
      `${lib} world w { export types; export api; }`,
    ),
    "package root:component; world root { export run: func();",
  );
});

Deno.test("plugs are each other's, in whatever order they are given; one may change what it passes on", async () => {
  const of = (name: string) => `package demo:${name}; interface i { f: func(); }`;
  const inner = (name: string) => `${of(name).replace(";", " {")} }`;
  const app = `package demo:app; world w { import demo:a/i; export run: func(); } ${inner("a")}`;
  const a = `${of("a")} world w { import demo:b/i; export i; } ${inner("b")}`,
    b = `${of("b")} world w { import demo:c/i; export i; }`;
  const wanted = "package root:component; world root { import demo:c/i; export run: func();";
  assertEquals(await world(app, a, `${b} ${inner("c")}`), wanted);
  assertEquals(await world(app, `${b} ${inner("c")}`, a), wanted);
  // It imports what it exports.
  assertEquals(
    await world(app, `${of("a")} world w { import i; export i; }`),
    "package root:component; world root { import demo:a/i; export run: func();",
  );
  const circle = world(app, a, `${of("b")} world w { import demo:a/i; export i; } ${inner("a")}`);
  assertEquals(
    await circle.catch((error) => error.message),
    "components cannot import from each other: plug0 imports from plug1 imports from plug0",
  );
});

Deno.test("imports that several components have are one, of the highest compatible version", async () => {
  const io = (version: string, more: string) =>
    `package wasi:io@${version} {
      interface error { resource error; }
      interface streams { use error.{error}; variant e { failed(error), closed } resource s { ${more} } }
    }`;
  const plug = `package demo:a; interface i { f: func(); } world w { import wasi:io/streams@0.2.3; export i; }
    ${io("0.2.3", "write: func(b: list<u8>) -> result<_, e>;")}`;
  assertEquals(
    await world(
      `package demo:app; world w { import wasi:io/streams@0.2.0; import demo:a/i; export run: func(); }
      package demo:a { interface i { f: func(); } } ${io("0.2.0", "read: func() -> result<list<u8>, e>;")}`,
      plug,
    ),
    "package root:component; world root { import wasi:io/error@0.2.3; import wasi:io/streams@0.2.3; export run: func();",
  );
});

Deno.test("types and functions of the root have their places; what cannot be said is refused", async () => {
  assertEquals(
    await world(
      `package demo:app;
      world w {
        use demo:types/t.{point};
        resource thing; type alias = list<thing>;
        import f: func(at: point, by: borrow<thing>) -> alias;
        import demo:a/i;
        export g: func(at: point) -> option<point>;
      }
      package demo:types { interface t { record point { x: u32 } } } package demo:a { interface i { h: func(); } }`,
      "package demo:a; interface i { h: func(); } world w { export i; }",
    ),
    "package root:component; world root { use demo:types/t.{point}; import demo:types/t; resource thing; type alias = list<thing>; " +
      "import f: func(at: point, by: borrow<thing>) -> alias; export g: func(at: point) -> option<point>;",
  );
  const mixed = world(
    `package demo:app; world w { import demo:x/other; export run: func(); }
    package demo:x { interface t { resource r; } interface other { use t.{r}; f: func(r: r); } }`,
    "package demo:x; interface t { resource r; } world w { export t; }",
  );
  assertEquals(
    await mixed.catch((error) => error.message),
    "app imports demo:x/other, which mentions a resource of demo:x/t of plug0: give a plug for demo:x/other, too",
  );
  const module = await wat(`(component (import "m" (core module (export "f" (func)))) (import "f" (func)))`);
  const giver = await wat(
    `(component (core module $M (func (export "f"))) (core instance $m (instantiate $M))
      (func (export "f") (canon lift (core func $m "f"))))`,
  );
  assertThrows(
    () => plugged({ file: "app", bytes: module }, [{ file: "plug", bytes: giver }]),
    Error,
    "app imports or exports m, which is a module: plugs are for functions and interfaces",
  );
});

Deno.test("functions of the root are plugged in, too, and calls between the parts work", async () => {
  const app = await wat(`(component
    (import "add" (func $add (param "a" u32) (param "b" u32) (result u32)))
    (core func $low (canon lower (func $add)))
    (core module $M (import "" "add" (func $add (param i32 i32) (result i32)))
      (func (export "twice") (param i32) (result i32) (call $add (local.get 0) (local.get 0))))
    (core instance $m (instantiate $M (with "" (instance (export "add" (func $low))))))
    (func (export "twice") (param "n" u32) (result u32) (canon lift (core func $m "twice"))))`);
  const plug = await wat(`(component
    (core module $M (func (export "add") (param i32 i32) (result i32) (i32.add (local.get 0) (local.get 1))))
    (core instance $m (instantiate $M))
    (func (export "add") (param "a" u32) (param "b" u32) (result u32) (canon lift (core func $m "add"))))`);
  const { bytes } = plugged({ file: "app", bytes: app }, [{ file: "plug", bytes: plug }]);
  const { exports } = await instantiate(bytes);
  assertEquals(exports["twice"](21), 42);
});

Deno.test("what exports mention of a plug is exported with it; the root may name what a plug gives", async () => {
  const things = `demo:lib { interface t { resource r; } interface api { use t.{r}; f: func() -> r; } }`;
  assertEquals(
    await world(
      `package demo:app; world w { import demo:lib/api; use demo:lib/t.{r}; export give: func() -> r; } package ${things}`,
      `package demo:plug; world w { export demo:lib/t; export demo:lib/api; } package ${things}`,
    ),
    "package root:component; world root { use demo:lib/t.{r}; export demo:lib/t; export give: func() -> r;",
  );
});

Deno.test("real programs: guests that give WASI to others, or words of WASI 0.3 to WASI 0.2", () =>
  withDirectory(async (path) => {
    const p3 = (name: string) => `${guests}p3/${name}.wasm`;
    const upper = await windlass(["run", "--plug", p3("virtual_cli"), p3("command"), "upper"], { stdin: "a line\n" });
    // What it writes goes to the standard error of the guest that it is plugged into.
    assertEquals(upper, { code: 0, out: "", err: "A LINE\n" });
    for (const folder of ["plain", "sealed"]) await Deno.mkdir(`${path}/${folder}`);
    await Deno.writeTextFile(`${path}/plain/file`, "text");
    const dirs = ["--dir", `${path}/plain::/plain`, "--dir", `${path}/sealed::/sealed`];
    const copied = await windlass(["run", ...dirs, "--plug", p3("virtual_files"), p3("copier"), "/plain", "/sealed/a"]);
    assertEquals(copied, { code: 0, out: "./file (4)\n", err: "" });
    const sealed = await Deno.readFile(`${path}/sealed/a/file`);
    assertEquals(new TextDecoder().decode(sealed.map((byte) => byte ^ 0xa5)), "text");
  }));

Deno.test("a middleware before a handler is one component; a resource with two names has its functions", async () => {
  const p3 = async (name: string) => ({
    file: name,
    bytes: new Uint8Array(await Deno.readFile(`${guests}p3/${name}.wasm`)),
  });
  const { bytes } = plugged(await p3("middleware"), [await p3("handler")]);
  const handler = await serve(bytes);
  const response = await handler(new Request("http://localhost/upper", { method: "POST", body: "hello" }));
  assertEquals([response.headers.get("x-middleware"), await response.text()], ["response", "HELLO"]);
});
