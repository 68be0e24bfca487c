// `create resource class shells`, `link resource classes` and `create the exports object`: what a
// component exports, as objects, functions and classes of JavaScript.
// A component's shape and plan enter; classes leave before it is instantiated, the object afterwards.
// Draft: JS-Reference.md "Guest resource classes", "Create the exports object". Beyond it, value types
// are left out; and a component with interface names exports an imported resource as the value that
// the import gave.

import { resourceSlotOf } from "../../abi/types/resource_slots.ts";
import type { ResourceType } from "../../abi/types/types.ts";
import type { NamedPlanItem, Plan } from "../../core/plan/plan_types.ts";
import type { Running } from "../../core/run/instantiate.ts";
import type { Entity } from "../../core/validate/validated_types.ts";
import { type ComponentFunction, componentFunction, invoker } from "./component_functions.ts";
import { componentOf } from "./component.ts";
import type { ResourceConversion } from "./crossing.ts";
import type { HostType } from "./host_types.ts";
import { defineProperty, setPrototypeOf } from "./intrinsics.ts";
import { ResourceClass } from "./resource_classes.ts";
import { type Declaration, Shape, variableOf, variablesOf } from "./shape.ts";

/** What the exports of one instance are made from. */
export interface ExportsSource {
  readonly shape: Shape;
  readonly plan: Plan;
  readonly hostTypes: ReadonlyMap<ResourceType, HostType>;
  readonly resources: (ResourceConversion | undefined)[];
}

type PlanExports = ReadonlyMap<string, NamedPlanItem>;

/** One scope of exports: declarations, and the plan's items of the same names. */
interface Scope {
  readonly declarations: readonly Declaration[];
  readonly items: PlanExports;
  readonly path: readonly string[];
}

function rootScope({ shape, plan }: ExportsSource): Scope {
  return { declarations: shape.exports, items: plan.exports, path: [] };
}

function innerScope({ shape }: ExportsSource, { items, path }: Scope, { name, entity }: Declaration): Scope {
  const { instance } = items.get(name)!.item as NamedPlanItem["item"] & { sort: "instance" };
  const { type } = entity as Entity & { sort: "instance" };
  return { declarations: shape.scopeOf(type), items: instance.exports, path: [...path, name] };
}

/** The functions of a scope whose names are tagged with a resource that is an abstract type. */
function* taggedOf({ declarations }: Scope, variable: ResourceType): Iterable<Declaration> {
  const variables = variablesOf(declarations);
  for (const declaration of declarations) {
    const { plain } = declaration;
    if (plain.kind !== "label" && variables.get(plain.resource) === variable) yield declaration;
  }
}

/** `create resource class shells`. */
export function createClassShells(source: ExportsSource): void {
  const { shape: { conversions, type, hasInterfaceNames }, plan, resources } = source;
  const counted = Shape.counter();
  const visit = (scope: Scope): void => {
    counted(scope.declarations.length);
    for (const declaration of scope.declarations) {
      if (declaration.entity.sort === "instance") visit(innerScope(source, scope, declaration));
      const variable = variableOf(declaration);
      if (variable === undefined) continue;
      if (type.imported.has(variable)) {
        if (hasInterfaceNames) continue;
        const name = [...scope.path, declaration.name].join("#");
        throw new TypeError(`Cannot instantiate component: it exports the imported resource \`${name}\` as it is`);
      }
      const number = conversions.number(variable);
      if (resources[number] !== undefined) continue;
      const constructor = [...taggedOf(scope, variable)].find(({ plain }) => plain.kind === "constructor");
      const { entity } = constructor ?? {};
      const arity = entity?.sort === "func" ? entity.type.params.length : 0;
      const { item } = scope.items.get(declaration.name)!;
      const slot = item.sort === "type" && item.type.kind === "resource" ? resourceSlotOf(item.type.type) : -1;
      resources[number] = new ResourceClass(declaration.key, arity, plan.resources[slot]?.leaf !== undefined);
    }
  };
  visit(rootScope(source));
}

