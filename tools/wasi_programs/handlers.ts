// The programs that answer requests. In: a component's path and its program's name. Out: nothing, or why it
// failed. A middleware stands before the program `http-echo` of the same folder.

import { dirname, join } from "node:path";
import { compile, type Imports, instantiate } from "@windlass/component";
import { serve, type ServeOptions, wasi } from "@windlass/component/wasi";

type Handler = (request: Request) => Promise<Response>;

const HANDLER = "wasi:http/handler@0.3.0", BODY = "And the mome raths outgrabe";

/** The body of a request. */
async function bytesOf(compress: boolean): Promise<Uint8Array<ArrayBuffer>> {
  const body = new Blob([BODY]).stream();
  const sent = compress ? body.pipeThrough(new CompressionStream("deflate-raw")) : body;
  return new Uint8Array(await new Response(sent).arrayBuffer());
}

/** A request with a body, and what is wrong with the answer, which must be the request's own. */
async function echoes(handler: Handler, signal: AbortSignal, compress: boolean): Promise<string | undefined> {
  for (const hostToHost of [false, true]) {
    const body = await bytesOf(compress);
    const answer = await handler(
      new Request("http://localhost/", {
        method: "POST",
        headers: {
          foo: "bar",
          ...compress && {
            "content-encoding": "deflate",
            "accept-encoding": "nonexistent-encoding, deflate",
          },
          ...hostToHost && { "x-host-to-host": "true" },
        },
        body,
        signal,
      }),
    );
    const failure = await wrong(answer, BODY, compress);
    if (failure !== undefined) return hostToHost ? `host to host: ${failure}` : failure;
    if (answer.headers.get("foo") !== "bar") return "the field foo is missing";
  }
}

/** What is wrong with an answer. */
async function wrong(answer: Response, expected: string, compressed = false): Promise<string | undefined> {
  const body = compressed ? answer.body!.pipeThrough(new DecompressionStream("deflate-raw")) : answer.body;
  if (answer.status !== 200) return `status ${answer.status}`;
  const text = await new Response(body).text();
  if (text !== expected) return `body ${JSON.stringify(text)}`;
}

/** What each handler is asked for, and what is wrong with the answer. */
const EXCHANGES: Readonly<
  Record<string, (handler: Handler, signal: AbortSignal, sent: Promise<string>) => Promise<string | undefined>>
> = {
  "api-proxy": async (handler) =>
    await wrong(await handler(new Request("http://example.com:8080/test-path")), "hello, world!"),
  "cli-serve-hello-world": async (handler) =>
    await wrong(await handler(new Request("http://localhost/")), "Hello, WASI!"),
  // It sleeps for ever: only its end ends it.
  "cli-serve-sleep": async (handler) => {
    const abort = new AbortController();
    setTimeout(() => abort.abort(), 200);
    const answer = await handler(new Request("http://localhost/", { signal: abort.signal })).catch(() => undefined);
    if (answer?.ok === true) return `status ${answer.status}`;
  },
  "http-echo": (handler, signal) => echoes(handler, signal, false),
  "http-middleware": (handler, signal) => echoes(handler, signal, true),
  "http-middleware-with-chain": (handler, signal) => echoes(handler, signal, true),
  "http-proxy": async (handler, signal, sent) => {
    const init = { method: "POST", headers: { url: "http://p3-test/" }, body: BODY, signal };
    const answer = await handler(new Request("http://localhost/", init));
    if (answer.status !== 200) return `status ${answer.status}`;
    const body = await sent;
    if (body !== BODY) return `sent on ${JSON.stringify(body)}`;
  },
};

/** Whether a program answers requests. */
export function isHandler(name: string): boolean {
  return Object.hasOwn(EXCHANGES, name);
}

/** What a middleware imports: the program that echoes. */
async function before(path: string, name: string, onError: (error: unknown) => void): Promise<Imports> {
  if (!name.startsWith("http-middleware")) return {};
  const echo = await compile(Deno.readFile(join(dirname(path), "http__p3-http-echo.wasm")));
  const { exports } = await instantiate(echo, { ...await wasi() }, { onError });
  const key = name.endsWith("chain") ? "local:local/chain-http" : HANDLER;
  return { [key]: exports[HANDLER]! } as Imports;
}

/** Makes a handler of a component and sends it what Wasmtime's tests do. */
export async function serveHandler(path: string, name: string, signal: AbortSignal): Promise<string | undefined> {
  const errors: string[] = [], { promise: sent, resolve } = Promise.withResolvers<string>();
  const onError = (error: unknown): void => void errors.push(String(error).split("\n")[0]!);
  const options: ServeOptions = {
    imports: await before(path, name, onError),
    network: {
      http: ["p3-test"],
      // The answer does not wait for the body.
      fetch: (request) => {
        resolve(request.text());
        return Promise.resolve(new Response());
      },
    },
    onError,
  };
  const failure = await EXCHANGES[name]!(await serve(await Deno.readFile(path), options), signal, sent);
  return failure && [failure, ...errors].join("; ");
}
