// Component values at work: what a host gives for value imports, value definitions, start functions,
// value exports, each with generated code and without. Binaries by the test encoder: the tools' text
// format encodes value imports otherwise.

import "../support/leaks.ts";
import { assert, assertEquals, assertRejects, assertStrictEquals } from "@std/assert";
import { compileSync, type Component, instantiate, Linker, Trap } from "@windlass/component";
import type { ResourceType, ValType } from "../../abi/types/types.ts";
import { leb, name, vec } from "../support/bytes.ts";
import { ComponentEncoder, extern, InstanceTypeEncoder, type Item, TypeWriter } from "../support/encoder.ts";
import { assertFails, thrown } from "../support/wasm.ts";
import { echo, given, point, run, tiers } from "../support/component_values.ts";
import { wat } from "../support/wat.ts";

const bool: ValType = { kind: "bool" }, char: ValType = { kind: "char" }, string: ValType = { kind: "string" };
const u8: ValType = { kind: "u8" }, u16: ValType = { kind: "u16" }, u32: ValType = { kind: "u32" };
const s64: ValType = { kind: "s64" }, u64: ValType = { kind: "u64" };
const f32: ValType = { kind: "f32" }, f64: ValType = { kind: "f64" };

const shape: ValType = {
  kind: "variant",
  cases: [{ name: "none-at-all", type: undefined }, { name: "some-size", type: u16 }],
};

/** Types with a value as a host gives it, as JavaScript gets it back, and as a literal. */
const rows: readonly (readonly [type: ValType, value: unknown, got: unknown, literal: readonly number[]])[] = [
  [bool, true, true, [1]],
  [u8, 255, 255, [255]],
  [{ kind: "s8" }, -1, -1, [255]],
  [{ kind: "s16" }, -300, -300, [0xd4, 0x7d]],
  [u32, 4294967295, 4294967295, [0xff, 0xff, 0xff, 0xff, 0x0f]],
  [s64, -(2n ** 63n), -(2n ** 63n), [0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x7f]],
  [u64, 2n ** 64n - 1n, 2n ** 64n - 1n, [...Array(9).fill(0xff), 0x01]],
  [u64, 2n ** 53n + 1n, 2n ** 53n + 1n, [0x81, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x10]],
  [f32, 1.5, 1.5, [0, 0, 0xc0, 0x3f]],
  [f64, NaN, NaN, [0, 0, 0, 0, 0, 0, 0xf8, 0x7f]],
  [char, "€", "€", [0xe2, 0x82, 0xac]],
  [char, "\ufeff", "\ufeff", [0xef, 0xbb, 0xbf]],
  [string, "hé", "hé", [3, 0x68, 0xc3, 0xa9]],
  [point, { firstX: 7, name: "n" }, { firstX: 7, name: "n" }, [7, 1, 1, 0x6e]],
  [point, { "first-x": 7 }, { firstX: 7, name: undefined }, [7, 0]],
  [shape, { tag: "some-size", val: 300 }, { tag: "some-size", val: 300 }, [1, 0xac, 0x02]],
  [shape, { tag: "none-at-all" }, { tag: "none-at-all" }, [0]],
  [{ kind: "enum", names: ["a", "b"] }, "b", "b", [1]],
  [
    { kind: "flags", names: ["f0", "f-1", "f2", "f3", "f4", "f5", "f6", "f7", "f8"] },
    { f1: true, f8: true },
    { f0: false, f1: true, f2: false, f3: false, f4: false, f5: false, f6: false, f7: false, f8: true },
    [2, 1],
  ],
  [{ kind: "list", element: u8 }, [1, 2], Uint8Array.of(1, 2), [2, 1, 2]],
  [{ kind: "list", element: string }, new Set(["a", ""]), ["a", ""], [2, 1, 0x61, 0]],
  [{ kind: "fixed-list", element: u16, length: 2 }, [1, 2], Uint16Array.of(1, 2), [1, 2]],
  [{ kind: "tuple", types: [u8, bool] }, [1, true], [1, true], [1, 1]],
  [{ kind: "map", key: string, value: u8 }, [["k", 1]], new Map([["k", 1]]), [1, 1, 0x6b, 1]],
  [{ kind: "option", element: u8 }, undefined, undefined, [0]],
  [{ kind: "option", element: { kind: "option", element: u8 } }, { tag: "some", val: undefined }, {
    tag: "some",
    val: undefined,
  }, [1, 0]],
  [{ kind: "result", ok: u8, err: string }, { tag: "err", val: "e" }, { tag: "err", val: "e" }, [1, 1, 0x65]],
  [{ kind: "result", ok: undefined, err: undefined }, { tag: "ok" }, { tag: "ok", val: undefined }, [0]],
];

