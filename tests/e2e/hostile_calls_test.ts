// Hostile guests: realloc, post-return and destructors that fail or leave, and catch_all around
// everything that can fail. Each case: what comes out, with its full message, and what becomes of
// the instance.

import "../support/leaks.ts";
import type { Imports } from "@windlass/component";
import {
  beside,
  BUMP,
  type Case,
  COAT,
  coatNeeds,
  describe,
  guest,
  LOWER_OTHER,
  OTHER,
  PLAIN_COAT,
  swallow,
  testAll,
  throwing,
  unreachable,
} from "./hostile_support.ts";

const cases: Case[] = [];

const I = "(param i32)";
const atExport = "Cannot call export f";
const uncaught = "uncaught exception propagated out of component";
const own = "the host's own", ownError = `RangeError: ${own}`;

/** The host function `go`, lowered. */
const GO = `(import "go" (func $host)) (core func $go (canon lower (func $host)))`;

// Traps and calls in realloc and post-return. A guest may not leave its component there; only
// resource.rep may be called.

const leave = "Trap cannot-leave: %: cannot leave component instance";
/** What is done, and what comes of it, `%` being the place of what ran it. */
const doings: [name: string, body: string, fails: string][] = [
  ["traps", "unreachable", `Trap guest-trap: %: ${unreachable}`],
  ["throws", "(throw $oops)", `Trap uncaught-exception: %: ${uncaught}`],
  ["calls the host", "(call $go)", leave.replace("%", "Cannot call import go")],
  ["makes a resource", "(drop (call $new (i32.const 1)))", leave],
  ["drops a resource", "(call $drop (i32.const 1))", leave],
  [
    "asks for an unknown representation",
    "(drop (call $rep (i32.const 1)))",
    "Trap unknown-handle: %: unknown handle index 1",
  ],
];
for (const [name, body, fails] of doings) {
  const common = { libc: { go: "", ...coatNeeds }, defs: `${GO} ${PLAIN_COAT}` };
  const realloc = `${body} ${BUMP}`;
  const row = (what: string, place: string, wat: string): Case => ({
    name: `${what} ${name}`,
    wat,
    imports: ({ noted }) => ({ go: () => void noted.push("called"), give: () => "text" }),
    run: ({ exports }) => exports.f("text"),
    fails: fails.replace("%", place),
    afterwards: "locked",
  });
  const giving = {
    defs: `${common.defs} (import "give" (func $give' (result string)))`,
    lowers: `(core func $give (canon lower (func $give') $options))`,
    needs: { give: I },
    core: `(func (export "f") (call $give (i32.const 16)))`,
  };
  const takes = { f: `(param "x" string)`, core: `(func (export "f") (param i32 i32))` };
  cases.push(
    row("realloc for an argument", "Cannot lower param 1 `x` of export f", guest({ ...common, ...takes, realloc })),
    row(
      "realloc for a host's result",
      "Cannot lower result of import give",
      guest({ ...common, ...giving, realloc, f: "" }),
    ),
    row("post-return", atExport, guest({ ...common, post: body, f: "", core: `(func (export "f"))` })),
  );
}
cases.push({
  name: "realloc for a sibling's result calls the host",
  wat: beside(
    guest({
      defs: `${GO} ${OTHER}`,
      libc: { go: "" },
      realloc: `(call $go) ${BUMP}`,
      lowers: LOWER_OTHER,
      needs: { other: I },
      f: "",
      core: `(func (export "f") (call $other (i32.const 16)))`,
    }),
    "(i32.const 16)",
  ),
  imports: ({ noted }) => ({ go: () => void noted.push("called") }),
  fails: leave.replace("%", "Cannot call import go"),
  afterwards: "locked",
});

// Destructors: run by the guest's own drop, by the host's, at the instance's end.

const destroying: [name: string, dtor: string, fails: string][] = [
  ["traps", "unreachable", `Trap guest-trap: %: ${unreachable}`],
  ["throws", "(throw $oops)", `Trap uncaught-exception: %: ${uncaught}`],
  ["calls a host that throws", "(call $go)", ownError],
  ["drops what is not there", "(call $drop-hat (i32.const 1))", "Trap unknown-handle: %: unknown handle index 1"],
];
/**
 * A guest whose resource type has a destructor; `f` makes one and drops it, `keep` keeps it, `make`
 * gives it away.
 */
