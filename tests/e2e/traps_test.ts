// Traps, host exceptions, lock-down, re-entrance: what a guest can and cannot do, and the state
// afterwards.

import "../support/leaks.ts";
import { assert, assertEquals } from "@std/assert";
import { type Imports, type Instance, instantiateSync, Linker, Trap, ValueError } from "@windlass/component";
import { component, instance, libc, options, thrown } from "../support/wasm.ts";

/** A guest that calls the import `go` inside a `catch_all`, and one that does not. */
const catching = `(component
  (import "go" (func $go (result u32)))
  (core func $go' (canon lower (func $go)))
  (core module $M
    (import "" "go" (func $go (result i32)))
    (func (export "swallow") (result i32)
      (block $caught (return (try_table (result i32) (catch_all $caught) (call $go))))
      (i32.const 99))
    (func (export "plain") (result i32) (call $go)))
  (core instance $m (instantiate $M (with "" (instance (export "go" (func $go'))))))
  (func (export "swallow") (result u32) (canon lift (core func $m "swallow")))
  (func (export "plain") (result u32) (canon lift (core func $m "plain"))))`;
const catchingComponent = await component(catching);

function locked({ exports }: Instance, name: string): void {
  const error = thrown(() => exports[name]!());
  assertEquals(error.code, "cannot-enter");
  assert(error instanceof Trap);
}

const own = new RangeError("the host's own");
const hostFaults: Record<string, { go: () => unknown; check: (error: unknown) => void }> = {
  "a host's Error": {
    go: () => {
      throw own;
    },
    check: (error) => assert(error === own),
  },
  "a host's undefined": {
    go: () => {
      throw undefined;
    },
    check: (error) => assertEquals(error, undefined),
  },
  "a hand-made RuntimeError": {
    go: () => {
      throw new WebAssembly.RuntimeError("by hand");
    },
    check: (error) => assertEquals((error as Error).message, "by hand"),
  },
  "a core exception by hand": {
    go: () => {
      // deno-lint-ignore no-explicit-any
      const { Tag, Exception } = WebAssembly as any;
      throw new Exception(new Tag({ parameters: [] }), []);
    },
    // deno-lint-ignore no-explicit-any
    check: (error) => assert(error instanceof (WebAssembly as any).Exception),
  },
  "a value that does not fit": {
    go: () => -1,
    check: (error) => {
      assert(error instanceof ValueError);
      assertEquals((error as Error).message, "Cannot lower result of import go: expected u32, found -1");
    },
  },
  "a promise": { go: () => Promise.resolve(1), check: (error) => assertEquals((error as Trap).code, "promise") },
};

for (const [name, { go, check }] of Object.entries(hostFaults)) {
  for (const way of ["swallow", "plain"]) {
    Deno.test(`${name} from a host function comes out of \`${way}\` as it is, and locks the instance down`, () => {
      const made = instantiateSync(catchingComponent, { go });
      let error: unknown = "nothing";
      try {
        made.exports[way]!();
      } catch (caught) {
        error = caught;
      }
      assert(error !== "nothing", "the guest swallowed it");
      check(error);
      locked(made, way);
    });
  }
}

Deno.test("a guest cannot swallow a trap of ours, nor where no module can be compiled", async () => {
  const unknown = new Linker().trapUnknown().link(catchingComponent);
  const made = unknown.instantiateSync();
  assertEquals(thrown(() => made.exports.swallow!()).message, "Cannot call import go: unknown import");
  locked(made, "swallow");

  // A fresh copy of the library that finds compiling forbidden when it first needs a trap.
  const worker = `
    import { Linker, compileSync } from ${JSON.stringify(import.meta.resolve("../../mod.ts"))};
    const component = compileSync(new Uint8Array(JSON.parse(Deno.args[0])));
    const faulty = new Linker().func("go", () => { throw new RangeError("the host's own"); }).link(component).instantiateSync();
    const unknown = new Linker().trapUnknown().link(component).instantiateSync();
    WebAssembly.Module = class { constructor() { throw new Error("forbidden"); } };
    for (const instance of [faulty, unknown]) for (let i = 0; i < 2; i++) {
      try { console.log("swallowed", instance.exports.swallow()); } catch (error) { console.log(error.name + ": " + error.message); }
    }`;
  const { wat } = await import("../support/wat.ts");
  const { stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["eval", "--ext=ts", worker, JSON.stringify([...await wat(catching)])],
  }).output();
  assertEquals(
    new TextDecoder().decode(stdout).trim().split("\n"),
    [
      "RangeError: the host's own",
      "Trap: Cannot call export swallow: cannot enter component instance, which an earlier exception locked down",
      "Trap: Cannot call import go: unknown import",
      "Trap: Cannot call export swallow: cannot enter component instance, which an earlier trap locked down",
    ],
    new TextDecoder().decode(stderr),
  );
});

