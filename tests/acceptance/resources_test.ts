// Resource types, their identity, and how resources are made, passed and dropped: the section
// resources.rs of the acceptance list. The lines about borrows and about what a host may pass are
// in resources_borrow_test.ts.

import { assert, assertEquals, assertNotStrictEquals, assertStrictEquals } from "@std/assert";
import { type Instance, instantiateSync, type ResourceClass, t, Trap, ValueError } from "@windlass/component";
import { assertFails, component, instance, thrown } from "../support/wasm.ts";
import { core, defined, lift, Ticket } from "./resources_support.ts";

class Voucher {}

/** A component that imports the resource type `$r`, and exports what it was given. */
const relay = `(component $Relay (import "x" (type $x (sub resource))) (export "y" (type $x)))`;

Deno.test("resources::host_resource_types: every way to an imported type leads to the host's class", async () => {
  const { exports } = await instance(
    `(component
      (import "ticket" (type $ticket (sub resource)))
      (import "voucher" (type $voucher (sub resource)))
      (export "first" (type $ticket)) (export "second" (type $ticket)) (export "third" (type $voucher))
      ${relay}
      (instance $a (instantiate $Relay (with "x" (type $ticket))))
      (instance $b (instantiate $Relay (with "x" (type $ticket))))
      (instance $c (instantiate $Relay (with "x" (type $voucher))))
      (export "via-a" (type $a "y")) (export "via-b" (type $b "y")) (export "via-c" (type $c "y")))`,
    { ticket: Ticket, voucher: Voucher },
  );
  for (const name of ["First", "Second", "ViaA", "ViaB"]) assertStrictEquals(exports[name], Ticket, name);
  for (const name of ["Third", "ViaC"]) assertStrictEquals(exports[name], Voucher, name);
});

Deno.test("resources::guest_resource_types: a definition is one class however often it is exported, two are two", async () => {
  const text = `(component
    (type $left (resource (rep i32))) (type $right (resource (rep i32)))
    (export "first" (type $left)) (export "second" (type $left))
    (export "third" (type $right)) (export "fourth" (type $right))
    ${relay}
    (instance $a (instantiate $Relay (with "x" (type $left))))
    (instance $b (instantiate $Relay (with "x" (type $left))))
    (export "via-a" (type $a "y")) (export "via-b" (type $b "y")))`;
  const made = await component(text);
  const { exports } = instantiateSync(made);
  assertEquals(typeof exports.First, "function");
  for (const name of ["Second", "ViaA", "ViaB"]) assertStrictEquals(exports[name], exports.First, name);
  assertStrictEquals(exports.Third, exports.Fourth);
  assertNotStrictEquals(exports.Third, exports.First);
  // Each instance defines its resources anew.
  assertNotStrictEquals(instantiateSync(made).exports.First, exports.First);
});

const twoKinds = await component(`(component
  ${defined("coat", "hat")}
  (core func $new-coat (canon resource.new $coat)) (core func $drop-coat (canon resource.drop $coat))
  (core func $new-hat (canon resource.new $hat)) (core func $drop-hat (canon resource.drop $hat))
  ${lift("[constructor]coat", `(param "size" u32) (result (own $coat))`, "$new-coat")}
  ${lift("[constructor]hat", `(param "size" u32) (result (own $hat))`, "$new-hat")}
  ${lift("burn-coat", `(param "it" (own $coat))`, "$drop-coat")}
  ${lift("burn-hat", `(param "it" (own $hat))`, "$drop-hat")})`);

Deno.test("resources::resource_any: objects know their class; a consumed one stays dead when its index is used again", () => {
  const { exports } = instantiateSync(twoKinds);
  const { Coat, Hat, burnCoat, burnHat } = exports;
  const coats = [new Coat(52), new Coat(54)], hats = [new Hat(60), new Hat(62)];
  assert(coats.every((coat) => coat instanceof Coat && !(coat instanceof Hat)));
  assert(hats.every((hat) => hat instanceof Hat && !(hat instanceof Coat)));
  for (const hat of hats.toReversed()) burnHat(hat);
  for (const coat of coats) burnCoat(coat);
  for (const Next of [Hat, Coat]) {
    const gone = new Coat(1);
    burnCoat(gone);
    const kept = new Next(2); // has the index that `gone` had
    assertFails(
      () => burnCoat(gone),
      "ValueError",
      "Cannot lower param 1 `it` of export burn-coat: the resource `coat` was given away",
    );
    (Next === Hat ? burnHat : burnCoat)(kept); // a host's mistake takes nothing from others, and locks nothing down
  }
});

