// Every error the library throws: five classes, one table of phrases per class.
// A message reads `Cannot <verb> <place>: <phrase>`; the phrase is the tail after the colon, the place is built while unwinding.
// Nothing but words for values is imported here, so that every layer may throw.
// Phrases follow the reference test suite (WebAssembly/component-model test/) and Wasmtime's wording.

import { describePayload } from "./describe.ts";

export { describe, engineMessage } from "./describe.ts";

/** What can be wrong with a binary: code → how the message starts. Details follow after a comma or in place of `{0}`. */
export const COMPILE_PHRASES = {
  /** The input ends inside a production. */
  "unexpected-end": "unexpected end-of-file",
  /** The first four bytes are not `\0asm`. */
  "bad-magic": "magic header not detected: bad magic number{0}",
  /** The version or layer field is none that this library knows. */
  "unknown-version": "unknown binary version and encoding combination, expected 0xd and 0x1, found {0}",
  /** A core module where a component was expected. */
  "core-module": "expected a WebAssembly component, found a WebAssembly core module; give it to `WebAssembly.compile`",
  /** A section id above 12. */
  "unknown-section": "malformed section id: {0}",
  /** A LEB128 integer with too many bytes or bits. */
  "bad-leb": "invalid {0}: integer {1}",
  /** A byte that no alternative of a production starts with. */
  "unknown-opcode": "invalid leading byte ({0}) for {1}",
  /** A flag byte that is neither 0 nor 1. */
  "invalid-boolean": "invalid boolean value, found {0}",
  /** A name that is not UTF-8. */
  "invalid-utf8": "malformed UTF-8 encoding",
  /** Bytes left over at the end of a section or of the component. */
  "trailing-bytes": "unexpected data at the end of the section",
  /** A vector's length exceeds what its section can hold or what we allow. */
  "limit-exceeded": "{0} count exceeds limit of {1}",
  /** Types nest more deeply than we allow. */
  "nesting-too-deep": "type nesting is too deep",
  /** A value type whose size is 2^28 bytes or more. */
  "type-too-large": "type is too large: its size exceeds maximum byte size",
  /** An index that its index space does not hold. */
  "unknown-index": "unknown {0} {1}: {0} index out of bounds",
  /** An item is of another sort or kind than the definition needs. */
  "wrong-kind": "{0} is not {1}",
  /** A type is another than the definition needs. */
  "type-mismatch": "type mismatch{0}",
  /** A name breaks the grammar of names. */
  "invalid-name": "{0}: `{1}` is not a valid extern name",
  /** A name that is too like another one. */
  "name-conflict": "{0} conflicts with previous {1} `{2}`",
  /** A function is not what its annotated name says. */
  "invalid-annotation": "{1}: `{0}`",
  /** An import or export mentions a type that has no name outside. */
  "not-visible": "{0} not valid to be used as {1} `{2}`: it mentions a type that has no name there",
  /** A gated feature of the specification that is off. */
  "closed-gate": '{0} needs the gate `{1}`: pass { gates: { "{1}": true } }',
  /** A core function has another type than its use asks for. */
  "core-signature": "{0}",
  /** An alias or argument names something that is not there. */
  "missing-export": "{0} has no export named `{1}`",
  /** An instantiation leaves an import without argument. */
  "missing-argument": "missing {0} named `{1}`",
  /** A core module's exports, or its imports by both names, are not unique. */
  "duplicate-core-name": "{0}",
  /** A name given twice where names are unique. */
  "duplicate-name": "duplicate {0} named `{1}`",
  /** A canonical option is given twice, contradicts another or is missing. */
  "canonical-option": "canonical {0}",
  /** A rule of value types is broken. */
  "invalid-type": "{0}",
  /** The engine refused a core module. */
  "core-module-invalid": "core module {0} is invalid: {1}",
  /** The engine lacks a proposal that a core module uses. */
  "missing-feature": "core module {0} needs {1}, which this engine does not have",
  /** `modules` does not fit the component. */
  "wrong-modules": "option `modules` has {0} modules, expected {1}",
  /** A module of `modules` is another than the component has in its place. */
  "misplaced-module": "option `modules`: module {0} lacks the {1}",
  /** The same for a module that fits by names and kinds. */
  "wrong-module": "option `modules`: module {0} is another one: {1}",
  /** The rest of a component that was split, without its modules. */
  "modules-apart":
    "its core modules were split from it: pass { modules }, all {0} of them in the order of their numbers",
  /** The engine is not allowed to compile. */
  "compiling-forbidden":
    "compiling is not allowed here ({0}): `windlass split` gives the core modules, to be compiled elsewhere and passed as { modules }",
  /** A memory's minimum exceeds `maxMemoryPages`. */
  "memory-cap": "memory of core module {0} starts with {1} pages, more than maxMemoryPages {2}",
  /** A part of the specification that this version does not run yet. */
  "unsupported": "{0} is not supported yet",
  /** A Response that is not ok. */
  "bad-response": "the response has status {0}",
} as const;
/** Codes of {@linkcode CompileError}. */
export type CompileErrorCode = keyof typeof COMPILE_PHRASES;

