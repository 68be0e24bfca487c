// Worlds as plain objects: exports are called, imports are functions and classes, by the names that
// WIT gives them. Behaviours of bindgen.rs and bindgen/ownership.rs, tests/README.md. JS: nothing
// is generated; `exports` and import objects are the bindings.

import { assert, assertEquals } from "@std/assert";
import { type Component, HostFunc, type Imports, instantiateSync, Linker, t } from "@windlass/component";
import { assertFails, component, instance, libc, options, thrown } from "../support/wasm.ts";
import { named } from "./linking_support.ts";

Deno.test("bindgen::no_imports::run: functions of the world and of its interfaces are called, in each instance", async () => {
  const source = await component(`(component
    (core module $M
      (global $calls (mut i32) (i32.const 0))
      (func (export "call") (result i32)
        (global.set $calls (i32.add (global.get $calls) (i32.const 1))) (global.get $calls)))
    (core instance $m (instantiate $M))
    (func $call (result u32) (canon lift (core func $m "call")))
    (export "call-it" (func $call))
    (instance $api (export "call-it" (func $call)))
    (export "api" (instance $api)))`);
  const linked = new Linker().link(source);
  const [one, two] = [linked.instantiateSync(), linked.instantiateSync()];
  assertEquals([one.exports.callIt(), one.exports.api.callIt()], [1, 2]);
  const type = t.func([], t.u32);
  assertEquals([two.func("call-it", type)(), two.func("api#call-it", type)()], [1, 2]);
  assertEquals(one.exports.callIt(), 3);
});

Deno.test("bindgen::one_import::run: a host's function is called, with the object it was found on", async () => {
  const source = await component(`(component
    (import "host" (instance $i (export "hit-it" (func))))
    (core func $f (canon lower (func $i "hit-it")))
    (core module $M (import "" "f" (func $f)) (export "f" (func $f)))
    (core instance $m (instantiate $M (with "" (instance (export "f" (func $f))))))
    (func (export "run") (canon lift (core func $m "f"))))`);
  class Host {
    hits = 0;
    hitIt(): void {
      this.hits++;
    }
  }
  const host = new Host();
  const { exports } = instantiateSync(source, { host: host as never });
  exports.run();
  exports.run();
  assertEquals(host.hits, 2);
});

// Resources of the host.

/**
 * Drops the resource it is given, then one that it makes; `$x` and `$new` come from what is
 * imported.
 */
const dropsTwo = (imported: string, exported: string) =>
  `(component
  ${imported}
  (core func $drop (canon resource.drop $x))
  (core func $new' (canon lower (func $new)))
  (core module $M
    (import "" "new" (func $new (result i32)))
    (import "" "drop" (func $drop (param i32)))
    (func (export "run") (param i32) (call $drop (local.get 0)) (call $drop (call $new))))
  (core instance $m (instantiate $M (with "" (instance (export "new" (func $new')) (export "drop" (func $drop))))))
  (func $run (param "x" (own $x)) (canon lift (core func $m "run")))
  ${exported})`;

/** A class that writes down what happens to its objects. */
function makeThing() {
  const log: string[] = [];
  let made = 0;
  class Thing {
    readonly #name: string;
    constructor(name = `made ${++made}`) {
      this.#name = name;
      log.push(`new ${name}`);
    }
    [Symbol.dispose](): void {
      log.push(`drop ${this.#name}`);
    }
  }
  return { Thing, log };
}

Deno.test("bindgen::resources_at_world_level::run: a class at the root is constructed and disposed of", async () => {
  const source = await component(dropsTwo(
    `(import "thing" (type $x (sub resource))) (import "[constructor]thing" (func $new (result (own $x))))`,
    `(export "run" (func $run))`,
  ));
  const { Thing, log } = makeThing();
  for (const linker of [new Linker().define({ Thing }), new Linker().resource("thing", Thing)]) {
    const { exports } = linker.link(source).instantiateSync();
    exports.run(new Thing("given"));
    assertEquals(log.splice(0).map((line) => line.replace(/\d/, "n")), [
      "new given",
      "drop given",
      "new made n",
      "drop made n",
    ]);
  }
});

