// The table of core instructions: each row says the name, the opcode, the immediates that follow
// the opcode, and the feature that the instruction needs.
// In: a reader at an instruction. Out: the instruction's row; then the reader past its immediates.
// The table holds WebAssembly 3.0, threads, and the older exception handling that engines accept.
// Spec: core spec 3.0 "Binary Format: Instructions"; proposals threads, exception-handling
// (legacy).

import type { NeededFeature } from "./features.ts";
import { hex, type Reader } from "../binary/reader.ts";

/** Something that stands between an opcode and the next instruction. */
export type Immediate =
  /** The index of a type, function, label, local …, or the length that `array.new_fixed` has. */
  | "index"
  | "i32"
  | "i64"
  | "f32"
  | "f64"
  /** A lane, the ordering of a fence, or the flags of a cast. */
  | "byte"
  /** A vector, or the lanes of a shuffle. */
  | "16 bytes"
  | "memarg"
  | "block type"
  | "heap type"
  | "value types"
  | "labels"
  | "catch clauses";

/** One row of the table. */
export interface Instruction {
  /** In the text format. */
  readonly name: string;
  /** The byte before the opcode; `undefined` if the opcode is a single byte. */
  readonly prefix: Prefix | undefined;
  readonly opcode: number;
  /** In the order of the binary. */
  readonly immediates: readonly Immediate[];
  /** The feature that an engine must have for it; `undefined` if every engine knows it. */
  readonly feature: NeededFeature | undefined;
}

type Prefix = 0xfb | 0xfc | 0xfd | 0xfe;

function isPrefix(byte: number): byte is Prefix {
  return byte >= 0xfb && byte <= 0xfe;
}

/** Instructions whose opcodes follow one another, all with the same immediates. */
type Group = readonly [
  first: number,
  names: string,
  immediates?: string,
  feature?: NeededFeature,
];

/** `stem.one stem.two …`, for names that begin alike. */
function stem(start: string, names: string): string {
  return names.split(" ").map((name) => `${start}.${name}`).join(" ");
}

const intCompare = "eq ne lt_s lt_u gt_s gt_u le_s le_u ge_s ge_u";
const intArithmetic = "clz ctz popcnt add sub mul div_s div_u rem_s rem_u and or xor shl shr_s shr_u rotl rotr";
const floatCompare = "eq ne lt gt le ge";
const floatArithmetic = "abs neg ceil floor trunc nearest sqrt add sub mul div min max copysign";

/** The table, folded. Names are separated by a space, immediates by a comma. */
const groups: ReadonlyMap<Prefix | undefined, () => readonly Group[]> = new Map<
  Prefix | undefined,
  () => readonly Group[]
