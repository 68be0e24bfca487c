// Hostile guests: handles that they do not have, have no more, or must not use that way, towards
// the host and among each other. Each case: what comes out, with its full message, and what becomes
// of the instance.

import "../support/leaks.ts";
import { thrown } from "../support/wasm.ts";
import { type Case, coatNeeds, describe, guest, PLAIN_COAT, swallow, testAll } from "./hostile_support.ts";

const cases: Case[] = [];

const I = "(param i32)";
const atExport = "Cannot call export f", onResult = "Cannot lift result of export f";

// Towards the host: the host's functions take its own resource type; `probe` gives the index that a
// new handle gets.

class Ticket {}
const ticket = (...types: readonly string[]): string =>
  types.map((type, i) => `(param "p${i}" (${type} $ticket))`).join(" ");
const hosts: Readonly<Record<string, readonly string[]>> = {
  give: ["own"],
  lend: ["borrow"],
  "lend-give": ["borrow", "own"],
  "give-lend": ["own", "borrow"],
};
/** A guest whose `f` has a type and a body with a local `$h`. */
const handling = (type: string, flat: string, body: string): string =>
  guest({
    defs: `(import "ticket" (type $ticket (sub resource))) ${PLAIN_COAT}
      (core func $drop-ticket (canon resource.drop $ticket))
      ${
      Object.entries(hosts).map(([name, types]) =>
        `(import "${name}" (func $${name}' ${ticket(...types)})) (core func $${name} (canon lower (func $${name}')))`
      ).join("\n")
    }`,
    needs: {
      ...coatNeeds,
      "drop-ticket": I,
      give: I,
      lend: I,
      "lend-give": "(param i32 i32)",
      "give-lend": "(param i32 i32)",
    },
    f: type,
    core: `(func (export "f") ${flat} (local $h i32) ${body})
      (func (export "probe") (result i32) (local $h i32)
        (call $drop (local.tee $h (call $new (i32.const 0)))) (local.get $h))`,
    more: `(func (export "probe") (result u32) (canon lift (core func $m "probe")))`,
  });

const make = "(local.set $h (call $new (i32.const 5)))", h = "(local.get $h)", p = "(local.get 0)";
const unknown = (handle: number): string => `unknown-handle: %: unknown handle index ${handle}`;
const wrong = (expected: string, found: string): string =>
  `wrong-handle-type: %: handle index 1 used with the wrong type, expected ${expected}-defined resource but found ${found}-defined resource`;
