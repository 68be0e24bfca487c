// Small guests that use the built-ins of the asynchronous model, for tests of their traps.
// The functions of a core module enter, a component leaves that has the built-ins which they name.

import { compileSync, type Component } from "@windlass/component";
import { libc } from "./wasm.ts";
import { wat } from "./wat.ts";

const memory = `(memory (core memory $libc "memory"))`, realloc = `(realloc (core func $libc "realloc"))`;

/** The types of streams and futures, by the first word of their built-ins' names. */
const types = { bytes: "(stream u8)", words: "(stream u32)", bools: "(stream bool)", value: "(future u32)" };

/** The built-ins of a stream's or future's type: core type and definition. */
function ends(name: string, kind: "stream" | "future"): [string, [string, string]][] {
  const type = `$${name}`, operands = kind === "stream" ? "i32 i32 i32" : "i32 i32";
  return [
    [`${name}-new`, ["(result i64)", `${kind}.new ${type}`]],
    ...["read", "write"].flatMap((verb): [string, [string, string]][] => [
      [`${name}-${verb}`, [`(param ${operands}) (result i32)`, `${kind}.${verb} ${type} async ${memory}`]],
      [`${name}-${verb}-sync`, [`(param ${operands}) (result i32)`, `${kind}.${verb} ${type} ${memory}`]],
      [`${name}-cancel-${verb}`, ["(param i32) (result i32)", `${kind}.cancel-${verb} ${type}`]],
    ]),
    ...["readable", "writable"].map((end): [string, [string, string]] => [
      `${name}-drop-${end}`,
      ["(param i32)", `${kind}.drop-${end} ${type}`],
    ]),
  ];
}

const builtins: readonly [string, [type: string, definition: string]][] = [
  ...ends("bytes", "stream"),
  ...ends("words", "stream"),
  ...ends("bools", "stream"),
  ...ends("value", "future"),
  ["task-return", ["", "task.return"]],
  ["task-cancel", ["", "task.cancel"]],
  ["backpressure-inc", ["", "backpressure.inc"]],
  ["backpressure-dec", ["", "backpressure.dec"]],
  ["set-new", ["(result i32)", "waitable-set.new"]],
  ["set-wait", ["(param i32 i32) (result i32)", `waitable-set.wait ${memory}`]],
  ["set-drop", ["(param i32)", "waitable-set.drop"]],
  ["join", ["(param i32 i32)", "waitable.join"]],
  ["subtask-cancel", ["(param i32) (result i32)", "subtask.cancel"]],
  ["subtask-drop", ["(param i32)", "subtask.drop"]],
  ["error-new", ["(param i32 i32) (result i32)", `error-context.new ${memory} ${realloc}`]],
  ["thread-index", ["(result i32)", "thread.index"]],
  ["thread-new", ["(param i32 i32) (result i32)", `thread.new-indirect $start (core table $libc "table")`]],
  ["thread-resume-later", ["(param i32)", "thread.resume-later"]],
  ["thread-parallelism", ["(result i32)", "thread.available_parallelism"]],
  // An import of the host's.
  ["work", ["(param i32) (result i32)", `lower (func $work') async ${memory}`]],
];

/** How a guest's function `f` is lifted: the type of a function, and its lift. */
export const lifts = {
  sync: `(func (export "f") (canon lift (core func $m "f")))`,
  /** An async type, with a synchronous lift: it may block. */
  blocking: `(func (export "f") async (canon lift (core func $m "f")))`,
  callback: `(func (export "f") async (canon lift (core func $m "f") async (callback (core func $m "cb"))))`,
};

/** Makes the text of a component around core functions. `$name` in them makes a built-in known. */
export function guestText(body: string, lift: string): string {
  const used = builtins.filter(([name]) => new RegExp(`\\$${name}(?![\\w-])`).test(body));
  return `(component
    (import "work" (func $work' async (result u32)))
    ${
    libc(`(type $start (func (param i32)))
      (table (export "table") 4 funcref) (elem (i32.const 1) func $f $g)
      (func $f (param i32)) (func $g (param i64))`)
  }
    ${Object.entries(types).map(([name, type]) => `(type $${name} ${type})`).join(" ")}
    (core type $start (func (param i32)))
    ${used.map(([name, [, definition]]) => `(core func $${name} (canon ${definition}))`).join("\n")}
    (core module $M
      ${used.map(([name, [type]]) => `(import "" "${name}" (func $${name} ${type}))`).join("\n")}
      (func $readable (param i64) (result i32) (i32.wrap_i64 (local.get 0)))
      (func $writable (param i64) (result i32) (i32.wrap_i64 (i64.shr_u (local.get 0) (i64.const 32))))
      (func (export "cb") (param i32 i32 i32) (result i32) unreachable)
      ${body})
    (core instance $m (instantiate $M (with "" (instance
      ${used.map(([name]) => `(export "${name}" (func $${name}))`).join("\n")}))))
    ${lift})`;
}

const gates = {
  "more-async-builtins": true,
  "async-stackful": true,
  "threading": true,
  "shared-everything-threads": true,
  "error-context": true,
};

/** Makes the component. */
export async function asyncGuest(body: string, lift: string): Promise<Component> {
  return compileSync(withSharedFlag(await wat(guestText(body, lift))), { gates });
}

/**
 * Adds the byte for `shared?` to a section that is `thread.available-parallelism` alone: the encoder
 * leaves that byte out.
 */
function withSharedFlag(bytes: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> {
  const section = [8, 2, 1, 0x42], at = bytes.findIndex((_, i) => section.every((byte, n) => bytes[i + n] === byte));
  if (at < 0) return bytes;
  return Uint8Array.of(...bytes.subarray(0, at), 8, 3, 1, 0x42, 0, ...bytes.subarray(at + section.length));
}
