// Linking: names and versions, definitions of every kind, what is missing or wrong.

import { assert, assertEquals, assertThrows } from "@std/assert";
import { compileSync, type Component, err, HostFunc, instantiateSync, Linker, LinkError, t } from "@windlass/component";
import { matchName } from "../../../core/binary/names.ts";
import { camelCase, memberNames, pascalCase } from "../../../host/names.ts";
import { fixture, fixtureBytes } from "../../support/fixtures.ts";
import { assertFails, component, thrown } from "../../support/wasm.ts";

/** A component that imports a function of an instance and exports a call of it. */
function calls(name: string): Promise<Component> {
  return component(`(component
    (import "${name}" (instance $i (export "get-it" (func (result u32)))))
    (alias export $i "get-it" (func $f))
    (core func $f' (canon lower (func $f)))
    (func (export "f") (result u32) (canon lift (core func $f'))))`);
}

const got = async (name: string, imports: Record<string, unknown>) =>
  new Linker().define(imports as never).link(await calls(name)).instantiateSync().exports.f!();

const is = (value: number) => ({ getIt: () => value });

Deno.test("matchName() takes the exact name, else the highest compatible version", () => {
  const names = [
    "a:b/c@1.0.0",
    "a:b/c@1.2.0",
    "a:b/c@1.10.0",
    "a:b/c@2.0.0",
    "a:b/c@0.2.1",
    "a:b/c@0.2.3",
    "a:b/c@0.0.1",
    "a:b/c@1.11.0-rc",
    "a:b/d@1.99.0",
    "a:b/c",
  ];
  for (
    const [wanted, found] of [
      ["a:b/c@1.0.0", "a:b/c@1.0.0"],
      ["a:b/c@1.0.1", "a:b/c@1.10.0"],
      ["a:b/c@1.99.9", "a:b/c@1.10.0"],
      ["a:b/c@2.3.4", "a:b/c@2.0.0"],
      ["a:b/c@0.2.0", "a:b/c@0.2.3"],
      ["a:b/c@0.3.0", undefined],
      ["a:b/c@0.0.1", "a:b/c@0.0.1"],
      ["a:b/c@0.0.2", undefined],
      ["a:b/c@1.11.0-rc", "a:b/c@1.11.0-rc"],
      ["a:b/c@1.12.0-rc", undefined],
      ["a:b/c", "a:b/c"],
      ["a:b/x@1.0.0", undefined],
    ] as const
  ) assertEquals(matchName(wanted, names), found, wanted);
});

Deno.test("an import finds an exact version, a compatible one, then the unversioned key", async () => {
  assertEquals(await got("a:b/c@1.0.0", { "a:b/c@1.0.0": is(1), "a:b/c@1.0.1": is(2), "a:b/c": is(3) }), 1);
  assertEquals(await got("a:b/c@1.0.0", { "a:b/c@1.0.1": is(2), "a:b/c": is(3) }), 2);
  assertEquals(await got("a:b/c@1.0.1", { "a:b/c@1.0.0": is(2) }), 2);
  assertEquals(await got("a:b/c@1.0.0", { "a:b/c": is(3) }), 3);
  assert(thrown(() => new Linker().define({ "a:b/c@2.0.0": is(1) }).link(compiled)) instanceof LinkError);
});
const compiled = await calls("a:b/c@1.0.0");

Deno.test("members are found in camelCase, by raw name, on prototypes and through proxies; `this` is the object", async () => {
  class Host {
    value = 7;
    getIt(): number {
      return this.value;
    }
  }
  assertEquals(await got("a:b/c", { "a:b/c": new Host() }), 7);
  assertEquals(await got("a:b/c", { "a:b/c": { "get-it": () => 8 } }), 8);
  assertEquals(await got("a:b/c", { "a:b/c": Object.assign(Object.create(null), { getIt: () => 9 }) }), 9);
  assertEquals(
    await got("a:b/c", {
      "a:b/c": new Proxy({}, {
        has: () => true,
        get: (_, key) => key === "getIt" ? () => 10 : undefined,
      }),
    }),
    10,
  );
});