Deno.test("bindgen::resources_at_interface_level::run: a class in an interface serves another interface that uses it", async () => {
  const source = await component(dropsTwo(
    `(import "demo:things/def" (instance $def
       (export "thing" (type $t (sub resource))) (export "[constructor]thing" (func (result (own $t))))))
     (alias export $def "thing" (type $x)) (alias export $def "[constructor]thing" (func $new))`,
    `(instance $user (export "run" (func $run))) (export "demo:things/user" (instance $user))`,
  ));
  const { Thing, log } = makeThing();
  const running = instantiateSync(source, { "demo:things/def": { Thing } });
  running.exports["demo:things/user"].run(new Thing("given"));
  assertEquals(log.splice(0), ["new given", "drop given", "new made 1", "drop made 1"]);
  const typed = running.func("demo:things/user#run", t.func([t.own(t.resource("thing", Thing))]));
  typed(new Thing("typed"));
  assertEquals(log, ["new typed", "drop typed", "new made 2", "drop made 2"]);
});

/**
 * A guest's `pot`, made from a host's `seed`: the constructor drops the seed and keeps one that the
 * host makes, the destructor drops that.
 * Besides, `second` drops the first of two `label`s and gives the second back.
 */
const POTS = `(component
  (import "demo:pots/seeds" (instance $seeds
    (export "seed" (type $s (sub resource))) (export "[constructor]seed" (func (result (own $s))))))
  (alias export $seeds "seed" (type $seed))
  (import "label" (type $label (sub resource)))
  (core func $seed-new (canon lower (func $seeds "[constructor]seed")))
  (core func $seed-drop (canon resource.drop $seed))
  (core func $label-drop (canon resource.drop $label))
  (core module $Dtor
    (type $t (func (param i32)))
    (table (export "table") 1 funcref)
    (func (export "dtor") (param i32) (call_indirect (type $t) (local.get 0) (i32.const 0))))
  (core instance $dtor (instantiate $Dtor))
  (type $pot' (resource (rep i32) (dtor (core func $dtor "dtor"))))
  (core func $pot-new (canon resource.new $pot'))
  (core module $M
    (import "" "table" (table 1 funcref))
    (import "" "seed-new" (func $seed-new (result i32)))
    (import "" "seed-drop" (func $seed-drop (param i32)))
    (import "" "label-drop" (func $label-drop (param i32)))
    (import "" "pot-new" (func $pot-new (param i32) (result i32)))
    (elem (i32.const 0) $dtor)
    (func (export "make") (param i32) (result i32)
      (call $seed-drop (local.get 0))
      (call $pot-new (call $seed-new)))
    (func (export "water") (param i32 i32) (result i32) (i32.add (local.get 0) (local.get 1)))
    (func $dtor (param i32) (call $seed-drop (local.get 0)))
    (func (export "second") (param i32 i32) (result i32) (call $label-drop (local.get 0)) (local.get 1)))
  (core instance $m (instantiate $M (with "" (instance
    (export "table" (table $dtor "table")) (export "seed-new" (func $seed-new)) (export "seed-drop" (func $seed-drop))
    (export "label-drop" (func $label-drop)) (export "pot-new" (func $pot-new))))))
  (func $make (param "seed" (own $seed)) (result (own $pot')) (canon lift (core func $m "make")))
  (func $water (param "self" (borrow $pot')) (param "n" u32) (result u32) (canon lift (core func $m "water")))
  (component $Pots
    (import "seed" (type $seed (sub resource)))
    (import "pot" (type $p (sub resource)))
    (import "make" (func $make (param "seed" (own $seed)) (result (own $p))))
    (import "water" (func $water (param "self" (borrow $p)) (param "n" u32) (result u32)))
    (export $pot "pot" (type $p))
    (export "[constructor]pot" (func $make) (func (param "seed" (own $seed)) (result (own $pot))))
    (export "[method]pot.water-it" (func $water) (func (param "self" (borrow $pot)) (param "n" u32) (result u32))))
  (instance $pots (instantiate $Pots
    (with "seed" (type $seed)) (with "pot" (type $pot')) (with "make" (func $make)) (with "water" (func $water))))
  (export "pots" (instance $pots))
  (func (export "second") (param "a" (own $label)) (param "b" (own $label)) (result (own $label))
    (canon lift (core func $m "second"))))`;

