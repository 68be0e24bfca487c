// The types of a component's module: bindings as members of its world, a class under one name as a
// value and as a type. That TypeScript takes them: `deno task test:esm`.

import { assert, assertEquals } from "@std/assert";
import { moduleTypes } from "../../../host/esm/module_types.ts";
import { fixture } from "../../support/fixtures.ts";
import { component } from "../../support/wasm.ts";

/** What stands behind the world. */
function afterWorld(text: string): string {
  return text.slice(text.indexOf("\n}\n\n", text.indexOf("export interface")) + 4);
}

Deno.test("bindings have the types of the world's members", () => {
  const text = moduleTypes(fixture("greet"), "instance", "Greet");
  assert(text.includes("export interface Greet {"));
  assertEquals(
    afterWorld(text),
    `declare const export0: Greet["exports"]["version"];
declare const export1: Greet["exports"]["demo:greet/api@1.0.0"];
export {
  export0 as version,
  export1 as "demo:greet/api@1.0.0",
  export1 as api,
};
`,
  );
  const promising = moduleTypes(fixture("greet"), "promising");
  assert(promising.startsWith('import type { Promising } from "@windlass/component";\n'));
  assert(promising.includes('declare const export0: Promising<World["exports"]>["version"];'));
});

Deno.test("a class is a value and a type, and its key is the world's", async () => {
  const made = await component(`(component
    (import "HTTP-node" (type $n (sub resource))) (import "f" (func $f))
    (type $r' (resource (rep i32))) (export "HTTP-counter" (type $r')) (export "delete" (func $f)))`);
  assertEquals(
    afterWorld(moduleTypes(made)),
    `export declare const HTTPCounter: World["exports"]["HttpCounter"];
export type HTTPCounter = InstanceType<World["exports"]["HttpCounter"]>;
declare const export1: World["exports"]["delete"];
export {
  export1 as delete,
};
`,
  );
});

Deno.test("handlers and sources have a default export only, a component without exports has none", async () => {
  assert(moduleTypes(fixture("greet"), "handler").endsWith("export default handler;\n"));
  assert(moduleTypes(fixture("greet"), "source").endsWith("export default component;\n"));
  assert(moduleTypes(await component("(component)")).endsWith("\nexport {};\n"));
});
