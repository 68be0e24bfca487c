// What a program in TypeScript has of the package: compiled, not run.

import { compile, type Component, type Instance, instantiate, t } from "@windlass/component";
import { run, serve, wasi } from "@windlass/component/wasi";
import { main } from "@windlass/component/cli";
import * as jsApi from "@windlass/component/js-api";

const component: Component = await compile(new Uint8Array());
const instance: Instance = await instantiate(component, { ...await wasi({ args: ["a"] }) });
export const greet: (name: string) => string = instance.func("a:b/c#greet", t.func([t.string], t.string));
export const code: number = (await run(component)).exitCode + await main([]);
export const handler: (request: Request) => Promise<Response> = await serve(component);
export const made: jsApi.ComponentInstance = await jsApi.instantiate(new jsApi.Component(new Uint8Array()));
export const payload: unknown = new jsApi.ComponentError("text", 1).payload;
// @ts-expect-error no such option
await wasi({ arguments: [] });
