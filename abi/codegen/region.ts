// A stretch of generated code with one handler: a trampoline, or the loop of a list. Statements are
// added to it; what it notes on the way
// says what the code around it needs: memory, a frame, views that are current.
// Expressions of pointers, lengths and memory are spelt here, by the address type.

import { layoutOf, variantLayout } from "../types/layout.ts";
import type { NumericView } from "../types/scalar_rules.ts";
import type { OfKind, ValType } from "../types/types.ts";
import type { NumberKind } from "../wasm/wide_core.ts";
import type { Program } from "./program.ts";

/** Writes what is done with one element of a list, which is at `p`. */
export type WriteElement = (region: Region, element: ValType) => void;

/** One stretch of code with one `at` and one handler: a trampoline, or the loop of a list. */
export class Region {
  readonly program: Program;
  /** Statements. */
  readonly lines: string[] = [];
  /** What `at` stands for, and how a place is found again. */
  readonly places: string[] = [];
  /** Whether memory is used at all. */
  usesMemory = false;
  /** Whether the call's frame is needed: for handles. */
  usesFrame = false;
  /** Whether the host's code ran: getters, iterators. */
  ranHost = false;
  /** Stores that wait until the host's code has run. */
  readonly pending: string[] = [];
  /** The numbers that core values of 64 bits are made of, by the expressions of these. */
  readonly #numbers: Map<string, { readonly kind: NumberKind; readonly text: string }> = new Map();
  #prefix = "";

  constructor(program: Program) {
    this.program = program;
  }

  /** Everything from here on is inside a place: `param 1`'s, say, which is no item of a path. */
  within(prefix: string): void {
    this.#prefix = prefix;
  }

  /** Sets `at`. */
  at(path: string): string {
    const place = this.#prefix + path;
    this.program.count(place.length);
    let index = this.places.indexOf(place);
    if (index < 0) index = this.places.push(place) - 1;
    return `at = ${index};`;
  }

  add(line: string): void {
    this.program.count(line.length);
    this.lines.push(line);
  }

  /** The statements so far; others follow. */
  take(): string[] {
    return this.lines.splice(0);
  }

  /** A pointer as a core value, as an expression. */
  pointerToCore(pointer: string): string {
    return this.program.address === "i32" ? pointer : this.#wide("pointer", pointer);
  }

  /** Where the payload of a `result` lies in it. */
  payloadOffset({ ok, err }: OfKind<"result">): number {
    return variantLayout([ok, err], this.program.address).payloadOffset;
  }

  /** Keeps the value of an expression. */
  keep(expression: string): string {
    const name = this.program.name();
    this.add(`const ${name} = ${expression};`);
    return name;
  }

  /**
   * The call's frame as an argument. Only asked for where a codec is called: whether that needs it
   * is noted apart.
   */
  get frame(): string {
    return this.usesFrame ? "frame" : "undefined";
  }

  codec(type: ValType): string {
    return this.program.constant(this.program.codecOf(type));
  }

  layout(type: ValType): string {
    return this.program.constant(layoutOf(type, this.program.address));
  }

  view(view: NumericView, ptr: string, offset: number, size: number): string {
    this.usesMemory = true;
    const address = offset === 0 ? ptr : `${ptr} + ${offset}`;
    if (size === 1) return `m.${view}[${address}]`;
    // A shift takes 32 bits of an address. The address is aligned, so that both are exact.
    return this.program.address === "i32"
      ? `m.${view}[${address} >>> ${Math.log2(size)}]`
      : `m.${view}[(${address}) / ${size}]`;
  }

  /** A pointer from a core value, as an expression. */
  pointer(core: string): string {
    return this.program.address === "i32" ? `${core} >>> 0` : `fromCore(${core})`;
  }

  /** A string's length from a core value, as an expression. */
  units(core: string): string {
    return this.program.address === "i32" ? `${core} >>> 0` : `${this.program.pointers}.unitsFromCore(${core})`;
  }

  /** A pointer and the length that follows it. */
  pair(ptr: string, offset: number, length: "load" | "loadUnits"): [string, string] {
    if (this.program.address === "i32") {
      return [this.keep(this.view("u32", ptr, offset, 4)), this.keep(this.view("u32", ptr, offset + 4, 4))];
    }
    this.usesMemory = true;
    const { pointers } = this.program;
    return [
      this.keep(`${pointers}.load(m, ${ptr} + ${offset})`),
      this.keep(`${pointers}.${length}(m, ${ptr} + ${offset + 8})`),
    ];
  }

  /** Core values of a pointer and a length, as expressions. */
  coreOfPair([begin, length]: readonly [string, string], type: ValType): string[] {
    if (this.program.address === "i32") return [begin, length];
    return [this.#wide("pointer", begin), this.#wide(type.kind === "list" ? "pointer" : "units", length)];
  }

  /** A number as an i64. The core function can take the number instead. */
  #wide(kind: NumberKind, number: string): string {
    const core = `${this.program.pointers}.${kind === "pointer" ? "toCore" : "unitsToCore"}(${number})`;
    this.#numbers.set(core, { kind, text: number });
    return core;
  }

  /** Core values of a call, as numbers where the core function can take these (wasm/wide_core.ts). */
  asNumbers(core: readonly string[]): { given: string[]; params: Map<number, NumberKind> } {
    const params = new Map<number, NumberKind>();
    const given = core.map((value, i) => {
      const number = this.#numbers.get(value);
      if (number !== undefined) params.set(i, number.kind);
      return number?.text ?? value;
    });
    return { given, params };
  }

  /** Does the stores that wait. */
  flush(): void {
    if (this.pending.length === 0) return;
    if (this.ranHost) this.add("m.sync();");
    for (const store of this.pending) this.add(store);
    this.pending.length = 0;
  }

  /**
   * A function for a list, whose body goes over the elements with the statements of `write`; what
   * its elements need, its caller needs.
   */
  listFunction(kind: "load" | "store", type: OfKind<"list">, args: readonly string[], write: WriteElement): string {
    const { element } = type, { size } = layoutOf(element, this.program.address);
    const made = this.program.once(kind, type, (name) => {
      const inner = new Region(this.program);
      write(inner, element);
      const places = this.program.constant(inner.places), layout = this.layout(element);
      const { usesFrame } = inner, frame = usesFrame ? ", frame" : "";
      const [parameter, begin, result] = kind === "load"
        ? ["ptr", `checkList(cx, ${layout}, ptr, length);\n  const out = new Array(length);`, "out"]
        : ["values", `const ptr = allocateList(cx, ${layout}, values, length);`, "ptr"];
      const text = `function ${name}(${parameter}, length${frame}) {
  ${begin}
  let at = 0, i = 0;
  try {
    for (let p = ptr; i < length; i++, p += ${size}) {
${inner.lines.join("\n")}
    }
  } catch (e) { throw within(e, "[" + i + "]" + (${places}[at] ?? "")); }
  return ${result};
}`;
      return { text, usesFrame };
    });
    this.usesFrame ||= made.usesFrame;
    return `${made.name}(${[...args, ...(made.usesFrame ? ["frame"] : [])].join(", ")})`;
  }
}