const destructible = (dtor: string): string =>
  guest({
    defs: `${GO} (type $hat (resource (rep i32))) (core func $drop-hat (canon resource.drop $hat))`,
    libc: { go: "", "drop-hat": I },
    dtor,
    lowers: COAT,
    needs: coatNeeds,
    f: "",
    core: `(func $f (export "f") (call $drop (call $new (i32.const 5))))
      (func (export "keep") (drop (call $new (i32.const 6))))
      (func (export "swallow") (result i32) ${swallow("(call $f)")})`,
    more: `(func (export "make") (param "rep" u32) (result (own $coat)) (canon lift (core func $new)))
      (func (export "keep") (canon lift (core func $m "keep")))
      (func (export "swallow") (result u32) (canon lift (core func $m "swallow")))`,
  });
for (const [name, dtor, fails] of destroying) {
  const common = { wat: destructible(dtor), imports: () => ({ go: throwing }), afterwards: "locked" } as const;
  const at = (place: string) => fails.replace("%", place);
  cases.push(
    { ...common, name: `a destructor, run by the guest, ${name}`, fails: at(atExport) },
    {
      ...common,
      name: `a destructor, run by the guest within catch_all, ${name}`,
      run: ({ exports }) => exports.swallow(),
      fails: at("Cannot call export swallow"),
    },
    {
      ...common,
      name: `a destructor, run by the host, ${name}`,
      run: ({ exports }) => exports.make(8)[Symbol.dispose](),
      fails: at("Cannot drop resource coat"),
    },
    {
      ...common,
      name: `a destructor, run at the instance's end, ${name}`,
      options: ({ noted }) => ({ onError: (error) => void noted.push(describe(error)) }),
      run: ({ exports, instance }) => (exports.keep(), exports.keep(), instance[Symbol.dispose]()),
      gives: undefined,
      notes: [at("Cannot drop resource coat")], // the instance is locked down then: the second is not run
      afterwards: "disposed",
    },
  );
}

// catch_all around everything else that can fail: `f` would give 99.

/**
 * A guest whose `f` does something within catch_all; `give` gives a u32, `take` takes a string,
 * `text` gives one.
 */
const swallowing = (body: string, realloc = BUMP): string =>
  guest({
    defs:
      `${PLAIN_COAT} (import "ticket" (type $ticket (sub resource))) (core func $drop-ticket (canon resource.drop $ticket))
      (import "give" (func $give' (result u32))) (import "take" (func $take' (param "s" string)))
      (import "text" (func $text' (result string)))`,
    realloc,
    lowers: `(core func $give (canon lower (func $give'))) (core func $take (canon lower (func $take') $options))
      (core func $text (canon lower (func $text') $options))`,
    needs: { ...coatNeeds, "drop-ticket": I, give: "(result i32)", take: "(param i32 i32)", text: I },
    f: `(param "it" (own $ticket)) (result u32)`,
    core: `(func (export "f") (param i32) (result i32) ${swallow(body)})`,
  });
const giving = "(drop (call $give))",
  asking = "(call $text (i32.const 16))",
  onText = "Cannot lower result of import text";
const noHandle = `Trap unknown-handle: ${atExport}: unknown handle index 3`;
const wrongHandle =
  `Trap wrong-handle-type: ${atExport}: handle index 1 used with the wrong type, expected guest-defined resource but found host-defined resource`;
