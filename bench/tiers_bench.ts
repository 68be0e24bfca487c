// deno task bench:tiers: what it costs to generate a trampoline and what a call saves afterwards,
// for signatures of several sizes: after how
// many calls it has paid. The number in abi/codegen/tiers.ts is chosen by it.

import { Codecs } from "../abi/codecs/codecs.ts";
import { CanonContext } from "../abi/state/canon_context.ts";
import { type Codegen, generate } from "../abi/codegen/generate.ts";
import { printTrampoline } from "../abi/codegen/trampolines.ts";
import { ComponentInstance, InstanceTree } from "../abi/state/instance.ts";
import { linkImport, lowerHost } from "../abi/calls/to_host.ts";
import { signatureOf } from "../abi/codecs/signature.ts";
import type { FuncType, ValType } from "../abi/types/types.ts";
import { memberNames } from "../host/names.ts";
import { measure } from "./measure.ts";

const u32: ValType = { kind: "u32" }, text: ValType = { kind: "string" };
const record = (count: number): ValType => ({
  kind: "record",
  fields: Array.from({ length: count }, (_, i) => ({ name: `field-${i}`, type: u32 })),
});
const func = (params: ValType[], result?: ValType): FuncType => ({
  params: params.map((type, i) => ({ name: `p${i}`, type })),
  ...(result === undefined ? {} : { result }),
  async: false,
});

/** Function types with core arguments that fit, and what the host gives. */
const rows: readonly (readonly [name: string, type: FuncType, flat: (number | bigint)[], result: unknown])[] = [
  ["()", func([]), [], undefined],
  ["(u32, u32) → u32", func([u32, u32], u32), [1, 2], 3],
  ["(option<u32>) → option<u32>", func([{ kind: "option", element: u32 }], { kind: "option", element: u32 }), [
    1,
    2,
    64,
  ], 3],
  ["(string)", func([text]), [64, 12], undefined],
  ["(13 fields)", func([record(13)]), Array.from({ length: 13 }, (_, i) => i), undefined],
  ["(list<record>) → u32", func([{ kind: "list", element: record(4) }], u32), [64, 10], 1],
];

const codegen: Codegen = { print: printTrampoline, evaluates: true, entries: undefined };
const tree = new InstanceTree({}, 1), memory = new WebAssembly.Memory({ initial: 1 });
const cx = new CanonContext(
  new ComponentInstance(tree),
  { memory, address: "i32", realloc: () => 64, postReturn: undefined, stringEncoding: "utf8" },
  true,
);

console.log(
  "| import | closures, ns | generated, ns | generating, µs | calls until it has paid |\n|---|---:|---:|---:|---:|",
);
for (const [name, type, flat, result] of rows) {
  const host = () => result, path = "import f", key = { side: "lower", style: "sync", address: "i32" } as const;
  // Each time anew, as for a component that was never seen.
  let made = 0;
  const started = performance.now();
  for (; made < 200; made++) {
    const named = { ...type, params: type.params.map((param) => ({ ...param, name: `${param.name}-${made}` })) };
    const codecs = new Codecs((labels) => memberNames(labels).map((label) => `${label}${made}`));
    generate(linkImport({ signature: signatureOf(named, key, codecs), call: host, cx, path }), false, codecs, codegen)!(
      ...flat,
    );
  }
  const generating = (performance.now() - started) * 1000 / made;
  const codecs = new Codecs(memberNames);
  const link = linkImport({ signature: signatureOf(type, key, codecs), call: host, cx, path });
  const calls = [lowerHost(link), generate(link, false, codecs, codegen)!];
  const [closures = 0, generated = 0] = measure(calls.map((call) => () => void call(...flat)), 1);
  const paid = generating * 1000 / (closures - generated);
  console.log(
    `| ${
      [`\`${name}\``, closures.toFixed(1), generated.toFixed(1), generating.toFixed(0), paid.toFixed(0)].join(" | ")
    } |`,
  );
}