Deno.test("what every object has does not count as a definition", async () => {
  const source = await component(
    `(component (import "a:b/c" (instance (export "to-string" (func)) (export "constructor" (func)))))`,
  );
  assertFails(
    () => new Linker().define({ "a:b/c": {} }).link(source),
    "LinkError",
    "Cannot link import a:b/c#to-string: a definition was not found; what is defined for `a:b/c` has no such member",
  );
  assertFails(
    () => new Linker().define({ "a:b/c": { toString: () => "" } }).link(source),
    "LinkError",
    "Cannot link import a:b/c#constructor: a definition was not found; what is defined for `a:b/c` has no such member",
  );
});

Deno.test("names: camelCase, PascalCase, and what collides keeps its spelling", () => {
  assertEquals(["get-HTTP", "a", "a-b-c", "x-1", "URL"].map(camelCase), ["getHttp", "a", "aBC", "x1", "url"]);
  assertEquals(["my-file", "HTTP-request"].map(pascalCase), ["MyFile", "HttpRequest"]);
  assertEquals(memberNames(["a1", "a-1", "b-c"]), ["a1", "a-1", "bC"]);
});

Deno.test("explicit definitions and import objects serve one instance together", () => {
  const linker = new Linker().define({ "demo:greet/host@1.0.0": { other: () => {} } });
  const lines: string[] = [];
  linker.instance("demo:greet/host@1.0.0").func("log", (line) => lines.push(line));
  linker.link(fixture("greet")).instantiateSync().exports["demo:greet/api@1.0.0"].greet("you");
  assertEquals(lines, ["Hello, you!"]);
});

Deno.test("a redefinition is an error that names it, unless shadowing", () => {
  assertThrows(
    () => new Linker().define({ a: {} }).define({ a: {} }),
    LinkError,
    "Cannot define a: it is defined already",
  );
  assertThrows(
    () => new Linker().func("a", () => {}).func("a", () => {}),
    LinkError,
    "Cannot define a: it is defined already",
  );
  assertThrows(
    () => new Linker().func("a", () => {}).instance("a"),
    LinkError,
    "Cannot define a: it is defined already",
  );
  const reopened = new Linker();
  reopened.instance("a").func("f", () => {});
  reopened.instance("a").func("g", () => {});
  assertThrows(() => reopened.instance("a").func("g", () => {}), LinkError, "Cannot define a#g: it is defined already");
  new Linker({ shadowing: true }).func("a", () => {}).func("a", () => {}).define({ a: () => {} });
});

Deno.test("later definitions shadow earlier ones", async () => {
  const linker = new Linker({ shadowing: true }).define({ "a:b/c": is(1) }).define({ "a:b/c": is(2) });
  assertEquals(linker.link(await calls("a:b/c")).instantiateSync().exports.f!(), 2);
});

Deno.test("definitions of the wrong kind are TypeErrors at once", () => {
  assertThrows(() => new Linker().func("f", 1 as never), TypeError);
  assertThrows(() => new Linker().module("m", {} as never), TypeError);
  assertThrows(() => new Linker().resource("r", {} as never), TypeError);
  assertThrows(() => new Linker().component("c", {} as never), TypeError);
  assertThrows(() => new Linker().define(null as never), TypeError);
});

const typed = async (type: string, schema: Parameters<typeof t.func>[0][number], defs = "") => {
  const source = await component(`(component ${defs}
    (import "a:b/c" (instance $i ${defs === "" ? "" : ""} (export "f" (func (param "x" ${type}))))))`);
  return thrown(() => {
    const linker = new Linker();
    linker.instance("a:b/c").func("f", HostFunc.typed(t.func([schema]), () => {}));
    linker.link(source);
  }).message;
};

