// One start of one subject in a process of its own: milliseconds of each phase, as one JSON object.
// Arguments: the subject's kind, the component's name, and the files that the subject consists of.
// Only built-in modules are imported before the clock runs. The result of the first call is checked.

import { readFile } from "node:fs/promises";
import { pathToFileURL } from "node:url";

// deno-lint-ignore no-explicit-any
type Any = any;
const { process } = globalThis as Any;
const [kind, component, library, files]: string[] = process.argv.slice(2);

const marks: Record<string, number> = {};
let last = performance.now();
const begin = last;
/** Notes how long what was done since the last mark took. */
function mark(phase: string): void {
  const now = performance.now();
  marks[phase] = now - last;
  last = now;
}

const GREET_HOST = "demo:greet/host", GREET_API = "demo:greet/api";
const TOOLS = "local:wasm-tools/tools";
const lines: string[] = [];
const log = (line: string): void => void lines.push(line);
const random = (length: bigint): Uint8Array => crypto.getRandomValues(new Uint8Array(Number(length)));

/** Calls the component's function, and gives what is wrong with the result. */
function firstCall(exports: Any): string | undefined {
  if (component === "greet") {
    const greeting = (exports[`${GREET_API}@1.0.0`] ?? exports[GREET_API]).greet("world");
    return greeting === "Hello, world!" && lines.length === 1 ? undefined : `greet gave ${greeting}`;
  }
  const module: Uint8Array = exports[TOOLS].parse('(module (func (export "answer") (result i32) i32.const 42))');
  const { answer } = new WebAssembly.Instance(new WebAssembly.Module(module as Any)).exports as Any;
  return answer() === 42 ? undefined : "the parsed module is wrong";
}

/** What wasm-tools gets from the host: as little of WASI as the call needs. */
function defineTools(linker: Any): void {
  linker.trapUnknown();
  linker.instance("wasi:random/random@0.2.0").func("get-random-bytes", random);
  linker.instance("wasi:cli/environment@0.2.0").func("get-environment", () => []);
}

function define(linker: Any): Any {
  if (component === "greet") linker.instance(`${GREET_HOST}@1.0.0`).func("log", log);
  else defineTools(linker);
  return linker;
}

/** Imports for jco's output, which takes every interface apart when it starts. */
function jcoImports(): Any {
  if (component === "greet") return { [GREET_HOST]: { log } };
  const some: Any = { getRandomBytes: random, getEnvironment: () => [] };
  const members = new Proxy({}, { get: (_, name) => some[name] ?? class {} });
  return new Proxy({}, { get: () => members });
}

const subjects: Readonly<Record<string, () => Promise<Any>>> = {
  /** The library: bytes of a component, at run time. */
  async runtime() {
    const { compile, Linker } = await import(pathToFileURL(library!).href);
    mark("load");
    const compiled = await compile(await readFile(files!));
    mark("compile");
    const linked = define(new Linker()).link(compiled);
    mark("link");
    const { exports } = await linked.instantiate();
    mark("instantiate");
    return exports;
  },
  /** The same, with the phases of compiling apart. */
  async phases() {
    const { decode, validate, plan, make, Linker } = await import(pathToFileURL(library!).href);
    mark("load");
    const bytes = await readFile(files!);
    mark("read the file");
    const decoded = decode(bytes);
    mark("decode");
    validate(decoded);
    mark("validate");
    const planned = plan(decoded);
    mark("plan");
    const compiled = await make(decoded, planned, bytes);
    mark("WebAssembly.compile");
    const linked = define(new Linker()).link(compiled);
    mark("link");
    const { exports } = await linked.instantiate();
    mark("instantiate");
    return exports;
  },
  /** A module that `windlass wrap --ahead` wrote. */
  async ahead() {
    const made = await import(pathToFileURL(library!).href);
    mark("load");
    const linked = define(new made.Linker()).link(made.component);
    mark("link");
    const { exports } = await linked.instantiate();
    mark("instantiate");
    return exports;
  },
  /** jco's output, made with \`--instantiation async\`. */
  async jco() {
    const { instantiate } = await import(pathToFileURL(library!).href);
    mark("load");
    const compileCore = async (file: string) => await WebAssembly.compile(await readFile(`${files}/${file}`) as Any);
    const exports = await instantiate(compileCore, jcoImports());
    mark("instantiate");
    return { ...exports, [GREET_API]: exports.api ?? exports[GREET_API], [TOOLS]: exports.tools ?? exports[TOOLS] };
  },
};

const subject = subjects[kind!];
if (subject === undefined) {
  if (kind !== "nothing") throw new Error(`no subject ${kind}`);
} else {
  const fault = firstCall(await subject());
  mark("first call");
  if (fault !== undefined) throw new Error(fault);
  marks["all"] = performance.now() - begin;
}
console.log(JSON.stringify(marks));