Deno.test("resources::mismatch_intrinsics: resource.new of another type makes a handle that cannot be lifted", async () => {
  const { exports } = await instance(`(component
    ${defined("coat", "hat")}
    (core func $new (canon resource.new $hat))
    ${lift("make", `(param "size" u32) (result (own $coat))`, "$new")})`);
  assertFails(
    () => exports.make(3),
    "Trap",
    "Cannot lift result of export make: handle index 1 used with the wrong type, " +
      "expected guest-defined resource but found a different guest-defined resource",
  );
  assertEquals(thrown(() => exports.make(3)).code, "cannot-enter");
});

Deno.test("resources::mismatch_resource_types: an object of another type is refused before the guest sees it", () => {
  const { exports } = instantiateSync(twoKinds);
  const coat = new exports.Coat(50);
  const error = thrown(() => exports.burnHat(coat));
  assert(error instanceof ValueError);
  assertEquals(
    error.message,
    "Cannot lower param 1 `it` of export burn-hat: expected resource `hat`, found an instance of Coat",
  );
  exports.burnCoat(coat);
});

Deno.test("resources::drop_in_different_places: its owner, two other components and the host can drop it", async () => {
  const { exports } = await instance(`(component
    ${
    core(
      {},
      `(global $last (mut i32) (i32.const 0))
      (func (export "dtor") (param i32) (global.set $last (local.get 0)))
      (func (export "last") (result i32) (global.get $last))`,
    )
  }
    (type $coat' (resource (rep i32) (dtor (func $m "dtor"))))
    (export $coat "coat" (type $coat'))
    (core func $new (canon resource.new $coat))
    (core func $drop (canon resource.drop $coat))
    ${lift("[constructor]coat", `(param "size" u32) (result (own $coat))`, "$new")}
    ${lift("last", "(result u32)", `"last"`)}
    ${lift("by-owner", `(param "it" (own $coat))`, "$drop")}
    (component $Other
      (import "x" (type $x (sub resource)))
      (core func $drop (canon resource.drop $x))
      ${lift("take", `(param "it" (own $x))`, "$drop")})
    (instance $a (instantiate $Other (with "x" (type $coat))))
    (instance $b (instantiate $Other (with "x" (type $coat))))
    (export "by-a" (func $a "take"))
    (export "by-b" (func $b "take")))`);
  const { Coat, byOwner, byA, byB, last } = exports;
  // deno-lint-ignore no-explicit-any
  const ways: ((coat: any) => void)[] = [byOwner, byA, byB, (coat) => coat[Symbol.dispose]()];
  ways.forEach((drop, i) => {
    drop(new Coat(70 + i));
    assertEquals(last(), 70 + i);
  });
});

Deno.test("resources::drop_guest_twice: what was given away cannot be given away again", () => {
  // Wasmtime finds out by the index, "unknown handle index 1"; here the object itself knows.
  const { exports } = instantiateSync(twoKinds);
  const coat = new exports.Coat(50);
  exports.burnCoat(coat);
  const error = thrown(() => exports.burnCoat(coat));
  assertEquals([error.name, error.code], ["ValueError", "dead-resource"]);
  assertEquals(
    error.message,
    "Cannot lower param 1 `it` of export burn-coat: the resource `coat` was given away",
  );
  coat[Symbol.dispose](); // nothing is left to drop
  exports.burnCoat(new exports.Coat(51));
});

const dropsTickets = await component(`(component
  (import "ticket" (type $ticket (sub resource)))
  (core func $drop (canon resource.drop $ticket))
  ${lift("tear", `(param "it" (own $ticket))`, "$drop")})`);

Deno.test("resources::drop_host_twice: a host's object is disposed of once for each time it was given away", () => {
  // Wasmtime: "host resource already consumed". A JS object is no handle: each lowering makes a new
  // one, the host's objects never die.
  const { exports } = instantiateSync(dropsTickets, { ticket: Ticket });
  const ticket = new Ticket(8);
  assertEquals(Ticket.during(() => exports.tear(ticket)), [8]);
  assertEquals(Ticket.during(() => exports.tear(ticket)), [8]);
});