/** Makes the exports of a running instance. */
class ExportsMaker {
  readonly #source: ExportsSource;
  readonly #running: Running;

  constructor(source: ExportsSource, running: Running) {
    this.#source = source;
    this.#running = running;
  }

  #function({ items, path }: Scope, { name, entity, plain: { kind } }: Declaration): ComponentFunction {
    const { func } = items.get(name)!.item as NamedPlanItem["item"] & { sort: "func" };
    const { shape: { conversions }, resources } = this.#source, display = `export ${[...path, name].join("#")}`;
    return {
      type: (entity as Entity & { sort: "func" }).type,
      kind,
      path: display,
      make: () => this.#running.func(func, display, { throws: false, method: false }),
      conversions,
      resources,
    };
  }

  /** `link resource classes`. */
  link(scope: Scope): void {
    for (const declaration of scope.declarations) {
      if (declaration.entity.sort === "instance") this.link(innerScope(this.#source, scope, declaration));
      const variable = variableOf(declaration), made = variable && this.#class(variable);
      if (made === undefined || made.isLinked) continue;
      made.isLinked = true;
      for (const tagged of taggedOf(scope, variable!)) {
        const func = this.#function(scope, tagged), { key, plain: { kind } } = tagged;
        if (kind === "constructor") {
          // What the component made is not converted: the class does that, for `new.target`.
          const invoke = invoker(func, (value) => value);
          made.constructorFunc = (args) => invoke(undefined, args);
          continue;
        }
        const target = kind === "method" ? made.prototype : made.constructorObject;
        const value = componentFunction(func, key);
        defineProperty(target, key, { value, writable: true, enumerable: false, configurable: true });
      }
    }
  }

  #class(variable: ResourceType): ResourceClass | undefined {
    const { shape, resources } = this.#source, found = resources[shape.conversions.number(variable)];
    return found instanceof ResourceClass ? found : undefined;
  }

  /** `create the exports object`. */
  object(scope: Scope): object {
    const object = setPrototypeOf({}, null) as Record<string, unknown>;
    for (const declaration of scope.declarations) {
      const { plain, key, entity } = declaration;
      // A value type has no value of its own.
      const isLeftOut = entity.sort === "type" && variableOf(declaration) === undefined;
      if (plain.kind !== "label" || isLeftOut) continue;
      const value = this.#value(scope, declaration);
      defineProperty(object, key, { value, writable: true, enumerable: true, configurable: true });
    }
    return object;
  }

  #value(scope: Scope, declaration: Declaration): unknown {
    const { name, key, entity } = declaration, { item } = scope.items.get(name)!;
    const { shape: { conversions }, resources, hostTypes } = this.#source;
    switch (entity.sort) {
      case "core module":
        return this.#running.module((item as NamedPlanItem["item"] & { sort: "core module" }).module);
      case "type": {
        const variable = variableOf(declaration)!;
        return this.#class(variable)?.constructorObject ?? hostTypes.get(variable)?.value;
      }
      case "func":
        return componentFunction(this.#function(scope, declaration), key);
      case "value": {
        const { value } = (item as NamedPlanItem["item"] & { sort: "value" }).value;
        const given = this.#running.value(value), toJs = conversions.toJs(entity.type);
        return toJs === undefined ? given : toJs(given, { resources, lent: [] });
      }
      case "instance":
        return this.object(innerScope(this.#source, scope, declaration));
      case "component":
        return componentOf(
          this.#running.component((item as NamedPlanItem["item"] & { sort: "component" }).component),
        );
    }
  }
}

/** Gives the classes their members, and makes the object. */
export function createExports(source: ExportsSource, running: Running): object {
  const maker = new ExportsMaker(source, running), scope = rootScope(source);
  maker.link(scope);
  return maker.object(scope);
}