Deno.test("bindgen::exported_resources::run: a guest's class, with the host's resources it takes, keeps and drops", async () => {
  const [seeds, labels] = [makeThing(), makeThing()];
  const { Thing: Seed } = seeds, { Thing: Label } = labels;
  const running = instantiateSync(await component(POTS), { "demo:pots/seeds": { Seed }, Label });
  const { second, pots: { Pot } } = running.exports;
  const [a, b] = [new Label("a"), new Label("b")];
  labels.log.splice(0);
  assert(second(a, b) === b);
  assertEquals(labels.log.splice(0), ["drop a"]);
  assert(second(b, b) === b); // a host's object may be held by several handles
  assertEquals(labels.log, ["drop b"]);

  const seed = new Seed("given");
  seeds.log.splice(0);
  const pot = new Pot(seed);
  assert(pot instanceof Pot);
  assertEquals(seeds.log.splice(0), ["drop given", "new made 1"]);
  const watered = pot.waterIt(10);
  assertEquals(pot.waterIt(11), watered + 1);
  assertEquals(
    running.func("pots#[method]pot.water-it", t.func([t.borrow(t.resource("pot", Pot)), t.u32], t.u32))(pot, 12),
    watered + 2,
  );
  assertEquals(seeds.log, []);
  pot[Symbol.dispose]();
  assertEquals(seeds.log, ["drop made 1"]);
  pot[Symbol.dispose]();
  assertEquals(seeds.log, ["drop made 1"]);
  assertFails(
    () => pot.waterIt(1),
    "ValueError",
    "Cannot lower param 1 `self` of export pots#[method]pot.water-it: the resource `pot` was dropped",
  );
});

// Features and failures.

// JS: nothing is generated from `@unstable`; a host that has gates defines what they open, and what
// is not defined fails the link.
Deno.test("bindgen::unstable_import::run: it links only if the host's options define every part", async () => {
  const source = await component(`(component
    (import "demo:gates/trial" (instance $i (export "try-it" (func))))
    (core func $f (canon lower (func $i "try-it")))
    (func (export "run") (canon lift (core func $f))))`);
  interface Gates {
    readonly trialImport?: boolean;
    readonly trialInterface?: boolean;
    readonly trialFunction?: boolean;
  }
  let calls = 0;
  const link = ({ trialImport, trialInterface, trialFunction }: Gates) => {
    const linker = new Linker();
    if (trialImport && trialInterface) {
      const trial = linker.instance("demo:gates/trial");
      if (trialFunction) trial.func("try-it", () => void calls++);
    }
    return linker.link(source).instantiateSync();
  };
  for (let bits = 0; bits < 7; bits++) {
    const gates = { trialImport: (bits & 1) > 0, trialInterface: (bits & 2) > 0, trialFunction: (bits & 4) > 0 };
    const error = thrown(() => link(gates));
    assertEquals(`${error.name} ${error.code}`, "LinkError missing-import", JSON.stringify(gates));
    assertEquals(error.path, "demo:gates/trial#try-it");
  }
  link({ trialImport: true, trialInterface: true, trialFunction: true }).exports.run();
  assertEquals(calls, 1);
});

