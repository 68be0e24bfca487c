// Serving HTTP: `wasi:http/handler` and `wasi:http/incoming-handler` as a function from Request to
// Response.

import { features } from "../../core/module/features.ts";
import { checkKnown, type Known } from "../../core/binary/known_names.ts";
import { describe } from "../../errors.ts";
import type { Limits } from "../../abi/state/instance.ts";
import { err, type Result } from "../../abi/codecs/results.ts";
import { compile, type ComponentSource } from "../compile.ts";
import { type Imports, Linker } from "../link/linker.ts";
import { t } from "../schema.ts";
import { entryBy } from "./entry.ts";
import type { OutgoingBody } from "./http_body.ts";
import type { ErrorCode } from "./http_error.ts";
import { type BodyInit, BodyTooLarge, bytesOf, streamOf } from "./http_received.ts";
import { bodyOf, fieldsOf, IncomingRequest, type OutgoingResponse, ResponseOutparam } from "./http_types.ts";
import { failure, toResponse } from "./http_response.ts";
import type { Guest, ServeMore, Serving } from "./guests.ts";
import { importsOf, linkWasi } from "./imports.ts";
import { InstancePool, type PoolLimits, type Worker } from "./instance_pool.ts";
import { answer as answerAsync, type Handle } from "./p3_serve.ts";
import { State, WASI_OPTIONS, type WasiData, type WasiOptions } from "./state.ts";
import { watched } from "./watch.ts";

/** Options of {@linkcode serve}. */
export interface ServeOptions extends WasiOptions {
  /** What the component imports besides WASI. */
  imports?: Imports;
  /**
   * An instance for each request, or at most so many that are used again and again; default the
   * former. An instance of WASI 0.3 takes several requests at once if there are more than instances.
   */
  instances?: "per-request" | { max: number };
  /** Limits of each instance tree; `deadline` is that of each call, so nearly that of a request. */
  limits?: Limits;
  /** Whether the core modules are metered, as some limits need. */
  metering?: boolean;
  /** Told what a handler threw, which the client sees as status 500; default `console.error`. */
  onError?: (error: unknown) => void;
}

const SERVE_OPTIONS: Known<ServeOptions> = {
  ...WASI_OPTIONS,
  imports: true,
  instances: true,
  limits: true,
  metering: true,
  onError: true,
};

const handlerType = t.func([
  t.own(t.resource("incoming-request", IncomingRequest)),
  t.own(t.resource("response-outparam", ResponseOutparam)),
]);

/** One instance and what ends it. */
interface Ended extends Worker {
  readonly abort: AbortController;
  readonly guest: Guest | undefined;
}
/** An instance that exports `wasi:http/incoming-handler`. */
interface IncomingWorker extends Ended {
  readonly handle: (request: IncomingRequest, response: ResponseOutparam) => unknown;
}
/** An instance that exports `wasi:http/handler`. */
interface AsyncWorker extends Ended {
  readonly handle: Handle;
}
/** Tells what a handler threw. */
type Tell = (error: unknown, request?: Request) => void;

/**
 * Makes a request handler of a component that exports `wasi:http/handler` (WASI 0.3) or
 * `wasi:http/incoming-handler` (WASI 0.2).
 *
 * It fits {@linkcode listen}, `Deno.serve`, Bun's `serve` and a service worker as it is. Bodies are
 * streamed both ways; what one request does, others do not notice: a trap answers 500 and ends that
 * instance, and so does a request that is aborted.
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
  return (await serveWith(component, options, {})).handler;
}

/** Serves as the command line does: with what it adds to the options. */
export async function serveWith(
  component: ComponentSource,
  options: ServeOptions,
  more: ServeMore,
): Promise<Serving> {
  checkKnown("option of serve", options, SERVE_OPTIONS);
  const { imports = {}, instances = "per-request", onError = console.error, limits = {}, metering, ...given } = options;
  if (typeof instances !== "object" && instances !== "per-request") {
    throw new TypeError(`instances must be "per-request" or { max }, found ${describe(instances)}`);
  }
  if (instances !== "per-request") checkKnown("option of instances", instances, { max: true });
  const max = instances === "per-request" ? undefined : instances.max;
  if (instances !== "per-request" && !(Number.isInteger(max) && max! > 0)) {
    throw new TypeError("instances.max must be a positive integer");
  }
  const compiled = await compile(component, metering === undefined ? {} : { metering });
  const entry = entryBy(compiled, "serve");
  const linker = new Linker<WasiData>({ shadowing: true });
  await linkWasi(linker);
  linker.define(imports as Imports<WasiData>);
  const linked = linker.link(compiled);
  const data: WasiData = { wasi: new State(given) };
  const tell: Tell = (error, request) => {
    try {
      if (more.onError === undefined) onError(error);
      else more.onError(error, request);
    } catch (error) {
      console.error(error);
    }
  };
  const start = async (): Promise<Ended> => {
    const abort = new AbortController(), guest = more.guest?.(given);
    // What a task throws after its answer is a failure of the handler, too.
    const failed = (error: unknown): void => {
      if (!abort.signal.aborted) tell(error);
    };
    const settings = {
      data: { ...data, ...guest && { wasi: guest.state } },
      limits,
      signal: abort.signal,
      onError: failed,
    };
    // Whoever watches a guest puts functions of its own around the imports.
    const own = guest?.watch === undefined ? linked : new Linker<WasiData>()
      .define(guest.watch.imports(compiled, { ...importsOf(guest.state), ...imports }) as Imports<WasiData>)
      .link(compiled);
    return { instance: await own.instantiate(settings), abort, guest };
  };
  const limited = { max, uses: more.uses };
  return entry.isAsync ? serveAsync(start, entry, limited, tell) : serveIncoming(start, entry.path, limited, tell);
}

