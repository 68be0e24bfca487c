// The schema builders `t.*`: types by hand, with what TypeScript should infer from them.
// A schema is plain data; the JavaScript types are phantom. host/match.ts compares schemas with a component's own types.

import type { Err, Ok, Result } from "../abi/results.ts";

/** A class (checked by instanceof), or anything with an `is` test. Dropping calls `[Symbol.dispose]` where there is one. */
export type ResourceClass<T extends object = object> = (abstract new (...args: never[]) => T) | {
  is(value: unknown): value is T;
} | { is(value: unknown): boolean };
/** What a host function may be told about its call. */
export interface Caller<Data = unknown> {
  readonly data: Data;
  readonly import: string;
  readonly func: string;
}
/** Options of {@linkcode HostFunc.typed}. */
export interface HostFuncOptions {
  readonly suspends?: boolean;
  readonly caller?: boolean;
}

/** `L`: what the guest's value becomes; `W`: what may be given for it; `K`: its kind. The value is plain data, the types are phantom. */
export interface Schema<out L = unknown, out W = unknown, out K extends string = string> {
  readonly kind: K;
  readonly "~types"?: { readonly lifted: L; readonly lowerable: W };
}
export type ToJs<S extends Schema> = NonNullable<S["~types"]>["lifted"];
export type FromJs<S extends Schema> = NonNullable<S["~types"]>["lowerable"];
/** Keeps its parts, for functions whose result it is. */
export interface ResultSchema<out O extends Schema | null = Schema | null, out E extends Schema | null = Schema | null>
  extends Schema<{ tag: "ok"; val: ToJsOrUnit<O> } | { tag: "err"; val: ToJsOrUnit<E> }, ResultFromJs<O, E>, "result"> {
  readonly ok: O;
  readonly err: E;
}
export interface FuncSchema<
  out P extends readonly Schema[] = readonly Schema[],
  out R extends Schema | undefined = Schema | undefined,
  out A extends boolean = boolean,
> {
  readonly params: P;
  readonly result: R;
  readonly async: A;
}
export type ResultFuncSchema = FuncSchema<readonly Schema[], ResultSchema>;

export type ToJsOrUnit<S extends Schema | null> = S extends Schema ? ToJs<S> : undefined;
export type FromJsOrUnit<S extends Schema | null> = S extends Schema ? FromJs<S> : undefined;
export type Tagged<Tag extends string, S extends Schema | null> = S extends Schema
  ? { readonly tag: Tag; readonly val: FromJs<S> }
  : { readonly tag: Tag; readonly val?: undefined };
export type ResultFromJs<O extends Schema | null, E extends Schema | null> = Tagged<"ok", O> | Tagged<"err", E>;
export type Flat<T> = { [K in keyof T]: T[K] };

export interface TypedArrays {
  readonly u8: Uint8Array<ArrayBuffer>;
  readonly s8: Int8Array<ArrayBuffer>;
  readonly u16: Uint16Array<ArrayBuffer>;
  readonly s16: Int16Array<ArrayBuffer>;
  readonly u32: Uint32Array<ArrayBuffer>;
  readonly s32: Int32Array<ArrayBuffer>;
  readonly u64: BigUint64Array<ArrayBuffer>;
  readonly s64: BigInt64Array<ArrayBuffer>;
  readonly f32: Float32Array<ArrayBuffer>;
  readonly f64: Float64Array<ArrayBuffer>;
}
export type ListToJs<S extends Schema> = S["kind"] extends keyof TypedArrays ? TypedArrays[S["kind"]] : ToJs<S>[];
/** Any iterable but a string. */
export type ListFromJs<S extends Schema> = Iterable<FromJs<S>> & object;
export type Fields = Readonly<Record<string, Schema>>;
export type RecordToJs<F extends Fields> = { -readonly [K in keyof F]: ToJs<F[K]> };
/** A field that is an option may be missing. */
export type RecordFromJs<F extends Fields> = Flat<
  & { readonly [K in keyof F as F[K]["kind"] extends "option" ? never : K]: FromJs<F[K]> }
  & { readonly [K in keyof F as F[K]["kind"] extends "option" ? K : never]?: FromJs<F[K]> | undefined }
>;
export type TupleToJs<P extends readonly Schema[]> = { -readonly [K in keyof P]: ToJs<P[K]> };
export type TupleFromJs<P extends readonly Schema[]> = { readonly [K in keyof P]: FromJs<P[K]> };
export type Cases = Readonly<Record<string, Schema | null>>;
export type VariantToJs<C extends Cases> = {
  [K in keyof C & string]: C[K] extends Schema ? { tag: K; val: ToJs<C[K]> } : { tag: K };
}[keyof C & string];
export type VariantFromJs<C extends Cases> = {
  [K in keyof C & string]: C[K] extends Schema ? { readonly tag: K; readonly val: FromJs<C[K]> }
    : { readonly tag: K };
}[keyof C & string];
export type OptionToJs<S extends Schema> = S["kind"] extends "option" ? { tag: "some"; val: ToJs<S> } | { tag: "none" }
  : ToJs<S> | undefined;