Deno.test("bindgen::anyhow_errors::run: a value passes, a host's exception comes out as the same object", async () => {
  const source = await component(`(component
    (import "demo:fails/host" (instance $i (export "works" (func (result u32))) (export "fails" (func (result u32)))))
    (core func $works (canon lower (func $i "works")))
    (core func $fails (canon lower (func $i "fails")))
    (core module $M
      (import "" "works" (func $works (result i32))) (import "" "fails" (func $fails (result i32)))
      (func (export "works") (result i32) (call $works)) (func (export "fails") (result i32) (call $fails)))
    (core instance $m (instantiate $M (with "" (instance (export "works" (func $works)) (export "fails" (func $fails))))))
    (func (export "works") (result u32) (canon lift (core func $m "works")))
    (func (export "fails") (result u32) (canon lift (core func $m "fails"))))`);
  // Anything can be thrown; without a `result` none of it is the component's error, a payload or
  // not.
  for (const fault of [new Error("of the host"), "a string", undefined, { payload: 5 }]) {
    const { exports } = instantiateSync(source, {
      "demo:fails/host": {
        works: () => 42,
        fails: () => {
          throw fault;
        },
      },
    });
    assertEquals(exports.works(), 42);
    let caught: unknown = "nothing";
    try {
      exports.fails();
    } catch (error) {
      caught = error;
    }
    assert(caught === fault);
    assertEquals(thrown(() => exports.works()).code, "cannot-enter");
  }
});

// Named imports.

const STORE =
  `(export "get" (func (param "key" u32) (result u32))) (export "set" (func (param "key" u32) (param "value" u32)))`;

/**
 * Writes 1 to `primary` and 2 to `secondary` under one key, and gives what each of them reads then.
 */
const stores = (implemented: string) =>
  `(component
  (import "primary" (implements "${implemented}") (instance $p ${STORE}))
  (import "secondary" (implements "${implemented}") (instance $s ${STORE}))
  (core func $p-get (canon lower (func $p "get"))) (core func $p-set (canon lower (func $p "set")))
  (core func $s-get (canon lower (func $s "get"))) (core func $s-set (canon lower (func $s "set")))
  (core module $M
    (import "p" "get" (func $p-get (param i32) (result i32))) (import "p" "set" (func $p-set (param i32 i32)))
    (import "s" "get" (func $s-get (param i32) (result i32))) (import "s" "set" (func $s-set (param i32 i32)))
    (func (export "run") (result i32)
      (call $p-set (i32.const 7) (i32.const 1))
      (call $s-set (i32.const 7) (i32.const 2))
      (i32.add (i32.mul (call $p-get (i32.const 7)) (i32.const 10)) (call $s-get (i32.const 7))))
    (func (export "must-differ") (if (i32.eq (call $p-get (i32.const 7)) (call $s-get (i32.const 7))) (then (unreachable)))))
  (core instance $m (instantiate $M
    (with "p" (instance (export "get" (func $p-get)) (export "set" (func $p-set))))
    (with "s" (instance (export "get" (func $s-get)) (export "set" (func $s-set))))))
  (func (export "run") (result u32) (canon lift (core func $m "run")))
  (func (export "must-differ") (canon lift (core func $m "must-differ"))))`;

/** A store of its own. */
function store(): { readonly get: (key: number) => number; readonly set: (key: number, value: number) => void } {
  const values = new Map<number, number>();
  return { get: (key) => values.get(key) ?? 0, set: (key, value) => void values.set(key, value) };
}

const NAME = "demo:data/store";
const storeComponent: Component = await component(stores(NAME));

Deno.test("bindgen::implements::add_to_linker_can_instantiate: one host serves both named imports, and the guest can tell", async () => {
  const opened = new Linker();
  const { get, set } = store();
  opened.instance(NAME).func("get", get).func("set", set);
  for (const linker of [new Linker().define({ [NAME]: store() }), opened]) {
    const { exports } = linker.link(storeComponent).instantiateSync();
    assertEquals(exports.run(), 22);
    assertEquals(thrown(() => exports.mustDiffer()).code, "guest-trap");
  }
  // By version too, as every import.
  const versioned = await component(stores(`${NAME}@1.2.0`));
  assertEquals(instantiateSync(versioned, { [`${NAME}@1.3.0`]: store() }).exports.run(), 22);
});

