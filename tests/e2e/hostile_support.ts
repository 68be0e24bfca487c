// What the hostile tests share: guests from parts, and how a case is run and its aftermath looked
// at. Every guest exports `ping`: it gives 7 as long as the instance is usable, and cannot be
// entered once it is locked down.

import { assert, assertEquals, assertMatch } from "@std/assert";
import {
  type Component,
  type Imports,
  type Instance,
  type InstantiateOptions,
  instantiateSync,
  Trap,
  ValueError,
} from "@windlass/component";
import { component, thrown } from "../support/wasm.ts";

// Guests.

/** Core functions of a component by name, each `$name` in its text, with their core types. */
export type Signatures = Readonly<Record<string, string>>;

/**
 * The parts of a guest: two core modules, one with memory and allocator, one with everything else.
 */
export interface Guest {
  /** Imports, types and built-ins. */
  defs?: string;
  /** What the module of `realloc`, post-return and destructor imports. */
  libc?: Signatures;
  /** The body of realloc. */
  realloc?: string;
  /** Parameters and body of a post-return of `f`. */
  post?: string;
  /** The body of `dtor`, for a resource type among `lowers`. */
  dtor?: string;
  /** Pages of memory; default 1. */
  pages?: number;
  /** Imports lowered with `$options`, and what else comes after the memory. */
  lowers?: string;
  /** What the main module imports. */
  needs?: Signatures;
  /** Functions of the main module; the tag `$oops` is there to throw. */
  core?: string;
  /** The type of the export `f`, lifted from the core function of that name; none without. */
  f?: string;
  /** Options of that lift besides memory and realloc. */
  encoding?: string;
  /** Definitions after all that. */
  more?: string;
}

/** A realloc that never frees, and grows the memory by no more than is needed. */
export const BUMP = `(local.set $ptr (i32.and (i32.add (global.get $heap) (i32.const 7)) (i32.const -8)))
  (global.set $heap (i32.add (local.get $ptr) (local.get 3)))
  (block $enough (loop $more
    (br_if $enough (i32.le_u (global.get $heap) (i32.mul (memory.size) (i32.const 65536))))
    (br_if $more (i32.ne (memory.grow (i32.const 1)) (i32.const -1)))))
  (local.get $ptr)`;

const OPTIONS = `(memory (core memory $libc "memory")) (realloc (core func $libc "realloc"))`;

const imported = (signatures: Signatures): string =>
  Object.entries(signatures).map(([name, type]) => `(import "" "${name}" (func $${name} ${type}))`).join(" ");
const given = (signatures: Signatures): string =>
  `(with "" (instance ${Object.keys(signatures).map((name) => `(export "${name}" (func $${name}))`).join(" ")}))`;

/** The text of a guest. */
export function guest(parts: Guest): string {
  const { defs = "", libc = {}, realloc = BUMP, post, dtor = "", pages = 1 } = parts;
  const { lowers = "", needs = {}, core = "", f, encoding = "utf8", more = "" } = parts;
  const postReturn = post === undefined ? "" : `(post-return (core func $libc "post"))`;
  return `(component
    ${defs}
    (core module $Libc ${imported(libc)}
      (memory (export "memory") ${pages}) (global $heap (mut i32) (i32.const 4096)) (tag $oops)
      (func (export "realloc") (param i32 i32 i32 i32) (result i32) (local $ptr i32) ${realloc})
      (func (export "post") ${post ?? ""})
      (func (export "dtor") (param i32) ${dtor}))
    (core instance $libc (instantiate $Libc ${given(libc)}))
    ${lowers.replaceAll("$options", OPTIONS)}
    (core module $M (import "libc" "memory" (memory 1)) ${imported(needs)} (tag $oops)
      ${core}
      (func (export "ping") (result i32) (i32.const 7)))
    (core instance $m (instantiate $M (with "libc" (instance $libc)) ${given(needs)}))
    (func (export "ping") (result u32) (canon lift (core func $m "ping")))
    ${
    f === undefined
      ? ""
      : `(func (export "f") ${f} (canon lift (core func $m "f") string-encoding=${encoding} ${OPTIONS} ${postReturn}))`
  }
    ${more.replaceAll("$options", OPTIONS)})`;
}

/** The core function `f` that gives back the list or string it is given. */
export const SAME = `(func (export "f") (param i32 i32) (result i32)
  (i32.store (i32.const 16) (local.get 0)) (i32.store (i32.const 20) (local.get 1)) (i32.const 16))`;

/**
 * A guest whose `f` gives the bytes of the list it was given, and the eight that follow in memory,
 * which nobody was given.
 */
export const FOLLOWING: string = guest({
  f: `(param "x" (list u8)) (result (list u8))`,
  core: SAME.replace("(local.get 1)", "(i32.add (local.get 1) (i32.const 8))"),
});
/** The lowering of an import `$go'` that needs the memory. */
export const LOWER_GO = `(core func $go (canon lower (func $go') $options))`;

/**
 * A resource type of the guest's and its built-ins, as `lowers`; its destructor is the guest's
 * `dtor`.
 */
