// Guests that compute in slices, and are disposed of in the middle: nothing of them is kept.
// `deno task test:gc` runs this with --expose-gc.

import { assert, assertEquals, assertRejects } from "@std/assert";
import { compileSync, instantiateSync } from "@windlass/component";
import { wat } from "../support/wat.ts";

const { gc } = globalThis as unknown as { gc: () => void };
const later = (ms: number): Promise<void> => new Promise((done) => setTimeout(done, ms));

/** A function that loops for ever, plain or as a task. */
const forever = (style: string, type: string): string =>
  `(component
  (import "host" (func $host)) (core func $host' (canon lower (func $host)))
  (core module $M (import "" "host" (func $host)) (func (export "f") (call $host) (loop $l (br $l))))
  (core instance $m (instantiate $M (with "" (instance (export "host" (func $host'))))))
  (func (export "f") ${type} (canon lift (core func $m "f") ${style})))`;

for (const [what, style, type] of [["a call", "", ""], ["a task", "async", "async"]] as const) {
  Deno.test(`${what} that is disposed of in a slice leaves nothing`, async () => {
    const gates = { "async-stackful": true };
    const component = compileSync(await wat(forever(style, type)), { metering: true, gates });
    // The host's function is referred to by the guest's instance only, and by its stack.
    const kept: WeakRef<() => void>[] = [];
    const begin = (): { dispose: () => void; ended: Promise<unknown> } => {
      const host = (): void => {};
      kept.push(new WeakRef(host));
      const instance = instantiateSync(component, { host }, { limits: { slice: 1 } });
      return {
        dispose: () => instance[Symbol.dispose](),
        ended: assertRejects(() => instance.promising.exports.f(), TypeError, "the instance was disposed"),
      };
    };
    await (async () => {
      const guests = Array.from({ length: 10 }, begin);
      await later(20);
      for (const { dispose } of guests) dispose();
      await Promise.all(guests.map(({ ended }) => ended));
    })();
    assertEquals(kept.length, 10);
    const left = (): number => kept.filter((host) => host.deref() !== undefined).length;
    // What ran last may be in a register. And what was looked at is kept up to the end of the turn.
    for (let i = 0; i < 50 && left() > 1; i++) {
      await later(4);
      gc();
      await later(4);
    }
    assert(left() <= 1, `${left()} are left`);
  });
}
