// The playground in the browser, used by mouse and by keyboard, in light and in dark, on a desk and
// on a phone; part of `deno task test:browser`. With SCREENSHOTS=DIR it leaves pictures for a
// person to look at.

import { Buffer } from "node:buffer";
import { assert, assertEquals, assertMatch } from "@std/assert";
import { run } from "@windlass/component/wasi";
import { SAMPLES } from "../../examples/playground/samples.ts";
import { playgroundHandler } from "../../examples/playground/serve.ts";
import { lowContrast } from "./contrast.ts";
import { playgroundChecks } from "./playground_engines.ts";

// deno-lint-ignore no-explicit-any
type Any = any;

const samples = "examples/playground/samples";

interface Opened {
  readonly page: Any;
  /** What the page has thrown or reported. */
  readonly errors: string[];
  picture(name: string): Promise<void>;
  /** The calls in the list, as text. */
  calls(): Promise<string[]>;
  /** Waits until a list of calls of that length has come to its end, and gives the last. */
  last(count: number): Promise<string>;
}

interface View {
  readonly sample?: string;
  readonly colorScheme?: "light" | "dark";
  readonly width?: number;
}

/** Uses it; calls back for each thing that was tried. */
export async function testPlayground(
  browser: Any,
  check: (name: string, action: () => Promise<void>) => Promise<void>,
): Promise<void> {
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, await playgroundHandler());
  const address = `http://127.0.0.1:${server.addr.port}/`, pictures = Deno.env.get("SCREENSHOTS");

  /** Opens the page and waits until its sample's calls are through. */
  async function open({ sample, colorScheme = "light", width = 1400 }: View = {}): Promise<Opened> {
    const context = await browser.newContext({
      colorScheme,
      viewport: { width, height: 900 },
      permissions: ["clipboard-read", "clipboard-write"],
    });
    const page = await context.newPage(), errors: string[] = [];
    page.on("pageerror", (error: unknown) => errors.push(String(error)));
    page.on("console", (message: Any) => message.type() === "error" && errors.push(message.text()));
    await page.goto(sample === undefined ? address : `${address}#${sample}`);
    const calls = () => page.locator("#entries > li").allInnerTexts();
    const last = async (count: number) => {
      await page.waitForFunction((count: number) => {
        const { document } = globalThis as Any, entries = document.querySelectorAll("#entries > li");
        return entries.length === count &&
          [...entries].every((entry) => entry.querySelector(".ms").textContent !== "…");
      }, count);
      return (await calls()).at(-1)!;
    };
    await last(SAMPLES.find(({ id }) => id === (sample ?? SAMPLES[0]!.id))!.calls.length);
    const picture = async (name: string) => {
      if (pictures !== undefined) await page.screenshot({ path: `${pictures}/${name}.png`, fullPage: true });
    };
    return { page, errors, picture, calls, last };
  }

  /** A check with a page of its own, which must not have thrown. */
  const visit = (name: string, view: View, action: (opened: Opened) => Promise<void>): Promise<void> =>
    check(`playground: ${name}`, async () => {
      const opened = await open(view);
      await action(opened);
      assertEquals(opened.errors, []);
      await opened.page.context().close();
    });

  try {
    await visit("a first page with a sample that runs already, in JavaScript's words", {}, async ({ page, calls }) => {
      assertEquals(await page.locator("#name").innerText(), "basket.wasm");
      const [made, added] = await calls();
      assertMatch(made!, /^new Basket\("eur"\)\s+[\d.]+ (?:ms|µs)\s+→ basket1$/);
      assertMatch(added!, /^basket1\.add\("Darjeeling", 1290, 2\)\s+[\d.]+ (?:ms|µs)\s+→ 2$/);
      const titles = await page.locator("#export-list h4").allInnerTexts();
      assertEquals(titles.slice(0, 3), ["class Basket", "new Basket(currency)", "Basket.merge(left, right) → basket"]);
      const icon = await page.locator('link[rel="icon"]').getAttribute("href");
      const answer = await page.request.get(`${address}${icon}`);
      assertEquals([answer.status(), answer.headers()["content-type"]], [200, "image/svg+xml"]);
    });

    for (const { id } of SAMPLES) {
      for (const colorScheme of ["light", "dark"] as const) {
        for (const width of [390, 1400]) {
          await visit(`${id}, ${colorScheme}, ${width} wide: nothing overflows, all can be read`, {
            sample: id,
            colorScheme,
            width,
          }, async ({ page, picture }) => {
            assertEquals(await page.evaluate("document.documentElement.scrollWidth"), width);
            assertEquals(await page.evaluate(lowContrast), []);
            await picture(`${id}-${colorScheme}-${width}`);
          });
        }
      }
    }

    await visit("Enter in a field calls, with Shift it breaks the line; a failed call has its arguments", {}, async (
      { page, last },
    ) => {
      const product = page.getByLabel("basket.add product");
      await product.fill("Milk");
      await page.getByLabel("basket.add price").fill("-1");
      await page.getByLabel("basket.add price").press("Enter");
      assertMatch(
        await last(6),
        /^basket1\.add\("Milk", -1, 1\)[^]*ValueError: Cannot lower param 3 `price`[^]*found -1$/,
      );
      await page.getByLabel("basket.add price").fill("120");
      await product.press("End");
      await product.press("Shift+Enter");
      await product.pressSequentially("whole");
      await product.press("Enter");
      assertMatch(await last(7), /^basket1\.add\(`Milk\nwhole`, 120, 1\)[^]*→ 1$/);
      assertEquals(await page.evaluate("document.activeElement.getAttribute('aria-label')"), "basket.add product");
      // A wrong argument locks nothing down.
      assertEquals(await page.locator("#locked").isVisible(), false);
      await page.getByLabel("basket.remove product").fill("Tea");
      await page.getByRole("button", { name: "Call basket.remove" }).click();
      assertMatch(
        await last(8),
        /^basket1\.remove\("Tea"\)[^]*ComponentError[^]*\{ tag: "not-in-basket", val: "Tea" \}$/,
      );
    });

    await visit("objects are kept, given away, and dropped", {}, async ({ page, last }) => {
      await page.getByRole("button", { name: "Call new Basket" }).click();
      assertMatch(await last(6), /→ basket2$/);
      await page.getByLabel("Basket.merge left").selectOption("basket1");
      await page.getByRole("button", { name: "Call Basket.merge" }).click();
      assertMatch(await last(7), /^Basket\.merge\(basket1, basket2\)[^]*→ basket3$/);
      assertEquals(await page.locator(".chips li").allInnerTexts(), ["basket3\nDrop"]);
      await page.getByRole("button", { name: "Call basket.items" }).click();
      assertMatch(await last(8), /^basket3\.items\(\)[^]*"Darjeeling"[^]*"Teapot"/);
      await page.getByRole("button", { name: "Drop basket3" }).click();
      assertMatch(await last(9), /^basket3\[Symbol\.dispose\]\(\)/);
      assertEquals(await page.locator(".chips li").count(), 0);
      assertEquals(await page.getByLabel("basket.items this").innerText(), "no basket yet");
    });

    await visit(
      "a script is used from the next call on; after a trap there is a button",
      { colorScheme: "dark" },
      async ({ page, last, picture }) => {
        const script = page.getByLabel("Script for shop:checkout/rates@1.0.0#tax; empty for a stub");
        const checkout = page.getByRole("button", { name: "Call basket.checkout" });
        await script.fill("async (country) => { await 0; return country.length / 10; }");
        await script.blur();
        await page.waitForFunction("document.querySelector('.chips').children.length === 0");
        await page.getByRole("button", { name: "Call new Basket" }).click();
        await last(6);
        await page.getByLabel("basket.add product").fill("Cup");
        await page.getByLabel("basket.add price").fill("1000");
        await page.getByLabel("basket.add quantity").fill("1");
        await page.getByLabel("basket.add quantity").press("Enter");
        await last(7);
        await page.getByLabel("basket.checkout country").fill("DE");
        await checkout.click();
        assertMatch(await last(8), /rates@1\.0\.0#tax\("DE"\)[^]*→ 0\.2[^]*tax: 200n,\s+total: 1200n/);
        await script.fill("(country => ");
        await script.blur();
        assertMatch(await page.locator("#import-list .fault").innerText(), /^SyntaxError: /);
        // A rate of 200 % is a trap of the guest's.
        await script.fill("() => 2");
        await script.blur();
        await page.waitForFunction("document.querySelector('.chips').children.length === 0");
        await page.getByRole("button", { name: "Call new Basket" }).click();
        await last(9);
        await page.getByLabel("basket.add quantity").press("Enter");
        await last(10);
        assertEquals(await page.locator("#locked").isVisible(), false);
        await checkout.click();
        assertMatch(await last(11), /^basket1\.checkout\("DE"\)[^]*Trap: /);
        await picture("trap-dark");
        await page.locator("#locked").getByRole("button", { name: "Instantiate again" }).click();
        await page.waitForFunction("document.querySelector('.chips').children.length === 0");
        assertEquals(await page.locator("#locked").isVisible(), false);
        await page.getByRole("button", { name: "Call new Basket" }).click();
        assertMatch(await last(12), /→ basket1$/);
        // Beside what the failed call came to there is one, too.
        await page.getByLabel("basket.add quantity").press("Enter");
        await last(13);
        await checkout.click();
        assertMatch(await last(14), /Trap: /);
        await page.locator(".outcome").getByRole("button", { name: "Instantiate again" }).click();
        await page.waitForFunction("document.querySelector('.chips').children.length === 0");
        assertEquals(await page.locator("#locked").isVisible(), false);
      },
    );

    await visit("what a command writes reads forwards", { sample: "mandelbrot" }, async ({ page, last }) => {
      const args = ["60", "-0.75", "0.1", "0.2"];
      await page.getByLabel("Arguments").fill(args.join(" "));
      await page.getByLabel("Arguments").press("Enter");
      assertMatch(await last(2), /→ exit code 0$/);
      const { stdout } = await run(Deno.readFile(`${samples}/mandelbrot.wasm`), {
        args: ["", ...args],
        stdout: "capture",
      });
      const expected = new TextDecoder().decode(stdout);
      assertEquals(await page.locator("#entries .stdout").last().textContent(), expected);
      assertEquals(await page.locator(".screen").textContent(), expected);
      await page.getByLabel("Arguments").fill("1");
      await page.getByRole("button", { name: "Run the command" }).click();
      assertMatch(await last(3), /usage: mandelbrot[^]*→ exit code 1$/);
    });

    await visit(
      "a handler: requests by form and by link, responses as a browser shows them",
      { sample: "site" },
      async (
        { page, last, errors },
      ) => {
        const inside = page.frameLocator("iframe");
        const requests: Any[] = [];
        page.on("request", (request: Any) => requests.push(request));
        await inside.getByRole("link", { name: "A page with a script" }).click();
        await inside.getByRole("heading", { name: "A script" }).waitFor();
        assertMatch(await inside.locator("#said").innerText(), /^The script did not run/);
        // Chromium's preloading may begin one that the policy then refuses: it is never sent.
        const isSent = (request: Any): boolean => !/csp|blocked/i.test(request.failure()?.errorText ?? "");
        assertEquals(requests.filter(isSent).map((request) => request.url()), []);
        // The browser reports what the frame's policy has refused.
        for (const error of errors.splice(0)) assertMatch(error, /Content Security Policy/);
        await inside.getByRole("link", { name: "Back" }).click();
        await last(4);
        await inside.getByRole("link", { name: "A form that posts" }).click();
        assertMatch(await last(5), /^GET \/shout\s[^]*200 OK/);
        await inside.getByLabel("Words").fill("hey & ho");
        await inside.getByRole("button", { name: "Shout" }).click();
        assertMatch(await last(6), /^POST \/shout\s[^]*200 OK/);
        assertEquals(await inside.locator("strong").innerText(), "HEY & HO!");
        assertEquals(await page.getByLabel("Method").inputValue(), "POST");
        assertEquals(await page.getByLabel("Body").inputValue(), "words=hey+%26+ho");
        await page.getByLabel("Method").selectOption("GET");
        await page.getByLabel("Path").fill("/api/primes?below=8");
        await page.getByLabel("Path").press("Enter");
        assertMatch(await last(7), /200 OK, application\/json/);
        assertEquals(JSON.parse(await page.getByLabel("The response's body").innerText()), {
          below: 8,
          primes: [2, 3, 5, 7],
        });
        await page.getByLabel("Path").fill("/badge.svg");
        await page.getByLabel("Path").press("Enter");
        await last(8);
        assert(
          await page.getByAltText("The response, as a picture").evaluate((image: Any) =>
            image.decode().then(() => image.width > 100)
          ),
        );
        await page.getByLabel("Path").fill("/<b>");
        await page.getByLabel("Path").press("Enter");
        assertMatch(await last(9), /404 Not Found/);
        assertMatch(await inside.locator("p").first().innerText(), /There is no page/);
      },
    );

    await visit("bytes that one call gave are another's argument", { sample: "wasm-tools" }, async ({ page, last }) => {
      await page.getByLabel("parse wat").fill("(module (memory 7))");
      await page.getByLabel("parse wat").press("Enter");
      assertMatch(await last(3), /→ Uint8Array\(13\) \[00 61 73 6d 01 00 00 00 05 03 01 00 07\]$/);
      await page.getByLabel("What print binary is made of").selectOption({ index: 2 });
      await page.getByRole("button", { name: "Call print" }).click();
      assertMatch(await last(4), /\(memory \(;0;\) 7\)/);
      await page.getByLabel("What print binary is made of").selectOption("hexadecimal");
      await page.getByLabel("print binary", { exact: true }).fill("00 61 73 6d 01 00 00 00");
      await page.getByRole("button", { name: "Call print" }).click();
      assertMatch(await last(5), /→ "\(module\)\\n"$/);
    });

    await visit("values of every kind through forms", { colorScheme: "dark" }, async ({ page, last, picture }) => {
      await page.setInputFiles("#file", "bench/fixtures/calls.wasm");
      await page.waitForFunction("document.querySelector('#name').textContent === 'calls.wasm'");
      let count = 0;
      const call = async (name: string) => {
        await page.getByRole("button", { name: `Call ${name}`, exact: true }).first().click();
        return await last(++count);
      };
      await page.getByLabel("add a", { exact: true }).first().fill("40");
      await page.getByLabel("add b", { exact: true }).first().fill("2");
      assertMatch(await call("add"), /^add\(40, 2\)[^]*→ 42$/);
      await page.getByLabel("words l", { exact: true }).fill("1, 2 3");
      assertMatch(await call("words"), /→ Uint32Array \[1, 2, 3\]$/);
      await page.getByLabel("echoShape s", { exact: true }).first().selectOption("circle");
      await page.getByLabel("echoShape s circle").fill("1.5");
      assertMatch(await call("echoShape"), /→ \{ tag: "circle", val: 1\.5 \}$/);
      await page.getByRole("group", { name: "permit p" }).getByLabel("exec").check();
      assertMatch(await call("permit"), /→ \{ read: false, write: false, exec: true \}$/);
      await page.getByLabel("paint c").selectOption("blue");
      assertMatch(await call("paint"), /→ "blue"$/);
      await page.getByLabel("maybe x", { exact: true }).selectOption("some");
      await page.getByLabel("maybe x some").fill("7");
      assertMatch(await call("maybe"), /→ 7$/);
      await page.getByRole("button", { name: "Add an item to names l" }).click();
      await page.getByRole("textbox", { name: "names l", exact: true }).fill("a");
      assertMatch(await call("names"), /→ \["a"\]$/);
      assertMatch(await call("new Tally"), /→ tally1$/);
      assertMatch(await call("tally.get"), /^tally1\.get\(\)[^]*→ \d+n?$/);
      await picture("kinds-dark");
    });

    await visit("tabs for WIT and TypeScript, by keyboard, copied", {}, async ({ page }) => {
      const wit = page.getByRole("tab", { name: "WIT" }), typescript = page.getByRole("tab", { name: "TypeScript" });
      assertMatch(await page.getByRole("tabpanel").innerText(), /export shop:checkout\/baskets@1\.0\.0;/);
      await wit.focus();
      await page.keyboard.press("ArrowRight");
      assertEquals(await typescript.getAttribute("aria-selected"), "true");
      assertEquals(await page.evaluate("document.activeElement.id"), "tab-typescript");
      const shown = await page.getByRole("tabpanel").innerText();
      assertMatch(shown, /export interface World/);
      await page.getByRole("button", { name: "Copy" }).click();
      await page.getByText("Copied").waitFor();
      assertEquals(
        await page.evaluate("navigator.clipboard.readText()").then((text: string) => text.trim()),
        shown.trim(),
      );
    });

    await visit("what is no component is named, and what was there stays", { colorScheme: "dark", width: 700 }, async (
      { page, last, picture },
    ) => {
      const drop = (name: string, content: string) =>
        page.evaluate(([name, content]: [string, string]) => {
          const dataTransfer = new DataTransfer();
          dataTransfer.items.add(new File([content], name));
          for (const type of ["dragover", "drop"]) {
            (globalThis as Any).document.dispatchEvent(
              new (globalThis as Any).DragEvent(type, { dataTransfer, cancelable: true }),
            );
          }
        }, [name, content]);
      await drop("notes.txt", "not wasm");
      const alert = page.locator("#fault-box");
      await alert.waitFor();
      assertMatch(
        await alert.innerText(),
        /notes\.txt could not be loaded\. basket\.wasm is still here\.\s+CompileError: [^]*magic/,
      );
      await picture("error-dark-700");
      await page.getByRole("button", { name: "Call basket.items" }).click();
      assertMatch(await last(6), /^basket1\.items\(\)/);
      await page.getByRole("button", { name: "Dismiss" }).click();
      assertEquals(await alert.isVisible(), false);
      // A component that needs what the page has not says so, in the place of its exports.
      await page.setInputFiles("#file", {
        name: "empty.wasm",
        mimeType: "application/wasm",
        buffer: Buffer.from([0, 0x61, 0x73, 0x6d, 0x0d, 0, 1, 0]),
      });
      await page.getByText("It exports nothing that could be called.").waitFor();
      await page.getByText("It imports nothing").waitFor();
      await page.getByText("Nothing was called yet.").waitFor();
      await picture("empty-dark-700");
    });

    await visit("by keyboard alone", { width: 700 }, async ({ page, last, picture }) => {
      await page.keyboard.press("Tab");
      assertEquals(await page.evaluate("document.activeElement.className"), "skip");
      await page.keyboard.press("Tab");
      await page.keyboard.press("Tab");
      await page.keyboard.press("Enter");
      await page.waitForFunction("document.querySelector('#name').textContent === 'json.wasm'");
      await last(3);
      const focused: string[] = [];
      while (focused.at(-1) !== "format json") {
        assert(focused.length < 40, `the field is not reached: ${focused}`);
        await page.keyboard.press("Tab");
        focused.push(await page.evaluate("document.activeElement.getAttribute('aria-label')"));
        const outline = await page.evaluate("getComputedStyle(document.activeElement).outlineStyle");
        assertEquals(outline, "solid", `${focused.at(-1)} shows no focus`);
      }
      await page.keyboard.press("Control+A");
      await page.keyboard.type("[1,]");
      await page.keyboard.press("Enter");
      assertMatch(await last(4), /^format\("\[1,\]"[^]*column: 4/);
      await picture("keyboard-light-700");
    });

    // What every engine can be asked to do, here too.
    const framed = await playgroundChecks(async (url) => {
      const page = await browser.newPage();
      await page.goto(url);
      return () => page.close();
    });
    for (const { name, failure } of framed) {
      await check(`playground in a frame: ${name}`, () => {
        if (failure !== undefined) throw new Error(failure);
        return Promise.resolve();
      });
    }
  } finally {
    await server.shutdown();
  }
}