const lentOut = "lent-handle: %: cannot remove owned resource while borrowed";
const param = (k: number, name: string): string => `Cannot lift param ${k} \`p${k - 1}\` of import ${name}`;
const owns = [ticket("own"), I], borrows = [ticket("borrow"), I], nothing = ["", ""];
const gives = ["(result (own $coat))", "(result i32)"], givesTwo = ["(result (list (own $coat)))", "(result i32)"];
const handles: [name: string, type: string[], body: string, place: string, trap: string][] = [
  ["the representation of handle 0", nothing, "(drop (call $rep (i32.const 0)))", atExport, unknown(0)],
  ["the representation of what was never made", nothing, "(drop (call $rep (i32.const 9)))", atExport, unknown(9)],
  ["the representation of handle -1", nothing, "(drop (call $rep (i32.const -1)))", atExport, unknown(0xffffffff)],
  ["dropping handle 0", nothing, "(call $drop (i32.const 0))", atExport, unknown(0)],
  ["dropping handle 2^31", nothing, "(call $drop (i32.const 0x80000000))", atExport, unknown(0x80000000)],
  ["dropping twice", nothing, `${make} (call $drop ${h}) (call $drop ${h})`, atExport, unknown(1)],
  [
    "the representation of what was dropped",
    nothing,
    `${make} (call $drop ${h}) (drop (call $rep ${h}))`,
    atExport,
    unknown(1),
  ],
  ["dropping one's own as the host's", nothing, `${make} (call $drop-ticket ${h})`, atExport, wrong("host", "guest")],
  ["dropping the host's as one's own", owns, `(call $drop ${p})`, atExport, wrong("guest", "host")],
  ["the representation of the host's", owns, `(drop (call $rep ${p}))`, atExport, wrong("guest", "host")],
  ["giving one's own as the host's", nothing, `${make} (call $give ${h})`, param(1, "give"), wrong("host", "guest")],
  ["lending one's own as the host's", nothing, `${make} (call $lend ${h})`, param(1, "lend"), wrong("host", "guest")],
  ["lending what is not there", nothing, "(call $lend (i32.const 77))", param(1, "lend"), unknown(77)],
  ["giving twice", owns, `(call $give ${p}) (call $give ${p})`, param(1, "give"), unknown(1)],
  ["lending what was given", owns, `(call $give ${p}) (call $lend ${p})`, param(1, "lend"), unknown(1)],
  [
    "giving what was borrowed",
    borrows,
    `(call $give ${p})`,
    param(1, "give"),
    "own-from-borrow: %: cannot lift own resource from a borrow",
  ],
  ["giving while lending", owns, `(call $lend-give ${p} ${p})`, param(2, "lend-give"), lentOut],
  ["giving what was borrowed while lending it", borrows, `(call $lend-give ${p} ${p})`, param(2, "lend-give"), lentOut],
  ["lending after giving", owns, `(call $give-lend ${p} ${p})`, param(2, "give-lend"), unknown(1)],
  ["keeping a borrow", borrows, "", atExport, "borrows-remain: %: borrow handles still remain at the end of the call"],
  ["dropping a borrow twice", borrows, `(call $drop-ticket ${p}) (call $drop-ticket ${p})`, atExport, unknown(1)],
  ["dropping a borrow as another type", borrows, `(call $drop ${p})`, atExport, wrong("guest", "host")],
  ["returning what is not there", gives, "(i32.const 5)", onResult, unknown(5)],
  ["returning what was dropped", gives, `${make} (call $drop ${h}) ${h}`, onResult, unknown(1)],
  [
    "returning one handle twice",
    givesTwo,
    `${make} (i32.store (i32.const 16) (i32.const 24)) (i32.store (i32.const 20) (i32.const 2))
      (i32.store (i32.const 24) ${h}) (i32.store (i32.const 28) ${h}) (i32.const 16)`,
    "Cannot lift result[1] of export f",
    unknown(1),
  ],
];
const imports = () => ({ ticket: Ticket, give: () => {}, lend: () => {}, lendGive: () => {}, giveLend: () => {} });
for (const [name, [type, flat], body, place, trap] of handles) {
  cases.push({
    name,
    wat: handling(type!, flat!, body),
    imports,
    run: ({ exports }) => exports.f(new Ticket()),
    fails: `Trap ${trap.replace("%", place)}`,
    afterwards: "locked",
  });
}
const limited = (handles: number) => () => ({ limits: { handles } });
cases.push({
  name: "one handle more than allowed",
  wat: handling("", "", `${make} ${make} ${make}`),
  imports,
  options: limited(2),
  fails: `Trap handle-limit: ${atExport}: handle table is full: limit of 2 handles`,
  afterwards: "locked",
}, {
  name: "one handle more than allowed, by the host",
  wat: handling(owns[0]!, I, ""),
  imports,
  options: limited(0),
  run: ({ exports }) => exports.f(new Ticket()),
  fails: "Trap handle-limit: Cannot lower param 1 `p0` of export f: handle table is full: limit of 0 handles",
  afterwards: "locked",
}, {
  name: "as many handles as allowed, again and again",
  wat: handling("(result u32)", "(result i32)", `${make} (call $drop ${h}) ${make} (call $drop ${h}) ${h}`),
  imports,
  options: limited(1),
  gives: 1,
  afterwards: "usable",
}, {
  name: "a bad argument after handles leaves none behind, and the free ones in order",
  wat: handling(
    `${ticket("own", "borrow")} (param "c" u8)`,
    "(param i32 i32 i32)",
    "(call $drop-ticket (local.get 0)) (call $drop-ticket (local.get 1))",
  ),
  imports,
  run: ({ exports }) => {
    const call = (c: number): unknown => exports.f(new Ticket(), new Ticket(), c);
    const before = exports.probe(), errors = [1, 2].map(() => describe(thrown(() => call(256))));
    return [before, ...errors, exports.probe(), call(255), exports.probe()];
  },
  gives: [
    1,
    "ValueError type-mismatch: Cannot lower param 3 `c` of export f: expected u8, found 256",
    "ValueError type-mismatch: Cannot lower param 3 `c` of export f: expected u8, found 256",
    1,
    undefined,
    2, // freed last
  ],
  afterwards: "usable",
});

// Handles between guests: one that makes coats, one that borrows them, and the one that misbehaves.