>([
  [undefined, () => [
    [0x00, "unreachable nop"],
    [0x02, "block loop if", "block type"],
    [0x05, "else"],
    [0x06, "try", "block type", "exceptions"],
    [0x07, "catch throw rethrow", "index", "exceptions"],
    [0x0a, "throw_ref", "", "exceptions"],
    [0x0b, "end"],
    [0x0c, "br br_if", "index"],
    [0x0e, "br_table", "labels,index"],
    [0x0f, "return"],
    [0x10, "call", "index"],
    [0x11, "call_indirect", "index,index"],
    [0x12, "return_call", "index", "tailCall"],
    [0x13, "return_call_indirect", "index,index", "tailCall"],
    [0x14, "call_ref", "index"],
    [0x15, "return_call_ref", "index", "tailCall"],
    [0x18, "delegate", "index", "exceptions"],
    [0x19, "catch_all", "", "exceptions"],
    [0x1a, "drop select"],
    [0x1c, "select", "value types"],
    [0x1f, "try_table", "block type,catch clauses", "exceptions"],
    [0x20, "local.get local.set local.tee global.get global.set table.get table.set", "index"],
    [0x28, "i32.load i64.load f32.load f64.load", "memarg"],
    [0x2c, stem("i32", "load8_s load8_u load16_s load16_u"), "memarg"],
    [0x30, stem("i64", "load8_s load8_u load16_s load16_u load32_s load32_u"), "memarg"],
    [0x36, "i32.store i64.store f32.store f64.store", "memarg"],
    [0x3a, "i32.store8 i32.store16 i64.store8 i64.store16 i64.store32", "memarg"],
    [0x3f, "memory.size memory.grow", "index"],
    [0x41, "i32.const", "i32"],
    [0x42, "i64.const", "i64"],
    [0x43, "f32.const", "f32"],
    [0x44, "f64.const", "f64"],
    [0x45, stem("i32", `eqz ${intCompare}`)],
    [0x50, stem("i64", `eqz ${intCompare}`)],
    [0x5b, stem("f32", floatCompare)],
    [0x61, stem("f64", floatCompare)],
    [0x67, stem("i32", intArithmetic)],
    [0x79, stem("i64", intArithmetic)],
    [0x8b, stem("f32", floatArithmetic)],
    [0x99, stem("f64", floatArithmetic)],
    [0xa7, stem("i32", "wrap_i64 trunc_f32_s trunc_f32_u trunc_f64_s trunc_f64_u")],
    [0xac, stem("i64", "extend_i32_s extend_i32_u trunc_f32_s trunc_f32_u trunc_f64_s trunc_f64_u")],
    [0xb2, stem("f32", "convert_i32_s convert_i32_u convert_i64_s convert_i64_u demote_f64")],
    [0xb7, stem("f64", "convert_i32_s convert_i32_u convert_i64_s convert_i64_u promote_f32")],
    [0xbc, "i32.reinterpret_f32 i64.reinterpret_f64 f32.reinterpret_i32 f64.reinterpret_i64"],
    [0xc0, "i32.extend8_s i32.extend16_s i64.extend8_s i64.extend16_s i64.extend32_s"],
    [0xd0, "ref.null", "heap type"],
    [0xd1, "ref.is_null"],
    [0xd2, "ref.func", "index"],
    [0xd3, "ref.eq", "", "gc"],
    [0xd4, "ref.as_non_null"],
    [0xd5, "br_on_null br_on_non_null", "index"],
  ]],
  [0xfb, () => [
    [0, "struct.new struct.new_default", "index", "gc"],
    [2, stem("struct", "get get_s get_u set"), "index,index", "gc"],
    [6, "array.new array.new_default", "index", "gc"],
    [8, stem("array", "new_fixed new_data new_elem"), "index,index", "gc"],
    [11, stem("array", "get get_s get_u set"), "index", "gc"],
    [15, "array.len", "", "gc"],
    [16, "array.fill", "index", "gc"],
    [17, stem("array", "copy init_data init_elem"), "index,index", "gc"],
    // The second of each pair takes a nullable type.
    [20, "ref.test ref.test ref.cast ref.cast", "heap type", "gc"],
    [24, "br_on_cast br_on_cast_fail", "byte,index,heap type,heap type", "gc"],
    [26, "any.convert_extern extern.convert_any ref.i31 i31.get_s i31.get_u", "", "gc"],
  ]],
  [0xfc, () => [
    [0, stem("i32", "trunc_sat_f32_s trunc_sat_f32_u trunc_sat_f64_s trunc_sat_f64_u")],
    [4, stem("i64", "trunc_sat_f32_s trunc_sat_f32_u trunc_sat_f64_s trunc_sat_f64_u")],
    [8, "memory.init", "index,index"],
    [9, "data.drop", "index"],
    [10, "memory.copy", "index,index"],
    [11, "memory.fill", "index"],
    [12, "table.init", "index,index"],
    [13, "elem.drop", "index"],
    [14, "table.copy", "index,index"],
    [15, "table.grow table.size table.fill", "index"],
  ]],
  [0xfd, vectorGroups],
  [0xfe, () => [
    [0, stem("memory.atomic", "notify wait32 wait64"), "memarg", "threads"],
    [3, "atomic.fence", "byte", "threads"],
    [16, "i32.atomic.load i64.atomic.load i32.atomic.load8_u i32.atomic.load16_u", "memarg", "threads"],
    [20, stem("i64.atomic", "load8_u load16_u load32_u"), "memarg", "threads"],
    [23, "i32.atomic.store i64.atomic.store i32.atomic.store8 i32.atomic.store16", "memarg", "threads"],
    [27, stem("i64.atomic", "store8 store16 store32"), "memarg", "threads"],
    ...["add", "sub", "and", "or", "xor", "xchg", "cmpxchg"].map((op, i): Group => [
      30 + 7 * i,
      `i32.atomic.rmw.${op} i64.atomic.rmw.${op} i32.atomic.rmw8.${op}_u i32.atomic.rmw16.${op}_u ` +
      stem("i64.atomic", `rmw8.${op}_u rmw16.${op}_u rmw32.${op}_u`),
      "memarg",
      "threads",
    ]),
  ]],
]);

