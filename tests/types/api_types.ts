// What the types of the public API must accept and refuse. Compile-only: `deno check` fails where a
// line is accepted that must not be.
// deno-lint-ignore-file
import {
  type Bytes,
  type Caller,
  compile,
  type Component,
  ComponentError,
  type Dropped,
  type Err,
  err,
  type ExportFunc,
  type ExternType,
  type FromJs,
  type Future,
  HostFunc,
  type Imports,
  type Instance,
  instantiate,
  instantiateSync,
  Linker,
  type Ok,
  ok,
  type Promising,
  type Result,
  type Schema,
  suspending,
  t,
  type ToJs,
  type ValType,
  type World,
} from "@windlass/component";
import { linkWasi, wasi, type WasiData, wasiResources } from "@windlass/component/wasi";

type Equal<A, B> = (<T>() => T extends A ? 1 : 2) extends (<T>() => T extends B ? 1 : 2) ? true : false;
function same<A, B>(_: Equal<A, B>): void {}
/** Lifted values may be given back. */
function roundTrip<S extends Schema>(_: S, lifted: ToJs<S>, __: ToJs<S> extends FromJs<S> ? true : false): ToJs<S> {
  return lifted;
}
const no = undefined as never;

// values.
const point = t.record({ x: t.u32, y: t.option(t.string), deep: t.option(t.option(t.u8)), id: t.u64 });
same<
  ToJs<typeof point>,
  { x: number; y: string | undefined; deep: { tag: "some"; val: number | undefined } | { tag: "none" }; id: bigint }
>(true);
same<
  FromJs<typeof point>,
  {
    readonly x: number;
    readonly id: bigint | number;
    readonly y?: string | null | undefined;
    readonly deep?:
      | { readonly tag: "some"; readonly val: number | null | undefined }
      | { readonly tag: "none" }
      | null
      | undefined;
  }
>(true);
roundTrip(point, no, true);
const p1: FromJs<typeof point> = { x: 1, id: 2 };
const p2: FromJs<typeof point> = { x: 1, id: 2n, y: null, deep: { tag: "some", val: undefined } };
// @ts-expect-error missing required
const p3: FromJs<typeof point> = { x: 1 };
// @ts-expect-error wrong type
const p4: FromJs<typeof point> = { x: "1", id: 1 };
// @ts-expect-error unknown field
const p5: FromJs<typeof point> = { x: 1, id: 1, z: 1 };
// @ts-expect-error val on none
const p6: FromJs<typeof point> = { x: 1, id: 2n, deep: { tag: "none", val: 1 } };

const shape = t.variant({ circle: t.f64, "two-words": t.tuple([t.u8, t.string]), empty: null });
same<
  ToJs<typeof shape>,
  { tag: "circle"; val: number } | { tag: "two-words"; val: [number, string] } | { tag: "empty" }
>(true);
roundTrip(shape, no, true);
function area(s: ToJs<typeof shape>): number {
  switch (s.tag) {
    case "circle":
      return s.val;
    case "two-words":
      return s.val[0] + s.val[1].length;
    case "empty":
      return 0;
  }
}
const s1: FromJs<typeof shape> = { tag: "two-words", val: [1, "a"] };
const s2: FromJs<typeof shape> = { tag: "empty" };
// @ts-expect-error unknown case
const s3: FromJs<typeof shape> = { tag: "square", val: 1 };
// @ts-expect-error missing payload
const s4: FromJs<typeof shape> = { tag: "circle" };
// @ts-expect-error payload of no case
const s5: FromJs<typeof shape> = { tag: "empty", val: 1 };

const color = t.enum(["red", "dark-green"]);
same<ToJs<typeof color>, "red" | "dark-green">(true);
// @ts-expect-error
const c1: FromJs<typeof color> = "blue";
const perms = t.flags(["read", "canWrite"]);
same<ToJs<typeof perms>, { read: boolean; canWrite: boolean }>(true);
const f1: FromJs<typeof perms> = {};
const f2: FromJs<typeof perms> = { read: true };
const f3: FromJs<typeof perms> = null;
const f4: FromJs<typeof perms> = undefined;
// @ts-expect-error unknown flag
const f5: FromJs<typeof perms> = { write: true };
roundTrip(perms, no, true);