Deno.test("typed host functions: a mismatch names the parameter and the part", async () => {
  const at = "Cannot link import a:b/c#f: type mismatch in param 1 `x`";
  const mismatches: readonly (readonly [string, Parameters<typeof t.func>[0][number], string])[] = [
    ["u32", t.u64, `${at}: expected u32, found u64`],
    ["string", t.list(t.u8), `${at}: expected string, found list<u8>`],
    ["(list u8)", t.list(t.s8), `${at}, list element: expected u8, found s8`],
    ["(option string)", t.option(t.char), `${at}, option element: expected string, found char`],
    ["(tuple u8 u16)", t.tuple([t.u8]), `${at}: expected 2 types, found 1 types`],
    ["(tuple u8 u16)", t.tuple([t.u8, t.u8]), `${at}, tuple field 1: expected u16, found u8`],
    ["(result u8 (error string))", t.result(t.u8), `${at}: expected err type string, found none`],
    ["(result u8)", t.result(t.u16), `${at}, ok variant: expected u8, found u16`],
    ["(result)", t.bool, `${at}: expected result, found bool`],
  ];
  for (const [type, schema, message] of mismatches) assertEquals(await typed(type, schema), message);
});

Deno.test("typed host functions: records, variants, enums and flags by name and order", async () => {
  const source = await component(`(component
    (type $rec' (record (field "big-size" u32) (field "b" string)))
    (type $var' (variant (case "one" u8) (case "two-words")))
    (type $enum' (enum "x" "y-z"))
    (type $flags' (flags "can-read" "w"))
    (import "rec" (type $rec (eq $rec'))) (import "var" (type $var (eq $var')))
    (import "enum" (type $enum (eq $enum'))) (import "flags" (type $flags (eq $flags')))
    (import "f" (func (param "r" $rec) (param "v" $var) (param "e" $enum) (param "g" $flags) (result (list $rec)))))`);
  const good = {
    r: t.record({ bigSize: t.u32, b: t.string }),
    v: t.variant({ one: t.u8, "two-words": null }),
    e: t.enum(["x", "y-z"]),
    g: t.flags(["canRead", "w"]),
  };
  const message = (
    change: Partial<Record<keyof typeof good, Parameters<typeof t.func>[0][number]>>,
    result: Parameters<typeof t.func>[1] | null = t.list(good.r),
  ) => {
    const { r, v, e, g } = { ...good, ...change };
    try {
      // deno-lint-ignore no-explicit-any
      new Linker().func("f", HostFunc.typed(t.func([r, v, e, g] as any, (result ?? undefined) as any), () => [] as any))
        .link(source);
      return "linked";
    } catch (error) {
      return (error as Error).message.replace("Cannot link import f: type mismatch in ", "");
    }
  };
  assertEquals(message({}), "linked");
  assertEquals(
    message({ r: t.record({ b: t.string, bigSize: t.u32 }) }),
    "param 1 `r`: expected field name `big-size`, found `b`",
  );
  assertEquals(
    message({ r: t.record({ bigSize: t.u64, b: t.string }) }),
    "param 1 `r`, record field `big-size`: expected u32, found u64",
  );
  assertEquals(message({ r: t.record({ bigSize: t.u32 }) }), "param 1 `r`: expected 2 fields, found 1 fields");
  assertEquals(
    message({ v: t.variant({ one: t.u8, twoWords: null }) }),
    "param 2 `v`: expected case named `two-words`, found `twoWords`",
  );
  assertEquals(
    message({ v: t.variant({ one: null, "two-words": null }) }),
    "param 2 `v`: expected case `one` to have a type, found none",
  );
  assertEquals(message({ v: t.variant({ one: t.u8 }) }), "param 2 `v`: expected 2 cases, found 1 cases");
  assertEquals(message({ e: t.enum(["x", "yZ"]) }), "param 3 `e`, enum elements: expected `y-z`, found `yZ`");
  assertEquals(message({ g: t.flags(["canRead"]) }), "param 4 `g`, flags elements: expected 2 names, found 1 names");
  assertEquals(message({ g: t.flags(["can-read", "w"]) }), "linked");
  assertEquals(
    message({}, null),
    "Cannot link import f: type mismatch: expected a result list<record { big-size: u32, b: string }>, found no result",
  );
  assertEquals(
    message({}, t.list(t.u8)),
    "result, list element: expected record { big-size: u32, b: string }, found u8",
  );
});