export type OptionFromJs<S extends Schema> =
  | (S["kind"] extends "option" ? { readonly tag: "some"; readonly val: FromJs<S> } | { readonly tag: "none" }
    : FromJs<S>)
  | undefined
  | null;
export type InstanceOf<C extends ResourceClass> = 0 extends 1 & C ? C
  : C extends abstract new (...args: never[]) => infer T ? T
  : C extends { is(value: unknown): value is infer T } ? T
  : unknown;
export type Chunk<S extends Schema | undefined> = S extends Schema
  ? S["kind"] extends keyof TypedArrays ? TypedArrays[S["kind"]] : ToJs<S>
  : undefined;
export type ChunkFromJs<S extends Schema | undefined> = S extends Schema
  ? S["kind"] extends keyof TypedArrays ? ListFromJs<S> : FromJs<S>
  : undefined;
/** Not thenable: a promise would flatten `future<future<T>>`. Reads once. */
export interface Future<out T> {
  read(): Promise<T>;
  [Symbol.dispose]?(): void;
}
export interface ErrorContext {
  readonly debugMessage: string;
}

export type HostParams<F extends FuncSchema> = TupleToJs<F["params"]>;
/** `FromJs` of the result, `void` without one; for `result<T, E>`, T or a branded Result; a promise too where `F` is async or `O` suspends. */
export type HostImpl<F extends FuncSchema, O extends HostFuncOptions = Record<never, never>, Data = unknown> =
  O["caller"] extends true ? (caller: Caller<Data>, ...args: HostParams<F>) => HostReturn<F, O>
    : (...args: HostParams<F>) => HostReturn<F, O>;
export type HostReturn<F extends FuncSchema, O extends HostFuncOptions = Record<never, never>> = F["async"] extends true
  ? HostValue<F["result"]> | PromiseLike<HostValue<F["result"]>>
  : O["suspends"] extends true ? HostValue<F["result"]> | PromiseLike<HostValue<F["result"]>>
  : HostValue<F["result"]>;
export type HostValue<R extends Schema | undefined> = R extends ResultSchema<infer O, infer E> ?
    | (O extends ResultSchema ? FromJs<O> & { readonly "~result"?: never } : O extends Schema ? FromJs<O> : void)
    | Ok<FromJsOrUnit<O>>
    | Err<FromJsOrUnit<E>>
  : R extends Schema ? FromJs<R>
  : Dropped;
/** What a function without a result may return: anything, since it is dropped, but no promise (it needs `suspends`) and no `ok()` or `err()`. */
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
export type ExportResult<R extends ResultSchema> = R extends ResultSchema<infer O, infer E>
  ? Result<ToJsOrUnit<O>, ToJsOrUnit<E>>
  : never;
export type IfAsync<A extends boolean, T> = A extends true ? Promise<T> : T;
export type ExportFunc<F extends FuncSchema> = (
  ...args: ExportArgs<F["params"]>
) => IfAsync<F["async"], ExportValue<F["result"]>>;
/** Gives a Result instead of throwing. */
export type ExportFuncNoThrow<F extends ResultFuncSchema> = (
  ...args: ExportArgs<F["params"]>
) => IfAsync<F["async"], ExportResult<F["result"]>>;
export type PromisingFunc<F extends FuncSchema> = (
  ...args: ExportArgs<F["params"]>
) => Promise<ExportValue<F["result"]>>;
export type PromisingFuncNoThrow<F extends ResultFuncSchema> = (
  ...args: ExportArgs<F["params"]>
) => Promise<ExportResult<F["result"]>>;

