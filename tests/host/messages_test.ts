// What errors say to somebody who meets this library for the first time: what was given, what was
// asked for, and what to do.

import { assert, assertEquals } from "@std/assert";
import {
  compile,
  compileSync,
  ComponentError,
  instantiate,
  instantiateSync,
  Linker,
  suspending,
  t,
} from "@windlass/component";
import { run, serve, wasi } from "@windlass/component/wasi";
import { WASI_CANDIDATE, WASI_INTERFACES } from "../../host/hints.ts";
import { fixture } from "../support/fixtures.ts";
import { assertFails, component, instance, libc, options, thrown } from "../support/wasm.ts";
import { wat } from "../support/wat.ts";
import { guest } from "../wasi/guests.ts";

// deno-lint-ignore no-explicit-any
type Any = any;
const utf8 = (text: string) => new TextEncoder().encode(text);
const bytes = await wat("(component)");

async function messageOf(action: () => unknown): Promise<string> {
  try {
    await action();
  } catch (error) {
    const { name, message } = error as Error;
    return `${name}: ${message}`;
  }
  throw new Error("expected it to fail");
}

// What was given.

Deno.test("a promise where a component or bytes are due says what to await", async () => {
  const promise: Any = compile(bytes);
  await promise;
  const awaits = "found a promise: await what `compile` gives";
  assertEquals(await messageOf(() => new Linker().link(promise)), `TypeError: link takes a Component, ${awaits}`);
  assertEquals(
    await messageOf(() => new Linker().component("c", promise)),
    `TypeError: component \`c\` must be a Component, ${awaits}`,
  );
  for (const load of [compileSync, instantiateSync] as Any[]) {
    assertEquals(
      await messageOf(() => load(promise)),
      "TypeError: compileSync takes a buffer or a view, found a promise: await it first, or await what `compile` gives for it",
    );
    assertEquals(
      await messageOf(() => load(new Response(bytes))),
      "TypeError: compileSync takes a buffer or a view, found an instance of Response: await what `compile` gives for it",
    );
  }
  assertEquals(
    await messageOf(() => compile("greet.wasm" as Any)),
    "TypeError: compile takes a buffer, a view, a Response, a ReadableStream, a Component, or a promise of one, " +
      'found "greet.wasm": a file is read first, and text is encoded by a tool',
  );
  for (const nothing of [undefined, null, 5]) {
    assert((await messageOf(() => compile(nothing as Any))).endsWith(`found ${nothing}`));
  }
});

const compressed = new Uint8Array(
  await new Response(new Blob([bytes]).stream().pipeThrough(new CompressionStream("gzip"))).arrayBuffer(),
);
const wasm = "AGFzbQ0AAQA=";
assertEquals(btoa(String.fromCharCode(...bytes.subarray(0, 8))), wasm);

const formats: readonly (readonly [what: string, bytes: Uint8Array<ArrayBuffer>, says: string])[] = [
  ["the text format", utf8("(component)"), "the text format: `wasm-tools parse` makes a binary of it"],
  ["a module's text", utf8("\n  (module)"), "the text format: `wasm-tools parse` makes a binary of it"],
  ["a commented text", utf8(";; a component\n(component)"), "the text format: `wasm-tools parse` makes a binary of it"],
  ["gzip", compressed, "gzip: decompress it first, with `DecompressionStream` or `content-encoding`"],
  ["HTML", utf8("<!doctype html>"), "HTML or XML: a server may have answered with a page instead of the file"],
  ["HTML", utf8("\ufeff<html>"), "HTML or XML: a server may have answered with a page instead of the file"],
  ["Base64", utf8(wasm), "Base64: decode it first, with `Uint8Array.fromBase64`"],
  ["hexadecimal text", utf8("0061736d0d000100"), "hexadecimal text: decode it first, with `Uint8Array.fromHex`"],
  ["a data: URL", utf8(`data:application/wasm;base64,${wasm}`), "a data: URL: give `await fetch(url)`"],
  [
    "a pointer",
    utf8("version https://git-lfs.github.com/spec/v1"),
    "a pointer of Git LFS: `git lfs pull` gives the file itself",
  ],
  ["WIT", utf8("package a:b;\nworld w {}"), "WIT, which only says what a component imports and exports"],
  ["JSON", utf8('{"error":"not found"}'), "JSON"],
  ["an archive", utf8("PK\x03\x04...."), "a ZIP archive: take the component out of it first"],
];
for (const [what, given, says] of formats) {
  Deno.test(`bytes that are ${what} are said to be: ${says.slice(0, 24)}`, async () => {
    const message = "CompileError: Cannot decode preamble: magic header not detected: bad magic number; " +
      `the bytes look like ${says} (at offset 0x0)`;
    assertEquals(await messageOf(() => compileSync(given)), message);
    assertEquals(await messageOf(() => compile(new Response(given))), message);
    assertEquals(await messageOf(() => run(given)), message);
  });
}

