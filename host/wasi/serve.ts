// Serving HTTP: `wasi:http/incoming-handler` as a function from Request to Response.

import { features } from "../../core/module/features.ts";
import { checkKnown, type Known } from "../../core/binary/known_names.ts";
import { describe } from "../../errors.ts";
import { err, type Result } from "../../abi/codecs/results.ts";
import { compile, type ComponentSource } from "../compile.ts";
import type { Instance } from "../exports/instance.ts";
import { type Imports, Linker } from "../link/linker.ts";
import { t } from "../schema.ts";
import { entryOf } from "./entry.ts";
import type { OutgoingBody } from "./http_body.ts";
import type { ErrorCode } from "./http_error.ts";
import { type BodyInit, BodyTooLarge, bytesOf, streamOf } from "./http_received.ts";
import { bodyOf, fieldsOf, IncomingRequest, type OutgoingResponse, ResponseOutparam } from "./http_types.ts";
import { linkWasi } from "./imports.ts";
import { State, WASI_OPTIONS, type WasiData, type WasiOptions } from "./state.ts";

/** Options of {@linkcode serve}. */
export interface ServeOptions extends WasiOptions {
  /** What the component imports besides WASI. */
  imports?: Imports;
  /**
   * An instance for each request, or at most so many that are used again and again; default the
   * former.
   */
  instances?: "per-request" | { max: number };
  /** Told what a handler threw, which the client sees as status 500; default `console.error`. */
  onError?: (error: unknown) => void;
}

const SERVE_OPTIONS: Known<ServeOptions> = { ...WASI_OPTIONS, imports: true, instances: true, onError: true };

/** Statuses whose responses have no body. */
const BODILESS: ReadonlySet<number> = new Set([204, 205, 304]);

const handlerType = t.func([
  t.own(t.resource("incoming-request", IncomingRequest)),
  t.own(t.resource("response-outparam", ResponseOutparam)),
]);

/** One instance and what ends it. */
interface Worker {
  readonly instance: Instance;
  readonly handle: (request: IncomingRequest, response: ResponseOutparam) => unknown;
  readonly abort: AbortController;
}

/**
 * Makes a request handler of a component that exports `wasi:http/incoming-handler`.
 *
 * It fits {@linkcode listen}, `Deno.serve`, Bun's `serve` and a service worker as it is. Bodies are
 * streamed both ways; what one request does, others do not
 * notice: a trap answers 500 and ends that instance, and so does a request that is aborted.
 *
 * @param component The component.
 * @param options What its instances are given.
 * @returns The handler.
 * @throws CompileError, LinkError if it is no such component.
 *
 * @example
 * ```ts
 * import { serve } from "@windlass/component/wasi";
 * import { assertEquals } from "@std/assert";
 *
 * const handler = await serve(await Deno.readFile("tests/wasi/guests/server.wasm"));
 * const response = await handler(new Request("http://localhost/echo", { method: "POST", body: "hello" }));
 * assertEquals(await response.text(), "hello");
 * ```
 */