/** Serves with `wasi:http/handler`, asynchronous: an instance may take several requests at once. */
async function serveAsync(
  start: () => Promise<Ended>,
  { name, path }: { readonly name: string; readonly path: string },
  { max, uses }: PoolLimits,
  tell: Tell,
): Promise<Serving> {
  const make = async (): Promise<AsyncWorker> => {
    const worker = await start(), handle = worker.instance.interface(name)!["handle"] as Handle;
    return { ...worker, handle: (request) => watched(worker.guest?.watch, path, () => handle(request)) };
  };
  const pool = new InstancePool(make, { max, uses }, true, await make());
  const handler = async (request: Request): Promise<Response> => {
    let worker: AsyncWorker, body: BodyInit;
    try {
      body = await streamOf(request);
      worker = await pool.take();
    } catch (error) {
      return refusal(error, request, tell);
    }
    worker.guest?.begin(request);
    // One request of several must not end the others.
    const aborted = (): void => {
      if (max === undefined) worker.abort.abort(request.signal.reason);
    };
    let isFinished = false;
    const finish = (isUsable: boolean): void => {
      if (isFinished) return;
      isFinished = true;
      request.signal.removeEventListener("abort", aborted);
      worker.guest?.end(request);
      pool.give(worker, isUsable && !worker.abort.signal.aborted);
    };
    request.signal.addEventListener("abort", aborted, { once: true });
    if (request.signal.aborted) aborted();
    const told = (error: unknown): void => {
      if (!worker.abort.signal.aborted) tell(error, request);
    };
    return await answerAsync(worker.handle, request, body, told, finish);
  };
  return { handler, end: () => pool.end() };
}

/** What a request gets that no instance takes. */
function refusal(error: unknown, request: Request, tell: Tell): Response {
  if (error instanceof BodyTooLarge) return new Response("Content Too Large", { status: 413 });
  if (!request.signal.aborted) tell(error, request);
  return failure();
}

/** Serves with `wasi:http/incoming-handler`: an instance has one request at a time. */
async function serveIncoming(
  start: () => Promise<Ended>,
  path: string,
  { max, uses }: PoolLimits,
  tell: Tell,
): Promise<Serving> {
  const make = async (): Promise<IncomingWorker> => {
    const worker = await start();
    const handle = features.jspi
      ? worker.instance.func(path, handlerType, { promising: true })
      : worker.instance.func(path, handlerType);
    const watch = worker.guest?.watch;
    return {
      ...worker,
      handle: watch === undefined ? handle : (...args) => watched(watch, path, () => handle(...args)),
    };
  };
  // What is no handler is refused now, not at the first request.
  const pool = new InstancePool(make, { max, uses }, false, await make());

  const handler = async (request: Request): Promise<Response> => {
    let worker: IncomingWorker, body: BodyInit;
    try {
      // Without suspension nothing more can come in while the guest runs.
      body = await (features.jspi ? streamOf(request) : bytesOf(request));
      worker = await pool.take();
    } catch (error) {
      return refusal(error, request, tell);
    }
    worker.guest?.begin(request);
    return new Promise((resolve) => {
      let sent: OutgoingBody | undefined, answered = false;
      const answer = (response: Result<OutgoingResponse, ErrorCode>): void => {
        if (answered) return;
        answered = true;
        const made = outgoing(response, request.method === "HEAD");
        sent = made.body;
        // Once all of it was said, an abort has nothing to end. (Deno aborts when a response was
        // delivered, too.)
        if (sent === undefined) delivered();
        else sent.onFinish(delivered);
        if (made.error !== undefined) tell(made.error, request);
        resolve(made.response);
      };
      const incoming = new IncomingRequest(request, body);
      const aborted = (): void => worker.abort.abort(request.signal.reason);
      const delivered = (): void => request.signal.removeEventListener("abort", aborted);
      const finish = (error?: { readonly error: unknown }): void => {
        delivered();
        if (error !== undefined && !worker.abort.signal.aborted) tell(error.error, request);
        if (!answered) {
          if (error === undefined) tell(new Error("the handler returned without a response"), request);
          answer(err({ tag: "internal-error" }) as Result<never, ErrorCode>);
        }
        sent?.fail(new Error("the handler ended before the body was finished"));
        IncomingRequest.cut(incoming, new Error("the handler of this request has ended"));
        worker.guest?.end(request);
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
  return { handler, end: () => pool.end() };
}

/** What the guest gave as the platform's response. */
function outgoing(
  result: Result<OutgoingResponse, ErrorCode>,
  isHead: boolean,
): { response: Response; body?: OutgoingBody; error?: unknown } {
  if (result.tag === "err") return { response: failure() };
  const body = bodyOf(result.val);
  const made = toResponse(result.val.statusCode(), fieldsOf(result.val), isHead, () => body?.readable);
  if (made.error !== undefined) body?.fail(new Error("the response could not be made"));
  else if (body !== undefined && made.hasBody) return { response: made.response, body };
  else body?.discard();
  return made;
}
