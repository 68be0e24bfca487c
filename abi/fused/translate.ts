// Values from one guest to another: WebAssembly that lifts a value where it is and lowers it where
// it goes, in one pass.
// A type and two places enter, instructions leave. The rules are those of the codecs (../codecs):
// every fault is a trap of the same code.
// Spec: CanonicalABI.md "Loading", "Storing", "Flat Lifting", "Flat Lowering".

import type { CoreType } from "../types/core_values.ts";
import { accesses, isNoChar, narrow, toJoined, toPart } from "./core_values.ts";
import { layoutOf, recordLayout, variantLayout } from "../types/layout.ts";
import { type ScalarKind, scalarRules } from "../types/scalar_rules.ts";
import { absurd, type OfKind, type ResourceType, type ValType } from "../types/types.ts";
import { access, type Code, type FuncRef, op } from "../wasm/code.ts";
import { MAX_LIST_BYTE_LENGTH } from "../codecs/lists.ts";
import { type AddressOps, addressOps, memoryCopy, rangeType } from "./addresses.ts";
import { bulkCheck, bulkKind, bulkNormalise } from "./bulk.ts";
import type { Emitter } from "./emitter.ts";
import { type Direction, isCopyable, type Pair, partsOf, type Place, weightOf } from "./places.ts";
import { stringFunc } from "./strings.ts";

/** A record of at most this many bytes is copied by loads and stores. */
const MAX_COPIED_BY_WORDS = 64;
/** Code for more values than this is a function of its own if it goes from memory to memory. */
const MAX_INLINE = 24;

type PlaceInMemory = Place & { readonly kind: "memory" };
type FlatPlace = Place & { readonly kind: "flat" };

/** Writes the code that takes values from one place to another. */
export class Translator {
  readonly #emitter: Emitter;
  readonly #direction: Direction;
  /** The instructions on addresses of both sides. */
  readonly #from: AddressOps;
  readonly #to: AddressOps;
  readonly #code: Code;
  /** The type whose copying this code is the function of. It does not call itself. */
  readonly #body: ValType | undefined;

  constructor(emitter: Emitter, direction: Direction, code: Code, body?: ValType) {
    this.#emitter = emitter;
    this.#direction = direction;
    this.#from = addressOps[direction.from.address];
    this.#to = addressOps[direction.to.address];
    this.#code = code;
    this.#body = body;
  }

  /** One value. */
  value(pair: Pair, from: Place, to: Place): void {
    const { from: type } = pair;
    switch (type.kind) {
      case "bool":
      case "char":
      case "u8":
      case "s8":
      case "u16":
      case "s16":
      case "u32":
      case "s32":
      case "u64":
      case "s64":
      case "f32":
      case "f64":
        return this.#scalar(type.kind, from, to);
      case "flags":
        return this.#flags(type, from, to);
      case "record":
      case "tuple":
        return this.#aggregate(pair, from, to, () => this.#record(pair, from, to));
      case "enum":
        return this.#enum(type, from, to);
      case "variant":
      case "option":
      case "result":
        return this.#aggregate(pair, from, to, () => this.#variant(pair, from, to));
      case "fixed-list":
        return this.#aggregate(pair, from, to, () => this.#fixedList(pair, from, to));
      case "string":
        return this.#range(from, to, stringFunc(this.#emitter, this.#direction));
      case "list":
      case "map":
        return this.#range(from, to, listFunc(this.#emitter, this.#direction, elementPair(pair)));
      case "own":
      case "borrow":
        return this.#handle(type.kind, type.resource, from, to);
      case "stream":
      case "future":
      case "error-context":
        return this.#handle("value", pair, from, to);
      default:
        absurd(type);
    }
  }

  // Places.

