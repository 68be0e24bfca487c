// String kernels against the platform's coders: random bytes and strings, at the end of the memory
// too, where nothing may be read beyond. WINDLASS_SEED=n repeats a run.

import fc from "fast-check";
import { assert, assertEquals } from "@std/assert";
import { features } from "@windlass/component";
import { kernelOf, MAX_KERNEL } from "../../../abi/wasm/text.ts";
import { seed } from "../../support/runs.ts";

const PAGE = 65536;
const memories = [["a 32-bit memory", new WebAssembly.Memory({ initial: 1 })]] as [string, WebAssembly.Memory][];
if (features.memory64) {
  const wide = { initial: 1n, address: "i64" } as unknown as WebAssembly.MemoryDescriptor;
  memories.push(["a 64-bit memory", new WebAssembly.Memory(wide)]);
}
const strict = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** Bytes that are often nearly UTF-8. */
const encoded = fc.oneof(
  fc.string({ unit: "binary", maxLength: 60 }).map((text) => [...new TextEncoder().encode(text)]),
  fc.string({ unit: "grapheme-ascii", maxLength: 300 }).map((text) => [...new TextEncoder().encode(text)]),
  fc.array(fc.nat(255), { maxLength: 12 }),
);
const nearly = fc.tuple(encoded, fc.array(fc.tuple(fc.nat(400), fc.nat(255)), { maxLength: 2 }), fc.nat(3)).map(
  ([list, changes, cut]) => {
    const changed = [...list];
    for (const [at, byte] of changes) if (changed.length > 0) changed[at % changed.length] = byte;
    return Uint8Array.from(changed.slice(0, Math.max(0, changed.length - cut))).subarray(0, MAX_KERNEL);
  },
);

Deno.test(`the seed is WINDLASS_SEED=${seed}`, () => assert(Number.isSafeInteger(seed)));

for (const [of, memory] of memories) testKernels(of, memory);

/** Defines the tests of the kernels over one memory. */
function testKernels(of: string, memory: WebAssembly.Memory): void {
  const kernel = kernelOf(memory), ignore = kernel === null;
  const bytes = new Uint8Array(memory.buffer);
  Deno.test(`${of}: there are kernels where the engine has js-string builtins and garbage collection`, () => {
    assertEquals(kernel !== null, features.jsString && features.gc);
  });

  Deno.test({
    name: `${of}: UTF-8 is decoded as TextDecoder does, and what is not UTF-8 is refused`,
    ignore,
    fn() {
      fc.assert(
        fc.property(nearly, fc.boolean(), (input, atEnd) => {
          const ptr = atEnd ? PAGE - input.length : 8;
          bytes.fill(0x80);
          bytes.set(input, ptr);
          let expected: string | null;
          try {
            expected = strict.decode(input);
          } catch {
            expected = null;
          }
          assertEquals(kernel!.loadUtf8(ptr, input.length), expected);
        }),
        { seed, numRuns: 4000 },
      );
    },
  });

  Deno.test({
    name:
      `${of}: every sequence of two bytes, and every one of three and four that begins like one, is judged as TextDecoder judges it`,
    ignore,
    fn() {
      const check = (...input: number[]): void => {
        bytes.set(input, PAGE - input.length);
        let expected: string | null;
        try {
          expected = strict.decode(Uint8Array.from(input));
        } catch {
          expected = null;
        }
        if (kernel!.loadUtf8(PAGE - input.length, input.length) !== expected) {
          throw new Error(`${input.map((byte) => byte.toString(16))}: expected ${expected}`);
        }
      };
      for (let a = 0; a < 256; a++) for (let b = 0; b < 256; b++) check(a, b);
      const edges = [0x00, 0x7f, 0x80, 0x8f, 0x90, 0x9f, 0xa0, 0xbf, 0xc0, 0xff];
      for (let a = 0xe0; a < 0x100; a++) {
        for (let b = 0; b < 256; b++) check(a, b, 0x80);
        for (const b of edges) {
          for (const c of edges) {
            check(a, b, c);
            for (const d of edges) check(a, b, c, d);
          }
        }
      }
    },
  });

  Deno.test({
    name: `${of}: strings are encoded as TextEncoder does, lone surrogates as U+FFFD, and nothing is written beyond`,
    ignore,
    fn() {
      const unit = fc.oneof(fc.nat(0x7f), fc.nat(0x7ff), fc.nat(0xffff), fc.integer({ min: 0xd800, max: 0xdfff }));
      const text = fc.oneof(
        fc.array(unit, { maxLength: 40 }).map((units) => String.fromCharCode(...units)),
        fc.string({ unit: "grapheme-ascii", maxLength: 300 }),
      ).map((text) => text.slice(0, MAX_KERNEL));
      fc.assert(
        fc.property(text, (text) => {
          const expected = new TextEncoder().encode(text);
          const length = kernel!.take(text), ptr = PAGE - length - 1;
          assertEquals(length, expected.length);
          bytes.fill(0x55);
          if (length === text.length) kernel!.writeAscii(ptr, text.length);
          else kernel!.writeUtf8(ptr, text.length);
          assertEquals(bytes.slice(ptr, ptr + length), expected);
          assertEquals([bytes[ptr - 1], bytes[PAGE - 1]], [0x55, 0x55]);
        }),
        { seed, numRuns: 4000 },
      );
    },
  });

  Deno.test({
    name: `${of}: Latin-1 and UTF-16 are read as they are`,
    ignore,
    fn() {
      fc.assert(
        fc.property(fc.array(fc.nat(0xffff), { maxLength: 200 }), (units) => {
          const ptr = PAGE - 2 * units.length;
          new Uint16Array(memory.buffer).set(units, ptr / 2);
          assertEquals(kernel!.loadUtf16(ptr, units.length), String.fromCharCode(...units));
          const low = [...bytes.subarray(ptr, PAGE)];
          assertEquals(kernel!.loadLatin1(ptr, low.length), String.fromCharCode(...low));
        }),
        { seed, numRuns: 500 },
      );
    },
  });
}

Deno.test({
  name: "a string may end where a memory of 4 GiB does",
  ignore: !features.jsString || !features.gc,
  fn() {
    const all = new WebAssembly.Memory({ initial: 65536 }), text = "héllo, wörld", kernel = kernelOf(all)!;
    const bytes = new TextEncoder().encode(text), start = 2 ** 32 - bytes.length;
    new Uint8Array(all.buffer, start).set(bytes);
    for (let i = 0; i <= bytes.length; i++) {
      let expected: string | null;
      try {
        expected = strict.decode(bytes.subarray(i));
      } catch {
        expected = null;
      }
      assertEquals(kernel.loadUtf8(start + i, bytes.length - i), expected);
    }
  },
});
