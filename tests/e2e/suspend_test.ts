// Suspending host functions under synchronous guests: who may wait, who traps, and what is left
// afterwards.

import "../support/leaks.ts";
import { assert, assertEquals, assertRejects } from "@std/assert";
import {
  compileSync,
  ComponentError,
  features,
  HostFunc,
  type Instance,
  instantiateSync,
  Linker,
  LinkError,
  suspending,
  t,
  Trap,
  ValueError,
} from "@windlass/component";
import { suspendingOr } from "../../host/func.ts";
import { withoutFeature } from "../support/engine.ts";
import { component, instance, libc, options, thrown } from "../support/wasm.ts";
import { wat } from "../support/wat.ts";

const later = <T>(value: T, ms = 0) => new Promise<T>((done) => setTimeout(() => done(value), ms));

async function rejected(promise: Promise<unknown>): Promise<Error & { code?: string; payload?: unknown }> {
  try {
    await promise;
  } catch (error) {
    return error as Error;
  }
  throw new Error("expected it to reject");
}

/** A guest that calls `sleep` once, twice, within `catch_all`, or not at all. */
const sleeper = await component(`(component
  (import "sleep" (func $sleep (param "ms" u32) (result u32)))
  (core func $sleep' (canon lower (func $sleep)))
  (core module $M
    (import "" "sleep" (func $sleep (param i32) (result i32)))
    (func (export "once") (param i32) (result i32) (call $sleep (local.get 0)))
    (func (export "twice") (param i32) (result i32) (i32.add (call $sleep (local.get 0)) (call $sleep (local.get 0))))
    (func (export "swallow") (param i32) (result i32)
      (block $caught (return (try_table (result i32) (catch_all $caught) (call $sleep (local.get 0)))))
      (i32.const 99))
    (func (export "never") (param i32) (result i32) (local.get 0)))
  (core instance $m (instantiate $M (with "" (instance (export "sleep" (func $sleep'))))))
  ${
  ["once", "twice", "swallow", "never"].map((name) =>
    `(func (export "${name}") (param "ms" u32) (result u32) (canon lift (core func $m "${name}")))`
  ).join("\n")
})`);
const sleepy = (options = {}) =>
  instantiateSync(sleeper, { sleep: suspending((ms: number) => later(ms + 1)) }, options);

Deno.test("a promising call waits for suspending functions, each time", async () => {
  const { exports, promising } = sleepy();
  assertEquals(await promising.exports.once!(1), 2);
  assertEquals(await promising.exports.twice!(1), 4);
  assertEquals(await promising.exports.never!(7), 7);
  assertEquals(exports.never!(8), 8);
});

Deno.test("a plain call that reaches a suspending function traps, names both, and cannot be swallowed", () => {
  for (const name of ["once", "swallow"]) {
    const { exports } = sleepy();
    const error = thrown(() => exports[name]!(1));
    assert(error instanceof Trap);
    assertEquals(
      error.message,
      `Cannot call import sleep: cannot suspend the plain call of export ${name}; call it through \`instance.promising\``,
    );
    assertEquals(error.code, "cannot-suspend");
    assertEquals(thrown(() => exports.never!(1)).code, "cannot-enter");
  }
});

Deno.test("a suspending function may return a value at once, and is called with the component's types", async () => {
  const { promising } = instantiateSync(sleeper, { sleep: suspending((ms: number) => ms * 2) });
  assertEquals(await promising.exports.twice!(5), 20);
});

Deno.test("what a suspending function rejects with comes out as it is, uncatchable, and locks down", async () => {
  const own = new RangeError("the host's own");
  for (
    const sleep of [() => Promise.reject(own), () =>
      later(0).then(() => {
        throw own;
      }), () => {
      throw own;
    }]
  ) {
    const { exports, promising } = instantiateSync(sleeper, { sleep: suspending(sleep) });
    assert(await rejected(promising.exports.swallow!(1)) === own);
    assertEquals(thrown(() => exports.never!(1)).code, "cannot-enter");
    assertEquals((await rejected(promising.exports.never!(1))).code, "cannot-enter");
  }
});

Deno.test("a resolved value that does not fit is a ValueError with its place", async () => {
  const { promising } = instantiateSync(sleeper, { sleep: suspending(() => later(-1)) });
  const error = await rejected(promising.exports.swallow!(1));
  assert(error instanceof ValueError);
  assertEquals(error.message, "Cannot lower result of import sleep: expected u32, found -1");
});