Deno.test("bindgen::implements::add_to_linker_instance_can_instantiate: named imports are routed to two hosts", () => {
  const { exports } = instantiateSync(storeComponent, { primary: store(), secondary: store() });
  assertEquals(exports.run(), 12);
  exports.mustDiffer();
  const linker = new Linker();
  for (const name of ["primary", "secondary"]) {
    const { get, set } = store();
    linker.instance(name).func("get", get).func("set", set);
  }
  assertEquals(linker.link(storeComponent).instantiateSync().exports.run(), 12);
});

Deno.test("bindgen::implements::add_to_linker_instance_can_instantiate: a name of its own wins over the interface", () => {
  const shared = store(), own = store();
  const { exports } = instantiateSync(storeComponent, { secondary: own, [NAME]: shared });
  assertEquals(exports.run(), 12);
  assertEquals([shared.get(7), own.get(7)], [1, 2]);
});

Deno.test("bindgen::implements::add_to_linker_instance_can_instantiate: what serves neither fails the link by the import's name", () => {
  const fails = (imports: Imports) => {
    const { name, code, path } = thrown(() => instantiateSync(storeComponent, imports));
    return [name, code, path];
  };
  const missing = (path: string) => ["LinkError", "missing-import", path];
  assertEquals(fails({}), missing("primary#get"));
  assertEquals(fails({ primary: store() }), missing("secondary#get"));
  assertEquals(fails({ [`${NAME}@1.0.0`]: store() }), missing("primary#get"));
});

Deno.test("bindgen::named_imports::ids_are_threaded_through: a typed function is told which named import called it", () => {
  const values = new Map<string, number>();
  const calls: string[] = [];
  const linker = new Linker();
  linker.instance(NAME)
    .func(
      "get",
      HostFunc.typed(t.func([t.u32], t.u32), (caller, key) => {
        calls.push(`${caller.import} ${caller.func}`);
        return values.get(`${caller.import} ${key}`)!;
      }, { caller: true }),
    )
    .func(
      "set",
      HostFunc.typed(t.func([t.u32, t.u32]), (caller, key, value) => {
        calls.push(`${caller.import} ${caller.func}`);
        values.set(`${caller.import} ${key}`, value);
      }, { caller: true }),
    );
  assertEquals(linker.link(storeComponent).instantiateSync().exports.run(), 12);
  assertEquals(calls, ["primary set", "secondary set", "primary get", "secondary get"]);
});

Deno.test("bindgen::named_imports::ids_are_threaded_through: a dynamic function is made once for each named import", () => {
  const hosts: Record<string, ReturnType<typeof store>> = { primary: store(), secondary: store() };
  const made: string[] = [];
  const route = HostFunc.dynamic((name) => {
    made.push(name);
    const [host, func] = name.split("#") as [string, "get" | "set"];
    return hosts[host]![func];
  });
  const linker = new Linker().define({ [NAME]: { get: route, set: route } });
  assertEquals(linker.link(storeComponent).instantiateSync().exports.run(), 12);
  assertEquals(made.toSorted(), ["primary#get", "primary#set", "secondary#get", "secondary#set"]);
});

Deno.test("bindgen::named_imports::lookup_error_is_propagated: what make throws comes out of link", () => {
  const fault = new Error("no such store");
  const route = HostFunc.dynamic((name) => {
    if (name.startsWith("secondary")) throw fault;
    return () => 0;
  });
  const linker = new Linker().define({ [NAME]: { get: route, set: route } });
  assert(thrown(() => linker.link(storeComponent)) === fault);
});

const COUNTER = (x: string) =>
  `(export "counter" (type $${x} (sub resource)))
  (export "[constructor]counter" (func (param "start" u32) (result (own $${x}))))
  (export "[method]counter.value" (func (param "self" (borrow $${x})) (result u32)))
  (export "[method]counter.add" (func (param "self" (borrow $${x})) (param "n" u32)))
  (export "[static]counter.sum" (func (param "a" u32) (param "b" u32) (result u32)))
  (export "base" (func (result u32)))`;
