// The component of `deno task bench:fused`, as text: a caller that calls each function of a callee n
// times, and beside it core modules that do only what no adapter can do without: realloc, a copy of
// the bytes, the call.
// Rows enter; texts in the text format leave.

/** A string encoding, as canonical options spell it. */
type Encoding = "utf8" | "utf16" | "latin1+utf16";

/** One row: a function that the caller calls. */
export interface FusedRow {
  readonly name: string;
  /** Component types. */
  readonly params: readonly string[];
  readonly result?: string;
  readonly encodings?: readonly [caller: Encoding, callee: Encoding];
  /** The core parameters of the lowered function, and the instructions that push them. */
  readonly lowered: readonly string[];
  readonly args: string;
  readonly loweredResult?: string;
  /** The core parameters of the lifted function, and what it does. */
  readonly lifted: readonly string[];
  readonly liftedResult?: string;
  readonly body: string;
  /** Bytes that the floor copies to memory of the callee and of the caller. */
  readonly copies?: readonly [params: number, result: number];
  /** What one call handles, for rates: bytes, or strings. */
  readonly bytes?: number;
}

const i32s = (count: number): string[] => Array<string>(count).fill("i32");
/** The core values of a record of 13 fields. */
const thirteen = ["u8", "u16", "u32", "u64", "s8", "s16", "s32", "s64", "f32", "f64", "bool", "char", "u32"];
const thirteenCore = ["i32", "i32", "i32", "i64", "i32", "i32", "i32", "i64", "f32", "f64", "i32", "i32", "i32"];
const constants = (types: readonly string[]): string => types.map((type) => `(${type}.const 7)`).join(" ");

// Where data lies in the caller's memory.
const ASCII = 0x10000, WIDE = 0x20000, CYRILLIC = 0x30000, LATIN1 = 0x40000, NUMBERS = 0x50000, STRINGS = 0x70000;
const RETURN = 0x100;

const text = (
  name: string,
  encodings: [Encoding, Encoding],
  pointer: number,
  units: number,
  bytes: number,
): FusedRow => ({
  name,
  params: ["string"],
  encodings,
  lowered: i32s(2),
  args: `(i32.const ${pointer}) (i32.const ${units})`,
  lifted: i32s(2),
  body: "",
  copies: [bytes, 0],
  bytes,
});

const list = (name: string, element: string, pointer: number, length: number, bytes: number): FusedRow => ({
  name,
  params: [`(list ${element})`],
  lowered: i32s(2),
  args: `(i32.const ${pointer}) (i32.const ${length})`,
  lifted: i32s(2),
  body: "",
  copies: [bytes, 0],
  bytes,
});

