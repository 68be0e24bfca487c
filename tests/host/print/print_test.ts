// component.wit() and component.typescript(): what they print of real and made-up worlds, and that
// the tools accept it.

import { assert, assertEquals } from "@std/assert";
import { CompileError, compileSync, type Component } from "@windlass/component";
import { realComponent } from "../../../examples/real.ts";
import { fixture, testFile } from "../../support/fixtures.ts";
import { component, thrown } from "../../support/wasm.ts";
import { componentOfWit } from "../../support/wat.ts";

const calls = compileSync(Deno.readFileSync(testFile("../bench/fixtures/calls.wasm")));
const real = async (name: "wasm-tools" | "js-component-bindgen-component") => compileSync(await realComponent(name));

/** Types of every kind, names that are keywords, resources used across interfaces. */
const kinds = await component(`(component
  (import "a:b/types@1.2.3" (instance $types
    (type $bytes' (list u8)) (export "bytes" (type $bytes (eq $bytes')))
    (type $id' u32) (export "id" (type $id (eq $id')))
    (type $rec' (record (field "record" $id) (field "b-c" (option string))))
    (export "rec" (type $rec (eq $rec')))
    (type $nested' (variant (case "none") (case "some" $rec) (case "pair" (tuple u8 (result $bytes (error char))))))
    (export "variant" (type $nested (eq $nested')))
    (type $flags' (flags "a" "b-2")) (export "perms" (type $flags (eq $flags')))
    (type $enum' (enum "x" "y")) (export "type" (type $enum (eq $enum')))
    (export "res" (type $res (sub resource)))
    (export "[constructor]res" (func (param "size" u8) (result (own $res))))
    (export "[method]res.get" (func (param "self" (borrow $res)) (result (result (error $nested)))))
    (export "[static]res.merge" (func (param "a" (own $res)) (param "list" (list (own $res))) (result (own $res))))
    (export "set" (func (param "perms" $flags) (param "type" $enum)))
    (export "from" (func (param "interface" $bytes) (result (option (option u64)))))))
  (alias export $types "rec" (type $rec))
  (alias export $types "res" (type $res))
  (import "a:b/user@1.2.3" (instance
    (alias outer 1 $rec (type $r)) (export "rec" (type $rec2 (eq $r)))
    (alias outer 1 $res (type $s)) (export "res" (type $res2 (eq $s)))
    (export "use" (func (param "x" $rec2) (param "y" (borrow $res2)) (result (list (result)))))))
  (import "my-rec" (type $mine (eq $rec)))
  (import "plain" (func (param "rec" $mine) (result (tuple f32 f64 s8 bool)))))`);

const worlds: Record<string, Component> = {
  greet: fixture("greet"),
  resources: fixture("resources"),
  values: fixture("values"),
  memories: fixture("memories"),
  calls,
  kinds,
  "wasm-tools": await real("wasm-tools"),
  "js-component-bindgen": await real("js-component-bindgen-component"),
};

/** Order aside: the toolchain puts types before functions. */
const sorted = (wit: string): string[] => wit.split("\n").sort();

for (const [name, made] of Object.entries(worlds)) {
  Deno.test(`the WIT of ${name} makes a component of an equal world`, async () => {
    const again = compileSync(await componentOfWit(made.wit(), "root"));
    assertEquals(sorted(again.wit()), sorted(made.wit()));
    const names = ({ imports, exports }: Component) =>
      [imports, exports].map((items) =>
        items.filter(({ type }) => type.kind !== "type").map(({ name }) => name).sort()
      );
    assertEquals(names(again), names(made));
  });
}

Deno.test("wit() prints a world as a person would write it", () => {
  assertEquals(
    kinds.wit(),
    `package root:component;

world root {
  use a:b/types@1.2.3.{rec as my-rec};
  import a:b/types@1.2.3;
  import a:b/user@1.2.3;
  import plain: func(rec: my-rec) -> tuple<f32, f64, s8, bool>;
}

package a:b@1.2.3 {
  interface types {
    type bytes = list<u8>;
    type id = u32;
    record rec {
      %record: id,
      b-c: option<string>,
    }
    variant %variant {
      none,
      some(rec),
      pair(tuple<u8, result<bytes, char>>),
    }
    flags perms {
      a,
      b-2,
    }
    enum %type {
      x,
      y,
    }
    resource res {
      constructor(size: u8);
      get: func() -> result<_, %variant>;
      merge: static func(a: res, %list: list<res>) -> res;
    }
    set: func(perms: perms, %type: %type);
    %from: func(%interface: bytes) -> option<option<u64>>;
  }

  interface user {
    use types.{rec, res};
    %use: func(x: rec, y: borrow<res>) -> list<result>;
  }
}
`,
  );
});

