// Checks that the sections of a module refer to its own functions, tables and globals only. The
// engine cannot: it gets the module with what metering adds, and would take an index that is one too
// large for that of an added item.
// A reader at the content of a section enters. A CompileError leaves, or nothing.
// Spec: core spec 3.0 "Binary Format: Modules".

import type { Reader } from "../binary/reader.ts";
import { coreHeapType, coreValType } from "../module/core_types.ts";
import { type CoreValType, indexIn } from "../module/core_value_types.ts";
import { readInstruction, skipImmediates } from "../module/instructions.ts";
import { OWN_INDICES, type OwnSpace } from "./opcodes.ts";

/** How many items of each kind the module has. */
export type OwnLimits = Readonly<Record<OwnSpace, number>>;

/** Reads an index. */
export function ownIndex(reader: Reader, space: OwnSpace, limits: OwnLimits): number {
  const start = reader.offset, index = reader.u32();
  if (index >= limits[space]) reader.fail("unknown-index", [space, index], start);
  return index;
}

/** Checks a type that was read: its index, if it has one, is the module's. */
export function ownType(type: CoreValType, reader: Reader, start: number, limits: OwnLimits): void {
  const index = indexIn(type);
  if (index !== undefined && index >= limits.type) reader.fail("unknown-index", ["type", index], start);
}

function valType(reader: Reader, limits: OwnLimits): void {
  const start = reader.offset;
  ownType(coreValType(reader), reader, start, limits);
}

/** Reads a constant expression. It has no blocks, so its first `end` is its own. */
export function checkConstExpr(reader: Reader, limits: OwnLimits): void {
  for (;;) {
    const row = readInstruction(reader), [space] = OWN_INDICES[row.name] ?? [];
    if (row.name === "end") return;
    // The added global is mutable: engines refuse it here.
    if (space === "function") ownIndex(reader, space, limits);
    else if (row.name === "ref.null") {
      const start = reader.offset;
      ownType(coreHeapType(reader), reader, start, limits);
    } else skipImmediates(row, reader);
  }
}

/** Reads a global of the section of globals. */
export function checkGlobal(reader: Reader, limits: OwnLimits): void {
  valType(reader, limits);
  reader.byte();
  checkConstExpr(reader, limits);
}

const PASSIVE = 1, EXPLICIT = 2, EXPRESSIONS = 4;

/** Reads a segment of the element section. */
export function checkElements(reader: Reader, limits: OwnLimits): void {
  const start = reader.offset, flags = reader.u32();
  if (flags > 7) reader.fail("unknown-opcode", [`0x${flags.toString(16)}`, "element segment"], start);
  const isActive = (flags & PASSIVE) === 0;
  if (isActive && flags & EXPLICIT) ownIndex(reader, "table", limits);
  else if (isActive && limits.table === 0) reader.fail("unknown-index", ["table", 0], start);
  if (isActive) checkConstExpr(reader, limits);
  if (flags & EXPRESSIONS) {
    // A passive or declarative segment, and one with a table, says the type of its elements.
    if (flags & (PASSIVE | EXPLICIT)) valType(reader, limits);
    reader.vec(() => checkConstExpr(reader, limits), "element");
    return;
  }
  if (flags & (PASSIVE | EXPLICIT)) reader.byte();
  reader.vec(() => ownIndex(reader, "function", limits), "element");
}
