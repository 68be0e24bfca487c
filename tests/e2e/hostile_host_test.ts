// Hostile hosts: functions, values, hooks and resources that call back, dispose, abort or throw.
// What lies is in hostile_values_test.ts. Each case: what comes out, with its full message, and
// what becomes of the instance.

import "../support/leaks.ts";
import { assert, assertEquals } from "@std/assert";
import { type Imports, type InstantiateOptions, instantiateSync } from "@windlass/component";
import { instance, thrown } from "../support/wasm.ts";
import { wat } from "../support/wat.ts";
import {
  type Case,
  describe,
  FOLLOWING,
  guest,
  LOWER_GO,
  type Run,
  SAME,
  testAll,
  throwing,
} from "./hostile_support.ts";

const cases: Case[] = [];

const I = "(param i32)";

// Re-entrance, disposing and throwing, from a host function and from what runs while its values are
// lowered.

/**
 * A guest whose `f` takes records and gives them back; for an empty list it asks `go` for others
 * and gives those.
 */
const records = guest({
  defs: `(type $pair' (record (field "name" string) (field "size" u64))) (import "pair" (type $pair (eq $pair')))
    (import "go" (func $go' (result (list $pair))))`,
  lowers: LOWER_GO,
  needs: { go: I },
  f: `(param "x" (list $pair)) (result (list $pair))`,
  core: `(func (export "f") (param i32 i32) (result i32)
    (if (local.get 1)
      (then (i32.store (i32.const 16) (local.get 0)) (i32.store (i32.const 20) (local.get 1)))
      (else (call $go (i32.const 16))))
    (i32.const 16))`,
});
const pairs = [{ name: "é☃", size: 1n }, { name: "", size: 2n ** 64n - 1n }];
/** Ways to run code while values are lowered: each gives `pairs` after it ran `act`. */
const ways: Record<string, (act: () => void) => Iterable<unknown>> = {
  "a getter": (act) => [pairs[0], {
    ...pairs[1],
    get name() {
      return act(), pairs[1]!.name;
    },
  }],
  "an element's getter": (act) => Object.defineProperty([pairs[0], 0], 1, { get: () => (act(), pairs[1]) }),
  "an iterator": function* (act) {
    yield pairs[0];
    act();
    yield pairs[1];
  },
  "a proxy": (act) => pairs.map((pair) => new Proxy(pair, { get: (target, key) => (act(), Reflect.get(target, key)) })),
};
const entered =
  "Trap cannot-enter: Cannot call export f: cannot enter component instance while the call of export f is under way";
const attempts: [name: string, act: (run: Run) => unknown, fails: string][] = [
  ["calls back", ({ exports }) => exports.f([]), entered],
  ["calls another export", ({ exports }) => exports.ping(), entered.replace("export f", "export ping")],
  [
    "disposes of the instance",
    ({ instance }) => instance[Symbol.dispose](),
    "Trap cannot-enter: Cannot dispose instance: cannot enter component instance while the call of export f is under way",
  ],
  ["throws", throwing, "RangeError: the host's own"],
];
const ofArgument = (value: (run: Run) => unknown): Pick<Case, "wat" | "imports" | "run"> => ({
  wat: records,
  imports: () => ({ go: () => [] }),
  run: (run) => run.exports.f(value(run)),
});
const ofResult = (value: (run: Run) => unknown): Pick<Case, "wat" | "imports" | "run"> => ({
  wat: records,
  imports: (run) => ({ go: () => value(run) }),
  run: ({ exports }) => exports.f([]),
});
for (const [what, act, fails] of attempts) {
  // If it is caught where it happens, nothing is lost.
  const caught = (run: Run): void => void (run.noted[0] = describe(thrown(() => act(run))));
  const kept = { gives: pairs, notes: [fails], afterwards: "usable" } as const;
  cases.push(
    { name: `a host function ${what}`, ...ofResult((run) => (act(run), pairs)), fails, afterwards: "locked" },
    { name: `a host function ${what}, and catches that`, ...ofResult((run) => (caught(run), pairs)), ...kept },
  );
  for (const [way, make] of Object.entries(ways)) {
    const flies = (run: Run) => make(() => void act(run)), stays = (run: Run) => make(() => caught(run));
    cases.push(
      { name: `${way} of an argument ${what}`, ...ofArgument(flies), fails, afterwards: "usable" },
      { name: `${way} of an argument ${what}, and catches that`, ...ofArgument(stays), ...kept },
      { name: `${way} of a result ${what}`, ...ofResult(flies), fails, afterwards: "locked" },
      { name: `${way} of a result ${what}, and catches that`, ...ofResult(stays), ...kept },
    );
  }
}
const signalled = {
  options: ({ controller }: Run) => ({ signal: controller.signal }),
  fails: "Error: enough",
  afterwards: "locked",
} as const;
const abort = ({ controller }: Run): void => controller.abort(new Error("enough"));
for (const [what, act] of [["aborts", abort], ["aborts and throws", (run: Run) => (abort(run), throwing())]] as const) {
  cases.push({ name: `a host function ${what}`, ...ofResult((run) => (act(run), pairs)), ...signalled });
  for (const [way, make] of Object.entries(ways)) {
    cases.push(
      { name: `${way} of an argument ${what}`, ...ofArgument((run) => make(() => act(run))), ...signalled },
      { name: `${way} of a result ${what}`, ...ofResult((run) => make(() => act(run))), ...signalled },
    );
  }
}

