// Names that JavaScript has already, in every position where a guest may put one: what every
// object, function, class, error, array and promise has. What a component exports by such a name
// serves as another's import, a host can give it, and what nobody gave is missing.

import "../support/leaks.ts";
import { assert, assertEquals, assertStrictEquals } from "@std/assert";
import { compileSync, type Component, type Imports, instantiateSync, Linker, t } from "@windlass/component";
import { isKebab } from "../../core/binary/names.ts";
import type { ValType } from "../../abi/types/types.ts";
import { echoComponent, echoOf } from "../support/echo.ts";
import { assertFails, component, gates, instance, thrown } from "../support/wasm.ts";

// deno-lint-ignore no-explicit-any
type Any = any;

const holders: readonly object[] = [
  Object.prototype,
  Function.prototype,
  function () {},
  class {},
  Object,
  Promise.prototype,
  Array.prototype,
  Error.prototype,
  new Error("an error's own members"),
];
/**
 * Words that are members of nothing, but of which JavaScript or this library might think something.
 */
const words =
  "arguments eval await async class default new super this static get set null undefined true tag val payload kind";
const properties = [
  ...new Set([...holders.flatMap(Reflect.ownKeys), ...words.split(" ")].filter((key) => typeof key === "string")),
];
const labelOf = (property: string): string => property.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
const names = properties.filter((property) => isKebab(labelOf(property)));
const labels = names.map(labelOf);

Deno.test("the names are those that JavaScript has", () => {
  for (
    const name of "constructor toString valueOf hasOwnProperty name length prototype arguments caller then".split(" ")
  ) {
    assert(names.includes(name), name);
  }
  // Names with underscores are no labels: `__proto__` cannot come from a component.
  assertEquals(properties.filter((property) => !names.includes(property) && !property.startsWith("__")), []);
});

/** The README's rule, said again: what JavaScript keeps for itself, by position. */
const kept: Readonly<Record<string, readonly string[]>> = {
  func: ["then"],
  method: ["then", "constructor"],
  static: ["then", "prototype"],
};
const keyOf = (kind: string, name: string): string => kept[kind]!.includes(name) ? `[${kind}]${labelOf(name)}` : name;
const pascal = (label: string): string =>
  label.split("-").map((word) => word[0]!.toUpperCase() + word.slice(1)).join("");

// Components.

const API = "a:b/api";
const each = (make: (label: string, i: number) => string): string => labels.map(make).join("\n");

/**
 * What an interface consists of, as the text of a component that exports it and of one that imports
 * it.
 */
interface Position {
  /** Core functions that give or take what they need; the function of label `i` gives `i`. */
  readonly guest: string;
  /** The members of the instance type. */
  readonly type: (labels: readonly string[]) => string;
  /** Lowered imports of the label `i`, and the body of a function that gives `i` by them. */
  readonly call: (
    label: string,
    i: number,
  ) => { readonly lower: string; readonly imports: string; readonly body: string };
  /** Reads the function of a name from the interface. */
  readonly read: (api: Any, name: string) => () => unknown;
  /** What a host gives. */
  readonly host: () => Imports;
}

const R = `(type $R (resource (rep i32))) (core func $new (canon resource.new $R))`;
const lift = (name: string, type: string, core: string): string =>
  `(func (export "${name}") ${type} (canon lift (core func $m "${core}")))`;
const core = (more: string): string =>
  `(core module $M (import "" "new" (func $new (param i32) (result i32)))
     (func (export "make") (result i32) (call $new (i32.const 1))) ${more})
   (core instance $m (instantiate $M (with "" (instance (export "new" (func $new))))))`;
const constant = (param: string) => each((_, i) => `(func (export "f${i}") ${param} (result i32) (i32.const ${i}))`);

