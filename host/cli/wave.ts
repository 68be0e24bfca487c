// Text → values for JavaScript, as `--invoke` takes them: WebAssembly's value encoding (WAVE), led
// by the type; wave_print.ts is the way back. What is wrong is a SyntaxError that says where.
// Whether a number is in its type's range is found when it is lowered.
// Spec: wasm-wave's README and wave_ebnf.md, in bytecodealliance/wasm-tools.

import { absurd, type ValType } from "../../abi/types/types.ts";

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

/** Words that mean a value of their own: a case that is called like one is written with `%`. */
export const KEYWORDS: ReadonlySet<string> = new Set(["true", "false", "some", "none", "ok", "err", "inf", "nan"]);
/** Characters by the letters that escape them. */
export const ESCAPES: Readonly<Record<string, string>> = {
  t: "\t",
  n: "\n",
  r: "\r",
  '"': '"',
  "'": "'",
  "\\": "\\",
};
const WORD = "(?:[a-z0-9]+|[A-Z0-9]+)";
const LABEL = new RegExp(`%?(?:[a-z][a-z0-9]*|[A-Z][A-Z0-9]*)(?:-${WORD})*`);
const NUMBER = /-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][-+]?[0-9]+)?/;
/** A character, or an escape: never a line break, which ends what has not been closed. */
const CHARACTER = /\\u\{[0-9a-fA-F]{1,6}\}|\\[^]|[^\n]/u;

/**
 * Whether a value may stand for `some` or `ok` of itself: options and results would be mistaken for
 * the outer one.
 */
