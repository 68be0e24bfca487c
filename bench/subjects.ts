// Everything that can run the rows: raw core calls, Windlass with each kind of host function, and
// jco's output where `deno task bench:jco` has made it.
// Files enter, and the host that every implementation is given; implementations leave. Nothing here
// knows in which runtime it runs.

import { plainHost } from "./host.ts";
import { compileSync, type Component, err, HostFunc, instantiateSync, Linker, t } from "@windlass/component";

const HOST = "bench:calls/host", GUEST = "bench:calls/guest", LOOPS = "bench:calls/loops";

// deno-lint-ignore no-explicit-any
type Any = any;
type Bytes = Uint8Array<ArrayBuffer>;

/** The files of this folder. */
export interface Files {
  read(path: string): Bytes;
  /** Loads a module. `undefined` if it is not there. */
  load(path: string): Promise<Any>;
}

/** What one implementation offers: the guest's echoes and the guest's loops. */
export interface Subject {
  readonly name: string;
  readonly guest: Any;
  readonly loops: Any;
}

/** What subjects are made of. */
interface Parts {
  readonly files: Files;
  /**
   * Compiled once: where two instances are asked for, they are of one component, and of one core
   * module where there is none.
   */
  readonly component: Component;
  readonly rawModule: WebAssembly.Module;
  readonly host: () => Any;
}

/** What an instance exports, to be measured. */
function subject(name: string, { exports }: Any): Subject {
  return { name, guest: exports[GUEST], loops: exports[LOOPS] };
}

/** This library or another state of it, with plain host functions. */
export function subjectOf(
  name: string,
  library: { instantiateSync: (source: Any, imports: Any, options?: Any) => Any },
  source: Bytes | Component,
  options?: Any,
  host: () => Any = plainHost,
): Subject {
  return subject(name, library.instantiateSync(source, { [HOST]: host() }, options));
}

/** With results as values, both ways: an `err` given rather than thrown, which only we can take. */
function byValue({ component, host }: Parts): Subject {
  const fallible = (x: number) => x === 0 ? err("failed: the argument was 0") : x;
  const instance: Any = instantiateSync(component, { [HOST]: { ...host(), fallible } });
  const guest = instance.func(`${GUEST}#fallible`, t.func([t.u32], t.result(t.u32, t.string)), { throws: false });
  return { name: "windlass, by value", guest: { fallible: guest }, loops: instance.exports[LOOPS] };
}

/** With lists that the host sees in the guest's memory. */
function views({ component, host }: Parts): Subject {
  const made = host(), len = HostFunc.typed(t.func([t.view(t.u8)], t.u32), made.len);
  return subject("windlass, views", instantiateSync(component, { [HOST]: { ...made, len } }));
}

const kebab = (name: string): string => name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);

function dynamic({ component, host }: Parts): Subject {
  const { Counter, ...functions } = host();
  const made = Object.entries(functions).map(([name, func]) => [kebab(name), HostFunc.dynamic(() => func as Any)]);
  const imports = { [HOST]: { Counter, ...Object.fromEntries(made) } };
  return subject("windlass, dynamic", instantiateSync(component, imports));
}

function typed({ component, host }: Parts): Subject {
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
  const { Counter, len, ...functions } = host();
  const linker = new Linker();
  const instance = linker.instance(HOST).resource("counter", Counter);
  instance.func("[constructor]counter", () => new Counter()).func("[method]counter.get", (self: Any) => self.get());
  instance.func("len", HostFunc.typed(t.func([t.list(t.u8)], t.u32), len));
  for (const [name, func] of Object.entries(functions)) {
    instance.func(kebab(name), HostFunc.typed(types[name], func as Any));
  }
  const made = linker.link(component).instantiateSync();
  const guest = Object.fromEntries(
    Object.entries(types).map(([name, type]) => [name, made.func(`${GUEST}#${kebab(name)}`, type)]),
  );
  return { name: "windlass, typed", guest: { ...guest, Tally: made.exports[GUEST].Tally }, loops: made.exports[LOOPS] };
}

async function jco(name: string, folder: string, { files, host }: Parts): Promise<Subject | undefined> {
  const module = await files.load(`.jco/${folder}/calls.js`);
  if (module === undefined) return undefined;
  const modules = (file: string) => new WebAssembly.Module(files.read(`.jco/${folder}/${file}`));
  return subject(name, { exports: module.instantiate(modules, { [HOST]: host() }) });
}

/**
 * The floor: a raw core call each way, of a stateful guest, which no engine can fold away.
 */
function raw({ rawModule }: Parts): Subject {
  const h = { add: (a: number, b: number) => (a + b) | 0, nop: () => {} };
  const { add, nop, loop, loopNop } = new WebAssembly.Instance(rawModule, { h }).exports as Any;
  return { name: "raw", guest: { add, nop }, loops: { add: loop, nop: loopNop } };
}

/** Every implementation, by name. */
const makers: Readonly<Record<string, (parts: Parts) => Subject | undefined | Promise<Subject | undefined>>> = {
  "raw": raw,
  "windlass": ({ component, host }) => subjectOf("windlass", { instantiateSync } as Any, component, {}, host),
  "windlass, typed": typed,
  "windlass, dynamic": dynamic,
  "windlass, by value": byValue,
  "windlass, views": views,
  "windlass, closures": ({ files, host }) =>
    subjectOf("windlass, closures", { instantiateSync } as Any, files.read(FIXTURE), { codegen: false }, host),
  "jco current": (parts) => jco("jco current", "current", parts),
  "jco 1.10.2": (parts) => jco("jco 1.10.2", "v1.10.2", parts),
};

/** The component that is measured. */
export const FIXTURE = "fixtures/calls.wasm";

/**
 * Implementations by name, all by default; one that is asked for twice is there twice. What is not
 * there is left out.
 *
 * @param host Makes what each of them imports.
 */
export async function subjects(
  files: Files,
  names: readonly string[] = Object.keys(makers),
  host: () => Any = plainHost,
): Promise<Subject[]> {
  const component = compileSync(files.read(FIXTURE));
  const parts = { files, component, rawModule: new WebAssembly.Module(files.read("fixtures/raw.wasm")), host };
  const all: Subject[] = [];
  for (const name of names) {
    const made = await makers[name]!(parts);
    if (made !== undefined) all.push(made);
  }
  return all;
}
