// wasi:http/types: header fields.

import { err, type Result } from "../../abi/results.ts";

/** Bytes of names and values that one `fields` holds. */
const MAX_SIZE = 1 << 17;

/** The variant `header-error`. */
export type HeaderError = { readonly tag: "invalid-syntax" | "forbidden" | "immutable" };

const refuse = (tag: HeaderError["tag"]): Result<never, HeaderError> => err({ tag }) as Result<never, HeaderError>;

/** Belong to the connection, which is the host's. */
const FORBIDDEN: ReadonlySet<string> = new Set(
  "connection,host,http2-settings,keep-alive,proxy-authenticate,proxy-authorization,proxy-connection,te,transfer-encoding,upgrade"
    .split(","),
);

/** Whether it is what HTTP calls a token: names of fields and methods are. */
export function isToken(text: string): boolean {
  return /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/.test(text);
}

function validValue(value: Uint8Array): boolean {
  return value.every((byte) => byte === 9 || byte >= 32 && byte !== 127);
}

/** Header values as the platform has them: a character a byte. */
export function latin1(bytes: Uint8Array): string {
  let text = "";
  for (const byte of bytes) text += String.fromCharCode(byte);
  return text;
}

/** The other way round. */
export function latin1Bytes(text: string): Uint8Array {
  return Uint8Array.from(text, (char) => char.charCodeAt(0) & 255);
}

type Changed = undefined | Result<never, HeaderError>;

/** The resource `fields`. */
export class Fields {
  #entries: (readonly [name: string, value: Uint8Array])[] = [];
  #immutable = false;
  #size = 0;

  /** `from-list`. */
  static fromList(entries: readonly (readonly [string, Uint8Array])[]): Fields | Result<never, HeaderError> {
    const fields = new Fields();
    for (const [name, value] of entries) {
      const refused = fields.append(name, value);
      if (refused !== undefined) return refused;
    }
    return fields;
  }

  /** What came with a message; the guest cannot change it. */
  static received(headers: Headers): Fields {
    const fields = new Fields();
    for (const [name, value] of headers) {
      if (!FORBIDDEN.has(name.toLowerCase())) fields.#add(name, [latin1Bytes(value)]);
    }
    return fields.frozen();
  }

  /** Itself, not to be changed any more. */
  frozen(): this {
    this.#immutable = true;
    return this;
  }

  /** As the platform's headers. */
  toHeaders(): Headers {
    const headers = new Headers();
    for (const [name, value] of this.#entries) headers.append(name, latin1(value));
    return headers;
  }

  /** The number in `content-length`, if there is one. */
  get contentLength(): number | undefined {
    const [value, second] = this.get("content-length");
    if (value === undefined || second !== undefined || !/^[0-9]{1,15}$/.test(latin1(value))) return undefined;
    return Number(latin1(value));
  }

  /** Every value of a field. */
  get(name: string): Uint8Array[] {
    const key = name.toLowerCase();
    return this.#entries.flatMap((entry) => entry[0] === key ? [entry[1]] : []);
  }

  /** Whether there is a field. */
  has(name: string): boolean {
    return this.get(name).length > 0;
  }

  #refusal(name: string, values: readonly Uint8Array[]): Changed {
    if (this.#immutable) return refuse("immutable");
    if (!isToken(name) || !values.every(validValue)) return refuse("invalid-syntax");
    const size = values.reduce((sum, value) => sum + name.length + value.length, this.#size);
    return FORBIDDEN.has(name.toLowerCase()) || size > MAX_SIZE ? refuse("forbidden") : undefined;
  }

  #add(name: string, values: readonly Uint8Array[]): void {
    for (const value of values) {
      this.#entries.push([name.toLowerCase(), value]);
      this.#size += name.length + value.length;
    }
  }

  #remove(name: string): void {
    const key = name.toLowerCase();
    for (const value of this.get(key)) this.#size -= key.length + value.length;
    this.#entries = this.#entries.filter((entry) => entry[0] !== key);
  }

  /** Replaces a field. */
  set(name: string, values: readonly Uint8Array[]): Changed {
    const refused = this.#refusal(name, values);
    if (refused !== undefined) return refused;
    this.#remove(name);
    this.#add(name, values);
    return undefined;
  }

  /** Removes a field. */
  delete(name: string): Changed {
    const refused = this.#refusal(name, []);
    if (refused === undefined) this.#remove(name);
    return refused;
  }

  /** Adds a value. */
  append(name: string, value: Uint8Array): Changed {
    const refused = this.#refusal(name, [value]);
    if (refused === undefined) this.#add(name, [value]);
    return refused;
  }

  /** Every field and value. */
  entries(): (readonly [string, Uint8Array])[] {
    return [...this.#entries];
  }

  /** A copy that can be changed. */
  clone(): Fields {
    const fields = new Fields();
    fields.#entries = [...this.#entries];
    fields.#size = this.#size;
    return fields;
  }
}