/** What can be wrong with the imports that a host gives. */
export const LINK_PHRASES = {
  /** Nothing is defined for an import. */
  "missing-import": "a definition was not found{0}",
  /** An import, or a typed lookup, has another type. */
  "type-mismatch": "type mismatch{0}",
  /** Another sort of thing is defined than the import asks for. */
  "wrong-sort": "expected {0} found {1}",
  /** A linker defines a name twice. */
  "already-defined": "it is defined already; pass { shadowing: true } to redefine names",
  /** `instance.func` finds no such export. */
  "missing-export": "the component exports no such function{0}",
  /** A core module that the host gave lacks what its declared type promises, or needs more. */
  "module-mismatch": "module {0} {1}",
  /** An engine refused to instantiate a core module. */
  "core-link": "{0}",
  /** An import, or what the host gives for it, needs a feature that the engine lacks. */
  "missing-feature": "{0} needs {1}, which this engine does not have",
  /** Two imports must be one resource type, and the host gives two classes. */
  "mismatched-resource": "mismatched resource types: `{0}` is another class elsewhere",
} as const;
/** Codes of {@linkcode LinkError}. */
export type LinkErrorCode = keyof typeof LINK_PHRASES;

/** What a guest can do wrong at run time. */
export const TRAP_PHRASES = {
  /**
   * The instance is running already, or was locked down; the detail says which, and what is
   * running.
   */
  "cannot-enter": "cannot enter component instance{0}",
  /** A guest called out during realloc or post-return. */
  "cannot-leave": "cannot leave component instance",
  /** A guest reached a suspending import from where it cannot be suspended. */
  "cannot-suspend": "cannot suspend {0}",
  /** Calls between component instances nest too deeply. */
  "call-depth-limit": "more than {0} nested calls: limit `callDepth`",
  /** A pointer is not aligned for what it points to. */
  "unaligned-pointer": "unaligned pointer",
  /** A record of parameters or results lies outside the memory. */
  "pointer-out-of-bounds": "pointer out of bounds of memory",
  /** A string lies outside the memory or is longer than 2^28 - 1 bytes. */
  "string-out-of-bounds": "string pointer/length out of bounds of memory",
  /** A list lies outside the memory or is longer than 2^28 - 1 bytes. */
  "list-out-of-bounds": "list pointer/length out of bounds of memory",
  /** A string passed between guests lies outside the memory. */
  "string-content-out-of-bounds": "string content out-of-bounds",
  /** A list passed between guests lies outside the memory. */
  "list-content-out-of-bounds": "list content out-of-bounds",
  /** `realloc` gave a misaligned pointer. */
  "realloc-unaligned": "realloc return: result not aligned",
  /** `realloc` gave a range outside the memory. */
  "realloc-out-of-bounds": "realloc return: beyond end of memory",
  /** A string is not UTF-8. */
  "invalid-utf8": "{0}",
  /** A string is not UTF-16. */
  "invalid-utf16": "unpaired surrogate found: {0}",
  /** A char is a surrogate or beyond U+10FFFF. */
  "invalid-char": "invalid `char` bit pattern",
  /** A variant's discriminant names no case. */
  "invalid-discriminant": "invalid variant discriminant",
  /** A handle index that the table does not hold. */
  "unknown-handle": "unknown handle index {0}",
  /** A handle of another resource type. */
  "wrong-handle-type": "handle index {0} used with the wrong type, expected {1} but found {2}",
  /** An own handle was wanted and a borrow given. */
  "own-from-borrow": "cannot lift own resource from a borrow",
  /** An own handle is given away or dropped while it is lent. */
  "lent-handle": "cannot remove owned resource while borrowed",
  /** A guest kept a borrow beyond its call. */
  "borrows-remain": "borrow handles still remain at the end of the call",
  /** The handle table is full, or there are too many handles to resources of the host's. */
  "handle-limit": "handle table is full: limit of {0} handles{1}",
  /** More bytes were lifted in one call than the instance's limit. */
  "lifted-bytes-limit": "more than {0} bytes lifted in one call: limit `liftedBytes`",
  /** A core exception reached the boundary of its component. */
  "uncaught-exception": "uncaught exception propagated out of component",
  /** The guest trapped by itself; the phrase is the engine's. */
  "guest-trap": "{0}",
  /** The guest recursed too deeply. */
  "stack-overflow": "call stack exhausted",
  /** A built-in whose run-time comes with a later version. */
  "unsupported-builtin": "unsupported built-in {0}",
  /** A value type whose run-time comes with a later version. */
  "unsupported-type": "unsupported type {0}",
  /** A guest broke a rule of an interface of the host's, where that interface says that it traps. */
  "interface-rule": "{0}",
  /** `trapUnknown()` stands in for an import that nobody defined. */
  "unknown-import": "unknown import",
} as const;
/** Codes of {@linkcode Trap}. */
export type TrapCode = keyof typeof TRAP_PHRASES;