const positions: Readonly<Record<"func" | "method" | "static" | "resource", Position>> = {
  func: {
    guest: `(core module $M ${constant("")}) (core instance $m (instantiate $M))
      ${each((label, i) => lift(label, "(result u32)", `f${i}`))}`,
    type: (labels) => labels.map((label) => `(export "${label}" (func (result u32)))`).join("\n"),
    call: (label, i) => ({
      lower: `(core func $f${i} (canon lower (func $api "${label}")))`,
      imports: `(export "f${i}" (func $f${i}))`,
      body: `(call $f${i})`,
    }),
    read: (api, name) => api[keyOf("func", name)],
    host: () => Object.fromEntries(names.map((name, i) => [name, () => i])),
  },
  method: {
    guest: `${R} ${core(constant("(param i32)"))} (export $r "r" (type $R))
      ${lift("[constructor]r", "(result (own $r))", "make")}
      ${each((label, i) => lift(`[method]r.${label}`, `(param "self" (borrow $r)) (result u32)`, `f${i}`))}`,
    type: (labels) =>
      `(export "r" (type $r (sub resource))) (export "[constructor]r" (func (result (own $r))))
      ${
        labels.map((label) => `(export "[method]r.${label}" (func (param "self" (borrow $r)) (result u32)))`).join("\n")
      }`,
    call: (label, i) => ({
      lower: `(core func $f${i} (canon lower (func $api "[method]r.${label}")))`,
      imports: `(export "f${i}" (func $f${i}))`,
      body: `(local $r i32) (local.set $r (call $make)) (call $f${i} (local.get $r)) (call $drop (local.get $r))`,
    }),
    read: (api, name) => {
      const made = new api.R();
      return () => made[keyOf("method", name)]();
    },
    host: () => {
      class Host {}
      const own = names.filter((name) => name !== "constructor").map((name) =>
        [name, () => names.indexOf(name)] as const
      );
      Object.assign(Host.prototype, Object.fromEntries(own), {
        "[method]constructor": () => names.indexOf("constructor"),
      });
      return { R: Host };
    },
  },
  static: {
    guest: `${R} ${core(constant(""))} (export $r "r" (type $R))
      ${each((label, i) => lift(`[static]r.${label}`, "(result u32)", `f${i}`))}`,
    type: (labels) =>
      `(export "r" (type $r (sub resource)))
      ${labels.map((label) => `(export "[static]r.${label}" (func (result u32)))`).join("\n")}`,
    call: (label, i) => ({
      lower: `(core func $f${i} (canon lower (func $api "[static]r.${label}")))`,
      imports: `(export "f${i}" (func $f${i}))`,
      body: `(call $f${i})`,
    }),
    read: (api, name) => api.R[keyOf("static", name)],
    host: () => {
      class Host {}
      names.forEach((name, i) =>
        Object.defineProperty(Host, name === "prototype" ? "[static]prototype" : name, { value: () => i })
      );
      return { R: Host };
    },
  },
  resource: {
    guest: `${R} ${core(`(func (export "see") (param i32) (result i32) (local.get 0))`)}
      ${
      each((label, i) =>
        `(export $r${i} "${label}" (type $R))
         ${lift(`[constructor]${label}`, `(result (own $r${i}))`, "make")}`
      )
    }`,
    type: (labels) =>
      labels.map((label, i) =>
        `(export "${label}" (type $r${i} (sub resource))) (export "[constructor]${label}" (func (result (own $r${i}))))`
      ).join("\n"),
    call: (label, i) => ({
      lower: `(core func $f${i} (canon lower (func $api "[constructor]${label}")))`,
      imports: `(export "f${i}" (func $f${i}))`,
      body: `(drop (call $f${i})) (i32.const ${i})`,
    }),
    read: (api, name) => {
      const made = new api[pascal(labelOf(name))]();
      return () => made instanceof api[pascal(labelOf(name))] ? names.indexOf(name) : made;
    },
    host: () => Object.fromEntries(labels.map((label) => [pascal(label), class {}])),
  },
};

/** Exports the interface. */
const provider = ({ guest }: Position): Promise<Component> =>
  component(`(component (component $C ${guest}) (instance $c (instantiate $C)) (export "${API}" (instance $c)))`);

