// Prints trampolines as functions of a module, with what their constants are made by.
// The calls of a plan enter, JavaScript leaves. The text of each function is what the run time
// would generate.

import { coercions } from "../../abi/codecs/variants.ts";
import type { Codec, CodecSource } from "../../abi/codecs/codec.ts";
import { type Printer, textKey, type WrittenTrampoline } from "../../abi/codegen/generate.ts";
import { mostCopies } from "../../abi/codegen/function_pool.ts";
import { readiedKey } from "../../abi/codegen/readied.ts";
import { shapeOfRecord } from "../../abi/codegen/shapes.ts";
import { pointersOf } from "../../abi/state/pointers.ts";
import type { AddressType } from "../../abi/types/core_values.ts";
import { layoutOf } from "../../abi/types/layout.ts";
import { everyPart, type FuncType, type ValType } from "../../abi/types/types.ts";
import type { Numbers } from "../../abi/wasm/wide_core.ts";
import type { WantedCall } from "./calls.ts";
import type { DataText } from "./data_text.ts";

/** One text of one type, and how many functions may use it at the same time. */
interface Printed {
  readonly text: WrittenTrampoline & { readonly body: string };
  readonly address: AddressType;
  count: number;
}

/** The trampolines of one function type, by their keys. */
interface TypeCalls {
  readonly type: FuncType;
  readonly returning: boolean;
  readonly byKey: Map<string, Printed | undefined>;
}

/** Prints the trampolines that are wanted. */
export class CallsText {
  /** The makers, as statements. */
  readonly makers: string[] = [];
  readonly #calls = new Map<FuncType, TypeCalls[]>();
  readonly #codecs: CodecSource;

  constructor(wanted: Iterable<WantedCall>, codecs: CodecSource, print: Printer) {
    this.#codecs = codecs;
    for (const { type, returning, plan, facts } of wanted) {
      const { byKey } = this.#of(type, returning), signature = (plan.lift ?? plan.lower)!;
      const key = readiedKey(signature, textKey(plan, facts)), known = byKey.get(key);
      if (known !== undefined) known.count++;
      if (byKey.has(key)) continue;
      const text = print(plan, facts, codecs);
      byKey.set(key, text && { text: text as Printed["text"], address: signature.key.address, count: 1 });
    }
  }

  #of(type: FuncType, returning: boolean): TypeCalls {
    let calls = this.#calls.get(type);
    if (calls === undefined) this.#calls.set(type, calls = []);
    let found = calls.find((each) => each.returning === returning);
    if (found === undefined) calls.push(found = { type, returning, byKey: new Map() });
    return found;
  }

  /** Has the data count the types that the calls name. */
  meet(data: DataText): void {
    for (const calls of this.#calls.values()) for (const { type } of calls) data.meet(type);
  }

  /** Statements that say which trampolines each type has; `data` names the types. */
  statements(data: DataText): string[] {
    return [...this.#calls.values()].flat().map(({ type, returning, byKey }) => {
      const name = data.name(type), parts = partsOf(type);
      const members = [...byKey].flatMap(([key, printed]) =>
        printed === undefined ? [] : `${JSON.stringify(key)}: ${this.#member(printed, parts, data)}`
      );
      return members.length === 0 ? "" : `t(${returning ? `g(${name})` : name}, {\n${members.join(",\n")}\n});`;
    }).filter((statement) => statement !== "");
  }

  #member(
    { text: { body, constants, numbers }, address, count }: Printed,
    parts: ReadonlySet<ValType>,
    data: DataText,
  ) {
    const makes = Array.from({ length: Math.min(count, mostCopies(body)) }, () => {
      const name = `c${this.makers.length}`;
      this.makers.push(`const ${name} = (H, K) => {\n${body}\n};`);
      return name;
    });
    const made = constants.map((constant) => this.#constant(constant, address, parts, data));
    return `{ make: [${makes.join(", ")}], ${numbers === undefined ? "" : `numbers: ${printNumbers(numbers)}, `}` +
      `constants: (k) => [${made.join(", ")}] }`;
  }

  /** What makes a constant: it is an object of the library for one of the types, or plain data. */
  #constant(constant: unknown, address: AddressType, parts: ReadonlySet<ValType>, data: DataText): string {
    if (constant === pointersOf(address)) return "k.pointers";
    for (const [name, { toPart, toJoined }] of Object.entries(coercions)) {
      if (constant === toPart) return `k.coercion(${JSON.stringify(name)}).toPart`;
      if (constant === toJoined) return `k.coercion(${JSON.stringify(name)}).toJoined`;
    }
    for (const type of parts) {
      if (constant === type) return data.name(type);
      const codec: Codec = this.#codecs.of(type, address), name = () => `k.codec(${data.name(type)})`;
      if (constant === codec) return name();
      if (constant === codec.liftCore) return `${name()}.liftCore`;
      if (constant === codec.lowerCore) return `${name()}.lowerCore`;
      if (constant === codec.fits) return `${name()}.fits`;
      if (constant === layoutOf(type, address)) return `k.layout(${data.name(type)})`;
      if (type.kind === "record" && constant === shapeOfRecord(type, this.#codecs.memberNames)) {
        return `k.shape(${data.name(type)})`;
      }
    }
    return data.fresh(constant);
  }
}

/** A function type's value types, with all their parts. */
function partsOf({ params, result }: FuncType): ReadonlySet<ValType> {
  const parts = new Set<ValType>();
  const add = (type: ValType): true => {
    if (!parts.has(type)) {
      parts.add(type);
      everyPart(type, add);
    }
    return true;
  };
  for (const { type } of params) add(type);
  if (result !== undefined) add(result);
  return parts;
}

function printNumbers({ params, result }: Numbers): string {
  return `{ params: new Map(${JSON.stringify([...params])}), result: ${result} }`;
}