Deno.test("resources::manually_destroy: the host drops a guest's resource through its destructor, its own by itself", async () => {
  const { exports } = await instance(
    `(component
      (import "ticket" (type $ticket (sub resource)))
      ${
      core(
        {},
        `(global $count (mut i32) (i32.const 0)) (global $last (mut i32) (i32.const 0))
        (func (export "dtor") (param i32)
          (global.set $last (local.get 0))
          (global.set $count (i32.add (i32.const 1) (global.get $count))))
        (func (export "count") (result i32) (global.get $count))
        (func (export "last") (result i32) (global.get $last))
        (func (export "id") (param i32) (result i32) (local.get 0))`,
      )
    }
      (type $coat' (resource (rep i32) (dtor (func $m "dtor"))))
      (export $coat "coat" (type $coat'))
      (core func $new (canon resource.new $coat))
      ${lift("[constructor]coat", `(param "rep" u32) (result (own $coat))`, "$new")}
      ${lift("[static]coat.count", "(result u32)", `"count"`)}
      ${lift("[static]coat.last", "(result u32)", `"last"`)}
      ${lift("pass", `(param "it" (own $ticket)) (result (own $ticket))`, `"id"`)})`,
    { ticket: Ticket },
  );
  const { Coat, pass } = exports;
  const ticket = new Ticket(31);
  // Passing an own handle through the guest and back drops nothing; disposing of the host's own
  // object is the host's affair.
  assertEquals(Ticket.during(() => assertStrictEquals(pass(ticket), ticket)), []);
  assertEquals(Ticket.during(() => ticket[Symbol.dispose]()), [31]);

  const coat = new Coat(4_000_000_000);
  assertEquals([Coat.count(), Coat.last()], [0, 0]);
  coat[Symbol.dispose]();
  coat[Symbol.dispose]();
  assertEquals([Coat.count(), Coat.last()], [1, 4_000_000_000]);
  assertEquals(Ticket.disposed, [31]);
});

const reflected = await component(`(component
  (import "ticket" (type $ticket (sub resource)))
  ${defined("coat")}
  (core func $new (canon resource.new $coat)) (core func $drop (canon resource.drop $coat))
  ${core({}, `(func (export "id") (param i32) (result i32) (local.get 0))`)}
  ${lift("pass", `(param "it" (own $ticket)) (result (own $ticket))`, `"id"`)}
  ${lift("make", `(param "size" u32) (result (own $coat))`, "$new")}
  ${lift("burn", `(param "pair" (tuple (own $coat)))`, "$drop")})`);

Deno.test("resources::dynamic_type: reflection gives handles with the identity of their resource type", () => {
  // deno-lint-ignore no-explicit-any
  const typeOf = (items: typeof reflected.exports, name: string): any =>
    (items.find((item) => item.name === name)!.type as { type: unknown }).type;
  const ticket = typeOf(reflected.imports, "ticket"), coat = typeOf(reflected.exports, "coat");
  assertEquals([ticket.kind, ticket.name, coat.kind, coat.name], ["resource", "ticket", "resource", "coat"]);
  assertNotStrictEquals(ticket, coat);
  const pass = typeOf(reflected.exports, "pass"), burn = typeOf(reflected.exports, "burn");
  assertEquals([pass.params[0].name, pass.params[0].type.kind, pass.result.kind], ["it", "own", "own"]);
  assertStrictEquals(pass.params[0].type.resource, ticket);
  assertStrictEquals(pass.result.resource, ticket);
  assertEquals([burn.params[0].name, burn.params[0].type.kind], ["pair", "tuple"]);
  assertEquals(burn.params[0].type.types.length, 1);
  assertStrictEquals(burn.params[0].type.types[0].resource, coat);
});

Deno.test("resources::dynamic_val: resources travel alike through typed and untyped functions", () => {
  const made = instantiateSync(reflected, { ticket: Ticket });
  const { Coat, make, pass, burn } = made.exports;
  const ticket = t.resource("ticket", Ticket), coat = t.resource("coat", Coat);
  const typed = made.func("pass", t.func([t.own(ticket)], t.own(ticket)));
  const one = new Ticket(1);
  for (const way of [pass, typed, pass]) assertStrictEquals(way(typed(one)), one);
  const typedMake = made.func("make", t.func([t.u32], t.own(coat)));
  const typedBurn = made.func("burn", t.func([t.tuple([t.own(coat)])]));
  const coats = [make(1), typedMake(2), make(3), typedMake(4)];
  assert(coats.every((it) => it instanceof Coat));
  coats.forEach((it, i) => (i < 2 ? burn : typedBurn)([it] as never));
  for (const it of coats) assertEquals(thrown(() => burn([it])).code, "dead-resource");
});

Deno.test("resources::cannot_reenter_during_import: a guest's resource cannot be dropped while its instance is in an import", async () => {
  const made: Instance = await instance(
    `(component
      (import "go" (func $go'))
      (core func $go (canon lower (func $go')))
      ${
      core(
        { go: "" },
        `(global $drops (mut i32) (i32.const 0))
        (func (export "run") (call $go))
        (func (export "drops") (result i32) (global.get $drops))
        (func (export "dtor") (param i32) (global.set $drops (i32.add (global.get $drops) (local.get 0))))`,
      )
    }
      (type $coat' (resource (rep i32) (dtor (func $m "dtor"))))
      (export $coat "coat" (type $coat'))
      (core func $new (canon resource.new $coat))
      ${lift("[constructor]coat", `(param "rep" u32) (result (own $coat))`, "$new")}
      ${lift("run", "", `"run"`)}
      ${lift("drops", "(result u32)", `"drops"`)})`,
    {
      go: () => {
        const error = thrown(() => held[Symbol.dispose]());
        assert(error instanceof Trap);
        assertEquals(
          [error.code, error.message],
          [
            "cannot-enter",
            "Cannot drop resource coat: cannot enter component instance while the call of export run is under way",
          ],
        );
      },
    },
  );
  const held = new made.exports.Coat(5);
  made.exports.run();
  assertEquals(made.exports.drops(), 0);
  held[Symbol.dispose](); // refused, not lost: it can be dropped now
  assertEquals(made.exports.drops(), 5);
});