/** Imports the interface, and exports a function for each label that calls it. */
function consumer(kind: string, { type, call }: Position): Promise<Component> {
  const calls = labels.map((label, i) => call(label, i));
  const isMethod = kind === "method";
  return component(`(component
    (import "${API}" (instance $api ${type(labels)}))
    ${
    isMethod
      ? `(alias export $api "r" (type $r)) (core func $drop (canon resource.drop $r))
         (core func $make (canon lower (func $api "[constructor]r")))`
      : ""
  }
    ${calls.map(({ lower }) => lower).join("\n")}
    (core module $M
      ${isMethod ? `(import "" "make" (func $make (result i32))) (import "" "drop" (func $drop (param i32)))` : ""}
      ${
    labels.map((_, i) => `(import "" "f${i}" (func $f${i} ${isMethod ? "(param i32)" : ""} (result i32)))`).join("\n")
  }
      ${calls.map(({ body }, i) => `(func (export "call${i}") (result i32) ${body})`).join("\n")})
    (core instance $m (instantiate $M (with "" (instance
      ${isMethod ? `(export "make" (func $make)) (export "drop" (func $drop))` : ""}
      ${calls.map(({ imports }) => imports).join("\n")}))))
    ${
    labels.map((_, i) => `(func (export "call${i}") (result u32) (canon lift (core func $m "call${i}")))`).join("\n")
  })`);
}

for (const [kind, position] of Object.entries(positions)) {
  const callAll = (exports: Any): unknown[] => labels.map((_, i) => exports[`call${i}`]());
  const all = labels.map((_, i) => i);

  Deno.test(`${kind}: a host reads each name from a component's exports`, async () => {
    const api = instantiateSync(await provider(position)).exports[API];
    for (const [i, name] of names.entries()) assertEquals(position.read(api, name)(), i, name);
  });

  Deno.test(`${kind}: what a component exports serves as another's import`, async () => {
    const given = instantiateSync(await provider(position)).exports[API];
    const made = new Linker().define({ [API]: given }).link(await consumer(kind, position)).instantiateSync();
    assertEquals(callAll(made.exports), all);
    made[Symbol.dispose](); // with the handles that its guest keeps
  });

  Deno.test(`${kind}: a host gives each name as it writes it in JavaScript`, async () => {
    const made = instantiateSync(await consumer(kind, position), { [API]: position.host() });
    assertEquals(callAll(made.exports), all);
    made[Symbol.dispose](); // with the handles that its guest keeps
  });

  Deno.test(`${kind}: what nobody gave is missing, and the message names it`, async () => {
    for (const label of labels) {
      const wants = await component(`(component (import "${API}" (instance ${position.type([label])})))`);
      const given: Imports = kind === "method" || kind === "static" ? { R: class {} } : {};
      const wanted = kind === "func" || kind === "resource" ? label : `[${kind}]r.${label}`;
      const { name, message } = thrown(() => new Linker().define({ [API]: given }).link(wants));
      assertEquals(name, "LinkError");
      assert(message.startsWith(`Cannot link import ${API}#${wanted}: a definition was not found`), message);
    }
  });

  Deno.test(`${kind}: typescript() prints the names that exports have and imports may have`, async () => {
    for (const made of [await provider(position), await consumer(kind, position)]) {
      const text = made.typescript();
      for (const name of names) {
        const key = kind === "resource" ? pascal(labelOf(name)) : keyOf(kind, name);
        const spelt = /^\w+$/.test(key) ? key : JSON.stringify(key);
        assert(text.includes(`readonly ${spelt}: `), `${spelt} in ${text}`);
      }
    }
  });

  Deno.test(`${kind}: func() finds each label and says each in its message`, async () => {
    if (kind === "resource") return; // its constructors are functions by an annotated name of their own
    const made = instantiateSync(await provider(position));
    for (const [i, label] of labels.entries()) {
      const path = `${API}#${kind === "func" ? label : `[${kind}]r.${label}`}`;
      if (kind !== "method") assertEquals(made.func(path, t.func([], t.u32))(), i);
      assertFails(
        () => made.func(path, t.func([t.u8, t.u8], t.u32)),
        "LinkError",
        `Cannot look up export ${path}: type mismatch: expected ${kind === "method" ? 1 : 0} parameters, found 2`,
      );
    }
  });
}

// At the root.

