// Every error the library throws: five classes. Their phrases are in phrases.ts.
// A message reads `Cannot <verb> <place>: <phrase>`; the phrase is the tail after the colon, the
// place is built while unwinding.
// Nothing but words for values is imported here, so that every layer may throw.

import { describePayload } from "./describe.ts";

export { describe, engineMessage } from "./describe.ts";
import {
  COMPILE_PHRASES,
  type CompileErrorCode,
  LINK_PHRASES,
  type LinkErrorCode,
  TRAP_PHRASES,
  type TrapCode,
  VALUE_PHRASES,
  type ValueErrorCode,
} from "./phrases.ts";

export {
  COMPILE_PHRASES,
  type CompileErrorCode,
  LINK_PHRASES,
  type LinkErrorCode,
  TRAP_PHRASES,
  type TrapCode,
  VALUE_PHRASES,
  type ValueErrorCode,
};

type Details = readonly (string | number)[];

function fill(phrase: string, details: Details): string {
  return phrase.replace(/\{(\d)\}/g, (_, i) => String(details[Number(i)] ?? ""));
}

/**
 * The binary is malformed or invalid, or needs an engine feature that is missing.
 *
 * @example Tell a component from a core module
 * ```ts
 * import { CompileError, compileSync } from "@windlass/component";
 * import { assertEquals, assertThrows } from "@std/assert";
 *
 * const module = new Uint8Array([0, 0x61, 0x73, 0x6d, 1, 0, 0, 0]);
 * const error = assertThrows(() => compileSync(module), CompileError);
 * assertEquals(error.code, "core-module");
 * assertEquals(error.offset, 4);
 * ```
 */
export class CompileError extends WebAssembly.CompileError {
  /** Always `CompileError`. */
  override readonly name = "CompileError";
  /** What is wrong, as a stable kebab-case string: a key of the table of phrases. */
  readonly code: string;
  /** Byte offset into the component's binary, where there is one. */
  readonly offset: number | undefined;
  /** Made by the library only. `place` is what was being read. */
  constructor(code: CompileErrorCode, place: string, offset: number | undefined, ...details: Details) {
    const where = offset === undefined ? "" : ` (at offset 0x${offset.toString(16)})`;
    const phrase = `${fill(COMPILE_PHRASES[code], details)}${where}`;
    super(`Cannot ${place}: ${phrase}`);
    this.code = code;
    this.offset = offset;
    Object.defineProperties(this, { [phraseKey]: { value: phrase }, [itemsKey]: { value: [place] } });
  }
}

/**
 * An import is missing or has the wrong type, or a typed lookup does not fit.
 *
 * @example The message names the import
 * ```ts
 * import { compileSync, Linker, LinkError } from "@windlass/component";
 * import { assertThrows } from "@std/assert";
 *
 * // (component (import "f" (func)))
 * const bytes = new Uint8Array([
 *   0, 0x61, 0x73, 0x6d, 0x0d, 0, 1, 0, 7, 5, 1, 0x40, 0, 1, 0, 10, 6, 1, 0, 1, 0x66, 1, 0,
 * ]);
 * assertThrows(
 *   () => new Linker().link(compileSync(bytes)),
 *   LinkError,
 *   "Cannot link import f: a definition was not found",
 * );
 * ```
 */
export class LinkError extends WebAssembly.LinkError {
  /** Always `LinkError`. */
  override readonly name = "LinkError";
  /** What is wrong, as a stable kebab-case string: a key of the table of phrases. */
  readonly code: string;
  /** The import or export, as `ns:pkg/iface@1.0.0#f`. */
  readonly path: string;
  /** Made by the library only. `place` is `link import …` or the like. */
  constructor(code: LinkErrorCode, place: string, path: string, ...details: Details) {
    super(`Cannot ${place}: ${fill(LINK_PHRASES[code], details)}`);
    this.code = code;
    this.path = path;
  }
}

/**
 * The guest broke the rules of the component model, or trapped by itself.
 *
 * The instance is locked down afterwards: every later call traps with code `"cannot-enter"`.
 *
 * @example Recognise one
 * ```ts
 * import { Trap } from "@windlass/component";
 * import { assert } from "@std/assert";
 *
 * assert(Trap.prototype instanceof WebAssembly.RuntimeError);
 * ```
 */
export class Trap extends WebAssembly.RuntimeError {
  /** What happened, as a stable kebab-case string: a key of the table of phrases. */
  declare readonly code: string;
  /** Where: the function and the value in it. Empty until known. */
  declare readonly path: string;
  /** Made by the library only. */
  constructor(code: TrapCode, ...details: Details) {
    super();
    initTrap(this, code, details);
  }

  static {
    // On the prototype: a trap that the engine raised gets only that.
    Object.defineProperty(Trap.prototype, "name", { value: "Trap", writable: true, configurable: true });
  }
}

/**
 * Makes an error that already is a `Trap` by prototype say what it is; shared with traps raised by
 * the engine.
 */
export function initTrap(error: Error, code: TrapCode, details: Details): void {
  const fields = error as { -readonly [K in keyof Trap]: Trap[K] } & { phrase?: string };
  fields.code = code;
  fields.path = "";
  Object.defineProperty(error, phraseKey, { value: fill(TRAP_PHRASES[code], details), writable: true });
  rename(error, `Trap: ${fill(TRAP_PHRASES[code], details)}`);
}

