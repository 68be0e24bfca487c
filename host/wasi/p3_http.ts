// request and response of WASI 0.3: heads that are set, and bodies that are streams.
// A body is given once, when it is consumed, with a future of its trailers; who gave it is told by
// another future how it was taken.

import { err, ok, type Result } from "../../abi/codecs/results.ts";
import type { ErrorCode } from "./http_error.ts";
import { type FieldMap, isToken } from "./http_field_map.ts";
import { type Method, methodName, methodOf, type Scheme, schemeName, schemeOf } from "./http_method.ts";
import { P3Fields, P3RequestOptions } from "./p3_http_fields.ts";
import { nothing } from "./p3_streams.ts";

/** A result without a value in either case. */
type Accepted = undefined | Result<never, undefined>;
/** How a body was taken, or why it was not. */
export type Taken = Result<undefined, ErrorCode>;
/** What comes after a body. */
export type Trailers = Result<P3Fields | undefined, ErrorCode>;
/** A future as it comes from a guest, or a promise of the host's. */
export type Later<T> = PromiseLike<T> | { read(): Promise<T> };
/** The bytes of a body: of a guest, or of the host. */
export type Contents = AsyncIterable<Uint8Array> | ReadableStream<Uint8Array>;

/** The value of a future or a promise. */
export function valueOf<T>(later: Later<T>): Promise<T> {
  return "read" in later ? later.read() : Promise.resolve(later);
}

function accepted(holds: boolean, set: () => void): Accepted {
  if (!holds) return err(undefined) as Result<never, undefined>;
  set();
}

/** The body of a message, which somebody takes once. */
export class Body {
  readonly contents: Contents | undefined;
  readonly trailers: Later<Trailers>;
  readonly #taken = Promise.withResolvers<Taken>();
  #isConsumed = false;
  /** What the host reads the trailers by: a future is read once. */
  #given: Promise<Trailers> | undefined;

  constructor(contents: Contents | undefined, trailers: Later<Trailers>) {
    this.contents = contents;
    this.trailers = trailers;
  }

  /** Settles when the body was taken. */
  get taken(): Promise<Taken> {
    return this.#taken.promise;
  }

  /** Says how it was taken. */
  settle(taken: Taken): void {
    this.#taken.resolve(taken);
  }