const MEMBERS: readonly (readonly [string, string, string])[] = [
  ["new", "[constructor]counter", "(param i32) (result i32)"],
  ["value", "[method]counter.value", "(param i32) (result i32)"],
  ["add", "[method]counter.add", "(param i32 i32)"],
  ["sum", "[static]counter.sum", "(param i32 i32) (result i32)"],
  ["base", "base", "(result i32)"],
  ["drop", "", "(param i32)"],
];

/**
 * `run-p` and `run-s` make a counter at `start`, add 5, and give its value + sum(3, 4) + base,
 * dropping it.
 */
const COUNTERS = `(component
  ${
  ["p", "s"].map((x) => `
    (import "${x === "p" ? "primary" : "secondary"}" (implements "demo:data/counters") (instance $${x} ${COUNTER("c")}))
    (alias export $${x} "counter" (type $${x}-counter))
    ${
    MEMBERS.map(([name, wit]) =>
      name === "drop"
        ? `(core func $${x}-drop (canon resource.drop $${x}-counter))`
        : `(core func $${x}-${name} (canon lower (func $${x} "${wit}")))`
    ).join("\n")
  }`).join("\n")
}
  (core module $M
    ${MEMBERS.map(([name, , type]) => `(import "" "${name}" (func $${name} ${type}))`).join("\n")}
    (func (export "run") (param $start i32) (result i32) (local $counter i32) (local $sum i32)
      (local.set $counter (call $new (local.get $start)))
      (call $add (local.get $counter) (i32.const 5))
      (local.set $sum (i32.add (i32.add (call $value (local.get $counter)) (call $sum (i32.const 3) (i32.const 4))) (call $base)))
      (call $drop (local.get $counter))
      (local.get $sum)))
  ${
  ["p", "s"].map((x) => `
    (core instance $m-${x} (instantiate $M (with "" (instance
      ${MEMBERS.map(([name]) => `(export "${name}" (func $${x}-${name}))`).join(" ")}))))
    (func (export "run-${x}") (param "start" u32) (result u32) (canon lift (core func $m-${x} "run")))`).join("\n")
})`;

/** A counter whose class knows the named import it is for. */
function makeCounter(id: number, log: string[]) {
  return class Counter {
    #value: number;
    constructor(start: number) {
      this.#value = start;
      log.push(`${id} new`);
    }
    value(): number {
      return this.#value;
    }
    add(n: number): void {
      this.#value += n;
    }
    static sum(a: number, b: number): number {
      log.push(`${id} sum`);
      return a + b;
    }
    [Symbol.dispose](): void {
      log.push(`${id} drop ${this.#value}`);
    }
  };
}

Deno.test("bindgen::named_imports_resources::resource_ids_are_threaded_through: each named import has its own class", async () => {
  const log: string[] = [];
  const { exports } = instantiateSync(await component(COUNTERS), {
    primary: { Counter: makeCounter(1, log), base: () => 300 },
    secondary: { Counter: makeCounter(2, log), base: () => 4000 },
  });
  assertEquals(exports.runP(10), 10 + 5 + 7 + 300);
  assertEquals(log.splice(0), ["1 new", "1 sum", "1 drop 15"]);
  assertEquals(exports.runS(100), 100 + 5 + 7 + 4000);
  assertEquals(log, ["2 new", "2 sum", "2 drop 105"]);
});

