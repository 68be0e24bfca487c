// Prints plain data as JavaScript, so that evaluating the text makes the same graph again: an object that
// is met twice is one object again.
// Objects, arrays, maps, byte arrays, texts and numbers enter; statements and expressions leave. Text
// of a component gets into the code as JSON string literals only.

/**
 * Gives the text of an object that the library makes, or another object in its place. `undefined`
 * for what is printed as it is.
 */
export type Special = (value: object) => string | { readonly instead: unknown } | undefined;

const identifier = /^[A-Za-z_$][\w$]*$/;

/** Literals do not nest more deeply than this, since parsers of JavaScript are recursive. */
const MAX_NESTING = 40;

/** One graph. Expressions may refer to the statements that were added so far. */
export class DataText {
  /** Statements that make what has a name. */
  readonly statements: string[] = [];
  readonly #special: Special;
  readonly #names = new Map<object, string>();
  readonly #met = new Map<object, number>();

  constructor(special: Special = () => undefined) {
    this.#special = special;
  }

  /** Counts how often the objects of a value are met. Called for every value before any is printed. */
  meet(value: unknown): void {
    if (typeof value !== "object" || value === null) return;
    const times = this.#met.get(value) ?? 0;
    this.#met.set(value, times + 1);
    if (times > 0 || ArrayBuffer.isView(value)) return;
    const special = this.#special(value);
    if (typeof special === "string") return;
    if (special !== undefined) return this.meet(special.instead);
    if (value instanceof Map) return [...value].forEach((entry) => entry.forEach((part) => this.meet(part)));
    for (const part of Array.isArray(value) ? value : Object.values(value)) this.meet(part);
  }

  /** An expression for a value. */
  print(value: unknown, depth = 0): string {
    if (typeof value !== "object" || value === null) return printLeaf(value);
    const known = this.#names.get(value);
    if (known !== undefined) return known;
    return this.#met.get(value)! > 1 || depth >= MAX_NESTING ? this.name(value) : this.#literal(value, depth);
  }

  /** The name of an object, which it has from now on. */
  name(value: object): string {
    let name = this.#names.get(value);
    if (name === undefined) {
      const literal = this.#literal(value, 0);
      name = `d${this.#names.size}`;
      this.#names.set(value, name);
      this.statements.push(`const ${name} = ${literal};`);
    }
    return name;
  }

  /** An expression for a value that is no part of the graph. */
  fresh(value: unknown): string {
    return typeof value === "object" && value !== null && !this.#names.has(value)
      ? this.#literal(value, 0)
      : this.print(value);
  }

  #literal(value: object, depth: number): string {
    const special = this.#special(value);
    if (typeof special === "string") return special;
    if (special !== undefined) return this.print(special.instead, depth);
    const part = (part: unknown) => this.print(part, depth + 1);
    if (Array.isArray(value)) return `[${value.map(part).join(", ")}]`;
    if (value instanceof Map) return `new Map([${[...value].map((entry) => part(entry)).join(", ")}])`;
    if (value instanceof Uint8Array) return `new Uint8Array([${value}])`;
    if (Object.getPrototypeOf(value) !== Object.prototype) throw new TypeError("only plain data can be printed");
    const members = Object.entries(value);
    return members.length === 0
      ? "{}"
      : `{ ${members.map(([key, value]) => `${printKey(key)}: ${part(value)}`).join(", ")} }`;
  }
}

function printKey(key: string): string {
  if (key === "__proto__") return '["__proto__"]'; // the plain spelling would set the prototype
  return identifier.test(key) ? key : JSON.stringify(key);
}

function printLeaf(value: unknown): string {
  switch (typeof value) {
    case "string":
      return JSON.stringify(value);
    case "bigint":
      return `${value}n`;
    case "number":
      return Object.is(value, -0) ? "-0" : String(value);
    case "boolean":
    case "undefined":
    case "object":
      return String(value);
    default:
      throw new TypeError(`only plain data can be printed, found ${typeof value}`);
  }
}
