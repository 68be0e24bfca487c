// Every error code with the full message it gives. The last tests fail for a code that has no row.

import { assertEquals } from "@std/assert";
import {
  compile,
  compileSync,
  err,
  features,
  HostFunc,
  type Imports,
  instantiateSync,
  Linker,
  ok,
  suspending,
  t,
  Trap,
} from "@windlass/component";
import { componentInternals } from "../core/component.ts";
import { checkVersion } from "../core/ahead/load.ts";
import { AHEAD_VERSION } from "../core/ahead/written.ts";
import { splitComponent } from "../core/sources/split.ts";
import { Component, ComponentInstance } from "@windlass/component/js-api";
import { trapBecause } from "../abi/state/trap.ts";
import { COMPILE_PHRASES, LINK_PHRASES, TRAP_PHRASES, VALUE_PHRASES } from "../errors.ts";
import { asyncTraps } from "./support/async_trap_rows.ts";
import { withoutCompiling } from "./support/no_compiling.ts";
import { engineSays, unreachable, withoutFeature } from "./support/engine.ts";
import { name, section, vec } from "./support/bytes.ts";
import { binary, component, gates, instance, libc, options, thrown } from "./support/wasm.ts";
import { wat } from "./support/wat.ts";

interface Row {
  readonly message: string;
  readonly provoke: () => unknown;
}

async function failure(provoke: () => unknown): Promise<Error & { code?: string }> {
  try {
    await provoke();
  } catch (error) {
    return error as Error;
  }
  throw new Error("expected it to fail");
}

function check(table: string, name: string, rows: Record<string, Row>, phrases: object): void {
  for (const [code, { message, provoke }] of Object.entries(rows)) {
    Deno.test({
      name: `${name} ${code} says what is wrong and where`,
      // Without JSPI the link is refused before anything could be suspended.
      ignore: code === "cannot-suspend" && !features.jspi,
      fn: async () => {
        const error = await failure(provoke);
        assertEquals(`${error.name}: ${error.message}`, `${name}: ${message}`);
        assertEquals(error.code, code);
      },
    });
  }
  Deno.test(`every code of ${table} has a row`, () => {
    assertEquals(Object.keys(rows).sort(), Object.keys(phrases).sort());
  });
}

const givesF = await wat(`(module (func (export "f")))`);
const takesF = await wat(`(module (import "" "f" (func (param i64))))`);
const text = (source: string) => () => component(source);
const bytes = (...sections: number[]) => () => compileSync(binary(...sections));
const HEX = (values: string) => Uint8Array.from(values.match(/../g)!.map((byte) => parseInt(byte, 16)));

/** Value types nested `depth` deep: list of list of … u8. */
function nestedLists(depth: number): number[] {
  const types = [
    0x70,
    0x7d,
    ...Array.from({ length: depth }, (_, i) => [0x70, i < 64 ? i : (i & 0x7f) | 0x80, ...(i < 64 ? [] : [i >> 7])])
      .flat(),
  ];
  const count = depth + 1;
  const size = [types.length + 2].flatMap((n) => [(n & 0x7f) | 0x80, n >> 7]);
  return [7, ...size, (count & 0x7f) | 0x80, count >> 7, ...types];
}

const moduleHeader = [0, 0x61, 0x73, 0x6d, 1, 0, 0, 0];

