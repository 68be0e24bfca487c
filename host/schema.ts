// The schema builders `t.*`: types by hand, with what TypeScript should infer from them.
// A schema is plain data; the JavaScript types are phantom. host/match.ts compares schemas with a
// component's own types.

import type { Err, Ok, Result } from "../abi/codecs/results.ts";
import { numericView } from "../abi/types/scalar_rules.ts";
import { formatType, type ValType, type ViewType } from "../abi/types/types.ts";

/**
 * A class (checked by instanceof), or anything with an `is` test. Dropping calls `[Symbol.dispose]`
 * where there is one.
 */
export type ResourceClass<T extends object = object> = (abstract new (...args: never[]) => T) | {
  is(value: unknown): value is T;
} | { is(value: unknown): boolean };
/** What a host function may be told about its call. */
export interface Caller<Data = unknown> {
  /** The instance's `data` option. */
  readonly data: Data;
  /** The import's name (`ns:pkg/iface@1.0.0`); empty at the root. */
  readonly import: string;
  /** The function's name in WIT's spelling (`f`, `[method]r.m`). */
  readonly func: string;
  /**
   * Aborts when the result of this call is not wanted any more: the guest cancels the call, or the
   * instance is locked down. Made when it is read.
   */
  readonly signal: AbortSignal;
}
/** Options of {@linkcode HostFunc.typed}. */
export interface HostFuncOptions {
  /** Whether it may return a promise; default `false`. */
  readonly suspends?: boolean;
  /** Whether it takes a {@linkcode Caller} first; default `false`. */
  readonly caller?: boolean;
}

/**
 * `L`: what the guest's value becomes; `W`: what may be given for it; `K`: its kind. The value is
 * plain data, the types are phantom.
 */
export interface Schema<out L = unknown, out W = unknown, out K extends string = string> {
  /** The kind of type: `u32`, `record` and so on. */
  readonly kind: K;
  /** Never set: carries the JavaScript types for TypeScript. */
  readonly "~types"?: { readonly lifted: L; readonly lowerable: W };
}
/** The JavaScript type of a lifted value. */
export type ToJs<S extends Schema> = NonNullable<S["~types"]>["lifted"];
/** The JavaScript type of a value that can be lowered. */
export type FromJs<S extends Schema> = NonNullable<S["~types"]>["lowerable"];
/** Keeps its parts, for functions whose result it is. */
export interface ResultSchema<out O extends Schema | null = Schema | null, out E extends Schema | null = Schema | null>
  extends Schema<{ tag: "ok"; val: ToJsOrUnit<O> } | { tag: "err"; val: ToJsOrUnit<E> }, ResultFromJs<O, E>, "result"> {
  /** The payload's type of the case `ok`; `null` without one. */
  readonly ok: O;
  /** The payload's type of the case `err`; `null` without one. */
  readonly err: E;
}
/** The type of a function, as `t.func` and `t.asyncFunc` make it. */
export interface FuncSchema<
  out P extends readonly Schema[] = readonly Schema[],
  out R extends Schema | undefined = Schema | undefined,
  out A extends boolean = boolean,
> {
  /** Types of the parameters, in order. */
  readonly params: P;
  /** The result's type; `undefined` without one. */
  readonly result: R;
  /** Whether its type is `async func`. */
  readonly async: A;
}
/** The type of a function whose result is a `result`. */
export type ResultFuncSchema = FuncSchema<readonly Schema[], ResultSchema>;

/** `ToJs` of a payload's type; `undefined` without one. */
export type ToJsOrUnit<S extends Schema | null> = S extends Schema ? ToJs<S> : undefined;
/** `FromJs` of a payload's type; `undefined` without one. */
export type FromJsOrUnit<S extends Schema | null> = S extends Schema ? FromJs<S> : undefined;
/** One case to lower: its tag, and its payload where there is one. */
export type Tagged<Tag extends string, S extends Schema | null> = S extends Schema
  ? { readonly tag: Tag; readonly val: FromJs<S> }
  : { readonly tag: Tag; readonly val?: undefined };
