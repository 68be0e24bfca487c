// How many units functions are charged: exact numbers, counted by hand from the costs of the
// instructions on the dearest way from each head to the next.

import { assertEquals, assertThrows } from "@std/assert";
import { Trap } from "@windlass/component";
import { features } from "../../../core/module/features.ts";
import { meteredInstance } from "../../support/metered.ts";
import { wat } from "../../support/wat.ts";

const FUEL = 10n ** 15n;

/** A module that exports `f`, its arguments, and the units that the call takes. */
interface Row {
  readonly text: string;
  readonly args?: readonly unknown[];
  readonly units: bigint;
  readonly needs?: keyof typeof features;
}

const call = 14n, small = `(func $small (result i32) (i32.const 1))`;

const rows: Readonly<Record<string, Row>> = {
  "nothing": { text: `(func (export "f"))`, units: 0n },
  "a small function that calls nothing": { text: `(func (export "f") (drop (i32.const 1)))`, units: 0n },
  "eleven plain instructions": { text: `(func (export "f") ${"(nop)".repeat(11)})`, units: 11n },
  "a call of a small function": { text: `${small} (func (export "f") (drop (call $small)))`, units: call + 1n },
  "a call of a larger one": {
    text: `(func $g ${"(nop)".repeat(20)}) (func (export "f") (call $g))`,
    units: call + 20n,
  },
  "the dearer arm of an if, whichever runs": {
    text: `(func (export "f") (param i32)
      (if (local.get 0) (then ${"(nop)".repeat(50)}) (else ${"(nop)".repeat(20)})))`,
    args: [0],
    units: 52n,
  },
  "an if without else": {
    text: `(func (export "f") (param i32) (if (local.get 0) (then ${"(nop)".repeat(50)})) (nop))`,
    args: [0],
    units: 53n,
  },
  // block, block, local.get, br_table; the dearer of the arms, and the nop behind them.
  "the dearest case of a br_table": {
    text: `(func (export "f") (param i32)
      (block $end (block $a (block $b (br_table $a $b (local.get 0))) ${"(nop)".repeat(30)} (br $end)) ${
      "(nop)".repeat(10)
    }) (nop))`,
    args: [1],
    units: 3n + 2n + 31n + 1n,
  },
  "nothing of what no way leads to": {
    text: `(func (export "f") ${"(nop)".repeat(11)} (return) ${"(nop)".repeat(500)})`,
    units: 12n,
  },
  // The entry: nothing but the loop. An iteration: loop, local.get, i32.const, i32.sub, local.tee, br_if.
  "a loop, each iteration": {
    text: `(func (export "f") (param i32)
      (loop $l (br_if $l (local.tee 0 (i32.sub (local.get 0) (i32.const 1))))))`,
    args: [1000],
    units: 6000n,
  },
  "loops in loops": {
    text: `(func (export "f") (param i32) (local i32)
      (loop $outer
        (local.set 1 (i32.const 3))
        (loop $inner (br_if $inner (local.tee 1 (i32.sub (local.get 1) (i32.const 1)))))
        (br_if $outer (local.tee 0 (i32.sub (local.get 0) (i32.const 1))))))`,
    args: [10],
    units: 10n * (8n + 3n * 6n),
  },
  "what follows a loop that is left in the middle": {
    text: `(func (export "f")
      (block $out (loop $l (br_if $out (i32.const 1)) (br $l)))
      ${"(nop)".repeat(40)})`,
    units: 41n + 4n,
  },
  "memory.fill by its length": {
    text: `(memory 1) (func (export "f") (param i32)
      (memory.fill (i32.const 0) (i32.const 1) (local.get 0)))`,
    args: [65536],
    units: 13n + 65536n / 16n,
  },
  "a copy of a constant length": {
    text: `(memory 1) (func (export "f") (memory.copy (i32.const 0) (i32.const 1) (i32.const 64)))`,
    units: 13n + 4n,
  },
  "a copy of a large constant length": {
    text: `(memory 1) (func (export "f") (memory.copy (i32.const 0) (i32.const 1) (i32.const 16000)))`,
    units: 13n + 1000n,
  },
  "table.fill by its length": {
    text: `(table 100 funcref) (func (export "f") (param i32)
      (table.fill (i32.const 0) (ref.null func) (local.get 0)))`,
    args: [100],
    units: 13n + 800n,
  },
  "a memory that grows": { text: `(memory 1) (func (export "f") (drop (memory.grow (i32.const 1))))`, units: 1002n },
  "a division": {
    text: `(func (export "f") (param i32) ${"(drop (i32.div_u (i32.const 1) (local.get 0)))".repeat(3)})`,
    args: [1],
    units: 3n * 7n,
  },
  "tail calls, one after the other": {
    text: `(func $f (export "f") (param i32)
      (if (local.get 0) (then (return_call $f (i32.sub (local.get 0) (i32.const 1))))))`,
    args: [99],
    // local.get, if, local.get, i32.const, i32.sub, return_call
    units: 100n * (5n + call),
    needs: "tailCall",
  },
  "a throw that is caught: all of the body of the try_table": {
    text: `(tag $t) (func (export "f")
      (block $caught (try_table (catch $t $caught) ${"(nop)".repeat(20)} (throw $t)))
      ${"(nop)".repeat(10)})`,
    units: 2n + 20n + 4n + 10n,
    needs: "exceptions",
  },
  "an array by its length": {
    text: `(type $a (array (mut i8))) (func (export "f") (param i32) (drop (array.new_default $a (local.get 0))))`,
    args: [5000],
    units: 12n + 5000n,
    needs: "gc",
  },
  "a memory of 64 bits": {
    text: `(memory i64 1) (func (export "f") (param i64)
      (memory.fill (i64.const 0) (i32.const 1) (local.get 0)))`,
    args: [65536n],
    units: 13n + 65536n / 16n,
    needs: "memory64",
  },
};

for (const [name, { text, args = [], units, needs }] of Object.entries(rows)) {
  Deno.test({
    name: `fuel of ${name}: ${units}`,
    ignore: needs !== undefined && !features[needs],
    fn: async () => {
      const bytes = await wat(`(module ${text})`);
      const run = (fuel: bigint): bigint => {
        const { instance, meter } = meteredInstance(bytes, { fuel });
        (instance.exports["f"] as (...args: unknown[]) => void)(...args);
        return fuel - meter.fuel!;
      };
      assertEquals(run(FUEL), units);
      // So much is enough, and one unit less is not, however it is granted.
      assertEquals(run(units), units);
      if (units > 0n) assertEquals(assertThrows(() => run(units - 1n), Trap).code, "out-of-fuel");
    },
  });
}

Deno.test("a start function is charged, and traps when the fuel is used up", async () => {
  const bytes = await wat(`(module (func $s (loop $l (br $l))) (start $s))`);
  assertEquals(assertThrows(() => meteredInstance(bytes, { fuel: 1000 }), Trap).code, "out-of-fuel");
});

Deno.test("fuel that is spent stays spent, and fuel that is set counts from there", async () => {
  const bytes = await wat(`(module (func (export "f") ${"(nop)".repeat(100)}))`);
  const { instance, meter } = meteredInstance(bytes, { fuel: 1000 });
  const f = instance.exports["f"] as () => void;
  f();
  assertEquals(meter.fuel, 900n);
  meter.fuel = 150;
  f();
  assertEquals(meter.fuel, 50n);
  assertThrows(f, Trap, "all fuel consumed: limit `fuel`");
  assertEquals(meter.fuel, 0n);
});