Deno.test("a value goes from the host, or a definition, through a start function to an export", () => {
  for (const [type, value, got, literal] of rows) {
    const components = tiers((component, types) => {
      const ref = types.ref(type);
      const imported = component.import("in-put", "value", extern.value(ref));
      const written = component.value(ref, literal), func = echo(component, types, type);
      component.export("from-host", ["value", component.start(func, [imported], 1)!]);
      component.export("from-start", ["value", component.start(func, [written], 1)!]);
      component.export("written", ["value", component.value(ref, literal)]);
      component.export("passed", ["value", component.import("other", "value", extern.value(ref))]);
    });
    for (const component of components) {
      const { exports, promising } = run(component, { inPut: value, other: value });
      assertEquals({ ...exports }, { fromHost: got, fromStart: got, written: got, passed: got }, type.kind);
      assertStrictEquals(exports["from-host"], exports["fromHost"]);
      // deno-lint-ignore no-explicit-any
      assertStrictEquals((promising.exports as any).written, exports["written"]);
    }
  }
});

Deno.test("instances have values of their own", () => {
  const list: ValType = { kind: "list", element: u8 };
  for (
    const component of tiers((component, types) => {
      component.export("v", ["value", component.value(types.ref(list), [1, 5])]);
      component.export("w", ["value", component.import("w", "value", extern.value(types.ref(list)))]);
    })
  ) {
    const w = Uint8Array.of(9), linked = new Linker().define(given({ w })).link(component);
    const first = linked.instantiateSync(), second = linked.instantiateSync();
    first.exports["v"][0] = first.exports["w"][0] = w[0] = 1;
    assertEquals([second.exports["v"], second.exports["w"]], [Uint8Array.of(5), Uint8Array.of(9)]);
  }
});

Deno.test("values go into nested components and out of instances", () => {
  const inner = new ComponentEncoder(), types = new TypeWriter(inner);
  const imported = inner.import("port", "value", extern.value(types.ref(u16)));
  inner.export("kept-port", ["value", imported]);
  inner.export("name", ["value", inner.value(types.ref(string), [1, 0x6e])]);
  const components = tiers((component, types) => {
    const child = component.component(inner.finish());
    const env = new InstanceTypeEncoder();
    env.export("the-port", extern.value(types.ref(u16)));
    const instance = component.import(
      "my:env/all@1.0.0",
      "instance",
      extern.instance(component.defineType(env.finish())),
    );
    const port = component.aliasExport("value", instance, "the-port");
    const made = component.instance(child, { port: ["value", port] });
    component.export("my:env/out@1.0.0", ["instance", made]);
    component.export("name", ["value", component.aliasExport("value", made, "name")]);
  });
  for (const component of components) {
    for (const name of ["my:env/all@1.0.0", "my:env/all", "my:env/all@1.2.0"]) {
      const instance = run(component, { [name]: { thePort: 8080 } });
      assertEquals({ ...instance.interface("my:env/out@1.0.0") }, { keptPort: 8080, name: "n" });
      assertEquals(instance.exports["name"], "n");
    }
    const message = "Cannot link import my:env/all@1.0.0#the-port: a definition was not found";
    assertFails(() => run(component), "LinkError", message);
    const near = "; the closest name that is defined is my:env/all@1.0.0#thePorts";
    const imports = { "my:env/all@1.0.0": { thePorts: 1 } };
    assertFails(() => run(component, imports), "LinkError", message + near);
    const wrong = { "my:env/all@1.0.0": { thePort: 65536 } };
    const fault = "Cannot lower value of import my:env/all@1.0.0#the-port: expected u16, found 65536";
    assertFails(() => run(component, wrong), "ValueError", fault);
  }
});

