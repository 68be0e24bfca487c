// Members that are made when first read: once, in the right order, through whatever object they are
// read.

import { assertEquals, assertStrictEquals, assertThrows } from "@std/assert";
import { defineLazily, MemberLayout } from "../../../host/exports/lazy_members.ts";

Deno.test("objects of one layout have members of their own, each made once", () => {
  const made: string[] = [];
  const layout = new MemberLayout<string>();
  layout.add("readAll", "read-all", (origin) => made.push(origin) && { origin });
  const [one, other]: Record<string, unknown>[] = [{}, {}];
  layout.define(one!, "one");
  layout.define(other!, "other");
  assertEquals(made, []);
  assertEquals(one!.readAll, { origin: "one" });
  assertStrictEquals(one!["read-all"], one!.readAll);
  assertEquals(other!["read-all"], { origin: "other" });
  assertStrictEquals(other!.readAll, other!["read-all"]);
  assertEquals(made, ["one", "other"]);
  const { enumerable, writable, value } = Object.getOwnPropertyDescriptor(one, "readAll")!;
  assertEquals([enumerable, writable, value], [true, false, { origin: "one" }]);
  assertEquals(Object.keys(one!), ["readAll"]);
});

Deno.test("a member is read through whatever leads to its object", () => {
  const layout = new MemberLayout<number>();
  layout.add("answer", "answer", (origin) => origin);
  const of = (origin: number): { answer: number } => {
    const target = {};
    layout.define(target, origin);
    return target as { answer: number };
  };
  assertEquals(Object.create(of(1)).answer, 1);
  assertEquals(new Proxy(of(2), {}).answer, 2);
  assertEquals(new Proxy(of(3), { get: (target, key, receiver) => Reflect.get(target, key, receiver) }).answer, 3);
  const target = of(4);
  const copy: typeof target = Object.defineProperties({} as never, Object.getOwnPropertyDescriptors(target));
  assertEquals([copy.answer, target.answer], [4, 4]);
  assertEquals({ ...of(5) }, { answer: 5 });
  const { get } = Object.getOwnPropertyDescriptor(of(6), "answer")!;
  assertThrows(() => get!.call({}), TypeError, "`answer` was read from an object that it does not belong to");
});

Deno.test("members of what was frozen, sealed or kept from growing are made once too", () => {
  for (const close of [Object.freeze, Object.seal, Object.preventExtensions]) {
    for (const isPrototype of [false, true]) {
      const target: Record<string, unknown> = {};
      defineLazily(target, "readAll", "read-all", () => () => {}, isPrototype);
      close(target);
      assertEquals(typeof target.readAll, "function");
      assertStrictEquals(target.readAll, target["read-all"]);
      assertStrictEquals(target.readAll, target.readAll);
    }
  }
});

Deno.test("a raw name that another member has is left to it, before and after reading", () => {
  const target: Record<string, unknown> = {}, layout = new MemberLayout<undefined>();
  layout.add("a-b", "a-b", () => "first");
  layout.add("aB", "a-b", () => "second");
  layout.define(target, undefined);
  assertEquals([target.aB, target["a-b"]], ["second", "first"]);
});

Deno.test("a member that throws is asked for again", () => {
  const target: Record<string, unknown> = {};
  let left = 1;
  defineLazily(target, "late", "late", () => {
    if (left-- > 0) throw new Error("not yet");
    return "now";
  });
  assertThrows(() => target.late, Error, "not yet");
  assertEquals(target.late, "now");
});

Deno.test("a prototype's method is made once for all its objects", () => {
  class Thing {}
  let made = 0;
  defineLazily(Thing.prototype, "run", "run", () => () => ++made && "ran", true);
  const [one, other] = [new Thing(), new Thing()] as { run(): string }[];
  assertStrictEquals(one!.run, other!.run);
  assertEquals([one!.run(), made], ["ran", 1]);
  assertEquals(Object.hasOwn(one!, "run"), false);
});
