// Decodes a component: bytes enter, definitions leave. This is syntax only, with one function per
// production of Binary.md, and every failure has its byte offset.
// `walkComponent` asks for bytes as it needs them, so that buffers and streams use the same code.
// It leaves the bytes of core modules to its caller. types.ts decodes types, canon.ts decodes
// canonical definitions.
// Spec: Binary.md at the pinned commit.

import { CompileError } from "../../errors.ts";
import { coreDefType } from "../module/core_types.ts";
import { DebugNames } from "./debug_names.ts";
import { canon } from "./canon.ts";
import { alias, defType, externType, nameAttributes, valType } from "./types.ts";
import type {
  ComponentDef,
  CoreInstanceExpr,
  CoreSortIndex,
  Definition,
  InstanceExpr,
  NameDef,
  SortIndex,
} from "./syntax.ts";
import { foreignFormat } from "../binary/foreign_bytes.ts";
import { ModuleSlot } from "../module/module_slot.ts";
import { MAX_NESTING, MAX_SECTION_BYTES } from "../binary/limits.ts";
import { hex, Reader, readU32 } from "../binary/reader.ts";
import { coreSort, sort } from "./sorts.ts";

/** What the walker needs next. */
export type Demand =
  /**
   * A section, as long as `pieceLength` says. The answer is empty at the end of the input, and
   * shorter if the input ends inside the section.
   */
  | { readonly kind: "section" }
  /** Exactly this many bytes. The answer is shorter only at the end of the input. */
  | { readonly kind: "bytes"; readonly count: number }
  /**
   * The next bytes are core module number `module`. The answer is empty and comes when these bytes
   * are consumed.
   */
  | { readonly kind: "module"; readonly count: number; readonly module: number; readonly slot: ModuleSlot };

/** The definitions of a component, and the places of its core modules. */
export interface Decoded {
  readonly component: ComponentDef;
  /** In order of appearance, including those of nested components. */
  readonly modules: readonly ModuleSlot[];
}

/**
 * Decodes a buffer. The bytes of modules stay where they are, and the types of the modules are
 * known afterwards.
 */
export function decodeBytes(bytes: Uint8Array): Decoded {
  const walk = walkComponent();
  let position = 0;
  for (let step = walk.next();;) {
    if (step.done) return step.value;
    const demand = step.value;
    const count = demand.kind === "section" ? pieceLength(bytes, position) : demand.count;
    const piece = bytes.subarray(position, position + count);
    if (demand.kind === "module" && piece.length < count) {
      throw new CompileError("unexpected-end", "decode core module section", bytes.length);
    }
    if (demand.kind === "module") demand.slot.describe(piece);
    position += piece.length;
    step = walk.next(piece);
  }
}

interface Walk {
  offset: number;
  /** Bytes of core modules read so far. */
  moduleBytes: number;
  readonly modules: ModuleSlot[];
}

/** Decodes a component. It asks for its bytes one piece at a time. */
export function* walkComponent(): Generator<Demand, Decoded, Uint8Array> {
  const walk: Walk = { offset: 0, moduleBytes: 0, modules: [] };
  const root = yield* component(walk, undefined, 0);
  return { component: root, modules: walk.modules };
}

function unexpectedEnd(walk: Walk, place: string): never {
  throw new CompileError("unexpected-end", `decode ${place}`, walk.offset);
}

const sectionDemand: Demand = { kind: "section" };

/**
 * The length of the section header at `position`: an id, and a LEB128 integer of at most five
 * bytes.
 */
function headerLength(bytes: Uint8Array, position: number): number {
  let end = position + 1;
  while (end < bytes.length && end < position + 5 && bytes[end]! >= 0x80) end++;
  return Math.min(end + 1, bytes.length) - position;
}

/**
 * How many bytes the walker takes at once for a section whose header is at `position`. For a
 * module, a component and an invalid section, that is the header alone. For other sections it is
 * the content, too.
 */
export function pieceLength(bytes: Uint8Array, position: number): number {
  const length = headerLength(bytes, position);
  const id = bytes[position]!, last = bytes[position + length - 1]!;
  if (length < 2 || last >= 0x80 || id === 1 || id === 4 || id >= sectionNames.length) return length;
  let size = 0;
  for (let i = length - 1; i > 0; i--) size = size * 128 + (bytes[position + i]! & 0x7f);
  return size > MAX_SECTION_BYTES ? length : length + size;
}

const sectionNames = [
  "custom section",
  "core module section",
  "core instance section",
  "core type section",
  "component section",
  "instance section",
  "alias section",
  "type section",
  "canonical function section",
  "start section",
  "import section",
  "export section",
  "value section",
];

function* component(walk: Walk, end: number | undefined, depth: number): Generator<Demand, ComponentDef, Uint8Array> {
  if (end !== undefined && walk.offset + 8 > end) unexpectedEnd(walk, "preamble");
  const head = yield { kind: "bytes", count: 8 };
  if (head.length < 8) throw new CompileError("unexpected-end", "decode preamble", walk.offset + head.length);
  preamble(head, walk.offset);
  const begin = walk.offset - walk.moduleBytes;
  walk.offset += 8;
  const definitions: Definition[] = [];
  const names = new DebugNames();
  while (end === undefined || walk.offset < end) {
    const start = walk.offset;
    const piece = yield sectionDemand;
    if (piece.length === 0) {
      if (end !== undefined) unexpectedEnd(walk, "component");
      break;
    }
    const id = piece[0]!;
    const place = sectionNames[id];
    if (place === undefined) throw new CompileError("unknown-section", "decode component", start, id);
    const reader = new Reader(piece, start, place);
    reader.byte();
    const size = reader.u32();
    walk.offset = reader.offset;
    if (end !== undefined && walk.offset + size > end) unexpectedEnd(walk, place);
    if (id === 1) {
      const slot = new ModuleSlot(walk.offset, size);
      const module = walk.modules.push(slot) - 1;
      definitions.push({ kind: "core-module", module: slot, offset: walk.offset });
      yield { kind: "module", count: size, module, slot };
      walk.offset += size;
      walk.moduleBytes += size;
    } else if (id === 4) {
      if (depth >= MAX_NESTING) throw new CompileError("nesting-too-deep", `decode ${place}`, walk.offset);
      const offset = walk.offset;
      definitions.push({ kind: "component", component: yield* component(walk, offset + size, depth + 1), offset });
    } else {
      if (size > MAX_SECTION_BYTES) {
        throw new CompileError("limit-exceeded", `decode ${place}`, walk.offset, "section byte", MAX_SECTION_BYTES);
      }
      walk.offset = start + piece.length;
      if (reader.remaining < size) unexpectedEnd(walk, place);
      section(id, reader, definitions, names);
    }
  }
  return { definitions, names, size: walk.offset - walk.moduleBytes - begin };
}

