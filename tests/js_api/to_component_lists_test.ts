// `ToComponentValueList` and `ToComponentValueMap`, and the types that are converted by them.

import { assertEquals, assertStrictEquals } from "@std/assert";
import type { ValType } from "../../abi/types/types.ts";
import { bool, echo, list, map, string, thrown, tuple, u32, u8, watched } from "./support.ts";

/** An iterable that says what is done with it. */
function iterable(values: unknown[], log: string[], ends = true): object {
  let i = 0;
  return {
    get [Symbol.iterator]() {
      log.push("get @@iterator");
      return () => ({
        get next() {
          log.push("get next");
          return () => {
            log.push("next");
            return { done: ends && i >= values.length, value: values[i++] };
          };
        },
        return: () => (log.push("return"), {}),
      });
    },
  };
}

/** Replaces a property while a function runs. */
function patched(object: object, key: PropertyKey, value: unknown, run: () => void): void {
  const before = Object.getOwnPropertyDescriptor(object, key)!;
  Object.defineProperty(object, key, { value, configurable: true, writable: true });
  try {
    run();
  } finally {
    Object.defineProperty(object, key, before);
  }
}

Deno.test("ToComponentValueList, step 1: what is not an Object is a TypeError", () => {
  for (const type of [list(string), list(u8), tuple(string), map(string, string)]) {
    for (const value of ["text", 1, null, undefined, 1n, Symbol(), true]) thrown(TypeError, () => echo(type)(value));
  }
});

Deno.test("ToComponentValueList, step 2: an Array is read by its length and indices, holes too", () => {
  const log: string[] = [], array = ["a", , "c"];
  Object.defineProperty(array, Symbol.iterator, { get: () => log.push("get @@iterator") });
  assertEquals([...echo(list(string))(array)], ["a", "undefined", "c"]);
  assertEquals(log, []);
  const changing = [{ toString: () => (changing.length = 1, "first") }, "second", "third"];
  assertEquals([...echo(list(string))(changing)], ["first", "undefined", "undefined"]);
});

Deno.test("ToComponentValueList, step 2: a patched Array.prototype[@@iterator] changes nothing", () => {
  const call = echo(list(u32)), pairs = echo(map(string, u32)), texts = echo(list(string));
  let numbers, text, entries;
  const calls = (): void => {
    numbers = call([1, 2]);
    text = texts(["a"]);
    entries = pairs([["k", 1]]);
  };
  calls(); // the functions are made in peace
  patched(Array.prototype, Symbol.iterator, () => ({ next: () => ({ done: true }) }), calls);
  assertEquals([...numbers!, ...text!, ...entries!], [1, 2, "a", ["k", 1]]);
});

Deno.test("ToComponentValueList, step 3: other objects need a method @@iterator", () => {
  const call = echo(list(string));
  for (
    const value of [{}, { length: 1, 0: "a" }, { [Symbol.iterator]: undefined }, { [Symbol.iterator]: null }, () => {}]
  ) {
    thrown(TypeError, () => call(value));
  }
  thrown(TypeError, () => call({ [Symbol.iterator]: 1 }));
  thrown(TypeError, () => call({ [Symbol.iterator]: () => 1 }));
  thrown(TypeError, () => call({ [Symbol.iterator]: () => ({}) }));
  thrown(TypeError, () => call({ [Symbol.iterator]: () => ({ next: () => 1 }) }));
  assertEquals([...call(new Set(["a", "b"]))], ["a", "b"]);
  assertEquals([...call(new String("xy"))], ["x", "y"]);
});

Deno.test("ToComponentValueList, step 3: iterated as WebIDL does, which never closes an iterator", () => {
  const log: string[] = [];
  assertEquals([...echo(list(string))(iterable(["a", "b"], log))], ["a", "b"]);
  assertEquals(log, ["get @@iterator", "get next", "next", "next", "next"]);
  log.length = 0;
  thrown(TypeError, () => echo(list(u8))(iterable([1, 256, 3], log)));
  assertEquals(log, ["get @@iterator", "get next", "next", "next"]);
});

Deno.test("list<T> of numbers takes typed arrays, those of other classes element by element", () => {
  assertEquals([...echo(list(u8))(Uint8Array.of(1, 255))], [1, 255]);
  assertEquals([...echo(list(u32))(Uint32Array.of(1, 4294967295))], [1, 4294967295]);
  assertEquals([...echo(list(u8))(Float64Array.of(1.9, -0.5))], [1, 0]);
  assertEquals([...echo(list({ kind: "s64" }))(BigInt64Array.of(-1n))], [-1n]);
  thrown(TypeError, () => echo(list(u8))(Int16Array.of(-1)));
  const changed = Uint8Array.of(1, 2);
  Object.defineProperty(changed, Symbol.iterator, { value: () => [7].values() });
  assertEquals([...echo(list(u8))(changed)], [7]);
  const moved = Uint8Array.of(1);
  structuredClone(moved.buffer, { transfer: [moved.buffer] });
  thrown(TypeError, () => echo(list(u8))(moved));
});

