// What garbage collection does: `deno task test:gc` runs these with --expose-gc.

import { assert, assertEquals } from "@std/assert";
import { type Instance, instantiateSync, suspending } from "@windlass/component";
import { fixture } from "../support/fixtures.ts";
import { instance } from "../support/wasm.ts";

const { gc } = globalThis as unknown as { gc: () => void };

/** Collects until something holds; says whether it did. */
async function until(holds: () => boolean, rounds = 50): Promise<boolean> {
  const pause = () => new Promise((done) => setTimeout(done, 4));
  // What looks at a WeakRef keeps its target alive for the rest of its job: look and collect in
  // different ones.
  for (let i = 0; i < rounds && !holds(); i++) {
    await pause();
    gc();
    await pause();
  }
  return holds();
}

class File {
  name(): void {}
  size(): void {}
  static open(): void {}
}
const resources = (): Instance =>
  instantiateSync(fixture("resources"), { "test:resources/files": { File, same: () => true, consume: () => 0 } });

Deno.test("a resource that nobody holds any more is dropped by its finalizer", async () => {
  const counters = resources().exports["test:resources/counters"];
  (() => {
    for (let i = 0; i < 100; i++) new counters.Counter(i);
  })();
  assert(await until(() => counters.drops()[0] === 100));
  assertEquals(counters.liveHandles(), 0);
});

Deno.test("a resource that was dropped, given away or is lent is not dropped by its finalizer again", async () => {
  const counters = resources().exports["test:resources/counters"];
  (() => {
    new counters.Counter(1)[Symbol.dispose]();
    counters.dropCounter(new counters.Counter(2));
    new counters.Counter(3); // dropped last, by its finalizer
  })();
  assert(await until(() => counters.drops()[0] === 3));
  assertEquals(counters.drops(), [3, 3]);
  await until(() => false, 5);
  assertEquals(counters.drops()[0], 3);
});

/** A resource whose destructor counts, or traps for 13; `wait` suspends. */
const waiting = `(component
  (import "wait" (func $wait))
  (core func $wait' (canon lower (func $wait)))
  (core module $D (global $drops (mut i32) (i32.const 0))
    (func (export "dtor") (param i32)
      (if (i32.eq (local.get 0) (i32.const 13)) (then unreachable))
      (global.set $drops (i32.add (global.get $drops) (i32.const 1))))
    (func (export "drops") (result i32) (global.get $drops)))
  (core instance $d (instantiate $D))
  (type $R (resource (rep i32) (dtor (func $d "dtor"))))
  (core func $new (canon resource.new $R))
  (core module $M (import "" "new" (func $new (param i32) (result i32))) (import "" "wait" (func $wait))
    (func (export "make") (param i32) (result i32) (call $new (local.get 0)))
    (func (export "wait") (call $wait)))
  (core instance $m (instantiate $M (with "" (instance (export "new" (func $new)) (export "wait" (func $wait'))))))
  (export $R' "r" (type $R))
  (func (export "make") (param "rep" u32) (result (own $R')) (canon lift (core func $m "make")))
  (func (export "wait") (canon lift (core func $m "wait")))
  (func (export "drops") (result u32) (canon lift (core func $d "drops"))))`;

Deno.test("a finalizer's drop waits until a suspended call is over", async () => {
  let release!: () => void;
  const made = await instance(waiting, { wait: suspending(() => new Promise<void>((done) => (release = done))) });
  let collected = false;
  const registry = new FinalizationRegistry(() => (collected = true));
  (() => {
    registry.register(made.exports.make!(1), undefined);
  })();
  const call = made.promising.exports.wait!();
  assert(await until(() => collected));
  await until(() => false, 5);
  release();
  await call;
  assertEquals(made.exports.drops!(), 1);
});

Deno.test("what a destructor throws goes to onError, and locks the instance down", async () => {
  const errors: unknown[] = [];
  const made = instantiateSync(
    (await import("@windlass/component")).compileSync(await (await import("../support/wat.ts")).wat(waiting)),
    { wait: () => {} },
    { onError: (error) => void errors.push(error) },
  );
  (() => void made.exports.make!(13))();
  assert(await until(() => errors.length > 0));
  assertEquals((errors[0] as { code: string }).code, "guest-trap");
  let code: unknown;
  try {
    made.exports.drops!();
  } catch (error) {
    code = (error as { code: string }).code;
  }
  assertEquals(code, "cannot-enter");
});

Deno.test("an instance that nobody holds any more is collected, with all that it had", async () => {
  const refs = (() => {
    const made = resources();
    const counters = made.exports["test:resources/counters"];
    counters.passFile(new File());
    return [new WeakRef(made), new WeakRef(counters.Counter), new WeakRef(new counters.Counter(1))];
  })();
  assert(await until(() => refs.every((ref) => ref.deref() === undefined)));
});
