// What a core module imports and exports, with types: read from its binary, or resolved from the
// declarations of a module type. The engine judges function bodies. A binary that this file cannot
// follow has no type, and the engine refuses it.
// Spec: Explainer.md "Core Type Definitions" (`moduletype`).

import { CompileError } from "../../errors.ts";
import { CoreSpace, type CoreTypeEntry, isPlain, shapeOf } from "./type_space.ts";
import { coreExternType, coreLimits, coreTableType, coreValType, recType } from "./core_types.ts";
import { skipConstExpr } from "./instructions.ts";
import type { CoreExternType } from "./core_syntax.ts";
import type { CoreValType } from "./core_value_types.ts";
import { Reader } from "../binary/reader.ts";

/** The type of a core module's import or export: an `externtype`, its function type resolved. */
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
  /** Functions that it defines. */
  readonly funcs: number;
  /** Its imports and exports: engines keep something for each of either. */
  readonly names: number;
}

/** The declared types of functions and tags, where the shape alone does not tell the type. */
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

/** The declared type of a function or tag; `undefined` if its shape says all. */
export function declaredType(type: ResolvedCoreType): CoreTypeEntry | undefined {
  return declared.get(type);
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
  const makes = { memories: 0, tables: 0, elements: 0, globals: 0, funcs: 0, names: 0 };
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
        makes.funcs = funcs.length;
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

/** What is wrong with a module's type, where a component's rules are stricter than the engine's. */
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