Deno.test("a host function that calls back finds the instance entered; if it swallows that, nothing is lost", () => {
  const errors: unknown[] = [];
  const made: Instance = instantiateSync(catchingComponent, {
    go: () => {
      errors.push(thrown(() => made.exports.plain!()));
      return 5;
    },
  });
  assertEquals(made.exports.plain!(), 5);
  assertEquals(
    (errors[0] as Trap).message,
    "Cannot call export plain: cannot enter component instance while the call of export plain is under way",
  );
  assertEquals(made.exports.plain!(), 5);
});

Deno.test("a host function that lets that fly locks the instance down", () => {
  const made: Instance = instantiateSync(catchingComponent, { go: () => made.exports.plain!() });
  assertEquals(thrown(() => made.exports.swallow!()).code, "cannot-enter");
  locked(made, "plain");
});

Deno.test("a host function may call another instance", () => {
  const inner = instantiateSync(catchingComponent, { go: () => 7 });
  const outer = instantiateSync(catchingComponent, { go: () => inner.exports.plain!() });
  assertEquals(outer.exports.plain!(), 7);
});

Deno.test("a trap of an inner instance comes out of the outer one as the same object", () => {
  const inner = new Linker().trapUnknown().link(catchingComponent).instantiateSync();
  let first: unknown;
  const outer = instantiateSync(catchingComponent, {
    go: () => {
      try {
        return inner.exports.plain!();
      } catch (error) {
        first = error;
        throw error;
      }
    },
  });
  assert(thrown(() => outer.exports.swallow!()) === first);
});

const twoFields = `(component ${libc(`(func (export "f") (param i32 i32 i32) (result i32) (local.get 0))`)}
  (type $r' (record (field "a" u32) (field "b" string))) (export $r "r" (type $r'))
  (func (export "f") (param "x" $r) (result u32) (canon lift (core func $libc "f") ${options})))`;

Deno.test("getters of the host's values can neither re-enter nor leave anything half done", async () => {
  const made = await instance(twoFields);
  const f = made.exports.f!;
  const codes: unknown[] = [];
  const value = {
    get a(): number {
      codes.push(thrown(() => f({ a: 1, b: "" })).code);
      return 3;
    },
    b: "text",
  };
  assertEquals(f(value), 3);
  assertEquals(codes, ["cannot-enter"]);
  const oops = new Error("oops");
  const bad = {
    a: 1,
    get b(): string {
      throw oops;
    },
  };
  assert(thrown(() => f(bad)) === oops);
  assertEquals(f({ a: 4, b: "still usable" }), 4);
});

Deno.test("an iterator is run to its end before anything is allocated, and its elements checked as they were", async () => {
  const made = await instance(`(component ${libc(`(func (export "f") (param i32 i32) (result i32) (local.get 1))`)}
    (func (export "f") (param "x" (list string)) (result u32) (canon lift (core func $libc "f") ${options})))`);
  let codes: unknown[] = [];
  function* strings(): Generator<string> {
    for (let i = 0; i < 3; i++) {
      codes.push(thrown(() => made.exports.f!([])).code);
      yield `${i}`;
    }
  }
  assertEquals(made.exports.f!(strings()), 3);
  assertEquals(codes, ["cannot-enter", "cannot-enter", "cannot-enter"]);
  codes = [];
  const shrinking: string[] = ["a", "b", "c"];
  Object.defineProperty(shrinking, 0, {
    get() {
      shrinking.length = 1;
      return "a";
    },
  });
  assertEquals(
    thrown(() => made.exports.f!(shrinking)).message,
    "Cannot lower param 1 `x`[1] of export f: expected string, found undefined",
  );
});

