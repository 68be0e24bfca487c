// The texts that are generated for synchronous functions. What asynchronous components need must
// cost a synchronous one nothing: the texts are the same in a component that has asynchronous parts,
// and a digest shows when a change of the generator changes them. TEXTS=1 prints the new digest.

import { assertEquals } from "@std/assert";
import { features, instantiateSync, Linker } from "@windlass/component";
import { fixture } from "../../support/fixtures.ts";
import { callsOf } from "../../support/generated.ts";
import { component } from "../../support/wasm.ts";

/** Of every text that calls of the fixtures' functions are generated from. */
const DIGEST = "26e563cf0f356e28cbc4e4eed1b7f574";

/** Reads every function of an object of exports, so that it is made. */
function readAll(members: object): void {
  for (const member of Object.values(members)) {
    if (typeof member === "object" && member !== null) readAll(member);
  }
}

Deno.test({
  name: "texts of synchronous functions are what they were",
  ignore: !features.codegen,
  async fn() {
    const texts = callsOf(() => {
      for (const name of ["values", "resources", "greet"] as const) {
        readAll(new Linker().trapUnknown().link(fixture(name)).instantiateSync().exports);
      }
    });
    const bytes = new TextEncoder().encode(texts.sort().join("\n\n"));
    const digest = [...new Uint8Array(await crypto.subtle.digest("SHA-256", bytes))];
    const text = digest.map((byte) => byte.toString(16).padStart(2, "0")).join("").slice(0, 32);
    assertEquals(text, DIGEST);
  },
});

const plain = (more: string) =>
  component(`(component
    (core module $M (memory (export "memory") 1)
      (func (export "f") (param i32 i32) (result i32) (local.get 0))
      (func (export "realloc") (param i32 i32 i32 i32) (result i32) (i32.const 64)))
    (core instance $m (instantiate $M))
    (func (export "f") (param "text" string) (result u32)
      (canon lift (core func $m "f") (memory (core memory $m "memory")) (realloc (core func $m "realloc"))))
    ${more})`);

Deno.test({
  name: "a component with asynchronous parts has the same texts for its synchronous functions",
  ignore: !features.codegen,
  async fn() {
    const [sync, async] = [
      await plain(""),
      await plain(`(core func $wait (canon waitable-set.new))
      (core module $N (import "" "new" (func (result i32))))
      (core instance (instantiate $N (with "" (instance (export "new" (func $wait))))))`),
    ];
    const texts = [sync, async].map((each) => callsOf(() => void instantiateSync(each).exports.f));
    assertEquals(texts[1], texts[0]);
  },
});