Deno.test("a promise from a function that was not declared suspending is refused", async () => {
  const { promising } = instantiateSync(sleeper, { sleep: () => later(1) });
  assertEquals((await rejected(promising.exports.once!(1))).code, "promise");
});

Deno.test("calls into an instance that is suspended are refused and do not disturb it", async () => {
  let release!: (value: number) => void;
  const made = instantiateSync(sleeper, { sleep: suspending(() => new Promise<number>((done) => (release = done))) });
  const first = made.promising.exports.once!(1);
  assertEquals(
    thrown(() => made.exports.never!(1)).message,
    "Cannot call export never: cannot enter component instance while the call of export once is under way",
  );
  assertEquals((await rejected(made.promising.exports.once!(1))).code, "cannot-enter");
  release(5);
  assertEquals(await first, 5);
  assertEquals(made.exports.never!(1), 1);
});

Deno.test("many instances wait at the same time", async () => {
  const linked = new Linker<number>().func(
    "sleep",
    HostFunc.typed(t.func([t.u32], t.u32), (caller, ms) => later(ms + caller.data), { suspends: true, caller: true }),
  ).link(sleeper);
  const instances = await Promise.all(Array.from({ length: 50 }, (_, data) => linked.instantiate({ data })));
  const results = await Promise.all(instances.map(({ promising }) => promising.exports.once!(1)));
  assertEquals(results, instances.map((_, i) => i + 1));
});

Deno.test("an abort rejects the suspended call with its reason, locks down, and the guest is never resumed", async () => {
  const controller = new AbortController(), reason = new Error("enough");
  let release!: (value: number) => void, calls = 0;
  const sleep = suspending(() => {
    calls++;
    return new Promise<number>((done) => (release = done));
  });
  const made = instantiateSync(sleeper, { sleep }, { signal: controller.signal });
  const call = made.promising.exports.twice!(1);
  controller.abort(reason);
  assert(await rejected(call) === reason);
  release(1);
  await later(0);
  assertEquals(calls, 1);
  assertEquals(thrown(() => made.exports.never!(1)).code, "cannot-enter");
});

const boxed = `(component
  (import "go" (func $go (param "s" string) (result (result string (error u32)))))
  ${libc()}
  (core func $go' (canon lower (func $go) ${options}))
  (core module $M (import "" "go" (func $go (param i32 i32 i32)))
    (func (export "f") (param i32 i32) (result i32) (call $go (local.get 0) (local.get 1) (i32.const 16)) (i32.const 16)))
  (core instance $m (instantiate $M (with "" (instance (export "go" (func $go'))))))
  (func (export "f") (param "s" string) (result (result string (error u32)))
    (canon lift (core func $m "f") ${options})))`;

Deno.test("strings and results travel through a suspension, by value and by exception", async () => {
  const go = suspending(async (text: string) => {
    await later(0);
    if (text === "bad") throw { payload: 7 };
    return text.toUpperCase();
  });
  const made = await instance(boxed, { go });
  assertEquals(await made.promising.exports.f!("abc"), "ABC");
  const error = await rejected(made.promising.exports.f!("bad"));
  assert(error instanceof ComponentError);
  assertEquals(error.payload, 7);
  const f = made.func("f", t.func([t.string], t.result(t.string, t.u32)), { promising: true, throws: false });
  assertEquals({ ...await f("bad") }, { tag: "err", val: 7, "~result": true });
  assertEquals({ ...await f("x") }, { tag: "ok", val: "X", "~result": true });
});

/**
 * A chain of sub-components `depth` long, each calling the one before; the innermost calls the
 * import through a table, as shims do.
 */
