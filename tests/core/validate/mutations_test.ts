// Valid components, and single mutations that each break one rule: every one is refused for that
// rule, by code and message. tests/core/validate/mutations/*.txt hold both. `===` starts a valid
// component in the text format; `==` names a rule; what `-` lines say is replaced by what `+` lines
// say; `!` says how the component is refused then. A `#` line is a comment. Gates have a table
// here: what each refuses when it is closed.
// Spec: Binary.md, Explainer.md.

import { assert, assertEquals, assertMatch } from "@std/assert";
import { CompileError, compileSync, features } from "@windlass/component";
import { binary, thrown } from "../../support/wasm.ts";
import { wat } from "../../support/wat.ts";
import { testFile } from "../../support/fixtures.ts";

type GateOptions = Readonly<Record<string, boolean>>;

/** One rule broken. */
interface Mutation {
  readonly rule: string;
  readonly from: string;
  readonly to: string;
  readonly code: string;
  /** The end of the message, before the offset. */
  readonly refused: string;
}

/** A valid component, and what makes it invalid. */
interface Group {
  readonly name: string;
  readonly gates: GateOptions;
  readonly base: string;
  readonly mutations: readonly Mutation[];
}

function parseMutation(text: string): Mutation {
  const [rule = "", ...lines] = text.split("\n");
  const marked = (mark: string): string =>
    lines.filter((line) => line.startsWith(`${mark} `)).map((line) => line.slice(2)).join("\n");
  const [, code = "", refused = ""] = /^([\w-]+): (.*)$/s.exec(marked("!")) ?? [];
  return { rule, from: marked("-"), to: marked("+"), code, refused };
}

function parseGroup(text: string): Group {
  const [head = "", ...mutations] = text.split(/^== /m);
  const [name = "", ...lines] = head.split("\n").filter((line) => !line.startsWith("#"));
  const gates = /^gates: (.*)$/.exec(lines[0] ?? "")?.[1];
  return {
    name,
    gates: Object.fromEntries((gates?.split(", ") ?? []).map((gate) => [gate, true])),
    base: lines.slice(gates === undefined ? 0 : 1).join("\n").trim(),
    mutations: mutations.map(parseMutation),
  };
}

const folder = testFile("core/validate/mutations/");
const groups = [...Deno.readDirSync(folder)].map(({ name }) => name).sort().flatMap((name) =>
  Deno.readTextFileSync(new URL(name, folder)).split(/^=== /m).slice(1).map(parseGroup)
);

/** The code of a component's refusal, and its message up to the offset. */
function refusal(bytes: Uint8Array<ArrayBuffer>, gates: GateOptions): { code: string; message: string } {
  const error: unknown = thrown(() => compileSync(bytes, { gates }));
  if (!(error instanceof CompileError)) throw error;
  const { offset: at = -1 } = error, offset = ` (at offset 0x${at.toString(16)})`;
  assert(at >= 8 && at <= bytes.length, error.message);
  assert(error.message.endsWith(offset), error.message);
  return { code: error.code, message: error.message.slice(0, -offset.length) };
}

for (const { name, gates, base, mutations } of groups) {
  // What is valid must be compiled by the engine too.
  Deno.test({
    name: `${name}: the component is valid`,
    ignore: / i64 1\)/.test(base) && !features.memory64,
    async fn() {
      compileSync(await wat(base), { gates });
    },
  });
  for (const { rule, from, to, code, refused } of mutations) {
    Deno.test(`${name}: ${rule}`, async () => {
      assertEquals(base.split(from).length, 2, "what is replaced must be there once");
      const error = refusal(await wat(base.replace(from, () => to)), gates);
      // What an engine says of a core module is its own.
      const own = (text: string): string => text.replace(/(core module \d+ is invalid: ).*/, "$1");
      const found = own(error.message).slice(-own(refused).length);
      assertEquals({ code: error.code, refused: found }, { code, refused: own(refused) }, error.message);
    });
  }
}

Deno.test("attributes: each is given once, which only a binary can break", () => {
  const text = (value: string): number[] => [value.length, ...new TextEncoder().encode(value)];
  const attributes = [[0x00, ...text("a:b/c")], [0x02, ...text("x")]];
  const importing = (...given: number[][]): Uint8Array<ArrayBuffer> => {
    const item = [0x02, ...text("n"), given.length, ...given.flat(), 0x05, 0];
    return binary(7, 3, 1, 0x42, 0, 10, item.length + 1, 1, ...item);
  };
  compileSync(importing(...attributes));
  for (const [attribute, name] of [[attributes[0]!, "implements"], [attributes[1]!, "external-id"]] as const) {
    const { code, message } = refusal(importing(attribute, attribute), {});
    assertEquals(code, "invalid-type", message);
    assert(message.endsWith(`: duplicate '${name}' option in name`), message);
  }
});

Deno.test("every rule has a mutation: there are at least 60", () => {
  const count = groups.reduce((sum, group) => sum + group.mutations.length, 0);
  console.log(`${groups.length} valid components, ${count} mutations, ${gated.length} uses of gates`);
  assert(count >= 60);
});

// Gates.

/** A component of one export or import section, or of one `canon`. */
const section = (id: number, ...item: number[]) => binary(id, item.length + 1, 1, ...item);
const memory = `(core module $m (memory (export "m") 1) (memory (export "wide") i64 1)
  (func (export "f")) (func (export "realloc") (param i32 i32 i32 i32) (result i32) unreachable))
  (core instance $m (instantiate $m))`;

