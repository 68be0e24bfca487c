// Finalization of the draft JS API's resources: `deno task test:gc` runs these with --expose-gc.

import { assert, assertEquals } from "@std/assert";
import { instantiate } from "@windlass/component/js-api";
import { testFile } from "../support/fixtures.ts";

const { gc } = globalThis as unknown as { gc: () => void };
const fixture = (name: string) => Deno.readFileSync(testFile(`js_api/fixtures/${name}.wasm`));

/** Collects until something holds; says whether it did. */
async function until(holds: () => boolean, rounds = 50): Promise<boolean> {
  const pause = () => new Promise((done) => setTimeout(done, 4));
  for (let i = 0; i < rounds && !holds(); i++) {
    await pause();
    gc();
    await pause();
  }
  return holds();
}

Deno.test("create a resource instance: one that nobody holds is dropped when it is finalized", async () => {
  const { api } = (await instantiate(fixture("counter"))).instance.exports;
  (() => {
    for (let i = 0; i < 50; i++) new api.Counter().increment();
  })();
  assert(await until(() => api.drops() === 50));
});

Deno.test("create a resource instance: one that was dropped or given away is not dropped again", async () => {
  const { Thing, drops } = (await instantiate(fixture("things"), { note() {} })).instance.exports;
  (() => {
    new Thing(1)[Symbol.dispose]();
    Thing.takeIt(new Thing(2), 0);
  })();
  assertEquals(drops(), 2);
  await until(() => false, 5);
  assertEquals(drops(), 2);
});

Deno.test("beyond the draft: a resource of a call that failed in its arguments is dropped when it is finalized", async () => {
  const { Thing, takeNamed, drops } = (await instantiate(fixture("things"), { note() {} })).instance.exports;
  const thing = (() => {
    const made = new Thing(1);
    try {
      takeNamed(made, Symbol());
    } catch (error) {
      assert(error instanceof TypeError);
    }
    return made;
  })();
  assert(await until(() => drops() === 1));
  thing[Symbol.dispose]();
  assertEquals(drops(), 1);
});
