// Header fields as HTTP has them, apart from any version of WASI: ordered, found by name in any
// case, bounded in size.
// Names keep the case that they were given in. Every change and every look-up by name costs the
// same however many fields there are.

import { FIELD_OVERHEAD, MAX_FIELDS_SIZE } from "./http_limits.ts";

/** Why a change was refused. */
export type FieldRefusal = "invalid-syntax" | "forbidden" | "immutable" | "size-exceeded";

/** These fields belong to the connection, which is the host's. */
const FORBIDDEN: ReadonlySet<string> = new Set(
  "connection,host,http2-settings,keep-alive,proxy-authenticate,proxy-authorization,proxy-connection,te,transfer-encoding,upgrade"
    .split(","),
);
const MAX_CONTENT_LENGTH = 2n ** 64n - 1n;

/** Whether a text is what HTTP calls a token: names of fields and methods are. */
export function isToken(text: string): boolean {
  return /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/.test(text);
}

/** Header values as the platform has them: one character for each byte. */
export function latin1(bytes: Uint8Array): string {
  let text = "";
  for (const byte of bytes) text += String.fromCharCode(byte);
  return text;
}

/** The inverse of `latin1`. */
function latin1Bytes(text: string): Uint8Array {
  return Uint8Array.from(text, (char) => char.charCodeAt(0) & 255);
}

/**
 * Makes one field of all cookies, joined by semicolons (RFC 9110, 5.3; RFC 6265, 4.2.1). The
 * platform joins equal names with a comma, which is right for every other field.
 */
export function joinCookies(pairs: Iterable<[name: string, value: string]>): [name: string, value: string][] {
  const joined: [string, string][] = [];
  let cookie: [string, string] | undefined;
  for (const pair of pairs) {
    const isCookie = pair[0].toLowerCase() === "cookie";
    if (isCookie && cookie !== undefined) cookie[1] += `; ${pair[1]}`;
    else joined.push(pair);
    if (isCookie) cookie ??= pair;
  }
  return joined;
}

/** Whether bytes can be the value of a field; `key` is its name in lower case. */
function isValue(key: string, value: Uint8Array): boolean {
  if (key !== "content-length") return value.every((byte) => byte === 9 || byte >= 32 && byte !== 127);
  const text = latin1(value);
  return /^[0-9]{1,100}$/.test(text) && BigInt(text) <= MAX_CONTENT_LENGTH;
}

/** One name and one value. */
interface Field {
  readonly name: string;
  readonly value: Uint8Array;
}

/** What clones hold together until one of them changes. */
interface Store {
  /** In their order. */
  readonly all: Set<Field>;
  /** By the name in lower case; no list is empty. */
  readonly byName: Map<string, Field[]>;
  size: number;
  shared: boolean;
}

function sizeOf(name: string, values: readonly Uint8Array[]): number {
  return values.reduce((sum, value) => sum + name.length + value.length + FIELD_OVERHEAD, 0);
}

/** The fields of one message. */
export class FieldMap {
  #store: Store = { all: new Set(), byName: new Map(), size: 0, shared: false };
  #frozen = false;

  /** The fields that came with a message, but those of the connection. They cannot be changed. */
  static received(headers: Iterable<readonly [string, string]>): FieldMap {
    const fields = new FieldMap();
    for (const [name, value] of headers) {
      if (!FORBIDDEN.has(name.toLowerCase())) fields.#add(name, [latin1Bytes(value)]);
    }
    return fields.frozen();
  }

  /** Forbids every further change. */
  frozen(): this {
    this.#frozen = true;
    return this;
  }

  /** A copy that can be changed. */
  clone(): FieldMap {
    const made = new FieldMap();
    this.#store.shared = true;
    made.#store = this.#store;
    return made;
  }

