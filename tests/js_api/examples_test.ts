// The examples of the draft's explainer (JS-Explainer.md "Walkthrough"), with the polyfill installed.
// `bytes` are the fixtures whose WIT the explainer has.

import "@windlass/component/polyfill";
import { assertEquals } from "@std/assert";
import { fixture, thrown } from "./support.ts";

// TypeScript does not know the draft's namespace.
// deno-lint-ignore no-explicit-any
declare const globalThis: any;
const { WebAssembly } = globalThis;

Deno.test("A greeter", async () => {
  const bytes = fixture("greeter");
  const { instance } = await WebAssembly.instantiate(bytes);

  assertEquals(instance.exports.greet("world"), "hello, world");

  assertEquals(instance.exports.greet(42), "hello, 42");
  thrown(TypeError, () => instance.exports.greet());
});

Deno.test("A logger", async () => {
  const bytes = fixture("logger");
  {
    const lines: string[] = [], before = console.log;
    console.log = (message) => lines.push(message);
    try {
      const { instance } = await WebAssembly.instantiate(bytes, { log: console.log });

      instance.exports.run();
    } finally {
      console.log = before;
    }
    assertEquals(lines, ["hello"]);
  }
  const lines: string[] = [];
  const log = (message: string) => {
    lines.push(message);
  };

  const { instance } = await WebAssembly.instantiate(bytes, { log });
  instance.exports.run();
  assertEquals(lines, ["hello"]);
});

Deno.test("When a call fails", async () => {
  const bytes = fixture("parser");
  const { instance } = await WebAssembly.instantiate(bytes, {
    lookup: (key: string) => {
      throw `no such key: ${key}`;
    },
  });

  assertEquals(instance.exports.parse("42"), 42);

  let caught = false;
  try {
    instance.exports.parse("$name");
  } catch (e) {
    caught = true;
    assertEquals(e instanceof WebAssembly.ComponentError, true);
    // deno-lint-ignore no-explicit-any
    assertEquals((e as any).payload, "no such key: name");
  }
  assertEquals(caught, true);
});

/** A document, where there is none. */
function someDocument() {
  // deno-lint-ignore no-explicit-any
  const { document, Element } = globalThis as any;
  if (document?.body) {
    document.body.innerHTML = '<h1 id="page-title"></h1>';
    return { document, Element };
  }
  class Some {
    readonly id: string | null;
    readonly inner: Record<string, Some>;
    constructor(id: string | null, inner: Record<string, Some> = {}) {
      this.id = id;
      this.inner = inner;
    }
    querySelector(selectors: string): Some | null {
      return this.inner[selectors] ?? null;
    }
    getAttribute(name: string): string | null {
      return name === "id" ? this.id : null;
    }
  }
  return { document: { body: new Some(null, { h1: new Some("page-title") }) }, Element: Some };
}

Deno.test("Importing a resource", async () => {
  const bytes = fixture("element"), { document, Element } = someDocument();
  const { instance } = await WebAssembly.instantiate(bytes, { element: Element });

  assertEquals(instance.exports.find(document.body, "h1"), "page-title");
  assertEquals(instance.exports.find(document.body, "h2"), null);
  thrown(TypeError, () => instance.exports.find({}, "h1"));
});

Deno.test("Exporting a resource", async () => {
  const bytes = fixture("counter");
  const { instance } = await WebAssembly.instantiate(bytes);
  const { Counter } = instance.exports.api;
  {
    using c = new Counter();
    assertEquals(c.increment(), 1);
    assertEquals(c.increment(), 2);
  }
  assertEquals(instance.exports.api.drops(), 1);
});