/** A `result` to lower: `{ tag, val }`. */
export type ResultFromJs<O extends Schema | null, E extends Schema | null> = Tagged<"ok", O> | Tagged<"err", E>;
/** An intersection written as one object type. */
export type Flat<T> = { [K in keyof T]: T[K] };

/** The typed array for a list of each number type. */
export interface TypedArrays {
  /** For `list<u8>`. */
  readonly u8: Uint8Array<ArrayBuffer>;
  /** For `list<s8>`. */
  readonly s8: Int8Array<ArrayBuffer>;
  /** For `list<u16>`. */
  readonly u16: Uint16Array<ArrayBuffer>;
  /** For `list<s16>`. */
  readonly s16: Int16Array<ArrayBuffer>;
  /** For `list<u32>`. */
  readonly u32: Uint32Array<ArrayBuffer>;
  /** For `list<s32>`. */
  readonly s32: Int32Array<ArrayBuffer>;
  /** For `list<u64>`. */
  readonly u64: BigUint64Array<ArrayBuffer>;
  /** For `list<s64>`. */
  readonly s64: BigInt64Array<ArrayBuffer>;
  /** For `list<f32>`. */
  readonly f32: Float32Array<ArrayBuffer>;
  /** For `list<f64>`. */
  readonly f64: Float64Array<ArrayBuffer>;
}
/** A lifted list: the typed array for numbers, an array otherwise. */
export type ListToJs<S extends Schema> = S["kind"] extends keyof TypedArrays ? TypedArrays[S["kind"]] : ToJs<S>[];
/** Any iterable but a string. */
export type ListFromJs<S extends Schema> = Iterable<FromJs<S>> & object;
/** Fields of a record: their types by name in camelCase. */
export type Fields = Readonly<Record<string, Schema>>;
/** A lifted record: an object with every field. */
export type RecordToJs<F extends Fields> = { -readonly [K in keyof F]: ToJs<F[K]> };
/** A field that is an option may be missing. */
export type RecordFromJs<F extends Fields> = Flat<
  & { readonly [K in keyof F as F[K]["kind"] extends "option" ? never : K]: FromJs<F[K]> }
  & { readonly [K in keyof F as F[K]["kind"] extends "option" ? K : never]?: FromJs<F[K]> | undefined }
>;
/** A lifted tuple: an array with one value per type. */
export type TupleToJs<P extends readonly Schema[]> = { -readonly [K in keyof P]: ToJs<P[K]> };
/** A tuple to lower: an array with one value per type. */
export type TupleFromJs<P extends readonly Schema[]> = { readonly [K in keyof P]: FromJs<P[K]> };
/** Cases of a variant by WIT name: the payload's type, or `null`. */
export type Cases = Readonly<Record<string, Schema | null>>;
/** A lifted variant: `{ tag, val }`, no `val` without payload. */
export type VariantToJs<C extends Cases> = {
  [K in keyof C & string]: C[K] extends Schema ? { tag: K; val: ToJs<C[K]> } : { tag: K };
}[keyof C & string];
/** A variant to lower: `{ tag, val }`, no `val` without payload. */
export type VariantFromJs<C extends Cases> = {
  [K in keyof C & string]: C[K] extends Schema ? { readonly tag: K; readonly val: FromJs<C[K]> }
    : { readonly tag: K };
}[keyof C & string];
/** A lifted option: the value or `undefined`; tagged if nested. */
export type OptionToJs<S extends Schema> = S["kind"] extends "option" ? { tag: "some"; val: ToJs<S> } | { tag: "none" }
  : ToJs<S> | undefined;
/** An option to lower: `undefined` or `null` is none; tagged if nested. */
export type OptionFromJs<S extends Schema> =
  | (S["kind"] extends "option" ? { readonly tag: "some"; readonly val: FromJs<S> } | { readonly tag: "none" }
    : FromJs<S>)
  | undefined
  | null;
