// What a core module imports and exports, with types: read from its binary, or from a module type's
// declarations; and whether a module
// fits a module type. Bodies are the engine's business; a binary that cannot be followed has no
// type, and the engine refuses it.
// Spec: Explainer.md "Core Type Definitions" (`moduletype`); core spec "Matching: External Types".

import { CompileError } from "../../errors.ts";
import { CoreEquality, CoreSpace, type CoreTypeEntry, isPlain, shapeOf } from "./type_space.ts";
import { coreExternType, coreLimits, coreTableType, coreValType, recType } from "./core_types.ts";
import { skipConstExpr } from "./instructions.ts";
import type { CoreExternType, CoreLimits } from "./core_syntax.ts";
import { type CoreValType, formatShort } from "./core_value_types.ts";
import { Reader } from "../binary/reader.ts";

/**
 * The type of a core module's import or export: an `externtype` whose function types are resolved.
 */
export type ResolvedCoreType =
  | {
    readonly kind: "func" | "tag";
    readonly params: readonly CoreValType[];
    readonly results: readonly CoreValType[];
  }
  | CoreExternType & { kind: "table" | "memory" | "global" };

/** An import of a core module, by its two names. */
export interface ResolvedImport {
  readonly module: string;
  readonly name: string;
  readonly type: ResolvedCoreType;
}

/** An export of a core module. */
export interface ResolvedExport {
  readonly name: string;
  readonly type: ResolvedCoreType;
}

/** The type of a core module. */
export interface CoreModuleType {
  readonly imports: readonly ResolvedImport[];
  readonly exports: readonly ResolvedExport[];
  /** What the references in its types count in. */
  readonly space: CoreSpace;
  /** What each instance of it makes; missing where only a type is known. */
  readonly makes?: CoreModuleMakes;
}

/** How much of what is costly an instance of a core module makes. */
export interface CoreModuleMakes {
  readonly memories: number;
  readonly tables: number;
  /** Elements of its tables, as they begin. */
  readonly elements: number;
  readonly globals: number;
  /** Its imports and exports: engines keep something for each of either. */
  readonly names: number;
}

/** The types of functions and tags whose shape does not say which they are. */
const declared = new WeakMap<ResolvedCoreType, CoreTypeEntry>();

/** Resolves an `externtype`; `undefined` where its index is no function type. */
export function resolveCoreType(type: CoreExternType, space: CoreSpace): ResolvedCoreType | undefined {
  switch (type.kind) {
    case "func":
    case "tag": {
      const entry: CoreTypeEntry | undefined = space.at(type.type);
      const shape = entry && shapeOf(entry).type;
      if (shape?.kind !== "func") return undefined;
      const item = { kind: type.kind, params: shape.params, results: shape.results };
      if (!isPlain(entry!)) declared.set(item, entry!);
      return item;
    }
    default:
      return type;
  }
}

/** The sections before the code, which say all about a module's type. */
export function moduleHead(bytes: Uint8Array): Uint8Array {
  const reader = new Reader(bytes, 0, "core module");
  try {
    reader.take(8);
    while (reader.remaining > 0) {
      const start = reader.offset;
      const id = reader.byte();
      // Elements and code; 12 and 13, data count and tag, may stand before them.
      if (id >= 8 && id < 12) return bytes.subarray(0, start);
      reader.take(reader.u32());
    }
  } catch (error) {
    if (!(error instanceof CompileError)) throw error;
  }
  return bytes;
}

/** Reads a module's type from its head; `undefined` if that is malformed. */
export function readModuleType(head: Uint8Array): CoreModuleType | undefined {
  try {
    return readModule(new Reader(head, 0, "core module"));
  } catch (error) {
    if (!(error instanceof CompileError)) throw error;
    return undefined;
  }
}