Deno.test("modules in another order: the message says which is which", async () => {
  const source = await wat(`(component
    (core module (import "env" "log" (func)))
    (core module (func (export "f")) (memory (export "m") 1))
    (core module (memory (export "f") 1)))`);
  const modules = compileSync(source).modules as [WebAssembly.Module, WebAssembly.Module, WebAssembly.Module];
  compileSync(source, { modules });
  const order = (...places: (0 | 1 | 2)[]) =>
    messageOf(() => compile(source, { modules: places.map((i) => modules[i]) }));
  const at = "CompileError: Cannot compile component: option `modules`: module";
  assertEquals(await order(1, 0, 2), `${at} 0 lacks the import \`env::log\`; it is like core module 1`);
  assertEquals(await order(0, 2, 1), `${at} 1 lacks the export \`f\`; it is like core module 2`);
  const other = new WebAssembly.Module(Uint8Array.of(0, 0x61, 0x73, 0x6d, 1, 0, 0, 0));
  assertEquals(
    await messageOf(() => compileSync(source, { modules: [other, modules[1], modules[2]] })),
    `${at} 0 lacks the import \`env::log\``,
  );
});

// As Chromium 156, Firefox 153 and Node with an embedder's veto say it.
for (
  const said of [
    "WebAssembly.compile(): Compiling or instantiating WebAssembly module violates the following Content Security policy " +
    "directive because 'unsafe-eval' is not an allowed source of script",
    "call to WebAssembly.compile() blocked by CSP",
    "WebAssembly.compile(): Wasm code generation disallowed by embedder",
  ]
) {
  Deno.test(`where compiling is forbidden, the message says what is allowed: ${said.slice(0, 40)}`, async () => {
    const real = WebAssembly.compile;
    WebAssembly.compile = () => Promise.reject(new WebAssembly.CompileError(said));
    try {
      const message = await messageOf(async () => await compile(await wat("(component (core module))")));
      assert(
        message.startsWith(`CompileError: Cannot compile core module 0: compiling is not allowed here (${said}): `),
      );
      assert(
        message.includes("`windlass split` gives the core modules, to be compiled elsewhere and passed as { modules }"),
      );
    } finally {
      WebAssembly.compile = real;
    }
  });
}

Deno.test("functions of ours that take functions say what they found", () => {
  assertFails(() => suspending(5 as Any), "TypeError", "suspending takes a function, found 5");
  assertFails(
    () => suspending(Promise.resolve() as Any),
    "TypeError",
    "suspending takes a function, found an instance of Promise",
  );
});

Deno.test("options of WASI say what they found", async () => {
  const rows: readonly (readonly [object, string])[] = [
    [{ args: "x" }, 'args must be an array of strings, found "x"'],
    [{ args: { 0: "x" } }, "args must be an array of strings, found an object"],
    [{ env: "A=1" }, 'env must be an object of names and values, found "A=1"'],
    [{ env: ["A=1"] }, "env must be an object of names and values, found an array of 1"],
    [{ preopens: "." }, 'preopens must be an object of names and values, found "."'],
    [{ network: { http: "example.com" } }, 'network.http must be an array of hosts, or true, found "example.com"'],
    [{ random: { seed: 5 } }, "random.seed must be a bigint, found 5"],
    [{ clocks: { now: 5n } }, "clocks.now must be a function, found 5n"],
  ];
  for (const [given, message] of rows) {
    for (const use of [wasi, (options: Any) => run(guest("hello"), options)]) {
      assertEquals(await messageOf(() => use(given)), `TypeError: WASI option ${message}`);
    }
  }
});