const onOther = "Cannot lift result of function f of another component";
const swallowed: [name: string, body: string, fails: string, imports?: Imports, realloc?: string][] = [
  ["a host function that throws", giving, ownError, { give: throwing }],
  ["a host function that throws a string", giving, "thrown: text", {
    give: () => {
      throw "text";
    },
  }],
  [
    "a host's value that does not fit",
    giving,
    "ValueError type-mismatch: Cannot lower result of import give: expected u32, found -1",
    { give: () => -1 },
  ],
  [
    "a bad pointer to the host",
    "(call $take (i32.const -1) (i32.const 1))",
    "Trap string-out-of-bounds: Cannot lift param 1 `s` of import take: string pointer/length out of bounds of memory",
  ],
  [
    "a bad pointer for the host's result",
    "(call $text (i32.const 3))",
    `Trap unaligned-pointer: ${onText}: unaligned pointer`,
  ],
  ["a realloc that traps", asking, `Trap guest-trap: ${onText}: ${unreachable}`, {}, "unreachable"],
  ["a realloc that throws", asking, `Trap uncaught-exception: ${onText}: ${uncaught}`, {}, "(throw $oops)"],
  [
    "a realloc that gives a bad pointer",
    asking,
    `Trap realloc-out-of-bounds: ${onText}: realloc return: beyond end of memory`,
    {},
    "(i32.const -1)",
  ],
  ["resource.rep of nothing", "(drop (call $rep (i32.const 3)))", noHandle],
  ["resource.drop of nothing", "(call $drop (i32.const 3))", noHandle],
  ["resource.drop of another type", "(call $drop (local.get 0))", wrongHandle],
  [
    "resource.new beyond the limit",
    "(drop (call $new (i32.const 3)))",
    `Trap handle-limit: ${atExport}: handle table is full: limit of 1 handles`,
  ],
  ["resource.drop of a host's whose dispose throws", `(call $drop-ticket (local.get 0))`, ownError, {
    ticket: { is: () => true },
  }],
];
for (const [name, body, fails, imports = {}, realloc] of swallowed) {
  cases.push({
    name: `catch_all around ${name}`,
    wat: swallowing(body, realloc),
    imports: () => ({ ticket: Object, give: () => 1, take: () => {}, text: () => "text", ...imports }),
    options: () => ({ limits: { handles: 1 } }),
    run: ({ exports }) => exports.f(imports.ticket === undefined ? {} : { [Symbol.dispose]: throwing }),
    fails,
    afterwards: "locked",
  });
}
const otherFails: [name: string, body: string, fails: string][] = [
  ["traps", "unreachable", `Trap guest-trap: Cannot call function f of another component: ${unreachable}`],
  ["throws", "(throw $oops)", `Trap uncaught-exception: Cannot call function f of another component: ${uncaught}`],
  ["calls a host that throws", "(call $go) (i32.const 16)", ownError],
  [
    "gives a bad pointer",
    "(i32.const 65532)",
    `Trap pointer-out-of-bounds: ${onOther}: pointer out of bounds of memory`,
  ],
  [
    "gives a bad string",
    "(i32.store (i32.const 16) (i32.const 65536)) (i32.store (i32.const 20) (i32.const 1)) (i32.const 16)",
    `Trap string-content-out-of-bounds: ${onOther}: string content out-of-bounds`,
  ],
];
for (const [name, body, fails] of otherFails) {
  for (const way of ["plainly", "within catch_all"]) {
    const call = "(call $other (i32.const 16))";
    const f = way === "plainly" ? `${call} (i32.const 0)` : swallow(call);
    cases.push({
      name: `a sibling, called ${way}, ${name}`,
      wat: beside(
        guest({
          defs: OTHER,
          lowers: LOWER_OTHER,
          needs: { other: I },
          f: "(result u32)",
          core: `(func (export "f") (result i32) ${f})`,
        }),
        body,
      ),
      imports: () => ({ go: throwing }),
      fails,
      afterwards: "locked",
    });
  }
}
cases.push({
  name: "a core exception that the guest catches itself is its own affair",
  wat: guest({ f: "(result u32)", core: `(func (export "f") (result i32) ${swallow("(throw $oops)")})` }),
  gives: 99,
  afterwards: "usable",
}, {
  name: "a core exception that leaves the guest",
  wat: guest({ f: "", core: `(func (export "f") (throw $oops))` }),
  fails: `Trap uncaught-exception: ${atExport}: ${uncaught}`,
  afterwards: "locked",
}, {
  name: "endless recursion",
  wat: guest({ f: "", core: `(func $f (export "f") (call $f))` }),
  fails: `Trap stack-overflow: ${atExport}: call stack exhausted`,
  afterwards: "locked",
});

testAll(cases);
