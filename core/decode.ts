// Bytes → definitions: syntax only, one function per production of Binary.md, every failure with its byte offset.
// `walkComponent` asks for bytes as it needs them, so that a buffer and a stream are decoded by the same code; core modules it
// leaves to whoever supplies the bytes.
// Spec: Binary.md at the pinned commit.

import { CompileError } from "../errors.ts";
import type { PrimitiveKind } from "../abi/types.ts";
import { coreDefType, coreValType } from "./core_types.ts";
import type {
  AliasDef,
  CanonDef,
  CanonOptionsDef,
  ComponentDef,
  CoreInstanceExpr,
  CoreSortIndex,
  Definition,
  ExternTypeDef,
  InstanceExpr,
  LabelledRef,
  NameDef,
  Sort,
  SortIndex,
  TypeDecl,
  TypeDef,
  ValTypeRef,
} from "./definitions.ts";
import { coreSort, sort } from "./sorts.ts";
import { DebugNames } from "./debug_names.ts";
import { MAX_CANON_OPTIONS, MAX_CASES, MAX_FLAGS, MAX_NESTING, MAX_PARAMS, MAX_SECTION_BYTES } from "./limits.ts";
import { hex, Reader } from "./reader.ts";

// ── Sections ──────────────────────────────────────────────────────────────────────────────────────────────────────────────

/** What the walker needs next. */
export type Demand =
  /** A section's id and size field, whole; nothing at the end of the input. Cut short where the input ends inside. */
  | { readonly kind: "header" }
  /** Exactly so many bytes; answered with fewer only at the end of the input. */
  | { readonly kind: "bytes"; readonly count: number }
  /** So many bytes are core module number `module`; answered with nothing once they are consumed. */
  | { readonly kind: "module"; readonly count: number; readonly module: number; readonly offset: number };

/** A component's definitions and where its core modules lie. */
export interface Decoded {
  readonly component: ComponentDef;
  /** Offset and length of each core module, in order of appearance. */
  readonly modules: readonly { readonly offset: number; readonly length: number }[];
}

/** Decodes a buffer. Modules are left where they are. */
export function decodeBytes(bytes: Uint8Array): Decoded {
  const walk = walkComponent();
  let position = 0;
  for (let step = walk.next();;) {
    if (step.done) return step.value;
    const demand = step.value;
    const count = demand.kind === "header" ? headerLength(bytes, position) : demand.count;
    const piece = bytes.subarray(position, position + count);
    if (demand.kind === "module" && piece.length < count) {
      throw new CompileError("unexpected-end", "decode core module section", bytes.length);
    }
    position += piece.length;
    step = walk.next(piece);
  }
}

interface Walk {
  offset: number;
  readonly modules: { offset: number; length: number }[];
}

/** Decodes a component, demanding its bytes one piece at a time. */
export function* walkComponent(): Generator<Demand, Decoded, Uint8Array> {
  const walk: Walk = { offset: 0, modules: [] };
  return { component: yield* component(walk, undefined, 0), modules: walk.modules };
}

function unexpectedEnd(walk: Walk, place: string): never {
  throw new CompileError("unexpected-end", `decode ${place}`, walk.offset);
}

const headerDemand: Demand = { kind: "header" };

/** The length of a section's header at `position`: its id and a LEB128 of at most five bytes. */
export function headerLength(bytes: Uint8Array, position: number): number {
  let end = position + 1;
  while (end < bytes.length && end < position + 5 && bytes[end]! >= 0x80) end++;
  return Math.min(end + 1, bytes.length) - position;
}