Deno.test("start functions run in order, hosts' ones and guests'", async () => {
  const libc = await wat(`(module (import "" "log" (func $log (param i32)))
    (start $s) (func $s (call $log (i32.const 1)))
    (func (export "next") (param i32) (result i32) (call $log (local.get 0)) (i32.add (local.get 0) (i32.const 1))))`);
  for (
    const component of tiers((component, types) => {
      const log = component.import("log", "func", extern.func(types.func({ params: [{ name: "x", type: u32 }] })));
      const ask = component.import("ask", "func", extern.func(types.func({ params: [], result: u32 })));
      const asked = component.start(ask, [], 1)!;
      const lowered = component.lower(log, {});
      const host = component.coreExports({ log: ["core func", lowered] });
      const core = component.coreInstance(component.coreModule(libc), { "": host });
      const type = types.func({ params: [{ name: "x", type: u32 }], result: u32 });
      const next = component.lift(component.aliasCoreExport("core func", core, "next"), {}, type);
      const first = component.start(next, [asked], 1)!, second = component.start(next, [first], 1)!;
      component.start(log, [second], 0);
      component.export("ask", ["func", ask]);
    })
  ) {
    const seen: number[] = [];
    run(component, { log: (x: number) => seen.push(x), ask: () => (seen.push(0), 40) });
    assertEquals(seen, [0, 1, 40, 41, 42]);
    const later: number[] = [];
    await instantiate(component, given({ log: (x: number) => later.push(x), ask: () => 7 }));
    assertEquals(later, [1, 7, 8, 9]);
    const fault = "Cannot lower result of import ask: expected u32, found -1";
    assertFails(() => run(component, { log() {}, ask: () => -1 }), "ValueError", fault);
    const boom = new Error("boom");
    const ask = (): never => {
      throw boom;
    };
    assertStrictEquals(await assertRejects(() => instantiate(component, given({ log() {}, ask }))), boom);
  }
});

Deno.test("a trap in a start function locks the instance down, and instantiating fails with it", async () => {
  const core = await wat(`(module (import "" "keep" (func $keep (param i32)))
    (func (export "go") unreachable) (func (export "f")))`);
  for (
    const component of tiers((component, types) => {
      const keep = component.import("keep", "func", extern.func(types.func({ params: [{ name: "x", type: u32 }] })));
      const host = component.coreExports({ keep: ["core func", component.lower(keep, {})] });
      const made = component.coreInstance(component.coreModule(core), { "": host });
      const type = types.func({ params: [] });
      component.start(component.lift(component.aliasCoreExport("core func", made, "go"), {}, type), [], 0);
    })
  ) {
    for (
      const start of [
        () => Promise.resolve().then(() => run(component, { keep() {} })),
        () => instantiate(component, given({ keep() {} })),
      ]
    ) {
      const error = await assertRejects(start, Trap);
      assertEquals(error.code, "guest-trap");
      assert(error.message.startsWith("Cannot call start function 0: "), error.message);
    }
  }
});

const file: ResourceType = { kind: "resource", name: "file" };
const own: ValType = { kind: "own", resource: file };

