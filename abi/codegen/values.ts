// Types → JavaScript that lifts and lowers values of them: what the codecs do, spelt out for one signature.
// Statements and expressions come out, constants and helper functions beside them. Text from a component enters as JSON string literals only.
// Order is the codecs': a value is read from the host, checked, then stored; whatever may run a guest is done in place.
// `at` says at any time which part of a value is at work: an index into the places, looked up when something is thrown.
// Spec: definitions.py `load`, `store`, `lift_flat`, `lower_flat`.

import type { Codec } from "../codecs/codec.ts";
import { enumNames, liftFlags, lowerFlags, MAX_SWITCH } from "./labels.ts";
import type { Program } from "./program.ts";
import {
  discriminantView,
  items,
  leafView,
  member,
  partTypes,
  quote,
  type Shape,
  shapeOf,
  shapeOfRecord,
} from "./shapes.ts";
import { layoutOf, recordLayout, variantLayout } from "../types/layout.ts";
import { bigintRules, type IntegerRule, numberRules, type NumericView, numericView } from "../types/scalar_rules.ts";
import { containsHandle, type OfKind, type ValType } from "../types/types.ts";
import { coercion } from "../codecs/variants.ts";

/** What a number or bigint of a kind is cut by; `undefined` for other kinds. */
function integerRule(kind: string): Pick<IntegerRule<never>, "truncated"> | undefined {
  return (numberRules as Readonly<Record<string, IntegerRule<number>>>)[kind] ??
    (bigintRules as Readonly<Record<string, IntegerRule<bigint>>>)[kind];
}