function vectorGroups(): readonly Group[] {
  const simd = (first: number, names: string, immediates = ""): Group => [first, names, immediates, "simd"];
  const relaxed = (first: number, names: string): Group => [first, names, "", "relaxedSimd"];
  const shifted = "shl shr_s shr_u add", saturating = `${shifted} add_sat_s add_sat_u sub sub_sat_s sub_sat_u`;
  const bounds = "min_s min_u max_s max_u";
  const halves = (op: string, of: string): string =>
    `${op}_low_${of}_s ${op}_high_${of}_s ${op}_low_${of}_u ${op}_high_${of}_u`;
  return [
    simd(0, stem("v128", "load load8x8_s load8x8_u load16x4_s load16x4_u load32x2_s load32x2_u"), "memarg"),
    simd(7, stem("v128", "load8_splat load16_splat load32_splat load64_splat store"), "memarg"),
    simd(12, "v128.const i8x16.shuffle", "16 bytes"),
    simd(14, "i8x16.swizzle i8x16.splat i16x8.splat i32x4.splat i64x2.splat f32x4.splat f64x2.splat"),
    simd(21, stem("i8x16", "extract_lane_s extract_lane_u replace_lane"), "byte"),
    simd(24, stem("i16x8", "extract_lane_s extract_lane_u replace_lane"), "byte"),
    ...["i32x4", "i64x2", "f32x4", "f64x2"].map((shape, i) =>
      simd(27 + 2 * i, stem(shape, "extract_lane replace_lane"), "byte")
    ),
    ...["i8x16", "i16x8", "i32x4"].map((shape, i) => simd(35 + 10 * i, stem(shape, intCompare))),
    simd(65, stem("f32x4", floatCompare)),
    simd(71, stem("f64x2", floatCompare)),
    simd(77, stem("v128", "not and andnot or xor bitselect any_true")),
    simd(84, stem("v128", "load8_lane load16_lane load32_lane load64_lane"), "memarg,byte"),
    simd(88, stem("v128", "store8_lane store16_lane store32_lane store64_lane"), "memarg,byte"),
    simd(92, "v128.load32_zero v128.load64_zero", "memarg"),
    simd(94, "f32x4.demote_f64x2_zero f64x2.promote_low_f32x4"),
    simd(96, stem("i8x16", "abs neg popcnt all_true bitmask narrow_i16x8_s narrow_i16x8_u")),
    simd(103, stem("f32x4", "ceil floor trunc nearest")),
    simd(107, stem("i8x16", saturating)),
    simd(116, "f64x2.ceil f64x2.floor"),
    simd(118, stem("i8x16", bounds)),
    simd(122, "f64x2.trunc i8x16.avgr_u"),
    simd(124, "i16x8.extadd_pairwise_i8x16_s i16x8.extadd_pairwise_i8x16_u"),
    simd(126, "i32x4.extadd_pairwise_i16x8_s i32x4.extadd_pairwise_i16x8_u"),
    simd(128, stem("i16x8", "abs neg q15mulr_sat_s all_true bitmask narrow_i32x4_s narrow_i32x4_u")),
    simd(135, stem("i16x8", `${halves("extend", "i8x16")} ${saturating}`)),
    simd(148, "f64x2.nearest"),
    simd(149, stem("i16x8", `mul ${bounds}`)),
    simd(155, stem("i16x8", `avgr_u ${halves("extmul", "i8x16")}`)),
    simd(160, "i32x4.abs i32x4.neg"),
    simd(163, "i32x4.all_true i32x4.bitmask"),
    simd(167, stem("i32x4", `${halves("extend", "i16x8")} ${shifted}`)),
    simd(177, "i32x4.sub"),
    simd(181, stem("i32x4", `mul ${bounds} dot_i16x8_s`)),
    simd(188, stem("i32x4", halves("extmul", "i16x8"))),
    simd(192, "i64x2.abs i64x2.neg"),
    simd(195, "i64x2.all_true i64x2.bitmask"),
    simd(199, stem("i64x2", `${halves("extend", "i32x4")} ${shifted}`)),
    simd(209, "i64x2.sub"),
    simd(213, stem("i64x2", `mul eq ne lt_s gt_s le_s ge_s ${halves("extmul", "i32x4")}`)),
    simd(224, "f32x4.abs f32x4.neg"),
    simd(227, stem("f32x4", "sqrt add sub mul div min max pmin pmax")),
    simd(236, "f64x2.abs f64x2.neg"),
    simd(239, stem("f64x2", "sqrt add sub mul div min max pmin pmax")),
    simd(248, "i32x4.trunc_sat_f32x4_s i32x4.trunc_sat_f32x4_u f32x4.convert_i32x4_s f32x4.convert_i32x4_u"),
    simd(252, "i32x4.trunc_sat_f64x2_s_zero i32x4.trunc_sat_f64x2_u_zero"),
    simd(254, "f64x2.convert_low_i32x4_s f64x2.convert_low_i32x4_u"),
    relaxed(0x100, "i8x16.relaxed_swizzle"),
    relaxed(0x101, stem("i32x4", "relaxed_trunc_f32x4_s relaxed_trunc_f32x4_u")),
    relaxed(0x103, stem("i32x4", "relaxed_trunc_f64x2_s_zero relaxed_trunc_f64x2_u_zero")),
    ...["f32x4", "f64x2"].map((shape, i) => relaxed(0x105 + 2 * i, stem(shape, "relaxed_madd relaxed_nmadd"))),
    ...["i8x16", "i16x8", "i32x4", "i64x2"].map((shape, i) => relaxed(0x109 + i, stem(shape, "relaxed_laneselect"))),
    ...["f32x4", "f64x2"].map((shape, i) => relaxed(0x10d + 2 * i, stem(shape, "relaxed_min relaxed_max"))),
    relaxed(0x111, stem("i16x8", "relaxed_q15mulr_s relaxed_dot_i8x16_i7x16_s")),
    relaxed(0x113, "i32x4.relaxed_dot_i8x16_i7x16_add_s"),
  ];
}

