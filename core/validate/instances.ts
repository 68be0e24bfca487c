// Validates instances. Arguments are checked against the imports of the component or core module;
// what comes out is the type of the instance. An instance can also be a bundle of exports, whose
// items come from the index spaces.
// Spec: Explainer.md and Binary.md "Instance Definitions", "Core Instance Definitions".

import type { ResourceType } from "../../abi/types/types.ts";
import type { Gates } from "../binary/gates.ts";
import { invalid } from "../binary/invalid.ts";
import { coreItemSorts } from "../decode/sorts.ts";
import type { CoreInstanceExpr, InstanceExpr } from "../decode/syntax.ts";
import { itemFault } from "../module/module_match.ts";
import { CoreEquality } from "../module/type_space.ts";
import type { Budget } from "../resolve/budget.ts";
import { entityAt, makeInstance } from "./entities.ts";
import { takeName } from "./labels.ts";
import { differEntity, placed, ResourceBindings } from "./subtype.ts";
import { type ComponentType, type Entity, InstanceType, type NamedEntity, Substitution } from "./validated_types.ts";
import { type CoreInstanceType, type CoreItem, ValidationScope } from "./validation_scope.ts";

/** Validates the instances of a component and of those inside it. */
export class InstanceValidator {
  readonly #gates: Gates;
  readonly #budget: Budget;
  readonly #instances = new Map<ComponentType, InstanceType>();

  constructor(gates: Gates, budget: Budget) {
    this.#gates = gates;
    this.#budget = budget;
  }

  /** Validates an instance; gives its type. */
  instance(expr: InstanceExpr, scope: ValidationScope, offset: number): InstanceType {
    if (expr.kind === "exports") {
      const items = new Map<string, NamedEntity>(), taken = new Map<string, string>();
      const bag = new ValidationScope("instance type", undefined, this.#budget, this.#gates);
      for (const { name, item } of expr.exports) {
        const entity = entityAt(item, scope, this.#gates, offset);
        bag.checkName(name, entity, offset, "export");
        takeName(taken, name.name, "export", offset);
        if (entity.sort === "func") bag.checkAnnotation("export", name.name, entity.type, offset);
        items.set(name.name, { name, entity });
      }
      return makeInstance(items, offset, []);
    }
    const component = scope.get("component", expr.component, offset);
    if (expr.args.length === 0 && component.imports.size === 0 && component.defined.size === 0) {
      return this.#instanceOf(component);
    }
    const args = new Map<string, Entity>();
    for (const { name, item } of expr.args) {
      if (args.has(name)) {
        invalid("instance", offset, "name-conflict", `instantiation argument \`${name}\``, "argument", name);
      }
      args.set(name, entityAt(item, scope, this.#gates, offset));
    }
    const bindings = new ResourceBindings((root) => component.imported.has(root), () => this.#budget.spend(offset));
    const types: (readonly [object, object])[] = [];
    for (const [name, { entity }] of component.imports) {
      this.#budget.spend(offset);
      const arg = args.get(name);
      if (arg === undefined) invalid("instance", offset, "missing-argument", "import", name);
      const mismatch = differEntity(entity, arg, bindings);
      if (mismatch !== undefined) invalid(`instance, argument \`${name}\``, offset, "type-mismatch", placed(mismatch));
      this.#pairTypes(entity, arg, types, offset);
    }
    const made = new Map<ResourceType, ResourceType>();
    const substitution = new Substitution((root) => {
      if (component.imported.has(root)) return bindings.of(root);
      if (!component.defined.has(root)) return undefined;
      let fresh = made.get(root);
      if (fresh === undefined) {
        made.set(root, fresh = scope.makeResource());
        scope.defined.add(fresh);
      }
      return fresh;
    }, types);
    return new InstanceType(component.exports, component.depth + 1, [], substitution);
  }

  /** All instances of a component without imports and resources of its own have one type. */
  #instanceOf(component: ComponentType): InstanceType {
    let made = this.#instances.get(component);
    if (made === undefined) {
      this.#instances.set(component, made = new InstanceType(component.exports, component.depth + 1));
    }
    return made;
  }

  /** Pairs the types that an import names with the types that are given: their names are used. */
  #pairTypes(
    expected: Entity,
    found: Entity,
    pairs: (readonly [object, object])[],
    offset: number,
    seen = new Set<object>(),
  ): void {
    if (expected.sort === "type" && found.sort === "type") {
      const [left, right] = [expected.type, found.type];
      if (left.kind === "value" && right.kind === "value") pairs.push([left.type, right.type]);
      if (left.kind === "resource" && right.kind === "resource") pairs.push([left.type, right.type]);
    } else if (expected.sort === "instance" && found.sort === "instance" && !seen.has(expected.type)) {
      seen.add(expected.type);
      for (const [name, { entity }] of expected.type.entries()) {
        this.#budget.spend(offset);
        this.#pairTypes(entity, found.type.get(name)!.entity, pairs, offset, seen);
      }
    }
  }

  /** Validates an instance of a core module; gives the types of its exports. */
  coreInstance(expr: CoreInstanceExpr, scope: ValidationScope, offset: number): CoreInstanceType {
    if (expr.kind === "exports") {
      const items = new Map<string, CoreItem>();
      for (const { name, sort, index } of expr.exports) {
        if (sort === "type" || sort === "module" || sort === "instance") {
          invalid(
            "core instance",
            offset,
            "wrong-kind",
            `a core ${sort}`,
            "a core function, table, memory, global or tag",
          );
        }
        if (items.has(name)) {
          invalid("core instance", offset, "duplicate-core-name", `export name \`${name}\` already defined`);
        }
        items.set(name, scope.get(coreItemSorts[sort], index, offset));
      }
      return items;
    }
    const module = scope.get("core module", expr.module, offset);
    const args = new Map<string, CoreInstanceType>();
    for (const { name, instance } of expr.args) {
      if (args.has(name)) invalid("core instance", offset, "duplicate-name", "module instantiation argument", name);
      args.set(name, scope.get("core instance", instance, offset));
    }
    if (module === undefined) return "unknown";
    const equality = new CoreEquality();
    for (const { module: from, name, type } of module.imports) {
      this.#budget.spend(offset);
      if (!args.has(from)) invalid("core instance", offset, "missing-argument", "module instantiation argument", from);
      const arg = args.get(from)!;
      if (arg === "unknown") continue;
      const item = arg.get(name);
      if (item === undefined) {
        const what = `module instantiation argument \`${from}\` does not export an item named \`${name}\``;
        invalid("core instance", offset, "core-signature", what);
      }
      if (item === "unknown") continue;
      const fault = itemFault(item.type, item.space, type, module.space, equality);
      if (fault !== undefined) {
        invalid("core instance", offset, "type-mismatch", ` in argument \`${from}\`, item \`${name}\`: ${fault}`);
      }
    }
    const { space } = module, items = new Map<string, CoreItem>();
    for (const { name, type } of module.exports) items.set(name, { type, space });
    return items;
  }
}