/** Core values that say what they are without a check, as expressions. */
function liftedCore(kind: string, core: string): string | undefined {
  if (kind === "bool") return `${core} !== 0`;
  return kind === "f32" || kind === "f64" ? core : integerRule(kind)?.truncated(core);
}

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
  #pending: string[] = [];
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
    return this.program.address === "i32" ? pointer : `${this.program.pointers}.toCore(${pointer})`;
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

  /** The call's frame as an argument. Only asked for where a codec is called: whether that needs it is noted apart. */
  get frame(): string {
    return this.usesFrame ? "frame" : "undefined";
  }

  #codec(type: ValType): string {
    return this.program.constant(this.program.codecOf(type));
  }

  #layout(type: ValType): string {
    return this.program.constant(layoutOf(type, this.program.address));
  }

  #view(view: NumericView, ptr: string, offset: number, size: number): string {
    this.usesMemory = true;
    const address = offset === 0 ? ptr : `${ptr} + ${offset}`;
    return size === 1 ? `m.${view}[${address}]` : `m.${view}[${address} >>> ${Math.log2(size)}]`;
  }

  // ── Lifting ─────────────────────────────────────────────────────────────────────────────────────────────────────────────

  /** From core values to an expression; statements are added on the way. */
  liftFlat(type: ValType, core: readonly string[], path: string): string {
    this.program.count();
    switch (type.kind) {
      case "string":
        this.usesMemory = true;
        this.add(this.at(path));
        return this.keep(`loadString(cx, ${this.#pointer(core[0]!)}, ${this.#units(core[1]!)})`);
      case "list":
        return this.#loadList(type, this.#pointer(core[0]!), this.#pointer(core[1]!), path);
      case "record":
      case "tuple": {
        const { flatOffsets } = recordLayout(partTypes(type), this.program.address);
        return this.#composite(type, (part, k, item) => {
          const start = flatOffsets[k]!, count = layoutOf(part, this.program.address).flat!.length;
          return this.liftFlat(part, core.slice(start, start + count), path + item);
        });
      }
      case "flags":
        return liftFlags(type, core[0]!, this.program);
      case "enum":
        return this.#enum(type, `${core[0]} >>> 0`, path);
      case "option":
      case "result":
      case "variant": {
        const shape = shapeOf(type), joined = layoutOf(type, this.program.address).flat!.slice(1);
        return this.#variant(shape, `${core[0]} >>> 0`, path, (payload, item) => {
          const flat = layoutOf(payload, this.program.address).flat!, coerce = coercion(flat, joined);
          const parts = flat.map((_, i) =>
            coerce === undefined || flat[i] === joined[i]
              ? core[i + 1]!
              : this.keep(`${this.program.constant(coerce[i]!.toPart)}(${core[i + 1]})`)
          );
          return this.liftFlat(payload, parts, path + item);
        });
      }
      default: {
        const simple = liftedCore(type.kind, core[0]!);
        if (simple !== undefined) return simple;
        return this.#liftByCodec(
          type,
          path,
          (codec) =>
            codec.liftCore === undefined
              ? `${this.#codec(type)}.liftFlat(cx, [${core.join(", ")}], 0, ${this.frame})`
              : `${this.program.constant(codec.liftCore)}(cx, ${core[0]}, ${this.frame})`,
        );
      }
    }
  }

  /** From memory to an expression. The range is checked. */
  load(type: ValType, ptr: string, offset: number, path: string): string {
    this.program.count();
    const { size } = layoutOf(type, this.program.address);
    const view = numericView(type.kind);
    if (view !== undefined) return this.#view(view, ptr, offset, size);
    switch (type.kind) {
      case "bool":
        return `${this.#view("u8", ptr, offset, 1)} !== 0`;
      case "string": {
        const [begin, units] = this.#pair(ptr, offset, "loadUnits");
        this.add(this.at(path));
        return this.keep(`loadString(cx, ${begin}, ${units})`);
      }
      case "list": {
        const [begin, length] = this.#pair(ptr, offset, "load");
        return this.#loadList(type, begin, length, path);
      }
      case "record":
      case "tuple": {
        const { offsets } = recordLayout(partTypes(type), this.program.address);
        return this.#composite(type, (part, k, item) => this.load(part, ptr, offset + offsets[k]!, path + item));
      }
      case "flags":
        return liftFlags(
          type,
          this.keep(this.#view(discriminantView(size), ptr, offset, size)),
          this.program,
        );
      case "enum":
      case "option":
      case "result":
      case "variant": {
        const shape = shapeOf(type),
          { discriminantSize, payloadOffset } = variantLayout(shape.payloads, this.program.address);
        const index = this.#view(discriminantView(discriminantSize), ptr, offset, discriminantSize);
        if (type.kind === "enum") return this.#enum(type, index, path);
        return this.#variant(
          shape,
          index,
          path,
          (payload, item) => this.load(payload, ptr, offset + payloadOffset, path + item),
        );
      }
      default:
        this.usesMemory = true;
        return this.#liftByCodec(type, path, () => `${this.#codec(type)}.load(cx, ${ptr} + ${offset}, ${this.frame})`);
    }
  }

  #liftByCodec(type: ValType, path: string, call: (codec: Codec) => string): string {
    const codec = this.program.codecOf(type);
    if (layoutOf(type, this.program.address).flat?.length !== 1 || type.kind === "fixed-list") this.usesMemory = true;
    this.usesFrame ||= type.kind !== "own" && containsHandle(type);
    this.add(this.at(path));
    return this.keep(call(codec));
  }

  /** A pointer from a core value, as an expression. */
  #pointer(core: string): string {
    return this.program.address === "i32" ? `${core} >>> 0` : `${this.program.pointers}.fromCore(${core})`;
  }

  /** A string's length from a core value, as an expression. */
  #units(core: string): string {
    return this.program.address === "i32" ? `${core} >>> 0` : `${this.program.pointers}.unitsFromCore(${core})`;
  }

  /** A pointer and the length that follows it. */
  #pair(ptr: string, offset: number, length: "load" | "loadUnits"): [string, string] {
    if (this.program.address === "i32") {
      return [this.keep(this.#view("u32", ptr, offset, 4)), this.keep(this.#view("u32", ptr, offset + 4, 4))];
    }
    this.usesMemory = true;
    const { pointers } = this.program;
    return [
      this.keep(`${pointers}.load(m, ${ptr} + ${offset})`),
      this.keep(`${pointers}.${length}(m, ${ptr} + ${offset + 8})`),
    ];
  }

  /** Core values of a pointer and a length, as expressions. */
  #coreOfPair([begin, length]: readonly [string, string], type: ValType): string[] {
    if (this.program.address === "i32") return [begin, length];
    const { pointers } = this.program;
    return [
      `${pointers}.toCore(${begin})`,
      `${pointers}.${type.kind === "list" ? "toCore" : "unitsToCore"}(${length})`,
    ];
  }

  #composite(
    type: OfKind<"record" | "tuple">,
    lift: (part: ValType, k: number, item: string) => string,
  ): string {
    const names = items(type, this.program.codecs.memberNames);
    const parts = partTypes(type).map((part, k) => lift(part, k, names[k]!));
    if (type.kind === "tuple") return `[${parts.join(", ")}]`;
    const { keys } = shapeOfRecord(type, this.program.codecs.memberNames);
    for (const key of keys) this.program.count(key.length);
    return `{ ${parts.map((value, k) => member(keys[k]!, value)).join(", ")} }`;
  }

  #enum(type: OfKind<"enum">, index: string, path: string): string {
    const name = this.keep(`${enumNames(type, this.program)}[${index}]`);
    this.add(`if (${name} === undefined) { ${this.at(path)} trap(tree, "invalid-discriminant"); }`);
    return name;
  }

  #variant(
    { payloads, item, make }: Shape,
    index: string,
    path: string,
    lift: (payload: ValType, item: string) => string,
  ): string {
    const value = this.program.name();
    this.add(`let ${value};`);
    this.add(`switch (${index}) {`);
    payloads.forEach((payload, i) => {
      this.add(`case ${i}: {`);
      this.add(`${value} = ${make(i, payload && lift(payload, item(i)))};`);
      this.add("break; }");
    });
    this.add(`default: ${this.at(path)} trap(tree, "invalid-discriminant"); }`);
    return value;
  }

  #loadList(type: OfKind<"list">, ptr: string, length: string, path: string): string {
    this.usesMemory = true;
    const { element } = type;
    const isNumeric = numericView(element.kind) !== undefined;
    const call = isNumeric
      ? `loadRange(cx, ${this.#codec(element)}, ${ptr}, ${length}, undefined)`
      : this.#listFunction("load", type, [ptr, length]);
    this.add(this.at(path));
    return this.keep(call);
  }

  /** A call of the function for a list whose elements are spelt out. What its elements need, the caller needs. */
  #listFunction(kind: "load" | "store", type: OfKind<"list">, args: readonly string[]): string {
    const { element } = type, { size } = layoutOf(element, this.program.address);
    const made = this.program.once(kind, type, (name) => {
      const region = new Region(this.program);
      if (kind === "load") region.add(`out[i] = ${region.load(element, "p", 0, "")};`);
      else {
        region.add("at = -1;"); // the element itself
        const value = region.keep("values[i]");
        region.ranHost = true;
        region.store(element, value, "p", 0, "");
        region.flush();
      }
      const places = this.program.constant(region.places), layout = this.#layout(element);
      const loop = `let at = 0, i = 0;
  try {
    for (let p = ptr; i < length; i++, p += ${size}) {
${region.lines.join("\n")}
    }
  } catch (e) { throw within(e, "[" + i + "]" + (${places}[at] ?? "")); }`;
      const { usesFrame } = region, frame = usesFrame ? ", frame" : "";
      const text = kind === "load"
        ? `function ${name}(ptr, length${frame}) {
  checkList(cx, ${layout}, ptr, length);
  const out = new Array(length);
  ${loop}
  return out;
}`
        : `function ${name}(values, length${frame}) {
  const ptr = allocateList(cx, ${layout}, values, length);
  ${loop}
  return ptr;
}`;
      return { text, usesFrame };
    });
    this.usesFrame ||= made.usesFrame;
    return `${made.name}(${[...args, ...(made.usesFrame ? ["frame"] : [])].join(", ")})`;
  }

  // ── Lowering ────────────────────────────────────────────────────────────────────────────────────────────────────────────

  /** From a variable's value to expressions of core values. */
  lowerFlat(type: ValType, value: string, path: string): string[] {
    this.program.count();
    switch (type.kind) {
      case "string":
      case "list":
        return this.#coreOfPair(this.#lowerRange(type, value, path), type);
      case "record":
      case "tuple":
        return this.#parts(type, value, path, (part, read, _, place) => this.lowerFlat(part, read, place)).flat();
      case "option":
      case "result":
      case "variant": {
        const joined = layoutOf(type, this.program.address).flat!.slice(1);
        const index = this.program.name(), names = joined.map(() => this.program.name());
        this.add(
          `let ${
            [
              `${index} = 0`,
              ...names.map((name, i) => `${name} = ${joined[i] === "i64" ? "0n" : "0"}`),
            ].join(", ")
          };`,
        );
        this.#cases(type, value, path, (i, payload, item) => {
          this.add(`${index} = ${i};`);
          if (payload === undefined) return;
          const flat = layoutOf(payload.type, this.program.address).flat!, coerce = coercion(flat, joined);
          this.lowerFlat(payload.type, payload.value, path + item).forEach((part, k) => {
            const fits = coerce === undefined || flat[k] === joined[k];
            this.add(`${names[k]} = ${fits ? part : `${this.program.constant(coerce[k]!.toJoined)}(${part})`};`);
          });
        });
        return [index, ...names];
      }
      default:
        return this.#lowerLeaf(type, value, path, (codec) => {
          if (codec.lowerCore !== undefined) {
            return [this.keep(`${this.program.constant(codec.lowerCore)}(cx, ${value}, ${this.frame})`)];
          }
          const flat = this.keep("[]");
          this.add(`${this.#codec(type)}.lowerFlat(cx, ${value}, ${flat}, 0, ${this.frame});`);
          return codec.layout.flat!.map((_, i) => `${flat}[${i}]`);
        });
    }
  }

  /** From a variable's value to memory. Stores wait until `flush`: the host's code may still run meanwhile. */
  store(type: ValType, value: string, ptr: string, offset: number, path: string): void {
    this.program.count();
    const { size } = layoutOf(type, this.program.address);
    const put = (view: NumericView, core: string, at = offset, bytes = size): void => {
      this.#pending.push(`${this.#view(view, ptr, at, bytes)} = ${core};`);
    };
    switch (type.kind) {
      case "string":
      case "list": {
        this.flush();
        const [begin, length] = this.#lowerRange(type, value, path), { pointers } = this.program;
        if (this.program.address === "i32") {
          put("u32", begin, offset, 4);
          put("u32", length, offset + 4, 4);
        } else {
          const storeLength = type.kind === "list" ? "store" : "storeUnits";
          this.#pending.push(`${pointers}.store(m, ${ptr} + ${offset}, ${begin});`);
          this.#pending.push(`${pointers}.${storeLength}(m, ${ptr} + ${offset + 8}, ${length});`);
        }
        return;
      }
      case "record":
      case "tuple": {
        const { offsets } = recordLayout(partTypes(type), this.program.address);
        this.#parts(type, value, path, (part, read, k, place) => {
          this.store(part, read, ptr, offset + offsets[k]!, place);
          return [];
        });
        return;
      }
      case "option":
      case "result":
      case "variant": {
        this.flush();
        const { discriminantSize, payloadOffset } = variantLayout(shapeOf(type).payloads, this.program.address);
        this.#cases(type, value, path, (i, payload, item) => {
          put(discriminantView(discriminantSize), String(i), offset, discriminantSize);
          if (payload !== undefined) this.store(payload.type, payload.value, ptr, offset + payloadOffset, path + item);
          this.flush();
        });
        return;
      }
      default: {
        const view = leafView(type, size);
        if (view !== undefined) {
          const byCodec = ({ lowerCore }: Codec) => [
            this.keep(`${this.program.constant(lowerCore)}(cx, ${value}, ${this.frame})`),
          ];
          return put(view, this.#lowerLeaf(type, value, path, byCodec)[0]!);
        }
        this.flush();
        this.usesMemory = true;
        this.#lowerLeaf(type, value, path, () => {
          this.add(`m.sync(); ${this.#codec(type)}.store(cx, ${value}, ${ptr} + ${offset}, ${this.frame});`);
          return [];
        });
      }
    }
  }

  /** Does the stores that wait. */
  flush(): void {
    if (this.#pending.length === 0) return;
    if (this.ranHost) this.add("m.sync();");
    for (const store of this.#pending) this.add(store);
    this.#pending = [];
  }

  /** A type without parts that are spelt out; `byCodec` where its codec must do it. */
  #lowerLeaf(type: ValType, value: string, path: string, byCodec: (codec: Codec) => string[]): string[] {
    if (type.kind in numberRules) {
      const { truncated } = numberRules[type.kind as keyof typeof numberRules];
      this.add(
        `if (typeof ${value} !== "number" || ${truncated(value)} !== ${value}) { ${this.at(path)} mismatch(${
          quote(type.kind)
        }, ${value}); }`,
      );
      return [value];
    }
    switch (type.kind) {
      case "f32":
      case "f64":
        this.add(`if (typeof ${value} !== "number") { ${this.at(path)} mismatch(${quote(type.kind)}, ${value}); }`);
        return [value];
      case "bool":
        this.add(`if (${value} !== true && ${value} !== false) { ${this.at(path)} mismatch("bool", ${value}); }`);
        return [this.keep(`${value} ? 1 : 0`)];
      case "enum":
        return [this.#lowerEnum(type, value, path)];
      case "flags":
        this.ranHost = true;
        this.add(this.at(path));
        return [this.keep(`${lowerFlags(type, this.program)}(${value})`)];
      default: {
        if (type.kind === "map" || type.kind === "fixed-list") this.usesMemory = true;
        this.usesFrame ||= containsHandle(type);
        // All but these may run code of the host's: iterators, and the class that recognises its resources.
        this.ranHost ||= type.kind !== "char" && type.kind !== "u64" && type.kind !== "s64";
        this.add(this.at(path));
        return byCodec(this.program.codecOf(type));
      }
    }
  }

  #lowerEnum(type: OfKind<"enum">, value: string, path: string): string {
    const lower = this.program.constant(this.program.codecOf(type).lowerCore);
    if (type.names.length > MAX_SWITCH) {
      this.add(this.at(path));
      return this.keep(`${lower}(cx, ${value})`);
    }
    const index = this.program.name();
    this.add(`let ${index} = 0; switch (${value}) {`);
    type.names.forEach((name, i) => this.add(`case ${quote(name)}: ${index} = ${i}; break;`));
    this.add(`default: ${this.at(path)} ${lower}(cx, ${value}); }`);
    return index;
  }

  /** The pointer and the length of a string or list that is stored, as expressions. */
  #lowerRange(type: ValType, value: string, path: string): [string, string] {
    this.usesMemory = true;
    this.add(this.at(path));
    if (type.kind !== "list") {
      const ptr = this.keep(`storeString(cx, ${value})`);
      return [ptr, this.keep("storedUnits()")];
    }
    const { element } = type;
    this.ranHost = true;
    const values = this.keep(`toArray(${value}, ${this.program.constant(type)})`),
      length = this.keep(`${values}.length`);
    const call = numericView(element.kind) !== undefined
      ? `storeRange(cx, ${this.#codec(element)}, ${values}, ${length}, undefined)`
      : this.#listFunction("store", type, [values, length]);
    return [this.keep(call), length];
  }

  /** Opens a record or tuple and lowers each part as it is read. */
  #parts(
    type: OfKind<"record" | "tuple">,
    value: string,
    path: string,
    lower: (part: ValType, read: string, k: number, place: string) => string[],
  ): string[][] {
    const types = partTypes(type), places = items(type, this.program.codecs.memberNames).map((item) => path + item);
    this.ranHost = true;
    this.add(this.at(path));
    if (type.kind === "tuple") {
      const source = this.keep(`openTuple(${this.program.constant(type)}, ${value})`);
      return types.map((part, k) => {
        this.add(this.at(places[k]!));
        return lower(part, this.keep(`${source}[${k}]`), k, places[k]!);
      });
    }
    const shape = shapeOfRecord(type, this.program.codecs.memberNames), { keys, inherited } = shape;
    const constant = this.program.constant(shape);
    const source = this.keep(`${constant}.open(${value})`);
    return types.map((part, k) => {
      const read = this.program.name();
      const absent = inherited[k]!
        ? `(${read} === undefined || ${constant}.isInherited(${source}, ${k}, ${read}))`
        : `${read} === undefined`;
      this.add(this.at(places[k]!));
      this.add(`let ${read} = ${source}[${quote(keys[k]!)}];`);
      this.add(`if (${absent}) ${read} = ${constant}.absent(${source}, ${k});`);
      return lower(part, read, k, places[k]!);
    });
  }

  /** Finds the case of a value; `lower` is called for each, in its branch. */
  #cases(
    type: OfKind<"variant" | "option" | "result">,
    value: string,
    path: string,
    lower: (i: number, payload: { readonly type: ValType; readonly value: string } | undefined, item: string) => void,
  ): void {
    const { payloads, item } = shapeOf(type);
    const branch = (i: number, payload: string): void => {
      const part = payloads[i];
      lower(i, part && { type: part, value: payload }, item(i));
    };
    if (type.kind === "option" && type.element.kind !== "option") {
      this.add(`if (${value} === undefined || ${value} === null) {`);
      branch(0, "");
      this.add("} else {");
      branch(1, value);
      this.add("}");
      return;
    }
    this.ranHost = true;
    const constant = this.program.constant(type), tag = this.program.name();
    if (type.kind === "option") {
      this.add(`if (${value} === undefined || ${value} === null) {`), branch(0, ""), this.add("} else {");
    }
    this.add(this.at(path));
    this.add(`const ${tag} = typeof ${value} === "object" && ${value} !== null ? ${value}.tag : undefined;`);
    this.add(`switch (${tag}) {`);
    const names = type.kind === "variant"
      ? type.cases.map(({ name }) => name)
      : type.kind === "option"
      ? ["none", "some"]
      : ["ok", "err"];
    names.forEach((name, i) => {
      this.add(`case ${quote(name)}: {`);
      const payload = this.keep(`${value}.val`);
      if (payloads[i] === undefined) {
        const refuse = type.kind === "result"
          ? `refusePayload(${quote(name)}, ${payload})`
          : `unexpectedPayload(${quote(name)})`;
        this.add(`if (${payload} !== undefined) { ${this.at(path)} ${refuse}; }`);
      }
      branch(i, payload);
      this.add("break; }");
    });
    this.add(`default: ${this.at(path)} refuseTag(${constant}, ${value}, ${tag}); }`);
    if (type.kind === "option") this.add("}");
  }
}