/** The rows. */
export const rows: readonly FusedRow[] = [
  { name: "nop", params: [], lowered: [], args: "", lifted: [], body: "" },
  {
    name: "add of u32",
    params: ["u32", "u32"],
    result: "u32",
    lowered: i32s(2),
    args: "(i32.const 1) (i32.const 2)",
    loweredResult: "i32",
    lifted: i32s(2),
    liftedResult: "i32",
    body: "(i32.add (local.get 0) (local.get 1))",
  },
  {
    name: "add of u64",
    params: ["u64", "u64"],
    result: "u64",
    lowered: ["i64", "i64"],
    args: "(i64.const 1) (i64.const 2)",
    loweredResult: "i64",
    lifted: ["i64", "i64"],
    liftedResult: "i64",
    body: "(i64.add (local.get 0) (local.get 1))",
  },
  {
    name: "bool, char and s8",
    params: ["bool", "char", "s8"],
    result: "char",
    lowered: i32s(3),
    args: "(i32.const 1) (i32.const 97) (i32.const -5)",
    loweredResult: "i32",
    lifted: i32s(3),
    liftedResult: "i32",
    body: "(local.get 1)",
  },
  {
    name: "20 parameters",
    params: Array<string>(20).fill("u32"),
    result: "u32",
    lowered: i32s(1),
    args: `(i32.const ${NUMBERS})`,
    loweredResult: "i32",
    lifted: i32s(1),
    liftedResult: "i32",
    body: "(i32.load (local.get 0))",
    copies: [80, 0],
  },
  {
    name: "record of 13",
    params: [`(tuple ${thirteen.join(" ")})`],
    lowered: thirteenCore,
    args: constants(thirteenCore),
    lifted: thirteenCore,
    body: "",
  },
  {
    name: "record of 13, returned",
    params: [],
    result: `(tuple ${thirteen.join(" ")})`,
    lowered: i32s(1),
    args: `(i32.const ${RETURN})`,
    lifted: [],
    liftedResult: "i32",
    body: `(i32.const ${NUMBERS})`,
    copies: [0, 64],
  },
  {
    name: "option<u32>",
    params: ["(option u32)"],
    lowered: i32s(2),
    args: "(i32.const 1) (i32.const 5)",
    lifted: i32s(2),
    body: "",
  },
  {
    name: "result<u64, f32>",
    params: ["(result u64 (error f32))"],
    lowered: ["i32", "i64"],
    args: "(i32.const 1) (i64.const 5)",
    lifted: ["i32", "i64"],
    body: "",
  },
  {
    name: "result<u64, f32>, returned",
    params: [],
    result: "(result u64 (error f32))",
    lowered: i32s(1),
    args: `(i32.const ${RETURN})`,
    lifted: [],
    liftedResult: "i32",
    body: "(i32.const 0x200)",
    copies: [0, 16],
  },
  text("utf8 → utf8, 5 B", ["utf8", "utf8"], ASCII, 5, 5),
  text("utf8 → utf8, 100 B", ["utf8", "utf8"], ASCII, 100, 100),
  text("utf8 → utf8, 10 KB", ["utf8", "utf8"], ASCII, 10_000, 10_000),
  text("utf8 → utf8, 10 KB of Cyrillic", ["utf8", "utf8"], CYRILLIC, 10_000, 10_000),
  text("utf8 → utf16, 10 KB", ["utf8", "utf16"], ASCII, 10_000, 20_000),
  text("utf8 → utf16, 10 KB of Cyrillic", ["utf8", "utf16"], CYRILLIC, 10_000, 10_000),
  text("utf16 → utf8, 10,000", ["utf16", "utf8"], WIDE, 10_000, 20_000),
  text("utf16 → utf16, 10,000", ["utf16", "utf16"], WIDE, 10_000, 20_000),
  text("latin1 → utf8, 10 KB", ["latin1+utf16", "utf8"], ASCII, 10_000, 10_000),
  text("latin1 → utf8, 10 KB, accents", ["latin1+utf16", "utf8"], LATIN1, 10_000, 10_000),
  text("latin1 → utf16, 10 KB", ["latin1+utf16", "utf16"], LATIN1, 10_000, 20_000),
  text("utf8 → latin1, 10 KB", ["utf8", "latin1+utf16"], ASCII, 10_000, 10_000),
  text("utf16 → latin1, 10,000", ["utf16", "latin1+utf16"], WIDE, 10_000, 20_000),
  list("list<u8>, 64 K", "u8", ASCII, 65_536, 65_536),
  list("list<f32>, 10,000", "f32", NUMBERS, 10_000, 40_000),
  list("list<record of u32, u32, u64>, 1,000", "(tuple u32 u32 u64)", NUMBERS, 1_000, 16_000),
  list("list<record of u8, u32>, 1,000", "(tuple u8 u32)", NUMBERS, 1_000, 8_000),
  list("list<char>, 10,000", "char", NUMBERS, 10_000, 40_000),
  list("list<bool>, 10,000", "bool", ASCII, 10_000, 10_000),
  list("list<option<u32>>, 1,000", "(option u32)", STRINGS + 0x8000, 1_000, 8_000),
  list("list<string>, 100", "string", STRINGS, 100, 1_800),
];

const signature = ({ params, result }: FusedRow): string =>
  `${params.map((type, i) => `(param "p${i}" ${type})`).join(" ")} ${result === undefined ? "" : `(result ${result})`}`;
const core = (params: readonly string[], result: string | undefined): string =>
  `(param ${params.join(" ")}) ${result === undefined ? "" : `(result ${result})`}`;

/** Memory that is given again and again: benches run for ever. */
const realloc = `(global $next (mut i32) (i32.const 0x80000))
  (func (export "realloc") (param i32 i32 i32 i32) (result i32) (local $at i32)
    (local.set $at (i32.and (i32.add (global.get $next) (i32.const 7)) (i32.const -8)))
    (if (i32.gt_u (i32.add (local.get $at) (local.get 3)) (i32.const 0x200000))
      (then (local.set $at (i32.const 0x80000))))
    (global.set $next (i32.add (local.get $at) (local.get 3)))
    (local.get $at))`;

