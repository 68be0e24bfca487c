// Borrows, and what a host may pass where own and borrow are wanted: the section resources.rs of
// the acceptance list. The lines about types and drops are in resources_test.ts.

import { assert, assertEquals, assertStrictEquals } from "@std/assert";
import { HostFunc, instantiateSync, t } from "@windlass/component";
import { assertFails, component, instance, thrown } from "../support/wasm.ts";
import { core, defined, lift, Ticket } from "./resources_support.ts";

/** A guest of the host's resource type `$ticket`: `$drop`, and `$go` of the type given, lowered. */
const ofTickets = (go: string) =>
  `(import "ticket" (type $ticket (sub resource)))
   (core func $drop (canon resource.drop $ticket))
   ${go === "" ? "" : `(import "go" (func $go' ${go})) (core func $go (canon lower (func $go')))`}`;

const I = "(param i32)", borrows = `(param "it" (borrow $ticket))`, owns = `(param "it" (own $ticket))`;

/** Takes a borrow; drops it or not. */
const borrower = await component(`(component
  ${ofTickets("")}
  ${
  core(
    { drop: I },
    `
    (func (export "keep") (param i32))
    (func (export "same") (param i32) (result i32) (local.get 0))
    (func (export "let-go") (param i32) (call $drop (local.get 0)))`,
  )
}
  ${lift("keep", borrows, `"keep"`)}
  ${lift("convert", `${borrows} (result (own $ticket))`, `"same"`)}
  ${lift("let-go", borrows, `"let-go"`)})`);

const remain = "borrow handles still remain at the end of the call";

Deno.test("resources::active_borrows_at_end_of_call: a guest that keeps a borrow traps", () => {
  const { exports } = instantiateSync(borrower, { ticket: Ticket });
  const ticket = new Ticket(1);
  assertEquals(
    Ticket.during(() => assertFails(() => exports.keep(ticket), "Trap", `Cannot call export keep: ${remain}`)),
    [], // a borrow is not the guest's to dispose of
  );
  assertEquals(thrown(() => exports.letGo(ticket)).code, "cannot-enter");
});

Deno.test("resources::borrows_must_be_dropped_before_lifting: the borrow check comes before the result is lifted", () => {
  // Lifting first would complain that an own handle is wanted.
  const { exports } = instantiateSync(borrower, { ticket: Ticket });
  assertFails(() => exports.convert(new Ticket(1)), "Trap", `Cannot call export convert: ${remain}`);
  assertEquals(thrown(() => exports.keep(new Ticket(2))).code, "cannot-enter");
});

Deno.test("resources::can_use_own_for_borrow: what the host owns can be lent, typed or not, and is the host's afterwards", () => {
  const made = instantiateSync(borrower, { ticket: Ticket });
  const { letGo } = made.exports;
  const typed = made.func("let-go", t.func([t.borrow(t.resource("ticket", Ticket))]));
  const ticket = new Ticket(9);
  assertEquals(
    Ticket.during(() => {
      letGo(ticket);
      typed(ticket);
      letGo(ticket);
    }),
    [],
  );
});

Deno.test("resources::pass_host_borrow_to_guest: a guest gets a handle of its own for what is lent, and drops only that", () => {
  // There is no object for a borrow that the host makes: its object itself is lent, as often as it
  // likes.
  const { exports } = instantiateSync(borrower, { ticket: Ticket });
  const ticket = Object.freeze(new Ticket(3));
  assertEquals(Ticket.during(() => exports.letGo(ticket)), []);
  assertEquals(Ticket.during(() => exports.letGo(ticket)), []);
});

Deno.test("resources::thread_through_borrow: a borrow is lent on to the host, twice, and still is the guest's", async () => {
  const seen: unknown[] = [];
  const { exports } = await instance(
    `(component
      ${ofTickets(borrows)}
      ${
      core(
        { go: I, drop: I },
        `
        (func (export "run") (param i32)
          (call $go (local.get 0)) (call $go (local.get 0)) (call $drop (local.get 0)))`,
      )
    }
      ${lift("run", borrows, `"run"`)})`,
    { ticket: Ticket, go: (it: unknown) => void seen.push(it) },
  );
  const ticket = new Ticket(4);
  assertEquals(Ticket.during(() => exports.run(ticket)), []);
  assertEquals(seen.length, 2);
  assert(seen.every((it) => it === ticket));
});

