// Marks of views: which types get them, and that the same marks give the same type.

import { assert, assertEquals, assertStrictEquals } from "@std/assert";
import { containsView, type FuncType, isView, type ValType } from "../../../abi/types/types.ts";
import { hasLateView, withViews, withViewsAt } from "../../../abi/types/views.ts";

const of = (kind: string): ValType => ({ kind }) as ValType;
const list = (element: ValType): ValType => ({ kind: "list", element });
const view = (kind: string): ValType => ({ kind: "list", element: of(kind), view: true }) as ValType;
const option = (element: ValType): ValType => ({ kind: "option", element });
const func = (...types: ValType[]): FuncType => ({
  params: types.map((type, i) => ({ name: `p${i}`, type })),
  result: of("u8"),
  async: false,
});

Deno.test("withViews() gives nothing where no view is wanted", () => {
  const type = func(list(of("u8")), of("string"));
  assertEquals([withViews(type, [list(of("u8")), of("string")]), withViewsAt(type, [])], [undefined, undefined]);
});

Deno.test("withViews() gives one type for the same marks, and another for others", () => {
  const u8s = list(of("u8")), type = func(u8s, { kind: "tuple", types: [u8s, option(u8s)] });
  const first = withViews(type, [view("u8"), { kind: "tuple", types: [u8s, option(u8s)] }])!;
  assertStrictEquals(withViews(type, [view("u8"), { kind: "tuple", types: [u8s, option(u8s)] }]), first);
  const second = withViews(type, [u8s, { kind: "tuple", types: [u8s, option(view("u8"))] }])!;
  assert(first !== second);
  assertEquals(first.params.map((param) => containsView(param.type)), [true, false]);
  assertEquals(second.params.map((param) => containsView(param.type)), [false, true]);
  // Only what is on the way to a mark is made anew.
  assertStrictEquals(second.params[0]!.type, u8s);
  assertEquals([first.result, first.params[1]!.name, first.async], [type.result, "p1", false]);
});

Deno.test("withViews() keeps everything of a type but the marks", () => {
  const u8s = list(of("u8"));
  const of_ = (element: ValType): ValType => ({
    kind: "variant",
    cases: [
      { name: "a", type: undefined },
      { name: "b", type: { kind: "record", fields: [{ name: "x", type: element }, { name: "y", type: of("char") }] } },
      { name: "c", type: { kind: "result", ok: undefined, err: { kind: "map", key: of("u8"), value: element } } },
      { name: "d", type: { kind: "fixed-list", element, length: 3 } },
      { name: "e", type: { kind: "flags", names: ["f"] } },
    ],
  });
  const type = func(of_(u8s)), [param] = withViews(type, [of_(view("u8"))])!.params;
  assertEquals(param!.type, of_(view("u8")));
});

Deno.test("withViewsAt() marks lists of numbers only, whatever a component's type is", () => {
  const type = func(list(of("u8")), list(of("string")), of("u8"), list(of("f64")));
  assertEquals(withViewsAt(type, [0, 1, 2, 9])!.params.map((param) => isView(param.type)), [true, false, false, false]);
  assertEquals(withViewsAt(func(list(of("string"))), [0]), undefined);
});

Deno.test("hasLateView() finds views in streams and futures, however deep", () => {
  assertEquals(hasLateView(view("u8")), false);
  assertEquals(hasLateView(option({ kind: "stream", element: of("u8") })), false);
  for (const kind of ["stream", "future"] as const) {
    assertEquals(hasLateView({ kind, element: view("u8") }), true);
    assertEquals(
      hasLateView(option({ kind: "tuple", types: [of("u8"), { kind, element: option(view("u8")) }] })),
      true,
    );
  }
});