// Hooks run around every call of a guest, realloc's among them: between the two a length is fixed
// and its bytes stored.

const hook = (action: (run: Run) => unknown) => (run: Run): InstantiateOptions => {
  let calls = 0; // the first is of `ping`, the second of `realloc`
  return { hooks: { callingGuest: () => void (++calls === 2 && action(run)) }, signal: run.controller.signal };
};
const text = {
  wat: guest({ f: `(param "x" string) (result string)`, core: SAME }),
  run: ({ exports }: Run) => exports.f("text"),
};
for (const [what, act, fails] of attempts) {
  cases.push({ ...text, name: `a hook ${what}`, options: hook(act), fails, afterwards: "locked" }, {
    ...text,
    name: `a hook ${what}, and catches that`,
    options: hook((run) => run.noted.push(describe(thrown(() => act(run))))),
    gives: "text",
    notes: [fails],
    afterwards: "usable",
  });
}
cases.push({ ...text, name: "a hook aborts", options: hook(abort), fails: "Error: enough", afterwards: "locked" });
for (const [what, size] of [["grows", 64], ["shrinks", 1]] as const) {
  const buffer = new ArrayBuffer(2, { maxByteLength: 64 });
  const view = new Uint8Array(buffer).fill(5);
  cases.push({
    name: `a hook ${what} the buffer of the list that is being lowered`,
    wat: FOLLOWING,
    options: hook(() => (buffer.resize(size), new Uint8Array(buffer).fill(5))),
    run: ({ exports }) => [...exports.f(view)],
    ...size === 1
      ? { fails: "ValueError type-mismatch: Cannot lower param 1 `x`[1] of export f: expected u8, found undefined" }
      : { gives: [5, 5, 0, 0, 0, 0, 0, 0, 0, 0] },
    afterwards: "usable",
  });
}

// A host's resources: tests and disposals that misbehave.

/** A guest whose `f` takes a host's resource and drops it; `keep` keeps it. */
const tearing = guest({
  defs: `(import "ticket" (type $ticket (sub resource))) (core func $drop (canon resource.drop $ticket))`,
  needs: { drop: I },
  f: `(param "it" (own $ticket))`,
  core: `(func (export "f") (param i32) (call $drop (local.get 0))) (func (export "keep") (param i32))`,
  more: `(func (export "keep") (param "it" (own $ticket)) (canon lift (core func $m "keep")))`,
});
const anything = { is: (_: unknown): _ is unknown => true };
const disposing = (act: (run: Run) => unknown) => (run: Run): unknown => ({ [Symbol.dispose]: () => act(run) });
for (const [what, act, fails] of attempts) {
  cases.push({
    name: `the test of a host's resource ${what}`,
    wat: tearing,
    imports: (run) => ({ ticket: { is: (_: unknown): _ is unknown => (act(run), true) } }),
    run: ({ exports }) => exports.f({}),
    fails,
    afterwards: "usable",
  }, {
    name: `a host's resource ${what} when it is disposed of`,
    wat: tearing,
    imports: () => ({ ticket: anything }),
    run: (run) => run.exports.f(disposing(act)(run)),
    fails,
    afterwards: "locked",
  });
}
const torn: Record<string, unknown> = {
  "a number": 5,
  "an object whose dispose is no function": { [Symbol.dispose]: 5 },
  null: null,
  undefined,
};
for (const [name, value] of Object.entries(torn)) {
  cases.push({
    name: `a host's resource that is ${name}`,
    wat: tearing,
    imports: () => ({ ticket: anything }),
    run: ({ exports }) => exports.f(value),
    gives: undefined,
    afterwards: "usable",
  });
}
cases.push({
  name: "a host function aborts, then disposes of the instance: what the guest holds is disposed of once",
  wat: guest({
    defs: `(import "ticket" (type $ticket (sub resource))) (core func $drop (canon resource.drop $ticket))
      (import "go" (func $go')) (core func $go (canon lower (func $go')))`,
    needs: { drop: I, go: "" },
    f: `(param "it" (own $ticket))`,
    core: `(func (export "f") (param i32) (call $go) (call $drop (local.get 0)))`,
  }),
  options: ({ controller }) => ({ signal: controller.signal }),
  imports: (run) => ({ ticket: anything, go: () => (abort(run), run.instance[Symbol.dispose]()) }),
  run: (run) => run.exports.f(disposing(({ noted }) => noted.push("disposed"))(run)),
  fails: "Error: enough",
  notes: ["disposed"],
  afterwards: "disposed",
}, {
  name: "an onError that throws does not keep the rest from being disposed of",
  wat: tearing,
  imports: () => ({ ticket: anything }),
  options: ({ noted }) => ({ onError: (error) => (noted.push(describe(error)), throwing()) }),
  run: (run) => {
    for (const number of [1, 2, 3]) {
      run.exports.keep({ [Symbol.dispose]: () => (run.noted.push(number), number === 1 ? throwing() : undefined) });
    }
    try {
      run.instance[Symbol.dispose]();
    } catch {
      // may come out, or not
    }
  },
  gives: undefined,
  notes: [1, "RangeError: the host's own", 2, 3],
  afterwards: "disposed",
});

