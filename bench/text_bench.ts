// deno task bench:text: strings of ASCII by length, bytes → string and back: with a kernel, with a
// loop in JavaScript, with the platform's
// coders. The thresholds in abi/codecs/strings.ts are where the lines cross.

import { readAscii } from "../abi/codecs/ascii.ts";
import { kernelOf } from "../abi/wasm/text.ts";
import { measure } from "./measure.ts";

const memory = new WebAssembly.Memory({ initial: 1 }), kernel = kernelOf(memory);
const bytes = new Uint8Array(memory.buffer).fill(0x61), buffer = new Uint8Array(4096);
const decoder = new TextDecoder("utf-8", { ignoreBOM: true }), encoder = new TextEncoder();
const views: Uint8Array[] = [];
const view = (length: number): Uint8Array => views[length] ??= buffer.subarray(0, length);
if (kernel === null) throw new Error("this engine makes no kernels");

console.log("nanoseconds a string\n");
console.log(
  "| length | load: kernel | loop | TextDecoder | store: kernel | loop | encodeInto |\n|---:|---:|---:|---:|---:|---:|---:|",
);
for (const length of [2, 5, 8, 12, 16, 24, 32, 48, 64, 100, 150, 256, 1000]) {
  const text = "a".repeat(length);
  const figures = measure([
    () => void kernel.loadUtf8(16, length),
    () => void readAscii(bytes, 16, length),
    () => void decoder.decode(bytes.subarray(16, 16 + length)),
    () => {
      kernel.take(text);
      kernel.writeAscii(16, length);
    },
    () => {
      for (let i = 0; i < length; i++) if (text.charCodeAt(i) >= 0x80) return;
      for (let i = 0; i < length; i++) bytes[16 + i] = text.charCodeAt(i);
    },
    () => bytes.set(view(encoder.encodeInto(text, buffer).written), 16),
  ], 1);
  console.log(`| ${[length, ...figures.map((ns) => ns.toFixed(0))].join(" | ")} |`);
}
