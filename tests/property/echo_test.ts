// Random values of random types go host → guest → host → guest → host and stay what they are:
// through one guest, and through two with all pairs of string encodings; to plain, dynamic and
// typed host functions, and to typed ones that see lists as views; in functions at the root and in interfaces; with memories of 32 and of 64 bits,
// and from one to the other. WINDLASS_SEED=n repeats a run,
// WINDLASS_RUNS=n makes it n times as long; what fails is shrunk, and fast-check prints its seed
// and path.

import { hasLargeMemories } from "../support/engine.ts";
import fc, { type Arbitrary } from "fast-check";
import { assert, assertEquals } from "@std/assert";
import {
  compileSync,
  ComponentError,
  err,
  HostFunc,
  type HostFunction,
  type Imports,
  type Instance,
  instantiateSync,
  ok,
  type ResourceClass,
  t,
} from "@windlass/component";
import type { AddressType } from "../../abi/types/core_values.ts";
import { formatType, type ResourceType, type ValType } from "../../abi/types/types.ts";
import {
  addressTypes,
  difference,
  everything,
  type ObjectsOf,
  schemaOf,
  signatures,
  types,
  values,
} from "../support/arbitraries.ts";
import { echoComponent, echoOf, type EchoOptions, GUEST, HOST, keepComponent } from "../support/echo.ts";
import { type Signature, type StringEncoding, stringEncodings } from "../support/encoder.ts";
import { factor, runs, seed } from "../support/runs.ts";
import { wideGates } from "../support/wasm.ts";

let calls = 0;

// Host and guest.

/** How the host's function is given, and how the export is called. */
type Style = "plain" | "dynamic" | "typed" | "views";

/** One call: what the host passes, and what its own function returns. */
interface Call {
  readonly args: readonly unknown[];
  readonly result: unknown;
}

class FirstResource {
  [Symbol.dispose](): void {
    disposals++;
  }
}
class SecondResource extends FirstResource {}
let disposals = 0;
const resources: readonly ResourceType[] = [{ kind: "resource", name: "r0" }, { kind: "resource", name: "r1" }];
const classOf = (resource: ResourceType): ResourceClass => resource.name === "r0" ? FirstResource : SecondResource;
const objectsOf: ObjectsOf = (resource) => resource.name === "r0" ? new FirstResource() : new SecondResource();

function requireSame(type: ValType, expected: unknown, actual: unknown, where: string): void {
  const found = difference(type, expected, actual);
  if (found !== undefined) throw new Error(`${where}, ${formatType(type)}: ${found}`);
}

/** Calls a function whose result may be a `result`: gives that as a variant value. */
function outcome(type: ValType | undefined, call: () => unknown): unknown {
  if (type?.kind !== "result") return call();
  try {
    return { tag: "ok", val: call() };
  } catch (error) {
    if (!(error instanceof ComponentError)) throw error;
    return { tag: "err", val: error.payload };
  }
}

/** An instance, and what makes one call of it and checks both ends. */
interface Echo {
  readonly instance: Instance;
  call(call: Call): void;
}

/** Instantiates an echo of a signature. */
function echo(signature: Signature, options: EchoOptions, style: Style, fused: boolean): Echo {
  const { params, result } = signature;
  let current: Call = { args: [], result: undefined };
  const host: HostFunction = (...args) => {
    assertEquals(args.length, params.length);
    params.forEach(({ type }, i) => requireSame(type, current.args[i], args[i], `param ${i} at the host`));
    if (result?.kind !== "result") return current.result;
    const { tag, val } = current.result as { tag: string; val: unknown };
    return tag === "ok" ? ok(val) : err(val);
  };
  const schema = t.func(
    params.map(({ type }) => schemaOf(type, classOf, style === "views")),
    result === undefined ? undefined : schemaOf(result, classOf),
  );
  const f = style === "plain" ? host : style === "dynamic"
    ? HostFunc.dynamic((_, type) => {
      assertEquals(type.params.map((param) => param.name), params.map((param) => param.name));
      return host;
    })
    : HostFunc.typed(schema, host as never);
  const members: Imports = { f, r0: FirstResource, r1: SecondResource };
  const isTyped = style === "typed" || style === "views";
  const instance: Instance = instantiateSync(
    compileSync(echoComponent(signature, options), { gates: wideGates, fused }),
    options.interfaces ? { [HOST]: members } : members,
  );
  const { exports } = instance;
  const guest: HostFunction = isTyped
    ? instance.func(options.interfaces ? `${GUEST}#f` : "f", schema)
    : options.interfaces
    ? exports[GUEST].f
    : exports.f;
  return {
    instance,
    call(call) {
      current = call;
      calls++;
      const found = outcome(result, () => guest(...call.args));
      if (result === undefined) assertEquals(found, undefined);
      else requireSame(result, call.result, found, "the result");
    },
  };
}