  /** Pushes the core value at a place that has one. */
  #get(from: Place, opcode: number): void {
    if (from.kind === "flat") this.#code.get(from.locals[0]!);
    else this.#code.get(from.pointer).access(opcode, this.#direction.from.memory, from.offset);
  }

  /** Puts the core value that `push` pushes. */
  #put(to: Place, opcode: number, push: () => void): void {
    if (to.kind === "memory") this.#code.get(to.pointer);
    push();
    if (to.kind === "flat") this.#code.set(to.locals[0]!);
    else this.#code.access(opcode, this.#direction.to.memory, to.offset);
  }

  // Scalars.

  #scalar(kind: ScalarKind, from: Place, to: Place): void {
    const code = this.#code, { core, size } = scalarRules[kind], { load, store } = accesses(core, size);
    this.#put(to, store, () => {
      this.#get(from, load);
      if (kind === "bool") code.do(op.i32Eqz, op.i32Eqz);
      else if (kind === "char") this.#checkChar();
      else if (from.kind === "flat" && to.kind === "flat") narrow(code, kind);
      else if (from.kind === "memory" && to.kind === "flat") {
        if (kind === "s8") code.do(op.i32Extend8S);
        if (kind === "s16") code.do(op.i32Extend16S);
      }
    });
  }

  /** Checks the char on the stack, and leaves it there. */
  #checkChar(): void {
    const code = this.#code, char = code.local("i32");
    code.tee(char);
    isNoChar(code);
    this.#emitter.fault(code, "invalid-char");
    code.get(char);
  }

  #flags(type: OfKind<"flags">, from: Place, to: Place): void {
    const { size } = layoutOf(type, "i32"), { load, store } = accesses("i32", size), count = type.names.length;
    this.#put(to, store, () => {
      this.#get(from, load);
      if (count < 32) this.#code.i32(2 ** count - 1).do(op.i32And);
    });
  }

  #handle(kind: "own" | "borrow" | "lend" | "value", type: ResourceType | Pair, from: Place, to: Place): void {
    this.#put(to, access.i32Store, () => {
      this.#get(from, access.i32Load);
      this.#code.call(this.#emitter.handleFunc(kind, this.#direction, type));
    });
  }

  /** A borrow of a resource that the callee defines. It is lent until it is returned. */
  lend({ resource }: OfKind<"borrow">, from: Place, to: Place): void {
    this.#handle("lend", resource, from, to);
  }

  // Ranges: a pointer and a length.

  /** `func` takes both and gives both. */
  #range(from: Place, to: Place, func: { index: number }): void {
    const code = this.#code, { from: { memory: source }, to: { memory: target } } = this.#direction;
    if (from.kind === "flat") code.get(from.locals[0]!).get(from.locals[1]!);
    else {
      const { load, size } = this.#from;
      code.get(from.pointer).access(load, source, from.offset);
      code.get(from.pointer).access(load, source, from.offset + size);
    }
    code.call(func);
    if (to.kind === "flat") {
      code.set(to.locals[1]!).set(to.locals[0]!);
      return;
    }
    const { type, store, size } = this.#to, length = code.local(type), pointer = code.local(type);
    code.set(length).set(pointer);
    code.get(to.pointer).get(pointer).access(store, target, to.offset);
    code.get(to.pointer).get(length).access(store, target, to.offset + size);
  }

  // Aggregates.

  /** Copies a type without pointers, or calls a function for a large one. Else writes its code. */
  #aggregate(pair: Pair, from: Place, to: Place, inline: () => void): void {
    if (from.kind === "memory" && to.kind === "memory") {
      if (isCopyable(pair.from)) return this.#copy(layoutOf(pair.from, "i32").size, from, to);
      if (weightOf(pair.from) > MAX_INLINE && pair.from !== this.#body) {
        this.#address(from, this.#from);
        this.#address(to, this.#to);
        this.#code.call(copyFunc(this.#emitter, this.#direction, pair));
        return;
      }
    }
    inline();
  }

  #address({ pointer, offset }: PlaceInMemory, on: AddressOps): void {
    this.#code.get(pointer);
    if (offset !== 0) on.push(this.#code, offset).do(on.add);
  }

  #copy(size: number, from: PlaceInMemory, to: PlaceInMemory): void {
    const code = this.#code, { from: { memory: source }, to: { memory: target } } = this.#direction;
    if (size > MAX_COPIED_BY_WORDS) {
      this.#address(to, this.#to);
      this.#address(from, this.#from);
      code.i32(size);
      memoryCopy(code, this.#direction);
      return;
    }
    for (let at = 0; at < size;) {
      const width = ([8, 4, 2, 1] as const).find((width) => at + width <= size)!;
      const { load, store } = accesses(width === 8 ? "i64" : "i32", width);
      code.get(to.pointer);
      code.get(from.pointer).access(load, source, from.offset + at).access(store, target, to.offset + at);
      at += width;
    }
  }

  #record({ from: type, to: toType }: Pair, from: Place, to: Place): void {
    const types = partsOf(type) as readonly ValType[], toTypes = partsOf(toType) as readonly ValType[];
    const within = (place: Place, { type }: AddressOps): (i: number) => Place => {
      const { offsets, flatOffsets } = recordLayout(types, type);
      return (i) => inner(place, offsets[i]!, flatOffsets[i]!, layoutOf(types[i]!, type).flat?.length ?? 0);
    };
    const source = within(from, this.#from), target = within(to, this.#to);
    types.forEach((part, i) => this.value({ from: part, to: toTypes[i]! }, source(i), target(i)));
  }

  #fixedList({ from: type, to: toType }: Pair, from: Place, to: Place): void {
    const { element, length } = type as OfKind<"fixed-list">,
      pair = {
        from: element,
        to: (toType as OfKind<"fixed-list">).element,
      };
    const { size, flat } = layoutOf(element, this.#from.type), count = flat?.length ?? 0;
    if (from.kind === "memory" && to.kind === "memory") {
      const code = this.#code, [source, end] = [code.local(this.#from.type), code.local(this.#from.type)];
      const target = code.local(this.#to.type);
      this.#address(from, this.#from);
      this.#from.push(code.tee(source), length * size).do(this.#from.add).set(end);
      this.#address(to, this.#to);
      code.set(target);
      return this.#elements(pair, source, target, end);
    }
    const toSize = layoutOf(element, this.#to.type).size;
    for (let i = 0; i < length; i++) {
      this.value(pair, inner(from, i * size, i * count, count), inner(to, i * toSize, i * count, count));
    }
  }

  /** Elements from one address to another, while the first is not `end`. The locals move. */
  #elements(pair: Pair, source: number, target: number, end: number): void {
    const code = this.#code, from = this.#from, to = this.#to, done = code.block();
    code.get(source).get(end).do(from.eq).brIf(done);
    const next = code.loop();
    this.value(pair, { kind: "memory", pointer: source, offset: 0 }, { kind: "memory", pointer: target, offset: 0 });
    to.push(code.get(target), layoutOf(pair.from, to.type).size).do(to.add).set(target);
    from.push(code.get(source), layoutOf(pair.from, from.type).size).do(from.add).tee(source);
    code.get(end).do(from.ne).brIf(next);
    code.end().end();
  }

  // Variants.

  /** Checks the discriminant on the stack, and leaves it there. Gives a local that holds it, too. */
  #checkCase(count: number): number {
    const code = this.#code, discriminant = code.local("i32");
    code.tee(discriminant).i32(count).do(op.i32GeU);
    this.#emitter.fault(code, "invalid-discriminant");
    code.get(discriminant);
    return discriminant;
  }

  #enum(type: OfKind<"enum">, from: Place, to: Place): void {
    const { load, store } = accesses("i32", layoutOf(type, "i32").size);
    this.#put(to, store, () => {
      this.#get(from, load);
      this.#checkCase(type.names.length);
    });
  }

  #variant({ from: type, to: toType }: Pair, from: Place, to: Place): void {
    const code = this.#code, payloads = partsOf(type), toPayloads = partsOf(toType);
    const source = variantLayout(payloads, this.#from.type), target = variantLayout(payloads, this.#to.type);
    const { discriminantSize } = source;
    const { load, store } = accesses("i32", discriminantSize);
    let discriminant = -1;
    this.#put(to, store, () => {
      this.#get(from, load);
      discriminant = this.#checkCase(payloads.length);
    });
    const joined = source.flat?.slice(1) ?? [], joinedTo = target.flat?.slice(1) ?? [];
    if (to.kind === "flat") joinedTo.forEach((core, i) => code.zero(core).set(to.locals[i + 1]!));
    this.#cases(
      discriminant,
      payloads.map((payload, index) => {
        if (payload === undefined) return undefined;
        const pair = { from: payload, to: toPayloads[index]! };
        return () => {
          const inside = from.kind === "flat"
            ? this.#narrowed(from, joined, layoutOf(payload, this.#from.type).flat ?? [])
            : at(from, source.payloadOffset);
          if (to.kind === "memory") return this.value(pair, inside, at(to, target.payloadOffset));
          const parts = layoutOf(payload, this.#to.type).flat ?? [], place = this.#partly(to, joinedTo, parts);
          this.value(pair, inside, place);
          this.#widen(place, to, joinedTo, parts);
        };
      }),
    );
  }

  /** Runs the code of one case. Cases without a payload have none. */
  #cases(discriminant: number, cases: readonly ((() => void) | undefined)[]): void {
    const code = this.#code, busy = cases.flatMap((run, index) => run === undefined ? [] : [{ run, index }]);
    if (busy.length === 0) return;
    if (busy.length <= 2) {
      for (const { run, index } of busy) {
        code.get(discriminant).i32(index).do(op.i32Eq).if();
        run();
        code.end();
      }
      return;
    }
    const end = code.block(), labels = busy.map(() => code.block()).reverse();
    const places = new Map(busy.map(({ index }, i) => [index, labels[i]!]));
    code.get(discriminant).brTable(cases.map((_, index) => places.get(index) ?? end), end);
    for (const { run } of busy) {
      code.end();
      run();
      code.br(end);
    }
    code.end();
  }

  /** The core values of a payload, taken from those of its variant. */
  #narrowed(from: FlatPlace, joined: readonly CoreType[], parts: readonly CoreType[]): FlatPlace {
    const code = this.#code;
    const locals = parts.map((part, i) => {
      const local = from.locals[i + 1]!;
      if (joined[i] === part) return local;
      const narrowed = code.local(part);
      code.get(local).do(...toPart(joined[i]!, part)).set(narrowed);
      return narrowed;
    });
    return { kind: "flat", locals, types: parts };
  }

  /** Places for the core values of a payload: those of the variant where the types are the same. */
  #partly(to: FlatPlace, joined: readonly CoreType[], parts: readonly CoreType[]): FlatPlace {
    const locals = parts.map((part, i) => joined[i] === part ? to.locals[i + 1]! : this.#code.local(part));
    return { kind: "flat", locals, types: parts };
  }

  #widen(from: FlatPlace, to: FlatPlace, joined: readonly CoreType[], parts: readonly CoreType[]): void {
    parts.forEach((part, i) => {
      if (joined[i] === part) return;
      this.#code.get(from.locals[i]!).do(...toJoined(part, joined[i]!)).set(to.locals[i + 1]!);
    });
  }

  // Lists.

  /**
   * The body of a function that takes a list's pointer and length, and gives those of the new one.
   */
  list(pair: Pair): void {
    const code = this.#code, emitter = this.#emitter, { from, to } = this.#direction, [pointer, length] = [0, 1];
    const ops = this.#from, toOps = this.#to, outer = layoutOf(pair.from, to.address);
    const { alignment, size } = layoutOf(pair.from, from.address);
    const bytes = code.local("i64"), target = code.local(to.address);
    emitter.checkAligned(code, from.memory, pointer, alignment);
    // The length is compared, and not its product, which 64 bits may not hold.
    code.get(length).do(...ops.toI64).tee(bytes).i64(Math.floor(MAX_LIST_BYTE_LENGTH / size)).do(op.i64GtU);
    emitter.fault(code, "list-content-out-of-bounds");
    code.get(bytes).i64(size).do(op.i64Mul).set(bytes);
    emitter.checkInBounds(code, from.memory, pointer, () => code.get(bytes), "list-content-out-of-bounds");
    emitter.charge(code, bytes);
    const count = (): Code => code.get(length).do(...ops.toI32);
    const byteLength = (): Code => code.get(bytes).do(op.i32WrapI64);
    const kernel = bulkCheck(emitter, from.memory, pair.from);
    if (kernel !== undefined) {
      code.get(pointer);
      count().call(kernel);
    }
    code.i32(outer.alignment);
    if (outer.size === size) byteLength();
    else count().i32(outer.size).do(op.i32Mul);
    emitter.allocate(code, to, "list-content-out-of-bounds");
    code.set(target);
    if (isCopyable(pair.from) || bulkKind(pair.from) !== undefined) {
      code.get(target).get(pointer);
      byteLength();
      memoryCopy(code, this.#direction);
      const after = bulkNormalise(emitter, to.memory, pair.from);
      if (after !== undefined) {
        code.get(target);
        count().call(after);
      }
    } else {
      const end = code.local(ops.type), source = code.local(ops.type), at = code.local(toOps.type);
      code.get(pointer).tee(source);
      byteLength().do(...ops.fromI32, ops.add).set(end);
      code.get(target).set(at);
      this.#elements(pair, source, at, end);
    }
    code.get(target);
    count().do(...toOps.fromI32);
  }
}

