// The rows of the call benches, and everything that can run them: raw core calls, Windlass with
// each kind of host function,
// and jco's output where `deno task bench:jco` has made it. A row makes a function that does
// `calls` crossings and checks its results.

import { readFileSync } from "node:fs";
import { pathToFileURL } from "node:url";
import { type Counter, host } from "./host.ts";
import { compileSync, err, HostFunc, instantiateSync, Linker, t } from "@windlass/component";

/**
 * Files are found from the folder that a bench runs in: on other runtimes than Deno it runs from a
 * bundle.
 */
const root = pathToFileURL(`${(globalThis as Any).process.cwd()}/bench/`);
const bytes = new Uint8Array(readFileSync(new URL("fixtures/calls.wasm", root)));
/**
 * Compiled once: where two instances are asked for, they are of one component, and of one core
 * module where there is none.
 */
const component = compileSync(bytes);
const rawModule = new WebAssembly.Module(new Uint8Array(readFileSync(new URL("fixtures/raw.wasm", root))));
const HOST = "bench:calls/host", GUEST = "bench:calls/guest", LOOPS = "bench:calls/loops";

// deno-lint-ignore no-explicit-any
type Any = any;

/** What one implementation offers: the guest's echoes and the guest's loops. */
export interface Subject {
  readonly name: string;
  readonly guest: Any;
  readonly loops: Any;
}

/** The host, an `err` given rather than thrown, which only we can take. */
function byValue(): Any {
  return { ...host(), fallible: (x: number) => x === 0 ? err("failed: the argument was 0") : x };
}

/** What an instance exports, to be measured. */
function subject(name: string, { exports }: Any): Subject {
  return { name, guest: exports[GUEST], loops: exports[LOOPS] };
}

function windlass(name: string, imports: Any): Subject {
  return subject(name, instantiateSync(component, { [HOST]: imports }));
}

/** This library or another state of it, with plain host functions. */
export function subjectOf(
  name: string,
  library: { instantiateSync: (bytes: Uint8Array, imports: Any, options?: Any) => Any },
  options?: Any,
): Subject {
  return subject(name, library.instantiateSync(bytes, { [HOST]: host() }, options));
}

/** Windlass without generated code. */
function closures(): Subject {
  return subjectOf("windlass, closures", { instantiateSync } as Any, { codegen: false });
}

/** Windlass with results as values, both ways. */
function valued(): Subject {
  const instance: Any = instantiateSync(component, { [HOST]: byValue() });
  const fallible = instance.func(`${GUEST}#fallible`, t.func([t.u32], t.result(t.u32, t.string)), { throws: false });
  return { name: "windlass, by value", guest: { fallible }, loops: instance.exports[LOOPS] };
}

const kebab = (name: string): string => name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);

function dynamic(): Subject {
  const { Counter, ...functions } = host();
  const made = Object.entries(functions).map(([name, func]) => [kebab(name), HostFunc.dynamic(() => func as Any)]);
  return windlass("windlass, dynamic", { Counter, ...Object.fromEntries(made) });
}

function typed(): Subject {
  const point = t.record({ x: t.f64, y: t.f64, id: t.u32 });
  const big = t.record(Object.fromEntries([..."abcdefghijklm"].map((name) => [name, t.u32])));
  const shape = t.variant({ circle: t.f64, square: t.u32, empty: null });
  const color = t.enum(["red", "green", "blue"]), perms = t.flags(["read", "write", "exec"]);
  const types: Record<string, Any> = {
    nop: t.func([]),
    add: t.func([t.u32, t.u32], t.u32),
    text: t.func([t.string], t.string),
    bytes: t.func([t.list(t.u8)], t.list(t.u8)),
    points: t.func([t.list(point)], t.list(point)),
    names: t.func([t.list(t.string)], t.list(t.string)),
    echoBig: t.func([big], big),
    many: t.func(Array.from({ length: 20 }, () => t.u32), t.u32),
    fallible: t.func([t.u32], t.result(t.u32, t.string)),
    maybe: t.func([t.option(t.u32)], t.option(t.u32)),
    echoShape: t.func([shape], shape),
    paint: t.func([color], color),
    permit: t.func([perms], perms),
    words: t.func([t.list(t.u32)], t.list(t.u32)),
  };
  const { Counter, ...functions } = host();
  const linker = new Linker();
  const instance = linker.instance(HOST).resource("counter", Counter);
  instance.func("[constructor]counter", () => new Counter()).func("[method]counter.get", (self: Counter) => self.get());
  for (const [name, func] of Object.entries(functions)) {
    instance.func(kebab(name), HostFunc.typed(types[name], func as Any));
  }
  const made = linker.link(component).instantiateSync();
  const guest = Object.fromEntries(
    Object.entries(types).map(([name, type]) => [name, made.func(`${GUEST}#${kebab(name)}`, type)]),
  );
  return { name: "windlass, typed", guest: { ...guest, Tally: made.exports[GUEST].Tally }, loops: made.exports[LOOPS] };
}

