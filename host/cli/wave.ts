// Values in text, as `--invoke` takes and prints them: WebAssembly's value encoding (WAVE), led by the type.
// Text in, values for JavaScript out, and back. What is wrong is a SyntaxError that says where.

import type { ValType } from "../../abi/types.ts";
import { memberNames } from "../names.ts";

/** A call in text: `name(value, …)`. */
export interface Call {
  /** The function: `f` or `ns:pkg/iface#f`. */
  readonly path: string;
  /** Parses the arguments once the function's type is known. */
  args(types: readonly ValType[]): unknown[];
}

/** Takes a call apart; without parentheses it has no arguments. */
export function parseCall(text: string): Call {
  const open = text.indexOf("(");
  const path = (open < 0 ? text : text.slice(0, open)).trim();
  return {
    path,
    args(types) {
      if (open < 0) return new WaveParser("()").args(types);
      return new WaveParser(text.slice(open)).args(types);
    },
  };
}

/** Parses one value. */
export function parseValue(text: string, type: ValType): unknown {
  const parser = new WaveParser(text), value = parser.value(type);
  parser.end();
  return value;
}

const ESCAPES: Readonly<Record<string, string>> = { t: "\t", n: "\n", r: "\r", '"': '"', "'": "'", "\\": "\\" };