Deno.test("typed host functions: numbers of parameters, async, resources by class", async () => {
  const source = await component(`(component (import "f" (func (param "x" u32))))`);
  const link = (func: HostFunc) => thrown(() => new Linker().func("f", func).link(source)).message;
  assertEquals(
    link(HostFunc.typed(t.func([]), () => {})),
    "Cannot link import f: type mismatch: expected 1 parameters, found 0",
  );
  assertEquals(
    link(HostFunc.typed(t.asyncFunc([t.u32]), () => {})),
    "Cannot link import f: type mismatch: expected a func, found an async func",
  );
  class File {}
  class Other {}
  const resources = await component(
    `(component (import "file" (type $f (sub resource))) (import "use" (func (param "x" (own $f)))))`,
  );
  const use = (found: typeof File) =>
    new Linker().resource("file", File).func(
      "use",
      HostFunc.typed(t.func([t.own(t.resource("file", found))]), () => {}),
    ).link(resources);
  use(File);
  assertThrows(() => use(Other), LinkError, "resource types are not the same: expected own<file>, found own<file>");
});

Deno.test("{ caller: true } tells each instance's own data", () => {
  const linker = new Linker<{ user: string }>();
  const heard: string[] = [];
  linker.instance("demo:greet/host@1.0.0").func(
    "log",
    HostFunc.typed(t.func([t.string]), (caller, line) => {
      heard.push(`${caller.data.user} ${caller.import} ${caller.func} ${line}`);
    }, { caller: true }),
  );
  const linked = linker.link(fixture("greet"));
  const [ann, bob] = ["ann", "bob"].map((user) =>
    linked.instantiateSync({ data: { user } }).exports["demo:greet/api@1.0.0"]
  );
  bob.greet("x");
  ann.greet("y");
  assertEquals(heard, ["bob demo:greet/host@1.0.0 log Hello, x!", "ann demo:greet/host@1.0.0 log Hello, y!"]);
});

Deno.test("a dynamic function is made once per import when linking, and knows name and type", () => {
  const made: string[] = [];
  const linker = new Linker();
  linker.instance("demo:greet/host@1.0.0").func(
    "log",
    HostFunc.dynamic((name, type) => {
      made.push(`${name} ${type.params.map((param) => param.type.kind)}`);
      return () => {};
    }),
  );
  const linked = linker.link(fixture("greet"));
  assertEquals(made, ["demo:greet/host@1.0.0#log string"]);
  linked.instantiateSync();
  linked.instantiateSync();
  assertEquals(made.length, 1);
});

Deno.test("core modules can be imported and exported", async () => {
  const source = await component(`(component
    (import "m" (core module $M (export "f" (func (result i32)))))
    (core instance $m (instantiate $M))
    (core module $N (func (export "g") (result i32) (i32.const 5)))
    (export "n" (core module $N))
    (export "again" (core module $M))
    (func (export "f") (result u32) (canon lift (core func $m "f"))))`);
  // (module (func (export "f") (result i32) (i32.const 42)))
  const module = new WebAssembly.Module(
    Uint8Array.of(
      0,
      0x61,
      0x73,
      0x6d,
      1,
      0,
      0,
      0,
      1,
      5,
      1,
      0x60,
      0,
      1,
      0x7f,
      3,
      2,
      1,
      0,
      7,
      5,
      1,
      1,
      0x66,
      0,
      0,
      10,
      6,
      1,
      4,
      0,
      0x41,
      0x2a,
      0x0b,
    ),
  );
  const { exports } = new Linker().module("m", module).link(source).instantiateSync();
  assertEquals(exports.f!(), 42);
  assert(exports.again === module);
  assertEquals((new WebAssembly.Instance(exports.n as WebAssembly.Module).exports.g as () => number)(), 5);
  assertFails(
    () => new Linker().define({ m: () => {} }).link(source),
    "LinkError",
    "Cannot link import m: expected module found func",
  );
});