/** A section's size field of more than one byte, or one that is cut short. */
function sectionSize(header: Uint8Array, start: number): number {
  const reader = new Reader(header, start, "section size");
  reader.byte();
  return reader.u32();
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
  walk.offset += 8;
  const definitions: Definition[] = [];
  const names = new DebugNames();
  while (end === undefined || walk.offset < end) {
    const start = walk.offset;
    const header = yield headerDemand;
    if (header.length === 0) {
      if (end !== undefined) unexpectedEnd(walk, "component");
      break;
    }
    walk.offset += header.length;
    if (end !== undefined && walk.offset > end) unexpectedEnd(walk, "component");
    const id = header[0]!;
    const place = sectionNames[id];
    if (place === undefined) throw new CompileError("unknown-section", "decode component", start, id);
    const size = header.length === 2 ? header[1]! : sectionSize(header, start);
    if (end !== undefined && walk.offset + size > end) unexpectedEnd(walk, place);
    if (id === 1) {
      const module = walk.modules.length;
      walk.modules.push({ offset: walk.offset, length: size });
      definitions.push({ kind: "core-module", module, offset: walk.offset });
      yield { kind: "module", count: size, module, offset: walk.offset };
      walk.offset += size;
    } else if (id === 4) {
      if (depth >= MAX_NESTING) throw new CompileError("nesting-too-deep", `decode ${place}`, walk.offset);
      const offset = walk.offset;
      definitions.push({ kind: "component", component: yield* component(walk, offset + size, depth + 1), offset });
    } else {
      if (size > MAX_SECTION_BYTES) {
        throw new CompileError("limit-exceeded", `decode ${place}`, walk.offset, "section byte", MAX_SECTION_BYTES);
      }
      const base = walk.offset;
      const bytes = yield { kind: "bytes", count: size };
      walk.offset += bytes.length;
      if (bytes.length < size) unexpectedEnd(walk, place);
      section(id, new Reader(bytes, base, place), definitions, names);
    }
  }
  return { definitions, names };
}

function preamble(bytes: Uint8Array, base: number): void {
  const fail = (code: "bad-magic" | "core-module" | "unknown-version", offset: number, detail = "") => {
    throw new CompileError(code, "decode preamble", base + offset, detail);
  };
  if (bytes[0] !== 0 || bytes[1] !== 0x61 || bytes[2] !== 0x73 || bytes[3] !== 0x6d) fail("bad-magic", 0);
  const version = bytes[4]! | bytes[5]! << 8, layer = bytes[6]! | bytes[7]! << 8;
  if (layer === 0 && version === 1) fail("core-module", 4);
  if (layer !== 1 || version !== 0x0d) fail("unknown-version", 4, `${hex(version)} and ${hex(layer)}`);
}

/** Decodes one section but a module or component. */
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
      items("core type", () => ({ offset: at(), kind: "core-type", type: coreDefType(reader, 0) }));
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
        args: reader.vec(() => reader.u32(), "start argument"),
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
        type: reader.optional(() => externType(reader)),
      }));
      break;
    case 12:
      items("value", () => {
        const offset = at();
        const type = valType(reader);
        return { offset, kind: "value", type, bytes: reader.take(reader.u32()) };
      });
      break;
  }
  reader.finish();
}

/** Only the name of a custom section can be malformed. */
function customSection(reader: Reader, names: DebugNames): void {
  if (reader.name() === "component-name") names.add(reader.take(reader.remaining));
}

// ── Instances and aliases ─────────────────────────────────────────────────────────────────────────────────────────────────

function sortIndex(reader: Reader): SortIndex {
  return { sort: sort(reader), index: reader.u32() };
}

function coreSortIndex(reader: Reader): CoreSortIndex {
  return { sort: coreSort(reader), index: reader.u32() };
}

function coreInstance(reader: Reader): CoreInstanceExpr {
  const byte = reader.byte();
  switch (byte) {
    case 0x00:
      return {
        kind: "instantiate",
        module: reader.u32(),
        args: reader.vec(() => {
          const name = reader.name();
          const sort = reader.byte();
          if (sort !== 0x12) reader.unknown(sort, "an instantiation argument");
          return { name, instance: reader.u32() };
        }, "instantiation argument"),
      };
    case 0x01:
      return {
        kind: "exports",
        exports: reader.vec(() => ({ name: reader.name(), item: coreSortIndex(reader) }), "instance export"),
      };
    default:
      reader.unknown(byte, "a core instance");
  }
}

function instance(reader: Reader): InstanceExpr {
  const byte = reader.byte();
  switch (byte) {
    case 0x00:
      return {
        kind: "instantiate",
        component: reader.u32(),
        args: reader.vec(() => ({ name: reader.name(), item: sortIndex(reader) }), "instantiation argument"),
      };
    case 0x01:
      return {
        kind: "exports",
        exports: reader.vec(() => ({ name: nameAttributes(reader), item: sortIndex(reader) }), "instance export"),
      };
    default:
      reader.unknown(byte, "an instance");
  }
}

const outerAliasSorts: readonly Sort[] = ["core type", "core module", "type", "component"];

