// A core module's binary, as far as we look into it: which features it needs, and its memories' limits, which can be capped.
// Its validity is the engine's to judge; a module that this file cannot follow is left to the engine unchanged.
// Spec: core spec 3.0 "Binary Format: Modules, Instructions".

import { CompileError } from "../../errors.ts";
import { leb } from "../../abi/wasm/encoder.ts";
import { coreExternType, coreLimits, recType } from "./core_types.ts";
import type { CoreLimits } from "./core_syntax.ts";
import { featureNames, type Features } from "./features.ts";
import { Reader } from "../binary/reader.ts";

/** A feature that a core module can need. */
export type NeededFeature = keyof typeof featureNames;

/** The features a core module uses, found by reading it through. */
export function neededFeatures(bytes: Uint8Array): Set<NeededFeature> {
  const needed = new Set<NeededFeature>();
  try {
    const reader = new Reader(bytes, 0, "core module");
    reader.take(8);
    const count = { memories: 0 };
    while (reader.remaining > 0) {
      const id = reader.byte();
      const content = new Reader(reader.take(reader.u32()), 0, "core module");
      scanSection(id, content, needed, count);
    }
  } catch (error) {
    if (!(error instanceof CompileError)) throw error; // a malformed module: what was found so far stands
  }
  return needed;
}

/** Of the features a core module needs, the first that the engine lacks, in words. */
export function missingFeature(bytes: Uint8Array, has: Features): string | undefined {
  for (const name of neededFeatures(bytes)) if (!has[name]) return featureNames[name];
  return undefined;
}

function scanSection(id: number, reader: Reader, needed: Set<NeededFeature>, count: { memories: number }): void {
  const memory = (limits: CoreLimits): void => {
    if (++count.memories > 1) needed.add("multiMemory");
    if (limits.address === "i64") needed.add("memory64");
    if (limits.shared) needed.add("threads");
  };
  switch (id) {
    case 1:
      reader.vec(() => {
        for (const type of recType(reader)) {
          if (type.type.kind === "struct" || type.type.kind === "array" || !type.final) needed.add("gc");
          if (type.type.kind === "func" && [...type.type.params, ...type.type.results].includes("v128")) {
            needed.add("simd");
          }
        }
      }, "type");
      break;
    case 2:
      reader.vec(() => {
        reader.name();
        reader.name();
        const type = coreExternType(reader);
        if (type.kind === "memory") memory(type.limits);
        if (type.kind === "tag") needed.add("exceptions");
      }, "import");
      break;
    case 5:
      reader.vec(() => memory(coreLimits(reader)), "memory");
      break;
    case 10:
      reader.vec(() => scanBody(new Reader(reader.take(reader.u32()), 0, "function body"), needed), "function");
      break;
    case 13:
      needed.add("exceptions");
      break;
  }
}

function skipLeb(reader: Reader): void {
  while (reader.byte() >= 0x80);
}

function skipMany(reader: Reader, count: number): void {
  for (let i = 0; i < count; i++) skipLeb(reader);
}

function memarg(reader: Reader): void {
  const alignment = reader.u32();
  if (alignment & 0x40) skipLeb(reader);
  skipLeb(reader);
}

function valType(reader: Reader): void {
  const byte = reader.byte();
  if (byte === 0x63 || byte === 0x64) skipLeb(reader);
}

function blockType(reader: Reader): void {
  const byte = reader.peek();
  if (byte === 0x63 || byte === 0x64) valType(reader);
  else skipLeb(reader);
}

/** Walks the instructions of one function. */
function scanBody(reader: Reader, needed: Set<NeededFeature>): void {
  reader.vec(() => {
    reader.u32();
    if (reader.peek() === 0x7b) needed.add("simd");
    valType(reader);
  }, "local");
  while (reader.remaining > 0) instruction(reader, needed);
}

/**
 * What follows each opcode, as `from-to` in hexadecimal and a kind: `l` and `m` one and two integers, `b` a block type, `a` a memarg,
 * `4` and `8` bytes, `v` labels, `s` types, `t` catch clauses, `g` `c` `d` `e` the prefixes. Nothing follows the others.
 */
const ranges =
  "2-4b 6b 7-9l c-dl ev 10l 11m 12l 13m 14-15l 18l 1cs 1ft 20-26l 28-3ea 3f-42l 434 448 d0l d2l d5-d6l fbg fcc fdd fee";
const immediates: ReadonlyMap<number, string> = new Map(
  ranges.split(" ").flatMap((range) => {
    const [from = "", to = from] = range.slice(0, -1).split("-");
    const first = parseInt(from, 16), count = parseInt(to, 16) - first + 1;
    return Array.from({ length: count }, (_, i): [op: number, kind: string] => [first + i, range.at(-1)!]);
  }),
);

const features: Readonly<Record<string, readonly number[]>> = {
  exceptions: [0x06, 0x07, 0x08, 0x09, 0x0a, 0x18, 0x19, 0x1f],
  tailCall: [0x12, 0x13, 0x15],
  gc: [0xfb],
  threads: [0xfe],
};
const featureOf = new Map(
  Object.entries(features).flatMap(([name, ops]) => ops.map((op) => [op, name as NeededFeature])),
);