// What was asked for.

/** Imports an instance with a function, and exports nothing. */
const imports = (name: string) => component(`(component (import "${name}" (instance (export "f" (func)))))`);
const refused = async (name: string, given: object) => {
  const wants = await imports(name);
  return thrown(() => instantiateSync(wants, given as Any)).message.replace(
    `Cannot link import ${name}#f: a definition was not found`,
    "",
  );
};

Deno.test("an incompatible version: the message says which was asked for and which are there", async () => {
  const f = () => {};
  const asked = "; version 1.0.0 of a:b/c was asked for, and what is defined is incompatible:";
  assertEquals(await refused("a:b/c@1.0.0", { "a:b/c@2.0.0": { f } }), `${asked} 2.0.0`);
  assertEquals(await refused("a:b/c@1.0.0", { "a:b/c@2.0.0": { f }, "a:b/c@0.9.1": { f } }), `${asked} 2.0.0, 0.9.1`);
  const many = Object.fromEntries(Array.from({ length: 9 }, (_, i) => [`a:b/c@${i + 2}.0.0`, { f }]));
  assertEquals(await refused("a:b/c@1.0.0", many), `${asked} 2.0.0, 3.0.0, 4.0.0, …`);
  assertEquals(
    await refused("a:b/c@0.0.1", { "a:b/c@0.0.2": { f } }),
    "; version 0.0.1 of a:b/c was asked for, and what is defined is incompatible: 0.0.2",
  );
  assertEquals(
    await refused("a:b/c", { "a:b/c@1.0.0": { f } }),
    "; no version of a:b/c was asked for, and what is defined is incompatible: 1.0.0",
  );
  assertEquals(
    await refused("a:b/c@1.0.0", { "a:b/d@1.0.0": { f } }),
    "; the closest name that is defined is a:b/d@1.0.0#f",
  );
});

Deno.test("WASI that is not given: the message says who gives it", async () => {
  const gives = "; `wasi()` of @windlass/component/wasi gives it: instantiate(component, { ...await wasi() })";
  for (
    const name of [
      "wasi:cli/stdout@0.2.0",
      "wasi:io/streams@0.2.9",
      "wasi:http/types@0.2.3",
      "wasi:cli/stdin",
      "wasi:cli/stdout@0.3.0",
    ]
  ) {
    assertEquals(await refused(name, {}), gives);
    assertEquals(await refused(name, { "wasi:cli/exit@0.2.6": {} }), gives);
  }
  assertEquals(
    await messageOf(() => instantiate(guest("hello"))).then((message) => message.split("; ")[1]),
    gives.slice(2),
  );
});

Deno.test("WASI of another kind: the message says which it is, and no name that is alike", async () => {
  for (const given of [{}, await wasi()]) {
    for (
      const [name, says] of [
        ["wasi:cli/stdout@0.4.0", "it is of WASI 0.4, and `wasi()` gives WASI 0.2 and 0.3"],
        [
          "wasi:clocks/types@0.3.0-rc-2025-09-16",
          "0.3.0-rc-2025-09-16 came before WASI 0.3.0, and `wasi()` gives 0.3.0 and later, and 0.3.0-rc-2026-03-15",
        ],
        ["wasi:cli/stdout@0.1.0", "it is of WASI 0.1, and `wasi()` gives WASI 0.2 and 0.3"],
        ["wasi:io/streams@0.3.0", "WASI 0.3 has no interface wasi:io/streams"],
        ["wasi:http/handler@0.3.0", "`wasi()` does not give it: a component that exports it does"],
        [
          "wasi:http/types@0.2.0-rc-2023-11-10",
          "0.2.0-rc-2023-11-10 came before WASI 0.2.0, and `wasi()` gives 0.2.0 and later",
        ],
        ["wasi:keyvalue/store@0.2.0-draft", "WASI 0.2 has no interface wasi:keyvalue/store"],
        ["wasi:cli/tty@0.2.0", "WASI 0.2 has no interface wasi:cli/tty"],
        ["wasi:logging/logging", "WASI 0.2 has no interface wasi:logging/logging"],
        ["wasi:http/incoming-handler@0.2.0", "`wasi()` does not give it: a component that exports it does"],
      ] as const
    ) assertEquals(await refused(name, given), `; ${says}`);
  }
});

