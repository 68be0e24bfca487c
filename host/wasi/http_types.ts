// wasi:http/types: requests and responses, incoming and outgoing.

import "../../abi/dispose.ts";
import { err, ok, type Result } from "../../abi/codecs/results.ts";
import type { Suspending } from "../func.ts";
import { Children } from "./children.ts";
import { IncomingBody, OutgoingBody } from "./http_body.ts";
import type { ErrorCode } from "./http_error.ts";
import { FieldMap, isToken } from "./http_field_map.ts";
import { Fields } from "./http_fields.ts";
import { type Method, methodName, methodOf, type Scheme, schemeName, schemeOf } from "./http_method.ts";
import type { BodyInit } from "./http_received.ts";
import { Pollable } from "./poll.ts";
import { Settled } from "./readiness.ts";
import type { IoError } from "./streams.ts";
import { asking, type Given } from "./waiting.ts";

type Accepted = void | Result<never, undefined>;

/** A setter's answer: refused, or nothing. */
function accepted(valid: boolean, set: () => void): Accepted {
  if (!valid) return err() as Result<never, undefined>;
  set();
  return undefined;
}

/** The headers of a message, which the guest sees as children of it. */
class Message {
  readonly #fields: FieldMap;
  readonly #children = new Children();

  constructor(fields: FieldMap) {
    this.#fields = fields;
  }

  /** The headers, which cannot be changed. */
  headers(): Fields {
    return Fields.child(this.#fields, this.#children.add());
  }

  /** The headers for the host. */
  static fieldsOf(message: Message): FieldMap {
    return message.#fields;
  }

  /**
   * Traps if headers are alive that must be dropped before the message is dropped or given away.
   */
  static mustBeAlone(message: Message, action: string): void {
    message.#children.mustBeGone(action, "fields");
  }
}

/** What came in, with a body that is consumed once. */
class Incoming extends Message {
  readonly #name: string;
  readonly #received: IncomingBody;
  /** The same, until the guest has it. */
  #body: IncomingBody | undefined;

  constructor(headers: Headers, body: BodyInit, name: string) {
    super(FieldMap.received(headers));
    this.#body = this.#received = new IncomingBody(body);
    this.#name = name;
  }

  /** The body; once. */
  consume(): IncomingBody | Result<never, undefined> {
    const body = this.#body;
    if (body === undefined) return err() as Result<never, undefined>;
    this.#body = undefined;
    return body;
  }

  /** Receives no more of the body, whoever has it: a guest that reads on is told the error. */
  static cut(message: Incoming, error: Error): void {
    IncomingBody.cut(message.#received, error);
  }

  [Symbol.dispose](): void {
    this.#body?.[Symbol.dispose]();
    Message.mustBeAlone(this, `drop of an ${this.#name}`);
  }
}

/** The resource `incoming-request`. */
export class IncomingRequest extends Incoming {
  readonly #method: string;
  readonly #url: URL;

  /** @param body The request's, as this engine gives it. */
  constructor(request: Request, body: BodyInit) {
    super(request.headers, body, "incoming-request");
    this.#method = request.method;
    this.#url = new URL(request.url);
  }

