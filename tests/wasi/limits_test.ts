// run() and serve() take limits of what a guest executes.

import { assertEquals, assertRejects } from "@std/assert";
import { Trap } from "@windlass/component";
import { run, serve } from "@windlass/component/wasi";
import { testFile } from "../support/fixtures.ts";

Deno.test("run() takes fuel, which a command that uses less does not notice", async () => {
  const command = await Deno.readFile(testFile("wasi/guests/hello.wasm"));
  const options = { args: ["hello", "ann"], stdout: "capture", metering: true } as const;
  const { stdout } = await run(command, { ...options, limits: { fuel: 100_000_000 } });
  assertEquals(new TextDecoder().decode(stdout), "Hello, ann!\n");
  const trap = await assertRejects(() => run(command, { ...options, limits: { fuel: 10 } }), Trap) as Trap;
  assertEquals(trap.code, "out-of-fuel");
  await assertRejects(() => run(command, { ...options, metering: false, limits: { fuel: 10 } }), TypeError, "metering");
});

Deno.test("serve() gives each request's instance the limits", async () => {
  const component = await Deno.readFile(testFile("wasi/guests/server.wasm")), errors: unknown[] = [];
  const answers = async (fuel: number): Promise<string> => {
    const handler = await serve(component, {
      metering: true,
      limits: { fuel },
      onError: (error) => errors.push((error as Trap).code),
    });
    const response = await handler(new Request("http://localhost/echo", { method: "POST", body: "hello" }));
    return `${response.status} ${await response.text()}`;
  };
  assertEquals(await answers(1_000_000_000), "200 hello");
  assertEquals((await answers(10)).slice(0, 3), "500");
  assertEquals(errors, ["out-of-fuel"]);
});