Deno.test("each name can be a root function, and an instance with a plain name", async () => {
  for (const [i, name] of names.entries()) {
    const label = labels[i]!;
    const passes = await component(`(component
      (import "${label}" (func $f (result u32)))
      (core func $f' (canon lower (func $f)))
      (func (export "${label}") (result u32) (canon lift (core func $f'))))`);
    assertFails(() => instantiateSync(passes), "LinkError", `Cannot link import ${label}: a definition was not found`);
    assertFails(
      () => instantiateSync(passes, {}),
      "LinkError",
      `Cannot link import ${label}: a definition was not found`,
    );
    for (const given of [{ [name]: () => i }, { [label]: () => i }, { [keyOf("func", name)]: () => i }]) {
      const made = instantiateSync(passes, given);
      assertEquals(made.exports[keyOf("func", name)]!(), i);
      assertEquals(made.func(label, t.func([], t.u32))(), i);
      assertEquals(made.func(keyOf("func", name), t.func([], t.u32))(), i);
      // What one gives, another takes.
      assertEquals(instantiateSync(passes, made.exports as Imports).func(label, t.func([], t.u32))(), i);
    }
    assertEquals(new Linker().func(name, () => i).link(passes).instantiateSync().func(label, t.func([], t.u32))(), i);

    const nested = await component(`(component
      (import "${label}" (instance $i (export "f" (func (result u32)))))
      (export "${label}" (instance $i)))`);
    const made = instantiateSync(nested, { [name]: { f: () => i } });
    assertEquals((made.exports[label] as Any).f(), i);
    assertEquals(made.interface(label)!.f(), i);
    assertFails(
      () => instantiateSync(nested, {}),
      "LinkError",
      `Cannot link import ${label}#f: a definition was not found`,
    );
  }
});

Deno.test("each name can be a core module or a component, given and exported", async () => {
  const module = new WebAssembly.Module(Uint8Array.of(0, 0x61, 0x73, 0x6d, 1, 0, 0, 0));
  const empty = await component("(component)");
  for (const [i, name] of names.entries()) {
    const label = labels[i]!;
    const passes = await component(`(component
      (import "${label}" (core module $M)) (import "other" (component $C))
      (export "a" (core module $M)) (component $D) (export "i" (component $D))
      (core module $N) (export "${label}-m" (core module $N)))`);
    const { exports } = instantiateSync(passes, { [name]: module, other: empty });
    assertStrictEquals(exports.a, module);
    const reversed = await component(
      `(component (import "${label}" (component $C)) (export "${label}" (component $C)))`,
    );
    assertEquals((instantiateSync(reversed, { [name]: empty }).exports[name] as Component).exports, []);
    assertFails(
      () => instantiateSync(reversed, {}),
      "LinkError",
      `Cannot link import ${label}: a definition was not found`,
    );
  }
});

// In values.

function echo(type: ValType): (value: unknown) => unknown {
  const bytes = echoComponent(echoOf(type), { encodings: ["utf8"] });
  let seen: unknown;
  const made = instantiateSync(compileSync(bytes, { gates }), {
    f: (value: unknown) => {
      seen = value;
      return value;
    },
  });
  return (value) => {
    const given = made.exports.f!(value);
    assertEquals(seen, given);
    return given;
  };
}

Deno.test("each name can be a field, and one that is missing is missing", () => {
  const type: ValType = { kind: "record", fields: labels.map((name) => ({ name, type: { kind: "u32" } })) };
  const call = echo(type), value = Object.fromEntries(names.map((name, i) => [name, i]));
  assertEquals(call(value), value);
  assertEquals(Object.keys(call(value) as object), names);
  for (const name of names) {
    const single = echo({ kind: "record", fields: [{ name: labelOf(name), type: { kind: "u32" } }] });
    assertEquals(single({ [name]: 1 }), { [name]: 1 });
    for (const empty of [{}, new (class {})(), Object.create(null)]) {
      const { message } = thrown(() => single(empty));
      assertEquals(message, `Cannot lower param 1 \`x\`.${name} of export f: missing field, expected u32`, message);
    }
    const optional = echo({
      kind: "record",
      fields: [{ name: labelOf(name), type: { kind: "option", element: { kind: "u32" } } }],
    });
    assertEquals(optional({}), { [name]: undefined });
    assertEquals(optional(new (class {})()), { [name]: undefined });
  }
});

