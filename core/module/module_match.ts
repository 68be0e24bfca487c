// Whether a core module fits a module type, and a core item an expected type; if not, why, in words
// for messages.
// Spec: core spec 3.0 "Matching: External Types".

import type { CoreLimits } from "./core_syntax.ts";
import { type CoreValType, formatShort } from "./core_value_types.ts";
import { type CoreModuleType, declaredType, type ResolvedCoreType } from "./module_type.ts";
import { CoreEquality, type CoreSpace } from "./type_space.ts";

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
 * The same for a module that others compiled. The engine tells only names and kinds of its items;
 * it checks their types itself when the module is instantiated.
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

/** The first export or import that the other side lacks, or that does not fit the other side. */
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
  const ours = declaredType(found), theirs = declaredType(expected);
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