/** A component whose start function takes a file, and drops it or gives it back. */
async function owner(keeps: boolean, uses: 1 | 2 = 1): Promise<readonly Component[]> {
  const core = await wat(`(module (import "" "drop" (func $drop (param i32)))
    (func (export "give") (param i32) (result i32) (local.get 0))
    (func (export "take") (param i32) (call $drop (local.get 0))))`);
  return tiers((component, types) => {
    const resource = types.resource(file);
    const value = component.import("my-file", "value", extern.value(types.ref(own)));
    const drop = component.coreExports({ drop: ["core func", component.resourceBuiltin("drop", resource)] });
    const made = component.coreInstance(component.coreModule(core), { "": drop });
    const params = [{ name: "x", type: own }];
    const lift = (label: string, type: number) =>
      component.lift(component.aliasCoreExport("core func", made, label), {}, type);
    const give = lift("give", types.func({ params, result: own })), take = lift("take", types.func({ params }));
    const given = component.start(give, [value], 1)!;
    const bag = component.exportsInstance({ it: ["value", given] });
    for (let i = 0; i < uses; i++) {
      const alias = component.aliasExport("value", bag, "it");
      if (keeps) component.export(`file${i}`, ["value", alias]);
      else component.start(take, [alias], 0);
    }
  });
}

Deno.test("a value that owns a resource has one owner", async () => {
  const closed: string[] = [];
  class File {
    [Symbol.dispose](): void {
      closed.push("closed");
    }
  }
  for (const component of await owner(true)) {
    const myFile = new File(), instance = run(component, { File, myFile });
    assertStrictEquals(instance.exports["file0"], myFile);
    instance[Symbol.dispose]();
    assertEquals(closed, []);
    assertFails(
      () => run(component, { File, myFile: {} }),
      "ValueError",
      "Cannot lower value of import my-file: expected resource `file`, found an object",
    );
  }
  for (const component of await owner(false)) {
    run(component, { File, myFile: new File() });
    assertEquals(closed.splice(0), ["closed"]);
  }
  for (const keeps of [true, false]) {
    const error = await assertRejects(() => owner(keeps, 2));
    assert(`${error}`.includes("a value that holds a handle cannot be used more than once"), `${error}`);
  }
});

Deno.test("a lent value goes to a start function, and cannot be exported", async () => {
  const borrow: ValType = { kind: "borrow", resource: file };
  const core = await wat(`(module (import "" "drop" (func $drop (param i32)))
    (func (export "look") (param i32) (call $drop (local.get 0))))`);
  class File {}
  let looks = 0;
  for (
    const component of tiers((component, types) => {
      const resource = types.resource(file), params = [{ name: "x", type: borrow }];
      const value = component.import("my-file", "value", extern.value(types.ref(borrow)));
      const other = component.import("other", "value", extern.value(types.ref(borrow)));
      const look = component.import("look", "func", extern.func(types.func({ params })));
      const drop = component.coreExports({ drop: ["core func", component.resourceBuiltin("drop", resource)] });
      const made = component.coreInstance(component.coreModule(core), { "": drop });
      const func = component.aliasCoreExport("core func", made, "look");
      component.start(component.lift(func, {}, types.func({ params })), [value], 0);
      component.start(look, [other], 0);
    })
  ) {
    const other = new File();
    run(component, { File, myFile: new File(), other, look: (it: File) => looks += it === other ? 1 : 0 });
  }
  assertEquals(looks, 2);
  for (const nested of [false, true]) {
    const error = thrown(() =>
      tiers((component, types) => {
        const value = component.import("f", "value", extern.value(types.ref(borrow)));
        const item: Item = ["value", value];
        component.export("e", nested ? ["instance", component.exportsInstance({ it: item })] : item);
      })
    );
    assert(error.message.includes("an exported value cannot contain a `borrow` type"), error.message);
  }
});