/** The type of a resource class's objects, by `new` or by `is`. */
export type InstanceOf<C extends ResourceClass> = 0 extends 1 & C ? C
  : C extends abstract new (...args: never[]) => infer T ? T
  : C extends { is(value: unknown): value is infer T } ? T
  : unknown;
/** What a lifted stream gives: typed arrays for numbers, or elements. */
export type Chunk<S extends Schema | undefined> = S extends Schema
  ? S["kind"] extends keyof TypedArrays ? TypedArrays[S["kind"]] : ToJs<S>
  : undefined;
/** What a stream to lower gives: lists for numbers, or elements. */
export type ChunkFromJs<S extends Schema | undefined> = S extends Schema
  ? S["kind"] extends keyof TypedArrays ? ListFromJs<S> : FromJs<S>
  : undefined;
/** Not thenable: a promise would flatten `future<future<T>>`. Reads once. */
export interface Future<out T> {
  /** The value, once. */
  read(): Promise<T>;
  /** Drops the future without reading it. */
  [Symbol.dispose]?(): void;
}
/** A value of `error-context`. Any Error can be lowered. */
export interface ErrorContext extends Error {
  /** The debug message. */
  readonly debugMessage: string;
}

/** What a host function is called with: `ToJs` of each parameter. */
export type HostParams<F extends FuncSchema> = TupleToJs<F["params"]>;
/**
 * `FromJs` of the result, `void` without one; for `result<T, E>`, T or a branded Result; a promise
 * too where `F` is async or `O` suspends.
 */
export type HostImpl<F extends FuncSchema, O extends HostFuncOptions = Record<never, never>, Data = unknown> =
  O["caller"] extends true ? (caller: Caller<Data>, ...args: HostParams<F>) => HostReturn<F, O>
    : (...args: HostParams<F>) => HostReturn<F, O>;
/** What a host function returns: a promise too if async or suspending. */
export type HostReturn<F extends FuncSchema, O extends HostFuncOptions = Record<never, never>> = F["async"] extends true
  ? HostValue<F["result"]> | PromiseLike<HostValue<F["result"]>>
  : O["suspends"] extends true ? HostValue<F["result"]> | PromiseLike<HostValue<F["result"]>>
  : HostValue<F["result"]>;
/** What a host function returns for its result type, without promises. */
export type HostValue<R extends Schema | undefined> = R extends ResultSchema<infer O, infer E> ?
    | (O extends ResultSchema ? FromJs<O> & { readonly "~result"?: never } : O extends Schema ? FromJs<O> : void)
    | Ok<FromJsOrUnit<O>>
    | Err<FromJsOrUnit<E>>
  : R extends Schema ? FromJs<R>
  : Dropped;
/**
 * What a function without a result may return: anything, since it is dropped, but no promise (it
 * needs `suspends`) and no `ok()` or `err()`.
 */
export type Dropped =
  | void
  | null
  | undefined
  | boolean
  | number
  | bigint
  | string
  | symbol
  | object & { then?: never; "~result"?: never };
/** A function type's `void` lets promises through; this does not. */
export type Returned<R> = [R] extends [void] ? [undefined] extends [R] ? Dropped : R : R;

/** `FromJs` of each parameter; options at the end may be left out. */
export type ExportArgs<P extends readonly Schema[], Options extends unknown[] = []> = P extends
  readonly [...infer Init extends readonly Schema[], infer Last extends Schema]
  ? Last["kind"] extends "option" ? ExportArgs<Init, [FromJs<Last>?, ...Options]> : [...TupleFromJs<P>, ...Options]
  : [...TupleFromJs<P>, ...Options];
/** `ToJs` of the result; T of `result<T, E>`, E is thrown as ComponentError. */
export type ExportValue<R extends Schema | undefined> = R extends ResultSchema<infer O, Schema | null>
  ? (O extends Schema ? ToJs<O> : void)
  : R extends Schema ? ToJs<R>
  : void;