  /**
   * The fields as `fetch`, `Request` and `Response` take them. They are a list, since Deno takes
   * quadratic time to read a `Headers`. Of several lengths only the first is sent, which the body
   * is
   * held to: whoever believed another would take the body's end for something else.
   */
  pairs(): [name: string, value: string][] {
    const [, ...others] = this.#store.byName.get("content-length") ?? [], without = new Set(others);
    const sent = Array.from(this.#store.all).filter((field) => !without.has(field));
    return joinCookies(sent.map(({ name, value }) => [name, latin1(value)]));
  }

  /** The number in `content-length`, if there is one. */
  get contentLength(): number | undefined {
    const value = this.get("content-length")[0];
    return value === undefined || !isValue("content-length", value) ? undefined : Number(latin1(value));
  }

  /** Every value of a field, in order. */
  get(name: string): Uint8Array[] {
    return this.#store.byName.get(name.toLowerCase())?.map(({ value }) => value) ?? [];
  }

  /** Whether there is a field of that name. */
  has(name: string): boolean {
    return this.#store.byName.has(name.toLowerCase());
  }

  /** The name of a field as it was first given. */
  spelling(name: string): string | undefined {
    return this.#store.byName.get(name.toLowerCase())?.[0]?.name;
  }

  /** Every field, in order, with the name as it was given. */
  entries(): [name: string, value: Uint8Array][] {
    return Array.from(this.#store.all, ({ name, value }) => [name, value]);
  }

  /** Replaces all values of a field. */
  set(name: string, values: readonly Uint8Array[]): FieldRefusal | undefined {
    const refusal = this.#refusal(name, values, this.#sizeAt(name));
    if (refusal !== undefined) return refusal;
    this.#remove(name);
    this.#add(name, values);
  }

  /** Removes a field. */
  delete(name: string): FieldRefusal | undefined {
    const refusal = this.#refusal(name, [], 0);
    if (refusal !== undefined) return refusal;
    this.#remove(name);
  }

  /** Adds one more value. */
  append(name: string, value: Uint8Array): FieldRefusal | undefined {
    const refusal = this.#refusal(name, [value], 0);
    if (refusal !== undefined) return refusal;
    this.#add(name, [value]);
  }

  /** Why a change cannot be made that adds values and frees so many bytes. */
  #refusal(name: string, values: readonly Uint8Array[], freed: number): FieldRefusal | undefined {
    if (this.#frozen) return "immutable";
    const key = name.toLowerCase();
    if (!isToken(name) || !values.every((value) => isValue(key, value))) return "invalid-syntax";
    if (FORBIDDEN.has(key)) return "forbidden";
    const size = this.#store.size - freed + sizeOf(name, values);
    return values.length > 0 && size > MAX_FIELDS_SIZE ? "size-exceeded" : undefined;
  }

  #sizeAt(name: string): number {
    const fields = this.#store.byName.get(name.toLowerCase()) ?? [];
    return sizeOf(name, fields.map(({ value }) => value));
  }

  /** The store, as this map's own. */
  #changing(): Store {
    const { all, byName, size, shared } = this.#store;
    if (!shared) return this.#store;
    const lists = Array.from(byName, ([key, fields]): [string, Field[]] => [key, [...fields]]);
    return this.#store = { all: new Set(all), byName: new Map(lists), size, shared: false };
  }

  #add(name: string, values: readonly Uint8Array[]): void {
    if (values.length === 0) return;
    const store = this.#changing(), key = name.toLowerCase();
    let named = store.byName.get(key);
    if (named === undefined) store.byName.set(key, named = []);
    for (const value of values) {
      const field = { name, value };
      store.all.add(field);
      named.push(field);
    }
    store.size += sizeOf(name, values);
  }

  #remove(name: string): void {
    const store = this.#changing(), key = name.toLowerCase(), fields = store.byName.get(key);
    if (fields === undefined) return;
    store.size -= this.#sizeAt(name);
    store.byName.delete(key);
    for (const field of fields) store.all.delete(field);
  }
}