check("COMPILE_PHRASES", "CompileError", {
  "unexpected-end": {
    message: "Cannot decode type section, type 0: unexpected end-of-file (at offset 0xc)",
    provoke: bytes(7, 2, 1, 0x70),
  },
  "bad-magic": {
    message: "Cannot decode preamble: magic header not detected: bad magic number (at offset 0x0)",
    provoke: () => compileSync(HEX("0061736e0d000100")),
  },
  "unknown-version": {
    message:
      "Cannot decode preamble: unknown binary version and encoding combination, expected 0xd and 0x1, found 0xc and 0x1 (at offset 0x4)",
    provoke: () => compileSync(HEX("0061736d0c000100")),
  },
  "core-module": {
    message:
      "Cannot decode preamble: expected a WebAssembly component, found a WebAssembly core module; give it to `WebAssembly.compile` (at offset 0x4)",
    provoke: () => compileSync(HEX("0061736d01000000")),
  },
  "unknown-section": {
    message: "Cannot decode component: malformed section id: 13 (at offset 0x8)",
    provoke: bytes(13, 0),
  },
  "bad-leb": {
    message: "Cannot decode type section: invalid var_u32: integer representation too long (at offset 0xd)",
    provoke: bytes(7, 0x80, 0x80, 0x80, 0x80, 0x80, 0),
  },
  "unknown-opcode": {
    message:
      "Cannot decode type section, type 0: invalid leading byte (0x62) for component defined type (at offset 0xb)",
    provoke: bytes(7, 2, 1, 0x62),
  },
  "invalid-boolean": {
    message: "Cannot decode type section, type 0: invalid boolean value, found 0x2 (at offset 0xc)",
    provoke: bytes(7, 3, 1, 0x6a, 2),
  },
  "invalid-utf8": {
    message: "Cannot decode import section, import 0: malformed UTF-8 encoding (at offset 0xd)",
    provoke: bytes(10, 4, 1, 0, 1, 0xff),
  },
  "trailing-bytes": {
    message: "Cannot decode type section: unexpected data at the end of the section (at offset 0xb)",
    provoke: bytes(7, 2, 0, 0),
  },
  "limit-exceeded": {
    message: "Cannot decode type section: type count exceeds limit of 1000000 (at offset 0xa)",
    provoke: bytes(7, 5, 0xff, 0xff, 0xff, 0xff, 0x0f),
  },
  "nesting-too-deep": {
    message: "Cannot validate type 99: type nesting is too deep (at offset 0xf5)",
    provoke: bytes(...nestedLists(100)),
  },
  "type-too-large": {
    message: "Cannot validate type 0: type is too large: its size exceeds maximum byte size (at offset 0xb)",
    provoke: () => compileSync(binary(7, 8, 1, 0x67, 0x7d, 0x80, 0x80, 0x80, 0x80, 0x01), { gates }),
  },
  "unknown-index": {
    message: "Cannot validate export `f`: unknown function 3: function index out of bounds (at offset 0xb)",
    provoke: bytes(11, 7, 1, 0, 1, 0x66, 1, 3, 0),
  },
  "wrong-kind": {
    message: "Cannot validate import `f`: type index 0 is not a function type (at offset 0xf)",
    provoke: bytes(7, 2, 1, 0x7f, 10, 6, 1, 0, 1, 0x66, 1, 0),
  },
  "missing-export": {
    message: "Cannot validate alias, func 0: instance 0 has no export named `x` (at offset 0x10)",
    provoke: bytes(5, 3, 1, 1, 0, 6, 6, 1, 1, 0, 0, 1, 0x78),
  },
  "missing-argument": {
    message: "Cannot validate instance 0: missing import named `f` (at offset 0x39)",
    provoke: text(`(component (component $C (import "f" (func))) (instance (instantiate $C)))`),
  },
  "duplicate-name": {
    message: "Cannot validate core instance 1: duplicate module instantiation argument named `a` (at offset 0x23)",
    provoke: text(`(component (core module $M) (core instance $e (instantiate $M))
      (core instance (instantiate $M (with "a" (instance $e)) (with "a" (instance $e)))))`),
  },
  "name-conflict": {
    message: "Cannot validate export `A`: export name `A` conflicts with previous name `a` (at offset 0x20)",
    provoke: text(`(component (import "f" (func $f)) (export "a" (func $f)) (export "A" (func $f)))`),
  },
  "invalid-name": {
    message: "Cannot validate import `aB`: `aB` is not in kebab case: `aB` is not a valid extern name (at offset 0x12)",
    provoke: text(`(component (import "aB" (func)))`),
  },
  "invalid-annotation": {
    message:
      "Cannot validate import `[constructor]a`: function should return one value: `[constructor]a` (at offset 0x12)",
    provoke: text(`(component (import "[constructor]a" (func)))`),
  },
  "not-visible": {
    message:
      "Cannot validate import `f`: func not valid to be used as import `f`: it mentions a type that has no name there (at offset 0x1a)",
    provoke: text(`(component (type $r (record (field "a" u8))) (import "f" (func (param "x" $r))))`),
  },
  "type-mismatch": {
    message: "Cannot validate instance 1, argument `f`: type mismatch: expected func, found instance (at offset 0x3b)",
    provoke: text(`(component (component $C (import "f" (func))) (instance $i)
      (instance (instantiate $C (with "f" (instance $i)))))`),
  },
  "duplicate-core-name": {
    message: "Cannot validate core module 0: duplicate import name `a:b` (at offset 0xa)",
    provoke: text(`(component (core module (import "a" "b" (func)) (import "a" "b" (func))))`),
  },
  "core-signature": {
    message:
      "Cannot validate canon lift, func 0: lowered parameter types `[]` do not match parameter types `[I32]` (at offset 0x4e)",
    provoke: text(`(component (core module $M (func (export "f") (param i32))) (core instance $m (instantiate $M))
      (func (canon lift (core func $m "f"))))`),
  },
  "closed-gate": {
    message:
      'Cannot validate type 0: a fixed-length list needs the gate `fixed-length-lists`: pass { gates: { "fixed-length-lists": true } } (at offset 0xb)',
    provoke: bytes(7, 4, 1, 0x67, 0x7d, 2),
  },
  "canonical-option": {
    message:
      "Cannot decode canonical function section, canonical function 0: canonical option `memory` is specified more than once (at offset 0x11)",
    provoke: bytes(8, 9, 1, 1, 0, 0, 2, 3, 0, 3, 0),
  },
  "invalid-type": {
    message: "Cannot decode type section, type 0: Fixed-length lists must have more than zero elements (at offset 0xb)",
    provoke: bytes(7, 4, 1, 0x67, 0x7d, 0),
  },
  "core-module-invalid": {
    message: `Cannot compile core module 0: core module 0 is invalid: ${
      engineSays(() => new WebAssembly.Module(Uint8Array.of(...moduleHeader, 0xff, 0)))
    } (at offset 0xa)`,
    provoke: bytes(1, 10, ...moduleHeader, 0xff, 0),
  },
  "missing-feature": {
    message:
      "Cannot compile core module 0: core module 0 needs multiple memories, which this engine does not have (at offset 0xa)",
    // Two memories, and a section that no engine accepts.
    provoke: () =>
      withoutFeature("multiMemory", () => compileSync(binary(1, 16, ...moduleHeader, 5, 5, 2, 0, 0, 0, 0, 0xff))),
  },
  "wrong-modules": {
    message: "Cannot compile component: option `modules` has 0 modules, expected 1",
    provoke: () => compileSync(binary(1, 8, ...moduleHeader), { modules: [] }),
  },
  "misplaced-module": {
    message: "Cannot compile component: option `modules`: module 0 lacks the export `f`; it is like core module 1",
    provoke: async () => {
      const bytes = await wat(`(component (core module (func (export "f"))) (core module (func (export "g"))))`);
      const [first, second] = compileSync(bytes).modules;
      compileSync(bytes, { modules: [second!, first!] });
    },
  },
  "wrong-module": {
    message:
      "Cannot compile component: option `modules`: module 0 is another one: export `m` has another type; it is like core module 1 (at offset 0xa)",
    provoke: async () => {
      const bytes = await wat(
        `(component (core module (memory (export "m") 0)) (core module (memory (export "m") 0 1)))`,
      );
      const [first, second] = compileSync(bytes).modules;
      compileSync(bytes, { modules: [second!, first!] });
    },
  },
  "other-version": {
    message:
      `Cannot load component: it was written ahead of time by version 0.0.1/1 of the library, and this is ${AHEAD_VERSION}: write it again`,
    provoke: () => checkVersion({ version: "0.0.1/1" }),
  },
  "wrong-metering": {
    message:
      "Cannot compile component: option `modules`: module 0 says that it is metered, but it has no global `windlass:metering/counter` (at offset 0xa)",
    provoke: async () => {
      const mark = JSON.stringify({ prefix: "windlass:metering/", memories: [], tables: [] }).replaceAll('"', "\\22");
      const bytes = await wat(`(component (core module (func) (@custom "windlass:metering" "${mark}")))`);
      compileSync(bytes, { metering: true, modules: compileSync(bytes).modules });
    },
  },
  "modules-apart": {
    message:
      "Cannot compile component: its core modules were split from it: pass { modules }, all 1 of them in the order of their numbers (at offset 0xa)",
    provoke: () => {
      const whole = binary(1, 8, ...moduleHeader);
      return compileSync(splitComponent(whole, componentInternals(compileSync(whole)).modules).rest);
    },
  },
  "compiling-forbidden": {
    message:
      "Cannot compile core module 0: compiling is not allowed here (WebAssembly.Module(): Wasm code generation disallowed by embedder): `windlass split` gives the core modules, to be compiled elsewhere and passed as { modules } (at offset 0xa)",
    provoke: () => {
      const real = WebAssembly.Module;
      WebAssembly.Module = class {
        constructor() {
          throw new WebAssembly.CompileError("WebAssembly.Module(): Wasm code generation disallowed by embedder");
        }
      } as never;
      try {
        compileSync(binary(1, 8, ...moduleHeader));
      } finally {
        WebAssembly.Module = real;
      }
    },
  },
  "memory-cap": {
    message:
      "Cannot compile component: memory of core module 0 starts with 3 pages, more than maxMemoryPages 2 (at offset 0xa)",
    provoke: () => compileSync(binary(1, 13, ...moduleHeader, 5, 3, 1, 0, 3), { maxMemoryPages: 2 }),
  },
  "unsupported": {
    message: "Cannot validate core type 1: a continuation type is not supported yet (at offset 0xe)",
    provoke: bytes(3, 6, 2, 0x60, 0, 0, 0x5d, 0),
  },
  "unspecified": {
    message:
      "Cannot validate canon task.return, core func 0: the canonical option `gc` has no rules in the specification yet; " +
      "the gate `gc` waits for them (at offset 0xb)",
    // task.return without a result, with the option.
    provoke: () => compileSync(binary(8, 6, 1, 0x09, 1, 0, 1, 0x09), { gates: { gc: true } }),
  },
  "bad-response": {
    message: "Cannot compile component: the response has status 404 Not Found",
    provoke: () => compile(new Response("no", { status: 404, statusText: "Not Found" })),
  },
}, COMPILE_PHRASES);

