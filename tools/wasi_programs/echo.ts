// The server that Wasmtime's programs send requests to: it answers with the request's body, and with its
// method and URI as fields.

/** A server, and what a request names it by. */
export interface Echo extends AsyncDisposable {
  readonly authority: string;
}

/** Starts a server on a free port. */
export function echo(): Echo {
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, (request) => {
    const { pathname, search } = new URL(request.url), length = request.headers.get("content-length");
    const headers = new Headers({
      "x-wasmtime-test-method": request.method,
      "x-wasmtime-test-uri": `${pathname}${search}`,
    });
    if (length !== null) headers.set("content-length", length);
    return new Response(request.body, { headers });
  });
  return { authority: `localhost:${server.addr.port}`, [Symbol.asyncDispose]: () => server.shutdown() };
}
