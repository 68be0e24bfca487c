// Validates canonical definitions: which options they need and may have, and the core types of the
// functions that they use and make.
// A definition and a scope enter. The scope gets a new item, or a CompileError is thrown.
// Spec: CanonicalABI.md "Canonical Definitions", Binary.md "Canonical Definitions".

import type { AddressType, CoreFuncType } from "../../abi/types/core_values.ts";
import { signatureLayout } from "../../abi/types/layout.ts";
import { containsBorrow, containsRange, type FuncType, type ValType } from "../../abi/types/types.ts";
import { CoreEquality, CoreSpace, shapeOf } from "../module/type_space.ts";
import {
  type CoreNumberType,
  type CoreValType,
  formatValType,
  indexedRef,
  numberTypes,
} from "../module/core_value_types.ts";
import { type CanonDef, type CanonOptionsDef, styleOf } from "../decode/syntax.ts";
import type { CoreCompositeType } from "../module/core_syntax.ts";
import { rootOf } from "./validated_types.ts";
import { valueAt } from "../resolve/value_types.ts";
import type { CoreItem, KnownCoreItem, ValidationScope } from "./validation_scope.ts";
import type { GateName, Gates } from "../binary/gates.ts";
import { invalid } from "../binary/invalid.ts";
import { formatItem, itemFault } from "../module/module_match.ts";
import type { ResolvedCoreType } from "../module/module_type.ts";

/**
 * An empty space of core types: the types in canonical definitions refer to no other type, apart
 * from one built-in.
 */
const space = new CoreSpace(), equality = new CoreEquality();

type FuncCoreType = ResolvedCoreType & { kind: "func" };
type NumberName = CoreNumberType["kind"];

/** The type of a core function that takes and gives numbers. */
function func(params: readonly NumberName[], results: readonly NumberName[]): FuncCoreType {
  return { kind: "func", params: params.map(numberType), results: results.map(numberType) };
}

function numberType(name: NumberName): CoreNumberType {
  return numberTypes[name];
}

/** Whether a core item has exactly a type; what makes no sense fits everything. */
function hasType(item: CoreItem, type: ResolvedCoreType): boolean {
  return item === "unknown" || itemFault(item.type, item.space, type, space, equality) === undefined;
}

/** The types that canonical options must have: the smallest memory, and the functions. */
interface OptionTypes {
  readonly memory: ResolvedCoreType;
  readonly realloc: ResolvedCoreType;
}

function optionTypes(address: AddressType): OptionTypes {
  return {
    memory: { kind: "memory", limits: { min: 0, max: undefined, shared: false, address, pageSize: 16 } },
    realloc: func([address, address, address, address], [address]),
  };
}

const typesOfOptions: Readonly<Record<AddressType, OptionTypes>> = { i32: optionTypes("i32"), i64: optionTypes("i64") };
const callbackType = func(["i32", "i32", "i32"], ["i32"]), dropType = func(["i32"], []);

/** Validates one canonical definition, and adds the item that it makes. */
export class CanonValidator {
  readonly #scope: ValidationScope;
  readonly #gates: Gates;
  readonly #offset: number;

  constructor(scope: ValidationScope, gates: Gates, offset: number) {
    this.#scope = scope;
    this.#gates = gates;
    this.#offset = offset;
  }

  validate(canon: CanonDef): void {
    switch (canon.kind) {
      case "lift":
        return this.#lift(canon);
      case "lower":
        return this.#lower(canon);
      case "resource.new":
      case "resource.rep":
      case "resource.drop": {
        const { type } = this.#scope.typeOf("resource", canon.type, this.#offset, `canon ${canon.kind}`);
        if (canon.kind === "resource.drop") return this.#make(dropType);
        // Only the component that defines a resource may make handles from representations, or read
        // the representation of a handle.
        const rep = this.#scope.local.get(rootOf(type));
        if (rep === undefined) {
          const fact = `type index ${canon.type} is not a local resource`;
          invalid(`canon ${canon.kind}`, this.#offset, "invalid-type", fact);
        }
        return this.#make(canon.kind === "resource.new" ? func([rep], ["i32"]) : func(["i32"], [rep]));
      }
      case "builtin":
        // The type of a function that spawns threads refers to a core type of the component.
        return this.#make(this.#builtin(canon), canon.name === "thread.spawn-ref" ? this.#scope.coreTypes : space);
    }
  }

  #make(type: FuncCoreType, of: CoreSpace = space): void {
    this.#scope.add("core func", { type, space: of });
  }