Deno.test("resources::type_mismatch: a typed lookup is refused for another class, and for a number instead of a handle", () => {
  const made = instantiateSync(twoKinds);
  const { Coat, Hat } = made.exports;
  const own = (type: ResourceClass) => t.func([t.own(t.resource("coat", type))]);
  made.func("burn-coat", own(Coat))(new Coat(3));
  const refused = [
    ["burn-coat", own(Ticket), "1 `it`: resource types are not the same: expected own<coat>, found own<coat>"],
    ["burn-coat", own(Hat), "1 `it`: resource types are not the same: expected own<coat>, found own<coat>"],
    ["burn-coat", t.func([t.borrow(t.resource("coat", Coat))]), "1 `it`: expected own, found borrow"],
    ["burn-coat", t.func([t.u32]), "1 `it`: expected own<coat>, found u32"],
    ["[constructor]coat", own(Coat), "1 `size`: expected u32, found own<coat>"],
  ] as const;
  for (const [path, type, tail] of refused) {
    assertFails(
      () => made.func(path, type),
      "LinkError",
      `Cannot look up export ${path}: type mismatch in param ${tail}`,
    );
  }
});

Deno.test("resources::drop_no_dtor: a resource without destructor is dropped all the same", () => {
  const { exports } = instantiateSync(twoKinds);
  const coat = new exports.Coat(40);
  coat[Symbol.dispose]();
  assertFails(
    () => exports.burnCoat(coat),
    "ValueError",
    "Cannot lower param 1 `it` of export burn-coat: the resource `coat` was dropped",
  );
});

Deno.test("resources::resource_dynamic: host types told apart by a test of their objects", async () => {
  interface Tagged {
    tag: number;
    rep: number;
  }
  const torn: number[] = [];
  const tagged = (tag: number) => ({ is: (value: unknown): value is Tagged => (value as Tagged | null)?.tag === tag });
  const make = (tag: number, rep: number) => ({ tag, rep, [Symbol.dispose]: () => void torn.push(rep) });
  const made = await instance(
    `(component
      (import "two" (type $two (sub resource))) (import "three" (type $three (sub resource)))
      (core func $drop-two (canon resource.drop $two)) (core func $drop-three (canon resource.drop $three))
      ${lift("tear-two", `(param "it" (own $two))`, "$drop-two")}
      ${lift("tear-three", `(param "it" (own $three))`, "$drop-three")})`,
    { two: tagged(2), three: tagged(3) },
  );
  const { tearTwo, tearThree } = made.exports;
  tearTwo(make(2, 20));
  tearThree(make(3, 30));
  for (const [tear, tag] of [[tearTwo, 1], [tearTwo, 3], [tearThree, 2]] as const) {
    const error = thrown(() => tear(make(tag, 99)));
    assertEquals([error.name, error.code], ["ValueError", "type-mismatch"]);
  }
  assertEquals(torn, [20, 30]);
});

Deno.test("resources::resource_dynamic_not_static: a type bound to a test is no class, a class no test", () => {
  const test = { is: (value: unknown): value is Ticket => value instanceof Ticket };
  const tear = (type: ResourceClass) => t.func([t.own(t.resource("ticket", type))]);
  for (const [bound, other] of [[Ticket, test], [test, Ticket]] as const) {
    const made = instantiateSync(dropsTickets, { ticket: bound });
    assertEquals(Ticket.during(() => made.func("tear", tear(bound))(new Ticket(1))), [1]);
    const error = thrown(() => made.func("tear", tear(other)));
    assertEquals([error.name, error.code], ["LinkError", "type-mismatch"]);
  }
});

Deno.test("resources::intrinsic_trampolines: built-ins lifted as they are: resource.rep gets a representation, no handle", async () => {
  const { exports } = await instance(`(component
    ${defined("coat")}
    (core func $new (canon resource.new $coat)) (core func $rep (canon resource.rep $coat))
    ${lift("make", `(param "rep" u32) (result (own $coat))`, "$new")}
    ${lift("rep", `(param "it" (borrow $coat)) (result u32)`, "$rep")})`);
  const coat = exports.make(77);
  assertFails(() => exports.rep(coat), "Trap", "Cannot call export rep: unknown handle index 77");
  assertEquals(thrown(() => exports.make(1)).code, "cannot-enter");
});
