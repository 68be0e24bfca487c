// `instantiate a component`: from what was read of an import object to an object of exports.
// A shape and an import object enter. The imports are read at once; what is made of them leaves when
// the instance runs.
// Draft: JS-Reference.md "Instantiation".

import { componentInternals } from "../../core/component.ts";
import type { Plan } from "../../core/plan/plan_types.ts";
import { runAsync, type Running, runSync } from "../../core/run/instantiate.ts";
import type { MakeHostImport } from "../../core/run/running_core.ts";
import { ResourceObject } from "../../abi/resources/guest_resource.ts";
import { prepareRunning } from "../exports/instance.ts";
import type { ResourceConversion } from "./crossing.ts";
import { createClassShells, createExports, type ExportsSource } from "./exports_object.ts";
import { platformError } from "./platform_errors.ts";
import { pathKey, type ReadImports, readImports } from "./read_imports.ts";
import type { Shape } from "./shape.ts";

/** An instance that is ready to run. */
interface Prepared {
  readonly source: ExportsSource;
  readonly running: Running;
}

/** Reads the imports, and makes the classes of what the component exports. */
function prepare(shape: Shape, importsObject: unknown): Prepared {
  const resources: (ResourceConversion | undefined)[] = [];
  const imports = readImports(shape, importsObject, resources);
  const internals = componentInternals(shape.component), { definition, plan: known, fuser, meterer } = internals;
  // Core modules and components that were given are part of the plan.
  const plan = imports.given.length === 0 ? known : definition!.plan(imports.given);
  fuser?.fuse(plan, meterer !== undefined);
  const source = { shape, plan, hostTypes: imports.hostTypes, resources };
  createClassShells(source);
  const hostImports = plan.imports.map((leaf) => hostImport(leaf, imports));
  const linked = { ...internals, plan, hostImports };
  return { source, running: prepareRunning(linked, {}, () => ResourceObject) };
}

/** The values of JavaScript were tested when they were converted. */
const anyValue: MakeHostImport = () => ({ kind: "resource", class: { is: () => true, disposes: false } });

function hostImport({ path, want }: Plan["imports"][number], { definitions }: ReadImports): MakeHostImport {
  if (want.kind === "resource") return anyValue;
  return definitions.get(pathKey(path.map(({ name }) => name))) ?? (() => ({ kind: "none" }));
}

/** Instantiates a component synchronously. Gives its exports. */
export function instantiateNow(shape: Shape, importsObject: unknown): object {
  try {
    const { source, running } = prepare(shape, importsObject);
    runSync(running);
    return createExports(source, running);
  } catch (error) {
    throw platformError(error);
  }
}

/** Instantiates a component. The imports are read before this returns. */
export async function instantiateLater(shape: Shape, importsObject: unknown): Promise<object> {
  try {
    const { source, running } = prepare(shape, importsObject);
    await runAsync(running);
    return createExports(source, running);
  } catch (error) {
    throw platformError(error);
  }
}
