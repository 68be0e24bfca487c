// Hostile values of hosts: lists and objects that lie about what they are; and memory that grows
// while values are lowered. Each case: what comes out, with its full message, and what becomes of
// the instance.

import "../support/leaks.ts";
import { assertEquals } from "@std/assert";
import { type Instance, instantiateSync } from "@windlass/component";
import { sharedBuffer } from "../support/engine.ts";
import { component, thrown } from "../support/wasm.ts";
import {
  beside,
  BUMP,
  type Case,
  FOLLOWING,
  guest,
  LOWER_GO,
  LOWER_OTHER,
  named,
  OTHER,
  SAME,
  testAll,
  throwing,
} from "./hostile_support.ts";

const cases: Case[] = [];

const I = "(param i32)";

// Memory that grows: views of it go stale wherever a guest runs, even when it grows by nothing.

const nested = "(list (tuple string (list u16) (option (list f64)) u8))";
const nestedValue = [
  ["é", Uint16Array.of(1, 65535), Float64Array.of(0.5), 7],
  ["", new Uint16Array(), undefined, 255],
  ["☃".repeat(40), Uint16Array.of(9), new Float64Array(3), 0],
];
const result = [nestedValue, "é☃", 2n ** 63n], resultType = `(tuple ${nested} string u64)`;
const texts = Array.from({ length: 17 }, (_, i) => "x".repeat(i) + "☃");
const snow = "(i32.store (i32.const 32) (i32.const 0x8398e2))"; // "☃"
for (const [name, pages] of [["grows", 1], ["detaches", 0]] as const) {
  const realloc = `(drop (memory.grow (i32.const ${pages}))) ${BUMP}`;
  const grows = (
    what: string,
  ) => ({ name: `realloc ${name} the memory while ${what} lowered`, afterwards: "usable" } as const);
  cases.push({
    ...grows("arguments are"),
    wat: guest({ realloc, f: `(param "x" ${nested}) (result ${nested})`, core: SAME }),
    run: ({ exports }) => exports.f(nestedValue),
    gives: nestedValue,
  }, {
    ...grows("parameters in memory are"),
    wat: guest({
      realloc,
      f: `${texts.map((_, i) => `(param "p${i}" string)`).join(" ")} (result (tuple ${"string ".repeat(17)}))`,
      core: `(func (export "f") (param i32) (result i32) (local.get 0))`,
    }),
    run: ({ exports }) => exports.f(...texts),
    gives: texts,
  }, {
    ...grows("a host's result is"),
    wat: guest({
      realloc,
      defs: `(import "go" (func $go' (result ${resultType})))`,
      lowers: LOWER_GO,
      needs: { go: I },
      f: `(result ${resultType})`,
      core: `(func (export "f") (result i32) (call $go (i32.const 24)) (i32.const 24))`,
    }),
    imports: () => ({ go: () => result }),
    gives: result,
  }, {
    ...grows("a sibling's result is"),
    wat: beside(
      guest({
        realloc,
        defs: OTHER,
        lowers: LOWER_OTHER,
        needs: { other: I },
        f: "(result string)",
        core: `(func (export "f") (result i32) (call $other (i32.const 16)) (i32.const 16))`,
      }),
      `(i32.store (i32.const 16) (i32.const 32)) (i32.store (i32.const 20) (i32.const 3)) ${snow} (i32.const 16)`,
    ),
    imports: () => ({ go: () => {} }),
    gives: "☃",
  });
}
cases.push({
  name: "post-return grows the memory",
  wat: guest({
    post: "(param i32) (drop (memory.grow (i32.const 3)))",
    f: `(param "x" string) (result string)`,
    core: SAME,
  }),
  run: ({ exports }) => [exports.f("one"), exports.f("two☃")],
  gives: ["one", "two☃"],
  afterwards: "usable",
}, {
  name: "a guest grows its memory, passes what lies beyond its old end, and has the result stored there",
  wat: guest({
    defs: `(import "go" (func $go' (param "s" string) (result (tuple string u32))))`,
    lowers: LOWER_GO,
    needs: { go: "(param i32 i32 i32)" },
    f: "(result (tuple string u32))",
    core: `(func (export "f") (result i32) (local $end i32)
      (local.set $end (i32.mul (memory.grow (i32.const 2)) (i32.const 65536)))
      (i32.store (local.get $end) (i32.const 0x8398e2))
      (call $go (local.get $end) (i32.const 3) (i32.add (local.get $end) (i32.const 16)))
      (drop (memory.grow (i32.const 1)))
      (i32.add (local.get $end) (i32.const 16)))`,
  }),
  imports: ({ noted }) => ({ go: (text: string) => (noted.push(text), [`${text}!`, 9]) }),
  run: ({ exports }) => [exports.f(), exports.f()],
  gives: [["☃!", 9], ["☃!", 9]],
  notes: ["☃", "☃"],
  afterwards: "usable",
});