const opt = t.option(t.u32), opt2 = t.option(opt), opt3 = t.option(opt2);
same<ToJs<typeof opt>, number | undefined>(true);
same<ToJs<typeof opt2>, { tag: "some"; val: number | undefined } | { tag: "none" }>(true);
same<
  ToJs<typeof opt3>,
  { tag: "some"; val: { tag: "some"; val: number | undefined } | { tag: "none" } } | { tag: "none" }
>(true);
roundTrip(opt3, no, true);

const res = t.result(t.u32, t.enum(["io", "eof"])), unitRes = t.result(), errOnly = t.result(null, t.string);
same<ToJs<typeof res>, { tag: "ok"; val: number } | { tag: "err"; val: "io" | "eof" }>(true);
same<ToJs<typeof unitRes>, { tag: "ok"; val: undefined } | { tag: "err"; val: undefined }>(true);
roundTrip(res, no, true);
roundTrip(unitRes, no, true);
roundTrip(errOnly, no, true);
const r1: FromJs<typeof res> = ok(1),
  r2: FromJs<typeof res> = { tag: "err", val: "io" },
  r3: FromJs<typeof unitRes> = ok(),
  r4: FromJs<typeof unitRes> = { tag: "ok" },
  r5: FromJs<typeof res> = err("eof");
// @ts-expect-error
const r6: FromJs<typeof res> = err("nope");
const nested = t.record({ inner: t.result(t.list(t.string), t.tuple([t.u8])) });
const n1: FromJs<typeof nested> = { inner: ok(["a"]) },
  n2: FromJs<typeof nested> = { inner: err([1]) },
  n3: FromJs<typeof nested> = { inner: { tag: "ok", val: new Set(["a"]) } };

const tup = t.tuple([t.u8, t.string, t.bool]);
same<ToJs<typeof tup>, [number, string, boolean]>(true);
// @ts-expect-error length
const t1: FromJs<typeof tup> = [1, "a"];
same<ToJs<typeof bytes>, Uint8Array<ArrayBuffer>>(true);
var bytes = t.list(t.u8);
new Response(no as ToJs<typeof bytes>);
const view = t.view(t.u16);
same<ToJs<typeof view>, Uint16Array<ArrayBuffer>>(true);
roundTrip(view, no, true);
HostFunc.typed(t.func([t.view(t.f64), t.option(t.view(t.u8))]), (numbers, rest) => {
  same<typeof numbers, Float64Array<ArrayBuffer>>(true);
  same<typeof rest, Uint8Array<ArrayBuffer> | undefined>(true);
});
// @ts-expect-error numbers only
t.view(t.string);
// @ts-expect-error numbers only
t.view(t.list(t.u8));
same<ToJs<ReturnType<typeof big>>, BigInt64Array<ArrayBuffer>>(true);
function big() {
  return t.list(t.s64);
}
const l1: FromJs<typeof bytes> = new Uint8Array(1),
  l2: FromJs<typeof bytes> = [1, 2],
  l3: FromJs<typeof bytes> = new Set([1]),
  l4: FromJs<typeof bytes> = (function* () {
    yield 1;
  })(),
  l5: FromJs<typeof bytes> = new Uint8Array(new SharedArrayBuffer(1));
// @ts-expect-error
const l6: FromJs<typeof bytes> = ["a"];
// @ts-expect-error
const l7: FromJs<typeof bytes> = 1;
const strings = t.list(t.string);
same<ToJs<typeof strings>, string[]>(true);
// @ts-expect-error a string is an iterable of strings
const l8: FromJs<typeof strings> = "abc";
const records = t.list(t.record({ shape, tup }));
same<ToJs<typeof records>, { shape: ToJs<typeof shape>; tup: [number, string, boolean] }[]>(true);
const l9: FromJs<typeof records> = [{ shape: { tag: "circle", val: 1 }, tup: [1, "a", true] }]; // literals keep their types
// @ts-expect-error
const l10: FromJs<typeof records> = [{ shape: { tag: "circle", val: "1" }, tup: [1, "a", true] }];
same<ToJs<ReturnType<typeof fixed>>, Float32Array<ArrayBuffer>>(true);
function fixed() {
  return t.fixedList(t.f32, 4);
}
const m = t.map(t.string, t.list(t.u32));
same<ToJs<typeof m>, Map<string, Uint32Array<ArrayBuffer>>>(true);
roundTrip(m, no, true);
const m1: FromJs<typeof m> = new Map([["a", [1]]]),
  m2: FromJs<typeof m> = [["a", [1]]],
  m3: FromJs<typeof m> = Object.entries({ a: [1] });
