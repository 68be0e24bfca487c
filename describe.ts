// JavaScript values in words, for messages: in a few words, or as one would write them, cut to a
// length.
// Values of guests and hosts in, text out. Whatever a value does when it is looked at, nothing is
// thrown.

/** A JS value in a few words, for messages. */
export function describe(value: unknown): string {
  switch (typeof value) {
    case "string":
      return JSON.stringify(value.length > 40 ? `${value.slice(0, 40)}…` : value);
    case "bigint":
      return `${value}n`;
    case "object":
      return value === null ? "null" : describeObject(value);
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
    if (Array.isArray(value)) return `an array of ${value.length}`;
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

/**
 * A value as one would write it, about as long as the room that there is: what has no room is not
 * looked at.
 */
function sketch(value: unknown, room: number): string {
  if (typeof value !== "object" || value === null || room <= 0) return describe(value);
  try {
    if (Array.isArray(value)) return `[${sketchItems(value, room)}]`;
    if (ArrayBuffer.isView(value) || value instanceof Map) {
      return `${value.constructor.name} [${sketchItems(value as Iterable<unknown> & object, room)}]`;
    }
    const name = describeObject(value);
    return name === "an object" ? sketchMembers(value as Record<string, unknown>, room) : name;
  } catch {
    return describe(value); // a proxy or getter of the host's that throws
  }
}

function sketchItems(items: Iterable<unknown>, room: number): string {
  let text = "";
  for (const item of items) {
    if (text !== "") text += ", ";
    if (text.length >= room) return `${text}…`;
    text += sketch(item, room - text.length);
  }
  return text;
}

/** A record, or a variant's value: `tag(val)`. */
function sketchMembers(value: Record<string, unknown>, room: number): string {
  if (isVariantValue(value)) {
    const { tag, val } = value;
    return val === undefined ? tag : `${tag}(${sketch(val, room - tag.length)})`;
  }
  let text = "";
  for (const key in value) {
    text += text === "" ? "{ " : ", ";
    if (text.length >= room) return `${text}… }`;
    text += `${key}: ${sketch(value[key], room - text.length)}`;
  }
  return text === "" ? "{}" : `${text} }`;
}

function isVariantValue(value: { readonly tag?: unknown }): value is { readonly tag: string; readonly val?: unknown } {
  if (typeof value.tag !== "string") return false;
  for (const key in value) if (key !== "tag" && key !== "val") return false;
  return true;
}

/** What an engine says was wrong, without the expression of ours that JavaScriptCore adds. */
export function engineMessage(error: Error): string {
  return error.message.replace(/ \(evaluating '[^]*'\)$/, "");
}