Deno.test("a start function gives a resource of the guest's, whose class the instance exports", async () => {
  const text = await wat(`(component
    (type $thing (resource (rep i32)))
    (core func $new (canon resource.new $thing))
    (core module $M (import "" "new" (func $new (param i32) (result i32)))
      (func (export "make") (result i32) (call $new (i32.const 7)))
      (func (export "get") (param i32) (result i32) (local.get 0)))
    (core instance $m (instantiate $M (with "" (instance (export "new" (func $new))))))
    (export $out "thing" (type $thing))
    (func (export "make") (result (own $out)) (canon lift (core func $m "make")))
    (func (export "[method]thing.get") (param "self" (borrow $out)) (result u32) (canon lift (core func $m "get"))))`);
  for (
    const component of tiers((component) => {
      const made = component.instance(component.component(text));
      component.export("a:b/things", ["instance", made]);
      const first = component.start(component.aliasExport("func", made, "make"), [], 1)!;
      component.export("first", ["value", first]);
    })
  ) {
    const instance = run(component), { Thing } = instance.exports["a:b/things"], { first } = instance.exports;
    assert(first instanceof Thing);
    assertEquals(first.get(), 7);
    first[Symbol.dispose]();
    assert(thrown(() => first.get()) instanceof TypeError);
  }
});

Deno.test("a component of the host's takes values and gives them, and so does one that is exported", () => {
  const inner = new ComponentEncoder(),
    writer = new TypeWriter(inner),
    [u16Ref, stringRef] = [u16, string].map((type) => writer.ref(type));
  inner.export("kept", ["value", inner.import("port", "value", extern.value(u16Ref!))]);
  inner.export("name", ["value", inner.value(stringRef!, [1, 0x6e])]);
  const child = compileSync(inner.finish(), { gates: { values: true } });
  const type = [
    0x41,
    ...vec([
      [3, 0, ...name("port"), ...extern.value(u16Ref!)],
      [4, 0, ...name("kept"), ...extern.value(u16Ref!)],
    ]),
  ];
  for (
    const component of tiers((component, types) => {
      const imported = component.import("child", "component", extern.component(component.defineType(type)));
      const made = component.instance(imported, { port: ["value", component.value(types.ref(u16), [80])] });
      component.export("kept", ["value", component.aliasExport("value", made, "kept")]);
      component.export("again", ["component", imported]);
    })
  ) {
    const { exports } = run(component, { child });
    assertEquals(exports["kept"], 80);
    assertEquals({ ...run(exports["again"], { port: 81 }).exports }, { kept: 81, name: "n" });
  }
});

Deno.test("a small binary cannot make very many large values", () => {
  const inner = new ComponentEncoder(), list = inner.defineType([0x70, 0x7d]), bytes = 200_000;
  inner.export("v", ["value", inner.value([list], [...leb(bytes), ...Array(bytes).fill(1)])]);
  const error = thrown(() =>
    tiers((component) => {
      const child = component.component(inner.finish());
      for (let i = 0; i < 100; i++) component.instance(child);
    })
  );
  assert(error.message.includes("definition count exceeds limit"), error.message);
});

Deno.test("reflection and printing tell values", () => {
  const [component] = tiers((component, types) => {
    const ref = types.ref(point), option = types.ref({ kind: "option", element: s64 });
    component.export("out-put", ["value", component.import("in-put", "value", extern.value(ref))]);
    component.export("o", ["value", component.import("opt", "value", extern.value(option))]);
    component.export("n", ["value", component.value(types.ref(u64), [1])]);
  });
  const values = component!.imports.filter(({ type }) => type.kind === "value").map(({ name }) => name);
  assertEquals(values, ["in-put", "opt"]);
  assertEquals(component!.exports.at(-1), { name: "n", type: { kind: "value", type: { kind: "u64" } } });
  const text = component!.wit();
  assert(text.includes(`// import "in-put": a value of type t0`), text);
  assert(text.includes(`// export "n": a value of type u64`), text);
  const types = component!.typescript();
  assert(/readonly inPut: .*T0Like;/.test(types), types);
  assert(types.includes("readonly opt?: bigint | number | undefined | null;"), types);
  assert(types.includes("readonly n: bigint;"), types);
});