const chain = (depth: number) =>
  `(component
  (import "sleep" (func $sleep (param "ms" u32) (result u32)))
  (component $Inner
    (import "sleep" (func $sleep (param "ms" u32) (result u32)))
    (core module $Shim (type $t (func (param i32) (result i32))) (table (export "t") 1 1 funcref)
      (func (export "sleep") (param i32) (result i32) (call_indirect (type $t) (local.get 0) (i32.const 0))))
    (core instance $shim (instantiate $Shim))
    (core module $Main (import "" "sleep" (func $sleep (param i32) (result i32)))
      (func (export "f") (param i32) (result i32) (i32.add (i32.const 1) (call $sleep (local.get 0)))))
    (core instance $main (instantiate $Main (with "" (instance $shim))))
    (core func $sleep' (canon lower (func $sleep)))
    (core module $Fixup (import "" "t" (table 1 1 funcref)) (import "" "sleep" (func $sleep (param i32) (result i32)))
      (elem (i32.const 0) func $sleep))
    (core instance (instantiate $Fixup (with "" (instance (export "t" (table $shim "t")) (export "sleep" (func $sleep'))))))
    (func (export "f") (param "ms" u32) (result u32) (canon lift (core func $main "f"))))
  (component $Outer
    (import "f" (func $f (param "ms" u32) (result u32)))
    (core func $f' (canon lower (func $f)))
    (core module $M (import "" "f" (func $f (param i32) (result i32)))
      (func (export "f") (param i32) (result i32) (i32.add (i32.const 1) (call $f (local.get 0))))
      (func (export "pure") (param i32) (result i32) (local.get 0)))
    (core instance $m (instantiate $M (with "" (instance (export "f" (func $f'))))))
    (func (export "f") (param "ms" u32) (result u32) (canon lift (core func $m "f")))
    (func (export "pure") (param "ms" u32) (result u32) (canon lift (core func $m "pure"))))
  (instance $i0 (instantiate $Inner (with "sleep" (func $sleep))))
  ${
    Array.from({ length: depth }, (_, i) => `(instance $i${i + 1} (instantiate $Outer (with "f" (func $i${i} "f"))))`)
      .join("\n")
  }
  (export "f" (func $i${depth} "f"))
  (export "pure" (func $i${depth} "pure")))`;

Deno.test("adapters between guests suspend with what they call, through tables too", async () => {
  for (const depth of [1, 5]) {
    const made = await instance(chain(depth), { sleep: suspending((ms: number) => later(ms)) });
    assertEquals(await made.promising.exports.f!(10), 11 + depth);
    assertEquals(made.exports.pure!(3), 3);
    assertEquals(await made.promising.exports.pure!(3), 3);
    assertEquals(
      thrown(() => made.exports.f!(1)).message,
      "Cannot call import sleep: cannot suspend the plain call of export f; call it through `instance.promising`",
    );
  }
});

Deno.test("an adapter whose callee fails while suspended lets nobody catch it", async () => {
  const own = new Error("the host's own");
  const made = await instance(chain(2), {
    sleep: suspending(() =>
      later(0).then(() => {
        throw own;
      })
    ),
  });
  assert(await rejected(made.promising.exports.f!(1)) === own);
  assertEquals(thrown(() => made.exports.pure!(1)).code, "cannot-enter");
});

Deno.test("realloc, post-return, destructors and start functions that reach a suspending import trap and name it", async () => {
  const calling = (where: "realloc" | "post" | "dtor" | "start") =>
    `(component
    (import "go" (func $go))
    (core func $go' (canon lower (func $go)))
    (core module $M (import "" "go" (func $go)) (memory (export "memory") 1)
      (func (export "realloc") (param i32 i32 i32 i32) (result i32) ${
      where === "realloc" ? "(call $go)" : ""
    } (i32.const 1024))
      (func (export "post") ${where === "post" ? "(call $go)" : ""})
      (func (export "dtor") (param i32) ${where === "dtor" ? "(call $go)" : ""})
      (func (export "take") (param i32 i32))
      (func (export "plain"))
      (func $start ${where === "start" ? "(call $go)" : ""})
      (start $start))
    (core instance $m (instantiate $M (with "" (instance (export "go" (func $go'))))))
    (type $R (resource (rep i32) (dtor (func $m "dtor"))))
    (core func $new (canon resource.new $R))
    (core func $drop (canon resource.drop $R))
    (core module $N (import "" "new" (func $new (param i32) (result i32))) (import "" "drop" (func $drop (param i32)))
      (func (export "churn") (call $drop (call $new (i32.const 1)))))
    (core instance $n (instantiate $N (with "" (instance (export "new" (func $new)) (export "drop" (func $drop))))))
    (func (export "take") (param "s" string)
      (canon lift (core func $m "take") (memory (core memory $m "memory")) (realloc (core func $m "realloc"))))
    (func (export "post") (canon lift (core func $m "plain") (post-return (core func $m "post"))))
    (func (export "churn") (canon lift (core func $n "churn"))))`;
  const go = suspending(() => later(undefined));
  const cases = [
    ["realloc", "take", ["x"], "cannot leave component instance"],
    ["post", "post", [], "cannot leave component instance"],
    ["dtor", "churn", [], "cannot suspend a destructor"],
  ] as const;
  for (const [where, name, args, phrase] of cases) {
    const made = await instance(calling(where), { go });
    const error = await rejected(made.promising.exports[name]!(...args));
    assert(error instanceof Trap, `${error}`);
    assertEquals(error.message, `Cannot call import go: ${phrase}`);
    assertEquals(thrown(() => made.exports.post!()).code, "cannot-enter");
  }
  const start = compileSync(await wat(calling("start")));
  for (
    const make of [() => instantiateSync(start, { go }), () => new Linker().func("go", go).link(start).instantiate()]
  ) {
    const error = await rejected(Promise.resolve().then(make));
    assertEquals(error.message, "Cannot call import go: cannot suspend the start function of a core module");
  }
});

