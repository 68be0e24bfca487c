// The playground in a frame of this page, used by its elements: what can be tried in an engine that
// only opens an address. Posts what it found to the server, as tests/browser/page.ts does.

interface Check {
  readonly name: string;
  readonly failure: string | undefined;
}

// deno-lint-ignore no-explicit-any
const { document } = globalThis as any;
// deno-lint-ignore no-explicit-any
type Any = any;

const checks: Check[] = [];

/** Milliseconds until something has to have happened. */
const PATIENCE = 20_000;

/** Waits until something is there. */
async function until<T>(what: string, find: () => T | undefined | false | null): Promise<T> {
  for (const start = performance.now(); performance.now() - start < PATIENCE;) {
    const found = find();
    if (found) return found;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  throw new Error(`there is no ${what}`);
}

/** The playground, opened with a sample. */
class Playground {
  readonly frame: Any = document.createElement("iframe");
  readonly errors: string[] = [];

  static async open(sample: string, calls: number, width = 1200): Promise<Playground> {
    const opened = new Playground();
    Object.assign(opened.frame, { src: `/index.html#${sample}`, width, height: 800 });
    document.body.replaceChildren(opened.frame);
    await until(`page of ${sample}`, () => opened.all("#entries > li").length >= calls);
    opened.frame.contentWindow.addEventListener("error", (event: ErrorEvent) => opened.errors.push(event.message));
    await opened.calls(calls);
    return opened;
  }

  one(selector: string): Any {
    const found = this.all(selector)[0];
    if (found === undefined) throw new Error(`there is no ${selector}`);
    return found;
  }

  all(selector: string): Any[] {
    return [...this.frame.contentDocument?.querySelectorAll(selector) ?? []];
  }

  labelled(label: string): Any {
    return this.one(`[aria-label="${label}"]`);
  }

  /** Waits for a number of calls that have come to their end; gives the last. */
  async calls(count: number): Promise<string> {
    const entries = await until(`call ${count}: ${this.all("#entries > li").at(-1)?.textContent}`, () => {
      const all = this.all("#entries > li");
      return all.length === count && all.every((entry) => entry.querySelector(".ms").textContent !== "…") && all;
    });
    return entries.at(-1).textContent;
  }
}

function matches(text: string, pattern: RegExp): void {
  if (!pattern.test(text)) throw new Error(`${JSON.stringify(text)} is not as ${pattern}`);
}

async function check(name: string, action: () => Promise<void>): Promise<void> {
  try {
    await action();
    checks.push({ name, failure: undefined });
  } catch (error) {
    checks.push({ name, failure: `${error}\n${(error as Error)?.stack}` });
  }
}

await check("a class: objects, records, errors, a script, Enter", async () => {
  const page = await Playground.open("basket", 5);
  matches(await page.calls(5), /^basket1\.checkout\("DE"\)[^]*tax\("DE"\)[^]*→ 0\.19[^]*net: 6030n,\s+tax: 1146n/);
  const product = page.labelled("basket.add product");
  product.value = "Milk";
  product.dispatchEvent(
    new page.frame.contentWindow.KeyboardEvent("keydown", { key: "Enter", bubbles: true, cancelable: true }),
  );
  matches(await page.calls(6), /^basket1\.add\("Milk", 3450, 1\)[^]*→ 1$/);
  page.labelled("Drop basket1").click();
  matches(await page.calls(7), /^basket1\[Symbol\.dispose\]\(\)/);
  page.labelled("Call new Basket").click();
  matches(await page.calls(8), /→ basket2$/);
});

await check("a trap, and another instance", async () => {
  const page = await Playground.open("basket", 5);
  const script = page.one("#import-list textarea");
  script.value = "() => 2";
  script.dispatchEvent(new Event("change"));
  page.labelled("Call basket.checkout").click();
  matches(await page.calls(6), /Trap: /);
  await until("way out", () => !page.one("#locked").hidden);
  page.one("#unlock").click();
  await until("new instance", () => page.one("#locked").hidden && page.all(".chips li").length === 0);
  page.labelled("Call new Basket").click();
  matches(await page.calls(7), /→ basket1$/);
});

await check("text in, text out", async () => {
  const page = await Playground.open("json", 3);
  matches(await page.calls(3), /"na\\\\u00efve"/);
  matches(page.one(".outcome pre").textContent, /^\{\n {2}"name": "windlass",\n/);
});

await check("a handler's response is rendered", async () => {
  const page = await Playground.open("site", 2);
  matches(await page.calls(2), /^GET \/[^]*200 OK, text\/html/);
  // The frame's script has run: it is as high as its content. What is in it belongs to an origin of
  // its own.
  await until("page in the response", () => page.one(".response iframe").style.height !== "");
  page.labelled("Method").value = "POST";
  page.labelled("Path").value = "/shout";
  page.labelled("Body").value = "words=hey";
  page.labelled("Send the request").click();
  matches(await page.calls(3), /^POST \/shout[^]*200 OK/);
  matches(page.one(".response iframe").srcdoc, /<strong>HEY!<\/strong>/);
});

await check("a command's output reads forwards", async () => {
  const page = await Playground.open("mandelbrot", 1);
  matches(await page.calls(1), /→ exit code 0$/);
  const lines = page.one("#entries .stdout").textContent.split("\n");
  if (lines.length !== 17) throw new Error(`${lines.length} lines`);
  // The axis is in the middle, and the picture is mirrored by it.
  matches(lines[7], /@@@@/);
  matches(lines[0], /^[^@]+$/);
});

await check("wasm-tools parses and prints", async () => {
  const page = await Playground.open("wasm-tools", 2);
  matches(await page.calls(2), /\(export "answer" \(func 0\)\)/);
});

await check("a phone: nothing overflows", async () => {
  for (
    const [sample, calls] of [["basket", 5], ["json", 3], ["site", 2], ["mandelbrot", 1], ["wasm-tools", 2]] as const
  ) {
    const page = await Playground.open(sample, calls, 390),
      { scrollWidth } = page.frame.contentDocument.documentElement;
    if (scrollWidth > 390) throw new Error(`${sample} is ${scrollWidth} wide`);
  }
});

await check("tabs; a drop that fails names the file", async () => {
  const page = await Playground.open("basket", 5);
  page.one("#tab-typescript").click();
  matches(page.one("#world-text").textContent, /export interface World/);
  const { DataTransfer, DragEvent, File } = page.frame.contentWindow;
  const dataTransfer = new DataTransfer();
  dataTransfer.items.add(new File(["not wasm"], "notes.txt"));
  page.one("body").dispatchEvent(new DragEvent("drop", { dataTransfer, bubbles: true, cancelable: true }));
  const fault = await until("message", () => !page.one("#fault-box").hidden && page.one("#fault").textContent);
  matches(fault, /^notes\.txt could not be loaded\. basket\.wasm is still here\.\nCompileError: /);
});

await fetch("/outcome", { method: "POST", body: JSON.stringify(checks) });
