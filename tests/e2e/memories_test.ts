// Memories, allocators and encodings are those that each canonical definition names.

import "../support/leaks.ts";
import { assertEquals } from "@std/assert";
import { instantiateSync } from "@windlass/component";
import { fixture } from "../support/fixtures.ts";

const texts = ["", "a", "hello", "é", "☃", "💩", "\0", "x".repeat(70_000), "ж💩".repeat(20_000)];

Deno.test("a component with two memories and two encodings keeps them apart", () => {
  const lines: string[] = [];
  const { exports } = instantiateSync(fixture("memories"), { log: (line) => lines.push(line) });
  for (const text of texts) {
    assertEquals([exports.echoUtf8!(text), exports.echoUtf16!(text)], [text, text]);
  }
  assertEquals(lines, texts.flatMap((text) => [text, text]));
});
