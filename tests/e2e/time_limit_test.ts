// The example that README shows for guests that may never end.

import "../support/leaks.ts";
import { assertEquals, assertRejects } from "@std/assert";
import { callWithin } from "../../examples/time_limit.ts";
import { wat } from "../support/wat.ts";

const looping = await wat(`(component
  (core module $M
    (func (export "forever") (loop $again (br $again)))
    (func (export "once") (result i32) (i32.const 7))
    (func (export "trap") unreachable))
  (core instance $m (instantiate $M))
  (func (export "forever") (canon lift (core func $m "forever")))
  (func (export "once") (result u32) (canon lift (core func $m "once")))
  (func (export "trap") (canon lift (core func $m "trap"))))`);
const call = (name: string, ms: number) => callWithin(looping, { path: "", name, args: [] }, ms);

Deno.test("a guest in a worker that does not end is terminated; one that ends gives its value or its error", async () => {
  assertEquals(await call("once", 20_000), 7);
  await assertRejects(() => call("trap", 20_000), Error, "Cannot call export trap: unreachable");
  await assertRejects(() => call("forever", 300), Error, "the guest did not end within 300 ms");
});