Deno.test("resources: lends last until the promise settles, borrows die with it; promising classes", async () => {
  const source = await component(`(component
    (import "files" (instance $files
      (export "file" (type $file (sub resource)))
      (export "[method]file.read" (func (param "self" (borrow $file)) (result u32)))))
    (alias export $files "file" (type $file))
    (alias export $files "[method]file.read" (func $read))
    (core func $read' (canon lower (func $read)))
    (core func $drop-file (canon resource.drop $file))
    (component $C
      (import "file" (type $file (sub resource)))
      (import "read" (func $read (param "self" (borrow $file)) (result u32)))
      (core func $read' (canon lower (func $read)))
      (core func $drop-file (canon resource.drop $file))
      (type $Counter (resource (rep i32)))
      (core func $new (canon resource.new $Counter))
      (core module $M
        (import "" "read" (func $read (param i32) (result i32)))
        (import "" "drop-file" (func $drop-file (param i32)))
        (import "" "new" (func $new (param i32) (result i32)))
        (func (export "make") (param i32) (result i32) (call $new (local.get 0)))
        (func (export "total") (param i32 i32) (result i32)
          (i32.add (local.get 0) (call $read (local.get 1)))
          (call $drop-file (local.get 1))))
      (core instance $m (instantiate $M (with "" (instance
        (export "read" (func $read')) (export "drop-file" (func $drop-file)) (export "new" (func $new))))))
      (export $Counter' "counter" (type $Counter))
      (func (export "[constructor]counter") (param "start" u32) (result (own $Counter')) (canon lift (core func $m "make")))
      (func (export "[method]counter.total") (param "self" (borrow $Counter')) (param "f" (borrow $file)) (result u32)
        (canon lift (core func $m "total"))))
    (instance $c (instantiate $C (with "file" (type $file)) (with "read" (func $read))))
    (export "counters" (instance $c)))`);
  const seen: unknown[] = [];
  class File {
    static borrowed: unknown;
    readonly size = 5;
    declare read: () => Promise<number>;
    static {
      this.prototype.read = suspending(function (this: File) {
        seen.push(this.size);
        return later(this.size);
      });
    }
  }
  const made: Instance = instantiateSync(source, { files: { File } });
  const { Counter } = made.promising.exports.counters;
  const counter = await new Counter(100);
  assert(counter instanceof made.exports.counters.Counter);
  const file = new File();
  const total = Counter.prototype.total.call(counter, file);
  assertEquals(
    thrown(() => counter[Symbol.dispose]()).message,
    "Cannot drop resource counter: cannot remove owned resource while borrowed",
  );
  assertEquals(await total, 105);
  assertEquals(seen, [5]);
  counter[Symbol.dispose]();
  assertEquals(thrown(() => counter.total(file)).code, "dead-resource");
});

Deno.test("hooks see a suspending call return when its promise settles", async () => {
  const seen: string[] = [];
  const { promising } = sleepy({
    hooks: {
      callingHost: (path: string) => void seen.push(`host ${path}`),
      returningFromHost: (path: string) => void seen.push(`back ${path}`),
      callingGuest: (path: string) => void seen.push(`guest ${path}`),
      returningFromGuest: (path: string) => void seen.push(`left ${path}`),
    },
  });
  const call = promising.exports.once!(1);
  assertEquals(seen, ["guest export once", "host import sleep"]);
  await call;
  assertEquals(seen, ["guest export once", "host import sleep", "back import sleep", "left export once"]);
});

