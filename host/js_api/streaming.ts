// `compileStreaming` and `instantiateStreaming`: the first bytes of a response say of which layer it
// is. A core module's response goes to the engine's own function, with all of its bytes.
// A response or a promise of one enters.
// Source: the WebAssembly Web API, "Streaming Module Compilation and Instantiation".

import { isComponentLayer, PREAMBLE } from "./compile_component.ts";
import type { Component } from "./component.ts";
import { apply } from "./intrinsics.ts";
import {
  compile,
  compiled,
  type CompileOptions,
  instantiate,
  instantiated,
  type InstantiatedSource,
} from "./namespace.ts";

/** The engine's own functions; some engines have none. */
const { compileStreaming: compileModule, instantiateStreaming: instantiateModule } = WebAssembly as {
  readonly compileStreaming?: (...args: unknown[]) => Promise<WebAssembly.Module>;
  readonly instantiateStreaming?: (...args: unknown[]) => Promise<InstantiatedSource>;
};

/** The first bytes of a response, of which nothing is taken. */
async function preambleOf(response: Response): Promise<Uint8Array> {
  const reader = response.clone().body!.getReader(), found = new Uint8Array(PREAMBLE);
  try {
    for (let length = 0; length < PREAMBLE;) {
      const { done, value } = await reader.read();
      if (done) return found.subarray(0, length);
      found.set(value.subarray(0, PREAMBLE - length), length);
      length += value.length;
    }
    return found;
  } finally {
    // It ends when the rest of the response was read.
    reader.cancel().catch(() => {});
  }
}

/** Whether an engine compiles what a response has. Otherwise it says why not. */
function isFit(response: unknown): response is Response {
  if (!(response instanceof Response) || !response.ok || response.bodyUsed || response.body === null) return false;
  const type = response.headers.get("content-type") ?? "";
  return !response.body.locked && type.trim().toLowerCase() === "application/wasm";
}

/** The body of a component's response; `undefined` if the engine is to take the response. */
async function componentBody(response: unknown): Promise<ReadableStream<Uint8Array> | undefined> {
  return isFit(response) && isComponentLayer(await preambleOf(response)) ? response.body! : undefined;
}

/** The bytes of a core module's response, for an engine that cannot stream. */
async function moduleBytes(response: unknown): Promise<ArrayBuffer> {
  if (isFit(response)) return await response.arrayBuffer();
  throw new TypeError("expected a Response that is ok, unused, and of the type application/wasm");
}

const functions = {
  async compileStreaming(source: unknown, ...rest: unknown[]): Promise<unknown> {
    const response = await source, body = await componentBody(response);
    if (body !== undefined) return await compiled(body, rest[0]);
    if (compileModule !== undefined) return await apply(compileModule, WebAssembly, given(arguments, response));
    return await compile(await moduleBytes(response), ...rest as [CompileOptions?]);
  },

  async instantiateStreaming(source: unknown, ...rest: unknown[]): Promise<unknown> {
    const response = await source, body = await componentBody(response);
    if (body !== undefined) return await instantiated(body, rest[0], rest[1]);
    if (instantiateModule !== undefined) return await apply(instantiateModule, WebAssembly, given(arguments, response));
    return await instantiate(await moduleBytes(response), ...rest as [object?, CompileOptions?]);
  },
};

/** The arguments of a call, with the response in place of its promise. */
function given(args: ArrayLike<unknown>, response: unknown): unknown[] {
  return args.length === 0 ? [] : [response, ...Array.from(args).slice(1)];
}

/**
 * Compiles a component or a core module from a response, while it arrives.
 *
 * @example
 * ```ts
 * import { compileStreaming, Component } from "@windlass/component/js-api";
 * import { assert } from "@std/assert";
 *
 * const bytes = new Uint8Array([0, 0x61, 0x73, 0x6d, 0x0d, 0, 1, 0]);
 * const response = new Response(bytes, { headers: { "content-type": "application/wasm" } });
 * assert(await compileStreaming(response) instanceof Component);
 * ```
 */
export const compileStreaming: (
  source: Response | PromiseLike<Response>,
  options?: CompileOptions,
) => Promise<Component | WebAssembly.Module> = functions.compileStreaming as never;

/**
 * Compiles a component or a core module from a response, while it arrives, and instantiates it.
 *
 * @example
 * ```ts
 * import { instantiateStreaming } from "@windlass/component/js-api";
 * import { assertEquals } from "@std/assert";
 *
 * const bytes = new Uint8Array([0, 0x61, 0x73, 0x6d, 0x0d, 0, 1, 0]);
 * const response = new Response(bytes, { headers: { "content-type": "application/wasm" } });
 * const { instance } = await instantiateStreaming(response);
 * assertEquals(Object.keys(instance.exports), []);
 * ```
 */
export const instantiateStreaming: (
  source: Response | PromiseLike<Response>,
  importObject?: object,
  options?: CompileOptions,
) => Promise<InstantiatedSource> = functions.instantiateStreaming as never;
