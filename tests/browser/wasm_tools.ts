// What the tests use of `@bytecodealliance/jco-transpile/wasm-tools`, in a browser: the server has
// it, and does the work.

import { call } from "./client.ts";

type Tool = (argument: unknown, more?: unknown) => Promise<unknown>;

export const parse: Tool = (text) => call("parse", text);
export const print: Tool = (bytes) => call("print", bytes);
export const componentEmbed: Tool = (options) => call("componentEmbed", options);
export const componentNew: Tool = (binary, adapters) => call("componentNew", binary, adapters);
export const componentWit: Tool = (bytes) => call("componentWit", bytes);