/**
 * Interfaces that take over types, and worlds of them: what toolchains encode is printed as it was
 * written.
 */
const TYPES = `  interface types {
    record money {
      amount: u64,
    }
    resource account {
      get: func() -> money;
    }
    type id = u32;
  }`;
const USES = `  interface api {
    use types.{money, account, id};
    pay: func(m: money, a: borrow<account>) -> id;
  }`;
const RENAMES = `  interface more {
    use types.{money as cash};
    record money {
      cash: cash,
      all: list<cash>,
    }
    give: func() -> money;
  }`;

for (
  const world of [
    ["import a:b/types;", "import a:b/api;"],
    ["import a:b/types;", "export a:b/api;"],
    ["export a:b/types;", "export a:b/api;"],
    ["import a:b/types;", "export a:b/api;", "export a:b/more;"],
    ["import a:b/types;", "import a:b/more;", "export a:b/api;"],
    ["export a:b/types;", "export a:b/api;", "export a:b/more;"],
    ["use a:b/types.{money};", "import a:b/types;", "import f: func(m: money);", "export a:b/more;", "export a:b/api;"],
    ["import a:b/types;", "import a:b/api;", "export a:b/api;"],
    ["import a:b/types;", "import a:b/api;", "export a:b/types;", "export a:b/api;"],
  ]
) {
  Deno.test(`wit() prints the use of a type: ${world.join(" ")}`, async () => {
    const used = (name: string) => world.some((line) => line.endsWith(`port a:b/${name};`));
    const interfaces = [TYPES, used("api") ? USES : "", used("more") ? RENAMES : ""].filter((text) => text !== "");
    const source = `package root:component;

world root {
${world.map((line) => `  ${line}`).join("\n")}
}

package a:b {
${interfaces.join("\n\n")}
}
`;
    const made = compileSync(await componentOfWit(source, "root"));
    // Order aside: the toolchain puts types and resources first.
    assertEquals(sorted(made.wit()), sorted(source));
    // An interface on both sides of the world has a type for each.
    const sides = world.filter((line) => line.endsWith("port a:b/types;")).length;
    assertEquals(made.typescript().match(/ = \{ amount: bigint \};/g)!.length, sides);
  });
}

Deno.test("wit() prints a second name of a type as what it is", async () => {
  const made = await component(`(component
    (type $t' (record (field "a" u8))) (import "t" (type $t (eq $t')))
    (component $C (type $u' (record (field "a" u8))) (import "u" (type $u (eq $u')))
      (export $one "one" (type $u)) (export "two" (type $one)))
    (instance $c (instantiate $C (with "u" (type $t))))
    (export "c" (instance $c)))`);
  assertEquals(
    made.wit(),
    `package root:component;

world root {
  record t {
    a: u8,
  }
  export c: interface {
    record one {
      a: u8,
    }
    type two = one;
  }
}
`,
  );
});

Deno.test("what WIT cannot say stands in comments", async () => {
  const made = await component(`(component
    (import "m" (core module)) (import "c" (component))
    (core module $M) (export "out" (core module $M))
    (type $p' (record (field "x" u8))) (export $p "point" (type $p')))`);
  assertEquals(
    made.wit(),
    `package root:component;

world root {
  // import "m": a core module
  // import "c": a component
  // export "out": a core module
  // the type "point" is an export
  record point {
    x: u8,
  }
}
`,
  );
});

Deno.test("plain-named interfaces print inline, implementing ones by what they implement", async () => {
  const made = await component(`(component
    (import "primary" (implements "a:b/store") (external-id "//One") (instance (export "get" (func (result u32)))))
    (import "inline" (instance (export "f" (func)))))`);
  assertEquals(
    made.wit(),
    `package root:component;

world root {
  @external-id("//One")
  import primary: a:b/store;
  import inline: interface {
    f: func();
  }
}

package a:b {
  interface store {
    get: func() -> u32;
  }
}
`,
  );
});

