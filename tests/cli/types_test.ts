// `types` of WIT: as text, a file or a folder, and as a package in binary; with its comments.

import { assert, assertEquals, assertMatch, assertRejects } from "@std/assert";
import { customSection } from "../../abi/wasm/encoder.ts";
import { witComments } from "../../host/cli/wit_comments.ts";
import { wasmTools } from "../../host/cli/wit_source.ts";
import { wat } from "../support/wat.ts";
import { withDirectory } from "../wasi/support.ts";
import { windlass } from "./support.ts";

const wit = `/// The package.
package demo:greet@1.0.0;

/// What a host gives.
@since(version = 1.0.0)
interface host {
  /// Writes a line.
  log: func(line: string);
}
/** The world. */
world greeter {
  import host;
  /// Which one.
  export version: func() -> string;
}
// No comment of its own.
world other { export version: func() -> string; }
`;

const typed = `export interface Greet {
  readonly imports: {
    /** What a host gives. */
    readonly "demo:greet/host@1.0.0": {
      /** Writes a line. */
      readonly log: (line: string) => void;
    };
  };
  readonly exports: {
    /** Which one. */
    readonly version: () => string;
  };
}
`;

Deno.test("types of a .wit file and of a folder, with comments", () =>
  withDirectory(async (path) => {
    await Deno.writeTextFile(`${path}/greet.wit`, wit);
    const types = (...args: string[]) => windlass(["types", "--world", "Greet", ...args]);
    const named = ["--wit-world", "greeter"];
    const whole = { code: 0, out: `/** The world. */\n${typed}`, err: "" };
    assertEquals(await types(...named, `${path}/greet.wit`), whole);
    assertEquals(await types(...named, path), whole);
    assertEquals(await types("--wit-world", "demo:greet/greeter@1.0.0", path), whole);
    const several = await types(path);
    assertEquals(several.code, 1);
    assertMatch(several.err, /multiple worlds[^]*demo:greet\/other@1\.0\.0\n--wit-world NAME chooses one\n$/);
    const none = await types("--wit-world", "nothing", path);
    assertEquals([none.code, none.out], [1, ""]);
    assertMatch(none.err, /^error: \S+: World `nothing` not found/);
    await Deno.mkdir(`${path}/empty`);
    assertMatch(
      (await types(`${path}/empty`)).err,
      /^error: \S+empty has no \.wit file: name the folder that has one\n$/,
    );
    await Deno.writeTextFile(`${path}/bad.wit`, "package demo:bad;\nworld w { import ; }");
    assertMatch((await types(`${path}/bad.wit`)).err, /^error: \S+bad\.wit: expected/);
    assertMatch(
      (await types(`${path}/nowhere.wit`)).err,
      /^error: there is no \S+nowhere\.wit in \S+: check the path\n$/,
    );
  }));

Deno.test("where the encoder is not installed, the error says how to install it", async () => {
  await assertRejects(
    () => wasmTools([() => "./nowhere.js"]),
    Error,
    "types of WIT need the package @bytecodealliance/jco-transpile, which encodes it: ",
  );
});

Deno.test("types of a WIT package in binary, as registries have it", async () => {
  const world = (more: string) =>
    `(type (component
      (type (component
        (type (instance (type (func (param "line" string))) (export "log" (func (type 0)))))
        (import "demo:greet/host@1.0.0" (instance (type 0)))
        (type (func (result string)))
        (export "version" (func (type 1)))))
      (export "demo:greet/${more}@1.0.0" (component (type 0)))))`;
  const one = await wat(`(component ${world("greeter")} (export "greeter" (type 0)))`);
  const docs = customSection("package-docs", `\x01${JSON.stringify(witComments([wit]))}`);
  const types = async (stdin: Uint8Array<ArrayBuffer>, ...more: string[]) =>
    await windlass(["types", "--world", "Greet", ...more, "-"], { stdin });
  assertEquals(await types(new Uint8Array([...one, ...docs])), {
    code: 0,
    out: `/** The world. */\n${typed}`,
    err: "",
  });
  const two = await wat(
    `(component ${world("greeter")} (export "greeter" (type 0)) ${world("other")} (export "other" (type 2)))`,
  );
  assertEquals(
    (await types(two)).err.split("\n")[0],
    "error: which world of greeter, other? --wit-world NAME chooses one",
  );
  assertEquals((await types(two, "--wit-world", "x")).err.split("\n")[0], "error: no world x: there is greeter, other");
  assertEquals((await types(two, "--wit-world", "other")).code, 0);
  const component = await wat(`(component)`);
  assertEquals(
    (await types(component, "--wit-world", "x")).err.split("\n")[0],
    "error: --wit-world chooses among worlds of WIT: a component has one world",
  );
  const interfaces = await wat(
    `(component (type (component (type (instance)) (export "demo:greet/i" (instance (type 0))))) (export "i" (type 0)))`,
  );
  assertEquals(
    (await types(interfaces)).err,
    "error: the package has interfaces, but no world: write one that uses them\n",
  );
});

Deno.test("comments of WIT are found by the names of what they are about", () => {
  const found = witComments([`
    /// The package.
    ///  Indented.
    package a:b;
    /* no */ // comment
    /** One
      * two. */
    @unstable(feature = x)
    interface i {
      use other:p/q@1.0.0.{r as s};
      /// A record.
      record rec { /// F.
        %f: tuple<list<u8>, option<string>>, g: u8 }
      variant v { /// With.
        a(result<u8, string>), /// Without.
        b, }
      /// Constructors may be called anything.
      constructor: async func(/** Not this. */ a: u8) -> u8;
      type: func();
      resource res {
        /// Makes.
        constructor(a: u8);
        /// Method.
        m: func();
        /// Static.
        s: static func() -> res;
      }
      resource empty;
      /// After.
      last: func();
    }
    /// Elsewhere.
    package x:y { /// Not here.
      interface i { /// Nor this.
        f: func(); } }
    world w {
      include other;
      /// Imported.
      import f: async func();
      import wasi:io/streams@0.2.0;
      /// Inline.
      export j: interface { /// Deep.
        h: func(); }
      export i;
      /// Exported.
      export f: func();
    }`]);
  assertEquals(JSON.parse(JSON.stringify(found)), {
    docs: "The package.\n Indented.",
    interfaces: {
      i: {
        docs: "One\ntwo.",
        funcs: {
          constructor: { docs: "Constructors may be called anything." },
          "[constructor]res": { docs: "Makes." },
          "[method]res.m": { docs: "Method." },
          "[static]res.s": { docs: "Static." },
          last: { docs: "After." },
        },
        types: {
          rec: { docs: "A record.", items: { f: "F." } },
          v: { items: { a: "With.", b: "Without." } },
          res: {},
          empty: {},
        },
      },
    },
    worlds: {
      w: {
        funcs: { f: { docs: "Imported." } },
        types: {},
        interfaces: {},
        interface_exports: { j: { docs: "Inline.", funcs: { h: { docs: "Deep." } }, types: {} } },
        func_exports: { f: { docs: "Exported." } },
      },
    },
  });
  // Whatever it is given, it ends.
  for (
    const text of [
      "{",
      "interface",
      "world w {",
      "/** open",
      "interface i { f",
      "}}}{{{",
      "record r { a: b",
      "@",
      "use x.{",
    ]
  ) {
    assert(typeof JSON.stringify(witComments([text])) === "string");
  }
});
