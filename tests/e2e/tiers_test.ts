// What the two tiers once did differently, one text each: whatever can be seen of an instance is
// written down in both, and compared. (tests/property/tiers_test.ts looks for more.)

import { leavesAnyHandles } from "../support/leaks.ts";
import { assertEquals } from "@std/assert";
import {
  compileSync,
  features,
  type Imports,
  type InstantiateSettings,
  instantiateSync,
  ok,
} from "@windlass/component";
import { tiers } from "../../abi/codegen/tiers.ts";
import { wat } from "../support/wat.ts";

// deno-lint-ignore no-explicit-any
type Any = any;
type Make = (imports?: Imports, settings?: InstantiateSettings) => Any;
type Log = (...values: unknown[]) => void;

/**
 * Runs the same with closures and with generated code; gives what it logged, which must be the
 * same.
 */
function inBothTiers(
  name: string,
  text: string,
  run: (exports: Make, log: Log) => void,
  check: (log: unknown[]) => void,
) {
  Deno.test({
    name,
    ignore: !features.codegen,
    async fn() {
      leavesAnyHandles();
      const bytes = await wat(`(component ${text})`);
      const { warmCalls } = tiers;
      tiers.warmCalls = 0;
      try {
        const [closures, generated] = [false, true].map((codegen) => {
          const log: unknown[] = [];
          const make: Make = (imports = {}, settings = {}) =>
            instantiateSync(compileSync(bytes, { codegen }), imports, settings).exports;
          run(make, (...values) => void log.push(...values));
          return log;
        });
        assertEquals(generated, closures);
        check(closures!);
      } finally {
        tiers.warmCalls = warmCalls;
      }
    },
  });
}

/** What a call came to, in words. */
function outcome(call: () => unknown): unknown {
  try {
    return call();
  } catch (error) {
    return error instanceof Error ? `${error.name}: ${error.message}` : error;
  }
}

const many = Array.from({ length: 17 }, (_, i) => `(param "p${i}" u32)`).join(" ");
const seventeen = Array<number>(17).fill(1);
const libc = `(core module $L (memory (export "m") 1)
    (func (export "r") (param i32 i32 i32 i32) (result i32) (i32.const 1024)))
  (core instance $l (instantiate $L))`;

inBothTiers(
  "a resource that is lent among parameters in memory is given back once",
  `${libc}
  (type $r (resource (rep i32)))
  (core func $new (canon resource.new $r))
  (core module $N (import "" "new" (func $new (param i32) (result i32)))
    (func (export "make") (result i32) (call $new (i32.const 5)))
    (func (export "use") (param i32)) (func (export "both") (param i32 i32)))
  (core instance $n (instantiate $N (with "" (instance (export "new" (func $new))))))
  (export $R "r" (type $r))
  (func (export "make") (result (own $R)) (canon lift (core func $n "make")))
  (func (export "use") (param "x" (borrow $R)) ${many}
    (canon lift (core func $n "use") (memory (core memory $l "m")) (realloc (core func $l "r"))))
  (func (export "both") (param "x" (borrow $R)) (param "y" (own $R)) (canon lift (core func $n "both")))`,
  (instance, log) => {
    const { make, use, both } = instance();
    const resource = make();
    use(resource, ...seventeen);
    log(outcome(() => both(resource, resource)));
  },
  (log) =>
    assertEquals(log, [
      "ValueError: Cannot lower param 2 `y` of export both: cannot remove owned resource while borrowed",
    ]),
);

inBothTiers(
  "a handle that is lent to the host among parameters in memory is given back, and no other",
  `(import "r" (type $r (sub resource)))
  (import "use" (func $use (param "x" (borrow $r)) ${many}))
  ${libc}
  (core func $lowered (canon lower (func $use) (memory (core memory $l "m"))))
  (core func $drop (canon resource.drop $r))
  (core module $N (import "" "use" (func $use (param i32))) (import "" "drop" (func $drop (param i32)))
    (import "" "m" (memory 1))
    (func (export "keep") (param i32) (result i32) (local.get 0))
    (func (export "use") (param $handle i32) (param $at i32)
      (i32.store (local.get $at) (local.get $handle)) (call $use (local.get $at)))
    (func (export "drop") (param i32) (call $drop (local.get 0))))
  (core instance $n (instantiate $N (with "" (instance
    (export "use" (func $lowered)) (export "drop" (func $drop)) (export "m" (memory $l "m"))))))
  (func (export "keep") (param "x" (own $r)) (result u32) (canon lift (core func $n "keep")))
  (func (export "use") (param "handle" u32) (param "at" u32) (canon lift (core func $n "use")))
  (func (export "drop") (param "handle" u32) (canon lift (core func $n "drop")))`,
  (instance, log) => {
    class Thing {
      [Symbol.dispose]() {
        log("disposed");
      }
    }
    const { keep, use, drop } = instance({ r: Thing, use: (x: unknown) => log(x instanceof Thing) });
    log(...[1, 2, 3, 4, 5].map(() => keep(new Thing())));
    log(outcome(() => use(1, 4)), outcome(() => drop(4)), outcome(() => drop(1)));
  },
  (log) => assertEquals(log, [1, 2, 3, 4, 5, true, "disposed", "disposed", undefined, undefined, undefined]),
);