const importsF = `(component (import "f" (func (param "x" u32))))`;
const importsI = `(component (import "a:b/c@1.0.0" (instance (export "run" (func (param "size" u64))))))`;

check("LINK_PHRASES", "LinkError", {
  "missing-import": {
    message:
      "Cannot link import a:b/c@1.0.0#run: a definition was not found; the closest name that is defined is a:b/c@1.0.0#ran",
    provoke: async () => new Linker().define({ "a:b/c@1.0.0": { ran: () => {} } }).link(await component(importsI)),
  },
  "type-mismatch": {
    message: "Cannot link import a:b/c@1.0.0#run: type mismatch in param 1 `size`: expected u64, found u32",
    provoke: async () => {
      const linker = new Linker();
      linker.instance("a:b/c@1.0.0").func("run", HostFunc.typed(t.func([t.u32]), () => {}));
      linker.link(await component(importsI));
    },
  },
  "wrong-sort": {
    message: "Cannot link import a:b/c@1.0.0#run: expected instance found func",
    provoke: async () => new Linker().define({ "a:b/c@1.0.0": () => {} }).link(await component(importsI)),
  },
  "already-defined": {
    message: "Cannot define a:b/c#f: it is defined already; pass { shadowing: true } to redefine names",
    provoke: () => new Linker().instance("a:b/c").func("f", () => {}).func("f", () => {}),
  },
  "missing-export": {
    message: "Cannot look up export f: the component exports no such function; the closest one is g",
    provoke: async () =>
      (await instance(`(component
        (core module $M (func (export "g"))) (core instance $m (instantiate $M))
        (func (export "g") (canon lift (core func $m "g"))))`)).func("f", t.func([])),
  },
  "module-mismatch": {
    message: "Cannot link import m: module export `f` not defined",
    provoke: async () => {
      const source = await component(`(component (import "m" (core module (export "f" (func)))))`);
      new Linker().module("m", new WebAssembly.Module(Uint8Array.from(moduleHeader))).link(source);
    },
  },
  "no-helper": {
    message:
      "Cannot instantiate component: metered modules need a helper, and compiling is not allowed here: pass it in `modules`, as `windlass split` writes it",
    provoke: async () => {
      const source = await wat(
        `(component (core module $M (func $f (loop)) (start $f)) (core instance (instantiate $M)))`,
      );
      const metered = compileSync(source, { metering: true });
      await withoutCompiling(() => instantiateSync(metered));
    },
  },
  "not-metered": {
    message:
      "Cannot instantiate component: the host's core module is not metered: compile the component that it comes from with `metering`",
    provoke: async () => {
      const source = await wat(`(component (import "m" (core module $M)) (core instance (instantiate $M)))`);
      const module = new WebAssembly.Module(Uint8Array.from(moduleHeader));
      new Linker().module("m", module).link(compileSync(source, { metering: true })).instantiateSync();
    },
  },
  "metered": {
    message:
      "Cannot instantiate component: the host's core module is metered, and this component is not: compile it with `metering`, too",
    provoke: async () => {
      const exporting = await wat(`(component (core module $M (func (export "f"))) (export "m" (core module $M)))`);
      const { m } = instantiateSync(compileSync(exporting, { metering: true }), {}).exports;
      const source = await component(
        `(component (import "m" (core module $M (export "f" (func)))) (core instance (instantiate $M)))`,
      );
      new Linker().module("m", m).link(source).instantiateSync();
    },
  },
  "memory-limit": {
    message: "Cannot instantiate component: its memories and tables begin with more than 65535 bytes: limit `memory`",
    provoke: async () => {
      const source = await wat(`(component (core module $M (memory 1)) (core instance (instantiate $M)))`);
      instantiateSync(compileSync(source, { metering: true }), {}, { limits: { memory: 65535 } });
    },
  },
  "mismatched-resource": {
    message: "Cannot link import s: mismatched resource types: `r` is another class elsewhere",
    provoke: async () => {
      const source = await component(`(component (import "r" (type $r (sub resource))) (import "s" (type (eq $r))))`);
      new Linker().resource("r", class {}).resource("s", class {}).link(source);
    },
  },
  "mismatched-value": {
    message: "Cannot link import s: it must be equal to the value that its type names",
    provoke: () => {
      const values = section(10, vec([[0, ...name("v"), 2, 1, 0x7d], [0, ...name("s"), 2, 0, 0]]));
      const exports = section(11, vec([[0, ...name("a"), 2, 0, 0], [0, ...name("b"), 2, 1, 0]]));
      const source = compileSync(binary(...values, ...exports), { gates: { values: true } });
      instantiateSync(source, { v: 1, s: 2 } as unknown as Imports);
    },
  },
  "core-link": {
    message: `Cannot instantiate component: ${
      engineSays(() => {
        const f = new WebAssembly.Instance(new WebAssembly.Module(givesF)).exports["f"] as () => void;
        return new WebAssembly.Instance(new WebAssembly.Module(takesF), { "": { f } });
      })
    }`,
    // A module of others' compiling, whose types nobody could look at.
    provoke: async () => {
      const source = await component(`(component
        (import "m" (core module $M (import "" "f" (func))))
        (core module $E (func (export "f"))) (core instance $e (instantiate $E))
        (core instance (instantiate $M (with "" (instance $e)))))`);
      const foreign = new WebAssembly.Module(await wat(`(module (import "" "f" (func (param i64))))`));
      new Linker().module("m", foreign).link(source).instantiateSync();
    },
  },
  "missing-feature": {
    message:
      "Cannot link import f: a suspending host function needs JSPI (WebAssembly.Suspending and WebAssembly.promising), which this engine does not have",
    provoke: async () => {
      const source = await component(importsF);
      await withoutFeature("jspi", () => new Linker().func("f", suspending(() => {})).link(source));
    },
  },
  "too-many-definitions": {
    message: "Cannot instantiate component: it imports or exports more than 100000 definitions",
    provoke: async () => {
      // Each instance exports the one before it twice.
      const instances = Array.from(
        { length: 17 },
        (_, i) => `(instance $i${i + 1} (export "a" (instance $i${i})) (export "b" (instance $i${i})))`,
      );
      const source = `(component (instance $i0) ${instances.join(" ")} (export "i" (instance $i17)))`;
      const error = await failure(async () => new ComponentInstance(new Component(await wat(source))));
      throw error.cause;
    },
  },
}, LINK_PHRASES);

