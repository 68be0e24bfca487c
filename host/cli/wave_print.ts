// Values that came from a guest → text: WebAssembly's value encoding (WAVE), led by the type. What
// is printed reads back as the same value.
// Spec: wasm-wave's README and wave_ebnf.md, in bytecodealliance/wasm-tools.

import { absurd, type ValType } from "../../abi/types/types.ts";
import { memberNames } from "../names.ts";
import { ESCAPES, KEYWORDS } from "./wave.ts";

function quoted(text: string, quote: string): string {
  // deno-lint-ignore no-control-regex
  const escaped = text.replace(/["'\\\u0000-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/g, (char) => {
    if (char === '"' || char === "'") return char === quote ? `\\${char}` : char;
    const known = Object.entries(ESCAPES).find(([, value]) => value === char)?.[0];
    return known === undefined ? `\\u{${char.codePointAt(0)!.toString(16)}}` : `\\${known}`;
  });
  return quote + escaped + quote;
}

/** A member by its name in JavaScript, or by WIT's. */
function own(of: Record<string, unknown>, key: string, name: string): unknown {
  return Object.hasOwn(of, key) ? of[key] : Object.hasOwn(of, name) ? of[name] : undefined;
}

function number(value: number): string {
  if (Number.isNaN(value)) return "nan";
  return Number.isFinite(value) ? Object.is(value, -0) ? "-0" : String(value) : value > 0 ? "inf" : "-inf";
}

/**
 * A single-precision number by the fewest digits that read back as it: String() would give those
 * that a double needs.
 */
function single(value: number): string {
  if (!Number.isFinite(value) || value === 0) return number(value);
  for (let digits = 1; digits < 9; digits++) {
    const text = shorter(value, digits);
    if (text !== undefined) return number(text);
  }
  return number(Number(value.toPrecision(9)));
}

/** The number of so many digits that is nearest to a single, if it reads back as that one. */
function shorter(value: number, digits: number): number | undefined {
  const [mantissa = "", exponent = ""] = value.toExponential(digits - 1).split("e");
  // Below a power of two singles lie closer: there the nearest may not read back, and its neighbour
  // away from zero may.
  const up = Number(mantissa.replace(".", "")) + Math.sign(value);
  return [Number(`${mantissa}e${exponent}`), Number(`${up}e${Number(exponent) - digits + 1}`)]
    .find((near) => Math.fround(near) === value);
}

/** A case of a variant or enum; one that is called like a keyword is marked as none. */
function label(name: string): string {
  return KEYWORDS.has(name) ? `%${name}` : name;
}

const payload = (name: string, type: ValType | undefined, value: unknown): string =>
  type === undefined ? name : `${name}(${formatValue(value, type)})`;

/** Prints a value that came from a guest. */
export function formatValue(value: unknown, type: ValType): string {
  // deno-lint-ignore no-explicit-any
  const of = value as any;
  switch (type.kind) {
    case "f32":
      return single(of);
    case "f64":
      return number(of);
    case "char":
      return quoted(of, "'");
    case "string":
      return quoted(of, '"');
    case "list":
    case "fixed-list":
      return `[${Array.from(of, (item) => formatValue(item, type.element)).join(", ")}]`;
    case "map":
      return `{${
        Array.from(of, ([key, item]: [unknown, unknown]) =>
          `${formatValue(key, type.key)}: ${formatValue(item, type.value)}`).join(", ")
      }}`;
    case "tuple":
      return `(${type.types.map((part, i) => formatValue(of[i], part)).join(", ")})`;
    case "record": {
      const names = memberNames(type.fields.map(({ name }) => name));
      return `{${
        type.fields.map(({ name, type }, i) => `${name}: ${formatValue(own(of, names[i]!, name), type)}`).join(", ")
      }}`;
    }
    case "flags": {
      const names = memberNames(type.names);
      return `{${type.names.filter((name, i) => own(of, names[i]!, name)).join(", ")}}`;
    }
    case "variant":
      return payload(label(of.tag), type.cases.find(({ name }) => name === of.tag)?.type, of.val);
    case "enum":
      return label(of);
    case "option":
      if (type.element.kind === "option") return of.tag === "none" ? "none" : payload("some", type.element, of.val);
      return of === undefined ? "none" : payload("some", type.element, of);
    case "result":
      return payload(of.tag, type[of.tag as "ok" | "err"], of.val);
    case "own":
    case "borrow":
    case "stream":
    case "future":
      return `<${type.kind}>`;
    case "bool":
    case "u8":
    case "s8":
    case "u16":
    case "s16":
    case "u32":
    case "s32":
    case "u64":
    case "s64":
    case "error-context":
      return String(of);
    default:
      return absurd(type);
  }
}
