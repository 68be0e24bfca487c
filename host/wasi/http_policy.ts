// Which hosts a guest may reach by HTTP, and what sends the requests to them.

/** Sends a request, and gives the response once its head is there. */
export type Fetch = (request: Request) => Promise<Response>;

/** Decides on URLs. */
export class HttpPolicy {
  /** Sends what is allowed; `undefined` is the runtime's `fetch`. */
  readonly fetch: Fetch | undefined;
  readonly #hosts:
    | readonly { readonly suffix: boolean; readonly name: string; readonly port: string | undefined }[]
    | true;

  /**
   * @param hosts `example.com` (any port), `example.com:8080`, `*.example.com`, or `true` for all;
   * default none.
   * @param fetch Sends what is allowed.
   */
  constructor(hosts: readonly string[] | true | undefined, fetch: Fetch | undefined) {
    this.fetch = fetch;
    this.#hosts = hosts === true ? true : (hosts ?? []).map((entry) => {
      const match = /^(\*\.)?(\[[0-9a-f:.]+\]|[^:/?#@\\\s*[\]]+)(?::(\d+))?$/i.exec(entry);
      if (match === null) {
        throw new TypeError(
          `WASI option network.http must hold hosts such as example.com or *.example.com:8080, found ${entry}`,
        );
      }
      // As URLs spell it: lower case, punycode.
      const name = new URL(`http://${match[2]}`).hostname;
      return { suffix: match[1] !== undefined, name, port: match[3] };
    });
  }

  /** Whether a guest may reach it. */
  allows(url: URL): boolean {
    if (this.#hosts === true) return true;
    const port = url.port === "" ? url.protocol === "https:" ? "443" : "80" : url.port;
    return this.#hosts.some((host) =>
      (host.port === undefined || host.port === port) &&
      (host.suffix ? url.hostname.endsWith(`.${host.name}`) : url.hostname === host.name)
    );
  }
}