// Properties.

const styles: readonly Style[] = ["plain", "dynamic", "typed", "views"];
const encoding: Arbitrary<StringEncoding> = fc.constantFrom(...stringEncodings);
/** Calls per component: making one costs more than calling it. */
const MOST_CALLS = 8;

/** A component and what to call it with. */
interface Case {
  readonly signature: Signature;
  readonly encodings: readonly StringEncoding[];
  readonly addresses: readonly AddressType[];
  readonly above: number;
  readonly interfaces: boolean;
  readonly style: Style;
  /** Whether calls between the guests have an adapter. */
  readonly fused: boolean;
  readonly calls: readonly Call[];
}

function callsOf({ params, result }: Signature): Arbitrary<Call[]> {
  const args = fc.tuple(...params.map(({ type }) => values(type, objectsOf)));
  const call = fc.record({ args, result: result ? values(result, objectsOf) : fc.constant(undefined) });
  return fc.array(call, { minLength: 1, maxLength: MOST_CALLS, size: "max" });
}

function cases(signature: Arbitrary<Signature>, guests: number, above = 0): Arbitrary<Case> {
  return signature.chain((of) =>
    fc.record({
      signature: fc.constant(of),
      encodings: fc.array(encoding, { minLength: guests, maxLength: guests }),
      addresses: fc.array(above > 0 ? fc.constant<AddressType>("i64") : addressTypes, {
        minLength: guests,
        maxLength: guests,
      }),
      above: fc.constant(above),
      interfaces: fc.boolean(),
      style: fc.constantFrom(...styles),
      fused: fc.boolean(),
      calls: callsOf(of),
    })
  );
}

const echoes: Arbitrary<Signature> = types().map(echoOf);

function property(name: string, arbitrary: Arbitrary<Case>, numRuns: number, ignore = false): void {
  const fn = (): void => {
    fc.assert(
      fc.property(arbitrary, ({ signature, calls, style, fused, ...options }) => {
        const { instance, call } = echo(signature, options, style, fused);
        for (const each of calls) call(each);
        // No guest drops what it is given, nor keeps a handle.
        instance[Symbol.dispose]();
        assertEquals(disposals, 0);
      }),
      { seed, numRuns: runs(numRuns) },
    );
  };
  Deno.test({ name, ignore, fn });
}

// A name, since `deno test --quiet` prints nothing else.
Deno.test(`the seed is WINDLASS_SEED=${seed}`, () => assert(Number.isSafeInteger(seed)));
property("values come back through one guest", cases(echoes, 1), 600);
property("values come back through two guests", cases(echoes, 2), 600);
property("functions of any signature pass through one guest", cases(signatures(), 1), 400);
property("functions of any signature pass through two guests", cases(signatures(), 2), 400);
property("handles pass through one guest", cases(signatures(resources), 1), 300);
property("handles pass through two guests", cases(signatures(resources), 2), 300);
for (const [guests, numRuns] of [[1, 4], [2, 2]] as const) {
  property(
    `values come back from above 4 GiB, guests: ${guests}`,
    cases(fc.constant(echoOf(everything)), guests, 2 ** 32),
    numRuns,
    !hasLargeMemories,
  );
}

Deno.test("a guest that stores flat values by the specification's rules gives back what it was given", () => {
  const kept = types().chain((type) =>
    fc.record({
      type: fc.constant(type),
      encoding,
      address: addressTypes,
      given: fc.array(values(type), { minLength: 1, maxLength: MOST_CALLS, size: "max" }),
    })
  );
  fc.assert(
    fc.property(kept, ({ type, encoding, address, given }) => {
      const { f } = instantiateSync(compileSync(keepComponent(type, encoding, address), { gates: wideGates })).exports;
      for (const value of given) {
        calls++;
        requireSame(type, value, outcome(type, () => f(value)), "the result");
      }
    }),
    { seed, numRuns: runs(600) },
  );
});

Deno.test("all of that was at least 2,000 calls", () => {
  console.log(`${calls} calls`);
  assert(calls >= 2000 * Math.min(factor, 1));
});