/** A branded Result of an export's lifted `result`. */
export type ExportResult<R extends ResultSchema> = R extends ResultSchema<infer O, infer E>
  ? Result<ToJsOrUnit<O>, ToJsOrUnit<E>>
  : never;
/** A promise of `T` where `A` is true, `T` otherwise. */
export type IfAsync<A extends boolean, T> = A extends true ? Promise<T> : T;
/** An exported function; throws ComponentError for a top-level `err`. */
export type ExportFunc<F extends FuncSchema> = (
  ...args: ExportArgs<F["params"]>
) => IfAsync<F["async"], ExportValue<F["result"]>>;
/** Gives a Result instead of throwing. */
export type ExportFuncNoThrow<F extends ResultFuncSchema> = (
  ...args: ExportArgs<F["params"]>
) => IfAsync<F["async"], ExportResult<F["result"]>>;
/** An exported function that always gives a promise (JSPI). */
export type PromisingFunc<F extends FuncSchema> = (
  ...args: ExportArgs<F["params"]>
) => Promise<ExportValue<F["result"]>>;
/** Gives a promise of a Result instead of throwing (JSPI). */
export type PromisingFuncNoThrow<F extends ResultFuncSchema> = (
  ...args: ExportArgs<F["params"]>
) => Promise<ExportResult<F["result"]>>;

