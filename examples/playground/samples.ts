// Samples that lie beside the page: what each is, what its imports are scripted as, and the calls
// that it begins with.

import { Named } from "./objects.ts";

/** A component to begin with. */
export interface Sample {
  readonly id: string;
  readonly title: string;
  readonly about: string;
  readonly file: string;
  /** Scripts of its imports, by path. */
  readonly scripts?: Readonly<Record<string, string>>;
  /** What is called once it runs: the title of a form and what is filled into it. */
  readonly calls: readonly (readonly [title: string, ...values: readonly unknown[]])[];
}

const basket = new Named("basket1");

const json = `{"name": "windlass", "stars": [1, 2.5e3, null], "tags": {"wasm": true, "naïve": "\\u00fc"}}`;

const module = `(module
  (func (export "answer") (result i32)
    i32.const 42))`;

/** All of them; the first is there when the page is opened. */
export const SAMPLES: readonly Sample[] = [
  {
    id: "basket",
    title: "Basket",
    about: "A class with methods, records and errors, written in C. It asks its host for a country's tax.",
    file: "basket.wasm",
    scripts: {
      "shop:checkout/rates@1.0.0#tax": `(country) => ({ DE: 0.19, FR: 0.2, JP: 0.1 })[country] ?? 0`,
    },
    calls: [
      ["new Basket", "eur"],
      ["basket.add", basket, "Darjeeling", 1290, 2],
      ["basket.add", basket, "Teapot", 3450, 1],
      ["basket.remove", basket, "Coffee"],
      ["basket.checkout", basket, "DE"],
    ],
  },
  {
    id: "json",
    title: "JSON formatter",
    about: "Text in, text out, or the line and column where the text is wrong. Written in C.",
    file: "json.wasm",
    calls: [["count", json], ["format", `[1, 2,, 3]`, { indent: 2, ascii: false }], ["format", json, {
      indent: 2,
      ascii: true,
    }]],
  },
  {
    id: "site",
    title: "Web server",
    about: "A handler of wasi:http with pages, a form and an API. Links in the response go to the handler.",
    file: "site.wasm",
    calls: [["handle", "GET", "/api/primes?below=30"], ["handle", "GET", "/"]],
  },
  {
    id: "mandelbrot",
    title: "C program",
    about:
      "A command that reads its arguments and writes to its standard output: columns, centre, width of the picture.",
    file: "mandelbrot.wasm",
    calls: [["run", 44, -0.6, 0, 3]],
  },
  {
    id: "wasm-tools",
    title: "wasm-tools",
    about: "The WebAssembly toolbox, written in Rust: here it parses a module, and prints what that gave.",
    file: "wasm-tools.wasm",
    calls: [["parse", module], ["print", new Named("parse()")]],
  },
];
