// Errors of HTTP: the variant `error-code`, which 0.2 and 0.3 share, made of what `fetch` throws.

import { MAX_KEPT_BODY } from "./http_limits.ts";
import { BodyTooLarge } from "./http_received.ts";
import { StreamFailure } from "./streams.ts";

/** The variant `error-code`. */
export interface ErrorCode {
  readonly tag: string;
  readonly val?: unknown;
}

/**
 * What `fetch` or a stream threw, as well as it can be told: runtimes say it in codes, or in words
 * only.
 */
export function errorCode(error: unknown): ErrorCode {
  const words: string[] = [];
  for (let at: unknown = error, depth = 0; at instanceof Error && depth < 5; at = at.cause, depth++) {
    if (at instanceof StreamFailure && at.codes.http !== undefined) return at.codes.http;
    if (at instanceof BodyTooLarge) return { tag: "HTTP-request-body-size", val: BigInt(MAX_KEPT_BODY) };
    words.push(`${(at as { code?: unknown }).code ?? ""} ${at.message}`.trim());
  }
  const all = words.join("; ");
  const known: readonly (readonly [RegExp, ErrorCode])[] = [
    [/ECONNREFUSED|connection ?refused/i, { tag: "connection-refused" }],
    [/ENOTFOUND|EAI_AGAIN|dns error|lookup address|FailedToOpenSocket/i, { tag: "DNS-error", val: {} }],
    [/ETIMEDOUT|UND_ERR_CONNECT_TIMEOUT|timed out/i, { tag: "connection-timeout" }],
    [/ECONNRESET|UND_ERR_SOCKET|connection ?(?:reset|closed)|socket hang up/i, { tag: "connection-terminated" }],
    [/certificate|CERT_|SELF_SIGNED/i, { tag: "TLS-certificate-error" }],
    [/Requires net access|NotCapable/i, { tag: "HTTP-request-denied" }],
  ];
  return known.find(([pattern]) => pattern.test(all))?.[1] ?? { tag: "internal-error", val: all.slice(0, 1000) };
}