// JS: dropping calls the object's own `[Symbol.dispose]`, which is told nothing: an object that
// needs to know was told when it was made.
Deno.test("bindgen::named_imports_resources::resource_ids_are_threaded_through: one host is told which import calls its members", async () => {
  class Counter {
    readonly id: string;
    value: number;
    constructor(id: string, value: number) {
      this.id = id;
      this.value = value;
    }
    [Symbol.dispose](): void {
      log.push(`${this.id} drop ${this.value}`);
    }
  }
  const log: string[] = [];
  const counter = t.resource("counter", Counter), self = t.borrow(counter), told = { caller: true } as const;
  const linker = new Linker<{ readonly bases: Readonly<Record<string, number>> }>();
  const note = (caller: { readonly import: string; readonly func: string }) =>
    log.push(`${caller.import} ${caller.func}`);
  linker.instance("demo:data/counters")
    .resource("counter", Counter)
    .func(
      "[constructor]counter",
      HostFunc.typed(
        t.func([t.u32], t.own(counter)),
        (caller, start) => (note(caller), new Counter(caller.import, start)),
        told,
      ),
    )
    .func(
      "[method]counter.value",
      HostFunc.typed(t.func([self], t.u32), (caller, me) => (note(caller), me.value), told),
    )
    .func(
      "[method]counter.add",
      HostFunc.typed(t.func([self, t.u32]), (caller, me, n) => {
        note(caller);
        me.value += n;
      }, told),
    )
    .func(
      "[static]counter.sum",
      HostFunc.typed(t.func([t.u32, t.u32], t.u32), (caller, a, b) => (note(caller), a + b), told),
    )
    .func(
      "base",
      HostFunc.typed(
        t.func([], t.u32),
        (
          caller: { data: { readonly bases: Readonly<Record<string, number>> }; import: string; func: string },
        ) => (note(caller), caller.data.bases[caller.import]!),
        told,
      ),
    );
  const bases = { primary: 300, secondary: 4000 };
  const { exports } = linker.link(await component(COUNTERS)).instantiateSync({ data: { bases } });
  for (const [run, name, start] of [["runP", "primary", 10], ["runS", "secondary", 100]] as const) {
    assertEquals(exports[run](start), start + 5 + 7 + bases[name]);
    assertEquals(log.splice(0), [
      `${name} [constructor]counter`,
      `${name} [method]counter.add`,
      `${name} [method]counter.value`,
      `${name} [static]counter.sum`,
      `${name} base`,
      `${name} drop ${start + 5}`,
    ]);
  }
});

// Ownership.

// JS: values are copied both ways, so there is one way to own them: what is given stays the
// caller's, what comes back is new.
Deno.test("bindgen::ownership::owning: one shape of value for parameters and results, copied both ways", async () => {
  const { exports } = await instance(`(component
    ${named("thing", `(record (field "name" string) (field "value-list" (list string)))`)}
    ${
    libc(`
      (func (export "two") (param i32 i32) (result i32)
        (i32.store offset=64 (i32.const 0) (local.get 0)) (i32.store offset=68 (i32.const 0) (local.get 1)) (i32.const 64))
      (func (export "four") (param i32 i32 i32 i32) (result i32)
        (i32.store offset=64 (i32.const 0) (local.get 0)) (i32.store offset=68 (i32.const 0) (local.get 1))
        (i32.store offset=72 (i32.const 0) (local.get 2)) (i32.store offset=76 (i32.const 0) (local.get 3)) (i32.const 64))
      (func (export "last") (param i32 i32 i32 i32) (result i32) (local.get 3))`)
  }
    (func $lists (param "x" (list (list string))) (result (list (list string))) (canon lift (core func $libc "two") ${options}))
    (func $in (param "x" $thing) (result u32) (canon lift (core func $libc "last") ${options}))
    (func $both (param "x" $thing) (result $thing) (canon lift (core func $libc "four") ${options}))
    (instance $api (export "lists" (func $lists)) (export "count" (func $in)) (export "echo" (func $both)))
    (export "api" (instance $api)))`);
  const lists = [["a", "b"], [], ["ç"]];
  const listsBack = exports.api.lists(lists);
  assertEquals(listsBack, lists);
  const thing = { name: "thing 1", valueList: ["some value", "another"] };
  assertEquals(exports.api.count(thing), 2);
  const back = exports.api.echo(thing);
  assertEquals(back, thing);
  back.valueList.push("more");
  listsBack[0].push("c");
  assertEquals([thing.valueList.length, lists[0]!.length], [2, 2]);
  assertEquals(exports.api.echo(back), back); // what came back is given as it is
  // Nothing that was given is changed, so that what is frozen can be given.
  assertEquals(exports.api.echo(Object.freeze({ name: "f", valueList: Object.freeze(["v"]) })), {
    name: "f",
    valueList: ["v"],
  });
});
