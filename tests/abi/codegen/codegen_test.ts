// Generated code itself: which tier serves what, that no text of a component becomes code, and that
// what is large is left to closures.

import { assert, assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import { compileSync, features, instantiateSync, ValueError } from "@windlass/component";
import { CanonContext } from "../../../abi/state/canon_context.ts";
import { Codecs } from "../../../abi/codecs/codecs.ts";
import { type Codegen, type ExportStyle, generate } from "../../../abi/codegen/generate.ts";
import { printTrampoline } from "../../../abi/codegen/trampolines.ts";
import { type Lifted, linkExport } from "../../../abi/calls/from_host.ts";
import { ComponentInstance, InstanceTree } from "../../../abi/state/instance.ts";
import { Loopback } from "../../../abi/calls/loopback.ts";
import type { Side } from "../../../abi/types/layout.ts";
import { type Signature, signatureOf } from "../../../abi/codecs/signature.ts";
import { Entries, exportFunction, importFunction, tiers } from "../../../abi/codegen/tiers.ts";
import { linkImport } from "../../../abi/calls/to_host.ts";
import type { FuncType, ValType } from "../../../abi/types/types.ts";
import { wat } from "../../support/wat.ts";

const ignore = !features.codegen;
// JS names as they are: what names are called in JS is host/'s business, and none of these is a
// label.
const codecs = new Codecs((labels) => labels);
const codegen: Codegen = { print: printTrampoline, evaluates: true, entries: undefined };

/** The signature of a function type that is lifted or lowered. */
const signed = (type: FuncType, side: Side): Signature =>
  signatureOf(type, { side, style: "sync", address: "i32" }, codecs);

function generateLift(lifted: Lifted, cx: CanonContext, { throws, method }: ExportStyle) {
  return generate(linkExport(lifted, cx, throws), method, codecs, codegen);
}

function generateLower(type: FuncType, call: () => unknown, path: string) {
  return generate(linkImport({ signature: signed(type, "lower"), call, cx: context(), path }), false, codecs, codegen);
}

/** A context with a memory whose allocator starts at 1024. */
function context(): CanonContext {
  const memory = new WebAssembly.Memory({ initial: 1 });
  let top = 1024;
  const realloc = (_: number, __: number, alignment: number, size: number): number => {
    const ptr = Math.ceil(top / alignment) * alignment;
    top = ptr + size;
    return ptr;
  };
  const tree = new InstanceTree({}, 1);
  return new CanonContext(
    new ComponentInstance(tree),
    { memory, address: "i32", realloc, postReturn: undefined, stringEncoding: "utf8" },
    true,
  );
}

/** The export whose core function gives its arguments back: one core value, or a pointer. */
function echo(type: ValType, core: (...flat: never[]) => unknown): (value: unknown) => unknown {
  const func: FuncType = { params: [{ name: "x", type }], result: type, async: false };
  const lifted = { signature: signed(func, "lift"), core, postReturn: undefined, path: "export f" };
  const made = generateLift(lifted, context(), { throws: true, method: false });
  return made!;
}

/** Texts that would do something if they were code, or break the code around them. */
const hostile = [
  '"); globalThis.pwned = true; ("',
  "`${globalThis.pwned = true}`",
  "'; globalThis.pwned = true; '",
  "*/ globalThis.pwned = true; /*",
  "\n// globalThis.pwned = true\r\u2028\u2029globalThis.pwned = true",
  "</script><script>globalThis.pwned = true</script>",
  '\\"; globalThis.pwned = true; //',
  "__proto__",
  "constructor",
  "\ud800",
  "\0",
];

Deno.test({
  name: "names are data, whatever they look like: of fields, cases, flags, parameters and functions",
  ignore,
  fn() {
    const fields = hostile.map((name) => ({ name, type: { kind: "u8" } as const }));
    const record: ValType = { kind: "record", fields };
    const value = Object.fromEntries(hostile.map((name, i) => [name, i]));
    let bytes: number[] = [];
    const identity = echo(record, (...flat: never[]) => {
      bytes = flat;
      return 0;
    });
    const lifted = identity(value) as object;
    assertEquals(bytes, hostile.map((_, i) => i));
    assertEquals(Object.keys(lifted), hostile);
    assertEquals(Object.getPrototypeOf(lifted), Object.prototype);

    const cases: ValType = { kind: "enum", names: hostile };
    const pass = echo(cases, (index: never) => index);
    for (const name of hostile) assertEquals(pass(name), name);
    assertThrows(() => pass("none of them"), ValueError, "unknown variant case `none of them`");

    const variant: ValType = { kind: "variant", cases: hostile.map((name) => ({ name, type: undefined })) };
    const passVariant = echo(variant, (index: never) => index);
    for (const tag of hostile) assertEquals(passVariant({ tag }), { tag });

    const flags: ValType = { kind: "flags", names: hostile };
    const passFlags = echo(flags, (word: never) => word);
    const set = Object.fromEntries(hostile.map((name, i) => [name, i % 2 === 0]));
    assertEquals(Object.entries(passFlags(set) as object), Object.entries(set));

    for (const name of hostile) {
      const type: FuncType = { params: [{ name, type: { kind: "u8" } }], async: false };
      const path = `import ${name}`;
      assertEquals(generateLower(type, () => 1, path)!(1), undefined);
      const lifted = { signature: signed(type, "lift"), core: () => {}, postReturn: undefined, path };
      const made = generateLift(lifted, context(), { throws: true, method: false })!;
      const error = assertThrows(() => made(-1), ValueError);
      assertStringIncludes(error.message, `param 1 \`${name}\` of ${path}`);
    }
    assert(!("pwned" in globalThis));
  },
});

Deno.test({
  name: "what would be too much code is left to closures, and works",
  ignore,
  fn() {
    let type: ValType = { kind: "u8" };
    for (let i = 0; i < 14; i++) type = { kind: "tuple", types: [type, type] };
    const func: FuncType = { params: [{ name: "x", type }], async: false };
    const lifted = {
      signature: signed(func, "lift"),
      core: (ptr: number) => assertEquals(ptr, 1024),
      postReturn: undefined,
      path: "export f",
    };
    const style = { throws: true, method: false };
    assertEquals(generateLift(lifted, context(), style), undefined);
    const made = exportFunction(lifted, context(), style, codecs, codegen);
    const value = (depth: number): unknown => depth === 0 ? 7 : [value(depth - 1), value(depth - 1)];
    made(value(14));
    // A few kilobytes of a component can name a thousand cases a thousand times, or one label of a
    // hundred thousand letters.
    const cases = Array.from({ length: 10_000 }, (_, i) => ({ name: `c${i}`, type: undefined }));
    const labels = { kind: "record", fields: [{ name: "x".repeat(100_000), type: { kind: "u8" } }] } as const;
    for (const large of [{ kind: "variant", cases }, labels] as readonly ValType[]) {
      const type: FuncType = {
        params: [{ name: "x", type: { kind: "list", element: large } }],
        result: large,
        async: false,
      };
      const lifted = { signature: signed(type, "lift"), core: () => 0, postReturn: undefined, path: "f" };
      assertEquals(generateLift(lifted, context(), style), undefined);
      assertEquals(generateLower(type, () => {}, "f"), undefined);
    }
    const many: FuncType = {
      params: Array.from({ length: 41 }, (_, i) => ({ name: `p${i}`, type: { kind: "u8" } })),
      async: false,
    };
    const wide = { ...lifted, signature: signed(many, "lift"), core: () => {} };
    assertEquals(generateLift(wide, context(), style), undefined);
    exportFunction(wide, context(), style, codecs, codegen)(...Array(41).fill(1));
  },
});

Deno.test({
  name: "a host function that is exported again uses its memory again, whatever its parameters",
  ignore,
  fn() {
    const type: FuncType = { params: [{ name: "n", type: { kind: "u32" } }], result: { kind: "string" }, async: false };
    const host = (n: unknown): string => "x".repeat(n as number), paths = { imported: "import f", path: "export f" };
    const tree = new InstanceTree({}, 2);
    new ComponentInstance(tree);
    const { lifted, cx } = new Loopback(tree).lift(type, codecs, { call: host, suspends: false }, paths);
    const made = generateLift(lifted, cx, { throws: true, method: false })!;
    for (let i = 0; i < 50; i++) assertEquals((made(30_000) as string).length, 30_000);
    assertEquals(cx.memory.memory.buffer.byteLength, 65536);
  },
});

Deno.test({
  name: "an import is generated after a few calls; the function that the guest holds stays",
  ignore,
  fn() {
    const { warmCalls } = tiers;
    tiers.warmCalls = 3;
    try {
      const type: FuncType = { params: [{ name: "x", type: { kind: "u8" } }], result: { kind: "u8" }, async: false };
      const stacks: string[] = [];
      const host = (x: unknown): number => {
        stacks.push(new Error().stack!);
        return (x as number) + 1;
      };
      const entries = new Entries([1]).forInstance();
      const cx = context(), signature = signed(type, "lower");
      const prepare = () => ({ signature, call: host, cx, path: "import f" });
      const entry = importFunction(type, { tree: cx.inst.tree, codecs, codegen, prepare }, undefined, entries, 0);
      for (let i = 0; i < 5; i++) assertEquals(entry(i), i + 1);
      // Called from elsewhere than at first.
      assertEquals(stacks.map((stack) => stack !== stacks[0]), [false, false, false, true, true]);
    } finally {
      tiers.warmCalls = warmCalls;
    }
  },
});

Deno.test("with codegen: false nothing is generated, nor probed for", async () => {
  const source = await wat(`(component
    (import "f" (func $f (param "x" u32) (result u32)))
    (core func $lowered (canon lower (func $f)))
    (core module $M (import "" "f" (func $f (param i32) (result i32)))
      (func (export "g") (param i32) (result i32) (call $f (local.get 0))))
    (core instance $m (instantiate $M (with "" (instance (export "f" (func $lowered))))))
    (func (export "g") (param "x" u32) (result u32) (canon lift (core func $m "g"))))`);
  const real = globalThis.Function;
  const descriptor = Object.getOwnPropertyDescriptor(features, "codegen")!;
  let made = 0;
  Object.defineProperty(features, "codegen", { configurable: true, get: () => (made++, true) });
  globalThis.Function = new Proxy(real, { construct: (target, args) => (made++, Reflect.construct(target, args)) });
  try {
    const { exports } = instantiateSync(compileSync(source, { codegen: false }), { f: (x: number) => x + 1 });
    for (let i = 0; i < 10; i++) assertEquals(exports["g"](i), i + 1);
    assertEquals(made, 0);
  } finally {
    globalThis.Function = real;
    Object.defineProperty(features, "codegen", descriptor);
  }
});
