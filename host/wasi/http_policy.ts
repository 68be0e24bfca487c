// Which hosts a guest may reach by HTTP.

/** Decides on URLs. */
export class HttpPolicy {
  readonly #hosts:
    | readonly { readonly suffix: boolean; readonly name: string; readonly port: string | undefined }[]
    | true;

  /**
   * @param hosts `example.com` (any port), `example.com:8080`, `*.example.com`, or `true` for all;
   * default none.
   */
  constructor(hosts: readonly string[] | true | undefined) {
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