/**
 * A JavaScript value handed to the guest does not fit its type.
 *
 * @example The message names the parameter and the field
 * ```ts
 * import { ValueError } from "@windlass/component";
 * import { assert } from "@std/assert";
 *
 * assert(ValueError.prototype instanceof TypeError);
 * ```
 */
export class ValueError extends TypeError {
  /** Always `ValueError`. */
  override readonly name = "ValueError";
  /** What is wrong, as a stable kebab-case string: a key of the table of phrases. */
  readonly code: string;
  /** Where: the function and the value in it. Empty until known. */
  readonly path: string;
  /** Made by the library only. */
  constructor(code: ValueErrorCode, ...details: Details) {
    const phrase = fill(VALUE_PHRASES[code], details);
    super(phrase);
    this.code = code;
    this.path = "";
    Object.defineProperty(this, phraseKey, { value: phrase, writable: true });
  }
}

const payloadKey = Symbol.for("@windlass/component ComponentError");

/**
 * A guest's top-level `err`, and a host's way to throw one.
 *
 * Recognised by a registered symbol, so that two copies of the package agree.
 *
 * @example Throw one from a host function
 * ```ts
 * import { ComponentError } from "@windlass/component";
 * import { assertEquals } from "@std/assert";
 *
 * const error = new ComponentError({ tag: "not-found" });
 * assertEquals(error.payload, { tag: "not-found" });
 * ```
 */
export class ComponentError<E = unknown> extends Error {
  /** Always `ComponentError`. */
  declare readonly name: "ComponentError";
  /** The value of `err`. */
  readonly payload: E;
  /**
   * An error that carries the payload of an `err`.
   *
   * @param payload The value of `err`.
   * @param message Default: the payload in words.
   */
  constructor(payload: E, message?: string) {
    super(message ?? describePayload(payload));
    this.payload = payload;
  }

  static {
    // On the prototype: a property of each error would take half as long again as the error.
    Object.defineProperties(ComponentError.prototype, {
      name: { value: "ComponentError", writable: true, configurable: true },
      [payloadKey]: { value: true },
    });
  }

  /** Whether `value` is a ComponentError of this or another copy of the package. */
  static override [Symbol.hasInstance](value: unknown): boolean {
    if (this !== ComponentError) return Function.prototype[Symbol.hasInstance].call(this, value);
    return typeof value === "object" && value !== null && payloadKey in value;
  }
}

// ── Places: where an error happened, built from the inside out
// ────────────────────────────────────────────────────────────

const phraseKey = Symbol("phrase");
const placeKey = Symbol("place");
const itemsKey = Symbol("items");
type Located = { readonly [phraseKey]: string; readonly [itemsKey]: string[] };
type Placed = Error & { [phraseKey]?: string; [placeKey]?: string; path: string };

/** Whether a place can be added: one of our errors, not finished yet. */
function isOpen(error: unknown): error is Placed {
  return (error instanceof ValueError || error instanceof Trap) && phraseKey in error && error.path === "";
}

/**
 * Adds one item (`.size`, `[3]`) in front of what is known of the place; gives back the same error.
 */
export function within(error: unknown, item: string): unknown {
  if (isOpen(error)) error[placeKey] = item + (error[placeKey] ?? "");
  return error;
}

/**
 * Completes an error's message: `Cannot <verb> <item><place> of <owner>: <phrase>`; gives back the
 * same error.
 *
 * @param verb `lift`, `lower` or `call`.
 * @param item `param 2 \`name\``, `result`, or empty.
 * @param owner `import ns:pkg/iface#f` or `export …`.
 */
export function completeMessage(error: unknown, verb: string, item: string, owner: string): unknown {
  if (!isOpen(error)) return error;
  const place = item + (error[placeKey] ?? "");
  (error as { path: string }).path = place === "" ? owner : `${place} of ${owner}`;
  rename(error, `Cannot ${verb} ${error.path}: ${error[phraseKey]}`);
  return error;
}

/**
 * Says what definition a CompileError is about, then what is around it, one item at a time:
 * `validate canon lift` becomes
 * ``validate canon lift, func 3 `f` in component 1 `c` ``. Gives back the same error.
 */
export function locate(error: unknown, item: string): unknown {
  if (!(error instanceof CompileError)) return error;
  const { [phraseKey]: phrase, [itemsKey]: items } = error as CompileError & Located;
  items.push(item);
  const [verb, what] = items[0]!.split(/ (.*)/s) as [string, string];
  const [first, ...around] = items.slice(1) as [string, ...string[]], sort = first.split(/ [\d`]/)[0]!;
  const about = what.startsWith(sort)
    ? first + what.slice(sort.length)
    : what === "component" || what === "type"
    ? first
    : `${what}, ${first}`;
  rename(error, `Cannot ${verb} ${[about, ...around].join(" in ")}: ${phrase}`);
  return error;
}

/** Sets an error's message, in its stack too (engines copy it there when the error is made). */
function rename(error: Error, message: string): void {
  const stack = error.stack;
  Object.defineProperty(error, "message", { value: message, writable: true, configurable: true });
  if (typeof stack !== "string") return;
  const frames = stack.search(/^\s+at /m);
  const head = `${error.name}: ${message}`;
  Object.defineProperty(error, "stack", {
    value: frames < 0 ? stack : `${head}\n${stack.slice(frames)}`,
    writable: true,
    configurable: true,
  });
}