Deno.test("list<u8>: what is given is copied before later arguments run code", () => {
  const bytes = Uint8Array.of(1, 2), type = tuple(list(u8), string);
  const found = echo(type)([bytes, { toString: () => (bytes[0] = 9, "later") }]);
  assertEquals([[...found[0]], found[1]], [[1, 2], "later"]);
});

Deno.test("list<T, N>: as list<T>, then the length is N", () => {
  const type: ValType = { kind: "fixed-list", element: u32, length: 2 };
  assertEquals([...echo(type)([1, 2])], [1, 2]);
  assertEquals([...echo(type)(new Set([3, 4]))], [3, 4]);
  for (const value of [[], [1], [1, 2, 3], new Set([1]), Uint32Array.of(1, 2, 3)]) {
    thrown(TypeError, () => echo(type)(value));
  }
});

Deno.test("tuple: as list, then the length is the arity, each element by its own type", () => {
  const type = tuple(u8, string);
  assertEquals([...echo(type)(["1", 2])], [1, "2"]);
  assertEquals([...echo(type)(new Set([1, "a"]))], [1, "a"]);
  for (const value of [[1], [1, "a", 2], new Set([1]), []]) thrown(TypeError, () => echo(type)(value));
});

Deno.test("ToComponentValueMap, step 2: a Map's own entries, whatever its @@iterator is", () => {
  const given = new Map<unknown, unknown>([[1, "1"], [2, 2]]);
  Object.defineProperty(given, Symbol.iterator, { value: () => [][Symbol.iterator]() });
  assertEquals([...echo(map(string, u32))(given)], [["1", 1], ["2", 2]]);
  class Sub extends Map {
    override get size(): number {
      throw new Error("asked for its size");
    }
    override forEach(): void {
      throw new Error("asked for its entries");
    }
  }
  assertEquals([...echo(map(u32, string))(Reflect.construct(Sub, [[[1, "a"]]]))], [[1, "a"]]);
});

Deno.test("ToComponentValueMap, step 3: an iterable is a list of pairs, duplicates too", () => {
  const log: string[] = [], type = map(string, u32);
  assertEquals([...echo(type)(iterable([["a", 1], new Set(["b", 2])], log))], [["a", 1], ["b", 2]]);
  assertEquals(log.slice(0, 3), ["get @@iterator", "get @@iterator", "get next"]);
  assertEquals([...echo(type)([["a", 1], ["a", 2]])], [["a", 2]]);
  // A proxy of a Map has no entries of its own, and its method refuses it.
  thrown(TypeError, () => echo(type)(new Proxy(new Map([["a", 1]]), {})));
  for (const value of [[["a"]], [["a", 1, 2]], ["ab"], [1]]) thrown(TypeError, () => echo(type)(value));
});

Deno.test("ToComponentValueMap, step 4: a plain object is refused unless keys are strings", () => {
  thrown(TypeError, () => echo(map(u32, string))({ 1: "a" }));
});

Deno.test("ToComponentValueMap, step 5: own enumerable string keys of an object, in property order", () => {
  const log: string[] = [],
    object = Object.create({ inherited: 1 }, {
      hidden: { value: 1, enumerable: false },
      b: { get: () => 2, enumerable: true },
      1: { value: 1, enumerable: true },
      [Symbol()]: { value: 3, enumerable: true },
    });
  assertEquals([...echo(map(string, u32))(watched(object, log))], [["1", 1], ["b", 2]]);
  assertEquals(log, ["get Symbol(Symbol.iterator)", "keys ", "own 1", "get 1", "own hidden", "own b", "get b"]);
  assertEquals([...echo(map(string, bool))({ "\ud800": 1 })], [["\ufffd", true]]);
});

Deno.test("an iterable that never ends is refused: no memory holds its list", () => {
  const endless = (value: unknown) =>
    iterable([], [], false) && {
      [Symbol.iterator]: () => ({ next: () => ({ done: false, value }) }),
    };
  // At the first element too many.
  thrown(TypeError, () => echo(tuple(u8, u8))(endless(1)), "more elements");
  thrown(TypeError, () => echo({ kind: "fixed-list", element: u8, length: 3 })(endless(1)), "more elements");
  thrown(TypeError, () => echo(list(string))(Object.assign([], { length: 2 ** 32 - 1 })), "longer than 2^28 - 1 bytes");
  const proxy = new Proxy([], { get: (_, key) => key === "length" ? Infinity : 1 });
  thrown(TypeError, () => echo(list(u8))(proxy), "longer than 2^28 - 1 bytes");
  assertStrictEquals(echo(list(u8))(new Proxy([], { get: (_, key) => key === "length" ? -1 : 1 })).length, 0);
});
