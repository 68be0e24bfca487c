// What a linker matches by name and version, what it stands in for, and what it refuses to define.
// Behaviours of linker.rs, tests/README.md.

import { assert, assertEquals } from "@std/assert";
import { type Component, Linker } from "@windlass/component";
import { assertFails, component, thrown } from "../support/wasm.ts";
import { as, item } from "./linking_support.ts";

class Old {}
class New {}

const BASE = "demo:names/thing";
const at = (version: string): string => `${BASE}@${version}`;

/**
 * A component that imports something at the root in each of some versions, and exports it as `x0`,
 * `x1`, ….
 */
function reexports(sort: string, versions: readonly string[]): Promise<Component> {
  const [definition, kind] = ITEMS[sort]!;
  return component(`(component
    ${versions.map((version, i) => `(import "${at(version)}" ${definition.replace("$", `$i${i}`)})`).join("\n")}
    ${versions.map((_, i) => `(export "x${i}" (${kind} $i${i}))`).join("\n")})`);
}

/** Sorts of items: as imported, and as exported. */
const ITEMS: Readonly<Record<string, readonly [string, string]>> = {
  resource: [`(type $ (sub resource))`, "type"],
  "core module": [`(core module $)`, "core module"],
  func: [`(func $ (result u32))`, "func"],
  instance: [`(instance $ (export "id" (func (result u32))))`, "instance"],
};

const MODULES = (await component(`(component (core module) (core module (func (export "f"))))`)).modules;

/**
 * A linker that defines versions of an item, and what tells the definitions apart in an instance.
 */
function definitions(sort: string, versions: readonly string[]): Linker {
  const linker = new Linker();
  versions.forEach((version, i) => {
    if (sort === "resource") linker.resource(at(version), [Old, New][i]!);
    else if (sort === "core module") linker.module(at(version), MODULES[i]!);
    else if (sort === "func") linker.func(at(version), () => i);
    else linker.instance(at(version)).func("id", () => i);
  });
  return linker;
}

/** The index of the definition that an export came from. */
function origin(sort: string, value: unknown): unknown {
  if (sort === "resource") return [Old, New].indexOf(value as typeof Old);
  if (sort === "core module") return MODULES.indexOf(value as WebAssembly.Module);
  return sort === "func" ? (value as () => unknown)() : (value as { id(): unknown }).id();
}

/** A test per sort: which definition serves each import. */
function served(name: string, defined: readonly string[], rows: Readonly<Record<string, number>>): void {
  for (const sort of Object.keys(ITEMS)) {
    Deno.test(`${name}: at the root (${sort})`, async () => {
      const source = await reexports(sort, Object.keys(rows));
      const { exports } = definitions(sort, defined).link(source).instantiateSync();
      Object.values(rows).forEach((index, i) => assertEquals(origin(sort, exports[`x${i}`]), index));
    });
  }
}

served("linker::old_import_importing_new_item", ["1.0.1"], { "1.0.0": 0 });
served("linker::new_import_importing_old_item", ["1.0.0"], { "1.0.1": 0 });
served("linker::import_both_old_and_new", ["1.0.0", "1.0.1"], { "1.0.0": 0, "1.0.1": 1 });
served("linker::missing_import_selects_max", ["1.0.1", "1.0.2"], { "1.0.0": 1, "1.0.3": 1 });

Deno.test("linker::missing_import_selects_max: an incompatible version does not serve", async () => {
  for (const sort of Object.keys(ITEMS)) {
    const source = await reexports(sort, ["1.0.0"]);
    const error = thrown(() => definitions(sort, ["2.0.0"]).link(source));
    assertEquals(`${error.name} ${error.code}`, "LinkError missing-import", sort);
    assert(error.path?.startsWith(at("1.0.0")), error.path);
  }
});

// JS: the component itself tells its types; nothing is substituted, since a class is no type but
// stands behind one.
Deno.test("linker::linker_substituting_types_issue_8003: the type of a nested resource is told, linked or not", async () => {
  const source = await component(`(component
    (component $Inner
      (type $R' (resource (rep i32)))
      (export $r "token" (type $R'))
      (core module $M (func (export "make") (result i32) unreachable))
      (core instance $m (instantiate $M))
      (func (export "make") (result (own $r)) (canon lift (core func $m "make"))))
    (instance $inner (instantiate $Inner))
    (export "inner" (instance $inner)))`);
  const told = () => {
    const { exports } = as(item(source.exports, "inner"), "instance");
    const resource = as(as(item(exports, "token"), "type").type, "resource");
    const make = as(item(exports, "make"), "func").type;
    assert(as(make.result!, "own").resource === resource);
    return exports.map(({ name }) => name);
  };
  assertEquals(told(), ["token", "make"]);
  const { exports } = new Linker().link(source).instantiateSync();
  assertEquals(told(), ["token", "make"]);
  assertEquals(exports.inner.Token.name, "Token");
  assertEquals(thrown(() => exports.inner.make()).code, "guest-trap");
});