Deno.test("resources::cannot_use_borrow_for_own: a guest cannot give away what was lent to it", async () => {
  let calls = 0;
  const { exports } = await instance(
    `(component
      ${ofTickets(owns)}
      ${core({ go: I }, `(func (export "run") (param i32) (call $go (local.get 0)))`)}
      ${lift("run", borrows, `"run"`)})`,
    { ticket: Ticket, go: () => void calls++ },
  );
  assertFails(
    () => exports.run(new Ticket(1)),
    "Trap",
    "Cannot lift param 1 `it` of import go: cannot lift own resource from a borrow",
  );
  assertEquals(calls, 0);
  assertEquals(thrown(() => exports.run(new Ticket(1))).code, "cannot-enter");
});

Deno.test("resources::passthrough_wrong_type: an object that was lent to the host can be given away: it is the host's own", async () => {
  // Wasmtime: "cannot lower a `borrow` resource into an `own`". A JS object is no handle and knows
  // of no borrow: giving it away makes another handle, and what the guest then drops is disposed
  // of.
  const passing = await component(`(component
    ${ofTickets(`${borrows} (result (own $ticket))`)}
    ${
    core(
      { go: `${I} (result i32)`, drop: I },
      `
      (func (export "run") (param i32) (call $drop (call $go (local.get 0))) (call $drop (local.get 0)))`,
    )
  }
    ${lift("run", borrows, `"run"`)})`);
  const go = (it: unknown) => it;
  const { run } = instantiateSync(passing, { ticket: Ticket, go }).exports;
  assertEquals(Ticket.during(() => run(new Ticket(6))), [6]);
  // The resource of another guest is such an object too.
  const maker = await instance(`(component ${defined("coat")}
    (core func $new (canon resource.new $coat)) (core func $drop (canon resource.drop $coat))
    ${lift("[constructor]coat", `(param "size" u32) (result (own $coat))`, "$new")}
    ${lift("burn", `(param "it" (own $coat))`, "$drop")})`);
  const coat = new maker.exports.Coat(1);
  instantiateSync(passing, { ticket: maker.exports.Coat, go }).exports.run(coat);
  assertFails(
    () => maker.exports.burn(coat),
    "ValueError",
    "Cannot lower param 1 `it` of export burn: the resource `coat` was dropped",
  );
});

const passMoved = `(component
  ${defined("coat")}
  (import "ticket" (type $ticket (sub resource)))
  (core func $new (canon resource.new $coat)) (core func $drop-coat (canon resource.drop $coat))
  (core func $drop (canon resource.drop $ticket))
  ${
  core(
    { drop: I, "drop-coat": I },
    `
    (func (export "tickets") (param i32 i32) (call $drop (local.get 1)) (call $drop (local.get 0)))
    (func (export "coats") (param i32 i32) (call $drop-coat (local.get 0)))`,
  )
}
  ${lift("[constructor]coat", `(param "size" u32) (result (own $coat))`, "$new")}
  ${lift("tickets", `(param "a" (own $ticket)) (param "b" (borrow $ticket))`, `"tickets"`)}
  ${lift("coats", `(param "a" (own $coat)) (param "b" (borrow $coat))`, `"coats"`)}
  ${lift("lend-first", `(param "a" (borrow $coat)) (param "b" (own $coat))`, `"coats"`)})`;

Deno.test("resources::pass_moved_resource: a guest's resource cannot be given away and lent in one call", async () => {
  const { exports } = await instance(passMoved, { ticket: Ticket });
  const coat = new exports.Coat(5), other = new exports.Coat(6);
  const place = (name: string) => `Cannot lower param 2 \`b\` of export ${name}`;
  for (let i = 0; i < 2; i++) { // neither gives anything away
    assertFails(
      () => exports.coats(coat, coat),
      "ValueError",
      `${place("coats")}: the resource \`coat\` was given away`,
    );
    assertFails(
      () => exports.lendFirst(coat, coat),
      "ValueError",
      `${place("lend-first")}: cannot remove owned resource while borrowed`,
    );
  }
  exports.coats(coat, other);
  // Wasmtime: "host resource already consumed", for a host's too. A host's object stays the host's:
  // each lowering makes a handle of its own.
  const ticket = new Ticket(7);
  assertEquals(Ticket.during(() => exports.tickets(ticket, ticket)), [7]);
});

Deno.test("resources::host_borrow_as_resource_any: what is lent to the host need not be given back", async () => {
  // Wasmtime's host must drop an untyped borrow, else "borrow handles still remain at the end of
  // the call". A JS host cannot leak one: it gets the object itself, whatever it does with it.
  const lending = await component(`(component
    ${ofTickets(borrows)}
    ${
    core(
      { go: I, drop: I },
      `
      (func (export "run") (param i32) (call $go (local.get 0)) (call $drop (local.get 0)))`,
    )
  }
    ${lift("run", borrows, `"run"`)})`);
  const kept: unknown[] = [];
  for (
    const [go, disposed] of [
      [(it: Ticket) => it[Symbol.dispose](), [2, 2]],
      [(it: Ticket) => void kept.push(it), []],
      [HostFunc.dynamic(() => (it) => void kept.push(it)), []],
    ] as const
  ) {
    const { run } = instantiateSync(lending, { ticket: Ticket, go }).exports;
    const ticket = new Ticket(2);
    assertEquals(Ticket.during(() => (run(ticket), run(ticket))), disposed);
    if (disposed.length === 0) assertStrictEquals(kept.at(-1), ticket);
  }
  assertEquals(kept.length, 4);
});