Deno.test("the messages know the interfaces that wasi() gives", async () => {
  const names = [["0.2", "0.2"], ["0.3", "0.3"], ["0.3", WASI_CANDIDATE]].flatMap(([minor = "", version = ""]) =>
    Object.entries(WASI_INTERFACES[minor]!).flatMap(([pkg, ifaces]) =>
      ifaces.map((iface) => `wasi:${pkg}/${iface}@${version}`)
    )
  );
  const given = Object.keys(await wasi()).map((name) => name.replace(/(?<=@\d\.\d)\.\d+$/, ""));
  assertEquals(names.sort(), given.sort());
});

const EXPORTS = (names: readonly string[]) =>
  component(`(component (core module $M (func (export "f"))) (core instance $m (instantiate $M))
    (func $f (canon lift (core func $m "f"))) (instance $i (export "f" (func $f)))
    ${names.map((name) => `(export "${name}" (${name.includes(":") ? "instance $i" : "func $f"}))`).join("\n")})`);

Deno.test("run and serve of another component: the message says what it exports and how to call it", async () => {
  const none = (by: string, path: string) =>
    `LinkError: Cannot ${by} ${path}: the component exports no such function; `;
  const noCommand = `${none("run", "wasi:cli/run@0.2.0#run")}it is not a command: `;
  const noHandler = `${none("serve", "wasi:http/incoming-handler@0.2.0#handle")}it is not an HTTP handler: `;
  assertEquals(await messageOf(() => run(guest("server"))), `${noCommand}it is an HTTP handler, which \`serve\` takes`);
  assertEquals(await messageOf(() => serve(guest("hello"))), `${noHandler}it is a command, which \`run\` takes`);
  assertEquals(await messageOf(() => run(bytes)), `${noCommand}it exports nothing`);
  const through = "to be called through `instantiate(component, { ...await wasi() })`";
  const library = await EXPORTS(["add", "a:b/c@1.0.0"]);
  assertEquals(await messageOf(() => run(library)), `${noCommand}it exports add, a:b/c@1.0.0, ${through}`);
  assertEquals(await messageOf(() => serve(library)), `${noHandler}it exports add, a:b/c@1.0.0, ${through}`);
  const large = await EXPORTS(["a", "b", "c", "d", "e", "f"]);
  assertEquals(await messageOf(() => run(large)), `${noCommand}it exports a, b, c, d and 2 more, ${through}`);
  const later = await EXPORTS(["wasi:cli/run@0.4.0"]);
  assertEquals(
    await messageOf(() => run(later)),
    `${none("run", "wasi:cli/run@0.2.0#run")}it exports wasi:cli/run@0.4.0, ` +
      "and `run` calls wasi:cli/run of WASI 0.2 and 0.3.0",
  );
});

Deno.test("func() of an incompatible version, or of what is alike", () => {
  const made = instantiateSync(fixture("greet"), { "demo:greet/host": { log() {} } });
  assertFails(
    () => made.func("demo:greet/api@2.0.0#greet", t.func([t.string], t.string)),
    "LinkError",
    "Cannot look up export demo:greet/api@2.0.0#greet: the component exports no such function; " +
      "version 2.0.0 of demo:greet/api was asked for, and what is exported is incompatible: 1.0.0",
  );
});

// A guest's err.