function instruction(reader: Reader, needed: Set<NeededFeature>): void {
  const op = reader.byte();
  const feature = featureOf.get(op);
  if (feature !== undefined) needed.add(feature);
  switch (immediates.get(op)) {
    case "l":
      return skipLeb(reader);
    case "m":
      return skipMany(reader, 2);
    case "b":
      return blockType(reader);
    case "a":
      return memarg(reader);
    case "4":
    case "8":
      return void reader.take(op === 0x43 ? 4 : 8);
    case "v":
      reader.vec(skipLeb, "label");
      return skipLeb(reader);
    case "s":
      return void reader.vec(valType, "type");
    case "t":
      blockType(reader);
      return void reader.vec(() => skipMany(reader, reader.byte() < 2 ? 2 : 1), "catch clause");
    case "g":
      return gcInstruction(reader);
    case "c": {
      const sub = reader.u32();
      return skipMany(reader, sub < 8 ? 0 : [8, 10, 12, 14].includes(sub) ? 2 : 1);
    }
    case "d":
      return simdInstruction(reader, needed);
    case "e":
      if (reader.u32() === 3) reader.byte();
      else memarg(reader);
  }
}

/** Skips a constant expression: it has no blocks, so that its first `end` is its own. */
export function skipConstExpr(reader: Reader): void {
  const needed = new Set<NeededFeature>();
  for (let ended = false; !ended;) {
    ended = reader.peek() === 0x0b;
    instruction(reader, needed);
  }
}

function gcInstruction(reader: Reader): void {
  const sub = reader.u32();
  if (sub === 24 || sub === 25) {
    reader.byte();
    return skipMany(reader, 3);
  }
  // By sub-opcode from 0 to 23: struct.new … br_on_cast.
  skipMany(reader, Number("112222112221111012221111"[sub] ?? 0));
}

function simdInstruction(reader: Reader, needed: Set<NeededFeature>): void {
  const sub = reader.u32();
  needed.add(sub >= 0x100 ? "relaxedSimd" : "simd");
  if (sub <= 11 || sub === 92 || sub === 93) memarg(reader);
  else if (sub === 12 || sub === 13) reader.take(16);
  else if (sub >= 21 && sub <= 34) reader.byte();
  else if (sub >= 84 && sub <= 91) {
    memarg(reader);
    reader.byte();
  }
}

// ── Capping memories ──────────────────────────────────────────────────────────────────────────────────────────────────────

/**
 * Rewrites a module's memory section so that no memory it defines exceeds `maxPages` pages of 64 KiB.
 *
 * @param head The module's bytes so far.
 * @param whole Whether that is all of them.
 * @returns The bytes to use instead, or how many are needed to tell.
 * @throws CompileError if a memory starts out larger.
 */
export function capMemories(
  head: Uint8Array,
  whole: boolean,
  maxPages: number,
  module: number,
  offset: number,
): Uint8Array | number {
  const reader = new Reader(head, 0, "core module");
  try {
    reader.take(8);
    while (reader.remaining > 0) {
      const start = reader.offset;
      const id = reader.byte();
      // The sections after memory, in the order that a module has them; 13 is tag.
      if (id > 5) return head;
      const size = reader.u32();
      if (size > reader.remaining) return whole ? head : reader.offset + size;
      const content = new Reader(reader.take(size), 0, "memory section");
      if (id !== 5) continue;
      const memories = content.vec(coreLimits, "memory");
      content.finish();
      if (memories.some((limits) => limits.shared && limits.max === undefined)) return head; // invalid, and to stay so
      const capped = memories.flatMap((limits) => cappedLimits(limits, maxPages, module, offset));
      const body = [...leb(memories.length), ...capped];
      const section = [5, ...leb(body.length), ...body];
      const rest = head.subarray(reader.offset);
      const out = new Uint8Array(start + section.length + rest.length);
      out.set(head.subarray(0, start));
      out.set(section, start);
      out.set(rest, start + section.length);
      return out;
    }
  } catch (error) {
    if (!(error instanceof CompileError) || error.code === "memory-cap") throw error;
    if (error.code !== "unexpected-end") return head; // the engine will say what is wrong
  }
  return whole ? head : head.length + 1;
}

function cappedLimits(limits: CoreLimits, maxPages: number, module: number, offset: number): number[] {
  const cap = maxPages * 2 ** (16 - Math.min(limits.pageSize, 16));
  if (limits.min > cap) {
    throw new CompileError("memory-cap", "compile component", offset, module, limits.min, maxPages);
  }
  const max = Math.min(limits.max ?? cap, cap);
  const flags = 1 | (limits.shared ? 2 : 0) | (limits.address === "i64" ? 4 : 0) | (limits.pageSize === 16 ? 0 : 8);
  return [flags, ...leb(limits.min), ...leb(max), ...(limits.pageSize === 16 ? [] : leb(limits.pageSize))];
}