Deno.test("hostile: a getter grows the memory", async () => {
  const type = "(list (tuple u32 u32 (option u8)))";
  const made = await component(guest({ f: `(param "x" ${type}) (result ${type})`, core: SAME }));
  const { Instance: Original } = WebAssembly;
  let memory: WebAssembly.Memory | undefined, grown: Instance;
  try {
    WebAssembly.Instance = function (module: WebAssembly.Module, imports: WebAssembly.Imports): WebAssembly.Instance {
      const made = new Original(module, imports);
      memory ??= made.exports.memory as WebAssembly.Memory;
      return made;
    } as never;
    grown = instantiateSync(made);
  } finally {
    WebAssembly.Instance = Original;
  }
  const growing = Object.defineProperty([1, 0, 3], 1, { get: () => (memory!.grow(1), 2) });
  assertEquals(grown.exports.f!([growing, [4, 5, 6]]), [[1, 2, 3], [4, 5, 6]]);
});

// Values that lie: about their length, about what they are, or differently each time.

const proxied = (length: unknown): unknown =>
  new Proxy([1, 2], { get: (target, key) => key === "length" ? length : Reflect.get(target, key) });
const place = "Cannot lower param 1 `x`", mismatch = `ValueError type-mismatch: ${place}`;
const noList = `${mismatch} of export f: expected a list, found an array of `;
const noIterable = `${mismatch} of export f: expected list<u8> (an array, a typed array or another iterable), found `;
const eight = Array.from({ length: 8 }, () => 0);
const lists: Record<string, [value: () => unknown, outcome: number[] | string]> = {
  "a proxy of length NaN": [() => proxied(NaN), `${noList}NaN`],
  "a proxy of length -1": [() => proxied(-1), `${noList}-1`],
  "a proxy of length 1.5": [() => proxied(1.5), `${noList}1.5`],
  "a proxy of length 2^32": [() => proxied(2 ** 32), `${noList}4294967296`],
  "a proxy whose length is a string": [() => proxied("2"), `${noList}2`],
  "a proxy that is longer than allowed": [
    () => proxied(2 ** 32 - 1),
    `ValueError too-long: ${place} of export f: list of 4294967295 bytes is longer than 2^28 - 1 bytes`,
  ],
  "a proxy that is longer than it has elements": [
    () => proxied(3),
    `${mismatch}[2] of export f: expected u8, found undefined`,
  ],
  "a proxy that is shorter than it has elements": [() => proxied(1), [1, ...eight]],
  "an array with holes": [() => [1, , 3], `${mismatch}[1] of export f: expected u8, found undefined`],
  "a view of a shared buffer": [() => new Uint8Array(sharedBuffer(), 0, 1), [0, ...eight]],
  "a clamped view": [() => Uint8ClampedArray.of(255), [255, ...eight]],
  "a view of other numbers": [() => Float64Array.of(1, 256), `${mismatch}[1] of export f: expected u8, found 256`],
  "a view of signed bytes": [() => Int8Array.of(-1), `${mismatch}[0] of export f: expected u8, found -1`],
  "a DataView": [() => new DataView(new ArrayBuffer(2)), `${noIterable}an instance of DataView`],
  "an array-like": [() => ({ length: 1, 0: 1 }), `${noIterable}an object`],
  "a string": [() => "12", `${noIterable}"12"`],
  "a String": [() => new String("12"), `${mismatch}[0] of export f: expected u8, found "1"`],
  "an object whose class has no readable name": [
    () => ({
      get constructor() {
        return throwing();
      },
    }),
    `${noIterable}an object`,
  ],
};
for (const [name, [value, outcome]] of Object.entries(lists)) {
  cases.push({
    name: `a list that is ${name}`,
    wat: FOLLOWING,
    run: ({ exports }) => [...exports.f(value())],
    ...typeof outcome === "string" ? { fails: outcome } : { gives: outcome },
    afterwards: "usable",
  });
}
class Liar extends Uint8Array<ArrayBuffer> {
  override get length(): number {
    return 2;
  }
}
// `set` copies what a typed array has, not what its `length` says.
for (const way of ["an argument", "a host's result"]) {
  const hundred = () => new Uint8Array(100).fill(0xaa);
  const liars: Record<string, () => Uint8Array> = {
    "a subclass of Uint8Array": () => new Liar(hundred().buffer),
    "a Uint8Array with a length of its own": () => Object.defineProperty(hundred(), "length", { value: 2 }),
  };
  for (const [name, value] of Object.entries(liars)) {
    const common = { name: `${way}: ${name} that says it is shorter`, gives: eight, afterwards: "usable" } as const;
    cases.push(
      way === "an argument" ? { ...common, wat: FOLLOWING, run: ({ exports }) => [...exports.f(value())].slice(-8) } : {
        ...common,
        wat: guest({
          defs: `(import "go" (func $go' (result (list u8))))`,
          lowers: LOWER_GO,
          needs: { go: I },
          f: "(result (list u8))",
          core: `(func (export "f") (result i32) (call $go (i32.const 16))
              (i32.store (i32.const 20) (i32.add (i32.const 8) (i32.load (i32.const 20)))) (i32.const 16))`,
        }),
        imports: () => ({ go: value }),
        run: ({ exports }) => [...exports.f()].slice(-8),
      },
    );
  }
}
const variant = guest({
  defs: named("v", `(variant (case "a" u8) (case "b" u64) (case "c"))`),
  f: `(param "x" (list $v)) (result (list $v))`,
  core: SAME,
});
/** An object whose members give one value after another. */
const changing = (members: Record<string, unknown[]>): object =>
  Object.defineProperties(
    {},
    Object.fromEntries(
      Object.entries(members).map(([key, values]) => {
        let reads = 0;
        return [key, { enumerable: true, get: () => values[Math.min(reads++, values.length - 1)] }];
      }),
    ),
  );
