// Compositions, as `wac` and others make them by nesting: a command whose environment is another
// component's.

import { assertEquals } from "@std/assert";
import { run } from "@windlass/component/wasi";
import { unwat, wat } from "../support/wat.ts";
import { guest } from "./guests.ts";
import { text } from "./support.ts";

/** The arguments `hello` and `virtual`, whatever the host says. */
const environment = `(component $Environment
  (core module $M
    (memory (export "memory") 1)
    (data (i32.const 8) "\\10\\00\\00\\00\\02\\00\\00\\00")
    (data (i32.const 16) "\\40\\00\\00\\00\\05\\00\\00\\00\\48\\00\\00\\00\\07\\00\\00\\00")
    (data (i32.const 64) "hello")
    (data (i32.const 72) "virtual")
    (func (export "arguments") (result i32) (i32.const 8)))
  (core instance $m (instantiate $M))
  (func (export "get-arguments") (result (list string))
    (canon lift (core func $m "arguments") (memory $m "memory"))))`;

Deno.test("a command whose environment is virtual knows nothing of the host's", async () => {
  const hello = (await unwat(guest("hello"))).trim();
  const lines = hello.slice("(component".length).split("\n");
  const imports = lines.slice(0, lines.findIndex((line) => line.includes("(core module"))).join("\n");
  // What the outer component imports is what the inner one does, less the environment.
  const others = imports.replace(
    / {2}\(type \$ty-wasi:cli\/environment[^]*?\n {2}\(import "wasi:cli\/environment.*\n/,
    "",
  );
  const names = [...others.matchAll(/^ {2}\(import "([^"]+)"/gm)].map(([, name]) => name!);
  assertEquals(names, ["wasi:io/error@0.2.0", "wasi:io/streams@0.2.0", "wasi:cli/stdout@0.2.0"]);
  const composed = await wat(`(component
    ${others}
    ${hello.replace("(component", "(component $Hello")}
    ${environment}
    (instance $environment (instantiate $Environment))
    (instance $hello (instantiate $Hello
      (with "wasi:cli/environment@0.2.0" (instance $environment))
      ${names.map((name) => `(with "${name}" (instance $${name}))`).join("\n")}))
    (export "wasi:cli/run@0.2.0" (instance $hello "wasi:cli/run@0.2.0")))`);
  const { stdout } = await run(composed, { args: ["hello", "real"], stdout: "capture" });
  assertEquals(text(stdout!), "Hello, virtual!\n");
});
