// Memories that grow while a value is lowered, in `realloc` or in a getter of the host's: what was
// there before is detached, and every codec writes to what is there now. Spec: definitions.py reads
// `cx.opts.memory` anew at each step.

import { assertEquals } from "@std/assert";
import type { StringEncoding } from "../../../abi/state/canon_context.ts";
import type { PrimitiveKind, ValType } from "../../../abi/types/types.ts";
import { addresses, codecOf, FakeGuest, liftFlat, load, lowerFlat, store } from "../../support/fake_guest.ts";

const of = (kind: PrimitiveKind): ValType => ({ kind });
const [u8, string] = [of("u8"), of("string")];
const list = (element: ValType): ValType => ({ kind: "list", element });
const record: ValType = { kind: "record", fields: [{ name: "a", type: string }, { name: "b", type: u8 }] };

const rows: readonly (readonly [string, ValType, unknown])[] = [
  ["a short string", string, "ab"],
  ["a long string", string, "x".repeat(200)],
  ["a string that is no Latin-1", string, "漢"],
  ["list<u8>", list(u8), Uint8Array.of(1, 2)],
  ["list<bool>", list(of("bool")), [true, false]],
  ["list<string>", list(string), ["a", "b"]],
  ["record { string, u8 }", record, { a: "x", b: 7 }],
  ["tuple<string, list<string>>", { kind: "tuple", types: [string, list(string)] }, ["x", ["y", "z"]]],
  ["option<string>", { kind: "option", element: string }, "x"],
  ["result<list<u8>>", { kind: "result", ok: list(u8), err: undefined }, { tag: "ok", val: Uint8Array.of(3) }],
  ["map<u8, string>", { kind: "map", key: u8, value: string }, new Map([[1, "x"]])],
  ["list<string, 2>", { kind: "fixed-list", element: string, length: 2 }, ["x", "y"]],
];

for (const [what, type, value] of rows) {
  Deno.test(`growing: ${what} is where the memory is after each realloc`, () => {
    for (const address of addresses) {
      for (const encoding of ["utf8", "utf16", "latin1+utf16"] as const satisfies StringEncoding[]) {
        const make = (): FakeGuest => {
          const guest: FakeGuest = new FakeGuest({ address, encoding, host: true, realloc: (ptr) => grow(guest, ptr) });
          return guest;
        };
        const codec = codecOf(type, address), [stored, lowered] = [make(), make()];
        store(stored, codec, value, 0x40);
        assertEquals(load(stored, codec, 0x40), value);
        assertEquals(liftFlat(lowered, codec, lowerFlat(lowered, codec, value)), value);
        assertEquals(stored.memory.u8.length, 65536 * (1 + stored.asked.length));
      }
    }
  });
}

function grow(guest: FakeGuest, ptr: number): number {
  guest.memory.memory.grow(1);
  return ptr;
}

Deno.test("growing: a getter of the host's may grow the memory, too", () => {
  for (const address of addresses) {
    const guest = new FakeGuest({ address, encoding: "utf8", host: true });
    const grows = <T>(value: T): T => {
      guest.memory.memory.grow(1);
      return value;
    };
    const value = {
      get a() {
        return grows("x");
      },
      get b() {
        return grows(7);
      },
    };
    store(guest, codecOf(record, address), value, 0x40);
    assertEquals(load(guest, codecOf(record, address), 0x40), { a: "x", b: 7 });
    const items = new Proxy([1, 2], { get: (target, key) => grows(Reflect.get(target, key)) });
    const codec = codecOf(list(u8), address);
    assertEquals(liftFlat(guest, codec, lowerFlat(guest, codec, items)), Uint8Array.of(1, 2));
    const variant = codecOf({ kind: "result", ok: u8, err: undefined }, address);
    store(guest, variant, {
      tag: "ok",
      get val() {
        return grows(9);
      },
    }, 0x60);
    assertEquals(load(guest, variant, 0x60), { tag: "ok", val: 9 });
  }
});
