/// <reference lib="dom" />

// Values as a program in JavaScript has them, in text. Long ones are broken into lines, very long
// ones are cut.

/** Characters of one line. */
const WIDTH = 52;
/** Items of a list, bytes and characters that are shown. */
const MOST_ITEMS = 200, MOST_BYTES = 64, LONGEST = 4000;

/** What the page calls an object that it holds. */
export type NameOf = (object: object) => string | undefined;

function group(open: string, items: readonly string[], close: string, indent: string): string {
  if (items.length === 0) return open.trimEnd() + close.trimStart();
  const line = `${open}${items.join(", ")}${close}`;
  if (indent.length + line.length <= WIDTH && !line.includes("\n")) return line;
  const inner = items.map((item) => `\n${indent}  ${item}`).join(",");
  return `${open.trimEnd()}${inner}\n${indent}${close.trimStart()}`;
}

function some<T>(items: Iterable<T>, count: number, show: (item: T) => string): string[] {
  const shown: string[] = [];
  for (const item of items) {
    if (shown.length === MOST_ITEMS) return [...shown, `… ${count - MOST_ITEMS} more`];
    shown.push(show(item));
  }
  return shown;
}

function bytesText(bytes: Uint8Array): string {
  const shown = Array.from(bytes.subarray(0, MOST_BYTES), (byte) => byte.toString(16).padStart(2, "0")).join(" ");
  return `Uint8Array(${bytes.length}) [${shown}${bytes.length > MOST_BYTES ? " …" : ""}]`;
}

/** A text as a program writes it, in the quotes that need the fewest escapes. */
function quoted(text: string): string {
  if (/\n./.test(text)) return `\`${text.replaceAll(/[\\`]|\$\{/g, "\\$&")}\``;
  const json = JSON.stringify(text);
  return /"/.test(text) && !/'/.test(text) ? `'${json.slice(1, -1).replaceAll('\\"', '"')}'` : json;
}

/** A value in text. */
export function valueText(value: unknown, nameOf: NameOf, indent = ""): string {
  const deeper = (inner: unknown): string => valueText(inner, nameOf, `${indent}  `);
  switch (typeof value) {
    case "string":
      return quoted(value.length > LONGEST ? `${value.slice(0, LONGEST)}…` : value);
    case "bigint":
      return `${value}n`;
    case "function":
      return value.name === "" ? "(a function)" : value.name;
    case "object":
      break;
    default:
      return Object.is(value, -0) ? "-0" : String(value);
  }
  if (value === null) return "null";
  const name = nameOf(value);
  if (name !== undefined) return name;
  if (Array.isArray(value)) return group("[", some(value, value.length, deeper), "]", indent);
  if (value instanceof Uint8Array) return bytesText(value);
  if (ArrayBuffer.isView(value) && Symbol.iterator in value) {
    const array = value as unknown as { readonly length: number } & Iterable<number | bigint>;
    return group(`${value.constructor.name} [`, some(array, array.length, String), "]", indent);
  }
  if (value instanceof Map) {
    const entries = some(value, value.size, ([key, inner]) => `${deeper(key)} => ${deeper(inner)}`);
    return group("Map { ", entries, " }", indent);
  }
  if (value instanceof Error) return `${value.name}: ${value.message}`;
  const prototype = Object.getPrototypeOf(value);
  if (prototype !== null && prototype !== Object.prototype) return `(a ${value.constructor?.name || "resource"})`;
  const members = Object.entries(value).filter(([, inner]) => inner !== undefined);
  const shown = some(
    members,
    members.length,
    ([key, inner]) => `${/^[A-Za-z_$][\w$]*$/.test(key) ? key : JSON.stringify(key)}: ${deeper(inner)}`,
  );
  return group("{ ", shown, " }", indent);
}