/** What a host can do wrong with a value. */
export const VALUE_PHRASES = {
  /** A value is not of the type. */
  "type-mismatch": "expected {0}, found {1}",
  /** A record lacks a field. */
  "missing-field": "missing field, expected {0}",
  /** A flags object names a flag that there is not. */
  "unknown-flag": "unknown flag `{0}`, expected {1}",
  /** A variant or enum case that there is not. */
  "unknown-case": "unknown variant case `{0}`, expected {1}",
  /** A case without payload was given one. */
  "unexpected-payload": "unexpected payload for case `{0}`",
  /** A promise where a value is due. */
  "promise":
    "expected {0}, found a promise: await it first, or declare the host function that returns it with `suspending(fn)` or `{ suspends: true }`",
  /** A promise cannot give a record whose field `then` is a function, which a host's resource can be: it would call that. */
  "thenable": "a promise cannot give a record whose field `then` is a function, as a resource of the host's can be",
  /** A string or list of 2^28 bytes or more. */
  "too-long": "{0} of {1} bytes is longer than 2^28 - 1 bytes",
  /** A resource wrapper is used after it was dropped, given away or returned. */
  "dead-resource": "{0}",
  /** A resource is given away while it is lent. */
  "lent-resource": "cannot remove owned resource while borrowed",
  /** A constructor is called on a resource that exports none. */
  "no-constructor": "{0} exports no constructor",
  /** The value cannot be passed yet. */
  "unsupported-type": "unsupported type {0}",
} as const;
/** Codes of {@linkcode ValueError}. */
export type ValueErrorCode = keyof typeof VALUE_PHRASES;

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

/** Makes an error that already is a `Trap` by prototype say what it is; shared with traps raised by the engine. */
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
  override readonly name = "ComponentError";
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
    Object.defineProperty(this, payloadKey, { value: true });
  }
  /** Whether `value` is a ComponentError of this or another copy of the package. */
  static override [Symbol.hasInstance](value: unknown): boolean {
    if (this !== ComponentError) return Function.prototype[Symbol.hasInstance].call(this, value);
    return typeof value === "object" && value !== null && payloadKey in value;
  }
}

// ── Places: where an error happened, built from the inside out ────────────────────────────────────────────────────────────

const phraseKey = Symbol("phrase");
const placeKey = Symbol("place");
const itemsKey = Symbol("items");
type Located = { readonly [phraseKey]: string; readonly [itemsKey]: string[] };
type Placed = Error & { [phraseKey]?: string; [placeKey]?: string; path: string };

/** Whether a place can be added: one of our errors, not finished yet. */
function isOpen(error: unknown): error is Placed {
  return (error instanceof ValueError || error instanceof Trap) && phraseKey in error && error.path === "";
}

/** Adds one item (`.size`, `[3]`) in front of what is known of the place; gives back the same error. */
export function within(error: unknown, item: string): unknown {
  if (isOpen(error)) error[placeKey] = item + (error[placeKey] ?? "");
  return error;
}

/**
 * Completes an error's message: `Cannot <verb> <item><place> of <owner>: <phrase>`; gives back the same error.
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
 * Says what definition a CompileError is about, then what is around it, one item at a time: `validate canon lift` becomes
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