// A guest's resource that is dropped while its values are lowered.
const lending = guest({
  lowers: `(type $hat' (resource (rep i32))) (export $hat "hat" (type $hat')) (core func $new (canon resource.new $hat))
    (type $r' (record (field "a" u8) (field "it" (borrow $hat)) (field "b" u8))) (export $r "r" (type $r'))`,
  f: `(param "x" $r) (result u32)`,
  core: `(func (export "f") (param i32 i32 i32) (result i32) (local.get 1))`,
  more: `(func (export "make") (param "rep" u32) (result (own $hat)) (canon lift (core func $new)))`,
});
cases.push({
  name: "a guest's resource is dropped just before it would be lent",
  wat: lending,
  run: ({ exports }) => {
    const it = exports.make(5);
    return exports.f({
      get a() {
        return it[Symbol.dispose](), 1;
      },
      it,
      b: 1,
    });
  },
  fails: "ValueError dead-resource: Cannot lower param 1 `x`.it of export f: the resource `hat` was dropped",
  afterwards: "usable",
}, {
  name: "a guest's resource is dropped while it is lent",
  wat: lending,
  run: ({ exports, noted }) => {
    const it = exports.make(5);
    return exports.f({
      a: 1,
      it,
      get b() {
        noted.push(describe(thrown(() => it[Symbol.dispose]())));
        return 1;
      },
    });
  },
  gives: 5,
  notes: ["ValueError lent-resource: Cannot drop resource hat: cannot remove owned resource while borrowed"],
  afterwards: "usable",
});

testAll(cases);

// Beyond the table.

Deno.test("hostile: bad arguments to a host function that is exported again use no memory up", async () => {
  const made = await instance(
    `(component (import "f" (func $f (param "s" string) (param "n" u8) (result string))) (export "g" (func $f)))`,
    { f: (text: string) => text } as Imports,
  );
  const long = "x".repeat(100_000), { prototype } = WebAssembly.Memory, { grow } = prototype;
  const refuse = () => assertEquals(thrown(() => made.exports.g!(long, 256)).code, "type-mismatch");
  refuse();
  let grown = 0;
  try {
    prototype.grow = function (pages: number): number {
      grown++;
      return grow.call(this, pages);
    };
    for (let i = 0; i < 10; i++) refuse();
  } finally {
    prototype.grow = grow;
  }
  assertEquals(made.exports.g!("text", 1), "text");
  assertEquals(grown, 0);
});

Deno.test("hostile: a start function cannot swallow a host's exception, nor where no module can be compiled", async () => {
  const bytes = await wat(`(component
    (import "go" (func $go'))
    (core func $go (canon lower (func $go')))
    (core module $M (import "" "go" (func $go))
      (func $start (block $caught (try_table (catch_all $caught) (call $go)))) (start $start))
    (core instance (instantiate $M (with "" (instance (export "go" (func $go)))))))`);
  assertEquals(describe(thrown(() => instantiateSync(bytes, { go: throwing }))), "RangeError: the host's own");
  const worker = `
    import { compileSync, instantiateSync } from ${JSON.stringify(import.meta.resolve("../../mod.ts"))};
    const component = compileSync(new Uint8Array(JSON.parse(Deno.args[0])));
    WebAssembly.Module = class { constructor() { throw new Error("forbidden"); } };
    try {
      instantiateSync(component, { go: () => { throw new RangeError("the host's own"); } });
      console.log("swallowed");
    } catch (error) { console.log(error.name + ": " + error.message); }`;
  const { stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["eval", "--ext=ts", worker, JSON.stringify([...bytes])],
  }).output();
  assertEquals(new TextDecoder().decode(stdout).trim(), "RangeError: the host's own", new TextDecoder().decode(stderr));
  assert(stderr.length === 0);
});
