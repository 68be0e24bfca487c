// What calls cost in fuel: the guests' own instructions, and a unit for each byte that is lifted.
// Each row has one exact number, counted by hand. It is the same with closures and with generated
// code, with adapters between guests and without, plainly and through JSPI; and as this file runs in
// Deno, Node, Bun and browsers, in each engine.

import { leavesAnyHandles } from "../support/leaks.ts";
import { assertEquals, assertRejects, assertThrows } from "@std/assert";
import { compileSync, features, type Imports, instantiateSync, Linker, suspending, Trap } from "@windlass/component";
import { tiers } from "../../abi/codegen/tiers.ts";
import { wat } from "../support/wat.ts";
import { mem, textOf } from "./async/small.ts";

// deno-lint-ignore no-explicit-any
type Any = any;

/** A call costs 14 units: 4, and what a small function takes that is not charged itself. */
const call = 14;

/** Memory whose realloc always gives the same place; up to ten units are paid by who calls it. */
const libc = (name: string): string =>
  `(core module $L${name} (memory (export "m") 64)
    (func (export "r") (param i32 i32 i32 i32) (result i32) (i32.const 65536)))
  (core instance $l${name} (instantiate $L${name}))`;
const options = (name: string): string => `(memory $l${name} "m") (realloc (func $l${name} "r"))`;

/** A row: a component that exports `f`, whose parameter says how much is to be lifted. */
interface Row {
  readonly text: string;
  readonly imports?: Imports;
  /** What `f` takes with an argument. */
  readonly units: (n: number) => number;
  /** Whether a call with that argument can be made of it. */
  readonly args?: readonly number[];
}

const seventeen = Array.from({ length: 17 }, (_, i) => `(param "p${i}" u32)`).join(" ");

/** A guest that calls the other one's function `g`; `params` are its core parameters at the caller. */
const guests = ({ type, callee, params, caller, lift = "", lower = "" }: {
  readonly type: string;
  readonly callee: string;
  readonly params: string;
  readonly caller: string;
  readonly lift?: string;
  readonly lower?: string;
}): string =>
  `(component $A
    ${libc("a")}
    (core module $M (import "l" "m" (memory 1)) (func (export "g") ${callee}))
    (core instance $m (instantiate $M (with "l" (instance $la))))
    (func (export "g") ${type} (canon lift (core func $m "g") ${lift} ${options("a")})))
  (instance $a (instantiate $A))
  (component $B
    (import "g" (func $g ${type}))
    ${libc("b")}
    (core func $g' (canon lower (func $g) ${lower} ${options("b")}))
    (core module $M (import "l" "m" (memory 1)) (import "" "g" (func $g ${params}))
      (func (export "f") (param i32) ${caller}))
    (core instance $m (instantiate $M (with "l" (instance $lb)) (with "" (instance (export "g" (func $g'))))))
    (func (export "f") (param "n" u32) (canon lift (core func $m "f"))))
  (instance $b (instantiate $B (with "g" (func $a "g"))))
  (func (export "f") (alias export $b "f"))`;

/** A guest that calls the host's function `log`. */
const logs = ({ type, params, body, options: given = "" }: {
  readonly type: string;
  readonly params: string;
  readonly body: string;
  readonly options?: string;
}): string =>
  `(import "log" (func $log ${type}))
  ${libc("")} (core func $log' (canon lower (func $log) ${given} ${options("")}))
  (core module $M (import "l" "m" (memory 1)) (import "" "log" (func $log ${params}))
    (func (export "f") (param i32) ${body}))
  (core instance $m (instantiate $M (with "l" (instance $l)) (with "" (instance (export "log" (func $log'))))))
  (func (export "f") (param "n" u32) (canon lift (core func $m "f")))`;

const log = (..._values: unknown[]): void => {};