class WaveParser {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  #fail(expected: string): never {
    const found = this.#text.slice(this.#at, this.#at + 12) || "the end";
    const whole = this.#text.length > 80 ? "" : ` of ${this.#text}`;
    throw new SyntaxError(`expected ${expected} at character ${this.#at + 1}${whole}, found ${found}`);
  }

  #match(pattern: RegExp): string | undefined {
    const sticky = new RegExp(pattern.source, `${pattern.flags}y`);
    sticky.lastIndex = this.#at;
    const found = sticky.exec(this.#text)?.[0];
    if (found !== undefined) this.#at += found.length;
    return found;
  }

  #skip(): void {
    this.#match(/(?:\s|\/\/[^\n]*)*/);
  }

  #take(word: string): boolean {
    this.#skip();
    if (!this.#text.startsWith(word, this.#at)) return false;
    this.#at += word.length;
    return true;
  }

  #expect(word: string): void {
    if (!this.#take(word)) this.#fail(`\`${word}\``);
  }

  end(): void {
    this.#skip();
    if (this.#at < this.#text.length) this.#fail("the end");
  }

  /** `(value, …)`; options at the end may be left out. */
  args(types: readonly ValType[]): unknown[] {
    const values: unknown[] = [];
    this.#expect("(");
    while (!this.#take(")")) {
      const type = types[values.length];
      if (type === undefined) this.#fail(`no more than ${types.length} arguments`);
      values.push(this.value(type));
      if (!this.#take(",")) {
        this.#expect(")");
        break;
      }
    }
    this.end();
    if (types.slice(values.length).some(({ kind }) => kind !== "option")) {
      this.#fail(`${types.length} arguments`);
    }
    return values;
  }

  #list(open: string, close: string, item: (index: number) => void): void {
    this.#expect(open);
    for (let index = 0; !this.#take(close); index++) {
      item(index);
      if (this.#take(",")) continue;
      this.#expect(close);
      return;
    }
  }

  #label(): string {
    this.#skip();
    return this.#match(/%?[A-Za-z][A-Za-z0-9-]*/)?.replace("%", "") ?? this.#fail("a name");
  }

  #number(): number {
    this.#skip();
    const text = this.#match(/-?(?:inf|nan|\d+(?:\.\d+)?(?:[eE][+-]?\d+)?)/) ?? this.#fail("a number");
    const number = Number(text.replace("inf", "Infinity").replace(/-?nan/, "NaN"));
    return /\d/.test(text) && !Number.isFinite(number) ? this.#fail("a number in range") : number;
  }

  #character(quote: string): string {
    const char = this.#match(/\\u\{[0-9a-fA-F]{1,6}\}|\\[^]|[^]/u) ?? this.#fail(`\`${quote}\``);
    if (!char.startsWith("\\")) return char;
    if (!char.startsWith("\\u{")) return ESCAPES[char[1]!] ?? this.#fail("an escape");
    const code = parseInt(char.slice(3), 16);
    return code <= 0x10ffff && (code < 0xd800 || code > 0xdfff)
      ? String.fromCodePoint(code)
      : this.#fail("a character");
  }

  #string(): string {
    let text = "";
    this.#expect('"');
    while (this.#text[this.#at] !== '"') text += this.#character('"');
    this.#at++;
    return text;
  }

  /** `name` or `name(value)`. */
  #case(
    cases: readonly { readonly name: string; readonly type: ValType | undefined }[],
  ): { tag: string; val?: unknown } {
    const at = this.#at, name = this.#label();
    const found = cases.find((one) => one.name === name);
    if (found === undefined) {
      this.#at = at;
      this.#skip();
      this.#fail(`one of ${cases.map((one) => one.name).join(", ")}`);
    }
    if (found.type === undefined) return { tag: name };
    this.#expect("(");
    const val = this.value(found.type);
    this.#expect(")");
    return { tag: name, val };
  }

  /** Whether a name follows. */
  #peeks(...names: readonly string[]): boolean {
    this.#skip();
    return names.some((name) =>
      this.#text.startsWith(name, this.#at) && !/[\w-]/.test(this.#text[this.#at + name.length] ?? "")
    );
  }

  value(type: ValType): unknown {
    switch (type.kind) {
      case "bool":
        if (this.#peeks("true")) return this.#take("true");
        if (this.#peeks("false")) return !this.#take("false");
        return this.#fail("true or false");
      case "s64":
      case "u64":
        this.#skip();
        return BigInt(this.#match(/-?\d+/) ?? this.#fail("an integer"));
      case "u8":
      case "s8":
      case "u16":
      case "s16":
      case "u32":
      case "s32":
        this.#skip();
        return Number(this.#match(/-?\d+/) ?? this.#fail("an integer"));
      case "f32":
      case "f64":
        return this.#number();
      case "char": {
        this.#expect("'");
        const char = this.#character("'");
        this.#expect("'");
        return char;
      }
      case "string":
        return this.#string();
      case "list":
      case "fixed-list": {
        const values: unknown[] = [];
        this.#list("[", "]", () => values.push(this.value(type.element)));
        return values;
      }
      case "map": {
        const entries: unknown[] = [];
        this.#list("[", "]", () => entries.push(this.value({ kind: "tuple", types: [type.key, type.value] })));
        return new Map(entries as [unknown, unknown][]);
      }
      case "tuple": {
        const values: unknown[] = [];
        this.#list("(", ")", (index) => values.push(this.value(type.types[index] ?? this.#fail("`)`"))));
        return values.length === type.types.length ? values : this.#fail(`${type.types.length} values`);
      }
      case "record":
        return this.#record(type.fields);
      case "flags": {
        const flags: Record<string, true> = {};
        this.#list("{", "}", () => {
          const name = this.#label();
          if (!type.names.includes(name)) this.#fail(`one of ${type.names.join(", ")}`);
          if (Object.hasOwn(flags, name)) this.#fail(`each flag once, not \`${name}\` again`);
          flags[name] = true;
        });
        return flags;
      }
      case "enum":
        return this.#case(type.names.map((name) => ({ name, type: undefined }))).tag;
      case "variant":
        return this.#case(type.cases);
      case "option":
        return this.#option(type.element);
      case "result": {
        const { ok, err } = type;
        if (ok !== undefined && ok.kind !== "variant" && ok.kind !== "enum" && !this.#peeks("ok", "err")) {
          return { tag: "ok", val: this.value(ok) };
        }
        return this.#case([{ name: "ok", type: ok }, { name: "err", type: err }]);
      }
      default:
        throw new SyntaxError(`a value of type ${type.kind} cannot be written`);
    }
  }

  #option(element: ValType): unknown {
    const nested = element.kind === "option";
    if (this.#peeks("none")) {
      this.#take("none");
      return nested ? { tag: "none" } : undefined;
    }
    if (!this.#peeks("some")) return nested ? { tag: "some", val: this.value(element) } : this.value(element);
    const { val } = this.#case([{ name: "some", type: element }]);
    return nested ? { tag: "some", val } : val;
  }

  #record(fields: readonly { readonly name: string; readonly type: ValType }[]): Record<string, unknown> {
    const record: Record<string, unknown> = {};
    if (this.#take("{:}")) return record;
    this.#list("{", "}", () => {
      const name = this.#label(), field = fields.find((field) => field.name === name);
      if (field === undefined) this.#fail(`one of ${fields.map((field) => field.name).join(", ")}`);
      if (Object.hasOwn(record, name)) this.#fail(`each field once, not \`${name}\` again`);
      this.#expect(":");
      record[name] = this.value(field.type);
    });
    const missing = fields.find(({ name, type }) => !Object.hasOwn(record, name) && type.kind !== "option");
    return missing === undefined ? record : this.#fail(`a field \`${missing.name}\``);
  }
}

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

const payload = (name: string, type: ValType | undefined, value: unknown): string =>
  type === undefined ? name : `${name}(${formatValue(value, type)})`;

/** Prints a value that came from a guest. */
export function formatValue(value: unknown, type: ValType): string {
  // deno-lint-ignore no-explicit-any
  const of = value as any;
  switch (type.kind) {
    case "f32":
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
      return `[${
        Array.from(of, ([key, item]: [unknown, unknown]) =>
          `(${formatValue(key, type.key)}, ${formatValue(item, type.value)})`).join(", ")
      }]`;
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
      return payload(of.tag, type.cases.find(({ name }) => name === of.tag)?.type, of.val);
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
    default:
      return String(of);
  }
}
