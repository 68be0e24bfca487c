// LEB128: every width at its edges, padding, and what is too long or too large.

import { assertEquals } from "@std/assert";
import { Reader } from "../../../core/binary/reader.ts";
import { thrown } from "../../support/wasm.ts";

const read = (kind: "u32" | "u64" | "indexOrCode", ...bytes: number[]): number =>
  new Reader(Uint8Array.from(bytes), 0, "test")[kind]("type");
const ff = (count: number): number[] => Array.from({ length: count }, () => 0xff);
const pad = (count: number): number[] => Array.from({ length: count }, () => 0x80);

Deno.test("u32(), u64() and indexOrCode() read their edges, padded too", () => {
  assertEquals(read("u32", 0), 0);
  assertEquals(read("u32", 0xff, 0x00), 127);
  assertEquals(read("u32", ...ff(4), 0x0f), 2 ** 32 - 1);
  assertEquals(read("u32", ...pad(4), 0x00), 0);
  assertEquals(read("indexOrCode", 0x7f), -1);
  assertEquals(read("indexOrCode", 0x40), -64);
  assertEquals(read("indexOrCode", 0x3f), 63);
  assertEquals(read("indexOrCode", ...ff(4), 0x0f), 2 ** 32 - 1);
  assertEquals(read("indexOrCode", ...pad(4), 0x00), 0);
  assertEquals(read("u64", ...ff(9), 0x01), 2 ** 64);
});

Deno.test("indexOrCode() refuses a code of several bytes", () => {
  for (const bytes of [[...pad(4), 0x70], [...ff(4), 0x7f], [0xf0, 0x7f], [0xff, 0xff, 0x7f]]) {
    const { message } = thrown(() => read("indexOrCode", ...bytes));
    const byte = bytes[0]!.toString(16);
    assertEquals(message, `Cannot decode test: invalid leading byte (0x${byte}) for type (at offset 0x0)`);
  }
});

Deno.test("what has further bytes or bits is refused", () => {
  for (
    const [kind, bytes, what] of [
      ["u32", [...pad(5), 0], "invalid var_u32: integer representation too long"],
      ["u32", [...pad(4), 0x10], "invalid var_u32: integer too large"],
      ["indexOrCode", [...pad(5), 0], "invalid var_s33: integer representation too long"],
      ["indexOrCode", [...pad(4), 0x10], "invalid var_s33: integer too large"],
      ["indexOrCode", [...pad(4), 0x60], "invalid var_s33: integer too large"],
      ["u64", [...pad(10), 0], "invalid var_u64: integer representation too long"],
      ["u64", [...pad(9), 0x02], "invalid var_u64: integer too large"],
    ] as const
  ) {
    const { message } = thrown(() => read(kind, ...bytes));
    assertEquals(
      message,
      `Cannot decode test: ${what} (at offset 0x${(bytes.length - (what.endsWith("long") ? 2 : 1)).toString(16)})`,
    );
  }
});