// Traps.

/** A component whose export `f` has a type and a core body, over an allocator. */
const lifted = (type: string, core: string, lift = "") =>
  `(component ${libc(core)}
    (func (export "f") ${type} (canon lift (core func $libc "f") ${options} ${lift})))`;

const call = (source: string, ...args: unknown[]) => async () => (await instance(source)).exports.f!(...args);

/** A function that returns a pair of words: a string or a list. */
const pair = (begin: number, length: number) =>
  `(func (export "f") (result i32) (i32.store (i32.const 0) (i32.const ${begin})) (i32.store (i32.const 4) (i32.const ${length})) (i32.const 0))`;

/** One component calls another's `take` with a pair of words. */
const between = (type: string, begin: number, length: number) =>
  `(component
    (component $A ${libc(`(func (export "take") (param i32 i32))`)}
      (func (export "take") (param "x" ${type}) (canon lift (core func $libc "take") ${options})))
    (component $B
      (import "take" (func $take (param "x" ${type})))
      ${libc()}
      (core func $take' (canon lower (func $take) (memory (core memory $libc "memory"))))
      (core module $M (import "" "take" (func $take (param i32 i32)))
        (func (export "f") (call $take (i32.const ${begin}) (i32.const ${length}))))
      (core instance $m (instantiate $M (with "" (instance (export "take" (func $take'))))))
      (func (export "f") (canon lift (core func $m "f"))))
    (instance $a (instantiate $A))
    (instance $b (instantiate $B (with "take" (func $a "take"))))
    (export "f" (func $b "f")))`;