cases.push({
  name: "a variant whose tag changes when it is read again",
  wat: variant,
  run: ({ exports }) => exports.f([changing({ tag: ["a", "b"], val: [7, 2n ** 60n] })]),
  gives: [{ tag: "a", val: 7 }],
  afterwards: "usable",
}, {
  name: "a variant whose payload comes and goes",
  wat: variant,
  run: ({ exports }) => exports.f([changing({ tag: ["c"], val: [undefined, 5] }), { tag: "b", val: 1n }]),
  gives: [{ tag: "c" }, { tag: "b", val: 1n }],
  afterwards: "usable",
}, {
  name: "a record whose fields change when they are read again",
  wat: guest({
    defs: named("r", '(record (field "name" string) (field "size" u64))'),
    f: `(param "x" (list $r)) (result (list $r))`,
    core: SAME,
  }),
  run: ({ exports }) => exports.f([changing({ name: ["short", "x".repeat(70_000)], size: [1n, "no number"] })]),
  gives: [{ name: "short", size: 1n }],
  afterwards: "usable",
}, {
  // Everything that can be asked of a revoked proxy is a TypeError, in the engine's words.
  name: "a revoked proxy",
  wat: variant,
  run: ({ exports }) => {
    const { proxy, revoke } = Proxy.revocable([], {});
    revoke();
    return thrown(() => exports.f(proxy)) instanceof TypeError;
  },
  gives: true,
  afterwards: "usable",
}, {
  name: "a view whose buffer is detached",
  wat: FOLLOWING,
  run: ({ exports }) => {
    const view = Uint8Array.of(1, 2);
    view.buffer.transfer();
    return [...exports.f(view)];
  },
  gives: eight,
  afterwards: "usable",
});

testAll(cases);
