// Whatever a guest can make many of has a limit, since it lies in the host's memory.

import { assertEquals } from "@std/assert";
import { instantiateSync } from "@windlass/component";
import { asyncGuest, lifts } from "../../support/async_guest.ts";
import { thrown } from "../../support/wasm.ts";

const work = () => new Promise<number>(() => {});
const limits = { handles: 5 };

for (
  const [what, make] of Object.entries({
    "the ends of streams": "(drop (call $bytes-new))",
    "the ends of futures": "(drop (call $value-new))",
    "waitable sets": "(drop (call $set-new))",
    "subtasks": "(drop (call $work (i32.const 0)))",
    "error contexts": "(drop (call $error-new (i32.const 0) (i32.const 0)))",
  })
) {
  Deno.test(`${what} count as handles`, async () => {
    const component = await asyncGuest(`(func (export "f") (loop ${make} (br 0)))`, lifts.sync);
    const { exports } = instantiateSync(component, { work }, { limits });
    const error = thrown(() => exports.f!());
    assertEquals(error.message, "Cannot call export f: handle table is full: limit of 5 handles");
  });
}

Deno.test("there is a limit where none is set", async () => {
  const component = await asyncGuest(`(func (export "f") (loop (drop (call $set-new)) (br 0)))`, lifts.sync);
  const error = thrown(() => instantiateSync(component, { work }).exports.f!());
  assertEquals(
    error.message,
    "Cannot call export f: handle table is full: limit of 1000000 handles to the host's resources and to waitables",
  );
});

Deno.test("threads have the limit of handles, each instance its own", async () => {
  const thread = "(drop (call $thread-new (i32.const 1) (i32.const 0)))";
  const component = await asyncGuest(`(func (export "f") (loop ${thread} (br 0)))`, lifts.sync);
  const { exports } = instantiateSync(component, { work }, { limits });
  const error = thrown(() => exports.f!());
  assertEquals(error.message, "Cannot call export f: handle table is full: limit of 5 handles to threads");
});