Deno.test("typed exports: paths, versions, schemas, results", () => {
  const instance = instantiateSync(fixture("greet"), { "demo:greet/host@1.0.0": { log: () => {} } });
  const type = t.func([t.string], t.string);
  for (const path of ["demo:greet/api@1.0.0#greet", "demo:greet/api@1.9.9#greet"]) {
    assertEquals(instance.func(path, type)("a"), "Hello, a!");
  }
  assertEquals(instance.func("version", t.func([], t.string))(), "1.0.0");
  assertFails(
    () => instance.func("demo:greet/api@1.0.0#greet", t.func([t.string], t.u32)),
    "LinkError",
    "Cannot look up export demo:greet/api@1.0.0#greet: type mismatch in result: expected string, found u32",
  );
  assertFails(
    () => instance.func("demo:greet/api@1.0.0#great", type),
    "LinkError",
    "Cannot look up export demo:greet/api@1.0.0#great: the component exports no such function; the closest one is demo:greet/api@1.0.0#greet",
  );
  assertEquals(instance.interface("demo:greet/api@1.1.0")!.greet("b"), "Hello, b!");
  assertEquals(instance.interface("demo:greet/other"), undefined);
  assertEquals(instance.exports["demo:greet/api@1.1.0"], undefined);
  const summary = t.result(t.record({ name: t.string, letters: t.u32, shouting: t.bool }), t.string);
  const summarise = instance.func("demo:greet/api@1.0.0#summarise", t.func([t.string], summary), { throws: false });
  assertEquals(summarise(""), err("a name must have letters"));
});

Deno.test("linking changes neither the component nor the linker", () => {
  const bytes = fixtureBytes("greet");
  const made = compileSync(bytes);
  const before = JSON.stringify([made.imports, made.exports]);
  const linker = new Linker().define({ "demo:greet/host@1.0.0": { log: () => {} } });
  for (let i = 0; i < 3; i++) linker.link(made).instantiateSync();
  assertEquals(JSON.stringify([made.imports, made.exports]), before);
});

Deno.test("members that classes and functions inherit are no definitions", async () => {
  const statics = await component(`(component
    (import "r" (type $r (sub resource)))
    (import "[static]r.call" (func))
    (import "[method]r.to-string" (func (param "self" (borrow $r)))))`);
  assertFails(
    () => new Linker().resource("r", class {}).link(statics),
    "LinkError",
    "Cannot link import [static]r.call: a definition was not found; the class that is defined for `r` has no such member",
  );
  class Given {
    static call(): void {}
  }
  assertFails(
    () => new Linker().resource("r", Given).link(statics),
    "LinkError",
    "Cannot link import [method]r.to-string: a definition was not found; the class that is defined for `r` has no such member",
  );
  const named = await component(`(component (import "a:b/c" (instance (export "constructor" (func)))))`);
  assertFails(
    () => new Linker().define({ "a:b/c": new (class Host {})() }).link(named),
    "LinkError",
    "Cannot link import a:b/c#constructor: a definition was not found; what is defined for `a:b/c` has no such member",
  );
});

Deno.test("a definition after define() is a redefinition too; with shadowing the later one counts", async () => {
  assertThrows(
    () => new Linker().define({ a: () => {} }).func("a", () => {}),
    LinkError,
    "Cannot define a: it is defined already",
  );
  const inner = new Linker().define({ "a:b/c": is(1) });
  assertThrows(
    () => inner.instance("a:b/c").func("get-it", () => 2),
    LinkError,
    "Cannot define a:b/c#get-it: it is defined already",
  );
  const shadowed = new Linker({ shadowing: true });
  shadowed.instance("a:b/c").func("get-it", () => 1);
  assertEquals(shadowed.define({ "a:b/c": is(2) }).link(await calls("a:b/c")).instantiateSync().exports.f!(), 2);
});

Deno.test("what is no instance is not looked into", async () => {
  const wanted = await calls("a:b/c");
  const module = new WebAssembly.Module(Uint8Array.of(0, 0x61, 0x73, 0x6d, 1, 0, 0, 0));
  for (
    const [value, sort] of [[module, "module"], [wanted, "component"], [
      HostFunc.dynamic(() => () => {}),
      "func",
    ]] as const
  ) {
    assertFails(
      () => new Linker().define({ "a:b/c": value }).link(wanted),
      "LinkError",
      `Cannot link import a:b/c#get-it: expected instance found ${sort}`,
    );
  }
});