// @ts-expect-error
const m4: FromJs<typeof m> = [["a", ["x"]]];

class File {
  #fd: number;
  constructor(fd: number) {
    this.#fd = fd;
  }
  read(n: number): Uint8Array {
    return new Uint8Array(n + this.#fd);
  }
  [Symbol.dispose](): void {}
}
abstract class Shape {
  abstract area(): number;
}
const file = t.resource("file", File);
same<ToJs<typeof own>, File>(true);
var own = t.own(file);
same<ToJs<ReturnType<typeof abs>>, Shape>(true);
function abs() {
  return t.borrow(t.resource("shape", Shape));
}
const isObject = t.own(t.resource("thing", { is: (v): v is { a: 1 } => typeof v === "object" }));
same<ToJs<typeof isObject>, { a: 1 }>(true);
const isPlain = t.own(t.resource("thing", { is: (v): boolean => v === 1 }));
same<ToJs<typeof isPlain>, unknown>(true);
const guestClass = t.own(t.resource("r", (no as Instance).exports["a:b/c"].Counter));
(no as ToJs<typeof guestClass>).anything();
// @ts-expect-error not a resource
t.own(t.u8);
// @ts-expect-error not a class
t.resource("x", 1);
// @ts-expect-error another class
const o1: FromJs<typeof own> = { read: () => new Uint8Array() };
same<ToJs<ReturnType<typeof st1>>, ReadableStream<Uint8Array<ArrayBuffer>>>(true);
function st1() {
  return t.stream(t.u8);
}
same<ToJs<ReturnType<typeof st2>>, ReadableStream<string>>(true);
function st2() {
  return t.stream(t.string);
}
same<ToJs<ReturnType<typeof st3>>, ReadableStream<undefined>>(true);
function st3() {
  return t.stream();
}
roundTrip(st1(), no, true);
roundTrip(st2(), no, true);
const st4: FromJs<ReturnType<typeof st1>> = new Response("x").body!;
const st5: FromJs<ReturnType<typeof st2>> = (async function* () {
  yield "a";
})();
// @ts-expect-error
const st6: FromJs<ReturnType<typeof st2>> = (async function* () {
  yield 1;
})();
const fut = t.future(t.result(t.u32, t.string));
same<ToJs<typeof fut>, Future<{ tag: "ok"; val: number } | { tag: "err"; val: string }>>(true);
roundTrip(fut, no, true);
const fu1: FromJs<typeof fut> = Promise.resolve(ok(1));
const fu2: FromJs<typeof fut> = Promise.resolve({ tag: "ok", val: 1 });
const ffut = t.future(t.future(t.u8));
same<ToJs<typeof ffut>, Future<Future<number>>>(true);
same<ToJs<Schema>, unknown>(true);
// @ts-expect-error
t.list(1);
// @ts-expect-error
t.record({ a: "u8" });

// host functions.
HostFunc.typed(t.func([t.string, t.list(t.u8)], t.u32), (message, data) => {
  same<typeof message, string>(true);
  same<typeof data, Uint8Array<ArrayBuffer>>(true);
  return message.length + data.length;
});
HostFunc.typed(t.func([t.string], t.u32), () => 1); // fewer parameters
// @ts-expect-error more
HostFunc.typed(t.func([t.string], t.u32), (a, b: string) => 1);
// @ts-expect-error a block body: the error is at the function, as TypeScript does it
HostFunc.typed(t.func([t.string], t.u32), (message) => {
  if (message === "") return "wrong";
  return 1;
});
HostFunc.typed(t.func([t.string], t.u32), (message) =>
  // @ts-expect-error an expression body: the error is at the value
  message);
HostFunc.typed(
  t.func([t.string], t.result(t.u32, t.string)),
  (message) => message === "" ? err("empty") : message.length,
);
HostFunc.typed(t.func([t.string], t.result(t.u32, t.string)), (message) => {
  if (message === "") throw new ComponentError("empty");
  return ok(message.length);
});
HostFunc.typed(t.func([t.string], t.result(t.u32, t.string)), () => {
  throw new ComponentError("empty");
});
HostFunc.typed(
  t.func([], t.result(null, t.variant({ code: t.u32, "not-found": null }))),
  () => err({ tag: "code", val: 1 }),
);
HostFunc.typed(t.func([], t.result(null, t.enum(["a", "b"]))), () => {
  if (Math.random() > 0.5) return err("a");
});
HostFunc.typed(t.func([], t.result()), () => {});
HostFunc.typed(t.func([], t.result()), () => ok());
HostFunc.typed(t.func([], t.result()), () => err());
// @ts-expect-error wrong payload
HostFunc.typed(t.func([], t.result(t.u32, t.enum(["a", "b"]))), () => err("c"));
// @ts-expect-error not branded
HostFunc.typed(t.func([], t.result(t.u32, t.string)), () => ({ tag: "err", val: "x" }));
// @ts-expect-error not branded, unit ok
HostFunc.typed(t.func([], t.result(null, t.string)), () => ({ tag: "err", val: "x" }));
// @ts-expect-error not a result function
HostFunc.typed(t.func([], t.u32), () => err("x"));
// @ts-expect-error not a result function
HostFunc.typed(t.func([], t.u32), () => ok(1));
// @ts-expect-error no result at all
HostFunc.typed(t.func([]), () => err("x"));
HostFunc.typed(t.func([t.string]), (m) => console.log(m));
HostFunc.typed(t.func([t.string]), (m) => [].push(m as never));
HostFunc.typed(t.func([t.string]), (m) => new Map<string, number>().set(m, 1));
// @ts-expect-error a promise from a sync function
HostFunc.typed(t.func([t.string]), async (m) => {
  await m;
});
// @ts-expect-error a promise from a sync function
HostFunc.typed(t.func([t.string], t.u32), async (m) => m.length);
// @ts-expect-error a promise from a sync function
HostFunc.typed(t.func([t.string], t.u32), async (m) => m.length, { suspends: false });
// @ts-expect-error a promise from a sync function
HostFunc.typed(t.func([], t.result(null, t.string)), async () => {});
HostFunc.typed(t.func([t.string], t.u32), async (m) => m.length, { suspends: true });
HostFunc.typed(t.func([t.string], t.u32), (m) => m.length, { suspends: true });
HostFunc.typed(t.func([t.string]), async (m) => {
  await m;
}, { suspends: true });
HostFunc.typed(t.func([t.string], t.result(t.u32, t.enum(["a"]))), async (m) => m === "" ? err("a") : m.length, {
  suspends: true,
});
// @ts-expect-error wrong inside the promise
HostFunc.typed(t.func([t.string], t.u32), async (m) => m, { suspends: true });
HostFunc.typed(t.asyncFunc([t.string], t.u32), async (m) => m.length);
HostFunc.typed(t.asyncFunc([t.string], t.u32), (m) => m.length);
// @ts-expect-error
HostFunc.typed(t.asyncFunc([t.string], t.u32), async (m) => m);
// @ts-expect-error unknown option
HostFunc.typed(t.func([t.string], t.u32), (m) => m.length, { suspend: true });

// suspending: a guest waits for the promise, so that it serves wherever the awaited value is due.
HostFunc.typed(t.func([t.u32], t.u32), suspending(async (ms: number) => ms));
HostFunc.typed(t.func([]), suspending(async () => {}));
HostFunc.typed(t.func([], t.result(t.u32, t.enum(["a"]))), suspending(async () => err("a")));
same<Promise<number>, typeof awaitsItself>(true);
const awaitsItself = suspending(async (ms: number) => ms)(1);
// @ts-expect-error wrong inside the promise
HostFunc.typed(t.func([t.u32], t.string), suspending(async (ms: number) => ms));
// @ts-expect-error a wrong parameter
HostFunc.typed(t.func([t.string], t.u32), suspending(async (ms: number) => ms));
// @ts-expect-error not a function
suspending(5);
// @ts-expect-error more than a function
suspending(HostFunc.dynamic(() => () => 5));
// @ts-expect-error a dynamic one has no types to be typed by
HostFunc.typed(t.func([]), HostFunc.dynamic(() => () => {}));
// @ts-expect-error a dynamic one gives a function
HostFunc.dynamic(() => 5);
HostFunc.dynamic(() => suspending(async () => {}));

// caller.
const linker = new Linker<{ user: string }>();
linker.instance("demo:greet/host@1.0.0")
  .func(
    "log",
    HostFunc.typed(t.func([t.string, t.list(t.u8)], t.result(t.u32, t.string)), (caller, message, data) => {
      same<typeof message, string>(true);
      same<typeof caller, Caller<{ user: string }>>(true);
      return message === "" ? err("empty") : data.length + caller.data.user.length;
    }, { caller: true }),
  )
  .func("any", HostFunc.dynamic((_name, type) => (...args) => type.params.length + args[0]))
  .func("plain", (a, b) => a + b)
  .func("sleep", suspending((ms) => new Promise((done) => setTimeout(done, ms))))
  .resource("file", File);
linker.func(
  "x",
  HostFunc.typed(t.func([t.string], t.u32), async (caller, m) => caller.data.user.length + m.length, {
    caller: true,
    suspends: true,
  }),
);
linker.define({
  "a:b/c": {
    f: HostFunc.typed(t.func([t.string], t.u32), (caller, m) => caller.data.user.length + m.length, { caller: true }),
  },
});
// @ts-expect-error no such data
linker.func("x", HostFunc.typed(t.func([]), (caller) => caller.data.nobody, { caller: true }));
// @ts-expect-error no caller asked for: string has no data
linker.func("x", HostFunc.typed(t.func([t.string]), (caller) => caller.data));
const standalone = HostFunc.typed(
  t.func([t.string], t.u32),
  (caller: Caller<{ user: string }>, m) => caller.data.user.length + m.length,
  { caller: true },
);
same<typeof standalone, HostFunc<{ user: string }>>(true);
linker.func("x", standalone);
new Linker<{ user: string; more: 1 }>().func("x", standalone);
// @ts-expect-error other data
new Linker<{ id: number }>().func("x", standalone);
// @ts-expect-error other data
new Linker().func("x", standalone);
const noCaller = HostFunc.typed(t.func([t.string], t.u32), (m) => m.length);
same<typeof noCaller, HostFunc<unknown>>(true);
new Linker().func("x", noCaller);
linker.func("y", noCaller);
const unknownCaller = HostFunc.typed(t.func([]), (caller) => {
  same<typeof caller.data, unknown>(true);
}, { caller: true });
new Linker().func("x", unknownCaller);
// @ts-expect-error not a function
linker.func("x", 42);
// @ts-expect-error not an import
const bad: Imports = { "a:b/c": { x: 42 } };
// @ts-expect-error not an import
linker.define({ "a:b/c": { x: "s" } });
const component: Component = await compile(new Uint8Array(1));
const linked = linker.link(component);
linked.instantiate({ data: { user: "ann" } });
// @ts-expect-error data is needed
linked.instantiate();
// @ts-expect-error data is needed
linked.instantiate({});
// @ts-expect-error wrong data
linked.instantiateSync({ data: { user: 1 } });
new Linker().link(component).instantiate();
new Linker().link(component).instantiateSync({ limits: { handles: 1 } });
const wl = new Linker<WasiData & { user: string }>();
const w = await linkWasi(wl);
wl.link(component).instantiate({ data: { ...await w.data({ args: ["a"] }), user: "ann" } });
// @ts-expect-error no WASI data
await linkWasi(linker);

// exports by path.
declare const i: Instance;
const greet = i.func("demo:greet/api@1.0.0#greet", t.func([t.string, t.option(t.u64)], t.string));
same<typeof greet, (args_0: string, args_1?: bigint | number | null | undefined) => string>(true);
greet("a");
greet("a", 1);
greet("a", null).length;
// @ts-expect-error
greet(1);
// @ts-expect-error
greet();
const middle = i.func("f", t.func([t.option(t.u8), t.u8]));
middle(undefined, 1);
// @ts-expect-error
middle(1);
const v: void = middle(1, 2);
const parse = i.func("parse", t.func([t.string], t.result(t.u32, t.enum(["bad"]))));
same<ReturnType<typeof parse>, number>(true);
const unit = i.func("unit", t.func([], t.result()));
same<ReturnType<typeof unit>, void>(true);
const tryParse = i.func("parse", t.func([t.string], t.result(t.u32, t.enum(["bad"]))), { throws: false });
const tried = tryParse("1");
same<typeof tried, Result<number, "bad">>(true);
if (tried.tag === "ok") { const n: number = tried.val; }
else { const e: "bad" = tried.val; }
// @ts-expect-error not a result function: nothing to throw
i.func("f", t.func([], t.u32), { throws: false });
const p = i.func("f", t.func([t.u32], t.string), { promising: true });
same<ReturnType<typeof p>, Promise<string>>(true);
const pt = i.func("f", t.func([], t.result(t.u8)), { promising: true, throws: false });
same<ReturnType<typeof pt>, Promise<Result<number, undefined>>>(true);
const af = i.func("f", t.asyncFunc([t.u32], t.result(t.string, t.u8)));
same<ReturnType<typeof af>, Promise<string>>(true);
const dynamicType = t.func([] as Schema[], t.u8 as Schema | undefined);
const df = i.func("f", dynamicType);
df(1, "a", {});
const du: unknown = df();

// the default world.
i.exports["demo:greet/api@1.0.0"].greet("world");
i.exports.version();
await i.promising.exports["demo:greet/api@1.0.0"].greet("world");
await i.promising.exports.version();
i.interface("demo:greet/api")?.greet("x");
{
  using x = i;
  await using y = i;
}
const inst = await instantiate(fetch("greet.wasm"), {
  "demo:greet/host@1.0.0": { log: (message) => console.log(message.length), File },
});
inst.exports["a"].b();
await instantiate(new Uint8Array(1));
instantiateSync(component);
instantiateSync(component, {}, { signal: AbortSignal.timeout(1) });
function load(b: Uint8Array, c: BufferSource, d: Bytes) {
  return [compile(b), compile(c), compile(d), compile(fetch("x")), instantiate(b)];
}
await instantiate(component, { ...await wasi(), "a:b/c": { f: () => 1 } });
await instantiate(component, { "a:b/c": { f: () => wasiResources.inputStream(new Uint8Array(1)) } });
await instantiate(component, { "a:b/c": { f: () => wasiResources.outputStream(new WritableStream()) } });
await instantiate(component, { "a:b/c": { f: () => wasiResources.pollable(Promise.resolve(1)) } });
// @ts-expect-error a pollable is made of a promise
wasiResources.pollable(1);
// @ts-expect-error an input-stream is made of bytes
wasiResources.inputStream("text");
await wasi({ network: { http: true, fetch } });
await wasi({ network: { http: ["a"], fetch: (request) => Promise.resolve(new Response(request.url)) } });
// @ts-expect-error a response is due
await wasi({ network: { fetch: () => Promise.resolve("text") } });
await instantiate(component, { x: standalone }, { data: { user: "ann" } });
// @ts-expect-error data is needed
await instantiate(component, { x: standalone });
// @ts-expect-error other data
await instantiate(component, { x: standalone }, { data: { id: 1 } });
await instantiate(component, { x: noCaller }, { data: { id: 1 } });

// a generated world.
export interface Greet {
  readonly imports: {
    readonly "demo:greet/host@1.0.0": Host;
    readonly now: () => bigint | number;
    readonly "wasi:cli/stdout@0.2.6"?: { readonly getStdout: () => object };
  };
  readonly exports: {
    readonly "demo:greet/api@1.0.0": Api;
    readonly version: () => string;
  };
}
export interface Host {
  readonly log: (message: string) => void;
  readonly parse: (text: string) => number | Result<number, "bad">;
  readonly flush: () => void | Result<undefined, string>;
  readonly later: (ms: number) => Promise<number> | number;
  readonly File: abstract new (...args: never[]) => { read(n: number): Iterable<number> };
}
export interface Api {
  readonly greet: (name: string, times?: number | null) => string;
  readonly slow: (n: number) => Promise<string>;
  readonly Counter: { new (start: number): Counter; merge(a: Counter, b: Counter): Counter };
}
export interface Counter extends Disposable {
  next(): bigint;
}

const host: Greet["imports"]["demo:greet/host@1.0.0"] = {
  log() {},
  parse: () => 1,
  flush() {},
  later: async (ms) => ms,
  File,
};
const g = await instantiate<Greet>(component, {
  "demo:greet/host@1.0.0": {
    log: (m) => console.log(m.length),
    parse: (s) => s === "" ? err("bad") : s.length,
    flush: () => {},
    later: async (ms) => ms,
    File,
  },
  now: () => 1n,
});
same<ReturnType<typeof g.exports.version>, string>(true);
const gs: string = g.exports["demo:greet/api@1.0.0"].greet("a", 2);
// @ts-expect-error
g.exports["demo:greet/api@1.0.0"].greet(1);
// @ts-expect-error
g.exports["demo:greet/api"];
using counter = new g.exports["demo:greet/api@1.0.0"].Counter(1);
const next: bigint = counter.next();
const pe = g.promising.exports["demo:greet/api@1.0.0"];
same<ReturnType<typeof pe.greet>, Promise<string>>(true);
same<ReturnType<typeof pe.slow>, Promise<string>>(true);
const pc: Counter = await new pe.Counter(1);
const pm: Counter = await pe.Counter.merge(pc, pc);
const pn: bigint = await pe.Counter.prototype.next.call(pc);
same<Promising<{ a: 1; f?: () => 1 }>["a"], 1>(true);
g.interface("demo:greet/api@1.0.0")?.greet("x").length;
g.interface("other:thing/x")?.y();
await instantiate<Greet>(component, {
  "demo:greet/host@1.0.0": {
    ...host,
    log: noCaller,
    parse: suspending(async (s) => s.length),
    flush: suspending(async () => err("x")),
  },
  now: () => 1,
});
await instantiate<Greet>(component, { ...await wasi(), "demo:greet/host@1.0.0": host, now: () => 1 });
// @ts-expect-error no imports
await instantiate<Greet>(component);
// @ts-expect-error a missing interface
await instantiate<Greet>(component, { now: () => 1 });
// @ts-expect-error a missing function
await instantiate<Greet>(component, { now: () => 1, "demo:greet/host@1.0.0": { log: () => {} } });
// @ts-expect-error unknown import
await instantiate<Greet>(component, { now: () => 1, "demo:greet/host@1.0.0": host, other: () => 1 });
// @ts-expect-error wrong return
await instantiate<Greet>(component, { now: () => "now", "demo:greet/host@1.0.0": host });
// @ts-expect-error wrong payload
await instantiate<Greet>(component, { now: () => 1, "demo:greet/host@1.0.0": { ...host, parse: () => err("worse") } });
// @ts-expect-error a promise undeclared
await instantiate<Greet>(component, { now: async () => 1, "demo:greet/host@1.0.0": host });
// @ts-expect-error a promise undeclared, no result
await instantiate<Greet>(component, { now: () => 1, "demo:greet/host@1.0.0": { ...host, log: async () => {} } });
// @ts-expect-error wrong parameter
await instantiate<Greet>(component, { now: () => 1, "demo:greet/host@1.0.0": { ...host, log: (m: number) => {} } });
// @ts-expect-error not the class
await instantiate<Greet>(component, { now: () => 1, "demo:greet/host@1.0.0": { ...host, File: Date } });
await instantiate<Greet, { user: string }>(component, { now: standalone, "demo:greet/host@1.0.0": host }, {
  data: { user: "ann" },
});
await instantiate<Greet, { user: string }>(component, {
  now: HostFunc.typed(t.func([], t.u64), (caller) => caller.data.user.length, { caller: true }),
  "demo:greet/host@1.0.0": host,
}, { data: { user: "ann" } });
// @ts-expect-error data is needed
await instantiate<Greet, { user: string }>(component, { now: standalone, "demo:greet/host@1.0.0": host });
interface NoImports {
  readonly imports: Record<never, never>;
  readonly exports: { readonly run: () => void };
}
(await instantiate<NoImports>(component)).exports.run();
(await linker.link<Greet>(component).instantiate({ data: { user: "a" } })).exports.version();
// @ts-expect-error not a world
type Bad = Instance<{ imports: 1; exports: 2 }>;

// reflection.
function show(x: ExternType): string {
  if (x.kind !== "func") return x.kind === "type" ? x.type.kind === "resource" ? x.type.name ?? "" : type(x.type) : "";
  return x.type.params.map((p) => `${p.name}: ${type(p.type)}`).join();
}
function type(v: ValType): string {
  switch (v.kind) {
    case "list":
    case "option":
      return `${v.kind}<${type(v.element)}>`;
    case "record":
      return v.fields.map((f) => f.name + type(f.type)).join();
    case "enum":
    case "flags":
      return v.names.join();
    default:
      return v.kind;
  }
}

// more.
same<typeof inst, Instance<World>>(true);
declare const someImports: Imports;
declare const coreModule: WebAssembly.Module;
await instantiate(component, someImports);
await instantiate(component, {
  ...someImports,
  m: coreModule,
  c: component,
  r: File,
  s: { is: (v: unknown) => v === 1 },
});
new Linker().module("m", coreModule);
// @ts-expect-error not a module
new Linker().module("m", { a: 1 });
function anyInstance(x: Instance): void {
  x.exports["a"].b();
}
anyInstance(g);
anyInstance(i);
function anyLinker<D>(x: Linker<D>): Linker<D> {
  return x;
}
anyLinker(linker).instance("a").func("x", standalone);
interface NamedImports {
  readonly "a:b/c": Host;
}
interface NamedExports {
  readonly "a:b/d": Api;
}
const named = await instantiate<{ imports: NamedImports; exports: NamedExports }>(component, { "a:b/c": host });
named.exports["a:b/d"].greet("x").length;
const wide = i.func("w", t.func([t.u8, t.option(t.u8), t.option(t.u8)]));
wide(1);
wide(1, 2);
wide(1, undefined, 3);
// @ts-expect-error
wide();
HostFunc.typed(t.func([], t.result(t.result(t.u8, t.string), t.string)), () => ok(ok(1)));
HostFunc.typed(t.func([], t.result(t.result(t.u8, t.string), t.string)), () => ({ tag: "ok", val: 1 }));
// @ts-expect-error the outer one counts: its value would be 1
HostFunc.typed(t.func([], t.result(t.result(t.u8, t.string), t.string)), () => ok(1));
HostFunc.typed(t.func([t.borrow(file), t.own(file)], t.own(file)), (a, b) => {
  a.read(1);
  return b;
});
// @ts-expect-error another class
HostFunc.typed(t.func([], t.own(file)), () => new Date());
const noBranded: Dropped = "x";
class Secret {
  private constructor() {}
  static make(): Secret {
    return new Secret();
  }
}
// @ts-expect-error a private constructor is no `new`: give { is }
t.resource("secret", Secret);
same<ToJs<typeof secret>, Secret>(true);
var secret = t.own(t.resource("secret", { is: (v): v is Secret => v instanceof Secret }));
HostFunc.typed(t.func([t.stream(t.u8)], t.future(t.string)), (s) => {
  s.getReader();
  return Promise.resolve("x");
});
HostFunc.typed(t.asyncFunc([t.stream(t.u8)], t.result(t.list(t.u8), t.string)), async (s) => {
  try {
    return new Uint8Array(await new Response(s).arrayBuffer());
  } catch {
    return err("io");
  }
});
const typ = i.interface("x");
typ?.f();

// limits of what a guest executes.
same<typeof i.fuel, bigint | undefined>(true);
i.fuel = 5n;
compile(new Uint8Array(), { metering: true });
instantiate(new Uint8Array(), {}, { metering: true, limits: { fuel: 5, deadline: 10, slice: 10, memory: 65536 } });
instantiate(new Uint8Array(), {}, { metering: true, limits: { fuel: 5n } });
// @ts-expect-error milliseconds are a number
instantiate(new Uint8Array(), {}, { limits: { deadline: "10" } });
