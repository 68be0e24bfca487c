// `result` between host and guest: a value, an error of the component's, an exception of the host's
// own. Behaviours of bindgen/results.rs, tests/README.md. JS: what is a trap there is an exception
// here, and comes out as the same object.

import { assert, assertEquals } from "@std/assert";
import {
  type Component,
  ComponentError,
  err,
  HostFunc,
  type HostFunction,
  type Imports,
  type Instance,
  instantiateSync,
  Linker,
  ok,
  type Schema,
  t,
  ValueError,
} from "@windlass/component";
import { component, libc, options, thrown } from "../support/wasm.ts";

const HOST = "test:results/host", API = "test:results/api";

const signature = (error: string): string =>
  `(param "n" f64) (result (result f64 ${error === "" ? "" : `(error ${error})`}))`;

/** Imports the host's interface: types by name, later ones made of `$earlier`, and `attempt`. */
function host(types: Readonly<Record<string, string>>, error: string): string {
  const names = Object.keys(types);
  return `(import "${HOST}" (instance $host
      ${
    names.map((name) => `(type $${name}' ${types[name]}) (export "${name}" (type $${name} (eq $${name}')))`).join(" ")
  }
      (export "attempt" (func ${signature(error)}))))
    ${names.map((name) => `(alias export $host "${name}" (type $${name}))`).join(" ")}
    (alias export $host "attempt" (func $attempt))`;
}

/**
 * A component that exports an interface whose functions pass on what the imported functions of
 * these names give.
 */