const offered: Readonly<Record<string, [type: string, flat: string]>> = {
  make: [`(param "rep" u32) (result (own $coat))`, "(param i32) (result i32)"],
  rep: [`(param "it" (borrow $coat)) (result u32)`, "(param i32) (result i32)"],
  take: [`(param "it" (own $coat))`, I],
  both: [`(param "a" (borrow $coat)) (param "b" (own $coat))`, "(param i32 i32)"],
};
const wanted: typeof offered = {
  keep: [`(param "it" (borrow $coat))`, I],
  convert: [`(param "it" (borrow $coat)) (result (own $coat))`, "(param i32) (result i32)"],
};
const among = (body: string): string => {
  const all = Object.entries({ ...offered, ...wanted });
  const withs = (names: object, from: string) =>
    Object.keys(names).map((name) => `(with "${name}" (func $${from} "${name}"))`).join(" ");
  return `(component
    (component $Maker
      (core module $M
        (func (export "rep") (param i32) (result i32) (local.get 0)) (func (export "both") (param i32 i32)))
      (core instance $m (instantiate $M))
      ${PLAIN_COAT}
      (func (export "make") ${offered.make![0]} (canon lift (core func $new)))
      (func (export "rep") ${offered.rep![0]} (canon lift (core func $m "rep")))
      (func (export "take") ${offered.take![0]} (canon lift (core func $drop)))
      (func (export "both") ${offered.both![0]} (canon lift (core func $m "both"))))
    (instance $maker (instantiate $Maker))
    (alias export $maker "coat" (type $coat))
    (component $Keeper
      (import "coat" (type $coat (sub resource)))
      (core module $M (func (export "keep") (param i32)) (func (export "convert") (param i32) (result i32) (local.get 0)))
      (core instance $m (instantiate $M))
      (func (export "keep") ${wanted.keep![0]} (canon lift (core func $m "keep")))
      (func (export "convert") ${wanted.convert![0]} (canon lift (core func $m "convert"))))
    (instance $keeper (instantiate $Keeper (with "coat" (type $coat))))
    ${
    guest({
      defs: `(import "coat" (type $coat (sub resource))) (core func $drop (canon resource.drop $coat))
        ${all.map(([name, [type]]) => `(import "${name}" (func $${name}' ${type}))`).join(" ")}
        ${all.map(([name]) => `(core func $${name} (canon lower (func $${name}')))`).join(" ")}`,
      needs: { drop: I, ...Object.fromEntries(all.map(([name, [, flat]]) => [name, flat])) },
      f: "(result u32)",
      core: `(func (export "f") (result i32) (local $h i32) ${body})`,
    }).replace("(component", "(component $Guest")
  }
    (instance $g (instantiate $Guest (with "coat" (type $coat)) ${withs(offered, "maker")} ${withs(wanted, "keeper")}))
    (export "f" (func $g "f")) (export "ping" (func $g "ping")))`;
};
const taken = "(local.set $h (call $make (i32.const 42)))";
const at = (name: string, place = "param 1 `it`"): string =>
  `Cannot lift ${place} of function ${name} of another component`;
const remain = (name: string): string =>
  `borrows-remain: Cannot call function ${name} of another component: borrow handles still remain at the end of the call`;
const amongGuests: [name: string, body: string, trap: string | number][] = [
  ["lending a coat to its maker gives the representation", `${taken} (call $rep ${h}) (call $take ${h})`, 42],
  ["lending what was never there", "(call $rep (i32.const 12))", unknown(12).replace("%", at("rep"))],
  [
    "giving a coat back twice",
    `${taken} (call $take ${h}) (call $take ${h}) (i32.const 0)`,
    unknown(1).replace("%", at("take")),
  ],
  [
    "lending a coat that was given back",
    `${taken} (call $take ${h}) (call $rep ${h})`,
    unknown(1).replace("%", at("rep")),
  ],
  [
    "dropping a coat that was given back",
    `${taken} (call $take ${h}) (call $drop ${h}) (i32.const 0)`,
    unknown(1).replace("%", atExport),
  ],
  [
    "giving a coat while it is lent",
    `${taken} (call $both ${h} ${h}) (i32.const 0)`,
    lentOut.replace("%", at("both", "param 2 `b`")),
  ],
  ["a borrower that keeps a coat", `${taken} (call $keep ${h}) (i32.const 0)`, remain("keep")],
  ["a borrower that keeps a coat, within catch_all", `${taken} ${swallow(`(call $keep ${h})`)}`, remain("keep")],
  ["a borrower that gives the coat away", `${taken} (call $convert ${h})`, remain("convert")],
];
for (const [name, body, outcome] of amongGuests) {
  cases.push({
    name: `among guests: ${name}`,
    wat: among(body),
    ...typeof outcome === "number"
      ? { gives: outcome, afterwards: "usable" }
      : { fails: `Trap ${outcome}`, afterwards: "locked" },
  });
}

testAll(cases);
