// Every options object refuses members that it does not know, by name, with the closest known one:
// nothing keeps a default by a slip.

import { assertEquals, assertRejects } from "@std/assert";
import { compile, compileSync, HostFunc, instantiate, instantiateSync, Linker, t } from "@windlass/component";
import { run, serve, wasi } from "@windlass/component/wasi";
import { component } from "../support/wasm.ts";

const bytes = new Uint8Array([0, 0x61, 0x73, 0x6d, 0x0d, 0, 1, 0]);
const empty = compileSync(bytes);
const gives = await component(`(component (core module $M (func (export "f"))) (core instance $m (instantiate $M))
  (func (export "f") (canon lift (core func $m "f"))))`);
const linked = new Linker().link(gives);

// deno-lint-ignore no-explicit-any
type Options = any;

/**
 * Each function that takes options, with a member that is none, and what the message says after its
 * name.
 */
const rows: readonly (readonly [call: (options: Options) => unknown, options: object, message: string])[] = [
  [
    (o) => compile(bytes, o),
    { maxMemoryPage: 1 },
    "option of compile `maxMemoryPage`; the closest one is `maxMemoryPages`",
  ],
  [(o) => compile(empty, o), { codeGen: false }, "option of compile `codeGen`; the closest one is `codegen`"],
  [(o) => compileSync(bytes, o), { module: [] }, "option of compile `module`; the closest one is `modules`"],
  [
    (o) => compileSync(bytes, o),
    { limits: {} },
    "option of compile `limits`; expected modules, maxMemoryPages, gates, codegen, fused, metering",
  ],
  [
    (o) => instantiate(bytes, {}, o),
    { maxMemoryPage: 1 },
    "option of instantiate `maxMemoryPage`; the closest one is `maxMemoryPages`",
  ],
  [(o) => instantiate(empty, {}, o), { limit: {} }, "option of instantiate `limit`; the closest one is `limits`"],
  [(o) => instantiateSync(bytes, {}, o), { sinal: 1 }, "option of instantiate `sinal`; the closest one is `signal`"],
  [
    (o) => instantiateSync(empty, {}, o),
    { onerror() {} },
    "option of instantiate `onerror`; the closest one is `onError`",
  ],
  [(o) => linked.instantiate(o), { hook: {} }, "option of instantiate `hook`; the closest one is `hooks`"],
  [(o) => linked.instantiateSync(o), { Data: 1 }, "option of instantiate `Data`; the closest one is `data`"],
  [(o) => linked.instantiate({ limits: o }), { handle: 1 }, "limit `handle`; the closest one is `handles`"],
  [(o) => instantiate(bytes, {}, { limits: o }), { callDeph: 1 }, "limit `callDeph`; the closest one is `callDepth`"],
  [
    (o) => linked.instantiate({ hooks: o }),
    { callingHosts() {} },
    "hook `callingHosts`; the closest one is `callingHost`",
  ],
  [(o) => new Linker(o), { shadow: true }, "option of Linker `shadow`; the closest one is `shadowing`"],
  [
    (o) => HostFunc.typed(t.func([]), () => {}, o),
    { suspend: true },
    "option of HostFunc.typed `suspend`; the closest one is `suspends`",
  ],
  [
    (o) => HostFunc.dynamic(() => () => {}, o),
    { caller: true },
    "option of HostFunc.dynamic `caller`; expected suspends",
  ],
  [
    (o) => linked.instantiateSync().func("f", t.func([]), o),
    { throw: false },
    "option of func() `throw`; the closest one is `throws`",
  ],
  [
    (o) => linked.instantiateSync().func("f", t.func([]), o),
    { promisin: true },
    "option of func() `promisin`; the closest one is `promising`",
  ],
  [
    (o) => empty.typescript(o),
    { worldname: "W" },
    "option of typescript() `worldname`; the closest one is `worldName`",
  ],
  [wasi, { arg: [] }, "WASI option `arg`; the closest one is `args`"],
  [(o) => wasi({ network: o }), { https: true }, "WASI network option `https`; the closest one is `http`"],
  [(o) => wasi({ clocks: o }), { Now: () => 1n }, "WASI clocks option `Now`; the closest one is `now`"],
  [(o) => wasi({ random: o }), { seeds: 1n }, "WASI random option `seeds`; the closest one is `seed`"],
  [
    (o) => wasi({ preopens: { "/": o } }),
    { path: ".", readonly: true },
    "WASI option of a preopen `readonly`; the closest one is `readOnly`",
  ],
  [(o) => run(empty, o), { import: {} }, "option of run `import`; the closest one is `imports`"],
  [(o) => serve(empty, o), { instance: {} }, "option of serve `instance`; the closest one is `instances`"],
];

for (const [call, options, message] of rows) {
  Deno.test(`unknown ${message}`, async () => {
    const error = await assertRejects(async () => await call(options), TypeError);
    assertEquals(error.message, `unknown ${message}`);
  });
}

Deno.test("serve({ instances }) is `per-request` or an object with `max`, and nothing else", async () => {
  for (
    const [instances, message] of [
      ["per-requests", 'instances must be "per-request" or { max }, found "per-requests"'],
      [{ maximum: 1 }, "unknown option of instances `maximum`; expected max"],
      [{ max: 0 }, "instances.max must be a positive integer"],
      [{}, "instances.max must be a positive integer"],
    ] as const
  ) {
    const error = await assertRejects(() => serve(empty, { instances: instances as Options }), TypeError);
    assertEquals(error.message, message);
  }
});

Deno.test("options that are no object are refused, names that objects inherit are no options", async () => {
  for (const options of [5, "codegen", null, true]) {
    await assertRejects(
      () => compile(bytes, options as Options),
      TypeError,
      "option of compile: expected an object of them",
    );
    await assertRejects(() => wasi(options as Options), TypeError, "WASI option: expected an object of them");
  }
  for (const name of ["constructor", "toString", "__proto__"]) {
    const options = Object.defineProperty({}, name, { enumerable: true, value: 1 });
    await assertRejects(() => compile(bytes, options), TypeError, `unknown option of compile \`${name}\``);
  }
});

Deno.test("an object of hooks may keep what its functions need, and so may its class", () => {
  class Tracer {
    depth = 0;
    callingGuest(): void {
      this.depth++;
    }
  }
  const tracer = new Tracer();
  const { exports } = linked.instantiateSync({ hooks: tracer });
  exports.f!();
  assertEquals(tracer.depth, 1);
});
