// A guest with a 64-bit memory calls functions of the host with strings and lists: what is wrong in the
// upper half of a pointer or a length traps, in the first calls and in later ones, with generated code
// and without.

import "../support/leaks.ts";
import { assertEquals } from "@std/assert";
import { compileSync, features, instantiateSync, type Trap } from "@windlass/component";
import { wat } from "../support/wat.ts";

const source = (): Promise<Uint8Array<ArrayBuffer>> =>
  wat(`(component
  (import "text" (func $text (param "text" string)))
  (import "either" (func $either (param "text" (option string))))
  (import "bytes" (func $bytes (param "n" u64) (param "bytes" (list u8)) (result u64)))
  (import "give" (func $give (result string)))
  (core module $Lib (memory (export "m") i64 1)
    (func (export "realloc") (param i64 i64 i64 i64) (result i64) (i64.const 4096))
    (data (i64.const 64) "h\\00e\\00l\\00l\\00o\\00")
    (data (i64.const 96) "hello"))
  (core instance $lib (instantiate $Lib))
  (alias core export $lib "m" (core memory $mem))
  (alias core export $lib "realloc" (core func $realloc))
  (core func $text' (canon lower (func $text) (memory $mem)))
  (core func $either' (canon lower (func $either) (memory $mem) string-encoding=latin1+utf16))
  (core func $bytes' (canon lower (func $bytes) (memory $mem)))
  (core func $give' (canon lower (func $give) (memory $mem) (realloc $realloc)))
  (core module $M
    (import "" "text" (func $text (param i64 i64)))
    (import "" "either" (func $either (param i32 i64 i64)))
    (import "" "bytes" (func $bytes (param i64 i64 i64) (result i64)))
    (import "" "give" (func $give (param i64)))
    (import "" "m" (memory i64 1))
    (func (export "text") (param i64 i64) (result i64) (call $text (local.get 0) (local.get 1)) (i64.const 0))
    (func (export "either") (param i64 i64) (result i64)
      (call $either (i32.const 1) (local.get 0) (local.get 1)) (i64.const 0))
    (func (export "none") (param i64 i64) (result i64)
      (call $either (i32.const 0) (local.get 0) (local.get 1)) (i64.const 0))
    (func (export "bytes") (param i64 i64) (result i64) (call $bytes (i64.const -1) (local.get 0) (local.get 1)))
    (func (export "give") (param i64 i64) (result i64) (call $give (local.get 0)) (i64.load offset=8 (local.get 0))))
  (core instance $m (instantiate $M (with "" (instance (export "text" (func $text')) (export "either" (func $either'))
    (export "bytes" (func $bytes')) (export "give" (func $give')) (export "m" (memory $mem))))))
  ${
    ["text", "either", "none", "bytes", "give"].map((name) =>
      `(func (export "run-${name}") (param "ptr" u64) (param "length" u64) (result u64) (canon lift (core func $m "${name}")))`
    ).join("\n")
  })`);

const BAD_TEXT = "string pointer/length out of bounds of memory",
  BAD_LIST = "list pointer/length out of bounds of memory";
const BAD_POINTER = "pointer out of bounds of memory", TAG = 2n ** 63n;

/** What the host hears and the guest gets, or the end of the trap's message. */
const rows: readonly (readonly [name: string, ptr: bigint, length: bigint, found: readonly unknown[] | string])[] = [
  ["runText", 96n, 5n, ["hello", 0n]],
  ["runText", 2n ** 32n + 96n, 5n, BAD_TEXT],
  ["runText", 96n, 2n ** 32n + 5n, BAD_TEXT],
  ["runText", 96n, 2n ** 31n, BAD_TEXT],
  ["runText", 96n, TAG + 5n, BAD_TEXT], // no tag: the encoding is UTF-8
  ["runEither", 96n, 5n, ["hello", 0n]],
  ["runEither", 64n, TAG + 5n, ["hello", 0n]],
  ["runEither", 64n, TAG + 2n ** 32n + 5n, BAD_TEXT],
  ["runEither", 64n, 2n ** 31n + 5n, BAD_TEXT],
  ["runEither", 2n ** 53n + 1n, 5n, "unaligned pointer"],
  ["runNone", 2n ** 53n + 1n, TAG + 5n, [undefined, 0n]],
  ["runBytes", 96n, 2n, ["18446744073709551615 104,101", 7n]],
  ["runBytes", 2n ** 64n - 2n, 4n, BAD_LIST],
  ["runBytes", 96n, 2n ** 32n + 2n, BAD_LIST],
  ["runGive", 128n, 0n, ["gave", 5n]],
  ["runGive", 2n ** 32n + 128n, 0n, BAD_POINTER],
  ["runGive", 2n ** 64n - 8n, 0n, BAD_POINTER],
  ["runGive", 2n ** 53n + 1n, 0n, "unaligned pointer"],
];

for (const codegen of [true, false]) {
  Deno.test({
    name: `pointers and lengths of 64 bits that go to the host count with all their bits, codegen: ${codegen}`,
    ignore: !features.memory64,
    async fn() {
      const component = compileSync(await source(), { gates: { memory64: true }, codegen });
      let heard: unknown;
      const imports = {
        text: (text: string) => void (heard = text),
        either: (text?: string) => void (heard = text),
        bytes: (n: bigint, bytes: Uint8Array) => (heard = `${n} ${bytes}`, 7n),
        give: () => (heard = "gave", "wörd".slice(0, 4)),
      };
      for (const [name, ptr, length, found] of rows) {
        for (const before of [0, 6]) {
          const exports = instantiateSync(component, imports).exports as Record<string, (...args: bigint[]) => unknown>;
          // Imports are generated after some calls.
          const [, at, count] = rows.find((row) => row[0] === name && typeof row[3] !== "string")!;
          for (let i = 0; i < before; i++) exports[name]!(at, count);
          try {
            assertEquals([exports[name]!(ptr, length), heard].reverse(), found);
          } catch (error) {
            if (typeof found !== "string") throw error;
            assertEquals((error as Trap).message.split(": ").at(-1), found, `${name} ${ptr} ${length}`);
          }
        }
      }
    },
  });
}
