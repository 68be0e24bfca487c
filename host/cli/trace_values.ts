// Values in a trace → text, like WAVE's, but short: a long list, text or record is cut off, bytes
// that are text look like text, and resources have numbers.
// The values may be a guest's, or what a host gives for them, which may have more forms. A value of
// no known form is shown by its JavaScript type: a trace never makes a call fail.

import { camelCase } from "../names.ts";
import type { FuncType, ValType } from "../../abi/types/types.ts";
import { formatValue } from "./wave_print.ts";

/** The most characters of one value; what comes after them is left out. */
const MAX_SHOWN = 160;
/** The most bytes of one `list<u8>`. */
const MAX_BYTES = 48;
const MORE = "…";

/** Numbers the resources of one trace in the order in which they appear. */
export class Numbers {
  readonly #numbers = new WeakMap<object, number>();
  #next = 1;

  of(resource: object): number {
    let number = this.#numbers.get(resource);
    if (number === undefined) this.#numbers.set(resource, number = this.#next++);
    return number;
  }
}

/** Shows the arguments of a call. */
export function showArgs(args: readonly unknown[], { params }: FuncType, numbers: Numbers): string {
  return params.map(({ type }, i) => showValue(args[i], type, numbers)).join(", ");
}

/** Shows what a host's function gave: `T` stands for `ok(T)` where its result is a `result`. */
export function showResult(value: unknown, { result }: FuncType, numbers: Numbers): string {
  if (result === undefined) return "";
  const isBranded = typeof value === "object" && value !== null && "~result" in value;
  const whole = result.kind === "result" && !isBranded ? { tag: "ok", val: value } : value;
  return showValue(whole, result, numbers);
}

/** Shows one value. */
export function showValue(value: unknown, type: ValType, numbers: Numbers): string {
  const shown = new Shown(numbers);
  try {
    shown.value(value, type);
  } catch {
    shown.add(`<${typeof value}>`);
  }
  return shown.text;
}

/** A text that grows until it is long enough. */
class Shown {
  text = "";
  readonly #numbers: Numbers;

  constructor(numbers: Numbers) {
    this.#numbers = numbers;
  }

  add(text: string): void {
    this.text += text;
  }

  /** Adds items with commas, until the text is long enough. */
  #list(open: string, items: Iterable<() => void>, close: string): void {
    this.add(open);
    let isFirst = true;
    for (const item of items) {
      if (!isFirst) this.add(", ");
      isFirst = false;
      if (this.text.length > MAX_SHOWN) {
        this.add(MORE);
        break;
      }
      item();
    }
    this.add(close);
  }

  value(value: unknown, type: ValType): void {
    // deno-lint-ignore no-explicit-any
    const of = value as any;
    switch (type.kind) {
      case "string": {
        const text = String(of);
        return this.add(formatValue(text.slice(0, MAX_SHOWN), type) + (text.length > MAX_SHOWN ? MORE : ""));
      }
      case "list":
      case "fixed-list":
        if (type.element.kind === "u8" && of instanceof Uint8Array) return this.add(showBytes(of));
        if (!Array.isArray(of) && !ArrayBuffer.isView(of)) return this.add(`[${MORE}]`);
        return this.#list("[", map(of as Iterable<unknown>, (item) => this.value(item, type.element)), "]");
      case "map":
        if (!(of instanceof Map)) return this.add(`{${MORE}}`);
        return this.#list(
          "{",
          map(of, ([key, item]) => {
            this.value(key, type.key);
            this.add(": ");
            this.value(item, type.value);
          }),
          "}",
        );
      case "tuple":
        return this.#list("(", map(type.types.entries(), ([i, part]) => this.value(of[i], part)), ")");
      case "record":
        return this.#list(
          "{",
          map(type.fields, ({ name, type }) => {
            this.add(`${name}: `);
            this.value(of[camelCase(name)] ?? of[name], type);
          }),
          "}",
        );
      case "flags":
        return this.add(`{${type.names.filter((name) => of?.[camelCase(name)] ?? of?.[name]).join(", ")}}`);
      case "variant":
        return this.#payload(of.tag, type.cases.find(({ name }) => name === of.tag)?.type, of.val);
      case "result":
        return this.#payload(of.tag, type[of.tag as "ok" | "err"], of.val);
      case "option":
        if (of === undefined || of === null || of.tag === "none" && type.element.kind === "option") {
          return this.add("none");
        }
        return this.#payload("some", type.element, type.element.kind === "option" ? of.val : of);
      case "own":
      case "borrow":
        return this.add(`${type.resource.name ?? "resource"}#${this.#numbers.of(of)}`);
      case "stream":
      case "future":
      case "error-context":
        return this.add(`${type.kind}#${this.#numbers.of(of)}`);
      default:
        return this.add(formatValue(of, type));
    }
  }

  #payload(tag: string, type: ValType | undefined, value: unknown): void {
    this.add(String(tag));
    if (type === undefined) return;
    this.add("(");
    this.value(value, type);
    this.add(")");
  }
}

/** Actions for items, made as they are asked for. */
function* map<T>(items: Iterable<T>, act: (item: T) => void): Iterable<() => void> {
  for (const item of items) yield () => act(item);
}

/** Bytes as text if they are printable ASCII, otherwise as numbers. */
function showBytes(bytes: Uint8Array): string {
  const begin = bytes.subarray(0, MAX_BYTES), more = bytes.length > MAX_BYTES ? `${MORE} ${bytes.length} bytes` : "";
  if (begin.every((byte) => byte >= 0x20 && byte < 0x7f || byte === 9 || byte === 10 || byte === 13)) {
    return `b${formatValue(String.fromCharCode(...begin), { kind: "string" })}${more}`;
  }
  return `[${[...begin].join(", ")}${more === "" ? "" : `, ${more}`}]`;
}