async function jco(name: string, folder: string): Promise<Subject | undefined> {
  try {
    const base = new URL(`.jco/${folder}/`, root);
    const { instantiate } = await import(new URL("calls.js", base).href);
    const modules = (file: string) => new WebAssembly.Module(new Uint8Array(readFileSync(new URL(file, base))));
    const exports = instantiate(modules, { [HOST]: host() });
    return { name, guest: exports[GUEST], loops: exports[LOOPS] };
  } catch (error) {
    if (/not found|Cannot find/i.test((error as Error).message)) return undefined;
    throw error;
  }
}

/** Every implementation, by name. */
const makers: Readonly<Record<string, () => Subject | undefined | Promise<Subject | undefined>>> = {
  "raw": rawSubject,
  "windlass": () => windlass("windlass", host()),
  "windlass, typed": typed,
  "windlass, dynamic": dynamic,
  "windlass, by value": valued,
  "windlass, closures": closures,
  "jco current": () => jco("jco current", "current"),
  "jco 1.10.2": () => jco("jco 1.10.2", "v1.10.2"),
};

/**
 * Implementations by name, all by default; one that is asked for twice is there twice. What is not
 * there is left out.
 */
export async function subjects(names: readonly string[] = Object.keys(makers)): Promise<Subject[]> {
  const all: Subject[] = [];
  for (const name of names) {
    const made = await makers[name]!();
    if (made !== undefined) all.push(made);
  }
  return all;
}

/** One row: makes a function that crosses the boundary `calls` times. */
export interface Row {
  readonly name: string;
  readonly direction: "host → guest" | "guest → host";
  readonly calls: number;
  run(subject: Subject): () => void;
  /** The implementations that have it; all if it does not say. */
  has(subject: Subject): boolean;
}

function assertSame(actual: unknown, expected: unknown): void {
  if (actual !== expected) throw new Error(`expected ${expected}, found ${actual}`);
}

/** The raw module has two functions; results by value are one row. */
function has({ name }: Subject, row: string): boolean {
  if (name === "raw") return row === "nop" || row === "add";
  return (name === "windlass, by value") === (row === "result err, by value");
}

function hostToGuest(name: string, calls: number, prepare: (guest: Any) => () => void): Row {
  return {
    name,
    direction: "host → guest",
    calls,
    has: (subject) => has(subject, name),
    run: ({ guest }) => {
      const once = prepare(guest);
      return () => {
        for (let i = 0; i < calls; i++) once();
      };
    },
  };
}

function guestToHost(name: string, calls: number, run: (loops: Any, calls: number) => () => void): Row {
  return {
    name,
    direction: "guest → host",
    calls,
    has: (subject) => has(subject, name),
    run: ({ loops }) => run(loops, calls),
  };
}

const points = (count: number) => Array.from({ length: count }, (_, id) => ({ x: 1.5, y: 2.5, id }));
const names = (count: number) => Array.from({ length: count }, () => "a".repeat(12));
const big = Object.fromEntries([..."abcdefghijklm"].map((name, i) => [name, i]));
const many = Array.from({ length: 20 }, (_, i) => i) as Any;
const texts = { "5 B": 5, "100 B": 100, "10 KB": 10_000 };