function readModule(reader: Reader): CoreModuleType | undefined {
  const space = new CoreSpace();
  const imports: ResolvedImport[] = [], exports: ResolvedExport[] = [];
  const items: Record<ResolvedCoreType["kind"], (ResolvedCoreType | undefined)[]> = {
    func: [],
    table: [],
    memory: [],
    global: [],
    tag: [],
  };
  /** Types of the functions that it defines: most are not exported, and need no more than that. */
  let funcs: ArrayLike<number> = [];
  const add = (type: CoreExternType): ResolvedCoreType | undefined => {
    const item = resolveCoreType(type, space);
    items[type.kind].push(item);
    return item;
  };
  const makes = { memories: 0, tables: 0, elements: 0, globals: 0, names: 0 };
  const kinds = ["func", "table", "memory", "global", "tag"] as const;
  reader.take(8);
  while (reader.remaining > 0) {
    const id = reader.byte();
    const content = new Reader(reader.take(reader.u32()), 0, "core module");
    switch (id) {
      case 1:
        content.vec(() => space.addGroup(recType(content)), "type");
        break;
      case 2:
        content.vec(() => {
          makes.names++;
          const module = content.name(), name = content.name();
          const type = add(coreExternType(content));
          if (type !== undefined) imports.push({ module, name, type });
        }, "import");
        break;
      case 3:
        funcs = content.indices("function");
        break;
      case 4:
        content.vec(() => {
          const initialised = content.peek() === 0x40;
          if (initialised) content.take(2);
          const table = coreTableType(content);
          makes.tables++, makes.elements += Number(table.limits.min);
          add(table);
          if (initialised) skipConstExpr(content);
        }, "table");
        break;
      case 5:
        content.vec(() => {
          makes.memories++;
          add({ kind: "memory", limits: coreLimits(content) });
        }, "memory");
        break;
      case 6:
        content.vec(() => {
          makes.globals++;
          const type = coreValType(content), flags = content.byte();
          add({ kind: "global", type, mutable: (flags & 1) !== 0, shared: (flags & 2) !== 0 });
          skipConstExpr(content);
        }, "global");
        break;
      case 7:
        content.vec(() => {
          makes.names++;
          const name = content.name(), kind = kinds[content.byte()], index = content.u32();
          const defined = kind === "func" ? funcs[index - items.func.length] : undefined;
          const type = defined === undefined
            ? kind && items[kind][index]
            : resolveCoreType({ kind: "func", type: defined, exact: false }, space);
          if (type !== undefined) exports.push({ name, type });
        }, "export");
        break;
      case 13:
        content.vec(() => {
          content.byte();
          add({ kind: "tag", type: content.u32() });
        }, "tag");
        break;
    }
  }
  return { imports, exports, space, makes };
}

/** What is wrong with a module: an item of it, and what about that. */
export interface ModuleFault {
  readonly item: string;
  /** Its kind; `undefined` where there is no such item. */
  readonly found: ResolvedCoreType["kind"] | undefined;
  /** `expected type …, found type …`. */
  readonly fact: string;
}

/** A fault as the tail of a message. */
export function describeFault({ found, fact }: ModuleFault): string {
  return found === undefined ? "not defined" : `has the wrong type: ${fact}`;
}

/** The first reason why a module does not fit a module type; `undefined` if it does. */
export function moduleFault(found: CoreModuleType, expected: CoreModuleType): ModuleFault | undefined {
  const equality = new CoreEquality();
  return faultOf(
    found,
    expected,
    (given, wanted) => itemFault(given, found.space, wanted, expected.space, equality),
    (given, needed) => itemFault(given, expected.space, needed, found.space, equality),
  );
}

/**
 * The same for a module that others compiled: of such the engine tells names and kinds, and checks
 * the rest itself later.
 */
export function foreignModuleFault(module: WebAssembly.Module, expected: CoreModuleType): ModuleFault | undefined {
  const typed = <T extends { kind: string }>(item: T): T & { type: ItemKind } => ({
    ...item,
    type: { kind: (item.kind === "function" ? "func" : item.kind) as ResolvedCoreType["kind"] },
  });
  const found = {
    imports: WebAssembly.Module.imports(module).map(typed),
    exports: WebAssembly.Module.exports(module).map(typed),
  };
  return faultOf(found, expected, kindFault, kindFault);
}

/** What is known of an item at least. */
type ItemKind = Pick<ResolvedCoreType, "kind">;

function kindFault(found: ItemKind, expected: ItemKind): string | undefined {
  return found.kind === expected.kind ? undefined : `expected ${expected.kind} found ${found.kind}`;
}

/**
 * The first export or import of a module that is not there on the other side, or does not fit it.
 */
function faultOf<T extends ItemKind>(
  found: {
    readonly imports: readonly { readonly module: string; readonly name: string; readonly type: T }[];
    readonly exports: readonly { readonly name: string; readonly type: T }[];
  },
  expected: CoreModuleType,
  exportFault: (given: T, wanted: ResolvedCoreType) => string | undefined,
  importFault: (given: ResolvedCoreType, needed: T) => string | undefined,
): ModuleFault | undefined {
  const exported = new Map(found.exports.map(({ name, type }) => [name, type]));
  for (const { name, type } of expected.exports) {
    const item = `export \`${name}\``, given = exported.get(name);
    if (given === undefined) return { item, found: undefined, fact: "" };
    const fact = exportFault(given, type);
    if (fact !== undefined) return { item, found: given.kind, fact };
  }
  const given = new Map(expected.imports.map(({ module, name, type }) => [JSON.stringify([module, name]), type]));
  for (const { module, name, type } of found.imports) {
    const item = `import \`${module}::${name}\``, supplied = given.get(JSON.stringify([module, name]));
    if (supplied === undefined) return { item, found: undefined, fact: "" };
    const fact = importFault(supplied, type);
    if (fact !== undefined) return { item, found: supplied.kind, fact };
  }
  return undefined;
}