export async function serve(
  component: ComponentSource,
  options: ServeOptions = {},
): Promise<(request: Request) => Promise<Response>> {
  checkKnown("option of serve", options, SERVE_OPTIONS);
  const { imports = {}, instances = "per-request", onError = console.error, ...given } = options;
  if (typeof instances !== "object" && instances !== "per-request") {
    throw new TypeError(`instances must be "per-request" or { max }, found ${describe(instances)}`);
  }
  if (instances !== "per-request") checkKnown("option of instances", instances, { max: true });
  const max = instances === "per-request" ? undefined : instances.max;
  if (instances !== "per-request" && !(Number.isInteger(max) && max! > 0)) {
    throw new TypeError("instances.max must be a positive integer");
  }
  const compiled = await compile(component);
  const path = entryOf(compiled, "wasi:http/incoming-handler@0.2.0");
  const linker = new Linker<WasiData>({ shadowing: true });
  await linkWasi(linker);
  linker.define(imports as Imports<WasiData>);
  const linked = linker.link(compiled);
  const data: WasiData = { wasi: new State(given) };

  const make = async (): Promise<Worker> => {
    const abort = new AbortController();
    const instance = await linked.instantiate({ data, signal: abort.signal });
    const handle = features.jspi
      ? instance.func(path, handlerType, { promising: true })
      : instance.func(path, handlerType);
    return { instance, handle, abort };
  };
  // What is no handler is refused now, not at the first request.
  const first = await make();
  const pool = new Pool(make, max, first);
  const tell = (error: unknown): void => {
    try {
      onError(error);
    } catch (error) {
      console.error(error);
    }
  };

  return async (request) => {
    let worker: Worker, body: BodyInit;
    try {
      // Without suspension nothing more can come in while the guest runs.
      body = await (features.jspi ? streamOf(request) : bytesOf(request));
      worker = await pool.take();
    } catch (error) {
      if (error instanceof BodyTooLarge) return new Response("Content Too Large", { status: 413 });
      if (!request.signal.aborted) tell(error);
      return failure();
    }
    return new Promise((resolve) => {
      let sent: OutgoingBody | undefined, answered = false;
      const answer = (response: Result<OutgoingResponse, ErrorCode>): void => {
        if (answered) return;
        answered = true;
        const made = toResponse(response, request.method === "HEAD");
        sent = made.body;
        // Once all of it was said, an abort has nothing to end. (Deno aborts when a response was
        // delivered, too.)
        if (sent === undefined) delivered();
        else sent.onFinish(delivered);
        if (made.error !== undefined) tell(made.error);
        resolve(made.response);
      };
      const incoming = new IncomingRequest(request, body);
      const aborted = (): void => worker.abort.abort(request.signal.reason);
      const delivered = (): void => request.signal.removeEventListener("abort", aborted);
      const finish = (error?: { readonly error: unknown }): void => {
        delivered();
        if (error !== undefined && !worker.abort.signal.aborted) tell(error.error);
        if (!answered) {
          if (error === undefined) tell(new Error("the handler returned without a response"));
          answer(err({ tag: "internal-error" }) as Result<never, ErrorCode>);
        }
        sent?.fail(new Error("the handler ended before the body was finished"));
        IncomingRequest.cut(incoming, new Error("the handler of this request has ended"));
        pool.give(worker, error === undefined);
      };
      request.signal.addEventListener("abort", aborted, { once: true });
      if (request.signal.aborted) aborted();
      try {
        Promise.resolve(worker.handle(incoming, new ResponseOutparam(answer)))
          .then(() => finish(), (error) => finish({ error }));
      } catch (error) {
        finish({ error });
      }
    });
  };
}

/** What the guest gave as the platform's response. */
function toResponse(
  result: Result<OutgoingResponse, ErrorCode>,
  head: boolean,
): { response: Response; body?: OutgoingBody; error?: unknown } {
  if (result.tag === "err") return { response: failure() };
  const status = result.val.statusCode(), body = bodyOf(result.val);
  const bodiless = head || BODILESS.has(status);
  try {
    if (status < 200 || status > 599) {
      throw new RangeError(`the handler answered with status ${status}, which no Response has`);
    }
    const headers = fieldsOf(result.val).pairs();
    const response = new Response(bodiless ? null : body?.readable ?? null, { status, headers });
    if (body === undefined || !bodiless) return { response, ...body && { body } };
    body.discard();
    return { response };
  } catch (error) {
    body?.fail(new Error("the response could not be made"));
    return { response: failure(), error };
  }
}

function failure(): Response {
  return new Response("Internal Server Error", { status: 500 });
}

/** Instances that wait for requests, and requests that wait for instances. */
class Pool {
  readonly #make: () => Promise<Worker>;
  readonly #max: number | undefined;
  readonly #idle: Worker[] = [];
  readonly #queue: (() => void)[] = [];
  #count = 0;

  /** @param max How many instances at most; without it each is used once. */
  constructor(make: () => Promise<Worker>, max: number | undefined, first: Worker) {
    this.#make = make;
    this.#max = max;
    this.#idle.push(first);
    this.#count = 1;
  }

  async take(): Promise<Worker> {
    for (;;) {
      const idle = this.#idle.pop();
      if (idle !== undefined) return idle;
      if (this.#max === undefined || this.#count < this.#max) break;
      await new Promise<void>((resolve) => this.#queue.push(resolve));
    }
    this.#count++;
    try {
      return await this.#make();
    } catch (error) {
      this.#count--;
      this.#queue.shift()?.();
      throw error;
    }
  }

  give(worker: Worker, usable: boolean): void {
    if (usable && this.#max !== undefined) this.#idle.push(worker);
    else {
      this.#count--;
      worker.instance[Symbol.asyncDispose]().catch(() => {});
    }
    this.#queue.shift()?.();
  }
}
