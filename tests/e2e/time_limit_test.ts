// The example that README shows for guests that may never end.

import "../support/leaks.ts";
import { assertEquals } from "@std/assert";

Deno.test("a guest in a worker that does not end is given up; one that ends gives its value or its error", async () => {
  const run = new URL("../support/time_limit_run.ts", import.meta.url).pathname;
  const { stdout, stderr } = await new Deno.Command(Deno.execPath(), { args: ["run", "-A", run] }).output();
  const text = new TextDecoder();
  assertEquals([JSON.parse(text.decode(stdout) || "null"), text.decode(stderr)], [[
    7,
    "Error: Cannot call export trap: unreachable",
    "Error: the guest did not end within 300 ms",
  ], ""]);
});