Deno.test("a small binary that describes an enormous text hits a limit that is named", async () => {
  const types = Array.from({ length: 24 }, (_, i) => `(type $t${i + 1} (tuple $t${i} $t${i}))`).join(" ");
  const made = await component(`(component (type $t0 u8) ${types} (import "f" (func (param "x" $t24))))`);
  for (const print of [() => made.wit(), () => made.typescript()]) {
    const error = thrown(print);
    assert(error instanceof CompileError);
    assertEquals(error.message, "Cannot print world: character count exceeds limit of 64000000");
  }
});

// TypeScript.

Deno.test("typescript() prints both directions of a type, and classes by what they have", () => {
  assertEquals(
    kinds.typescript({ worldName: "Kinds" }),
    `import type { Result } from "@windlass/component";

export declare namespace BTypes {
  export type Bytes = Uint8Array<ArrayBuffer>;
  export type BytesLike = Iterable<number> & object;
  export type Id = number;
  export type Rec = { record: BTypes.Id; bC: string | undefined };
  export type RecLike = { readonly record: BTypes.Id; readonly bC?: string | undefined | null };
  export type Variant = { tag: "none" } | { tag: "some"; val: BTypes.Rec } | { tag: "pair"; val: [number, { tag: "ok"; val: BTypes.Bytes } | { tag: "err"; val: string }] };
  export type VariantLike = { readonly tag: "none" } | { readonly tag: "some"; readonly val: BTypes.RecLike } | { readonly tag: "pair"; readonly val: readonly [number, { readonly tag: "ok"; readonly val: BTypes.BytesLike } | { readonly tag: "err"; readonly val: string }] };
  export type Perms = { a: boolean; b2: boolean };
  export type PermsLike = { readonly a?: boolean | undefined; readonly b2?: boolean | undefined } | undefined | null;
  export type Type = "x" | "y";
  export type Res = { readonly get: () => void | Result<undefined, BTypes.VariantLike> };
}

export interface Kinds {
  readonly imports: {
    readonly "a:b/types@1.2.3": {
      readonly Res: (new (size: number) => BTypes.Res) & { readonly merge: (a: BTypes.Res, list: Array<BTypes.Res>) => BTypes.Res };
      readonly set: (perms: BTypes.Perms, type_: BTypes.Type) => void;
      readonly from: (interface_: BTypes.Bytes) => { readonly tag: "some"; readonly val: bigint | number | undefined | null } | { readonly tag: "none" } | undefined | null;
    };
    readonly "a:b/user@1.2.3": {
      readonly use: (x: BTypes.Rec, y: BTypes.Res) => Iterable<{ readonly tag: "ok"; readonly val?: undefined } | { readonly tag: "err"; readonly val?: undefined }> & object;
    };
    readonly plain: (rec: BTypes.Rec) => readonly [number, number, number, boolean];
  };
  readonly exports: {};
}
`,
  );
});