const badRealloc = (result: string) =>
  `(component
    (core module $M (memory (export "memory") 1)
      (func (export "realloc") (param i32 i32 i32 i32) (result i32) ${result})
      (func (export "f") (param i32 i32)))
    (core instance $libc (instantiate $M))
    (func (export "f") (param "x" (list u32)) (canon lift (core func $libc "f") ${options})))`;

/** A component with a resource and a core function `f` that may use its built-ins. */
const withResource = (body: string, type = "") =>
  `(component
    (type $R (resource (rep i32)))
    (type $S (resource (rep i32)))
    (core func $new (canon resource.new $R)) (core func $drop (canon resource.drop $R)) (core func $rep (canon resource.rep $R))
    (core func $new2 (canon resource.new $S))
    (core module $M
      (import "" "new" (func $new (param i32) (result i32))) (import "" "drop" (func $drop (param i32)))
      (import "" "rep" (func $rep (param i32) (result i32))) (import "" "new2" (func $new2 (param i32) (result i32)))
      ${body})
    (core instance $m (instantiate $M (with "" (instance
      (export "new" (func $new)) (export "drop" (func $drop)) (export "rep" (func $rep)) (export "new2" (func $new2))))))
    ${type === "" ? `(func (export "f") (canon lift (core func $m "f")))` : type})`;

/** A component that imports a host resource and functions over it. */
const withFiles = (body: string) =>
  `(component
    (import "file" (type $File (sub resource)))
    (import "open" (func $open (result (own $File))))
    (import "take" (func $take (param "x" (own $File))))
    (import "lend" (func $lend (param "x" (borrow $File))))
    (import "both" (func $both (param "x" (borrow $File)) (param "y" (own $File))))
    (core func $open' (canon lower (func $open))) (core func $take' (canon lower (func $take)))
    (core func $lend' (canon lower (func $lend))) (core func $both' (canon lower (func $both)))
    (core module $M
      (import "" "open" (func $open (result i32))) (import "" "take" (func $take (param i32)))
      (import "" "lend" (func $lend (param i32))) (import "" "both" (func $both (param i32 i32)))
      ${body})
    (core instance $m (instantiate $M (with "" (instance
      (export "open" (func $open')) (export "take" (func $take')) (export "lend" (func $lend')) (export "both" (func $both'))))))
    (func (export "f") (canon lift (core func $m "f")))
    (func (export "g") (param "x" (borrow $File)) (canon lift (core func $m "g"))))`;

class File {}
const files = { file: File, open: () => new File(), take: () => {}, lend: () => {}, both: () => {} };
const callFiles = (body: string) => async () => (await instance(withFiles(body), files)).exports.f!();

const g = `(func (export "g") (param i32))`;