/** The gate that a component needs, and how messages call what needs it. */
const gated: readonly (readonly [gate: string, what: string, component: string | Uint8Array<ArrayBuffer>])[] = [
  ["async", "an async function type", "(component (type (func async)))"],
  ["async", "an async function type", `(component (type (instance (export "f" (func async)))))`],
  ["async", "a stream", "(component (type (stream u8)))"],
  ["async", "a future", "(component (type (future)))"],
  ["async", "task.return", "(component (core func (canon task.return)))"],
  ["async", "task.cancel", "(component (core func (canon task.cancel)))"],
  ["async", "subtask.drop", "(component (core func (canon subtask.drop)))"],
  ["async", "context.get", "(component (core func (canon context.get i32 0)))"],
  ["async", "waitable-set.new", "(component (core func (canon waitable-set.new)))"],
  ["async", "waitable.join", "(component (core func (canon waitable.join)))"],
  ["async", "backpressure.inc", "(component (core func (canon backpressure.inc)))"],
  ["async", "thread.yield", "(component (core func (canon thread.yield)))"],
  ["map", "a map", "(component (type (map string u8)))"],
  ["implements", "the attributes of `a`", `(component (import "a" (implements "a:b/c") (instance)))`],
  ["implements", "the attributes of `a`", `(component (import "a" (external-id "x") (func)))`],
  [
    "more-async-builtins",
    "async stream.cancel-read",
    "(component (type $s (stream)) (core func (canon stream.cancel-read $s async)))",
  ],
  [
    "more-async-builtins",
    "async future.cancel-write",
    "(component (type $f (future)) (core func (canon future.cancel-write $f async)))",
  ],
  ["more-async-builtins", "async subtask.cancel", "(component (core func (canon subtask.cancel async)))"],
  [
    "more-async-builtins",
    "stream.write without `async`",
    "(component (type $s (stream)) (core func (canon stream.write $s)))",
  ],
  [
    "async-stackful",
    "async lift without `callback`",
    `(component ${memory} (func async (canon lift (core func $m "f") async)))`,
  ],
  ["threading", "thread.index", "(component (core func (canon thread.index)))"],
  [
    "threading",
    "thread.new-indirect",
    `(component (core type $t (func (param i32))) (core module $m (table (export "t") 1 funcref))
      (core instance $m (instantiate $m)) (alias core export $m "t" (core table $table))
      (core func (canon thread.new-indirect $t (table $table))))`,
  ],
  ["threading", "thread.resume-later", "(component (core func (canon thread.resume-later)))"],
  ["threading", "thread.suspend", "(component (core func (canon thread.suspend)))"],
  ["threading", "thread.suspend-then-resume", "(component (core func (canon thread.suspend-then-resume)))"],
  ["threading", "thread.yield-then-resume", "(component (core func (canon thread.yield-then-resume)))"],
  ["threading", "thread.suspend-then-promote", "(component (core func (canon thread.suspend-then-promote)))"],
  ["threading", "thread.yield-then-promote", "(component (core func (canon thread.yield-then-promote)))"],
  ["shared-everything-threads", "thread.available-parallelism", section(8, 0x42, 0x00)],
  ["fixed-length-lists", "a fixed-length list", "(component (type (list u8 4)))"],
  ["error-context", "an error-context", "(component (type error-context))"],
  [
    "error-context",
    "error-context.new",
    `(component ${memory} (core func (canon error-context.new (memory (core memory $m "m")))))`,
  ],
  ["error-context", "error-context.drop", "(component (core func (canon error-context.drop)))"],
  ["memory64", "a resource represented by an i64", "(component (type (resource (rep i64))))"],
  ["memory64", "context.get of an i64", "(component (core func (canon context.get i64 0)))"],
  ["memory64", "context.set of an i64", "(component (core func (canon context.set i64 0)))"],
  [
    "memory64",
    "a 64-bit memory as canonical option",
    `(component ${memory} (core func (canon waitable-set.wait (memory (core memory $m "wide")))))`,
  ],
  [
    "canon-names",
    "the canonical name `a:b/c@1`",
    `(component (import "a:b/c@1" (versionsuffix ".2.3") (instance)))`,
  ],
  ["canon-names", "the canonical name `a:b/c@1`", `(component (import "a:b/c@1" (instance)))`],
  ["nested-names", "the nested name `a:b:c/d`", `(component (import "a:b:c/d" (instance)))`],
  ["nested-names", "the nested name `a:b/c/d`", `(component (import "a:b/c/d" (instance)))`],
  // `(import "v" (value u32))`
  ["values", "a component value", section(10, 0x00, 0x01, 0x76, 0x02, 0x01, 0x79)],
  // A component start function without arguments or results.
  ["values", "a component start function", binary(9, 3, 0x00, 0x00, 0x00)],
  // `(core func (canon task.return gc))`
  ["gc", "the canonical option `gc`", section(8, 0x09, 0x01, 0x00, 0x01, 0x09)],
];

for (const [gate, what, component] of gated) {
  Deno.test(`the gate ${gate} closed refuses ${what}${typeof component === "string" ? `: ${component}` : ""}`, async () => {
    const bytes = typeof component === "string" ? await wat(component) : component;
    const { code, message } = refusal(bytes, { [gate]: false });
    assertEquals(code, "closed-gate", message);
    assertMatch(message, new RegExp(`: pass \\{ gates: \\{ "${gate}": true \\} \\}$`));
    assert(message.includes(`: ${what} needs the gate \`${gate}\``), message);
  });
}
