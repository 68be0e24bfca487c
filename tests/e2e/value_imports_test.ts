// What a host gives for value imports: what is refused, and with which words; values that read
// differently each time; values that must be equal to others. Each with generated code and without.

import "../support/leaks.ts";
import { assert, assertEquals, assertStrictEquals } from "@std/assert";
import type { ValType } from "../../abi/types/types.ts";
import { echo, point, run, tiers } from "../support/component_values.ts";
import { extern } from "../support/encoder.ts";
import { assertFails, thrown } from "../support/wasm.ts";

const string: ValType = { kind: "string" }, u8: ValType = { kind: "u8" }, u16: ValType = { kind: "u16" };
const f64: ValType = { kind: "f64" };

Deno.test("a value import that is missing, or does not fit, is refused with its place", () => {
  for (
    const component of tiers((component, types) => {
      component.export("e", ["value", component.import("env", "value", extern.value(types.ref(point)))]);
      const option = types.ref({ kind: "option", element: u8 });
      component.export("o", ["value", component.import("opt", "value", extern.value(option))]);
    })
  ) {
    assertFails(() => run(component), "LinkError", "Cannot link import env: a definition was not found");
    assertEquals(run(component, { env: { firstX: 1 } }).exports["o"], undefined);
    const rows: readonly (readonly [env: unknown, message: string])[] = [
      [{ firstX: 256 }, "Cannot lower value.firstX of import env: expected u8, found 256"],
      [{ firstX: 1, name: 1 }, "Cannot lower value.name of import env: expected string, found 1"],
      [{}, "Cannot lower value.firstX of import env: missing field"],
      [3, "Cannot lower value of import env: expected record { first-x: u8, name: option<string> }, found 3"],
    ];
    for (const [env, message] of rows) {
      const error = thrown(() => run(component, { env }));
      assertEquals([error.name, error.message.slice(0, message.length)], ["ValueError", message]);
      assert(error.path!.endsWith("of import env"));
    }
  }
});

Deno.test("what is no value at all, or of another type of JavaScript, is refused with its place", () => {
  for (
    const component of tiers((component, types) => {
      component.export("e", ["value", component.import("my-env", "value", extern.value(types.ref(u16)))]);
    })
  ) {
    const found: readonly (readonly [env: unknown, found: string])[] = [
      ["1", '"1"'],
      [1n, "1n"],
      [null, "null"],
      [{}, "an object"],
      [() => 1, "a function"],
      [class {}, "a function"],
      [new Number(3), "an instance of Number"],
      [1.5, "1.5"],
      [NaN, "NaN"],
    ];
    for (const [myEnv, words] of found) {
      const message = `Cannot lower value of import my-env: expected u16, found ${words}`;
      assertFails(() => run(component, { myEnv }), "ValueError", message);
    }
    const promise = thrown(() => run(component, { myEnv: Promise.resolve(1) }));
    assert(promise.message.includes("found a promise: await it first"), promise.message);
    const empty = "a definition was not found; what is given for `myEnv` is undefined";
    assertFails(() => run(component, { myEnv: undefined }), "LinkError", `Cannot link import my-env: ${empty}`);
  }
});

Deno.test("an import that must be equal to another value", () => {
  for (
    const component of tiers((component, types) => {
      const first = component.import("first", "value", extern.value(types.ref({ kind: "list", element: point })));
      component.export("b", ["value", component.import("second", "value", extern.valueEq(first))]);
      component.export("a", ["value", first], extern.valueEq(first));
    })
  ) {
    const first = [{ firstX: 1 }];
    assertEquals(run(component, { first }).exports["b"], [{ firstX: 1, name: undefined }]);
    assertEquals(run(component, { first, second: [{ firstX: 1, name: null }] }).exports["b"].length, 1);
    const message = "Cannot link import second: it must be equal to the value that its type names";
    for (const second of [[], [{ firstX: 2 }]]) {
      assertFails(() => run(component, { first, second }), "LinkError", message);
    }
  }
  const error = thrown(() =>
    tiers((component, types) => {
      const [one, two] = [component.value(types.ref(u8), [1]), component.value(types.ref(u8), [2])];
      component.export("a", ["value", one], extern.valueEq(two));
      component.export("b", ["value", two]);
    })
  );
  assertEquals(error.name, "CompileError");
  assert(error.message.includes("expected the value that `eq` names, found another value"), error.message);
});

Deno.test("equal values: numbers by their bits, maps by their entries", () => {
  const list: ValType = { kind: "list", element: f64 }, map: ValType = { kind: "map", key: string, value: list };
  for (
    const component of tiers((component, types) => {
      for (const [name, type] of [["list", list], ["map", map]] as const) {
        const value = component.import(name, "value", extern.value(types.ref(type)));
        component.export(`${name}-copy`, ["value", component.import(`${name}-two`, "value", extern.valueEq(value))]);
        component.export(`${name}-out`, ["value", value]);
      }
    })
  ) {
    const given = { list: [NaN, -0, 1], map: new Map([["a", [1]], ["b", []]]) };
    const same = { listTwo: Float64Array.of(NaN, -0, 1), mapTwo: [["a", [1]], ["b", []]] };
    assertEquals(run(component, { ...given, ...same }).exports["listCopy"], Float64Array.of(NaN, -0, 1));
    for (const [name, value] of [["listTwo", [NaN, 0, 1]], ["listTwo", [NaN, -0]], ["mapTwo", [["a", [1]]]]] as const) {
      const message =
        `Cannot link import ${name === "listTwo" ? "list-two" : "map-two"}: it must be equal to the value ` +
        "that its type names";
      assertFails(() => run(component, { ...given, ...same, [name]: value }), "LinkError", message);
    }
  }
});

Deno.test("hostile values are read once, and what they throw comes out", () => {
  for (
    const component of tiers((component, types) => {
      const imported = component.import("env", "value", extern.value(types.ref(point)));
      const func = echo(component, types, point);
      component.export("e", ["value", component.start(func, [imported], 1)!]);
    })
  ) {
    let reads = 0;
    const changing = {
      get firstX() {
        return ++reads;
      },
    };
    assertEquals(run(component, { env: changing }).exports["e"], { firstX: 1, name: undefined });
    assertEquals(reads, 1);
    const boom = new Error("boom");
    const throwing = {
      firstX: 1,
      get name(): string {
        throw boom;
      },
    };
    assertStrictEquals(thrown(() => run(component, { env: throwing })), boom);
    const nested = {
      get firstX(): number {
        return run(component, { env: { firstX: 5 } }).exports["e"].firstX;
      },
    };
    assertEquals(run(component, { env: nested }).exports["e"].firstX, 5);
    assertEquals(run(component, { env: { firstX: 1, name: "\ud800" } }).exports["e"].name, "\ufffd");
  }
});