/** The builders in {@linkcode t}, named after WIT's types. */
export interface TypeBuilders {
  /** `bool`: a boolean. */
  readonly bool: Schema<boolean, boolean, "bool">;
  /** `char`: a string of one Unicode scalar value. */
  readonly char: Schema<string, string, "char">;
  /** `string`: a string. */
  readonly string: Schema<string, string, "string">;
  /** `u8`: an integer number. */
  readonly u8: Schema<number, number, "u8">;
  /** `s8`: an integer number. */
  readonly s8: Schema<number, number, "s8">;
  /** `u16`: an integer number. */
  readonly u16: Schema<number, number, "u16">;
  /** `s16`: an integer number. */
  readonly s16: Schema<number, number, "s16">;
  /** `u32`: an integer number. */
  readonly u32: Schema<number, number, "u32">;
  /** `s32`: an integer number. */
  readonly s32: Schema<number, number, "s32">;
  /** `u64`: a bigint; a safe-integer number can be lowered too. */
  readonly u64: Schema<bigint, bigint | number, "u64">;
  /** `s64`: a bigint; a safe-integer number can be lowered too. */
  readonly s64: Schema<bigint, bigint | number, "s64">;
  /** `f32`: a number. */
  readonly f32: Schema<number, number, "f32">;
  /** `f64`: a number. */
  readonly f64: Schema<number, number, "f64">;
  /** `list<T>`: the typed array for numbers, an array otherwise. */
  list<S extends Schema>(element: S): Schema<ListToJs<S>, ListFromJs<S>, "list">;
  /**
   * `list<T>` of numbers, for parameters of {@linkcode HostFunc.typed}: a typed array over the
   * guest's memory, where the list lies. Nothing is copied.
   *
   * The array is valid until the function returns. After that, its elements change as the guest
   * works, and once the memory grows, it is detached. So a function with views may not suspend and
   * may not be `async`: linking it is a TypeError. It must not keep a view or hand it to something
   * that reads it later (`slice()` makes a copy), and it must not write to it: the bytes are the
   * guest's.
   *
   * Where a value goes to the guest, a view is the same as `list`. In the result of an export, it
   * needs the option `read` of {@linkcode Instance.func}.
   *
   * @example
   * ```ts
   * import { HostFunc, t } from "@windlass/component";
   * import { assertEquals } from "@std/assert";
   *
   * let sum = 0;
   * const add = HostFunc.typed(t.func([t.view(t.u8)]), (bytes) => {
   *   for (const byte of bytes) sum += byte;
   * });
   * assertEquals(add.type?.params.length, 1);
   * ```
   */
  view<S extends Schema<unknown, unknown, keyof TypedArrays>>(element: S): Schema<ListToJs<S>, ListFromJs<S>, "list">;
  /** `list<T, N>`: as `list<T>`, with exactly `length` elements. */
  fixedList<S extends Schema>(element: S, length: number): Schema<ListToJs<S>, ListFromJs<S>, "fixed-list">;
  /** `map<K, V>`: a Map; any iterable of entries can be lowered. */
  map<K extends Schema, V extends Schema>(
    key: K,
    value: V,
  ): Schema<Map<ToJs<K>, ToJs<V>>, Iterable<readonly [FromJs<K>, FromJs<V>]>, "map">;
  /** Keys in camelCase, in WIT's order. */
  record<const F extends Fields>(fields: F): Schema<RecordToJs<F>, RecordFromJs<F>, "record">;
  /** `tuple<…>`: an array with one value per type. */
  tuple<const P extends readonly Schema[]>(types: P): Schema<TupleToJs<P>, TupleFromJs<P>, "tuple">;
  /** Keys in WIT's spelling; `null` for a case without payload. */
  variant<const C extends Cases>(cases: C): Schema<VariantToJs<C>, VariantFromJs<C>, "variant">;
  /** Names in WIT's spelling. */
  enum<const N extends string>(cases: readonly N[]): Schema<N, N, "enum">;
  /** Names in camelCase. */
  flags<const N extends string>(
    names: readonly N[],
  ): Schema<{ [K in N]: boolean }, { readonly [K in N]?: boolean | undefined } | undefined | null, "flags">;
  /** `option<T>`: the value or `undefined`; tagged if nested. */
  option<S extends Schema>(type: S): Schema<OptionToJs<S>, OptionFromJs<S>, "option">;
  /** `result<T, E>`: `{ tag, val }`; at the top, T or an exception. */
  result<O extends Schema | null = null, E extends Schema | null = null>(ok?: O, err?: E): ResultSchema<O, E>;
  /** `resource`: objects of its class; named in WIT's spelling. */
  resource<C extends ResourceClass>(name: string, type: C): Schema<InstanceOf<C>, InstanceOf<C>, "resource">;
  /** `own<R>`: an object of the class, given away when lowered. */
  own<R extends Schema<unknown, unknown, "resource">>(resource: R): Schema<ToJs<R>, FromJs<R>, "own">;
  /** `borrow<R>`: an object of the class, lent for the call. */
  borrow<R extends Schema<unknown, unknown, "resource">>(resource: R): Schema<ToJs<R>, FromJs<R>, "borrow">;
  /** `stream<T>`: a ReadableStream; async iterables can be lowered. */
  stream<S extends Schema | undefined = undefined>(
    element?: S,
  ): Schema<ReadableStream<Chunk<S>>, ReadableStream<ChunkFromJs<S>> | AsyncIterable<ChunkFromJs<S>>, "stream">;
  /** `future<T>`: a {@linkcode Future}; promises can be lowered. */
  future<S extends Schema | null = null>(
    value?: S,
  ): Schema<Future<ToJsOrUnit<S>>, PromiseLike<FromJsOrUnit<S>> | Future<FromJsOrUnit<S>>, "future">;
  /** `error-context`: an object with its debug message. */
  readonly errorContext: Schema<ErrorContext, ErrorContext, "error-context">;
  /** `func`: a function type, for typed host functions and exports. */
  func<const P extends readonly Schema[], R extends Schema | undefined = undefined>(
    params: P,
    result?: R,
  ): FuncSchema<P, R, false>;
  /** `async func`: as `func`, and calls give a promise. */
  asyncFunc<const P extends readonly Schema[], R extends Schema | undefined = undefined>(
    params: P,
    result?: R,
  ): FuncSchema<P, R, true>;
}