function passing(imports: string, functions: readonly string[], error: string): Promise<Component> {
  return component(`(component
    ${imports}
    ${libc()}
    ${functions.map((name) => `(core func $${name}' (canon lower (func $${name}) ${options}))`).join("\n")}
    (core module $M
      ${functions.map((name) => `(import "" "${name}" (func $${name} (param f64 i32)))`).join("\n")}
      ${
    functions.map((name) =>
      `(func (export "${name}") (param f64) (result i32) (call $${name} (local.get 0) (i32.const 64)) (i32.const 64))`
    ).join("\n")
  })
    (core instance $m (instantiate $M (with "" (instance
      ${functions.map((name) => `(export "${name}" (func $${name}'))`).join(" ")}))))
    ${
    functions.map((name) =>
      `(func $${name}-lifted ${signature(error)} (canon lift (core func $m "${name}") ${options}))`
    ).join("\n")
  }
    (instance $api ${functions.map((name) => `(export "${name}" (func $${name}-lifted))`).join(" ")})
    (export "${API}" (instance $api)))`);
}

/**
 * A function that gives 0.5 for 0, fails as `fail` does for 1, and throws `fault` for what is
 * neither.
 */
const attempting = (fail: HostFunction, fault: unknown): HostFunction => (n: number) => {
  if (n === 0) return 0.5;
  if (n === 1) return fail();
  throw fault;
};

/** Asserts the three outcomes of a function of the exported interface. */
function assertOutcomes(
  running: Instance,
  name: string,
  error: Schema | null,
  payload: unknown,
  fault: unknown,
  how: string,
): void {
  const plain = running.exports[API][name] as (n: number) => number;
  const type = t.func([t.f64], t.result(t.f64, error));
  const typed = running.func(`${API}#${name}`, type);
  const result = running.func(`${API}#${name}`, type, { throws: false });
  for (const call of [plain, typed]) {
    assertEquals(call(0), 0.5, how);
    const failure = thrown(() => call(1));
    assert(failure instanceof ComponentError, how);
    assertEquals(failure.payload, payload, how);
  }
  assertEquals(result(0), ok(0.5), how);
  assertEquals(result(1), err(payload), how);
  // The host's own exception is no error of the component's: the guest cannot see it, and the
  // instance is locked down.
  assert(thrown(() => result(2)) === fault, how);
  const locked = thrown(() => plain(0));
  assert(locked.code === "cannot-enter" && locked.cause === fault, how);
}

class Refusal extends Error {
  readonly payload: unknown;
  constructor(payload: unknown) {
    super("refused");
    this.payload = payload;
  }
}

class Broken extends Error {}

/** The ways in which a host gives an error. */
const WAYS: Readonly<Record<string, (payload: unknown) => unknown>> = {
  "returns err()": (payload) => err(payload),
  "throws a ComponentError": (payload) => {
    throw new ComponentError(payload);
  },
  "throws an error type of its own": (payload) => {
    throw new Refusal(payload);
  },
  "throws the payload in an object": (payload) => {
    throw { payload };
  },
};

/** Tests every way to give an error, from plain and from typed functions. */
function testOutcomes(
  name: string,
  source: Component,
  error: Schema | null,
  payload: unknown,
  given: readonly unknown[] = [payload],
): void {
  for (const [way, fail] of Object.entries(WAYS)) {
    Deno.test(`${name}: a host that ${way}`, () => {
      for (const value of given) {
        const fault = new Broken("no result at all");
        const attempt = attempting(() => fail(value), fault);
        const running = instantiateSync(source, { [HOST]: { attempt } });
        assertOutcomes(running, "attempt", error, payload, fault, "plain");
        const linker = new Linker();
        const type = t.func([t.f64], t.result(t.f64, error));
        linker.instance(HOST).func("attempt", HostFunc.typed(type, attempt as never));
        assertOutcomes(linker.link(source).instantiateSync(), "attempt", error, payload, fault, "typed");
      }
    });
  }
}

const empty = await passing(host({}, ""), ["attempt"], "");
testOutcomes("bindgen::results::empty_error::run", empty, null, undefined);

testOutcomes(
  "bindgen::results::string_error::run",
  await passing(host({}, "string"), ["attempt"], "string"),
  t.string,
  "números only",
);

const colors = await passing(host({ color: `(enum "red" "dark-green" "blue")` }, "$color"), ["attempt"], "$color");
const color = t.enum(["red", "dark-green", "blue"]);
testOutcomes("bindgen::results::enum_error::run", colors, color, "dark-green");

testOutcomes(
  "bindgen::results::record_error::run",
  await passing(
    host({ fault: `(record (field "line-number" u32) (field "text" string))` }, "$fault"),
    ["attempt"],
    "$fault",
  ),
  t.record({ lineNumber: t.u32, text: t.string }),
  { lineNumber: 420, text: "here" },
  [{ lineNumber: 420, text: "here" }, { text: "here", "line-number": 420, more: true }],
);

testOutcomes(
  "bindgen::results::variant_error::run",
  await passing(
    host({
      color: `(enum "red" "dark-green" "blue")`,
      place: `(record (field "line" u32) (field "column" u32))`,
      fault: `(variant (case "colored" $color) (case "at-place" $place) (case "unknown"))`,
    }, "$fault"),
    ["attempt"],
    "$fault",
  ),
  t.variant({ colored: color, "at-place": t.record({ line: t.u32, column: t.u32 }), unknown: null }),
  { tag: "at-place", val: { line: 420, column: 1312 } },
);

// JS: there is no conversion to write. What does not fit the component's error type is a
// ValueError, like any other value.
Deno.test("bindgen::results::enum_error::run: a payload that is no case is refused", () => {
  for (const [way, fail] of Object.entries(WAYS)) {
    const running = instantiateSync(colors, { [HOST]: { attempt: attempting(() => fail("pink"), undefined) } });
    const error = thrown(() => running.exports[API].attempt(1));
    assert(error instanceof ValueError, way);
    assertEquals(
      error.message,
      `Cannot lower result.err of import ${HOST}#attempt: unknown variant case \`pink\`, expected enum { red, dark-green, blue }`,
    );
  }
});

Deno.test("bindgen::results::multiple_interfaces_error::run: two interfaces share an error type", async () => {
  const source = await passing(
    `${host({ color: `(enum "red" "dark-green" "blue")` }, "$color")}
     (import "test:results/other" (instance $other
       (export "color" (type $c (eq $color))) (export "again" (func ${signature("$c")}))))
     (alias export $other "again" (func $again))`,
    ["attempt", "again"],
    "$color",
  );
  for (const [way, fail] of Object.entries(WAYS)) {
    for (const [name, payload] of [["attempt", "red"], ["again", "blue"]] as const) {
      const fault = new Broken("no result at all");
      const imports: Imports = {
        [HOST]: { attempt: attempting(() => fail("red"), fault) },
        "test:results/other": { again: attempting(() => fail("blue"), fault) },
      };
      assertOutcomes(instantiateSync(source, imports), name, color, payload, fault, way);
    }
  }
});

Deno.test("bindgen::results::with_remapping::run: one implementation with its types serves many linkers", () => {
  // JS: nothing is generated, so nothing is mapped: types and functions are values, and go where
  // they are wanted.
  const shared = { type: t.func([t.f64], t.result(t.f64)), faults: [] as Error[] };
  const attempt = HostFunc.typed(shared.type, (n) => {
    if (n === 0) return 0.5;
    if (n === 1) return err();
    const fault = new Broken("no result at all");
    shared.faults.push(fault);
    throw fault;
  });
  const one = new Linker();
  one.instance(HOST).func("attempt", attempt);
  const two = new Linker().define({ [HOST]: { attempt } });
  for (const linker of [one, two]) {
    const call = linker.link(empty).instantiateSync().func(`${API}#attempt`, shared.type);
    assertEquals(call(0), 0.5);
    const failure = thrown(() => call(1));
    assert(failure instanceof ComponentError && failure.payload === undefined);
    const fault = thrown(() => call(2));
    assert(fault === shared.faults.at(-1));
  }
  assertEquals(shared.faults.length, 2);
});