/** Why a core item does not fit an expected type; `undefined` if it does. */
export function itemFault(
  found: ResolvedCoreType,
  foundSpace: CoreSpace,
  expected: ResolvedCoreType,
  expectedSpace: CoreSpace,
  equality: CoreEquality,
): string | undefined {
  if (found.kind !== expected.kind) return kindFault(found, expected);
  const same = (left: CoreValType, right: CoreValType): boolean =>
    equality.values(left, foundSpace, right, expectedSpace);
  switch (found.kind) {
    case "func":
    case "tag":
      if (signatureFits(found, foundSpace, expected as typeof found, expectedSpace, equality)) return undefined;
      return `expected type \`${formatItem(expected)}\`, found type \`${formatItem(found)}\``;
    case "table": {
      const other = expected as typeof found;
      if (!same(found.element, other.element)) {
        return `expected table element type ${formatShort(other.element)}, found ${formatShort(found.element)}`;
      }
      return limitsFit(found.limits, other.limits) ? undefined : limitsFault("table", expected, found);
    }
    case "memory": {
      const { limits } = expected as typeof found;
      if (found.limits.shared !== limits.shared) return "mismatch in the shared flag for memories";
      return limitsFit(found.limits, limits) ? undefined : limitsFault("memory", expected, found);
    }
    case "global": {
      const other = expected as typeof found;
      if (!same(found.type, other.type)) {
        return `expected global type ${formatShort(other.type)}, found ${formatShort(found.type)}`;
      }
      if (found.mutable === other.mutable && found.shared === other.shared) return undefined;
      return `expected type \`${formatItem(expected)}\`, found type \`${formatItem(found)}\``;
    }
  }
}

type Signature = ResolvedCoreType & { kind: "func" | "tag" };

function signatureFits(
  found: Signature,
  foundSpace: CoreSpace,
  expected: Signature,
  expectedSpace: CoreSpace,
  equality: CoreEquality,
): boolean {
  const ours = declared.get(found), theirs = declared.get(expected);
  if (ours !== undefined && theirs !== undefined) return equality.extends(ours, theirs);
  return ours === theirs && equality.lists(found.params, foundSpace, expected.params, expectedSpace) &&
    equality.lists(found.results, foundSpace, expected.results, expectedSpace);
}

function limitsFault(what: string, expected: ResolvedCoreType, found: ResolvedCoreType): string {
  return `mismatch in ${what} limits: expected type \`${formatItem(expected)}\`, found type \`${formatItem(found)}\``;
}

function limitsFit(found: CoreLimits, expected: CoreLimits): boolean {
  return found.address === expected.address && found.shared === expected.shared &&
    found.pageSize === expected.pageSize && found.min >= expected.min &&
    (expected.max === undefined || found.max !== undefined && found.max <= expected.max);
}

/** How many parameters and results a message shows. */
const SHOWN_TYPES = 20;

/** A core item's type in the text format. */
export function formatItem(type: ResolvedCoreType): string {
  const words = (name: string, types: readonly CoreValType[]): string => {
    const more = types.length > SHOWN_TYPES ? " …" : "";
    return types.length === 0 ? "" : ` (${name} ${types.slice(0, SHOWN_TYPES).map(formatShort).join(" ")}${more})`;
  };
  const limits = ({ address, min, max, shared }: CoreLimits): string =>
    `${address === "i64" ? " i64" : ""} ${min}${max === undefined ? "" : ` ${max}`}${shared ? " shared" : ""}`;
  switch (type.kind) {
    case "func":
    case "tag":
      return `(${type.kind}${words("param", type.params)}${words("result", type.results)})`;
    case "table":
      return `(table${limits(type.limits)} ${formatShort(type.element)})`;
    case "memory":
      return `(memory${limits(type.limits)})`;
    case "global":
      return type.mutable ? `(global (mut ${formatShort(type.type)}))` : `(global ${formatShort(type.type)})`;
  }
}

/**
 * What is wrong with a module's type by itself, as far as a component asks for more than the
 * engine.
 */
export function moduleTypeFault(
  { imports, exports }: CoreModuleType,
): readonly ["duplicate-core-name" | "invalid-type", string] | undefined {
  const modules = new Map<string, Set<string>>();
  for (const { module, name } of imports) {
    let names = modules.get(module);
    if (names === undefined) modules.set(module, names = new Set());
    if (names.has(name)) return ["duplicate-core-name", `duplicate import name \`${module}:${name}\``];
    names.add(name);
  }
  const exported = new Set<string>();
  for (const { name } of exports) {
    if (exported.has(name)) return ["duplicate-core-name", `export name \`${name}\` already defined`];
    exported.add(name);
  }
  for (const items of [imports, exports]) {
    for (const { type } of items) {
      if (type.kind !== "memory" && type.kind !== "table") continue;
      const { min, max, address, pageSize, shared } = type.limits;
      if (max !== undefined && min > max) return ["invalid-type", "size minimum must not be greater than maximum"];
      if (type.kind === "table") continue;
      const most = 2 ** ((address === "i32" ? 32 : 64) - pageSize);
      if (min > most || (max ?? 0) > most) return ["invalid-type", `memory size must be at most ${most} pages`];
      if (shared && max === undefined) return ["invalid-type", "shared memory must have maximum size"];
    }
  }
  return undefined;
}
