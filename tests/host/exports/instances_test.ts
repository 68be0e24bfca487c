// What is one instance's own, on a component that was linked once: data, limits, hooks, signals,
// what is reported.

import { assert, assertEquals } from "@std/assert";
import { HostFunc, type Instance, type Limits, Linker, suspending, t } from "@windlass/component";
import { component, thrown } from "../../support/wasm.ts";

const asks = await component(`(component
  (import "demo:a/who@1.0.0" (instance $who (export "am-i" (func (param "n" u32) (result u32)))))
  (alias export $who "am-i" (func $f))
  (core func $f' (canon lower (func $f)))
  (func (export "ask") (param "n" u32) (result u32) (canon lift (core func $f'))))`);

Deno.test("a thousand instances of one linked component see only their own data, hooks and names", () => {
  const linker = new Linker<{ id: number }>();
  linker.instance("demo:a/who@1.0.0").func(
    "am-i",
    HostFunc.typed(t.func([t.u32], t.u32), (caller, n) => {
      assertEquals([caller.import, caller.func], ["demo:a/who@1.0.0", "am-i"]);
      return caller.data.id * 1000 + n;
    }, { caller: true }),
  );
  const linked = linker.link(asks);
  const hooked: number[] = [];
  const instances = Array.from({ length: 1000 }, (_, id) =>
    linked.instantiateSync({
      data: { id },
      ...(id % 100 === 0 ? { hooks: { callingHost: () => void hooked.push(id) } } : {}),
    }));
  const order = instances.map((_, i) => (i * 617) % 1000);
  for (const i of order) assertEquals(instances[i]!.exports.ask!(i % 7), i * 1000 + i % 7);
  assertEquals(hooked, order.filter((i) => i % 100 === 0));
});

Deno.test("a trap, an abort and a disposal each end one instance alone", () => {
  const linked = new Linker().define({
    "demo:a/who@1.0.0": { amI: (n: number) => n === 13 ? -1 : n },
  }).link(asks);
  const controller = new AbortController();
  const [trapped, aborted, disposed, other] = [
    linked.instantiateSync(),
    linked.instantiateSync({ signal: controller.signal }),
    linked.instantiateSync(),
    linked.instantiateSync(),
  ] as [Instance, Instance, Instance, Instance];
  thrown(() => trapped.exports.ask!(13));
  controller.abort();
  disposed[Symbol.dispose]();
  const errors = [trapped, aborted, disposed].map(({ exports }) => thrown(() => exports.ask!(1)));
  assertEquals(errors.map(({ code }) => code), ["cannot-enter", "cannot-enter", "dead-resource"]);
  assertEquals(errors.map(({ message }) => message), [
    "Cannot call export ask: cannot enter component instance, which an earlier exception locked down",
    "Cannot call export ask: cannot enter component instance, which an abort locked down",
    "Cannot call export ask: the instance was disposed",
  ]);
  assertEquals(other.exports.ask!(1), 1);
});

/** A chain of `depth` instances, each calling the next; the last calls the host. */
const chain = (depth: number) =>
  component(`(component
  (import "go" (func $f0 (result u32)))
  (component $Link
    (import "f" (func $f (result u32)))
    (core func $f' (canon lower (func $f)))
    (core module $M (import "" "f" (func $f (result i32))) (func (export "f") (result i32) (i32.add (i32.const 1) (call $f))))
    (core instance $m (instantiate $M (with "" (instance (export "f" (func $f'))))))
    (func (export "f") (result u32) (canon lift (core func $m "f"))))
  (instance $i1 (instantiate $Link (with "f" (func $f0))))
  ${
    Array.from(
      { length: depth - 1 },
      (_, i) => `(instance $i${i + 2} (instantiate $Link (with "f" (func $i${i + 1} "f"))))`,
    )
      .join("\n")
  }
  (export "f" (func $i${depth} "f")))`);

Deno.test("callDepth bounds calls from instance to instance, and is whole again after each call", async () => {
  const linked = new Linker().func("go", () => 0).link(await chain(6));
  for (const callDepth of [5, 6, undefined]) {
    const limits: Limits = callDepth === undefined ? {} : { callDepth };
    const { exports } = linked.instantiateSync({ limits });
    for (let i = 0; i < 3; i++) assertEquals(exports.f!(), 6);
  }
  const { exports } = linked.instantiateSync({ limits: { callDepth: 4 } });
  const error = thrown(() => exports.f!());
  assertEquals(error.code, "call-depth-limit");
  assertEquals(
    error.message,
    "Cannot call function f of another component: more than 4 nested calls: limit `callDepth`",
  );
  assertEquals(thrown(() => exports.f!()).code, "cannot-enter");
});

Deno.test("a failure below comes out of the chain as it is, and the depth does not matter any more", async () => {
  const own = new Error("the host's own");
  const linked = new Linker().func("go", () => {
    throw own;
  }).link(await chain(3));
  const made = linked.instantiateSync();
  let caught: unknown;
  try {
    made.exports.f!();
  } catch (error) {
    caught = error;
  }
  assert(caught === own);
});

Deno.test("every limit is checked when it is set", () => {
  const linked = new Linker().trapUnknown().link(asks);
  for (const name of ["liftedBytes", "handles", "callDepth"]) {
    for (const value of [-1, 1.5, NaN, "5", Infinity]) {
      const error = thrown(() => linked.instantiateSync({ limits: { [name]: value } as Limits }));
      assertEquals(error.name, "RangeError", `${name} ${value}`);
      assert(error.message.includes(name));
    }
  }
});

Deno.test("disposing asynchronously is the same; using is at an end with the block", async () => {
  const linked = new Linker().define({ "demo:a/who@1.0.0": { amI: suspending((n: number) => n) } }).link(asks);
  let kept: Instance;
  {
    await using made = await linked.instantiate();
    kept = made;
    assertEquals(await made.promising.exports.ask!(3), 3);
  }
  assertEquals(thrown(() => kept.exports.ask!(1)).message, "Cannot call export ask: the instance was disposed");
});