/** The rows of README.md. */
export const rows: readonly Row[] = [
  hostToGuest("nop", 1000, (guest) => () => guest.nop()),
  hostToGuest("add", 1000, (guest) => () => assertSame(guest.add(3, 4), 7)),
  ...Object.entries(texts).map(([size, length]) => {
    const text = "a".repeat(length);
    return hostToGuest(`text ${size}`, 100, (guest) => () => assertSame(guest.text(text).length, length));
  }),
  ...[16, 65536].map((length) => {
    const list = new Uint8Array(length);
    return hostToGuest(`list<u8> ${length}`, 100, (guest) => () => assertSame(guest.bytes(list).length, length));
  }),
  hostToGuest("list<u32> 1024", 100, (guest) => {
    const list = new Uint32Array(1024);
    return () => assertSame(guest.words(list).length, 1024);
  }),
  hostToGuest("list<record> 100", 10, (guest) => {
    const list = points(100);
    return () => assertSame(guest.points(list)[99].id, 99);
  }),
  hostToGuest("list<string> 100", 10, (guest) => {
    const list = names(100);
    return () => assertSame(guest.names(list).length, 100);
  }),
  hostToGuest("record of 13", 100, (guest) => () => assertSame(guest.echoBig(big).m, 12)),
  hostToGuest("20 parameters", 100, (guest) => () => assertSame(guest.many(...many), 19)),
  hostToGuest("result ok", 100, (guest) => () => assertSame(guest.fallible(5), 5)),
  hostToGuest("result err", 100, (guest) => () => {
    try {
      guest.fallible(0);
    } catch (error) {
      return assertSame((error as { payload: string }).payload.length, 26);
    }
    throw new Error("expected it to throw");
  }),
  hostToGuest("result err, by value", 100, (guest) => () => assertSame(guest.fallible(0).val.length, 26)),
  hostToGuest("enum", 1000, (guest) => () => assertSame(guest.paint("blue"), "blue")),
  hostToGuest("flags", 1000, (guest) => {
    const perms = { read: true, write: false, exec: true };
    return () => assertSame(guest.permit(perms).exec, true);
  }),
  hostToGuest("option", 100, (guest) => () => assertSame(guest.maybe(5), 5)),
  hostToGuest("variant", 100, (guest) => {
    const shape = { tag: "circle", val: 1.5 };
    return () => assertSame(guest.echoShape(shape).val, 1.5);
  }),
  hostToGuest("resource method", 100, (guest) => {
    const tally = new guest.Tally();
    return () => assertSame(tally.get(), 8);
  }),
  hostToGuest("resource new + dispose", 100, (guest) => () => new guest.Tally()[Symbol.dispose]()),
  guestToHost("nop", 1000, (loops, calls) => () => loops.nop(calls)),
  guestToHost("add", 1000, (loops, calls) => () => assertSame(loops.add(calls), 3 * calls)),
  ...Object.entries(texts).map(([size, length]) =>
    guestToHost(`text ${size}`, 100, (loops, calls) => () => assertSame(loops.text(calls, length), length))
  ),
  ...[16, 65536].map((length) =>
    guestToHost(`list<u8> ${length}`, 100, (loops, calls) => () => assertSame(loops.bytes(calls, length), length))
  ),
  guestToHost("list<u32> 1024", 100, (loops, calls) => () => assertSame(loops.words(calls, 1024), 1024)),
  guestToHost("list<record> 100", 10, (loops, calls) => () => assertSame(loops.points(calls, 100), 100)),
  guestToHost("list<string> 100", 10, (loops, calls) => () => assertSame(loops.names(calls, 100), 100)),
  guestToHost("record of 13", 100, (loops, calls) => () => assertSame(loops.echoBig(calls), 12)),
  guestToHost("20 parameters", 100, (loops, calls) => () => assertSame(loops.many(calls), 0)),
  guestToHost("result ok", 100, (loops, calls) => () => assertSame(loops.fallible(calls, 5), 0)),
  guestToHost("result err", 100, (loops, calls) => () => assertSame(loops.fallible(calls, 0), 1)),
  guestToHost("result err, by value", 100, (loops, calls) => () => assertSame(loops.fallible(calls, 0), 1)),
  guestToHost("enum", 1000, (loops, calls) => () => assertSame(loops.paint(calls), 1)),
  guestToHost("flags", 1000, (loops, calls) => () => assertSame(loops.permit(calls), 5)),
  guestToHost("option", 100, (loops, calls) => () => assertSame(loops.maybe(calls), 1)),
  guestToHost("variant", 100, (loops, calls) => () => assertSame(loops.echoShape(calls), 7)),
  guestToHost("resource method", 100, (loops, calls) => () => assertSame(loops.counter(calls), 7)),
];

// ── The floor
// ─────────────────────────────────────────────────────────────────────────────────────────────────────────────

/** A raw core call each way: of a stateful guest, which no engine can fold away. */
export function rawSubject(): Subject {
  const h = { add: (a: number, b: number) => (a + b) | 0, nop: () => {} };
  const { add, nop, loop, loopNop } = new WebAssembly.Instance(rawModule, { h }).exports as Any;
  return { name: "raw", guest: { add, nop }, loops: { add: loop, nop: loopNop } };
}