// Unknown imports as traps.

const UNKNOWN = `(component
  (import "lone" (func $lone))
  (import "some" (instance $some (export "member" (func (result u32)))))
  (import "thing" (type $thing (sub resource)))
  (import "[constructor]thing" (func $new (result (own $thing))))
  (core func $lone' (canon lower (func $lone)))
  (core func $member' (canon lower (func $some "member")))
  (core func $new' (canon lower (func $new)))
  (core func $drop' (canon resource.drop $thing))
  (func (export "call-lone") (canon lift (core func $lone')))
  (func (export "call-member") (result u32) (canon lift (core func $member')))
  (func (export "call-new") (result u32) (canon lift (core func $new')))
  (func (export "drop") (param "handle" u32) (canon lift (core func $drop')))
  (func (export "take") (param "thing" (own $thing)) (canon lift (core func $drop'))))`;

Deno.test("linker::linker_defines_unknown_imports_as_traps: it links and instantiates; what is reached traps", async () => {
  const source = await component(UNKNOWN);
  const linked = new Linker().trapUnknown().link(source);
  for (
    const [name, path] of [["callLone", "lone"], ["callMember", "some#member"], ["callNew", "[constructor]thing"]]
  ) {
    const { exports } = linked.instantiateSync();
    assertFails(() => exports[name!](), "Trap", `Cannot call import ${path}: unknown import`);
    assertEquals(thrown(() => exports[name!]()).code, "cannot-enter");
  }
  const { exports } = linked.instantiateSync();
  assertFails(
    () => exports.take({}),
    "ValueError",
    "Cannot lower param 1 `thing` of export take: expected resource `thing`, found an object",
  );
  assertFails(() => exports.drop(1), "Trap", "Cannot call export drop: unknown handle index 1");
});

Deno.test("linker::linker_defines_unknown_imports_as_traps: what is defined is used, what is missing fails without it", async () => {
  const source = await component(UNKNOWN);
  const linker = new Linker().trapUnknown();
  linker.instance("some").func("member", () => 7);
  const { exports } = linker.link(source).instantiateSync();
  assertEquals(exports.callMember(), 7);
  assertFails(() => exports.callLone(), "Trap", "Cannot call import lone: unknown import");
  assertFails(() => new Linker().link(source), "LinkError", "Cannot link import lone: a definition was not found");
});

Deno.test("linker::linker_fails_to_define_unknown_core_module_imports_as_traps: a core module cannot be stood in for", async () => {
  const source = await component(
    `(component (import "m" (core module)) (import "some" (instance (export "m" (core module)))))`,
  );
  const linker = new Linker().trapUnknown();
  assertFails(() => linker.link(source), "LinkError", "Cannot link import m: a definition was not found");
  linker.module("m", MODULES[0]!);
  assertFails(
    () => linker.link(source),
    "LinkError",
    "Cannot link import some#m: a definition was not found",
  );
  linker.instance("some").module("m", MODULES[0]!);
  assertEquals(linker.link(source).instantiateSync().exports, {});
});

// Instances opened again.

Deno.test("linker::open_instance_twice: an instance can be opened again, a name not be defined again", async () => {
  const [module] = MODULES;
  const linker = new Linker();
  const defined = (name: string) =>
    `Cannot define ${name}: it is defined already; pass { shadowing: true } to redefine names`;
  linker.instance("some").module("a", module!);
  linker.instance("some").module("b", module!);
  for (const name of ["a", "b"]) {
    assertFails(() => linker.instance("some").module(name, module!), "LinkError", defined(`some#${name}`));
  }
  linker.instance("some").module("c", module!);
  assertFails(() => linker.module("some", module!), "LinkError", defined("some"));
  assertFails(() => linker.func("some", () => {}), "LinkError", defined("some"));
  assertFails(() => linker.instance("some").instance("a"), "LinkError", defined("some#a"));
  linker.instance("some").module("d", module!);
  const items = ["a", "b", "c", "d"].map((name) => `(export "${name}" (core module))`).join(" ");
  const { exports } = linker.link(
    await component(`(component (import "some" (instance $i ${items})) (export "again" (instance $i)))`),
  ).instantiateSync();
  assertEquals(Object.keys(exports.again), ["a", "b", "c", "d"]);
  assert(Object.values(exports.again).every((item) => item === module));
});