export const COAT = `(type $coat' (resource (rep i32) (dtor (func $libc "dtor")))) (export $coat "coat" (type $coat'))
  (core func $new (canon resource.new $coat))
  (core func $drop (canon resource.drop $coat))
  (core func $rep (canon resource.rep $coat))`;
/** The same without destructor, as `defs`. */
export const PLAIN_COAT: string = COAT.replace(` (dtor (func $libc "dtor"))`, "");
/** The built-ins of both. */
export const coatNeeds: Signatures = {
  new: "(param i32) (result i32)",
  drop: "(param i32)",
  rep: "(param i32) (result i32)",
};

/** The import that {@linkcode beside} gives, and its lowering. */
export const OTHER = `(import "other" (func $other' (result string)))`,
  LOWER_OTHER = `(core func $other (canon lower (func $other') $options))`;

/**
 * Puts a guest that imports `other` and `go` beside a component that exports the former and imports
 * the latter.
 */
export const beside = (text: string, other: string): string =>
  `(component
    (import "go" (func $go))
    (component $Other
      (import "go" (func $host)) (core func $go (canon lower (func $host)))
      (core module $M (import "" "go" (func $go)) (tag $oops) (memory (export "memory") 1)
        (func (export "f") (result i32) ${other}))
      (core instance $m (instantiate $M (with "" (instance (export "go" (func $go))))))
      (func (export "f") (result string) (canon lift (core func $m "f") (memory $m "memory"))))
    (instance $o (instantiate $Other (with "go" (func $go))))
    ${text.replace("(component", "(component $Guest")}
    (instance $g (instantiate $Guest (with "other" (func $o "f")) (with "go" (func $go))))
    (export "f" (func $g "f")) (export "ping" (func $g "ping")))`;

/** A value type with a name, as one that an export mentions must have. */
export const named = (name: string, type: string): string =>
  `(type $${name}' ${type}) (export $${name} "${name}" (type $${name}'))`;

/** A body that gives 99 if it caught what another one threw, else 0. */
export const swallow = (body: string): string =>
  `(block $caught (try_table (catch_all $caught) ${body}) (return (i32.const 0))) (i32.const 99)`;

// Cases.

/** A run: the instance, and what the case notes on the way. */
export interface Run {
  instance: Instance;
  // deno-lint-ignore no-explicit-any
  exports: any;
  readonly noted: unknown[];
  readonly controller: AbortController;
}

/** One hostile act: what comes of it, and what becomes of the instance. */
export interface Case {
  readonly name: string;
  readonly wat: string;
  readonly imports?: (run: Run) => Imports;
  readonly options?: (run: Run) => InstantiateOptions;
  /** Default: calls `f` without arguments. */
  readonly run?: (run: Run) => unknown;
  /** What it throws, as {@linkcode describe} says it. */
  readonly fails?: string;
  /** What it gives instead. */
  readonly gives?: unknown;
  /** Noted on the way. */
  readonly notes?: readonly unknown[];
  readonly afterwards: "locked" | "usable" | "disposed";
}

/** An exception as `Class code: message`. */
export function describe(error: unknown): string {
  if (!(error instanceof Error)) return `thrown: ${error}`;
  const { code } = error as { code?: string };
  return `${error.name}${code === undefined ? "" : ` ${code}`}: ${error.message}`;
}

/** Throws as a host does. */
export function throwing(): never {
  throw new RangeError("the host's own");
}

export { unreachable } from "../support/engine.ts";

const compiled = new Map<string, Promise<Component>>();
function compile(text: string): Promise<Component> {
  let made = compiled.get(text);
  if (made === undefined) compiled.set(text, made = component(text));
  return made;
}

const aftermaths = {
  locked: [
    Trap,
    /^Cannot call export ping: cannot enter component instance, which an (abort|earlier trap|earlier exception) locked down$/,
  ],
  disposed: [ValueError, /^Cannot call export ping: the instance was disposed$/],
} as const;

/** Makes a test of each case. */
export function testAll(cases: readonly Case[]): void {
  for (const { name, wat, imports, options, run = ({ exports }: Run) => exports.f(), ...expected } of cases) {
    Deno.test(`hostile: ${name}`, async () => {
      const made = await compile(wat);
      const state: Run = { noted: [], controller: new AbortController(), instance: undefined!, exports: undefined };
      state.instance = instantiateSync(made, imports?.(state) ?? {}, options?.(state) ?? {});
      state.exports = state.instance.exports;
      const { ping } = state.exports;
      assertEquals(ping(), 7);
      if (expected.fails === undefined) assertEquals(run(state), expected.gives);
      else assertEquals(describe(thrown(() => run(state))), expected.fails);
      assertEquals(state.noted, expected.notes ?? []);
      if (expected.afterwards === "usable") return assertEquals(ping(), 7);
      const [type, message] = aftermaths[expected.afterwards];
      const error = thrown(ping);
      assert(error instanceof type);
      assertMatch(error.message, message);
    });
  }
}