inBothTiers(
  "a guest is not entered after the host's own check of a resource aborted the call",
  `(import "r" (type $r (sub resource)))
  (core module $N (func (export "use") (param i32)))
  (core instance $n (instantiate $N))
  (func (export "use") (param "x" (own $r)) (canon lift (core func $n "use")))`,
  (instance, log) => {
    const abort = new AbortController();
    class Aborting {
      static [Symbol.hasInstance](): boolean {
        abort.abort("enough");
        return true;
      }
    }
    const settings = { signal: abort.signal, hooks: { callingGuest: (path: string) => log(path) } };
    const { use } = instance({ r: Aborting }, settings);
    log(outcome(() => use({})));
  },
  (log) => assertEquals(log, ["enough"]),
);

inBothTiers(
  "flags are an object's own members, whatever kind of object it is, and none is overlooked",
  `(type $f' (flags "read" "write")) (import "f" (type $f (eq $f')))
  (core module $N (func (export "f") (param i32) (result i32) (local.get 0)))
  (core instance $n (instantiate $N))
  (func (export "f") (param "x" $f) (result u32) (canon lift (core func $n "f")))`,
  (instance, log) => {
    const { f } = instance({});
    Object.defineProperty(Object.prototype, "write", { value: true, enumerable: true, configurable: true });
    try {
      log(f({ read: true }), f(Object.create({ read: true })), outcome(() => f({ bogus: true })));
    } finally {
      delete (Object.prototype as Any).write;
    }
    log(outcome(() => f({ read: true, bogus: 1 })), outcome(() => f({ read: true, write: 1 })));
    log(String(outcome(() => f(Object.defineProperty({}, "then", { value: () => {} })))).slice(0, 60));
    class Members {
      write = true;
      get read() {
        return true;
      }
    }
    const accessor = Object.defineProperty({}, "write", { get: () => true, enumerable: true });
    log(f(new Members()), f(accessor), f(new Proxy({ read: true }, {})), f({ read: true, write: undefined }));
    log(f(Object.assign(Object.create(null), { read: true, write: true })), f({}));
    // Members that are hidden make up for no other.
    const hidden = (value: object): object => Object.defineProperty(value, "write", { value: true });
    log(f(hidden({ read: true })), outcome(() => f(hidden({ bogus: 1 }))), f(hidden({ read: undefined })));
    log(String(outcome(() => new f({}))).slice(0, 9));
  },
  (log) => {
    const failed = "ValueError: Cannot lower param 1 `x";
    const unknown = `${failed}\` of export f: unknown flag \`bogus\`, expected flags { read, write }`;
    assertEquals(log, [
      ...[1, 0, unknown],
      ...[unknown, `${failed}\`.write of export f: expected bool, found 1`],
      `${failed}\` of export f: expected f`,
      ...[2, 2, 1, 1],
      ...[3, 0],
      ...[1, unknown, 0],
      "TypeError",
    ]);
  },
);

inBothTiers(
  "a Result's members are read once there is room for them, its brand once",
  `(import "f" (func $f (result (result u32 (error u32))))) (import "g" (func $g (result (result (error u32)))))
  ${libc}
  (core func $f' (canon lower (func $f) (memory (core memory $l "m"))))
  (core func $g' (canon lower (func $g) (memory (core memory $l "m"))))
  (core module $N (import "" "f" (func $f (param i32))) (import "" "g" (func $g (param i32)))
    (func (export "f") (param i32) (call $f (local.get 0))) (func (export "g") (param i32) (call $g (local.get 0))))
  (core instance $n (instantiate $N (with "" (instance (export "f" (func $f')) (export "g" (func $g'))))))
  (func (export "f") (param "at" u32) (canon lift (core func $n "f")))
  (func (export "g") (param "at" u32) (canon lift (core func $n "g")))`,
  (instance, log) => {
    const watched = (value: object): unknown =>
      new Proxy(value, { get: (target, key) => (log(`read ${String(key)}`), (target as Any)[key]) });
    const made = (f: () => unknown, g: () => unknown) => instance({ f, g } as Imports);
    log(outcome(() => made(() => watched(ok(1)), () => {}).f(8)));
    log(outcome(() => made(() => watched({ ...ok(1), tag: "no" }), () => {}).f(0xffff_fff8)));
    let asked = 0;
    const fickle = {
      tag: "err",
      val: 1,
      get "~result"() {
        return asked++ > 0;
      },
    };
    log(outcome(() => made(() => 1, () => fickle).g(8)));
  },
  (log) =>
    assertEquals(log, [
      ...["read ~result", "read tag", "read val", undefined],
      ...["read ~result", "Trap: Cannot lower result of import f: pointer out of bounds of memory"],
      "ValueError: Cannot lower result of import g: expected nothing, ok() or err(), found an object that is not branded",
    ]),
);
