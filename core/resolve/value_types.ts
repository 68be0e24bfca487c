// Evaluates definitions of value and function types: follows indices, and checks size and depth.
// Validation and planning share it. Syntax and a scope enter, types leave.
// Spec: Explainer.md "Type Definitions".

import { layoutOf } from "../../abi/types/layout.ts";
import type { FuncType, PrimitiveKind, ResourceType, ValType } from "../../abi/types/types.ts";
import type { Budget } from "./budget.ts";
import type { TypeDef, ValTypeRef } from "../decode/syntax.ts";
import { invalid } from "../binary/invalid.ts";
import { MAX_TYPE_BYTES, MAX_TYPE_DEPTH } from "../binary/limits.ts";

/** A value type with the results of its checks. */
export interface ValueItem {
  readonly kind: "value";
  readonly type: ValType;
  /** Nesting depth, counting this type. */
  readonly depth: number;
  /** An upper bound of its size in bytes. */
  readonly bytes: number;
  /** `contains_borrow`. */
  readonly borrows: boolean;
}

const primitives = new Map<string, ValueItem>();

/** Gives a primitive type. There is one object per kind, so that its codec is found again. */
function primitive(kind: PrimitiveKind): ValueItem {
  let item = primitives.get(kind);
  if (item === undefined) {
    primitives.set(kind, item = { kind: "value", type: { kind }, depth: 1, bytes: 16, borrows: false });
  }
  return item;
}

/** What evaluating a value or function type needs from a scope. */
export interface TypeScope {
  /** Throws for a primitive type whose gate is closed. */
  admit?(primitive: PrimitiveKind, offset: number): void;
  valueType(index: number, offset: number): ValueItem;
  resourceType(index: number, offset: number): ResourceType;
}

/** Gives the value type that a definition refers to. */
export function valueAt(ref: ValTypeRef, scope: TypeScope, offset: number): ValueItem {
  if (typeof ref !== "string") return scope.valueType(ref, offset);
  scope.admit?.(ref, offset);
  return primitive(ref);
}

const keyTypes = new Set(["bool", "u8", "s8", "u16", "s16", "u32", "s32", "u64", "s64", "char", "string"]);

/**
 * One evaluation, which sums up the parts of a type. It is an object and not a set of closures,
 * because there is one for every type.
 */
class Evaluation {
  readonly #scope: TypeScope;
  readonly #offset: number;
  readonly #budget: Budget;
  #depth = 0;
  #bytes = 16;
  borrows = false;

  constructor(scope: TypeScope, offset: number, budget: Budget) {
    this.#scope = scope;
    this.#offset = offset;
    this.#budget = budget;
  }

  part(ref: ValTypeRef): ValType {
    this.#budget.spend(this.#offset);
    const item = valueAt(ref, this.#scope, this.#offset);
    if (item.depth > this.#depth) this.#depth = item.depth;
    this.#bytes += item.bytes + 8; // its padding
    if (item.borrows) this.borrows = true;
    return item.type;
  }

  optional(ref: ValTypeRef | undefined): ValType | undefined {
    return ref === undefined ? undefined : this.part(ref);
  }

  /**
   * Checks what later steps rely on: the depth, because every walk over a type recurses, and the
   * size.
   */
  value(type: ValType): ValueItem {
    let bytes = this.#bytes;
    if (type.kind === "fixed-list") bytes *= type.length;
    if (this.#depth >= MAX_TYPE_DEPTH) invalid("type", this.#offset, "nesting-too-deep");
    // Only a type whose bound is too high needs its exact size, which takes longer. That is rare.
    if (bytes >= MAX_TYPE_BYTES) {
      bytes = layoutOf(type, "i64").size;
      if (bytes >= MAX_TYPE_BYTES) invalid("type", this.#offset, "type-too-large");
    }
    return { kind: "value", type, depth: this.#depth + 1, bytes, borrows: this.borrows || type.kind === "borrow" };
  }
}

/** Evaluates the definition of a value or function type. */
export function evaluateValueType(
  def: TypeDef,
  scope: TypeScope,
  offset: number,
  budget: Budget,
): ValueItem | { readonly kind: "func"; readonly type: FuncType } {
  const of = new Evaluation(scope, offset, budget);
  switch (def.kind) {
    case "record":
      return of.value({
        kind: "record",
        fields: def.types.map((type, i) => ({ name: def.names[i]!, type: of.part(type) })),
      });
    case "variant":
      return of.value({
        kind: "variant",
        cases: def.types.map((type, i) => ({ name: def.names[i]!, type: of.optional(type) })),
      });
    case "list":
    case "option":
      return of.value({ kind: def.kind, element: of.part(def.element) });
    case "fixed-list":
      return of.value({ kind: "fixed-list", element: of.part(def.element), length: def.length });
    case "map": {
      const key = of.part(def.key);
      if (!keyTypes.has(key.kind)) invalid("type", offset, "invalid-type", `invalid map key type ${key.kind}`);
      return of.value({ kind: "map", key, value: of.part(def.value) });
    }
    case "tuple":
      return of.value({ kind: "tuple", types: def.types.map((type) => of.part(type)) });
    case "flags":
    case "enum":
      budget.spend(offset, def.names.length);
      return of.value({ kind: def.kind, names: def.names });
    case "result":
      return of.value({ kind: "result", ok: of.optional(def.ok), err: of.optional(def.err) });
    case "own":
    case "borrow":
      return of.value({ kind: def.kind, resource: scope.resourceType(def.resource, offset) });
    case "stream":
    case "future":
      return of.value({ kind: def.kind, element: of.optional(def.element) });
    case "func": {
      const result = of.optional(def.result);
      if (of.borrows) invalid("type", offset, "invalid-type", "function result cannot contain a `borrow` type");
      const params = def.types.map((type, i) => ({ name: def.names[i]!, type: of.part(type) }));
      return {
        kind: "func",
        type: result === undefined ? { params, async: def.async } : { params, result, async: def.async },
      };
    }
    case "component":
    case "instance":
    case "resource":
      throw new Error("unreachable"); // a resource in a type is refused by validation
    default:
      scope.admit?.(def.kind, offset);
      // Each definition gets its own object, so that a use of this definition differs from a use of
      // the primitive type.
      return { ...primitive(def.kind), type: { kind: def.kind } };
  }
}