Deno.test("an arrow function is no class, and typed functions need a type and a function", () => {
  assertThrows(() => new Linker().resource("r", (() => {}) as never), TypeError);
  assertThrows(() => HostFunc.typed(undefined as never, (() => {}) as never), TypeError);
  assertThrows(() => HostFunc.typed(t.func([]), 5 as never), TypeError);
});

Deno.test("methods that collide in camelCase keep their WIT spelling, statics that classes have are prefixed", async () => {
  const source = await component(`(component
    (component $C
      (type $R (resource (rep i32)))
      (core func $new (canon resource.new $R))
      (core module $M (import "" "new" (func $new (param i32) (result i32)))
        (func (export "make") (result i32) (call $new (i32.const 1)))
        (func (export "one") (param i32) (result i32) (i32.const 1)) (func (export "two") (param i32) (result i32) (i32.const 2))
        (func (export "three") (result i32) (i32.const 3)))
      (core instance $m (instantiate $M (with "" (instance (export "new" (func $new))))))
      (export $r "r" (type $R))
      (func (export "[constructor]r") (result (own $r)) (canon lift (core func $m "make")))
      (func (export "[method]r.a1") (param "self" (borrow $r)) (result u32) (canon lift (core func $m "one")))
      (func (export "[method]r.a-1") (param "self" (borrow $r)) (result u32) (canon lift (core func $m "two")))
      (func (export "[static]r.do-it") (result u32) (canon lift (core func $m "three")))
      (func (export "[static]r.prototype") (result u32) (canon lift (core func $m "three"))))
    (instance $c (instantiate $C))
    (export "i" (instance $c)))`);
  const { R } = instantiateSync(source).exports.i;
  const made = new R();
  assertEquals([made.a1(), made["a-1"](), R.doIt(), R["do-it"](), R["[static]prototype"]()], [1, 2, 3, 3, 3]);
});

Deno.test("a core module that the host gives is checked by names and kinds when linking", async () => {
  const { wat } = await import("../../support/wat.ts");
  const source = await component(`(component
    (import "m" (core module (import "env" "log" (func)) (export "f" (func)) (export "mem" (memory 1)))))`);
  const link = async (text: string) => {
    const linker = new Linker().module("m", new WebAssembly.Module(await wat(text)));
    try {
      linker.link(source);
      return "linked";
    } catch (error) {
      return (error as Error).message.replace("Cannot link import m: ", "");
    }
  };
  assertEquals(await link(`(module (func (export "f")) (memory (export "mem") 1))`), "linked");
  assertEquals(
    await link(`(module (import "env" "log" (func)) (func (export "f")) (memory (export "mem") 1))`),
    "linked",
  );
  assertEquals(await link(`(module (memory (export "mem") 1))`), "module export `f` not defined");
  assertEquals(
    await link(`(module (memory (export "f") 1))`),
    "module export `f` has the wrong type: expected func found memory",
  );
  assertEquals(
    await link(`(module (import "env" "other" (func)) (func (export "f")) (memory (export "mem") 1))`),
    "module import `env::other` not defined",
  );
  assertEquals(
    await link(`(module (import "env" "log" (global i32)) (func (export "f")) (memory (export "mem") 1))`),
    "module import `env::log` has the wrong type: expected global found func",
  );
});

Deno.test("limits that would switch a guard off by accident are refused", () => {
  for (const value of [NaN, -1, 1.5, "5"]) {
    for (const name of ["liftedBytes", "handles"]) {
      const options = { limits: { [name]: value } } as never;
      assertThrows(
        () => instantiateSync(fixture("greet"), { "demo:greet/host": { log: () => {} } }, options),
        RangeError,
        `the limit ${name}`,
      );
    }
  }
});

Deno.test("a call that lock-down refuses has what locked the instance down as its cause", () => {
  const fault = new Error("the first");
  const { exports } = instantiateSync(fixture("greet"), {
    "demo:greet/host": {
      log: () => {
        throw fault;
      },
    },
  });
  thrown(() => exports["demo:greet/api@1.0.0"].greet("x"));
  assert(thrown(() => exports.version!()).cause === fault);
});