const unfolded = new Map<Prefix | undefined, readonly (Instruction | undefined)[]>();

/** The instructions with a prefix, by opcode; unfolded when one of them is first met. */
function withPrefix(prefix: Prefix | undefined): readonly (Instruction | undefined)[] {
  let instructions = unfolded.get(prefix);
  if (instructions === undefined) unfolded.set(prefix, instructions = unfold(prefix));
  return instructions;
}

function unfold(prefix: Prefix | undefined): readonly (Instruction | undefined)[] {
  const instructions: (Instruction | undefined)[] = [];
  for (const [first, names, kinds = "", feature] of groups.get(prefix)!()) {
    const immediates = kinds === "" ? [] : kinds.split(",") as Immediate[];
    for (const [i, name] of names.split(" ").entries()) {
      instructions[first + i] = { name, prefix, opcode: first + i, immediates, feature };
    }
  }
  return instructions;
}

/** Every instruction of the table, by prefix and opcode. */
export function allInstructions(): readonly Instruction[] {
  return [...groups.keys()].flatMap((prefix) => withPrefix(prefix).filter((row) => row !== undefined));
}

/**
 * Reads an opcode; its immediates are next.
 *
 * @throws CompileError for an instruction that is not in the table: nobody knows where it ends.
 */
export function readInstruction(reader: Reader): Instruction {
  const start = reader.offset, byte = reader.byte();
  const prefix = isPrefix(byte) ? byte : undefined, opcode = prefix === undefined ? byte : reader.u32();
  const instruction = withPrefix(prefix)[opcode];
  if (instruction !== undefined) return instruction;
  const code = prefix === undefined ? hex(byte) : `${hex(byte)} ${hex(opcode)}`;
  return reader.fail("unknown-opcode", [code, "instruction"], start);
}

/** Reads past an instruction's immediates. */
export function skipImmediates({ immediates }: Instruction, reader: Reader): void {
  for (const immediate of immediates) skip(immediate, reader);
}

function skip(immediate: Immediate, reader: Reader): void {
  switch (immediate) {
    case "index":
    case "i32":
    case "i64":
      return skipLeb(reader);
    case "f32":
      return void reader.take(4);
    case "f64":
      return void reader.take(8);
    case "byte":
      return void reader.byte();
    case "16 bytes":
      return void reader.take(16);
    case "memarg": {
      // Bit 6 of the alignment says that a memory index follows.
      if (reader.u32() & 0x40) skipLeb(reader);
      return skipLeb(reader);
    }
    case "block type":
      return isReference(reader.peek()) ? skipValueType(reader) : skipLeb(reader);
    case "heap type":
      return skipHeapType(reader);
    case "value types":
      return void reader.vec(skipValueType, "type");
    case "labels":
      return void reader.vec(skipLeb, "label");
    case "catch clauses":
      return void reader.vec(skipCatchClause, "catch clause");
    default:
      throw new Error(`no reader for ${immediate satisfies never}`);
  }
}

function skipLeb(reader: Reader): void {
  while (reader.byte() >= 0x80);
}

/** `ref null` and `ref`, which a heap type follows; the short forms are one byte. */
function isReference(byte: number): boolean {
  return byte === 0x63 || byte === 0x64;
}

/** Reads past a value type, which may be one that the library does not know. */
export function skipValueType(reader: Reader): void {
  if (isReference(reader.byte())) skipHeapType(reader);
}

function skipHeapType(reader: Reader): void {
  const byte = reader.peek();
  if (byte === SHARED || byte === EXACT) reader.byte();
  skipLeb(reader);
}

/** What may stand before a heap type; the second is of the proposal custom-descriptors. */
const SHARED = 0x65, EXACT = 0x62;

/** `catch` and `catch_ref` name a tag and a label, `catch_all` and `catch_all_ref` a label. */
function skipCatchClause(reader: Reader): void {
  if (reader.byte() < 2) skipLeb(reader);
  skipLeb(reader);
}

/** Reads past a constant expression: it has no blocks, so its first `end` is its own. */
export function skipConstExpr(reader: Reader): void {
  for (let ended = false; !ended;) {
    const instruction = readInstruction(reader);
    skipImmediates(instruction, reader);
    ended = instruction.prefix === undefined && instruction.opcode === END;
  }
}

const END = 0x0b;