function alias(reader: Reader): AliasDef {
  const start = reader.offset;
  const of = sort(reader);
  const byte = reader.byte();
  switch (byte) {
    case 0x00:
      return { sort: of, kind: "export", instance: reader.u32(), name: reader.name() };
    case 0x01:
      return { sort: of, kind: "core-export", instance: reader.u32(), name: reader.name() };
    case 0x02:
      if (!outerAliasSorts.includes(of)) {
        reader.fail("wrong-kind", ["an outer alias of a type, module or component", of], start);
      }
      return { sort: of, kind: "outer", count: reader.u32(), index: reader.u32() };
    default:
      reader.unknown(byte, "an alias");
  }
}

// ── Types ─────────────────────────────────────────────────────────────────────────────────────────────────────────────────

const primitives: Readonly<Record<number, PrimitiveKind>> = {
  0x7f: "bool",
  0x7e: "s8",
  0x7d: "u8",
  0x7c: "s16",
  0x7b: "u16",
  0x7a: "s32",
  0x79: "u32",
  0x78: "s64",
  0x77: "u64",
  0x76: "f32",
  0x75: "f64",
  0x74: "char",
  0x73: "string",
  0x64: "error-context",
};

function valType(reader: Reader): ValTypeRef {
  const start = reader.offset;
  const code = reader.s33();
  if (code >= 0) return code;
  return primitives[code + 0x80] ??
    reader.fail("unknown-opcode", [hex((code + 0x80) & 0xff), "a component value type"], start);
}

function labelled(reader: Reader): LabelledRef {
  return { name: reader.name(), type: valType(reader) };
}

function nonEmpty<T>(reader: Reader, items: readonly T[], what: string, start: number): readonly T[] {
  if (items.length === 0) reader.fail("invalid-type", [`${what} must have at least one`], start);
  return items;
}

function defType(reader: Reader, depth: number): TypeDef {
  const start = reader.offset;
  const byte = reader.byte();
  const primitive = primitives[byte];
  if (primitive !== undefined) return { kind: primitive };
  switch (byte) {
    case 0x72:
      return {
        kind: "record",
        fields: nonEmpty(reader, reader.vec(() => labelled(reader), "record field", MAX_CASES), "record field", start),
      };
    case 0x71:
      return {
        kind: "variant",
        cases: nonEmpty(
          reader,
          reader.vec(() => variantCase(reader), "variant case", MAX_CASES),
          "variant case",
          start,
        ),
      };
    case 0x70:
      return { kind: "list", element: valType(reader) };
    case 0x67: {
      const element = valType(reader), length = reader.u32();
      if (length === 0) reader.fail("invalid-type", ["Fixed-length lists must have more than zero elements"], start);
      return { kind: "fixed-list", element, length };
    }
    case 0x6f:
      return {
        kind: "tuple",
        types: nonEmpty(reader, reader.vec(() => valType(reader), "tuple type", MAX_CASES), "tuple type", start),
      };
    case 0x6e: {
      const names = nonEmpty(reader, reader.vec(() => reader.name(), "flag", MAX_CASES), "flag", start);
      if (names.length > MAX_FLAGS) reader.fail("invalid-type", [`cannot have more than ${MAX_FLAGS} flags`], start);
      return { kind: "flags", names };
    }
    case 0x6d:
      return {
        kind: "enum",
        names: nonEmpty(reader, reader.vec(() => reader.name(), "enum case", MAX_CASES), "enum case", start),
      };
    case 0x6b:
      return { kind: "option", element: valType(reader) };
    case 0x6a:
      return {
        kind: "result",
        ok: reader.optional(() => valType(reader)),
        err: reader.optional(() => valType(reader)),
      };
    case 0x69:
      return { kind: "own", resource: reader.u32() };
    case 0x68:
      return { kind: "borrow", resource: reader.u32() };
    case 0x66:
      return { kind: "stream", element: reader.optional(() => valType(reader)) };
    case 0x65:
      return { kind: "future", element: reader.optional(() => valType(reader)) };
    case 0x63:
      return { kind: "map", key: valType(reader), value: valType(reader) };
    case 0x3f:
      return { kind: "resource", rep: coreValType(reader), destructor: reader.optional(() => reader.u32()) };
    case 0x40:
    case 0x43:
      return {
        kind: "func",
        async: byte === 0x43,
        params: reader.vec(() => labelled(reader), "function parameter", MAX_PARAMS),
        result: resultList(reader),
      };
    case 0x41:
    case 0x42: {
      if (depth >= MAX_NESTING) reader.fail("nesting-too-deep", [], start);
      const inComponent = byte === 0x41;
      return {
        kind: inComponent ? "component" : "instance",
        decls: reader.vec(() => typeDecl(reader, inComponent, depth + 1), "type declaration"),
      };
    }
    default:
      reader.fail("unknown-opcode", [hex(byte), "a component type"], start);
  }
}

