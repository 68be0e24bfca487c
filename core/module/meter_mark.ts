// Reads the custom section that marks a metered core module (core/meter), also one that was
// compiled elsewhere.
// An engine's module enters; what its mark says leaves, or what is wrong with the mark.

import type { CoreModuleType } from "./module_type.ts";

/** The name of the custom section. */
export const METER_MARK = "windlass:metering";

/** A memory or table of a module. */
export interface MeteredSpace {
  /** The two names of the import; missing if the module defines it. */
  readonly from?: readonly [module: string, name: string];
  /** How large it is at first, in pages or elements, and how many bytes each of these is. */
  readonly min: number;
  readonly bytes: number;
  /** A name under which it is exported, if there is one. */
  readonly name?: string;
}

/** What is known of a metered module. */
export interface MeterMark {
  /** How the names of the added exports begin. Empty if there was no code to charge. */
  readonly prefix: string;
  readonly memories: readonly MeteredSpace[];
  readonly tables: readonly MeteredSpace[];
}

/** The added exports, by what follows the prefix. */
export const COUNTER = "counter", HANDLERS = "handlers", START = "start";

/** A prefix that no name begins with. */
export function freePrefix(names: readonly string[]): string {
  for (let i = 0;; i++) {
    const prefix = `${METER_MARK}${i === 0 ? "" : i}/`;
    if (!names.some((taken) => taken.startsWith(prefix))) return prefix;
  }
}

const decoder = new TextDecoder();

/** What is known of a module; `undefined` if it is not metered, or its mark cannot be read. */
export function meterMark(module: WebAssembly.Module): MeterMark | undefined {
  // Sections of this name that a guest had were dropped.
  const marks = WebAssembly.Module.customSections(module, METER_MARK);
  if (marks.length === 0) return undefined;
  try {
    const mark: unknown = JSON.parse(decoder.decode(marks.at(-1)));
    return isMark(mark) ? mark : undefined;
  } catch {
    return undefined; // no JSON
  }
}

// deno-lint-ignore no-explicit-any
type Unknown = any;

function isMark(mark: Unknown): mark is MeterMark {
  return typeof mark?.prefix === "string" &&
    [mark.memories, mark.tables].every((spaces) => Array.isArray(spaces) && spaces.every(isSpace));
}

function isSpace(space: Unknown): space is MeteredSpace {
  const isText = (name: unknown): boolean => typeof name === "string";
  return [space?.min, space?.bytes].every((size) => Number.isSafeInteger(size) && size >= 0) &&
    (space.name === undefined || isText(space.name)) &&
    (space.from === undefined || Array.isArray(space.from) && space.from.length === 2 && space.from.every(isText));
}

/**
 * Says what a module lacks that its mark promises; `undefined` if it has all. With the type that the
 * component declares, it is also known what metering would have made of the module.
 *
 * A module that somebody made to look like a metered one passes: engines do not tell what is in the
 * code. A host that gives modules answers for them.
 */
export function markFault(module: WebAssembly.Module, mark: MeterMark, type?: CoreModuleType): string | undefined {
  const { prefix, memories, tables } = mark;
  const exported = WebAssembly.Module.exports(module), imported = WebAssembly.Module.imports(module);
  const has = (kind: string, name: string): boolean =>
    exported.some((each) => each.kind === kind && each.name === name);
  if (type?.makes !== undefined) {
    const { funcs } = type.makes, wanted = funcs === 0 ? "" : freePrefix(type.exports.map(({ name }) => name));
    if (prefix !== wanted) return `its mark has the prefix \`${prefix}\`, expected \`${wanted}\``;
  }
  // A module without functions of its own exports none but imported ones.
  const hasCode = exported.some(({ kind }) => kind === "function") &&
    !imported.some(({ kind }) => kind === "function");
  if (prefix === "" && hasCode) return "its mark says that it has no code";
  if (prefix !== "") {
    if (!has("global", `${prefix}${COUNTER}`)) return `it has no global \`${prefix}${COUNTER}\``;
    if (!has("table", `${prefix}${HANDLERS}`)) return `it has no table \`${prefix}${HANDLERS}\``;
  }
  for (const [kind, spaces] of [["memory", memories], ["table", tables]] as const) {
    const own = imported.filter((each) => each.kind === kind), from = spaces.flatMap((space) => space.from ?? []);
    if (from.join("\n") !== own.flatMap(({ module, name }) => [module, name]).join("\n")) {
      return `its mark has other imports of the kind ${kind}`;
    }
    const made = kind === "memory" ? type?.makes?.memories : type?.makes?.tables;
    if (made !== undefined && spaces.length !== own.length + made) {
      return `its mark has another number of ${kind} items`;
    }
    const missing = spaces.find(({ name }) => name !== undefined && !has(kind, name));
    if (missing !== undefined) return `it has no ${kind} \`${missing.name}\``;
  }
  return undefined;
}
