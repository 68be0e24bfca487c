// Environment and exit; nothing by default, each instance its own.

import { assertEquals, assertThrows } from "@std/assert";
import { ExitError } from "@windlass/component/wasi";
import { interfacesOf } from "./support.ts";

Deno.test("nothing is given by default", async () => {
  const environment = (await interfacesOf())("cli/environment");
  assertEquals(environment.getEnvironment(), []);
  assertEquals(environment.getArguments(), []);
  assertEquals(environment.initialCwd(), undefined);
});

Deno.test("two guests have what each was given", async () => {
  const env = { A: "1", B: "" };
  const a = await interfacesOf({ args: ["a", "b"], env }), b = await interfacesOf({ args: ["c"] });
  env.A = "changed later";
  assertEquals(a("cli/environment").getEnvironment(), [["A", "1"], ["B", ""]]);
  assertEquals(a("cli/environment").getArguments(), ["a", "b"]);
  assertEquals(b("cli/environment").getEnvironment(), []);
  assertEquals(b("cli/environment").getArguments(), ["c"]);
});

Deno.test("exit throws, and the process goes on", async () => {
  const { exit, exitWithCode } = (await interfacesOf())("cli/exit");
  assertEquals(assertThrows(() => exit({ tag: "ok", val: undefined }), ExitError).exitCode, 0);
  assertEquals(assertThrows(() => exit({ tag: "err", val: undefined }), ExitError).exitCode, 1);
  assertEquals(assertThrows(() => exitWithCode(42), ExitError).exitCode, 42);
});
