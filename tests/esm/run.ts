// deno task test:esm: components as modules where they are meant to run. Node's hooks; files of
// `windlass wrap` in Deno, on pages, in workers and in workerd; the plugin in six bundlers, whose
// output runs in Chromium and in Node; types in TypeScript. `deno task test:esm NAME…` runs only
// some: register, wrap, bundlers, workerd, chromium.

import { check, finish } from "../support/checks.ts";
import { makeProject } from "./project.ts";
import { checkRegister } from "./register.ts";

const wanted = (name: string): boolean => Deno.args.length === 0 || Deno.args.includes(name);
const start = performance.now();
const seconds = (): string => `${((performance.now() - start) / 1000).toFixed(0)} s`;

const { workerd } = await makeProject();
console.log(`the project is made after ${seconds()}`);
if (wanted("register")) await checkRegister();
console.log(`done after ${seconds()}`);
finish();
