// Runs one file of the WebAssembly JS API's tests in this process, with testharness.js as a shell has it.
// Arguments: the folder of the tests, the file, and the polyfill where it is to be installed. The
// results leave as one line of JSON.

import { readFileSync } from "node:fs";
import process from "node:process";

const [root, file, polyfill] = process.argv.slice(2);
if (polyfill !== undefined) await import(polyfill);

/** The scripts that a file names, then itself. */
const text = readFileSync(`${root}/js-api/${file}`, "utf8");
const scripts = [...text.matchAll(/^\/\/ META: script=(\S+)$/gm)].map(([, script]) => {
  const path = script.startsWith("/wasm/jsapi/")
    ? script.slice("/wasm/jsapi/".length)
    : new URL(script, `file:///${file}`).pathname.slice(1);
  return readFileSync(`${root}/js-api/${path}`, "utf8");
});
const harness = readFileSync(`${root}/harness/testharness.js`, "utf8");
const results = `add_completion_callback((tests, status) => {
  console.log(JSON.stringify({
    status: status.status,
    tests: tests.map(({ name, status, message }) => ({ name, status, message })),
  }));
});`;
globalThis.self ??= globalThis;
// testharness.js is a shell's: these names would make it a page's or a worker's.
for (const name of ["document", "WorkerGlobalScope"]) delete globalThis[name];
(0, eval)([harness, results, ...scripts, text].join("\n;\n"));
