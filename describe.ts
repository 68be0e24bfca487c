// JavaScript values in words, for messages: in a few words, or as one would write them, cut to a length.
// Values of guests and hosts in, text out. Whatever a value does when it is looked at, nothing is thrown.

/** A JS value in a few words, for messages. */
export function describe(value: unknown): string {
  switch (typeof value) {
    case "string":
      return JSON.stringify(value.length > 40 ? `${value.slice(0, 40)}…` : value);
    case "bigint":
      return `${value}n`;
    case "object":
      if (value === null) return "null";
      if (Array.isArray(value)) return `an array of ${value.length}`;
      return describeObject(value);
    case "function":
      return "a function";
    case "symbol":
      return "a symbol";
    default:
      return Object.is(value, -0) ? "-0" : String(value);
  }
}

function describeObject(value: object): string {
  try {
    // Its prototype's: a record may have a field of that name.
    const name = Object.getPrototypeOf(value)?.constructor?.name;
    return typeof name === "string" && name !== "" && name !== "Object" ? `an instance of ${name}` : "an object";
  } catch {
    return "an object"; // a proxy or getter of the host's that throws
  }
}

/** A payload's text is cut so that the message stays one line. */
const MAX_PAYLOAD = 120;

/** A payload in words: a text as it is, anything else as one would write it. */
export function describePayload(payload: unknown): string {
  if (payload === undefined) return "the component returned err";
  if (typeof payload === "string") return payload;
  const text = sketch(payload, MAX_PAYLOAD);
  return text.length > MAX_PAYLOAD ? `${text.slice(0, MAX_PAYLOAD)}…` : text;
}

/** A value as one would write it, about as long as the room that there is: what has no room is not looked at. */
function sketch(value: unknown, room: number): string {
  try {
    if (typeof value !== "object" || value === null || room <= 0) return describe(value);
    if (Array.isArray(value) || ArrayBuffer.isView(value) || value instanceof Map) {
      const name = Array.isArray(value) ? "" : `${value.constructor.name} `;
      return `${name}[${sketchAll(value as Iterable<unknown>, room, (item, left) => sketch(item, left))}]`;
    }
    if (describeObject(value) !== "an object") return describe(value);
    const { tag, val, ...others } = value as { tag?: unknown; val?: unknown };
    if (typeof tag === "string" && Object.keys(others).length === 0) {
      return val === undefined ? tag : `${tag}(${sketch(val, room - tag.length)})`;
    }
    const member = ([key, item]: [string, unknown], left: number): string =>
      `${key}: ${sketch(item, left - key.length)}`;
    const members = sketchAll(Object.entries(value), room, member);
    return members === "" ? "{}" : `{ ${members} }`;
  } catch {
    return describe(value); // a proxy or getter of the host's that throws
  }
}

/** As many items as there is room for. */
function sketchAll<T>(items: Iterable<T>, room: number, text: (item: T, room: number) => string): string {
  const texts: string[] = [];
  let left = room;
  for (const item of items) {
    if (left <= 0) {
      texts.push("…");
      break;
    }
    const next = text(item, left);
    left -= next.length + 2;
    texts.push(next);
  }
  return texts.join(", ");
}

/** What an engine says was wrong, without the expression of ours that JavaScriptCore adds. */
export function engineMessage(error: Error): string {
  return error.message.replace(/ \(evaluating '[^]*'\)$/, "");
}