Deno.test("resources::pass_guest_back_as_borrow: a guest that is lent its own resource gets the representation", async () => {
  const { exports } = await instance(`(component
    ${defined("coat")}
    (core func $new (canon resource.new $coat))
    ${
    core(
      { new: "(param i32) (result i32)" },
      `
      (func (export "make") (result i32) (call $new (i32.const 4242)))
      (func (export "same") (param i32) (result i32) (local.get 0))`,
    )
  }
    ${lift("make", "(result (own $coat))", `"make"`)}
    ${lift("rep", `(param "it" (borrow $coat)) (result u32)`, `"same"`)})`);
  const coat = exports.make();
  assertEquals([exports.rep(coat), exports.rep(coat)], [4242, 4242]);
  coat[Symbol.dispose]();
  assertFails(
    () => exports.rep(coat),
    "ValueError", // Wasmtime: "unknown handle index 1"; the object itself knows
    "Cannot lower param 1 `it` of export rep: the resource `coat` was dropped",
  );
  assertEquals(exports.rep(exports.make()), 4242);
});

Deno.test("resources::guest_different_host_same: two imported types bound to one class stay two for the guest", async () => {
  const seen: unknown[] = [];
  const made = await instance(
    `(component
      (import "left" (type $left (sub resource))) (import "right" (type $right (sub resource)))
      (import "go" (func $go' (param "a" (borrow $left)) (param "b" (borrow $right))))
      (core func $go (canon lower (func $go')))
      (core func $drop-left (canon resource.drop $left)) (core func $drop-right (canon resource.drop $right))
      (export $l "l" (type $left)) (export $r "r" (type $right))
      ${
      core(
        { go: "(param i32 i32)", "drop-left": I, "drop-right": I },
        `
        (func (export "run") (param i32 i32) (result i32)
          (call $go (local.get 0) (local.get 1))
          (call $drop-left (local.get 0)) (call $drop-right (local.get 1))
          (i32.add (i32.mul (local.get 0) (i32.const 16)) (local.get 1)))
        (func (export "mix") (param i32) (call $drop-right (local.get 0)))`,
      )
    }
      ${lift("run", `(param "a" (borrow $l)) (param "b" (borrow $r)) (result u32)`, `"run"`)}
      ${lift("mix", `(param "a" (borrow $l))`, `"mix"`)})`,
    { left: Ticket, right: Ticket, go: (a: unknown, b: unknown) => void seen.push(a, b) },
  );
  const { L, R, run, mix } = made.exports;
  assert(L === Ticket && R === Ticket);
  const ticket = new Ticket(5);
  // Both handles come from one index space: 1 and 2, then what was freed last first.
  assertEquals([run(ticket, ticket), run(ticket, ticket)], [0x12, 0x21]);
  assert(seen.length === 4 && seen.every((it) => it === ticket));
  assertFails(
    () => mix(ticket),
    "Trap",
    "Cannot call export mix: handle index 1 used with the wrong type, expected host-defined resource but found a different host-defined resource",
  );
});

Deno.test("resources::resource_any_to_typed_handles_borrow: what a guest lends stays the guest's, through a typed function too", async () => {
  const lending = await component(`(component
    ${ofTickets(borrows)}
    ${
    core(
      { go: I, drop: I },
      `
      (func (export "run") (param i32) (call $go (local.get 0)) (call $go (local.get 0)) (call $drop (local.get 0)))`,
    )
  }
    ${lift("run", owns, `"run"`)})`);
  const seen: Ticket[] = [];
  const note = (it: Ticket) => {
    assertEquals(Ticket.disposed, []); // while it is lent, the guest has it
    seen.push(it);
  };
  const typed = HostFunc.typed(t.func([t.borrow(t.resource("ticket", Ticket))]), note);
  for (const go of [note, typed, HostFunc.dynamic(() => note)]) {
    const { run } = instantiateSync(lending, { ticket: Ticket, go }).exports;
    assertEquals(Ticket.during(() => run(new Ticket(8))), [8]); // once, by the guest
  }
  assertEquals(seen.map((it) => it.number), [8, 8, 8, 8, 8, 8]);
});