check("TRAP_PHRASES", "Trap", {
  "cannot-enter": {
    message: "Cannot call export f: cannot enter component instance, which an earlier trap locked down",
    provoke: async () => {
      const { exports } = await instance(lifted("", `(func (export "f") unreachable)`));
      thrown(() => exports.f!());
      exports.f!();
    },
  },
  "cannot-leave": {
    message: "Cannot call import log: cannot leave component instance",
    provoke: async () => {
      const { exports } = await instance(
        `(component
          (import "log" (func $log))
          (core func $log' (canon lower (func $log)))
          (core module $M (import "" "log" (func $log)) (func (export "f")) (func (export "post") (call $log)))
          (core instance $m (instantiate $M (with "" (instance (export "log" (func $log'))))))
          (func (export "f") (canon lift (core func $m "f") (post-return (core func $m "post")))))`,
        { log: () => {} },
      );
      exports.f!();
    },
  },
  "unaligned-pointer": {
    message: "Cannot lift result of export f: unaligned pointer",
    provoke: call(lifted(`(result (list u32))`, pair(9, 0))),
  },
  "pointer-out-of-bounds": {
    message: "Cannot lift result of export f: pointer out of bounds of memory",
    provoke: call(lifted(`(result string)`, `(func (export "f") (result i32) (i32.const 65532))`)),
  },
  "string-out-of-bounds": {
    message: "Cannot lift result of export f: string pointer/length out of bounds of memory",
    provoke: call(lifted(`(result string)`, pair(65530, 7))),
  },
  "list-out-of-bounds": {
    message: "Cannot lift result of export f: list pointer/length out of bounds of memory",
    provoke: call(lifted(`(result (list u8))`, pair(65536, 1))),
  },
  "string-content-out-of-bounds": {
    message: "Cannot lift param 1 `x` of function take of another component: string content out-of-bounds",
    provoke: call(between("string", 65536, 1)),
  },
  "list-content-out-of-bounds": {
    message: "Cannot lift param 1 `x` of function take of another component: list content out-of-bounds",
    provoke: call(between("(list u8)", 65536, 1)),
  },
  "realloc-unaligned": {
    message: "Cannot lower param 1 `x` of export f: realloc return: result not aligned",
    provoke: call(badRealloc("(i32.const 2)"), [1]),
  },
  "realloc-out-of-bounds": {
    message: "Cannot lower param 1 `x` of export f: realloc return: beyond end of memory",
    provoke: call(badRealloc("(i32.const 65536)"), [1]),
  },
  "invalid-utf8": {
    message: "Cannot lift result of export f: invalid utf-8 sequence",
    provoke: call(lifted(`(result string)`, `${pair(16, 3)} (data (i32.const 16) "a\\ffb")`)),
  },
  "invalid-utf16": {
    message: "Cannot lift result of export f: unpaired surrogate found: d800",
    provoke: call(
      lifted(`(result string)`, `${pair(16, 2)} (data (i32.const 16) "a\\00\\00\\d8")`, "string-encoding=utf16"),
    ),
  },
  "invalid-char": {
    message: "Cannot lift result of export f: invalid `char` bit pattern",
    provoke: call(lifted(`(result char)`, `(func (export "f") (result i32) (i32.const 0xd800))`)),
  },
  "invalid-discriminant": {
    message: "Cannot lift result of export f: invalid variant discriminant",
    provoke: call(
      lifted(`(result bool)`, `(func (export "f") (result i32) (i32.const 1))`).replace(
        "(result bool)",
        "(result (option u8))",
      ).replace(
        `(result i32) (i32.const 1)`,
        `(result i32) (i32.store8 (i32.const 0) (i32.const 2)) (i32.const 0)`,
      ),
    ),
  },
  "unknown-handle": {
    message: "Cannot call export f: unknown handle index 7",
    provoke: call(withResource(`(func (export "f") (call $drop (i32.const 7)))`)),
  },
  "wrong-handle-type": {
    message:
      "Cannot call export f: handle index 1 used with the wrong type, expected guest-defined resource but found a different guest-defined resource",
    provoke: call(withResource(`(func (export "f") (call $drop (call $new2 (i32.const 5))))`)),
  },
  "own-from-borrow": {
    message: "Cannot lift param 1 `x` of import take: cannot lift own resource from a borrow",
    provoke: async () => {
      const body = `(func (export "f")) (func (export "g") (param i32) (call $take (local.get 0)))`;
      (await instance(withFiles(body), files)).exports.g!(new File());
    },
  },
  "lent-handle": {
    message: "Cannot lift param 2 `y` of import both: cannot remove owned resource while borrowed",
    provoke: callFiles(
      `(func (export "f") (local i32) (local.set 0 (call $open)) (call $both (local.get 0) (local.get 0))) ${g}`,
    ),
  },
  "borrows-remain": {
    message: "Cannot call export g: borrow handles still remain at the end of the call",
    provoke: async () => (await instance(withFiles(`(func (export "f")) ${g}`), files)).exports.g!(new File()),
  },
  "memory-too-large": {
    message: "Cannot lower parameters of export f: a memory is larger than the engine's views go: no such buffer",
    provoke: async () => {
      // Closures look at the memory one step earlier than generated code.
      const source = await wat(lifted(`(result string)`, pair(16, 1)));
      const { exports } = instantiateSync(compileSync(source, { codegen: false }));
      const buffer = Object.getOwnPropertyDescriptor(WebAssembly.Memory.prototype, "buffer")!;
      const get = (): never => {
        throw new RangeError("no such buffer");
      };
      Object.defineProperty(WebAssembly.Memory.prototype, "buffer", { ...buffer, get });
      try {
        exports.f!();
      } finally {
        Object.defineProperty(WebAssembly.Memory.prototype, "buffer", buffer);
      }
    },
  },
  "borrow-representation": {
    message: "Cannot lower param 1 `x` of export f: the representation of a borrowed resource does not fit in an i32",
    provoke: async () => {
      const source = await wat(`(component
        (type $r (resource (rep i64))) (core func $new (canon resource.new $r))
        (core module $M (import "" "new" (func $new (param i64) (result i32)))
          (func (export "make") (result i32) (call $new (i64.const 0x100000000)))
          (func (export "f") (param i32)))
        (core instance $m (instantiate $M (with "" (instance (export "new" (func $new))))))
        (export $e "r" (type $r))
        (func (export "make") (result (own $e)) (canon lift (core func $m "make")))
        (func (export "f") (param "x" (borrow $e)) (canon lift (core func $m "f"))))`);
      const { exports } = instantiateSync(compileSync(source, { gates: { memory64: true } }));
      exports.f!(exports.make!());
    },
  },
  "handle-limit": {
    message: "Cannot call export f: handle table is full: limit of 2 handles",
    provoke: async () => {
      const source = withResource(`(func (export "f") (loop (drop (call $new (i32.const 5))) (br 0)))`);
      instantiateSync(await component(source), {}, { limits: { handles: 2 } }).exports.f!();
    },
  },
  "lifted-bytes-limit": {
    message: "Cannot lift result of export f: more than 10 bytes lifted in one call: limit `liftedBytes`",
    provoke: async () => {
      const source = lifted(`(result string)`, pair(16, 11));
      instantiateSync(await component(source), {}, { limits: { liftedBytes: 10 } }).exports.f!();
    },
  },
  "uncaught-exception": {
    message: "Cannot call export f: uncaught exception propagated out of component",
    provoke: call(lifted("", `(tag $t) (func (export "f") (throw $t))`)),
  },
  "guest-trap": {
    message: `Cannot call export f: ${unreachable}`,
    provoke: call(lifted("", `(func (export "f") unreachable)`)),
  },
  "stack-overflow": {
    message: "Cannot call export f: call stack exhausted",
    provoke: call(lifted("", `(func $f (export "f") (call $f))`)),
  },
  "out-of-fuel": {
    message: "Cannot call export f: all fuel consumed: limit `fuel`",
    provoke: async () => {
      const source = compileSync(await wat(lifted("", `(func (export "f") (loop $l (br $l)))`)), { metering: true });
      instantiateSync(source, {}, { limits: { fuel: 1000 } }).exports.f!();
    },
  },
  "deadline": {
    message: "Cannot call export f: ran longer than 3 ms: limit `deadline`",
    provoke: async () => {
      const source = compileSync(await wat(lifted("", `(func (export "f") (loop $l (br $l)))`)), { metering: true });
      instantiateSync(source, {}, { limits: { deadline: 3 } }).exports.f!();
    },
  },
  "cannot-suspend": {
    message: "Cannot call import go: cannot suspend the plain call of export f; call it through `instance.promising`",
    provoke: async () => {
      const source = `(component
        (import "go" (func $go)) (core func $go' (canon lower (func $go)))
        (core module $M (import "" "go" (func $go)) (func (export "f") (call $go)))
        (core instance $m (instantiate $M (with "" (instance (export "go" (func $go'))))))
        (func (export "f") (canon lift (core func $m "f"))))`;
      (await instance(source, { go: suspending(() => {}) })).exports.f!();
    },
  },
  "call-depth-limit": {
    message: "Cannot call function take of another component: more than 0 nested calls: limit `callDepth`",
    provoke: async () =>
      instantiateSync(await component(between("string", 0, 0)), {}, { limits: { callDepth: 0 } }).exports.f!(),
  },
  "interface-rule": {
    message: "Cannot call import f: more than the interface permits",
    provoke: async () => {
      const source = `(component
        (import "f" (func $f))
        (core func $f' (canon lower (func $f)))
        (core module $M (import "" "f" (func $f)) (func (export "g") (call $f)))
        (core instance $m (instantiate $M (with "" (instance (export "f" (func $f'))))))
        (func (export "g") (canon lift (core func $m "g"))))`;
      const f = () => {
        throw new Trap("interface-rule", "more than the interface permits");
      };
      instantiateSync(await component(source), { f }).exports.g!();
    },
  },
  "unknown-import": {
    message: "Cannot call import nowhere: unknown import",
    provoke: async () => {
      const source = `(component
        (import "nowhere" (func $nowhere))
        (core func $nowhere' (canon lower (func $nowhere)))
        (core module $M (import "" "f" (func $f)) (func (export "f") (call $f)))
        (core instance $m (instantiate $M (with "" (instance (export "f" (func $nowhere'))))))
        (func (export "f") (canon lift (core func $m "f"))))`;
      new Linker().trapUnknown().link(await component(source)).instantiateSync().exports.f!();
    },
  },
  // What a program sees of these two is in tests/js_api/imports_test.ts.
  "host-threw": {
    message: "Cannot call import f: the host function threw: see `cause`",
    provoke: () => trapBecause("import f", new Error("boom"), "host-threw"),
  },
  "host-value": {
    message: "Cannot call import f: what the host function returned cannot be converted: see `cause`",
    provoke: () => trapBecause("import f", new TypeError("no u8"), "host-value", "returned"),
  },
  ...asyncTraps,
}, TRAP_PHRASES);