function variantCase(reader: Reader): { name: string; type: ValTypeRef | undefined } {
  const name = reader.name();
  const type = reader.optional(() => valType(reader));
  const refines = reader.byte();
  if (refines !== 0) reader.unknown(refines, "the end of a variant case");
  return { name, type };
}

function resultList(reader: Reader): ValTypeRef | undefined {
  const byte = reader.byte();
  if (byte === 0x00) return valType(reader);
  if (byte !== 0x01) reader.unknown(byte, "component function results");
  const none = reader.byte();
  if (none !== 0x00) reader.unknown(none, "a named result list");
  return undefined;
}

function typeDecl(reader: Reader, inComponent: boolean, depth: number): TypeDecl {
  const offset = reader.offset;
  const byte = reader.byte();
  switch (byte) {
    case 0x00:
      return { offset, kind: "core-type", type: coreDefType(reader, depth) };
    case 0x01:
      return { offset, kind: "type", type: defType(reader, depth) };
    case 0x02:
      return { offset, kind: "alias", alias: alias(reader) };
    case 0x03:
      if (!inComponent) break;
      return { offset, kind: "import", name: nameAttributes(reader), type: externType(reader) };
    case 0x04:
      return { offset, kind: "export", name: nameAttributes(reader), type: externType(reader) };
  }
  reader.fail("unknown-opcode", [hex(byte), `${inComponent ? "a component" : "an instance"} type declaration`], offset);
}

function externType(reader: Reader): ExternTypeDef {
  const start = reader.offset;
  const byte = reader.byte();
  switch (byte) {
    case 0x00: {
      const sort = reader.byte();
      if (sort !== 0x11) reader.unknown(sort, "a core module type");
      return { kind: "core-module", type: reader.u32() };
    }
    case 0x01:
      return { kind: "func", type: reader.u32() };
    case 0x02:
      return {
        kind: "value",
        bound: bound(
          reader,
          (eq) => eq ? { kind: "eq", value: reader.u32() } : { kind: "type", type: valType(reader) },
        ),
      };
    case 0x03:
      return {
        kind: "type",
        bound: bound(reader, (eq) => eq ? { kind: "eq", type: reader.u32() } : { kind: "sub-resource" }),
      };
    case 0x04:
      return { kind: "component", type: reader.u32() };
    case 0x05:
      return { kind: "instance", type: reader.u32() };
    default:
      reader.fail("unknown-opcode", [hex(byte), "an external kind"], start);
  }
}

function bound<T>(reader: Reader, read: (eq: boolean) => T): T {
  const byte = reader.byte();
  if (byte > 1) reader.unknown(byte, "a bound");
  return read(byte === 0);
}

/** `nameattributes`. */
function nameAttributes(reader: Reader): NameDef {
  const byte = reader.byte();
  if (byte > 2) reader.unknown(byte, "an import or export name");
  const def: { -readonly [K in keyof NameDef]: NameDef[K] } = { name: reader.name() };
  if (byte < 2) return def;
  reader.vec(() => {
    const start = reader.offset;
    const kind = reader.byte();
    const key = (["implements", "versionSuffix", "externalId"] as const)[kind] ??
      reader.fail("unknown-opcode", [hex(kind), "a name attribute"], start);
    if (def[key] !== undefined) reader.fail("duplicate-name", ["attribute", key], start);
    def[key] = reader.name();
  }, "name attribute");
  return def;
}

// ── Canonical definitions ─────────────────────────────────────────────────────────────────────────────────────────────────

function funcSort(reader: Reader): void {
  const byte = reader.byte();
  if (byte !== 0x00) reader.unknown(byte, "a canonical function");
}

const index = (reader: Reader): number => reader.u32();

