// The runtime at hand and its engine, in words.

// deno-lint-ignore no-explicit-any -- not every type library has it
const { process } = globalThis as any;

const { deno, bun, node, v8 } = process.versions;
/** Its name and version. */
export const runtime: string = deno ? `Deno ${deno}` : bun ? `Bun ${bun}` : `Node ${node}`;
/** The same of its engine. */
export const engine: string = bun ? "JavaScriptCore" : `V8 ${v8}`;