// Values.

const take = (type: string, flat: string, defs = "") =>
  `(component ${libc(`(func (export "f") (param ${flat}))`)} ${defs}
    (func (export "f") (param "x" ${type}) (canon lift (core func $libc "f") ${options})))`;

const exportsCounter = `(component
  (component $C
    (type $R (resource (rep i32)))
    (core func $new (canon resource.new $R))
    (core func $drop (canon resource.drop $R))
    (core module $M
      (import "" "new" (func $new (param i32) (result i32))) (import "" "drop" (func $drop (param i32)))
      (func (export "make") (result i32) (call $new (i32.const 42)))
      (func (export "take") (param i32) (call $drop (local.get 0)))
      (func (export "both") (param i32 i32) (call $drop (local.get 1))))
    (core instance $m (instantiate $M (with "" (instance (export "new" (func $new)) (export "drop" (func $drop))))))
    (export $Counter "counter" (type $R))
    (func (export "make") (result (own $Counter)) (canon lift (core func $m "make")))
    (func (export "take") (param "x" (own $Counter)) (canon lift (core func $m "take")))
    (func (export "both") (param "x" (borrow $Counter)) (param "y" (own $Counter)) (canon lift (core func $m "both"))))
  (instance $c (instantiate $C))
  (export "a:b/counters" (instance $c)))`;

