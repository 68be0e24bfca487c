// Which types have a name that the outside can use. An import or export may mention only such
// types, and an import may not use a type that the component exports.
// Spec: Explainer.md "External Visibility of Types".

import { absurd, everyPart, type FuncType, isPrimitive, type ValType } from "../../abi/types/types.ts";
import type { Entity, InstanceType, TypeEntity } from "./validated_types.ts";
import type { Budget } from "../resolve/budget.ts";

/**
 * The types that have a name which the outside can use. Types are only added, so that a type found
 * visible stays visible.
 */
export class Visibility {
  readonly #named = new Set<object>();
  /**
   * The type items that exports name and imports do not. Only the exports of a scope have this set.
   */
  readonly #exported: Set<TypeEntity> | undefined;
  readonly #known = new Set<object>();
  readonly #shown = new Set<InstanceType>();
  readonly #outer: Visibility | undefined;
  readonly #budget: Budget;

  /** @param imports The types that the imports show, if this is for exports. */
  constructor(budget: Budget, outer?: Visibility, imports?: Visibility) {
    this.#budget = budget;
    this.#outer = outer ?? imports;
    if (imports !== undefined) this.#exported = new Set();
  }

  has(named: object): boolean {
    return this.#named.has(named) || this.#outer !== undefined && this.#outer.has(named);
  }

  /**
   * Notes the names that an import or export gives: to its own type, and to the exports of an
   * instance.
   */
  show(entity: Entity): void {
    if (entity.sort === "type") {
      const { type } = entity, named = type.kind === "value" || type.kind === "resource" ? type.type : type;
      this.#named.add(named);
      if (this.#exported !== undefined && !this.#outer!.#named.has(named)) this.#exported.add(type);
    }
    this.#budget.spend(0);
    if (entity.sort !== "instance" || this.#shown.has(entity.type)) return;
    this.#shown.add(entity.type);
    for (const [, item] of entity.type.entries()) this.show(item.entity);
  }

  /**
   * Whether an import, or a type inside an imported instance, is bound to an exported type. The
   * imports of an instance are given before it has exports, whatever the order of the definitions.
   */
  exports(entity: Entity, seen: Set<InstanceType> = new Set()): boolean {
    if (this.#exported === undefined || this.#exported.size === 0) return false;
    this.#budget.spend(0);
    if (entity.sort === "type") {
      const { of } = entity.type;
      return of !== undefined && this.#exported.has(of);
    }
    if (entity.sort !== "instance" || seen.has(entity.type)) return false;
    seen.add(entity.type);
    for (const [, item] of entity.type.entries()) if (this.exports(item.entity, seen)) return true;
    return false;
  }

  /** Whether all types that an item mentions have a name, if they need one. */
  sees(entity: Entity): boolean {
    switch (entity.sort) {
      case "func":
        return this.#func(entity.type);
      case "type":
        return this.#parts(entity.type);
      case "value":
        return this.#value(entity.type);
      case "instance": {
        if (this.#known.has(entity.type) || this.#outer !== undefined && this.#outer.#known.has(entity.type)) {
          return true;
        }
        // Its own types get names through the instance, wherever it is used.
        const inside = this.#shown.has(entity.type) ? this : new Visibility(this.#budget, this);
        inside.show(entity);
        for (const [, item] of entity.type.entries()) {
          this.#budget.spend(0);
          if (!inside.sees(item.entity)) return false;
        }
        this.#known.add(entity.type);
        return true;
      }
      case "component":
      case "core module":
        return true;
      default:
        return absurd(entity);
    }
  }

  #func({ params, result }: FuncType): boolean {
    return params.every((param) => this.#value(param.type)) && (result === undefined || this.#value(result));
  }

  /** Whether a type that gets a name now is valid: its parts must have names already. */
  #parts(item: TypeEntity): boolean {
    switch (item.kind) {
      case "value":
        return item.type.kind === "own" || item.type.kind === "borrow"
          ? this.#value(item.type)
          : everyPart(item.type, this.#seesValue);
      case "func":
        return this.#func(item.type);
      case "instance":
        return this.sees({ sort: "instance", type: item.type });
      case "component":
      case "resource":
        return true;
      default:
        return absurd(item);
    }
  }

  readonly #seesValue = (type: ValType): boolean => this.#value(type);

  #value(type: ValType): boolean {
    if (isPrimitive(type) || this.#known.has(type)) return true;
    const seen = this.#valueSeen(type);
    if (seen) this.#known.add(type);
    return seen;
  }

  #valueSeen(type: ValType): boolean {
    switch (type.kind) {
      case "record":
      case "variant":
      case "enum":
      case "flags":
        return this.has(type);
      case "own":
      case "borrow":
        return this.has(type.resource);
      case "list":
      case "fixed-list":
      case "map":
      case "tuple":
      case "option":
      case "result":
      case "stream":
      case "future":
        return everyPart(type, this.#seesValue);
      default:
        if (isPrimitive(type)) return true;
        return absurd(type);
    }
  }
}
