// LEB128: every width at its edges, padding, and what is too long or too large.

import { assertEquals } from "@std/assert";
import { Reader } from "../../core/reader.ts";
import { thrown } from "../support/wasm.ts";

const read = (kind: "u32" | "u64" | "s33", ...bytes: number[]): number =>
  new Reader(Uint8Array.from(bytes), 0, "test")[kind]();
const ff = (count: number): number[] => Array.from({ length: count }, () => 0xff);
const pad = (count: number): number[] => Array.from({ length: count }, () => 0x80);

Deno.test("u32() and s33() read their edges, padded too", () => {
  assertEquals(read("u32", 0), 0);
  assertEquals(read("u32", 0xff, 0x00), 127);
  assertEquals(read("u32", ...ff(4), 0x0f), 2 ** 32 - 1);
  assertEquals(read("u32", ...pad(4), 0x00), 0);
  assertEquals(read("s33", 0x7f), -1);
  assertEquals(read("s33", 0x40), -64);
  assertEquals(read("s33", 0x3f), 63);
  assertEquals(read("s33", ...ff(4), 0x0f), 2 ** 32 - 1);
  assertEquals(read("s33", ...pad(4), 0x70), -(2 ** 32));
  assertEquals(read("s33", ...ff(4), 0x7f), -1);
  assertEquals(read("u64", ...ff(9), 0x01), 2 ** 64);
});

Deno.test("what has further bytes or bits is refused", () => {
  for (
    const [kind, bytes, what] of [
      ["u32", [...pad(5), 0], "invalid var_u32: integer representation too long"],
      ["u32", [...pad(4), 0x10], "invalid var_u32: integer too large"],
      ["s33", [...pad(5), 0], "invalid var_s33: integer representation too long"],
      ["s33", [...pad(4), 0x10], "invalid var_s33: integer too large"],
      ["s33", [...pad(4), 0x60], "invalid var_s33: integer too large"],
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