Deno.test("a suspending import that is exported again can be awaited, and traps in a plain call", async () => {
  const source = await component(`(component
    (import "sleep" (func $sleep (param "text" string) (result string)))
    (export "sleep" (func $sleep)))`);
  const sleep = suspending((text: string) => later(`${text}!`));
  const made = instantiateSync(source, { sleep });
  assertEquals(await made.promising.exports.sleep!("a"), "a!");
  assertEquals(
    thrown(() => made.exports.sleep!("a")).message,
    "Cannot call import sleep: cannot suspend the plain call of export sleep; call it through `instance.promising`",
  );
});

Deno.test("an instance without suspending functions has promising exports all the same", async () => {
  const made = instantiateSync(sleeper, { sleep: (ms: number) => ms });
  assertEquals(await made.promising.exports.twice!(4), 8);
  await assertRejects(() => made.promising.exports.once!(-1) as Promise<unknown>, ValueError);
  assertEquals(await made.promising.exports.once!(4), 4);
});

Deno.test("an engine without JSPI refuses the link and names the feature; one without compilation still traps", async () => {
  const program = (body: string) => `
    import { Linker, compileSync, suspending, LinkError } from ${JSON.stringify(import.meta.resolve("../../mod.ts"))};
    const component = compileSync(new Uint8Array(JSON.parse(Deno.args[0])));
    const linker = new Linker().func("go", suspending(() => Promise.resolve(1)));
    ${body}`;
  const bytes = await wat(`(component
    (import "go" (func $go (result u32)))
    (core func $go' (canon lower (func $go)))
    (core module $M (import "" "go" (func $go (result i32))) (func (export "f") (result i32) (call $go)))
    (core instance $m (instantiate $M (with "" (instance (export "go" (func $go'))))))
    ;; A second module gets the same function.
    (core module $N (import "" "go" (func (result i32))))
    (core instance (instantiate $N (with "" (instance (export "go" (func $go'))))))
    (func (export "f") (result u32) (canon lift (core func $m "f"))))`);
  const run = async (body: string) => {
    const { stdout, stderr } = await new Deno.Command(Deno.execPath(), {
      args: ["eval", "--ext=ts", program(body), JSON.stringify([...bytes])],
    }).output();
    return new TextDecoder().decode(stdout).trim() || new TextDecoder().decode(stderr);
  };
  assertEquals(
    await run(`delete WebAssembly.Suspending;
      try { linker.link(component); } catch (error) { console.log(error instanceof LinkError, error.message); }`),
    "true Cannot link import go: a suspending host function needs JSPI (WebAssembly.Suspending and WebAssembly.promising), which this engine does not have",
  );
  assertEquals(
    await run(`WebAssembly.Module = class { constructor() { throw new Error("forbidden"); } };
      const instance = linker.link(component).instantiateSync();
      console.log(await instance.promising.exports.f());
      try { instance.exports.f(); } catch (error) { console.log(error.code); }`),
    "1\ncannot-suspend",
  );
  assert(LinkError.prototype instanceof WebAssembly.LinkError);
});

Deno.test("a suspending function with a plain form serves plain calls by that, and needs no JSPI", async () => {
  const sleep = suspendingOr((ms: number) => later(ms + 1), (ms: number) => ms + 2);
  const { exports, promising } = instantiateSync(sleeper, { sleep });
  assertEquals(exports.twice!(1), 6);
  // Without JSPI its plain form is all there is.
  assertEquals(await promising.exports.twice!(1), features.jspi ? 4 : 6);
  assertEquals(exports.swallow!(1), 3);
  class Clock {
    static readonly sleep = sleep;
  }
  assertEquals(instantiateSync(sleeper, { sleep: Clock.sleep }).exports.once!(5), 7);
  await withoutFeature("jspi", () => assertEquals(instantiateSync(sleeper, { sleep }).exports.twice!(1), 6));
});

Deno.test("an import that is exported again has its plain form too", async () => {
  const source =
    `(component (import "sleep" (func $sleep (param "ms" u32) (result u32))) (export "again" (func $sleep)))`;
  const sleep = suspendingOr((ms: number) => later(ms + 1), (ms: number) => ms + 2);
  const { exports, promising } = instantiateSync(await component(source), { sleep });
  assertEquals([exports.again!(1), await promising.exports.again!(1)], [3, features.jspi ? 2 : 3]);
});