/** Copies a list: `(pointer, length) → (pointer, length)`. */
function listFunc(emitter: Emitter, direction: Direction, element: Pair): FuncRef {
  return emitter.func(
    `list ${emitter.pairKey(element, direction)}`,
    rangeType(direction),
    (code) => new Translator(emitter, direction, code).list(element),
  );
}

/** Copies a value from memory to memory: `(from, to)`. */
function copyFunc(emitter: Emitter, direction: Direction, pair: Pair): FuncRef {
  const [from, to] = ([0, 1] as const).map((pointer): Place => ({ kind: "memory", pointer, offset: 0 }));
  return emitter.func(
    `copy ${emitter.pairKey(pair, direction)}`,
    { params: [direction.from.address, direction.to.address], results: [] },
    (code) => new Translator(emitter, direction, code, pair.from).value(pair, from!, to!),
  );
}

/** The element of a list or map. */
function elementPair({ from, to }: Pair): Pair {
  return { from: partsOf(from)[0]!, to: partsOf(to)[0]! };
}

/** A part of a record. */
function inner(place: Place, offset: number, flatAt: number, count: number): Place {
  if (place.kind === "memory") return at(place, offset);
  const end = flatAt + count;
  return { kind: "flat", locals: place.locals.slice(flatAt, end), types: place.types.slice(flatAt, end) };
}

function at({ pointer, offset }: PlaceInMemory, more: number): PlaceInMemory {
  return { kind: "memory", pointer, offset: offset + more };
}
