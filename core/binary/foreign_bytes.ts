// Messages for input that is not a WebAssembly binary: values that are not bytes, and bytes of
// another format.
// A value or the first bytes enter, words for a message leave. What is accepted is decided
// elsewhere.

import { describe } from "../../errors.ts";
import { isThenable } from "../../abi/codecs/results.ts";

/** Describes a value that is not a buffer, and says what to do instead. */
export function describeSource(value: unknown): string {
  if (isThenable(value)) return "a promise: await it first, or await what `compile` gives for it";
  if (typeof Response !== "undefined" && value instanceof Response || value instanceof ReadableStream) {
    return `${describe(value)}: await what \`compile\` gives for it`;
  }
  if (typeof value !== "string") return describe(value);
  return `${describe(value)}: a file is read first, and text is encoded by a tool`;
}

/** Formats, recognised by their first eight bytes as Latin-1 text. */
const formats: readonly (readonly [start: RegExp, what: string])[] = [
  // deno-lint-ignore no-control-regex
  [/^\x1f\x8b/, "gzip: decompress it first, with `DecompressionStream` or `content-encoding`"],
  [/^\x28\xb5\x2f\xfd/, "Zstandard: decompress it first"],
  [/^PK/, "a ZIP archive: take the component out of it first"],
  [/^!<arch>|^\x7fELF/, "native code: compile for a target of WebAssembly"],
  [/^\s*\([cm]/, "the text format: `wasm-tools parse` makes a binary of it"],
  [/^\s*(;;|\(;)/, "the text format: `wasm-tools parse` makes a binary of it"],
  [/^\s*</, "HTML or XML: a server may have answered with a page instead of the file"],
  [/^AGFzb/, "Base64: decode it first, with `Uint8Array.fromBase64`"],
  [/^data:/, "a data: URL: give `await fetch(url)`"],
  [/^0061736d/i, "hexadecimal text: decode it first, with `Uint8Array.fromHex`"],
  [/^version /, "a pointer of Git LFS: `git lfs pull` gives the file itself"],
  [/^\s*(package|world|interfac)/, "WIT, which only says what a component imports and exports"],
  [/^\s*[[{]/, "JSON"],
];

/**
 * Says which format bytes have instead of WebAssembly, after a semicolon. Empty if that is not
 * known.
 */
export function foreignFormat(bytes: Uint8Array): string {
  if (bytes.length === 0) return "";
  const start = String.fromCharCode(...bytes.subarray(0, 8)).replace(/^\xef\xbb\xbf/, "");
  const found = formats.find(([pattern]) => pattern.test(start));
  return found === undefined ? "" : `; the bytes look like ${found[1]}`;
}
