// Names in the TypeScript that is printed: valid identifiers that are neither reserved nor used twice.
// Names of WIT enter, identifiers and property names leave.

import { splitVersion } from "../../core/binary/names.ts";
import { pascalCase } from "../names.ts";

/** Words that cannot be the name of a parameter or a type. */
export const reserved: ReadonlySet<string> = new Set(
  ("arguments as any async await bigint boolean break case catch class const continue debugger declare default delete do else " +
    "enum eval export extends false finally for function if implements import in instanceof interface let never new null " +
    "number object of package private protected public return static string super switch symbol this throw true try type " +
    "typeof undefined unknown var void while with yield Array Iterable Map Promise Result CoreModule Component Future " +
    "ErrorContext Disposable ReadableStream AsyncIterable PromiseLike ArrayBuffer WebAssembly Uint8Array Int8Array " +
    "Record Uint16Array Int16Array Uint32Array Int32Array BigUint64Array BigInt64Array Float32Array Float64Array")
    .split(" "),
);

export function isIdentifier(name: string): boolean {
  return /^[A-Za-z_$][A-Za-z0-9_$]*$/.test(name);
}

/** A property's name. */
export function key(name: string): string {
  return isIdentifier(name) ? name : JSON.stringify(name);
}

/** Makes names that are valid identifiers, not reserved, and not used before. */
export class Names {
  /** The names used so far, each with the number to try next. */
  readonly #taken = new Map<string, number>();

  give(wanted: string, fallback: string): string {
    let base = isIdentifier(wanted) ? wanted : fallback;
    if (reserved.has(base)) base += "_";
    let name = base;
    let next = this.#taken.get(base) ?? 2;
    for (; this.#taken.has(name); next++) name = `${base}${next}`;
    this.#taken.set(base, next);
    this.#taken.set(name, this.#taken.get(name) ?? 2);
    return name;
  }
}

/**
 * Makes the name of a namespace: `demo:greet/api@1.0.0` → `GreetApi`. Namespaces of exports get
 * another name than those of imports.
 */
export function namespaceName(name: string, side: "import" | "export"): string {
  const [, path = ""] = /^(?:[^:]*:)?(.*)$/.exec(splitVersion(name).base)!;
  return `${pascalCase(path.replaceAll(/[/:]/g, "-"))}${side === "export" ? "Exports" : ""}`;
}
