// Small binaries that describe a lot, or nest deeply: each is compiled in no time, or refused by a
// limit. Nothing overflows the stack.

import { assert, assertEquals } from "@std/assert";
import { compile, CompileError, compileSync, instantiateSync } from "@windlass/component";
import { binary, gates, thrown } from "../support/wasm.ts";

const leb = (value: number): number[] => value < 128 ? [value] : [(value & 0x7f) | 0x80, ...leb(value >> 7)];
const section = (id: number, content: number[]): number[] => [id, ...leb(content.length), ...content];
const encode = (...sections: number[][]): Uint8Array<ArrayBuffer> => Uint8Array.from([...binary(), ...sections.flat()]);
const vec = (items: readonly number[][]): number[] => [...leb(items.length), ...items.flat()];
const name = (text: string): number[] => [...leb(text.length), ...new TextEncoder().encode(text)];
const times = <T>(count: number, make: (i: number) => T): T[] => Array.from({ length: count }, (_, i) => make(i));

/** Instance `i` exports instance `i - 1`, `copies` times. */
const chain = (count: number, copies: number): number[] =>
  section(5, [...vec([
    [1, 0],
    ...times(count, (i) => [1, ...vec(times(copies, (k) => [0, ...name(`x${k}`), 5, ...leb(i)]))]),
  ])]);

/** Instance type `i` exports instances of type `i - 1`, `copies` times. */
const typeChain = (count: number, copies: number): number[] =>
  section(7, [...vec([
    [0x42, 0],
    ...times(count, (i) => [
      0x42,
      ...vec([[0x02, 0x03, 0x02, 1, ...leb(i)], ...times(copies, (k) => [0x04, 0, ...name(`x${k}`), 0x05, 0])]),
    ]),
  ])]);

const cases: Record<string, { bytes: () => Uint8Array<ArrayBuffer>; code?: string }> = {
  "a chain of synthetic instances": { bytes: () => encode(chain(5000, 1)), code: "nesting-too-deep" },
  "synthetic instances that double": {
    bytes: () => encode(chain(60, 2), section(11, [...vec([[0, ...name("x"), 5, 60, 0]])])),
  },
  "instance types that double, imported": {
    bytes: () => encode(typeChain(60, 2), section(10, [...vec([[0, ...name("x"), 5, 60]])])),
    code: "limit-exceeded",
  },
  "instance types nested by index": {
    bytes: () => encode(typeChain(3000, 1), section(10, [...vec([[0, ...name("x"), 5, ...leb(3000)]])])),
    code: "nesting-too-deep",
  },
  "a heap type shared 100,000 times": {
    bytes: () => encode(section(3, [1, 0x60, 1, 0x63, ...times(100_000, () => 0x65), 0x70, 0])),
    code: "unknown-opcode",
  },
  "lists of fixed lists of fixed lists": {
    bytes: () =>
      encode(section(7, [...vec(times(50, (i) => [0x67, ...(i === 0 ? [0x7d] : leb(i - 1)), ...leb(2 ** 20)]))])),
    code: "type-too-large",
  },
  "tuples that double": {
    bytes: () =>
      encode(
        section(7, [...vec(times(60, (i) => [0x6f, 2, ...(i === 0 ? [0x7d, 0x7d] : [...leb(i - 1), ...leb(i - 1)])]))]),
      ),
    code: "type-too-large",
  },
  "a record of 10,001 fields": {
    bytes: () => encode(section(7, [1, 0x72, ...vec(times(10_001, (i) => [...name(`f${i}`), 0x7d]))])),
    code: "limit-exceeded",
  },
  "an inline core instance of 10,000 exports, passed 2,000 times": {
    bytes: () => {
      const module = [0, 0x61, 0x73, 0x6d, 1, 0, 0, 0];
      const funcs = section(8, [...vec(times(1, () => [0x24]))]);
      const exports = [1, ...vec(times(10_000, (i) => [...name(`${i}`), 0, 0]))];
      const instantiations = times(2000, () => [0, 0, 1, ...name("m"), 0x12, 0]);
      return encode(section(1, [...module]), funcs, section(2, [...vec([exports, ...instantiations])]));
    },
  },
};

for (const [what, { bytes, code }] of Object.entries(cases)) {
  Deno.test(`${what}: ${code ?? "compiled"}, soon`, () => {
    const encoded = bytes();
    const start = performance.now();
    if (code === undefined) {
      const component = compileSync(encoded, { gates });
      assert(component.exports.length < 10);
    } else {
      const error = thrown(() => compileSync(encoded, { gates }));
      assert(error instanceof CompileError, `${error}`);
      assertEquals(error.code, code);
    }
    // Not a speed test: what this guards against took minutes, or all memory.
    assert(performance.now() - start < 20_000);
  });
}

Deno.test("a recursive group in a component type takes an index for each of its types", () => {
  const rec = [0x4e, ...vec([[0x60, 0, 0], [0x60, 0, 0]])];
  const module = [0x50, ...vec([[0x01, 0x60, 0, 0], [0x03, ...name("f"), 0, 0]])];
  const type = [0x41, ...vec([[0x00, ...rec], [0x00, ...module], [0x03, 0, ...name("m"), 0x00, 0x11, 2]])];
  compileSync(encode(section(7, [1, ...type]), section(10, [...vec([[0, ...name("c"), 4, 0]])])));
});

Deno.test("compile() does not wait for a source that never lets itself be cancelled", async () => {
  const stuck = new ReadableStream<Uint8Array>({
    pull: (controller) => controller.enqueue(new Uint8Array(16)),
    cancel: () => new Promise(() => {}),
  });
  let error: unknown;
  await compile(stuck).catch((caught) => error = caught);
  assert(error instanceof CompileError);
});

Deno.test("a component that is compiled already takes no options that would change how", () => {
  const component = compileSync(encode());
  assert(thrown(() => instantiateSync(component, {}, { maxMemoryPages: 1 })) instanceof TypeError);
});