function flattens(type: ValType | undefined): type is ValType {
  return type !== undefined && type.kind !== "option" && type.kind !== "result";
}

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
    this.#match(/(?:[ \t\r\n]|\/\/[^\n]*)*/);
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

  /** The label or keyword that follows, as it is written; it is not taken. */
  #word(): string {
    this.#skip();
    const at = this.#at, word = this.#match(LABEL) ?? "";
    this.#at = at;
    return word;
  }

  /** The name of a field or flag: keywords are names there, too. */
  #label(): string {
    const word = this.#word() || this.#fail("a name");
    this.#at += word.length;
    return word.replace("%", "");
  }

  /** A keyword, if one of these follows. */
  #keyword<K extends string>(...names: readonly K[]): K | undefined {
    const found = names.find((name) => name === this.#word());
    if (found !== undefined) this.#at += found.length;
    return found;
  }

  #number(): number {
    this.#skip();
    if (this.#text.startsWith("-inf", this.#at)) {
      this.#at += 4;
      return -Infinity;
    }
    const keyword = this.#keyword("inf", "nan");
    if (keyword !== undefined) return keyword === "inf" ? Infinity : NaN;
    // Too large a number is infinite, as it is for the reference.
    return Number(this.#match(NUMBER) ?? this.#fail("a number"));
  }

  #integer(): string {
    this.#skip();
    const at = this.#at, text = this.#match(NUMBER) ?? this.#fail("an integer");
    if (/^-?\d+$/.test(text)) return text;
    this.#at = at;
    return this.#fail("an integer");
  }

  /** A character before the quote that ends it. */
  #character(quote: string): string {
    const char = this.#text[this.#at] === quote ? undefined : this.#match(CHARACTER);
    if (char === undefined) return this.#fail(quote === "'" ? "a character" : `\`${quote}\``);
    if (!char.startsWith("\\")) return char;
    if (!char.startsWith("\\u{")) return ESCAPES[char[1]!] ?? this.#fail("an escape");
    const code = parseInt(char.slice(3), 16);
    return code <= 0x10ffff && (code < 0xd800 || code > 0xdfff)
      ? String.fromCodePoint(code)
      : this.#fail("a character");
  }

  #string(): string {
    if (this.#take('"""')) return this.#lines();
    let text = "";
    this.#expect('"');
    while (this.#text[this.#at] !== '"') text += this.#character('"');
    this.#at++;
    return text;
  }

  /**
   * The lines of a string between `"""`: what stands before the last of those is taken off each.
   */
  #lines(): string {
    const start = this.#at, end = this.#text.indexOf('"""', start);
    if (end < 0) this.#fail('`"""`');
    const [first, ...lines] = this.#text.slice(start, end).split("\n");
    if (first !== "" && first !== "\r") this.#fail("a new line");
    const indent = lines.pop();
    if (indent === undefined || !/^ *$/.test(indent)) {
      this.#at = end;
      this.#fail('`"""` on a line of its own');
    }
    this.#at = start + first.length + 1;
    const read = lines.map((line) => {
      if (!line.startsWith(indent)) this.#fail(`${indent.length} spaces`);
      const next = this.#at + line.length + 1, stop = next - (line.endsWith("\r") ? 2 : 1);
      this.#at += indent.length;
      let text = "";
      while (this.#at < stop) text += this.#character("");
      this.#at = next;
      return text;
    });
    this.#at = end + 3;
    return read.join("\n");
  }

  /** `name` or `name(value)`. */
  #case(
    cases: readonly { readonly name: string; readonly type: ValType | undefined }[],
  ): { tag: string; val?: unknown } {
    const word = this.#word(), name = word.replace("%", "");
    const found = cases.find((one) => one.name === name);
    if (found === undefined) this.#fail(`one of ${cases.map((one) => one.name).join(", ")}`);
    if (KEYWORDS.has(word)) this.#fail(`\`%${word}\`, since ${word} is a keyword`);
    this.#at += word.length;
    return found.type === undefined ? { tag: name } : { tag: name, val: this.#payload(found.type) };
  }

  #payload(type: ValType): unknown {
    this.#expect("(");
    const value = this.value(type);
    this.#expect(")");
    return value;
  }

  value(type: ValType): unknown {
    switch (type.kind) {
      case "bool":
        return (this.#keyword("true", "false") ?? this.#fail("true or false")) === "true";
      case "s64":
      case "u64":
        return BigInt(this.#integer());
      case "u8":
      case "s8":
      case "u16":
      case "s16":
      case "u32":
      case "s32":
        return Number(this.#integer()) + 0; // no −0
      case "f32":
      case "f64":
        return this.#number();
      case "char": {
        this.#expect("'");
        const char = this.#character("'");
        if (this.#text[this.#at] !== "'") this.#fail("`'`");
        this.#at++;
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
        const entries = new Map<unknown, unknown>();
        if (this.#emptyRecord()) return entries;
        this.#list("{", "}", () => {
          const key = this.value(type.key);
          this.#expect(":");
          entries.set(key, this.value(type.value));
        });
        return entries;
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
        const tag = this.#keyword("ok", "err");
        if (tag !== undefined) {
          const payload = type[tag];
          return payload === undefined ? { tag } : { tag, val: this.#payload(payload) };
        }
        return flattens(type.ok) ? { tag: "ok", val: this.value(type.ok) } : this.#fail("one of ok, err");
      }
      case "own":
      case "borrow":
      case "stream":
      case "future":
      case "error-context":
        throw new SyntaxError(`a value of type ${type.kind} cannot be written`);
      default:
        return absurd(type);
    }
  }

  #option(element: ValType): unknown {
    const tag = this.#keyword("none", "some");
    if (element.kind !== "option") {
      if (tag === "none") return undefined;
      if (tag === "some") return this.#payload(element);
      return flattens(element) ? this.value(element) : this.#fail("one of some, none");
    }
    if (tag === undefined) return this.#fail("one of some, none");
    return tag === "none" ? { tag } : { tag, val: this.#payload(element) };
  }

  /** `{:}`, which is a record of options that are none; `{}` is an empty map, or flags. */
  #emptyRecord(): boolean {
    const at = this.#at;
    if (this.#take("{") && this.#take(":")) {
      this.#expect("}");
      return true;
    }
    this.#at = at;
    return false;
  }

  #record(fields: readonly { readonly name: string; readonly type: ValType }[]): Record<string, unknown> {
    const record: Record<string, unknown> = {};
    if (this.#emptyRecord()) return record;
    this.#list("{", "}", () => {
      const name = this.#label(), field = fields.find((field) => field.name === name);
      if (field === undefined) this.#fail(`one of ${fields.map((field) => field.name).join(", ")}`);
      if (Object.hasOwn(record, name)) this.#fail(`each field once, not \`${name}\` again`);
      this.#expect(":");
      record[name] = this.value(field.type);
    });
    const missing = fields.find(({ name, type }) => !Object.hasOwn(record, name) && type.kind !== "option");
    if (missing !== undefined) this.#fail(`a field \`${missing.name}\``);
    // `{}` alone would be flags, or a map.
    return Object.keys(record).length > 0 ? record : this.#fail("`{:}`");
  }
}