const rows: Readonly<Record<string, Row>> = {
  "a string to the host": {
    text: logs({
      type: `(param "text" string)`,
      params: "(param i32 i32)",
      body: "(call $log (i32.const 0) (local.get 0))",
    }),
    units: (n) => 2 + call + n,
  },
  "a string in UTF-16 to the host": {
    text: logs({
      type: `(param "text" string)`,
      params: "(param i32 i32)",
      body: "(call $log (i32.const 0) (local.get 0))",
      options: "string-encoding=utf16",
    }),
    units: (n) => 2 + call + 2 * n,
  },
  "a list of tuples to the host, 8 bytes each": {
    text: logs({
      type: `(param "list" (list (tuple u8 u32)))`,
      params: "(param i32 i32)",
      body: "(call $log (i32.const 0) (local.get 0))",
    }),
    units: (n) => 2 + call + 8 * n,
  },
  // Each string costs its bytes, 11 and 31; the list costs 8 for each.
  "a list of strings to the host": {
    text: logs({
      type: `(param "texts" (list string))`,
      params: "(param i32 i32)",
      body: `(i32.store offset=4 (i32.const 256) (i32.const 11)) (i32.store offset=4 (i32.const 264) (i32.const 31))
        (call $log (i32.const 256) (local.get 0))`,
    }),
    args: [0, 1, 2],
    units: (n) => 6 + 2 + call + [0, 19, 58][n]!,
  },
  "parameters in memory": {
    text: logs({ type: seventeen, params: "(param i32)", body: "(call $log (i32.const 1024))" }),
    units: () => 1 + call + 17 * 4,
  },
  // The result is a record of a pointer and a length: 8 bytes. The function itself is small.
  "a list of numbers as a result": {
    text: `${libc("")}
      (core module $M (import "l" "m" (memory 1))
        (func (export "f") (param i32) (result i32)
          (i32.store offset=4 (i32.const 256) (local.get 0)) (i32.store (i32.const 256) (i32.const 512))
          (i32.const 256)))
      (core instance $m (instantiate $M (with "l" (instance $l))))
      (func (export "f") (param "n" u32) (result (list u32)) (canon lift (core func $m "f") ${options("")}))`,
    units: (n) => 8 + 4 * n,
  },
  // What the host gives costs nothing but what the guest's realloc does.
  "a string from the host": {
    text: `(import "read" (func $read (param "n" u32) (result string)))
      ${libc("")} (core func $read' (canon lower (func $read) ${options("")}))
      (core module $M (import "" "read" (func $read (param i32 i32)))
        (func (export "f") (param i32) (call $read (local.get 0) (i32.const 128))))
      (core instance $m (instantiate $M (with "" (instance (export "read" (func $read'))))))
      (func (export "f") (param "n" u32) (canon lift (core func $m "f")))`,
    imports: { read: (n: number) => "x".repeat(n) },
    units: () => 2 + call,
  },
  "a string to a guest": {
    text: guests({
      type: `(param "text" string)`,
      callee: "(param i32 i32)",
      params: "(param i32 i32)",
      caller: "(call $g (i32.const 0) (local.get 0))",
    }),
    units: (n) => 2 + call + n,
  },
  "a string to a guest with another encoding": {
    text: guests({
      type: `(param "text" string)`,
      callee: "(param i32 i32)",
      params: "(param i32 i32)",
      caller: "(call $g (i32.const 0) (local.get 0))",
      lift: "string-encoding=utf16",
      lower: "string-encoding=latin1+utf16",
    }),
    units: (n) => 2 + call + n,
  },
  // 4 bytes for each option, 1 for each number, 8 for the record of the result.
  "a list of options to a guest, and a list of numbers back": {
    text: guests({
      type: `(param "values" (list (option u16))) (result (list u8))`,
      callee: "(param i32 i32) (result i32) (i32.store offset=4 (i32.const 256) (local.get 1)) (i32.const 256)",
      params: "(param i32 i32 i32)",
      caller: "(call $g (i32.const 262144) (local.get 0) (i32.const 128))",
    }),
    units: (n) => 3 + call + 4 * n + 8 + n,
  },
  "parameters in memory to a guest": {
    text: guests({
      type: `${seventeen} (result u32)`,
      callee: "(param i32) (result i32) (i32.const 1)",
      params: "(param i32) (result i32)",
      caller: "(drop (call $g (i32.const 1024)))",
    }),
    units: () => 2 + call + 17 * 4,
  },
};

const FUEL = 10n ** 12n;

/** Runs `f` some times in an instance. Gives what each call took. */
function used(bytes: Uint8Array, { imports = { log }, args = [0, 1, 40, 20_000] }: Row, settings: Any): bigint[] {
  const component = compileSync(bytes, { metering: true, ...settings });
  const instance = instantiateSync(component, imports, { limits: { fuel: FUEL } }) as Any;
  // Generated code serves from the second call on.
  return [args[0]!, ...args].map((n) => {
    instance.fuel = FUEL;
    instance.exports.f(n);
    return FUEL - instance.fuel;
  });
}

const ways: readonly { readonly name: string; readonly codegen: boolean; readonly fused: boolean }[] = [
  { name: "closures", codegen: false, fused: false },
  { name: "generated code", codegen: true, fused: false },
  { name: "adapters", codegen: true, fused: true },
];