const strings = (extra: string) =>
  `(component
  (import "go" (func $go (param "s" string) (result string)))
  (core module $Libc (memory (export "memory") 1)
    (global $heap (mut i32) (i32.const 1024))
    (func (export "realloc") (param i32 i32 i32 i32) (result i32) ${extra} (global.get $heap)))
  (core instance $libc (instantiate $Libc))
  (core func $go' (canon lower (func $go) ${options}))
  (core module $M (import "" "memory" (memory 1)) (import "" "go" (func $go (param i32 i32 i32)))
    (func (export "f") (param i32 i32) (result i32) (call $go (local.get 0) (local.get 1) (i32.const 16)) (i32.const 16)))
  (core instance $m (instantiate $M (with "" (instance (export "memory" (memory $libc "memory")) (export "go" (func $go'))))))
  (func (export "f") (param "s" string) (result string) (canon lift (core func $m "f") ${options})))`;

Deno.test("a realloc that traps, while lowering arguments or a host's result, locks the instance down", async () => {
  for (
    const [body, args] of [["unreachable", ["x"]], [`(if (i32.eq (local.get 3) (i32.const 3)) (then unreachable))`, [
      "x",
    ]]] as const
  ) {
    const made = await instance(strings(body), { go: () => "abc" });
    const error = thrown(() => made.exports.f!(...args));
    assert(error instanceof Trap, `${error}`);
    assertEquals(error.code, "guest-trap");
    locked(made, "f");
  }
});

Deno.test("an import called from realloc, or from post-return, traps whatever it is", async () => {
  const leaving = (where: string) =>
    `(component
    (import "go" (func $go))
    (core func $go' (canon lower (func $go)))
    (type $R (resource (rep i32)))
    (core func $new (canon resource.new $R))
    (core module $Libc (import "" "go" (func $go)) (import "" "new" (func $new (param i32) (result i32))) (memory (export "memory") 1)
      (func (export "realloc") (param i32 i32 i32 i32) (result i32) ${where} (i32.const 1024))
      (func (export "f") (param i32 i32)))
    (core instance $libc (instantiate $Libc (with "" (instance (export "go" (func $go')) (export "new" (func $new))))))
    (func (export "f") (param "s" string) (canon lift (core func $libc "f") ${options})))`;
  for (
    const [where, path] of [["(call $go)", "import go"], [
      "(drop (call $new (i32.const 1)))",
      "param 1 `s` of export f",
    ]]
  ) {
    let calls = 0;
    const made = await instance(leaving(where!), { go: () => void calls++ });
    const error = thrown(() => made.exports.f!("x"));
    assertEquals(
      error.message,
      `Cannot ${path!.startsWith("import") ? "call" : "lower"} ${path}: cannot leave component instance`,
    );
    assertEquals(calls, 0);
    locked(made, "f");
  }
});

Deno.test("a trap in post-return locks the instance down although the result was lifted", async () => {
  const made = await instance(`(component
    (core module $M (func (export "f") (result i32) (i32.const 7)) (func (export "post") (param i32) unreachable))
    (core instance $m (instantiate $M))
    (func (export "f") (result u32) (canon lift (core func $m "f") (post-return (core func $m "post")))))`);
  assertEquals(thrown(() => made.exports.f!()).code, "guest-trap");
  locked(made, "f");
});

Deno.test("post-return receives the raw core results", async () => {
  for (
    const [type, core, value] of [["u8", "i32", 0x1ff], ["s64", "i64", -5n], ["f32", "f32", 1.5], [
      "f64",
      "f64",
      2.5,
    ]] as const
  ) {
    const made = await instance(`(component
      (core module $M (global $seen (mut ${core}) (${core}.const 0))
        (func (export "f") (result ${core}) (${core}.const ${value}))
        (func (export "post") (param ${core}) (global.set $seen (local.get 0)))
        (func (export "seen") (result ${core}) (global.get $seen)))
      (core instance $m (instantiate $M))
      (func (export "f") (result ${type}) (canon lift (core func $m "f") (post-return (core func $m "post"))))
      (func (export "seen") (result ${core === "i32" ? "u32" : type}) (canon lift (core func $m "seen"))))`);
    made.exports.f!();
    assertEquals(made.exports.seen!(), value);
  }
});

