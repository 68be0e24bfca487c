// Engines without JSPI: callback guests run complete, and what would have to suspend a stack says
// so. And components that export an asynchronous import again.

import { assert, assertEquals, assertRejects } from "@std/assert";
import { ComponentError, instantiate, Trap, ValueError } from "@windlass/component";
import { jspi } from "../../../abi/state/jspi.ts";
import { component } from "../../support/wasm.ts";
import { guest } from "./guest.ts";
import { chunksOf } from "./small.ts";

const later = <T>(value: T, ms = 0) => new Promise<T>((done) => setTimeout(() => done(value), ms));

// deno-lint-ignore no-explicit-any
async function withoutJspi(delay: unknown): Promise<any> {
  const { has } = jspi;
  jspi.has = false;
  try {
    return (await instantiate(await guest(), { delay } as never)).exports;
  } finally {
    jspi.has = has;
  }
}

Deno.test("behaviour 25: without JSPI callback guests wait, read and write", async () => {
  const exports = await withoutJspi((ms: number) => later(ms, ms));
  assertEquals(await exports.wait(2), 2);
  assertEquals(await Promise.all([exports.wait(3), exports.wait(1)]), [3, 1]);
  assertEquals(await exports.sum([Uint8Array.of(1, 2), Uint8Array.of(3)]), 6);
  const chunks = await chunksOf<Uint8Array>(await exports.produce(100));
  assertEquals(chunks.reduce((sum, chunk) => sum + chunk.length, 0), 100);
  assertEquals(await exports.yield(10), 7);
});

Deno.test("behaviour 25: without JSPI a wait on a stack of its own is refused, and says why", async () => {
  const exports = await withoutJspi((ms: number) => later(ms));
  const { has } = jspi;
  jspi.has = false;
  const error = await exports.waitSync(2).catch((error: unknown) => error);
  jspi.has = has;
  assert(error instanceof Trap && error.code === "cannot-suspend", String(error));
  assert(error.message.includes("import delay") && error.message.includes("no JSPI"), error.message);
  const atOnce = await withoutJspi((ms: number) => ms);
  assertEquals(await atOnce.waitSync(2), 4);
});

const again = await component(`(component
  (import "f" (func $f async (param "n" u32) (result (result string (error u32)))))
  (export "f" (func $f)))`);

Deno.test("an asynchronous import that is exported again checks both ways", async () => {
  // deno-lint-ignore no-explicit-any
  const call = async (f: (n: number) => unknown): Promise<any> => (await instantiate(again, { f } as never)).exports;
  const { f } = await call((n) => later(`${n}`));
  assertEquals(await f(3), "3");
  await assertRejects(() => f("x"), ValueError, "param 1 `n` of export f");
  const wrong = await call(() => later(5));
  await assertRejects(() => wrong.f(1), ValueError, "result");
  const thrown = await call(() => Promise.reject({ payload: 4 }));
  await assertRejects(() => thrown.f(1), ComponentError);
});

const spinner = await component(`(component
  (core func $yield (canon thread.yield))
  (core func $return (canon task.return))
  (core module $M (import "" "yield" (func $yield (result i32))) (import "" "return" (func $return))
    (global $done (mut i32) (i32.const 0))
    (func (export "spin") (result i32)
      (loop $again (drop (call $yield)) (br_if $again (i32.eqz (global.get $done)))) (call $return) (i32.const 0))
    (func (export "cb") (param i32 i32 i32) (result i32) unreachable)
    (func (export "end") (global.set $done (i32.const 1))))
  (core instance $m (instantiate $M (with "" (instance (export "yield" (func $yield)) (export "return" (func $return))))))
  (func (export "spin") async (canon lift (core func $m "spin") async (callback (core func $m "cb"))))
  (func (export "end") (canon lift (core func $m "end"))))`);

Deno.test("without JSPI a task that yields for ever is refused; with it, others can end its wait", async () => {
  const { has } = jspi;
  jspi.has = false;
  try {
    // deno-lint-ignore no-explicit-any
    const { exports } = await instantiate(spinner) as any;
    const error = await exports.spin().catch((error: unknown) => error);
    assert(error instanceof Trap && error.code === "cannot-suspend", String(error));
  } finally {
    jspi.has = has;
  }
  if (!has) return;
  // deno-lint-ignore no-explicit-any
  const { exports } = await instantiate(spinner) as any;
  const spinning = exports.spin();
  await later(0, 5);
  exports.end();
  await spinning;
});