const counters = async () => (await instance(exportsCounter)).exports["a:b/counters"];

check("VALUE_PHRASES", "ValueError", {
  "type-mismatch": {
    message: "Cannot lower param 1 `x`[1] of export f: expected u64, found -1",
    provoke: call(take("(list u64)", "i32 i32"), [1n, -1]),
  },
  "missing-field": {
    message: "Cannot lower param 1 `x`.bigSize of export f: missing field, expected u32",
    provoke: call(take("$r", "i32", `(type $r' (record (field "big-size" u32))) (export $r "r" (type $r'))`), {}),
  },
  "unknown-flag": {
    message: "Cannot lower param 1 `x` of export f: unknown flag `c`, expected flags { a, b }",
    provoke: call(take("$r", "i32", `(type $r' (flags "a" "b")) (export $r "r" (type $r'))`), { c: true }),
  },
  "unknown-case": {
    message: "Cannot lower param 1 `x` of export f: unknown variant case `c`, expected enum { a, b }",
    provoke: call(take("$r", "i32", `(type $r' (enum "a" "b")) (export $r "r" (type $r'))`), "c"),
  },
  "unexpected-payload": {
    message: "Cannot lower param 1 `x` of export f: unexpected payload for case `a`",
    provoke: call(take("$r", "i32 i32", `(type $r' (variant (case "a") (case "b" u8))) (export $r "r" (type $r'))`), {
      tag: "a",
      val: 1,
    }),
  },
  "promise": {
    message:
      "Cannot lower result of import now: expected u64, found a promise: await it first, or declare the host function that returns it with `suspending(fn)` or `{ suspends: true }`",
    provoke: async () => {
      const source = `(component
        (import "now" (func $now (result u64)))
        (core func $now' (canon lower (func $now)))
        (core module $M (import "" "now" (func $now (result i64))) (func (export "f") (drop (call $now))))
        (core instance $m (instantiate $M (with "" (instance (export "now" (func $now'))))))
        (func (export "f") (canon lift (core func $m "f"))))`;
      (await instance(source, { now: () => Promise.resolve(1n) })).exports.f!();
    },
  },
  "thenable": {
    message:
      "Cannot lift result of export f: a promise cannot give an object whose member `then` is a function: a host's resource, or a record of one",
    provoke: async () => {
      const source = await component(`(component
        (import "h" (type $h (sub resource))) (import "get" (func $get (result (own $h))))
        (core func $get' (canon lower (func $get)))
        (type $t' (record (field "then" (own $h)))) (export $t "t" (type $t'))
        (core module $M (import "" "get" (func $get (result i32))) (func (export "f") (result i32) (call $get)))
        (core instance $m (instantiate $M (with "" (instance (export "get" (func $get'))))))
        (func (export "f") (result $t) (canon lift (core func $m "f"))))`);
      await instantiateSync(source, { h: { is: () => true }, get: () => () => {} }).promising.exports.f!();
    },
  },
  "too-long": {
    message: "Cannot lower param 1 `x` of export f: list of 268435456 bytes is longer than 2^28 - 1 bytes",
    provoke: call(take("(list u8)", "i32 i32"), new Uint8Array(2 ** 28)),
  },
  "dead-resource": {
    message: "Cannot lower param 1 `x` of export a:b/counters#take: the resource `counter` was dropped",
    provoke: async () => {
      const { make, take } = await counters();
      const counter = make();
      counter[Symbol.dispose]();
      take(counter);
    },
  },
  "lent-resource": {
    message: "Cannot lower param 2 `y` of export a:b/counters#both: cannot remove owned resource while borrowed",
    provoke: async () => {
      const { make, both } = await counters();
      const counter = make();
      both(counter, counter);
    },
  },
  "no-constructor": {
    message: "resource `counter` exports no constructor",
    provoke: async () => new (await counters()).Counter(),
  },
}, VALUE_PHRASES);

Deno.test("ok() and err() are branded", () => {
  assertEquals(ok(1), { tag: "ok", val: 1, "~result": true });
  assertEquals(err(), { tag: "err", val: undefined, "~result": true });
});
