// The text of the `.d.ts` of a component's module: its world, as `typescript()` prints it, and the
// bindings as members of that.

import type { Component } from "../../core/component.ts";
import { type Binding, bindingsOf } from "./bindings.ts";
import { type ModuleExports, quoted } from "./module_text.ts";
import { isBindable } from "./names.ts";

/** Gives the types of a component's module. `worldName` is what the world is called in them. */
export function moduleTypes(component: Component, exports: ModuleExports = "instance", worldName = "World"): string {
  if (exports === "handler") {
    return "declare const handler: { fetch(request: Request): Promise<Response> };\nexport default handler;\n";
  }
  if (exports === "source") {
    const library = 'import type { Component } from "@windlass/component";\n\n';
    return `${library}declare const component: Component;\nexport default component;\n`;
  }
  const isPromising = exports === "promising", world = `${worldName}["exports"]`;
  const bindings = bindingsOf(component.exports), of = isPromising ? `Promising<${world}>` : world;
  const lines = bindings.flatMap((binding, i) => declarations(binding, `export${i}`, of));
  const clause = bindings.flatMap(({ names, isClass }, i) =>
    names.filter((name) => !isClass || !isBindable(name)).map((name) => {
      return `  export${i} as ${/^[A-Za-z_$][\w$]*$/.test(name) ? name : quoted(name)},\n`;
    })
  );
  return [
    ...isPromising ? ['import type { Promising } from "@windlass/component";'] : [],
    component.typescript({ worldName }),
    ...lines,
    clause.length === 0 ? "export {};" : `export {\n${clause.join("")}};`,
    "",
  ].join("\n");
}

/** Where TypeScript looks for the types of a component's file, with `allowArbitraryExtensions`. */
export function typesPath(file: string): string {
  return /\.wasm$/.test(file) ? file.replace(/\.wasm$/, ".d.wasm.ts") : `${file}.d.ts`;
}

/** A class is declared under its own name, which is the name of its objects' type, too. */
function declarations({ key, names, isClass }: Binding, local: string, of: string): string[] {
  const type = `${of}[${quoted(key)}]`, [name = ""] = names;
  if (!isClass || !isBindable(name)) return [`declare const ${local}: ${type};`];
  return [`export declare const ${name}: ${type};`, `export type ${name} = InstanceType<${type}>;`];
}
