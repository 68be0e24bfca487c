// The component of the second table of `deno task bench:wide`, as text: a caller that calls each
// function of a callee n times, with memories of any address types.
// Address types enter; a text in the text format leaves.

import type { AddressType } from "../abi/types/core_values.ts";

/** One row: a function that the caller calls. */
export interface WideRow {
  readonly name: string;
  readonly params: string;
  readonly result?: string;
  readonly encoding?: "utf16";
  /** The core parameters of the lowered function and of the lifted one, for an address type. */
  readonly core: (w: AddressType) => readonly [lowered: string, lifted: string];
  /** The caller's arguments. */
  readonly args: (w: AddressType) => string;
  /** What the callee's function does. */
  readonly body?: (w: AddressType) => string;
  /** Calls in one sample. */
  readonly calls: number;
}

// Where data lies in the caller's memory.
const ASCII = 0x10000, NUMBERS = 0x30000, STRINGS = 0x60000, RETURN = 0x100;

const range = (name: string, type: string, pointer: number, length: number, calls: number, wide = false): WideRow => ({
  name,
  params: `(param "x" ${type})`,
  ...(wide && { encoding: "utf16" as const }),
  core: (w) => [`(param ${w} ${w})`, ""],
  args: (w) => `(${w}.const ${pointer}) (${w}.const ${length})`,
  calls,
});

/** The rows. */
export const rows: readonly WideRow[] = [
  {
    name: "add of u32",
    params: `(param "a" u32) (param "b" u32)`,
    result: "u32",
    core: () => ["(param i32 i32) (result i32)", "(param i32 i32) (result i32)"],
    args: () => "(i32.const 1) (i32.const 2)",
    body: () => "(i32.add (local.get 0) (local.get 1))",
    calls: 1000,
  },
  {
    name: "20 parameters",
    params: Array.from({ length: 20 }, (_, i) => `(param "p${i}" u32)`).join(" "),
    core: (w) => [`(param ${w})`, `(param ${w})`],
    args: (w) => `(${w}.const ${NUMBERS})`,
    calls: 1000,
  },
  {
    name: "record of 10, returned",
    params: "",
    result: `(tuple ${Array(10).fill("u32").join(" ")})`,
    core: (w) => [`(param ${w})`, `(result ${w})`],
    args: (w) => `(${w}.const ${RETURN})`,
    body: (w) => `(${w}.const 64)`,
    calls: 1000,
  },
  range("utf8 → utf8, 5 B", "string", ASCII, 5, 1000),
  range("utf8 → utf8, 100 B", "string", ASCII, 100, 1000),
  range("utf8 → utf8, 10 KB", "string", ASCII, 10_000, 100),
  range("utf8 → utf16, 10 KB", "string", ASCII, 10_000, 100, true),
  range("list<u8>, 64 K", "(list u8)", ASCII, 65_536, 100),
  range("list<record of u32, u32, u64>, 1,000", "(list (tuple u32 u32 u64))", NUMBERS, 1000, 100),
  range("list<option<u32>>, 1,000", "(list (option u32))", NUMBERS, 1000, 100),
  range("list<string>, 100", "(list string)", STRINGS, 100, 100),
];

/** Memory that is given again and again: benches run for ever. */
const realloc = (w: AddressType): string =>
  `(global $next (mut ${w}) (${w}.const 0x80000))
  (func (export "realloc") (param ${w} ${w} ${w} ${w}) (result ${w}) (local $at ${w})
    (local.set $at (${w}.and (${w}.add (global.get $next) (${w}.const 7)) (${w}.const -8)))
    (if (${w}.gt_u (${w}.add (local.get $at) (local.get 3)) (${w}.const 0x200000))
      (then (local.set $at (${w}.const 0x80000))))
    (global.set $next (${w}.add (local.get $at) (local.get 3)))
    (local.get $at))`;

/** What lies in the caller's memory. */
function data(w: AddressType): string {
  const escaped = (bytes: Uint8Array): string =>
    [...bytes].map((byte) => `\\${byte.toString(16).padStart(2, "0")}`).join("");
  const at = (offset: number, bytes: Uint8Array): string => `(data (${w}.const ${offset}) "${escaped(bytes)}")`;
  const ascii = new TextEncoder().encode("The quick brown fox jumps over the lazy dog. ".repeat(1500).slice(0, 65_536));
  const words = Array.from({ length: 100 }, (_, i) => [ASCII + i, 10]).flat();
  return [
    at(ASCII, ascii),
    at(NUMBERS, new Uint8Array(new Uint32Array(4000).fill(1).buffer)),
    at(STRINGS, new Uint8Array((w === "i64" ? BigUint64Array.from(words, BigInt) : Uint32Array.from(words)).buffer)),
  ].join("\n");
}

/** The component: its caller has a memory of the first address type, its callee one of the second. */
export function guestsText(v: AddressType, w: AddressType): string {
  const signature = ({ params, result }: WideRow): string =>
    `${params} ${result === undefined ? "" : `(result ${result})`}`;
  const options = ({ encoding }: WideRow): string =>
    `(memory $mem) (realloc $realloc)${encoding === undefined ? "" : ` string-encoding=${encoding}`}`;
  const lifted = (row: WideRow): string => row.core(w)[1] || row.core(w)[0];
  const loop = (row: WideRow, i: number): string =>
    `(func (export "run${i}") (param $n i32)
      (loop $again
        (call $f${i} ${row.args(v)}) ${row.core(v)[0].includes("(result") ? "(drop)" : ""}
        (br_if $again (local.tee $n (i32.sub (local.get $n) (i32.const 1))))))`;
  const memory = `(alias core export $lib "memory" (core memory $mem))
      (alias core export $lib "realloc" (core func $realloc))`;
  return `(component
    (component $Callee
      (core module $Lib (memory (export "memory") ${w} 64) ${realloc(w)}
        ${rows.map((row, i) => `(func (export "f${i}") ${lifted(row)} ${row.body?.(w) ?? ""})`).join("\n")})
      (core instance $lib (instantiate $Lib))
      ${memory}
      ${
    rows.map((row, i) =>
      `(func (export "f${i}") ${signature(row)} (canon lift (core func $lib "f${i}") ${options(row)}))`
    ).join("\n")
  })
    (component $Caller
      ${rows.map((row, i) => `(import "f${i}" (func $f${i} ${signature(row)}))`).join("\n")}
      (core module $Lib (memory (export "memory") ${v} 64) ${realloc(v)} ${data(v)})
      (core instance $lib (instantiate $Lib))
      ${memory}
      ${
    rows.map((_, i) => `(core func $c${i} (canon lower (func $f${i}) (memory $mem) (realloc $realloc)))`).join("\n")
  }
      (core module $M
        ${rows.map((row, i) => `(import "" "f${i}" (func $f${i} ${row.core(v)[0]}))`).join("\n")}
        ${rows.map(loop).join("\n")})
      (core instance $m (instantiate $M (with "" (instance
        ${rows.map((_, i) => `(export "f${i}" (func $c${i}))`).join(" ")}))))
      ${
    rows.map((_, i) => `(func (export "run${i}") (param "n" u32) (canon lift (core func $m "run${i}")))`).join("\n")
  })
    (instance $callee (instantiate $Callee))
    (instance $caller (instantiate $Caller ${rows.map((_, i) => `(with "f${i}" (func $callee "f${i}"))`).join(" ")}))
    ${rows.map((_, i) => `(export "run${i}" (func $caller "run${i}"))`).join("\n")})`;
}