Deno.test("a start function may call imports; what it throws comes out of instantiate", async () => {
  const start = await component(`(component
    (import "go" (func $go))
    (core func $go' (canon lower (func $go)))
    (core module $M (import "" "go" (func $go)) (start $go))
    (core instance (instantiate $M (with "" (instance (export "go" (func $go')))))))`);
  let calls = 0;
  instantiateSync(start, { go: () => void calls++ });
  assertEquals(calls, 1);
  assert(
    thrown(() =>
      instantiateSync(start, {
        go: () => {
          throw own;
        },
      })
    ) === own,
  );
  await new Linker().func("go", () => {}).link(start).instantiate();
});

Deno.test("aborting the signal locks the instance down", async () => {
  const controller = new AbortController();
  const made = instantiateSync(catchingComponent, { go: () => 1 }, { signal: controller.signal });
  assertEquals(made.exports.plain!(), 1);
  controller.abort();
  locked(made, "plain");
  assertEquals(
    thrown(() => instantiateSync(catchingComponent, { go: () => 1 }, { signal: controller.signal })).name,
    "AbortError",
  );
  const inside = new AbortController();
  const running = instantiateSync(catchingComponent, { go: () => (inside.abort(new Error("enough")), 1) }, {
    signal: inside.signal,
  });
  assertEquals(thrown(() => running.exports.swallow!()).message, "enough");
  await Promise.resolve();
});

Deno.test("hooks see the four transitions, in order, with paths; a hook that throws ends the call", async () => {
  const seen: string[] = [];
  const hooks = {
    callingHost: (path: string) => void seen.push(`host ${path}`),
    returningFromHost: (path: string) => void seen.push(`back ${path}`),
    callingGuest: (path: string) => void seen.push(`guest ${path}`),
    returningFromGuest: (path: string) => void seen.push(`left ${path}`),
  };
  const made = instantiateSync(await component(strings("")), { go: (s: string) => s } as Imports, { hooks });
  assertEquals(made.exports.f!("x"), "x");
  assertEquals(seen, [
    "guest export f",
    "left export f",
    "guest export f",
    "host import go",
    "back import go",
    "guest import go",
    "left import go",
    "left export f",
  ]);
  for (const hook of Object.keys(hooks)) {
    const failing = instantiateSync(catchingComponent, { go: () => 1 }, {
      hooks: {
        [hook]: () => {
          throw own;
        },
      },
    });
    assert(thrown(() => failing.exports.swallow!()) === own, hook);
    locked(failing, "plain");
  }
});

Deno.test("dropping a guest's resource while its instance runs is refused, and can be done later", async () => {
  const made: Instance = await instance(
    `(component
      (import "go" (func $go))
      (core func $go' (canon lower (func $go)))
      (component $C
        (import "go" (func $go))
        (core func $go' (canon lower (func $go)))
        (core module $D (global $drops (mut i32) (i32.const 0))
          (func (export "dtor") (param i32) (global.set $drops (i32.add (global.get $drops) (i32.const 1))))
          (func (export "drops") (result i32) (global.get $drops)))
        (core instance $d (instantiate $D))
        (type $R (resource (rep i32) (dtor (func $d "dtor"))))
        (core func $new (canon resource.new $R))
        (core module $M (import "" "new" (func $new (param i32) (result i32))) (import "" "go" (func $go))
          (func (export "make") (result i32) (call $new (i32.const 1)))
          (func (export "run") (call $go)))
        (core instance $m (instantiate $M (with "" (instance (export "new" (func $new)) (export "go" (func $go'))))))
        (export $R' "r" (type $R))
        (func (export "make") (result (own $R')) (canon lift (core func $m "make")))
        (func (export "run") (canon lift (core func $m "run")))
        (func (export "drops") (result u32) (canon lift (core func $d "drops"))))
      (instance $c (instantiate $C (with "go" (func $go))))
      (export "i" (instance $c)))`,
    {
      go: () =>
        void assertEquals(
          thrown(() => held[Symbol.dispose]()).message,
          "Cannot drop resource r: cannot enter component instance while the call of export i#run is under way",
        ),
    },
  );
  const i = made.exports.i;
  const held = i.make();
  i.run();
  assertEquals(i.drops(), 0);
  held[Symbol.dispose]();
  assertEquals(i.drops(), 1);
});

Deno.test("a million calls with strings leave the guest's heap and the handle tables as they were", async () => {
  const made = await instance(strings(""), { go: (s: string) => s });
  for (let i = 0; i < 1_000_000; i++) if (made.exports.f!("hello") !== "hello") throw new Error("another string");
});