  /** Nobody takes it any more: who writes it is told. */
  drop(): void {
    if (this.#isConsumed) return;
    this.#isConsumed = true;
    const { contents, trailers } = this;
    if (!(contents instanceof ReadableStream)) contents?.[Symbol.asyncIterator]().return?.();
    else if (!contents.locked) contents.cancel().catch(() => {});
    if (Symbol.dispose in trailers) (trailers[Symbol.dispose] as () => void).call(trailers);
    this.settle(ok(undefined) as Taken);
  }

  /** For the host, which takes it itself: the contents, and the trailers, which say how they ended. */
  taking(): { readonly contents: Contents | undefined; readonly trailers: Promise<Trailers> } {
    this.#isConsumed = true;
    if (this.#given === undefined) {
      this.#given = valueOf(this.trailers);
      this.#given.catch(() => {});
    }
    return { contents: this.contents, trailers: this.#given };
  }

  /** For a guest that consumes it; `res` is what the guest says of that. */
  consumed(res: Later<Taken>): readonly [Contents, Promise<Trailers>] {
    this.#isConsumed = true;
    valueOf(res).then((taken) => this.settle(taken), () => this.settle(ok(undefined) as Taken));
    return [this.contents ?? nothing(), valueOf(this.trailers)];
  }
}

/** What requests and responses have in common. */
abstract class Message {
  readonly #headers: FieldMap;
  readonly body: Body;

  constructor(headers: FieldMap, body: Body) {
    this.#headers = headers.frozen();
    this.body = body;
  }

  /** Its fields, for the host. */
  get fields(): FieldMap {
    return this.#headers;
  }

  getHeaders(): P3Fields {
    return P3Fields.over(this.#headers);
  }

  [Symbol.dispose](): void {
    this.body.drop();
  }
}

// https://www.rfc-editor.org/rfc/rfc3986#section-3
const PATH = /^[A-Za-z0-9\-._~%!$&'()*+,;=:@/?"{}|^[\]\\\x80-\uffff]*$/;
const AUTHORITY =
  /^(?:[A-Za-z0-9\-._~%!$&'()*+,;=]+(?::[A-Za-z0-9\-._~%!$&'()*+,;=]*)?@)?(?:\[[0-9a-f:.]+\]|[A-Za-z0-9\-._~%!$&'()*+,;=]+)(?::(\d{1,5}))?$/i;
const MAX_PORT = 0xffff;

/** Whether it is an authority, and its port, if it has one, a port of TCP. */
function isAuthority(text: string): boolean {
  const found = AUTHORITY.exec(text);
  return found !== null && Number(found[1] ?? 0) <= MAX_PORT;
}

/** The resource `request`. */
export class P3Request extends Message {
  #method: Method = { tag: "get" };
  #path: string | undefined;
  #scheme: Scheme | undefined;
  #authority: string | undefined;
  readonly #options: P3RequestOptions | undefined;

  /** Made by the library only. */
  constructor(headers: FieldMap, body: Body, options?: P3RequestOptions) {
    super(headers, body);
    this.#options = options;
  }

  static new(
    headers: P3Fields,
    contents: ReadableStream<Uint8Array> | undefined,
    trailers: Later<Trailers>,
    options: P3RequestOptions | undefined,
  ): readonly [P3Request, Promise<Taken>] {
    const body = new Body(contents, trailers), frozen = options && P3RequestOptions.frozen(options);
    return [new P3Request(P3Fields.mapOf(headers), body, frozen), body.taken];
  }

  getMethod(): Method {
    return this.#method;
  }

  setMethod(method: Method): Accepted {
    const name = methodName(method);
    return accepted(isToken(name), () => this.#method = methodOf(name));
  }

  getPathWithQuery(): string | undefined {
    return this.#path;
  }

  setPathWithQuery(path: string | undefined): Accepted {
    return accepted(path === undefined || PATH.test(path), () => this.#path = path === "" ? "/" : path);
  }

  getScheme(): Scheme | undefined {
    return this.#scheme;
  }

  setScheme(scheme: Scheme | undefined): Accepted {
    const name = scheme && schemeName(scheme);
    return accepted(
      name === undefined || /^[a-z][a-z0-9+.-]*$/i.test(name),
      () => this.#scheme = name === undefined ? undefined : schemeOf(name),
    );
  }

  getAuthority(): string | undefined {
    return this.#authority;
  }

  setAuthority(authority: string | undefined): Accepted {
    return accepted(authority === undefined || isAuthority(authority), () => this.#authority = authority);
  }

  getOptions(): P3RequestOptions | undefined {
    return this.#options;
  }

  static consumeBody(request: P3Request, res: Later<Taken>): readonly [Contents, Promise<Trailers>] {
    return request.body.consumed(res);
  }
}

/** The resource `response`. */
export class P3Response extends Message {
  #status = 200;

  static new(
    headers: P3Fields,
    contents: ReadableStream<Uint8Array> | undefined,
    trailers: Later<Trailers>,
  ): readonly [P3Response, Promise<Taken>] {
    const body = new Body(contents, trailers);
    return [new P3Response(P3Fields.mapOf(headers), body), body.taken];
  }

  getStatusCode(): number {
    return this.#status;
  }

  setStatusCode(status: number): Accepted {
    return accepted(status >= 100 && status <= 599, () => this.#status = status);
  }

  static consumeBody(response: P3Response, res: Later<Taken>): readonly [Contents, Promise<Trailers>] {
    return response.body.consumed(res);
  }
}