  /** Its method. */
  method(): Method {
    return methodOf(this.#method);
  }
  /** Its path and query. */
  pathWithQuery(): string {
    return this.#url.pathname + this.#url.search;
  }
  /** `http` or `https`. */
  scheme(): Scheme {
    return schemeOf(this.#url.protocol.slice(0, -1));
  }
  /** Host and port. */
  authority(): string {
    return this.#url.host;
  }
}

/** The resource `incoming-response`. */
export class IncomingResponse extends Incoming {
  readonly #status: number;

  /** Made by the library only. */
  constructor(status: number, headers: Headers, body: BodyInit) {
    super(headers, body, "incoming-response");
    this.#status = status;
  }

  /** Its status code. */
  status(): number {
    return this.#status;
  }
}

/** What goes out, with a body that is made once. */
class Outgoing extends Message {
  /** What the codes of its body's size begin with. */
  readonly #kind: "request" | "response";
  #body: OutgoingBody | undefined;

  constructor(headers: Fields, kind: "request" | "response") {
    super(Fields.take(headers).frozen());
    this.#kind = kind;
  }

  /** The body to write; once. */
  body(): OutgoingBody | Result<never, undefined> {
    if (this.#body !== undefined) return err() as Result<never, undefined>;
    return this.#body = new OutgoingBody(Message.fieldsOf(this).contentLength, `HTTP-${this.#kind}-body-size`);
  }

  /** The body that the guest asked for, if it did. */
  static bodyOf(message: Outgoing): OutgoingBody | undefined {
    return message.#body;
  }

  [Symbol.dispose](): void {
    this.#body?.fail(new Error(`the guest dropped the ${this.#kind}`));
    Message.mustBeAlone(this, `drop of an outgoing-${this.#kind}`);
  }
}

/** The resource `outgoing-request`. */
export class OutgoingRequest extends Outgoing {
  #method: Method = { tag: "get" };
  #pathWithQuery: string | undefined;
  #scheme: Scheme | undefined;
  #authority: string | undefined;

  /** Made with its headers, which cannot be changed any more. */
  constructor(headers: Fields) {
    super(headers, "request");
  }

  /** Its method. */
  method(): Method {
    return this.#method;
  }
  /** Sets it; an error if it is no token. */
  setMethod(method: Method): Accepted {
    return accepted(isToken(methodName(method)), () => this.#method = method);
  }
  /** Its path and query. */
  pathWithQuery(): string | undefined {
    return this.#pathWithQuery;
  }
  /** Sets them; an error if they are none. */
  setPathWithQuery(path: string | undefined): Accepted {
    return accepted(
      path === undefined || /^[/?][\x21\x22\x24-\x7e\x80-\uffff]*$/.test(path) || path === "",
      () => this.#pathWithQuery = path,
    );
  }
  /** Its scheme. */
  scheme(): Scheme | undefined {
    return this.#scheme;
  }
  /** Sets it; an error if it is none. */
  setScheme(scheme: Scheme | undefined): Accepted {
    return accepted(
      scheme === undefined || /^[a-z][a-z0-9+.-]*$/i.test(schemeName(scheme)),
      () => this.#scheme = scheme,
    );
  }
  /** Host and port. */
  authority(): string | undefined {
    return this.#authority;
  }
  /** Sets them; an error if they are none. */
  setAuthority(authority: string | undefined): Accepted {
    return accepted(authority === undefined || isAuthority(authority), () => this.#authority = authority);
  }
}

/** Whether it is host and port, and nothing that would mean more in a URL. */
function isAuthority(text: string): boolean {
  return /^(?:\[[0-9A-Fa-f:.]+\]|[^\s/?#@\\:[\]]+)(?::\d{1,5})?$/.test(text) && URL.canParse(`http://${text}`);
}

/** The resource `outgoing-response`. */
export class OutgoingResponse extends Outgoing {
  #status = 200;

  /** Made with its headers, which cannot be changed any more. */
  constructor(headers: Fields) {
    super(headers, "response");
  }

  /** Its status code. */
  statusCode(): number {
    return this.#status;
  }
  /** Sets it; an error if it is none. */
  setStatusCode(status: number): Accepted {
    return accepted(status >= 100 && status <= 999, () => this.#status = status);
  }
}

/** The resource `request-options`: durations in nanoseconds. */
export class RequestOptions {
  #connect: bigint | undefined;
  #firstByte: bigint | undefined;
  #betweenBytes: bigint | undefined;

  /** How long connecting may take. */
  connectTimeout(): bigint | undefined {
    return this.#connect;
  }
  /** Sets it. */
  setConnectTimeout(duration: bigint | undefined): Accepted {
    this.#connect = duration;
  }
  /** How long the first byte may take. */
  firstByteTimeout(): bigint | undefined {
    return this.#firstByte;
  }
  /** Sets it. */
  setFirstByteTimeout(duration: bigint | undefined): Accepted {
    this.#firstByte = duration;
  }
  /** How long may pass between two bytes. */
  betweenBytesTimeout(): bigint | undefined {
    return this.#betweenBytes;
  }
  /** Sets it. */
  setBetweenBytesTimeout(duration: bigint | undefined): Accepted {
    this.#betweenBytes = duration;
  }
}

/** The resource `response-outparam`. */
export class ResponseOutparam {
  readonly #set: (response: Result<OutgoingResponse, ErrorCode>) => void;

  /** @param set Takes the response. */
  constructor(set: (response: Result<OutgoingResponse, ErrorCode>) => void) {
    this.#set = set;
  }

  /** A response with a status of 1xx before the real one, which no `Response` can be. */
  sendInformational(status: number, headers: Fields): Result<never, ErrorCode> {
    Fields.take(headers);
    const tag = status >= 100 && status <= 199 ? "internal-error" : "HTTP-protocol-error";
    return err({ tag }) as Result<never, ErrorCode>;
  }

  /** Gives the response. The parameter is used up. */
  static set(param: ResponseOutparam, response: Result<OutgoingResponse, ErrorCode>): void {
    if (response.tag === "ok") Message.mustBeAlone(response.val, "response-outparam.set of a response");
    param.#set(response);
  }
}

type Outcome = Result<IncomingResponse, ErrorCode>;

/** The resource `future-incoming-response`. */
export class FutureIncomingResponse {
  readonly #settled: Settled;
  readonly #abort: () => void;
  #outcome: Outcome | undefined;
  #given = false;

  /** @param abort Called when nobody wants the response any more. */
  constructor(outcome: Promise<Outcome>, abort: () => void) {
    this.#abort = abort;
    this.#settled = new Settled(outcome.then((outcome) => {
      this.#outcome = outcome;
    }));
  }

  /** Ready when the response or its error is there. */
  subscribe(): Pollable {
    return new Pollable(this.#settled);
  }

  /** Nothing yet, the response or its error, and later that it was given before. */
  declare get: Suspending<() => Given<Outcome> | Promise<Given<Outcome>>>;

  static {
    this.prototype.get = asking((self: FutureIncomingResponse): Given<Outcome> => {
      if (self.#outcome === undefined) return undefined;
      if (self.#given) return err() as Result<never, undefined>;
      self.#given = true;
      return ok(self.#outcome);
    }, (given) => given === undefined);
  }

  [Symbol.dispose](): void {
    if (!this.#given) this.#abort();
  }
}

/** `http-error-code`. */
export function httpErrorCode(error: IoError): ErrorCode | undefined {
  return error.codes.http;
}

/** The body that the guest asked for, if it did. */
export function bodyOf(message: OutgoingRequest | OutgoingResponse): OutgoingBody | undefined {
  return Outgoing.bodyOf(message);
}

/** The headers of what goes out. */
export function fieldsOf(message: OutgoingRequest | OutgoingResponse): FieldMap {
  return Message.fieldsOf(message);
}

/** Traps if headers of a request are alive when it is given away. */
export function mustBeAlone(request: OutgoingRequest, action: string): void {
  Message.mustBeAlone(request, action);
}