Deno.test("a ComponentError says what its payload is, as far as a line has room", () => {
  class Unheard {}
  const rows: readonly (readonly [unknown, string])[] = [
    ["no such file", "no such file"],
    [undefined, "the component returned err"],
    [5, "5"],
    [7n, "7n"],
    [{ tag: "not-found" }, "not-found"],
    [{ tag: "io", val: { code: 3n, notes: ["a", "b"] } }, 'io({ code: 3n, notes: ["a", "b"] })'],
    [{ code: 404, message: "no" }, '{ code: 404, message: "no" }'],
    [{ tag: 5 }, "{ tag: 5 }"],
    [{ tag: "x", size: 1 }, '{ tag: "x", size: 1 }'],
    [{ constructor: 1, then: undefined }, "{ constructor: 1, then: undefined }"],
    [[1, 2, 3], "[1, 2, 3]"],
    [new Uint8Array([1, 2]), "Uint8Array [1, 2]"],
    [new Map([["a", 1]]), 'Map [["a", 1]]'],
    [{}, "{}"],
    [new Unheard(), "an instance of Unheard"],
    [{ inner: { file: new Unheard() } }, "{ inner: { file: an instance of Unheard } }"],
  ];
  for (const [payload, message] of rows) assertEquals(new ComponentError(payload).message, message);
  assertEquals(new ComponentError({ code: 1 }, "of the host's own").message, "of the host's own");
  for (
    const long of [
      { text: "x".repeat(10_000) },
      Array.from({ length: 1e6 }, (_, i) => i),
      new Uint8Array(1e6),
      Object.fromEntries(Array.from({ length: 1000 }, (_, i) => [`key${i}`, { i }])),
      { tag: "deep", val: [[[[[[[[[[[[[[[[[[[[[[[[[[[[[[{ a: [1, 2, 3] }]]]]]]]]]]]]]]]]]]]]]]]]]]]]]] },
    ]
  ) assert(new ComponentError(long).message.length <= 121);
  const hostile = new Proxy({}, {
    ownKeys() {
      throw new Error("looked at");
    },
  });
  assertEquals(new ComponentError(hostile).message, "an object");
  // Whatever is done with it throws, `Array.isArray` too.
  const revoked = Proxy.revocable([], {});
  revoked.revoke();
  assertEquals(new ComponentError(revoked.proxy).message, "an object");
  let looked = 0;
  const lazy = Object.defineProperty({ first: "x".repeat(300) }, "second", { enumerable: true, get: () => ++looked });
  assert(
    new ComponentError([["x".repeat(39), "y".repeat(39), "z".repeat(39), "w".repeat(39)], lazy]).message.length <= 121,
  );
  assertEquals(looked, 0);
});

Deno.test("a guest's err with a record is in the message", async () => {
  const made = await instance(`(component
    ${
    libc(`(data (i32.const 8) "\\01") (data (i32.const 12) "\\94\\01")
      (func (export "f") (result i32) (i32.const 8))`)
  }
    (type $e' (record (field "error-code" u32))) (export $e "e" (type $e'))
    (func (export "f") (result (result (error $e))) (canon lift (core func $libc "f") ${options})))`);
  const error = thrown(() => made.exports.f!());
  assert(error instanceof ComponentError);
  assertEquals(error.message, "{ errorCode: 404 }");
});

Deno.test("a member that is missing of an instance that is there: the closest member, never the instance itself", async () => {
  const source = await component(`(component (import "a:b/c@1.2.0" (instance
    (export "get-name" (func)) (export "r" (type (sub resource))))))`);
  const getName = () => {};
  const found = "LinkError: Cannot link import a:b/c@1.2.0#", missing = "a definition was not found";
  for (
    const [given, message] of [
      [{ getName }, `r: ${missing}; what is defined for \`a:b/c@1.2.0\` has no such member`],
      [{ getNam: getName }, `get-name: ${missing}; the closest name that is defined is a:b/c@1.2.0#getNam`],
      [{ getName: undefined }, `get-name: ${missing}; what is given for \`getName\` is undefined`],
      [undefined, `get-name: ${missing}; what is given for \`a:b/c@1.2.0\` is undefined`],
      [null, "get-name: expected instance found null"],
      [Promise.resolve({ getName }), "get-name: expected instance found a promise: await it first"],
    ] as [Any, string][]
  ) {
    assertEquals(await messageOf(() => instantiateSync(source, { "a:b/c@1.2.0": given })), found + message);
  }
  assertEquals(
    await messageOf(() => instantiate(source, Promise.resolve({}) as Any)),
    "TypeError: define takes an object of imports, found a promise: await it",
  );
  const newer = await component(`(component (import "wasi:http/types@0.2.99" (instance (export "f" (func)))))`);
  assertEquals(
    await messageOf(async () => instantiateSync(newer, await wasi())),
    "LinkError: Cannot link import wasi:http/types@0.2.99#f: a definition was not found; " +
      "what is defined for `wasi:http/types@0.2.99` has no such member",
  );
});