Deno.test("each name can be a flag, an enum's case and a variant's", () => {
  for (let i = 0; i < labels.length; i += 32) {
    const some = names.slice(i, i + 32), call = echo({ kind: "flags", names: labels.slice(i, i + 32) });
    const none = Object.fromEntries(some.map((name) => [name, false]));
    for (const name of some) assertEquals(call({ [name]: true }), { ...none, [name]: true });
    for (const empty of [{}, undefined, Object.create(null)]) assertEquals(call(empty), none);
  }
  const cases = echo({ kind: "enum", names: labels }), other = echo({ kind: "enum", names: ["other"] });
  const variant = echo({ kind: "variant", cases: labels.map((name) => ({ name, type: { kind: "u32" } })) });
  const otherVariant = echo({ kind: "variant", cases: [{ name: "other", type: undefined }] });
  const otherFlag = echo({ kind: "flags", names: ["other"] });
  for (const [i, label] of labels.entries()) {
    assertEquals(cases(label), label);
    assertEquals(variant({ tag: label, val: i }), { tag: label, val: i });
    for (const wrong of [label, names[i]!]) {
      assertEquals(thrown(() => other(wrong)).code, "unknown-case");
      assertEquals(thrown(() => otherVariant({ tag: wrong })).code, "unknown-case");
      assertEquals(thrown(() => otherFlag({ [wrong]: true })).code, "unknown-flag");
    }
  }
  for (const wrong of ["__proto__", "__defineGetter__"]) {
    assertEquals(thrown(() => other(wrong)).code, "unknown-case");
    assertEquals(thrown(() => otherVariant({ tag: wrong })).code, "unknown-case");
  }
});

Deno.test("each name can be a parameter", async () => {
  const made = await instance(`(component (core module $M (func (export "f") (param i32)))
    (core instance $m (instantiate $M))
    ${each((label, i) => `(func (export "f${i}") (param "${label}" u32) (canon lift (core func $m "f")))`)})`);
  for (const [i, label] of labels.entries()) {
    assertEquals(
      thrown(() => made.exports[`f${i}`]!("x")).message,
      `Cannot lower param 1 \`${label}\` of export f${i}: expected u32, found "x"`,
    );
  }
});

Deno.test("a record's field `constructor` is no class in messages", () => {
  const call = echo({ kind: "list", element: { kind: "u32" } });
  const { message } = thrown(() => call({ constructor: { name: "Evil" } }));
  assert(message.endsWith("found an object"), message);
});

Deno.test("a class leaves the name of another label alone: that finds its own, in exports and imports", async () => {
  const api = "x:y/z", type = `(export "a-b" (type $r (sub resource))) (export "AB" (func (result u32)))`;
  for (const order of [0, 1]) {
    const exported = [`(export "a-b" (type $R))`, `(export "AB" (func $one))`];
    if (order === 1) exported.reverse();
    const made = await instance(`(component
      (core module $M (func (export "f") (result i32) (i32.const 1)))
      (core instance $m (instantiate $M))
      (func $f (result u32) (canon lift (core func $m "f")))
      (component $C
        (import "one" (func $one (result u32)))
        (type $R (resource (rep i32)))
        ${exported.join("\n")})
      (instance $c (instantiate $C (with "one" (func $f))))
      (export "${api}" (instance $c)))`);
    const exports = made.exports[api];
    assertEquals([exports.ab(), exports.AB(), made.func(`${api}#AB`, t.func([], t.u32))()], [1, 1, 1]);
    assert(Object.hasOwn(exports["a-b"], "prototype"));
    const importer = await component(`(component
      (import "${api}" (instance $api ${type}))
      (core func $f (canon lower (func $api "AB")))
      (core module $M (import "" "f" (func $f (result i32))) (func (export "g") (result i32) (call $f)))
      (core instance $m (instantiate $M (with "" (instance (export "f" (func $f))))))
      (func (export "g") (result u32) (canon lift (core func $m "g"))))`);
    assertEquals(instantiateSync(importer, { [api]: exports }).exports.g!(), 1);
  }
});