const repeated = (text: string, length: number): string =>
  text.repeat(Math.ceil(length / text.length)).slice(0, length);
const escaped = (bytes: Uint8Array): string =>
  [...bytes].map((byte) => `\\${byte.toString(16).padStart(2, "0")}`).join("");
function utf16(text: string): Uint8Array {
  return new Uint8Array(Uint16Array.from(text, (char) => char.charCodeAt(0)).buffer);
}

/** What lies in the caller's memory. */
function data(): string {
  const ascii = repeated("The quick brown fox jumps over the lazy dog. ", 65_536);
  const cyrillic = new TextEncoder().encode(repeated("Съешь ещё этих мягких французских булок. ", 9_000)).subarray(
    0,
    9_990,
  );
  const latin1 = Uint8Array.from(
    repeated("Zwölf Boxkämpfer jagen Viktor über den Sylter Deich. ", 10_000),
    (char) => char.charCodeAt(0),
  );
  const strings = new Uint32Array(Array.from({ length: 100 }, (_, i) => [ASCII + i, 10]).flat());
  const at = (offset: number, bytes: Uint8Array): string => `(data (i32.const ${offset}) "${escaped(bytes)}")`;
  const padded = new Uint8Array(10_000).fill(46);
  padded.set(cyrillic.subarray(0, lastWhole(cyrillic)));
  return [
    at(ASCII, new TextEncoder().encode(ascii)),
    at(WIDE, utf16(ascii.slice(0, 10_000))),
    at(CYRILLIC, padded),
    at(LATIN1, latin1),
    at(NUMBERS, new Uint8Array(new Uint32Array(10_000).fill(0x41).buffer)),
    at(STRINGS, new Uint8Array(strings.buffer)),
    at(STRINGS + 0x8000, new Uint8Array(new Uint32Array(2_000).fill(1).buffer)),
  ].join("\n");
}

/** Bytes without a sequence that is cut off at the end. */
function lastWhole(bytes: Uint8Array): number {
  let end = bytes.length;
  while ((bytes[end - 1]! & 0xc0) === 0x80) end--;
  return bytes[end - 1]! >= 0x80 ? end - 1 : end;
}

/** The loop of one row: `run-i`. */
function loop(row: FusedRow, i: number, call: string): string {
  return `(func (export "run${i}") (param $n i32) (local $i i32)
    (block $done (loop $next
      (br_if $done (i32.ge_u (local.get $i) (local.get $n)))
      ${call} ${row.loweredResult === undefined ? "" : "(drop)"}
      (local.set $i (i32.add (local.get $i) (i32.const 1)))
      (br $next))))`;
}

/** The resource rows of the caller, besides the others: own there and back, and a method. */
export const RESOURCE_ROWS = ["own, made and dropped", "method of a resource"] as const;

/**
 * The component. jco's output has no transcoder for some pairs of encodings: rows that `has` refuses
 * are UTF-8 at both ends, and are not to be measured.
 */