export interface TypeBuilders {
  readonly bool: Schema<boolean, boolean, "bool">;
  readonly char: Schema<string, string, "char">;
  readonly string: Schema<string, string, "string">;
  readonly u8: Schema<number, number, "u8">;
  readonly s8: Schema<number, number, "s8">;
  readonly u16: Schema<number, number, "u16">;
  readonly s16: Schema<number, number, "s16">;
  readonly u32: Schema<number, number, "u32">;
  readonly s32: Schema<number, number, "s32">;
  readonly u64: Schema<bigint, bigint | number, "u64">;
  readonly s64: Schema<bigint, bigint | number, "s64">;
  readonly f32: Schema<number, number, "f32">;
  readonly f64: Schema<number, number, "f64">;
  list<S extends Schema>(element: S): Schema<ListToJs<S>, ListFromJs<S>, "list">;
  fixedList<S extends Schema>(element: S, length: number): Schema<ListToJs<S>, ListFromJs<S>, "fixed-list">;
  map<K extends Schema, V extends Schema>(
    key: K,
    value: V,
  ): Schema<Map<ToJs<K>, ToJs<V>>, Iterable<readonly [FromJs<K>, FromJs<V>]>, "map">;
  /** Keys in camelCase, in WIT's order. */
  record<const F extends Fields>(fields: F): Schema<RecordToJs<F>, RecordFromJs<F>, "record">;
  tuple<const P extends readonly Schema[]>(types: P): Schema<TupleToJs<P>, TupleFromJs<P>, "tuple">;
  /** Keys in WIT's spelling; `null` for a case without payload. */
  variant<const C extends Cases>(cases: C): Schema<VariantToJs<C>, VariantFromJs<C>, "variant">;
  /** Names in WIT's spelling. */
  enum<const N extends string>(cases: readonly N[]): Schema<N, N, "enum">;
  /** Names in camelCase. */
  flags<const N extends string>(
    names: readonly N[],
  ): Schema<{ [K in N]: boolean }, { readonly [K in N]?: boolean | undefined } | undefined | null, "flags">;
  option<S extends Schema>(type: S): Schema<OptionToJs<S>, OptionFromJs<S>, "option">;
  result<O extends Schema | null = null, E extends Schema | null = null>(ok?: O, err?: E): ResultSchema<O, E>;
  resource<C extends ResourceClass>(name: string, type: C): Schema<InstanceOf<C>, InstanceOf<C>, "resource">;
  own<R extends Schema<unknown, unknown, "resource">>(resource: R): Schema<ToJs<R>, FromJs<R>, "own">;
  borrow<R extends Schema<unknown, unknown, "resource">>(resource: R): Schema<ToJs<R>, FromJs<R>, "borrow">;
  stream<S extends Schema | undefined = undefined>(
    element?: S,
  ): Schema<ReadableStream<Chunk<S>>, ReadableStream<ChunkFromJs<S>> | AsyncIterable<ChunkFromJs<S>>, "stream">;
  future<S extends Schema | null = null>(
    value?: S,
  ): Schema<Future<ToJsOrUnit<S>>, PromiseLike<FromJsOrUnit<S>> | Future<FromJsOrUnit<S>>, "future">;
  readonly errorContext: Schema<ErrorContext, ErrorContext, "error-context">;
  func<const P extends readonly Schema[], R extends Schema | undefined = undefined>(
    params: P,
    result?: R,
  ): FuncSchema<P, R, false>;
  asyncFunc<const P extends readonly Schema[], R extends Schema | undefined = undefined>(
    params: P,
    result?: R,
  ): FuncSchema<P, R, true>;
}

function primitive(kind: string): Schema {
  return Object.freeze({ kind });
}

function check(schema: unknown, what: string): void {
  if (typeof schema !== "object" || schema === null || typeof (schema as Schema).kind !== "string") {
    throw new TypeError(`${what} must be a schema of t.*, found ${String(schema)}`);
  }
}

function checkAll(schemas: readonly unknown[], what: string): void {
  schemas.forEach((schema, i) => check(schema, `${what} ${i}`));
}

function one(kind: string) {
  return (element: Schema): Schema => {
    check(element, `the element of t.${kind}`);
    return { kind, element } as Schema;
  };
}

function maybe(kind: string) {
  return (element?: Schema | null): Schema => {
    if (element !== undefined && element !== null) check(element, `the element of t.${kind}`);
    return { kind, element: element ?? undefined } as Schema;
  };
}

function handle(kind: string) {
  return (resource: Schema): Schema => {
    check(resource, `the resource of t.${kind}`);
    return { kind, resource } as Schema;
  };
}

function func(async: boolean) {
  return (params: readonly Schema[], result?: Schema): FuncSchema => {
    checkAll(params, "parameter");
    if (result !== undefined) check(result, "the result");
    return { params, result, async };
  };
}

const builders = {
  ...Object.fromEntries(
    ["bool", "char", "string", "u8", "s8", "u16", "s16", "u32", "s32", "u64", "s64", "f32", "f64"].map((
      kind,
    ) => [kind, primitive(kind)]),
  ),
  errorContext: primitive("error-context"),
  list: one("list"),
  option: one("option"),
  fixedList(element: Schema, length: number) {
    check(element, "the element of t.fixedList");
    return { kind: "fixed-list", element, length };
  },
  map(key: Schema, value: Schema) {
    checkAll([key, value], "type");
    return { kind: "map", key, value };
  },
  record(fields: Fields) {
    for (const [name, field] of Object.entries(fields)) check(field, `field \`${name}\``);
    return { kind: "record", fields };
  },
  tuple(types: readonly Schema[]) {
    checkAll(types, "type");
    return { kind: "tuple", types };
  },
  variant(cases: Cases) {
    for (const [name, payload] of Object.entries(cases)) if (payload !== null) check(payload, `case \`${name}\``);
    return { kind: "variant", cases };
  },
  enum: (names: readonly string[]) => ({ kind: "enum", names }),
  flags: (names: readonly string[]) => ({ kind: "flags", names }),
  result(ok: Schema | null = null, err: Schema | null = null) {
    if (ok !== null) check(ok, "ok");
    if (err !== null) check(err, "err");
    return { kind: "result", ok, err };
  },
  resource(name: string, type: ResourceClass) {
    if (typeof type !== "function" && typeof (type as { is?: unknown } | undefined)?.is !== "function") {
      throw new TypeError(`the class of resource \`${name}\` must be a class or have an \`is\` test`);
    }
    return { kind: "resource", name, type };
  },
  own: handle("own"),
  borrow: handle("borrow"),
  stream: maybe("stream"),
  future: maybe("future"),
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