Deno.test("what typescript() prints is accepted by deno check, and types instantiate<World>", async () => {
  const folder = await Deno.makeTempDir();
  try {
    const files: string[] = [];
    for (const [name, made] of Object.entries(worlds)) {
      files.push(`${folder}/${name}.d.ts`);
      await Deno.writeTextFile(files.at(-1)!, made.typescript());
    }
    const use = `${folder}/use.ts`;
    files.push(use);
    await Deno.writeTextFile(
      use,
      `import { type Component, type Imports, instantiate, err, suspending, t, HostFunc } from "@windlass/component";
import type { World as Greet } from "./greet.d.ts";
import type { World as Resources, ResourcesFiles } from "./resources.d.ts";
import type { World as Values } from "./values.d.ts";
import type { World as Calls } from "./calls.d.ts";
import type { World as Kinds } from "./kinds.d.ts";
import type { World as Tools } from "./wasm-tools.d.ts";
declare const component: Component;
const greet = await instantiate<Greet>(component, { "demo:greet/host@1.0.0": { log: (line) => console.log(line.length) } });
const version: string = greet.exports.version();
const letters: number = greet.exports["demo:greet/api@1.0.0"].summarise("x").letters;
const later: Promise<string> = greet.promising.exports["demo:greet/api@1.0.0"].greet("x");
// @ts-expect-error the wrong argument
greet.exports["demo:greet/api@1.0.0"].greet(1);
// @ts-expect-error a missing import
await instantiate<Greet>(component, {});
// @ts-expect-error a promise undeclared
await instantiate<Greet>(component, { "demo:greet/host@1.0.0": { log: async () => {} } });
await instantiate<Greet>(component, { "demo:greet/host@1.0.0": { log: suspending(async () => {}) } });
await instantiate<Greet>(component, { "demo:greet/host@1.0.0": { log: HostFunc.typed(t.func([t.string]), () => {}) } });
class File {
  readonly path: string;
  constructor(path: string) { this.path = path; }
  name(): string { return this.path; }
  size(): number { return 1; }
  static open(name: string) { return name === "" ? err("empty") : new File(name); }
}
const resources = await instantiate<Resources>(component, {
  "test:resources/files": { File, same: (a, b) => a.name() === b.name(), consume: (file) => file.size() },
});
{
  using counter = new resources.exports["test:resources/counters"].Counter(1);
  const next: number = counter.next() + counter.plus(counter);
  const file: ResourcesFiles.File = resources.exports["test:resources/counters"].passFile(new File("x"));
}
// @ts-expect-error a class without open
await instantiate<Resources>(component, { "test:resources/files": { File: class { name() { return ""; } size() { return 1; } constructor(_: string) {} }, same: () => true, consume: () => 1 } });
declare const values: Values["imports"];
const echo = (await instantiate<Values>(component, values)).exports["test:values/types"];
const big: bigint = echo.aU64(1);
const entry: { name: string } = echo.aEntry({ id: 1, name: "a", tags: new Set(["b"]), size: 2 });
const list: Uint16Array = echo.listU16([1, 2]);
const maybe: string | undefined = echo.maybeString();
// @ts-expect-error no such case
echo.aColor("green");
// @ts-expect-error a field is missing
echo.aEntry({ id: 1, name: "a", tags: [] });
declare const calls: Calls["imports"];
declare const kinds: Kinds["imports"];
await instantiate<Calls>(component, calls);
await instantiate<Kinds>(component, kinds);
declare const shim: Imports;
const tools = (await instantiate<Tools>(component, { ...shim })).exports["local:wasm-tools/tools"];
const parsed: Uint8Array = tools.parse("(module)");
console.log(version, letters, later, big, entry, list, maybe, parsed);
`,
    );
    const { success, stderr } = await new Deno.Command(Deno.execPath(), {
      args: ["check", "--quiet", "--config", testFile("../deno.json").pathname, ...files],
      env: { NO_COLOR: "1" },
    }).output();
    assert(success, new TextDecoder().decode(stderr));
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("hostile names stay inside strings", async () => {
  const { binary } = await import("../../support/wasm.ts");
  // (import NAME (func)), whose name is none that a toolchain would write.
  for (const name of ['*/ } evil"', "a\\u0022;x", "x`${1}`", "__proto__", "line\\nbreak"]) {
    const bytes = new TextEncoder().encode(name);
    const source = binary(7, 5, 1, 0x40, 0, 1, 0, 10, 5 + bytes.length, 1, 0, bytes.length, ...bytes, 1, 0);
    let made: Component;
    try {
      made = compileSync(source);
    } catch (error) {
      assert(error instanceof CompileError); // validation may refuse it
      continue;
    }
    const line = made.typescript().split("\n").find((line) => line.includes("=> void"))!;
    const spelt = /^ {4}readonly (.*): \(\) => void;$/.exec(line)?.[1];
    assert(spelt !== undefined && (/^\w+$/.test(spelt) || typeof JSON.parse(spelt) === "string"), line);
  }
});

Deno.test("worldName must be an identifier", () => {
  for (const worldName of ["", "a b", "class", "1x", "}"]) {
    assertEquals(thrown(() => kinds.typescript({ worldName })).name, "TypeError");
  }
});
