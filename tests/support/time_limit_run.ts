// A program of its own for tests/e2e/time_limit_test.ts: in Deno 2.9.6 the thread of a terminated
// worker spins on until the process ends.

import { callWithin } from "../../examples/time_limit.ts";
import { wat } from "./wat.ts";

const looping = await wat(`(component
  (core module $M
    (func (export "forever") (loop $again (br $again)))
    (func (export "once") (result i32) (i32.const 7))
    (func (export "trap") unreachable))
  (core instance $m (instantiate $M))
  (func (export "forever") (canon lift (core func $m "forever")))
  (func (export "once") (result u32) (canon lift (core func $m "once")))
  (func (export "trap") (canon lift (core func $m "trap"))))`);

const outcomes = [];
for (const [name, ms] of [["once", 20_000], ["trap", 20_000], ["forever", 300]] as const) {
  outcomes.push(await callWithin(looping, { path: "", name, args: [] }, ms).catch((error) => `${error}`));
}
console.log(JSON.stringify(outcomes));
Deno.exit(0);