  #option(place: string, what: string): never {
    invalid(place, this.#offset, "canonical-option", what);
  }

  #lift({ func: index, options, type: typeIndex }: CanonDef & { kind: "lift" }): void {
    const place = "canon lift", scope = this.#scope, offset = this.#offset;
    const { type } = scope.typeOf("func", typeIndex, offset, place);
    const core = scope.get("core func", index, offset);
    const address = this.#options(place, options, type), style = styleOf(options), async = style !== "sync";
    const layout = signatureLayout(type, { side: "lift", style, address });
    if (core !== "unknown") this.#sameSignature(place, core, layout.core);
    const allocates = type.params.some((param) => containsRange(param.type)) || !layout.paramsDirect;
    const reads = type.result !== undefined && containsRange(type.result) || !async && !layout.resultDirect ||
      async && type.result !== undefined && layout.result!.flat === undefined;
    this.#needs(place, options, allocates || reads, allocates);
    if (options.postReturn !== undefined) {
      if (async) this.#option(place, "option `post-return` cannot be specified for async lifts");
      const post = scope.get("core func", options.postReturn, offset);
      if (!hasType(post, func(layout.core.results, []))) this.#wrongSignature(place, "post-return");
    }
    scope.add("func", type);
  }

  /** Checks that the lifted function has exactly the flattened type. */
  #sameSignature(place: string, core: KnownCoreItem, expected: CoreFuncType): void {
    const { type } = core;
    if (type.kind !== "func" || hasType(core, func(expected.params, expected.results))) return;
    const list = (types: readonly string[]): string => `[${types.map((text) => text.toUpperCase()).join(", ")}]`;
    for (const [key, word] of [["params", "parameter"], ["results", "result"]] as const) {
      const found = type[key].map(formatValType), wanted = expected[key];
      if (`${found}` === `${wanted}`) continue;
      const fact = `lowered ${word} types \`${list(wanted)}\` do not match ${word} types \`${list(found)}\``;
      invalid(place, this.#offset, "core-signature", fact);
    }
    const fact =
      "the core function's type is declared with supertypes or for subtypes: it is another than the flat one";
    invalid(place, this.#offset, "core-signature", fact);
  }

  #lower({ func: index, options }: CanonDef & { kind: "lower" }): void {
    const place = "canon lower";
    const type = this.#scope.get("func", index, this.#offset);
    if (options.postReturn !== undefined) this.#option(place, "option `post-return` cannot be specified for lowerings");
    if (options.callback !== undefined) this.#option(place, "option `callback` cannot be specified for lowerings");
    const address = this.#options(place, options, type);
    const layout = signatureLayout(type, { side: "lower", style: styleOf(options), address });
    const reads = type.params.some((param) => containsRange(param.type));
    const allocates = type.result !== undefined && containsRange(type.result);
    const stores = type.result !== undefined && !layout.resultDirect;
    this.#needs(place, options, reads || allocates || stores || !layout.paramsDirect, allocates);
    this.#make(func(layout.core.params, layout.core.results));
  }

  #forbid(place: string, options: CanonOptionsDef, keys: readonly ("realloc" | "postReturn" | "callback" | "async")[]) {
    for (const key of keys) {
      if (options[key] === undefined) continue;
      this.#option(place, `option \`${key === "postReturn" ? "post-return" : key}\` is not allowed`);
    }
  }

  /** Checks the rules for all uses of options. Gives the address type of their memory. */
  #options(place: string, options: CanonOptionsDef, type: FuncType | undefined): AddressType {
    const scope = this.#scope, offset = this.#offset;
    if (options.gc || options.coreType !== undefined) {
      const what = `the canonical option \`${options.gc ? "gc" : "core-type"}\``;
      this.#gates.require("gc", what, offset);
      invalid(place, offset, "unspecified", what, "gc");
    }
    if (options.realloc !== undefined && options.memory === undefined) {
      this.#option(place, "option `realloc` requires `memory` to also be specified");
    }
    const address = this.#memory(place, options.memory);
    if (options.memory !== undefined) options.address = address;
    if (options.realloc !== undefined) {
      const realloc = scope.get("core func", options.realloc, offset);
      if (!hasType(realloc, typesOfOptions[address].realloc)) this.#wrongSignature(place, "realloc");
    }
    if (options.async && type !== undefined && !type.async) {
      invalid(place, offset, "invalid-type", "the `async` canonical option requires an async function type");
    }
    if (options.callback !== undefined) {
      if (!options.async) this.#option(place, "option `callback` cannot be specified without `async`");
      const callback = scope.get("core func", options.callback, offset);
      if (!hasType(callback, callbackType)) this.#wrongSignature(place, "callback");
    }
    if (options.async && options.callback === undefined && place === "canon lift") {
      this.#gates.require("async-stackful", "async lift without `callback`", offset);
    }
    return address;
  }

  #memory(place: string, index: number | undefined): AddressType {
    if (index === undefined) return "i32";
    const memory = this.#scope.get("core memory", index, this.#offset);
    if (memory === "unknown" || memory.type.kind !== "memory") return "i32";
    const { address } = memory.type.limits;
    if (address === "i64") this.#gates.require("memory64", "a 64-bit memory as canonical option", this.#offset);
    if (!hasType(memory, typesOfOptions[address].memory)) {
      invalid(
        place,
        this.#offset,
        "core-signature",
        `mismatch in the memory: found type \`${formatItem(memory.type)}\``,
      );
    }
    return address;
  }

  #needs(place: string, options: CanonOptionsDef, memory: boolean, realloc: boolean): void {
    if (memory && options.memory === undefined) this.#option(place, "option `memory` is required");
    if (realloc && options.realloc === undefined) this.#option(place, "option `realloc` is required");
  }

  #wrongSignature(place: string, option: string): never {
    this.#option(place, `option \`${option}\` uses a core function with an incorrect signature`);
  }

  #builtin(canon: CanonDef & { kind: "builtin" }): FuncCoreType {
    const { name, options = {} } = canon, place = `canon ${name}`, offset = this.#offset;
    this.#gates.require(gateOf(name), name, offset);
    switch (name) {
      case "waitable-set.wait":
      case "waitable-set.poll":
        canon.address = this.#memory(place, canon.memory);
        return func(["i32", canon.address], ["i32"]);
      case "task.return": {
        const result = canon.result === undefined ? undefined : valueAt(canon.result, this.#scope, offset).type;
        if (result !== undefined && containsBorrow(result)) {
          invalid(place, offset, "invalid-type", "function result cannot contain a `borrow` type");
        }
        this.#forbid(place, options, ["realloc", "postReturn", "callback", "async"]);
        const address = this.#options(place, options, undefined);
        const type: FuncType = { params: [], async: true, ...(result === undefined ? {} : { result }) };
        const layout = signatureLayout(type, { side: "task-return", style: "sync", address });
        this.#needs(place, options, result !== undefined && containsRange(result) || !layout.paramsDirect, false);
        return func(layout.core.params, []);
      }
      case "context.get":
      case "context.set": {
        const type = canon.coreType!, { kind } = type;
        if (kind === "i64") this.#gates.require("memory64", `${name} of an i64`, offset);
        else if (kind !== "i32") {
          invalid(place, offset, "invalid-type", `${name} needs an i32 or an i64, found ${formatValType(type)}`);
        }
        if ((canon.slot ?? 0) >= 2) {
          invalid(place, offset, "invalid-type", `immediate must be zero or one: ${canon.slot}`);
        }
        this.#scope.contextType ??= kind;
        if (this.#scope.contextType !== kind) {
          const fact = `type must match previous context type: expected ${this.#scope.contextType}`;
          invalid(place, offset, "invalid-type", `${fact}, found ${kind}`);
        }
        return name === "context.get" ? func([], [kind]) : func([kind], []);
      }
      case "subtask.cancel":
      case "stream.cancel-read":
      case "stream.cancel-write":
      case "future.cancel-read":
      case "future.cancel-write":
        if (canon.async) this.#gates.require("more-async-builtins", `async ${name}`, offset);
        if (canon.type !== undefined) this.#carrier(name, canon.type);
        return func(["i32"], ["i32"]);
      case "stream.new":
      case "future.new":
        this.#carrier(name, canon.type!);
        return func([], ["i64"]);
      case "stream.read":
      case "stream.write":
      case "future.read":
      case "future.write": {
        const element = this.#carrier(name, canon.type!), reading = name.endsWith("read");
        this.#forbid(place, options, ["postReturn", "callback"]);
        if (!options.async) this.#gates.require("more-async-builtins", `${name} without \`async\``, offset);
        const address = this.#options(place, options, undefined);
        const allocates = reading && element !== undefined && containsRange(element);
        this.#needs(place, options, element !== undefined, allocates);
        return name.startsWith("stream") ? func(["i32", address, address], [address]) : func(["i32", address], ["i32"]);
      }
      case "error-context.new":
      case "error-context.debug-message": {
        this.#forbid(place, options, ["postReturn", "callback", "async"]);
        const address = this.#options(place, options, undefined), creates = name === "error-context.new";
        this.#needs(place, options, true, !creates);
        return creates ? func([address, address], ["i32"]) : func(["i32", address], []);
      }
      case "thread.new-indirect":
      case "thread.spawn-indirect":
      case "thread.spawn-ref":
        return this.#thread(canon, place);
      default: {
        if (canon.type !== undefined) this.#carrier(name, canon.type);
        const [params = "", results = ""] = (plain.get(name) ?? "").split(">");
        const types = (text: string): NumberName[] => text === "" ? [] : text.split(" ") as NumberName[];
        return func(types(params), types(results));
      }
    }
  }

  /** Gives the element type of the stream or future that a built-in works on. */
  #carrier(name: string, index: number): ValType | undefined {
    const { type } = this.#scope.typeOf("value", index, this.#offset, `canon ${name}`);
    const kind = name.split(".")[0];
    if (type.kind !== "stream" && type.kind !== "future" || type.kind !== kind) {
      invalid(`canon ${name}`, this.#offset, "wrong-kind", `type index ${index}`, `a ${kind} type`);
    }
    return type.element;
  }

  #thread(
    { name, type = 0, table, shared = false }: CanonDef & { kind: "builtin" },
    place: string,
  ): FuncCoreType {
    const item = this.#scope.get("core type", type, this.#offset);
    const start = item.kind === "sub" ? shapeOf(item.entry) : undefined;
    const closure = start && closureOf(start.type);
    if (start?.shared !== shared || closure === undefined) {
      const fact = "start function must take a single `i32` argument, or an `i64`, and return nothing";
      invalid(place, this.#offset, "core-signature", shared ? `${fact}, and be shared` : fact);
    }
    if (closure === "i64") this.#gates.require("memory64", "a start function that takes an i64", this.#offset);
    if (table === undefined) {
      return { kind: "func", params: [indexedRef(true, type), numberType(closure)], results: [numberTypes.i32] };
    }
    return func([this.#startTable(place, table, name !== "thread.new-indirect", shared), closure], ["i32"]);
  }

  /**
   * Gives the address type of the table that holds start functions. Threads that are spawned need a
   * shared table.
   */
  #startTable(place: string, index: number, sharedTable: boolean, shared: boolean): AddressType {
    const table = this.#scope.get("core table", index, this.#offset);
    if (table === "unknown" || table.type.kind !== "table") return "i32";
    const { element, limits } = table.type;
    if (limits.address === "i64") this.#gates.require("memory64", "a 64-bit table of start functions", this.#offset);
    if (!element.nullable || element.heap !== "func" || element.shared !== shared || limits.shared !== sharedTable) {
      const one = sharedTable ? "a shared one" : "one", what = shared ? "shared funcrefs" : "funcrefs";
      invalid(place, this.#offset, "core-signature", `the table of start functions must be ${one} of ${what}`);
    }
    return limits.address;
  }
}

/** What a thread's start function takes; `undefined` if it is no start function. */
function closureOf(type: CoreCompositeType): AddressType | undefined {
  if (type.kind !== "func" || type.params.length !== 1 || type.results.length > 0) return undefined;
  const [{ kind }] = type.params as readonly [CoreValType];
  return kind === "i32" || kind === "i64" ? kind : undefined;
}

/** The gate of the feature that a built-in belongs to. */
function gateOf(name: string): GateName {
  if (name.startsWith("error-context.")) return "error-context";
  if (/^thread\.(?:spawn|available)/.test(name)) return "shared-everything-threads";
  return name.startsWith("thread.") && name !== "thread.yield" ? "threading" : "async";
}

/** Built-ins whose core type never varies. */
const plain = new Map(
  ("task.cancel|thread.yield >i32|subtask.drop i32|stream.drop-readable i32|stream.drop-writable i32|" +
    "future.drop-readable i32|future.drop-writable i32|error-context.drop i32|waitable-set.new >i32|" +
    "waitable-set.drop i32|waitable.join i32 i32|" +
    "backpressure.inc|backpressure.dec|thread.index >i32|thread.resume-later i32|thread.suspend >i32|" +
    "thread.suspend-then-resume i32>i32|thread.yield-then-resume i32>i32|thread.suspend-then-promote i32>i32|" +
    "thread.yield-then-promote i32>i32|thread.available-parallelism >i32").split("|").map((row) => {
      const space = row.indexOf(" ");
      return space < 0 ? [row, ""] as const : [row.slice(0, space), row.slice(space + 1)] as const;
    }),
);