/** By opcode: the key an option is decoded to, what it is called, its value. */
const optionForms:
  readonly (readonly [key: keyof CanonOptionsDef, name: string, value: (reader: Reader) => unknown])[] = [
    ["stringEncoding", "", () => "utf8"],
    ["stringEncoding", "", () => "utf16"],
    ["stringEncoding", "", () => "latin1+utf16"],
    ["memory", "memory", index],
    ["realloc", "realloc", index],
    ["postReturn", "post-return", index],
    ["async", "async", () => true],
    ["callback", "callback", index],
  ];

function canonOptions(reader: Reader): CanonOptionsDef {
  const options: Record<string, unknown> = {};
  reader.vec(
    () => {
      const start = reader.offset;
      const byte = reader.byte();
      const form = optionForms[byte];
      if (form === undefined) reader.unknown(byte, "a canonical option");
      const [key, name, value] = form;
      if (options[key] !== undefined) {
        const what = name === "" ? "encoding option conflicts with another" : `\`${name}\` is specified more than once`;
        reader.fail("canonical-option", [what], start);
      }
      options[key] = value(reader);
    },
    "canonical option",
    MAX_CANON_OPTIONS,
  );
  return options;
}

type Builtin = CanonDef & { kind: "builtin" };

/** The immediates of built-ins: a letter, the key it is decoded to, and how. */
const immediates: Readonly<
  Record<string, readonly [key: keyof Builtin, read: (reader: Reader) => Builtin[keyof Builtin]]>
> = {
  t: ["type", index],
  o: ["options", canonOptions],
  a: ["async", (reader) => reader.flag()],
  c: ["cancellable", (reader) => reader.flag()],
  h: ["shared", (reader) => reader.flag()],
  r: ["result", resultList],
  v: ["coreType", coreValType],
  s: ["slot", index],
  m: ["memory", index],
  b: ["table", index],
};

/** Built-ins whose run-time is not lift, lower or resource.*: opcode, name, immediates. */
const builtins = new Map(
  `05 task.cancel|06 subtask.cancel a|09 task.return ro|0a context.get vs|0b context.set vs|0c thread.yield c|0d subtask.drop|
0e stream.new t|0f stream.read to|10 stream.write to|11 stream.cancel-read ta|12 stream.cancel-write ta|13 stream.drop-readable t|
14 stream.drop-writable t|15 future.new t|16 future.read to|17 future.write to|18 future.cancel-read ta|19 future.cancel-write ta|
1a future.drop-readable t|1b future.drop-writable t|1c error-context.new o|1d error-context.debug-message o|1e error-context.drop|
1f waitable-set.new|20 waitable-set.wait cm|21 waitable-set.poll cm|22 waitable-set.drop|23 waitable.join|24 backpressure.inc|
25 backpressure.dec|26 thread.index|27 thread.new-indirect tb|28 thread.resume-later|29 thread.suspend c|2a thread.suspend-then-resume c|
2b thread.yield-then-resume c|2c thread.suspend-then-promote c|2d thread.yield-then-promote c|40 thread.spawn-ref ht|
41 thread.spawn-indirect htb|42 thread.available-parallelism h`.split("|").map((row) => {
    const [opcode = "", name = "", letters = ""] = row.trim().split(" ");
    return [parseInt(opcode, 16), { name, letters }] as const;
  }),
);

function builtin(reader: Reader, { name, letters }: { name: string; letters: string }): Builtin {
  const def: Record<string, unknown> = { kind: "builtin", name };
  for (const letter of letters) {
    const [key, read] = immediates[letter]!;
    def[key] = read(reader);
  }
  return def as Builtin;
}

function canon(reader: Reader): CanonDef {
  const byte = reader.byte();
  switch (byte) {
    case 0x00:
      funcSort(reader);
      return { kind: "lift", func: reader.u32(), options: canonOptions(reader), type: reader.u32() };
    case 0x01:
      funcSort(reader);
      return { kind: "lower", func: reader.u32(), options: canonOptions(reader) };
    case 0x02:
      return { kind: "resource.new", type: reader.u32() };
    case 0x03:
      return { kind: "resource.drop", type: reader.u32() };
    case 0x04:
      return { kind: "resource.rep", type: reader.u32() };
  }
  const found = builtins.get(byte);
  if (found === undefined) reader.unknown(byte, "a canonical function");
  return builtin(reader, found);
}
