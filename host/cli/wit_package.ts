// WIT packages in binary, as `wasm-tools component wit --wasm` and registries have them: components
// that export nothing but types of components, one for each world.
// A component enters; the worlds that it is about, or the types of one, leave.

import { type Component, componentInternals } from "../../core/component.ts";
import { Reflection } from "../../core/reflect.ts";
import type { ComponentType } from "../../core/validate/validated_types.ts";
import { Failure, UsageError } from "./arguments.ts";

/** A world of a package. */
interface PackageWorld {
  /** Its full name: `demo:greet/greeter@1.0.0`. */
  readonly name: string;
  readonly type: ComponentType;
}

/** The worlds of a package. `undefined` for a component that is no package. */
function worldsOf(component: Component): Map<string, PackageWorld> | undefined {
  const { definition } = componentInternals(component), worlds = new Map();
  if (definition === undefined) return undefined;
  const { exports, imports } = definition.type();
  if (imports.size > 0 || exports.size === 0) return undefined;
  for (const [label, { entity }] of exports) {
    if (entity.sort !== "type" || entity.type.kind !== "component") return undefined;
    for (const [name, { entity: inner }] of entity.type.type.exports) {
      if (inner.sort === "component") worlds.set(label, { name, type: inner.type });
    }
  }
  return worlds;
}

/**
 * The types of a world of a package. `undefined` if the component is no package.
 *
 * @param wanted The world's name, which may be left out where there is one.
 */
export function packageWorld(component: Component, wanted: string | undefined, typeName: string): string | undefined {
  const worlds = worldsOf(component);
  if (worlds === undefined) return undefined;
  if (worlds.size === 0) throw new Failure("the package has interfaces, but no world: write one that uses them");
  const names = [...worlds.keys()].join(", ");
  const found = wanted === undefined
    ? worlds.size === 1 ? [...worlds.values()][0] : undefined
    : worlds.get(wanted) ?? [...worlds.values()].find(({ name }) => name === wanted);
  if (found === undefined) {
    throw new UsageError(
      wanted === undefined
        ? `which world of ${names}? --wit-world NAME chooses one`
        : `no world ${wanted}: there is ${names}`,
    );
  }
  const { printers, reflect } = componentInternals(component), reflection = new Reflection();
  const { imports, exports } = found.type;
  return printers.typescript(reflection.items(imports), reflection.items(exports), typeName, {
    section: reflect().docs,
    world: found.name,
  });
}
