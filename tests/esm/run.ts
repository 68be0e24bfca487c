// deno task test:esm: components as modules where they are meant to run. Node's hooks; files of
// `windlass wrap` in Deno, on pages, in workers and in workerd; the plugin in six bundlers, whose
// output runs in Chromium and in Node; types in TypeScript. `deno task test:esm NAME…` runs only
// some: register, wrap, bundlers, workerd, chromium.

import { finish } from "../support/checks.ts";
import { checkBundlers } from "./bundlers.ts";
import { checkChromium } from "./chromium.ts";
import { makeProject } from "./project.ts";
import { checkRegister } from "./register.ts";
import { checkWorkerd } from "./workerd.ts";
import { checkWrap } from "./wrap.ts";

const wanted = (name: string): boolean => Deno.args.length === 0 || Deno.args.includes(name);
const start = performance.now();
const seconds = (): string => `${((performance.now() - start) / 1000).toFixed(0)} s`;

const { workerd } = await makeProject();
console.log(`the project is made after ${seconds()}`);
// At once: most of each is waiting for processes to start.
await Promise.all([
  (async () => {
    if (wanted("register")) await checkRegister();
    if (wanted("wrap")) await checkWrap();
    if (!workerd) console.log("workerd could not be installed: its tests did not run");
    else if (wanted("workerd")) await checkWorkerd();
  })(),
  (async () => {
    if (wanted("bundlers")) await checkBundlers();
    if (wanted("chromium")) await checkChromium(wanted("bundlers"));
  })(),
]);
console.log(`done after ${seconds()}`);
finish();
