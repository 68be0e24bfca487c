// Methods and schemes of HTTP, as WASI's variants and by name. Methods are case-sensitive (RFC
// 9110, 9.1).

/** The variant `method`. */
export interface Method {
  readonly tag: string;
  readonly val?: string;
}
/** The variant `scheme`. */
export type Scheme = Method;

const METHODS: ReadonlyMap<string, string> = new Map(
  ["get", "head", "post", "put", "delete", "connect", "options", "trace", "patch"].map((
    tag,
  ) => [tag.toUpperCase(), tag]),
);

/** A method by its name: `get` in lower case is another one than GET. */
export function methodOf(name: string): Method {
  const tag = METHODS.get(name);
  return tag === undefined ? { tag: "other", val: name } : { tag };
}

/** A method's name. */
export function methodName({ tag, val }: Method): string {
  return tag === "other" ? val! : tag.toUpperCase();
}

/**
 * Whether this runtime's `fetch` and `Request` leave a method as it is. Each runtime spells some of
 * them in upper case, and refuses CONNECT and TRACE (Bun takes these two, but cannot use them). Bun
 * makes GET of a method that it does not know.
 */
export function keepsMethod(name: string): boolean {
  if (name === "CONNECT" || name === "TRACE") return false;
  try {
    return new Request("http://localhost/", { method: name }).method === name;
  } catch {
    return false;
  }
}

/** Whether `fetch` and `Request` have a body for a method. */
export function takesBody(method: string): boolean {
  return method !== "GET" && method !== "HEAD";
}

/** A scheme by its name. */
export function schemeOf(name: string): Scheme {
  return name === "http" || name === "https" ? { tag: name.toUpperCase() } : { tag: "other", val: name };
}

/** A scheme's name. */
export function schemeName({ tag, val }: Scheme): string {
  return tag === "other" ? val! : tag.toLowerCase();
}