function preamble(bytes: Uint8Array, base: number): void {
  const fail = (code: "bad-magic" | "core-module" | "unknown-version", offset: number, detail = "") => {
    throw new CompileError(code, "decode preamble", base + offset, detail);
  };
  if (bytes[0] !== 0 || bytes[1] !== 0x61 || bytes[2] !== 0x73 || bytes[3] !== 0x6d) {
    fail("bad-magic", 0, base === 0 ? foreignFormat(bytes) : "");
  }
  const version = bytes[4]! | bytes[5]! << 8, layer = bytes[6]! | bytes[7]! << 8;
  if (layer === 0 && version === 1) fail("core-module", 4);
  if (layer !== 1 || version !== 0x0d) fail("unknown-version", 4, `${hex(version)} and ${hex(layer)}`);
}

/** Decodes one section that is not a module or component. */
function section(id: number, reader: Reader, definitions: Definition[], names: DebugNames): void {
  const items = (what: string, read: () => Definition) => {
    reader.items(what, () => definitions.push(read()));
  };
  const at = () => reader.offset;
  switch (id) {
    case 0:
      customSection(reader, names);
      return;
    case 2:
      items("core instance", () => ({ offset: at(), kind: "core-instance", expr: coreInstance(reader) }));
      break;
    case 3:
      items("core type", () => ({ offset: at(), kind: "core-type", type: coreDefType(reader) }));
      break;
    case 5:
      items("instance", () => ({ offset: at(), kind: "instance", expr: instance(reader) }));
      break;
    case 6:
      items("alias", () => ({ offset: at(), kind: "alias", alias: alias(reader) }));
      break;
    case 7:
      items("type", () => ({ offset: at(), kind: "type", type: defType(reader, 0) }));
      break;
    case 8:
      items("canonical function", () => ({ offset: at(), kind: "canon", canon: canon(reader) }));
      break;
    case 9:
      definitions.push({
        offset: at(),
        kind: "start",
        func: reader.u32(),
        args: reader.vec(readU32, "start argument"),
        results: reader.u32(),
      });
      break;
    case 10:
      items("import", () => ({ offset: at(), kind: "import", name: nameAttributes(reader), type: externType(reader) }));
      break;
    case 11:
      items("export", () => ({
        offset: at(),
        kind: "export",
        name: nameAttributes(reader),
        item: sortIndex(reader),
        type: reader.optional(externType, "optional component export type"),
      }));
      break;
    case 12:
      items("value", () => {
        const offset = at();
        const type = valType(reader);
        const length = reader.u32();
        return { offset, kind: "value", type, value: { offset: at(), bytes: reader.take(length) } };
      });
      break;
  }
  reader.finish();
}

/** In a custom section, only the name can be malformed. */
function customSection(reader: Reader, names: DebugNames): void {
  const name = reader.name();
  if (name === "component-name") names.add(reader.take(reader.remaining));
  if (name === "package-docs") names.addDocs(reader.take(reader.remaining));
}

function sortIndex(reader: Reader): SortIndex {
  return { sort: sort(reader), index: reader.u32() };
}

function coreInstanceArg(reader: Reader): { name: string; instance: number } {
  const name = reader.name();
  const sort = reader.byte();
  if (sort !== 0x12) reader.unknown(sort, "instantiation arg kind");
  return { name, instance: reader.u32() };
}

function coreExport(reader: Reader): { name: string } & CoreSortIndex {
  return { name: reader.name(), sort: coreSort(reader), index: reader.u32() };
}

function coreInstance(reader: Reader): CoreInstanceExpr {
  const byte = reader.byte();
  switch (byte) {
    case 0x00:
      return {
        kind: "instantiate",
        module: reader.u32(),
        args: reader.vec(coreInstanceArg, "instantiation argument"),
      };
    case 0x01:
      return {
        kind: "exports",
        exports: reader.vec(coreExport, "instance export"),
      };
    default:
      reader.unknown(byte, "core instance");
  }
}

function instanceArg(reader: Reader): { name: string; item: SortIndex } {
  return { name: reader.name(), item: sortIndex(reader) };
}

function instanceExport(reader: Reader): { name: NameDef; item: SortIndex } {
  return { name: nameAttributes(reader), item: sortIndex(reader) };
}

function instance(reader: Reader): InstanceExpr {
  const byte = reader.byte();
  switch (byte) {
    case 0x00:
      return {
        kind: "instantiate",
        component: reader.u32(),
        args: reader.vec(instanceArg, "instantiation argument"),
      };
    case 0x01:
      return {
        kind: "exports",
        exports: reader.vec(instanceExport, "instance export"),
      };
    default:
      reader.unknown(byte, "instance");
  }
}
