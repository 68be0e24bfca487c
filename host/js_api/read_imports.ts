// `read the imports`: an import object is read once, in the order in which a component declares its
// imports, and each value is checked by its sort.
// A component's shape and an object enter; what the component's plan takes for its imports leaves.
// Draft: JS-Reference.md "Read the imports object". Beyond it, interfaces are found by their names, or
// by a name with a compatible version or without one, as in the library's own API; and a type that is
// not found under its PascalCase name is looked for under its camelCase one, as the explainer has it.

import type { ResourceType } from "../../abi/types/types.ts";
import { isInterfaceName, NameIndex, splitVersion } from "../../core/binary/names.ts";
import type { MakeHostImport } from "../../core/run/running_core.ts";
import type { Given } from "../../core/plan/plan.ts";
import { namesOf } from "../link/definitions.ts";
import { givenComponent, givenModule } from "../link/given.ts";
import { componentIn } from "./component.ts";
import type { Crossing, ResourceConversion } from "./crossing.ts";
import { readFunction } from "./function_imports.ts";
import { HostType } from "./host_types.ts";
import { isObject } from "./intrinsics.ts";
import { camelName } from "./names.ts";
import { conversionError, platformError } from "./platform_errors.ts";
import { refuse } from "./refuse.ts";
import { type Declaration, Shape, variableOf } from "./shape.ts";

/** What was read for a component's imports, by their paths. */
export interface ReadImports {
  readonly definitions: ReadonlyMap<string, MakeHostImport>;
  /** Core modules and components, in the order of their imports. */
  readonly given: readonly Given[];
  /** What the imports of resource types gave. */
  readonly hostTypes: ReadonlyMap<ResourceType, HostType>;
}

/** The key of an import's path. No name has a line break. */
export function pathKey(names: readonly string[]): string {
  return names.join("\n");
}

/** Reads the imports of one instance. `resources` gets the host resource types. */
class Reader {
  readonly definitions: Map<string, MakeHostImport> = new Map();
  readonly given: Given[] = [];
  readonly hostTypes: Map<ResourceType, HostType> = new Map();
  readonly #shape: Shape;
  readonly #crossing: Crossing;
  readonly #resources: (ResourceConversion | undefined)[];
  readonly #counted = Shape.counter();

  constructor(shape: Shape, resources: (ResourceConversion | undefined)[]) {
    this.#shape = shape;
    this.#resources = resources;
    this.#crossing = { resources, lent: [] };
  }

  /** `read a scope of imports`. */
  scope(declarations: readonly Declaration[], object: unknown, path: readonly string[]): void {
    this.#counted(declarations.length);
    if (!isObject(object)) refuse("an object of imports", object);
    /** Host resource types by the labels of this scope. */
    const types = new Map<string, HostType>();
    for (const declaration of declarations) {
      const { name, plain, entity } = declaration, at = [...path, name], display = at.join("#");
      if (this.#isLeftOut(declaration)) {
        const known = this.hostTypes.get(variableOf(declaration)!);
        if (known !== undefined) types.set(name, known);
        continue;
      }
      const type = plain.kind === "label" || entity.sort !== "func" ? undefined : types.get(plain.resource);
      const value = type === undefined ? valueOf(object, declaration) : memberOf(type.value, declaration, display);
      try {
        if (entity.sort === "instance") this.scope(this.#shape.scopeOf(entity.type), value, at);
        else if (entity.sort === "type") types.set(name, this.#type(declaration, value));
        else this.#read(declaration, value, type, at, display);
      } catch (error) {
        throw platformError(conversionError(error, "", `import ${display}`, "link"));
      }
    }
  }

  /**
   * Whether a declaration is a type that JavaScript does not give: a value type, or, in a component
   * that the draft does not reach, a resource that another import has given.
   */
  #isLeftOut(declaration: Declaration): boolean {
    if (declaration.entity.sort !== "type") return false;
    return variableOf(declaration) === undefined ||
      this.#shape.hasInterfaceNames && !this.#isAbstract(declaration);
  }

  /** Whether a declaration is `(sub resource)`: the first one of its abstract type. */
  #isAbstract(declaration: Declaration): boolean {
    const variable = variableOf(declaration);
    return variable !== undefined && !this.hostTypes.has(variable);
  }

  /** `read the type import`. */
  #type(declaration: Declaration, value: unknown): HostType {
    if (!this.#isAbstract(declaration)) {
      throw new TypeError(`Cannot link import ${declaration.name}: the type is that of another import`);
    }
    const variable = variableOf(declaration)!, type = HostType.read(declaration.name, value);
    this.hostTypes.set(variable, type);
    this.#resources[this.#shape.conversions.number(variable)] = type;
    return type;
  }

  /** `read an import`, of the sorts that are leaves. */
  #read(
    { entity, plain }: Declaration,
    value: unknown,
    type: HostType | undefined,
    path: readonly string[],
    display: string,
  ): void {
    const { conversions } = this.#shape;
    switch (entity.sort) {
      case "func": {
        const resources = this.#resources, constructorValue = type?.value;
        const given = { type: entity.type, kind: plain.kind, value, constructorValue, display, conversions, resources };
        this.definitions.set(pathKey(path), readFunction(given));
        break;
      }
      case "value": {
        const given = conversions.toComponent(entity.type)(value, this.#crossing);
        this.definitions.set(pathKey(path), () => ({ kind: "value", given }));
        break;
      }
      case "core module":
        if (!isModule(value)) refuse("a WebAssembly.Module", value);
        this.given.push(givenModule(value, entity.type!, display));
        break;
      case "component":
        this.given.push(givenComponent(componentIn(value) ?? refuse("a Component", value), entity, display));
        break;
    }
  }
}

/** Whether a value has a [[Module]] slot. */
function isModule(value: unknown): value is WebAssembly.Module {
  try {
    return isObject(value) && WebAssembly.Module.exports(value as WebAssembly.Module) !== undefined;
  } catch {
    return false;
  }
}

/** `GetV(object, name)`: the value of an import. */
function valueOf(object: object, { name, key, entity }: Declaration): unknown {
  const values = object as Readonly<Record<string, unknown>>, value = values[key];
  if (value !== undefined) return value;
  if (isInterfaceName(name)) {
    const names = new NameIndex(namesOf(object)), { base, version } = splitVersion(name);
    const found = names.match(name) ?? (version === undefined ? undefined : base);
    return found === undefined || found === name ? undefined : values[found];
  }
  return entity.sort === "type" && camelName(name) !== key ? values[camelName(name)] : undefined;
}

/** What a constructor has for a function of its resource. */
function memberOf(constructor: object, { plain, key }: Declaration, display: string): unknown {
  if (plain.kind === "constructor") return constructor;
  if (plain.kind === "static") return (constructor as Readonly<Record<string, unknown>>)[key];
  const { prototype } = constructor as { readonly prototype?: unknown };
  if (!isObject(prototype)) throw new TypeError(`Cannot link import ${display}: the constructor has no prototype`);
  return (prototype as Readonly<Record<string, unknown>>)[key];
}

/** `read the imports`. */
export function readImports(
  shape: Shape,
  object: unknown,
  resources: (ResourceConversion | undefined)[],
): ReadImports {
  const reader = new Reader(shape, resources);
  try {
    if (shape.imports.length > 0) reader.scope(shape.imports, object, []);
  } catch (error) {
    throw platformError(conversionError(error, "", "component", "link"));
  }
  return reader;
}