for (const [name, row] of Object.entries(rows)) {
  Deno.test(`fuel of lifting ${name} is exact, and the same in each tier`, async () => {
    const bytes = await wat(`(component ${row.text})`), { args = [0, 1, 40, 20_000], units } = row;
    const expected = [args[0]!, ...args].map((n) => BigInt(units(n)));
    const { warmCalls } = tiers;
    tiers.warmCalls = 0;
    try {
      for (const { name, ...settings } of ways) assertEquals(used(bytes, row, settings), expected, name);
      // So much is enough, and one unit less is not.
      const n = args.at(-1)!, enough = BigInt(units(n)), messages = new Set<string>();
      for (const { name, ...settings } of ways) {
        const component = compileSync(bytes, { metering: true, ...settings });
        const run = (fuel: bigint): Any => {
          const instance = instantiateSync(component, row.imports ?? { log }, { limits: { fuel } }) as Any;
          instance.exports.f(n);
          return instance.fuel;
        };
        assertEquals(run(enough), 0n, name);
        const trap = assertThrows(() => run(enough - 1n), Trap, "all fuel consumed") as Trap;
        assertEquals(trap.code, "out-of-fuel", name);
        // Each way says the same: where the value is that was not paid for.
        messages.add(trap.message);
      }
      assertEquals(messages.size, 1, [...messages].join("\n"));
    } finally {
      tiers.warmCalls = warmCalls;
    }
  });
}

Deno.test({
  name: "fuel of a call that was suspended is the same",
  ignore: !features.jspi,
  async fn() {
    const { text, units } = rows["a string to the host"]!;
    const component = compileSync(await wat(`(component ${text})`), { metering: true });
    const linked = new Linker().define({ log: suspending(() => Promise.resolve()) }).link(component);
    const instance = linked.instantiateSync({ limits: { fuel: FUEL } }) as Any;
    for (const n of [0, 40, 40, 20_000]) {
      instance.fuel = FUEL;
      await instance.promising.exports.f(n);
      assertEquals(FUEL - instance.fuel, BigInt(units(n)));
    }
    instance.fuel = BigInt(units(40) - 1);
    assertEquals((await assertRejects(() => instance.promising.exports.f(40), Trap) as Trap).code, "out-of-fuel");
  },
});

Deno.test("fuel of what a stream carries: a unit for each byte that leaves the guest", async () => {
  leavesAnyHandles();
  const bytes = await wat(textOf({
    head: "(type $s (stream u16))",
    canons: {
      new: ["stream.new $s", "(result i64)"],
      write: [`stream.write $s async ${mem}`, "(param i32 i32 i32) (result i32)"],
    },
    code: `(func (export "f") (param i32) (result i32) (local i64)
      (local.set 1 (call $new))
      (drop (call $write (i32.wrap_i64 (i64.shr_u (local.get 1) (i64.const 32))) (i32.const 0) (local.get 0)))
      (i32.wrap_i64 (local.get 1)))`,
    exports: `(func (export "f") (param "n" u32) (result $s) (canon lift (core func $m "f")))`,
  }));
  const instance = instantiateSync(compileSync(bytes, { metering: true }), {}, { limits: { fuel: FUEL } }) as Any;
  const reader = instance.exports.f(1000).getReader(), own = BigInt(2 * call + 10);
  assertEquals(FUEL - instance.fuel, own);
  let read = 0;
  while (read < 1000) read += (await reader.read()).value.length;
  assertEquals(FUEL - instance.fuel, own + 2000n);
  await reader.cancel();
  instance.fuel = own + 1999n;
  const poor = instance.exports.f(1000).getReader();
  assertEquals((await assertRejects(() => poor.read(), Trap) as Trap).code, "out-of-fuel");
});

Deno.test({
  name: "a guest cannot catch that it has no fuel for what it passes on",
  ignore: !features.exceptions,
  async fn() {
    const bytes = await wat(`(component ${
      guests({
        type: `(param "text" string)`,
        callee: "(param i32 i32)",
        params: "(param i32 i32)",
        caller: `(loop $again
          (block $caught (try_table (catch_all $caught) (call $g (i32.const 0) (i32.const 60000)))) (br $again))`,
      })
    })`);
    for (const { name, ...settings } of ways) {
      const instance = instantiateSync(compileSync(bytes, { metering: true, ...settings }), {}, {
        limits: { fuel: 100_000 },
      }) as Any;
      const trap = assertThrows(() => instance.exports.f(0), Trap, "text") as Trap;
      assertEquals([trap.code, instance.fuel], ["out-of-fuel", 0n], name);
    }
  },
});
