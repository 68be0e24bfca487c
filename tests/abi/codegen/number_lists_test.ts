// Lists of numbers in generated code: what is stored at once and what by the loop, memories that grow
// in the middle of it, and the same errors as closures have.

import { assert, assertEquals, assertThrows } from "@std/assert";
import { features, ValueError } from "@windlass/component";
import { liftExport, linkExport } from "../../../abi/calls/from_host.ts";
import { Codecs } from "../../../abi/codecs/codecs.ts";
import { signatureOf } from "../../../abi/codecs/signature.ts";
import { generate } from "../../../abi/codegen/generate.ts";
import { printTrampoline } from "../../../abi/codegen/trampolines.ts";
import { CanonContext } from "../../../abi/state/canon_context.ts";
import { ComponentInstance, InstanceTree } from "../../../abi/state/instance.ts";
import { numericArrays, type NumericView } from "../../../abi/types/scalar_rules.ts";
import type { FuncType, ValType } from "../../../abi/types/types.ts";

const ignore = !features.codegen;
const codecs = new Codecs((labels) => labels);
const codegen = { print: printTrampoline, evaluates: true, entries: undefined };
const kinds = Object.keys(numericArrays) as NumericView[];

/** A function `f: func(x: list<T>)`, and what its core function was given. */
interface Given {
  readonly f: (value: unknown) => unknown;
  readonly memory: WebAssembly.Memory;
  /** The elements of the list that the last call has stored. */
  stored(): ArrayLike<number | bigint>;
}

function listFunction(kind: NumericView, generated: boolean): Given {
  const memory = new WebAssembly.Memory({ initial: 1 });
  const realloc = (_: number, __: number, alignment: number): number => 1024 + alignment;
  const options = { memory, address: "i32", realloc, postReturn: undefined, stringEncoding: "utf8" } as const;
  const cx = new CanonContext(new ComponentInstance(new InstanceTree({}, 1)), options, true);
  const element = { kind } as ValType;
  const type: FuncType = { params: [{ name: "x", type: { kind: "list", element } }], async: false };
  let range = [0, 0];
  const signature = signatureOf(type, { side: "lift", style: "sync", address: "i32" }, codecs);
  const core = (...flat: never[]): undefined => void (range = flat);
  const link = linkExport({ signature, core, postReturn: undefined, path: "export f" }, cx, true);
  return {
    f: generated ? generate(link, false, codecs, codegen)! as Given["f"] : liftExport(link),
    memory,
    stored: () => new numericArrays[kind](memory.buffer as ArrayBuffer, range[0]!, range[1]!),
  };
}

const isBig = (kind: NumericView): boolean => kind === "u64" || kind === "s64";
const values = (kind: NumericView): (number | bigint)[] => isBig(kind) ? [1n, 2n, 127n] : [1, 2, 127];

/** An array whose second element is read by a getter that makes the memory grow. */
function growing(list: readonly unknown[], memory: WebAssembly.Memory, pages: number): unknown[] {
  const array = [...list];
  Object.defineProperty(array, 1, {
    get: () => {
      memory.grow(pages);
      return list[1];
    },
  });
  return array;
}

for (const generated of [false, true]) {
  const tier = generated ? "generated code" : "closures", skip = generated && ignore;

  Deno.test({
    name: `every iterable of numbers is stored, ${tier}`,
    ignore: skip,
    fn() {
      for (const kind of kinds) {
        const { f, stored } = listFunction(kind, generated),
          list = values(kind),
          typed = numericArrays[kind].from(list);
        const class_ = class extends (numericArrays[kind] as unknown as typeof Uint8Array) {};
        const given = [list, typed, new class_(list as number[]), new Set(list), [], new numericArrays[kind](0)];
        for (const value of given) {
          f(value);
          assertEquals(Array.from(stored()), Array.from(value as Iterable<number>), kind);
        }
      }
      const { f, stored } = listFunction("u8", generated);
      f(Uint8ClampedArray.of(1, 255));
      assertEquals(stored(), Uint8Array.of(1, 255));
    },
  });

  Deno.test({
    name: `elements go to where the memory is, when a getter makes it grow or detaches it, ${tier}`,
    ignore: skip,
    fn() {
      for (const kind of kinds) {
        for (const pages of [0, 1]) {
          const { f, memory, stored } = listFunction(kind, generated), list = values(kind);
          f(growing(list, memory, pages));
          assertEquals(Array.from(stored()), list, kind);
        }
      }
    },
  });

  Deno.test({
    name: `an element that does not fit is refused with its place, and nothing is coerced, ${tier}`,
    ignore: skip,
    fn() {
      const rows: readonly [kind: NumericView, wrong: unknown][] = [
        ["u8", 256],
        ["s8", -129],
        ["u16", -1],
        ["s16", 1.5],
        ["u32", 2 ** 32],
        ["s32", "1"],
        ["u64", -1n],
        ["s64", 2n ** 63n],
        ["f32", null],
        ["f64", 1n],
      ];
      for (const [kind, wrong] of rows) {
        const { f } = listFunction(kind, generated), [first] = values(kind);
        const error = assertThrows(() => f([first, first, wrong]), ValueError);
        assertEquals([error.path, error.code], ["param 1 `x`[2] of export f", "type-mismatch"]);
        assert(error.message.includes(`expected ${kind}, found `), error.message);
      }
    },
  });

  Deno.test({
    name: `an array that gives another length than it has is read as long as it says, ${tier}`,
    ignore: skip,
    fn() {
      const { f, stored } = listFunction("u8", generated);
      const shorter = Object.defineProperty(Uint8Array.of(1, 2, 3), "length", { value: 2 });
      f(shorter);
      assertEquals(stored(), Uint8Array.of(1, 2));
      const longer = Object.defineProperty(Uint8Array.of(1, 2, 3), "length", { value: 4 });
      const error = assertThrows(() => f(longer), ValueError);
      assertEquals(error.path, "param 1 `x`[3] of export f");
    },
  });
}