export function componentText(has: (row: FusedRow) => boolean = () => true): string {
  const options = (row: FusedRow, end: 0 | 1): string =>
    `(memory $mem) (realloc $realloc) string-encoding=${has(row) && row.encodings?.[end] || "utf8"}`;
  const callee = `(component $Callee
    (type $Own (resource (rep i32)))
    (export $R "r" (type $Own))
    (core func $new (canon resource.new $Own))
    (core module $M
      (import "" "new" (func $new (param i32) (result i32)))
      (memory (export "memory") 64) ${realloc}
      ${rows.map((row, i) => `(func (export "f${i}") ${core(row.lifted, row.liftedResult)} ${row.body})`).join("\n")}
      (func (export "make") (result i32) (call $new (i32.const 7)))
      (func (export "method") (param i32) (result i32) (local.get 0)))
    (core instance $m (instantiate $M (with "" (instance (export "new" (func $new))))))
    (alias core export $m "memory" (core memory $mem))
    (alias core export $m "realloc" (core func $realloc))
    ${
    rows.map((row, i) =>
      `(func (export "f${i}") ${signature(row)} (canon lift (core func $m "f${i}") ${options(row, 1)}))`
    ).join("\n")
  }
    (func (export "make") (result (own $R)) (canon lift (core func $m "make")))
    (func (export "method") (param "self" (borrow $R)) (result u32) (canon lift (core func $m "method"))))`;
  const imports = rows.map((row, i) => `(import "f${i}" (func $f${i} ${signature(row)}))`).join("\n");
  const caller = `(component $Caller
    (import "r" (type $R (sub resource)))
    ${imports}
    (import "make" (func $make (result (own $R))))
    (import "method" (func $method (param "self" (borrow $R)) (result u32)))
    (core module $Lib (memory (export "memory") 64) ${realloc} ${data()})
    (core instance $lib (instantiate $Lib))
    (alias core export $lib "memory" (core memory $mem))
    (alias core export $lib "realloc" (core func $realloc))
    ${rows.map((row, i) => `(core func $c${i} (canon lower (func $f${i}) ${options(row, 0)}))`).join("\n")}
    (core func $cmake (canon lower (func $make)))
    (core func $cmethod (canon lower (func $method)))
    (core func $drop (canon resource.drop $R))
    (core module $M
      ${rows.map((row, i) => `(import "" "f${i}" (func $f${i} ${core(row.lowered, row.loweredResult)}))`).join("\n")}
      (import "" "make" (func $make (result i32)))
      (import "" "method" (func $method (param i32) (result i32)))
      (import "" "drop" (func $drop (param i32)))
      ${rows.map((row, i) => loop(row, i, `(call $f${i} ${row.args})`)).join("\n")}
      ${loop(rows[0]!, rows.length, "(call $drop (call $make))")}
      (global $kept (mut i32) (i32.const 0))
      ${
    loop(
      rows[0]!,
      rows.length + 1,
      `(if (i32.eqz (global.get $kept)) (then (global.set $kept (call $make))))
      (drop (call $method (global.get $kept)))`,
    )
  })
    (core instance $m (instantiate $M (with "" (instance
      ${rows.map((_, i) => `(export "f${i}" (func $c${i}))`).join(" ")}
      (export "make" (func $cmake)) (export "method" (func $cmethod)) (export "drop" (func $drop))))))
    ${
    Array.from({ length: rows.length + 2 }, (_, i) =>
      `(func (export "run${i}") (param "n" u32) (canon lift (core func $m "run${i}")))`).join("\n")
  })`;
  const passed = [...rows.map((_, i) => `f${i}`), "make", "method"];
  return `(component ${callee} ${caller}
    (instance $callee (instantiate $Callee))
    (instance $caller (instantiate $Caller (with "r" (type $callee "r"))
      ${passed.map((name) => `(with "${name}" (func $callee "${name}"))`).join(" ")}))
    ${Array.from({ length: rows.length + 2 }, (_, i) => `(export "run${i}" (func $caller "run${i}"))`).join("\n")})`;
}

/** The floor: the callee's core module, and a caller that copies bytes from memory to memory. */
export function floorTexts(): { callee: string; caller: string } {
  const allocated = (bytes: number): string =>
    `(call $realloc (i32.const 0) (i32.const 0) (i32.const 8) (i32.const ${bytes}))`;
  const callOf = (row: FusedRow, i: number): string => {
    const [params, result] = row.copies ?? [0, 0];
    // A pointer to memory of the callee takes the place of the first argument.
    if (params > 0) {
      const rest = row.lifted.length > 1 ? `(i32.const ${row.bytes ?? params})` : "";
      return `(local.set $to ${allocated(params)})
        (memory.copy $callee $own (local.get $to) (i32.const ${ASCII}) (i32.const ${params}))
        (call $f${i} (local.get $to) ${rest})`;
    }
    if (result > 0) {
      return `(memory.copy $own $callee (i32.const ${RETURN}) (call $f${i}) (i32.const ${result}))`;
    }
    return `(call $f${i} ${row.args})`;
  };
  return {
    callee: `(module (memory (export "memory") 64) ${realloc}
      ${rows.map((row, i) => `(func (export "f${i}") ${core(row.lifted, row.liftedResult)} ${row.body})`).join("\n")})`,
    caller: `(module
      (import "" "memory" (memory $callee 64))
      (import "" "realloc" (func $realloc (param i32 i32 i32 i32) (result i32)))
      ${rows.map((row, i) => `(import "" "f${i}" (func $f${i} ${core(row.lifted, row.liftedResult)}))`).join("\n")}
      (memory $own 64)
      ${
      rows.map((row, i) => loop(row, i, callOf(row, i)).replace("(local $i i32)", "(local $i i32) (local $to i32)"))
        .join("\n")
    })`,
  };
}