// A schema is a ValType with labels as the host spells them, so that nothing has to be converted to
// compare it.

/** A part of a schema, checked. */
function part(schema: unknown, what: string): ValType {
  if (typeof schema !== "object" || schema === null || typeof (schema as Schema).kind !== "string") {
    throw new TypeError(`${what} must be a schema of t.*, found ${String(schema)}`);
  }
  return schema as ValType;
}

function optionalPart(schema: unknown, what: string): ValType | null {
  return schema === undefined || schema === null ? null : part(schema, what);
}

/** Fields or cases by name. */
function named<T>(parts: Readonly<Record<string, unknown>>, read: (schema: unknown, what: string) => T) {
  return Object.entries(parts).map(([name, schema]) => ({ name, type: read(schema, `\`${name}\``) }));
}

/** A builder of a type with one part. */
function withPart(kind: string, key: string, read: (schema: unknown, what: string) => unknown) {
  return (schema: unknown) => ({ kind, [key]: read(schema, `the ${key} of t.${kind}`) });
}

function func(async: boolean) {
  return (params: readonly unknown[], result?: unknown) => {
    params.forEach((param, i) => part(param, `parameter ${i + 1}`));
    if (result !== undefined) part(result, "the result");
    return { params, result, async };
  };
}

const primitives = "bool char string u8 s8 u16 s16 u32 s32 u64 s64 f32 f64".split(" ");

const builders = {
  ...Object.fromEntries(primitives.map((kind) => [kind, Object.freeze({ kind })])),
  errorContext: Object.freeze({ kind: "error-context" }),
  list: withPart("list", "element", part),
  view(element: unknown): ViewType {
    const type = part(element, "the element of t.view");
    if (numericView(type.kind) !== undefined) return { kind: "list", element: type, view: true };
    throw new TypeError(`t.view takes a type of numbers, found ${formatType(type)}`);
  },
  option: withPart("option", "element", part),
  stream: withPart("stream", "element", optionalPart),
  future: withPart("future", "element", optionalPart),
  own: withPart("own", "resource", part),
  borrow: withPart("borrow", "resource", part),
  fixedList: (element: unknown, length: number) => ({
    kind: "fixed-list",
    element: part(element, "the element"),
    length,
  }),
  map: (key: unknown, value: unknown) => ({ kind: "map", key: part(key, "the key"), value: part(value, "the value") }),
  record: (fields: Fields) => ({ kind: "record", fields: named(fields, part) }),
  tuple: (types: readonly unknown[]) => ({ kind: "tuple", types: types.map((type, i) => part(type, `type ${i}`)) }),
  variant: (cases: Cases) => ({ kind: "variant", cases: named(cases, optionalPart) }),
  enum: (names: readonly string[]) => ({ kind: "enum", names }),
  flags: (names: readonly string[]) => ({ kind: "flags", names }),
  result: (ok?: unknown, err?: unknown) => ({
    kind: "result",
    ok: optionalPart(ok, "ok"),
    err: optionalPart(err, "err"),
  }),
  resource(name: string, type: ResourceClass) {
    if (typeof type !== "function" && typeof (type as { is?: unknown } | undefined)?.is !== "function") {
      throw new TypeError(`the class of resource \`${name}\` must be a class or have an \`is\` test`);
    }
    return { kind: "resource", name, type };
  },
  func: func(false),
  asyncFunc: func(true),
};

/**
 * Builders of component types, for typed host functions and typed exports.
 *
 * Record keys and flag names are camelCase, variant and enum cases have WIT's spelling.
 *
 * @example
 * ```ts
 * import { type FromJs, t } from "@windlass/component";
 * import { assertEquals } from "@std/assert";
 *
 * const point = t.record({ x: t.u32, label: t.option(t.string) });
 * const value: FromJs<typeof point> = { x: 1 };
 * assertEquals(value, { x: 1 });
 * ```
 */
export const t: TypeBuilders = Object.freeze(builders) as unknown as TypeBuilders;
