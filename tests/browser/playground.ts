// The playground in the browser, used by mouse and by keyboard, in light and in dark; part of `deno task test:browser`.
// With SCREENSHOTS=DIR it leaves pictures for a person to look at.

import { Buffer } from "node:buffer";
import { assert, assertEquals, assertMatch } from "@std/assert";
import { playgroundHandler } from "../../examples/playground/serve.ts";

// deno-lint-ignore no-explicit-any
type Any = any;

/** Uses it; calls back for each thing that was tried. */
export async function testPlayground(
  browser: Any,
  check: (name: string, action: () => Promise<void>) => Promise<void>,
): Promise<void> {
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, await playgroundHandler());
  const pictures = Deno.env.get("SCREENSHOTS");
  const open = async (colorScheme: "light" | "dark", width = 1400) => {
    const page = await browser.newPage({ colorScheme, viewport: { width, height: 900 } });
    const errors: string[] = [];
    page.on("pageerror", (error: unknown) => errors.push(String(error)));
    await page.goto(`http://127.0.0.1:${server.addr.port}/`);
    const picture = (name: string) => pictures && page.screenshot({ path: `${pictures}/${name}.png` });
    const newest = () => page.locator("#entries > li").first().innerText();
    const ready = () =>
      page.waitForFunction(() => (globalThis as Any).document.querySelector("#export-list").children.length > 0);
    return { page, errors, picture, newest, ready };
  };
  try {
    await check("playground: a sample is compiled, shown and called; imports are stubbed or scripted", async () => {
      const { page, errors, picture, newest, ready } = await open("light");
      await page.selectOption("#sample", "greet");
      await ready();
      assertMatch(await page.locator("#wit").innerText(), /export demo:greet\/api@1\.0\.0/);
      await page.getByLabel("greet name").fill("world");
      await page.getByRole("button", { name: "Call greet" }).click();
      await page.waitForFunction(() => (globalThis as Any).document.querySelectorAll("#entries > li").length >= 2);
      assertMatch(await newest(), /^greet\("world"\)\s+[\d.]+ (?:ms|µs)\s+→ "Hello, world!"$/);
      assertMatch(await page.locator("#entries > li.import").first().innerText(), /^demo:greet\/host@1\.0\.0#log\("/);
      await page.getByLabel("Script for demo:greet/host@1.0.0#log").fill('() => { throw new Error("scripted") }');
      await page.getByRole("button", { name: "Instantiate" }).click();
      await ready();
      await page.getByLabel("greet name").fill("again");
      await page.getByRole("button", { name: "Call greet" }).click();
      await page.getByText("Error: scripted").first().waitFor();
      await picture("greet-light");
      assertEquals(errors, []);
      await page.close();
    });
    await check(
      "playground: values of every kind through forms, resources kept, wrong ones refused by name",
      async () => {
        const { page, errors, picture, newest, ready } = await open("dark");
        await page.selectOption("#sample", "shapes");
        await ready();
        const call = async (name: string) => {
          const before = await page.locator("#entries > li").count();
          await page.getByRole("button", { name: `Call ${name}`, exact: true }).first().click();
          await page.waitForFunction(
            (count: number) => (globalThis as Any).document.querySelectorAll("#entries > li").length > count,
            before,
          );
          return await newest();
        };
        await page.getByLabel("add a", { exact: true }).first().fill("40");
        await page.getByLabel("add b", { exact: true }).first().fill("2");
        assertMatch(await call("add"), /^add\(40, 2\)[^]*→ 42$/);
        await page.getByLabel("add a", { exact: true }).first().fill("-1");
        assertMatch(await call("add"), /ValueError: Cannot lower param 1 `a`[^]*expected u32, found -1/);
        assertMatch(await call("[constructor]tally"), /→ <own>/);
        await page.getByRole("button", { name: "Call [method]tally.get" }).focus();
        assertMatch(await call("[method]tally.get"), /→ \d+$/);
        await picture("shapes-dark");
        assertEquals(errors, []);
        await page.close();
      },
    );
    await check("playground: by keyboard alone; a command's output is shown", async () => {
      const { page, errors, ready, newest } = await open("light", 700);
      await page.keyboard.press("Tab");
      assertEquals(await page.evaluate(() => (globalThis as Any).document.activeElement.className), "skip");
      await page.keyboard.press("Tab");
      await page.keyboard.type("hello");
      await ready();
      for (let i = 0; i < 40; i++) {
        await page.keyboard.press("Tab");
        const label = await page.evaluate(() => (globalThis as Any).document.activeElement.getAttribute("aria-label"));
        if (label === "Call run") break;
        assert(i < 39, "the button is not reached");
      }
      await page.keyboard.press("Enter");
      await page.getByText("Hello, world!").first().waitFor().catch(() => {});
      await page.waitForFunction(() =>
        /run\(\)/.test((globalThis as Any).document.querySelector("#entries").innerText)
      );
      const all = await page.locator("#entries").innerText();
      assertMatch(all.replaceAll("\n", " "), /Hello/);
      assert((await newest()).length > 0);
      assertEquals(errors, []);
      await page.close();
    });
    await check("playground: what is no component is said, with the offset", async () => {
      const { page, picture } = await open("dark", 700);
      await page.setInputFiles("#file", {
        name: "x.wasm",
        mimeType: "application/wasm",
        buffer: Buffer.from("not wasm"),
      });
      await page.getByText("magic header").waitFor();
      await picture("error-dark-narrow");
      await page.close();
    });
  } finally {
    await server.shutdown();
  }
}
