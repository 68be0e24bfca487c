// The syntax tree of a component: the content of its binary as plain data, in the order of the
// sections. decode.ts makes it, validate/ and plan/ read it.
// Indices are as in the binary. Nothing is resolved or checked here.
// Spec: Binary.md, one type per production.

import type { CallStyle } from "../../abi/types/layout.ts";
import type { PrimitiveKind } from "../../abi/types/types.ts";
import type { StringEncoding } from "../../abi/state/canon_context.ts";
import type { CoreTypeDef } from "../module/core_syntax.ts";
import type { CoreValType } from "../module/core_value_types.ts";
import type { DebugNames } from "./debug_names.ts";
import type { ModuleSlot } from "../module/module_slot.ts";

/** `core:sort`. */
export type CoreSort = "func" | "table" | "memory" | "global" | "tag" | "type" | "module" | "instance";
/**
 * `sort`. Core sorts have a prefix. `core module` is among them, although components import and
 * export modules, too.
 */
export type Sort = `core ${CoreSort}` | "func" | "value" | "type" | "component" | "instance";

/** A component. */
export interface ComponentDef {
  readonly definitions: readonly Definition[];
  /** From the `component-name` section. */
  readonly names: DebugNames;
  /** Its size in bytes, without its core modules. */
  readonly size: number;
}

/** One definition, with the offset of its first byte. */
export type Definition =
  & { readonly offset: number }
  & (
    | { readonly kind: "core-module"; readonly module: ModuleSlot }
    | { readonly kind: "core-instance"; readonly expr: CoreInstanceExpr }
    | { readonly kind: "core-type"; readonly type: CoreTypeDef }
    | { readonly kind: "component"; readonly component: ComponentDef }
    | { readonly kind: "instance"; readonly expr: InstanceExpr }
    | { readonly kind: "alias"; readonly alias: AliasDef }
    | { readonly kind: "type"; readonly type: TypeDef }
    | { readonly kind: "canon"; readonly canon: CanonDef }
    | { readonly kind: "start"; readonly func: number; readonly args: readonly number[]; readonly results: number }
    | { readonly kind: "import"; readonly name: NameDef; readonly type: ExternTypeDef }
    | {
      readonly kind: "export";
      readonly name: NameDef;
      readonly item: SortIndex;
      readonly type: ExternTypeDef | undefined;
    }
    | {
      readonly kind: "value";
      readonly type: ValTypeRef;
      readonly value: { readonly offset: number; readonly bytes: Uint8Array };
    }
  );

/** `nameattributes`. */
export interface NameDef {
  readonly name: string;
  readonly implements?: string;
  readonly versionSuffix?: string;
  readonly externalId?: string;
}

export interface SortIndex {
  readonly sort: Sort;
  readonly index: number;
}
export interface CoreSortIndex {
  readonly sort: CoreSort;
  readonly index: number;
}

export type CoreInstanceExpr =
  | {
    readonly kind: "instantiate";
    readonly module: number;
    readonly args: readonly { readonly name: string; readonly instance: number }[];
  }
  | { readonly kind: "exports"; readonly exports: readonly ({ readonly name: string } & CoreSortIndex)[] };

export type InstanceExpr =
  | {
    readonly kind: "instantiate";
    readonly component: number;
    readonly args: readonly { readonly name: string; readonly item: SortIndex }[];
  }
  | { readonly kind: "exports"; readonly exports: readonly { readonly name: NameDef; readonly item: SortIndex }[] };

export type AliasDef =
  & { readonly sort: Sort }
  & (
    | { readonly kind: "export"; readonly instance: number; readonly name: string }
    | { readonly kind: "core-export"; readonly instance: number; readonly name: string }
    | { readonly kind: "outer"; readonly count: number; readonly index: number }
  );

/** `valtype`: an index, or a primitive type. */
export type ValTypeRef = number | PrimitiveKind;
/**
 * Labels and their types: fields, cases, parameters. They are two arrays of the same length, and no
 * objects, because a component may have a million of them.
 */
export interface Labelled<T extends ValTypeRef | undefined = ValTypeRef> {
  readonly names: readonly string[];
  readonly types: readonly T[];
}

/** `deftype`. */
export type TypeDef =
  | { readonly kind: PrimitiveKind }
  | { readonly kind: "record" } & Labelled
  | { readonly kind: "variant" } & Labelled<ValTypeRef | undefined>
  | { readonly kind: "list" | "option"; readonly element: ValTypeRef }
  | { readonly kind: "fixed-list"; readonly element: ValTypeRef; readonly length: number }
  | { readonly kind: "map"; readonly key: ValTypeRef; readonly value: ValTypeRef }
  | { readonly kind: "tuple"; readonly types: readonly ValTypeRef[] }
  | { readonly kind: "flags" | "enum"; readonly names: readonly string[] }
  | { readonly kind: "result"; readonly ok: ValTypeRef | undefined; readonly err: ValTypeRef | undefined }
  | { readonly kind: "own" | "borrow"; readonly resource: number }
  | { readonly kind: "stream" | "future"; readonly element: ValTypeRef | undefined }
  | { readonly kind: "func"; readonly async: boolean; readonly result: ValTypeRef | undefined } & Labelled
  | { readonly kind: "resource"; readonly rep: CoreValType; readonly destructor: number | undefined }
  | { readonly kind: "component" | "instance"; readonly decls: readonly TypeDecl[] };

/** `componentdecl` and `instancedecl`. */
export type TypeDecl =
  & { readonly offset: number }
  & (
    | { readonly kind: "core-type"; readonly type: CoreTypeDef }
    | { readonly kind: "type"; readonly type: TypeDef }
    | { readonly kind: "alias"; readonly alias: AliasDef }
    | { readonly kind: "import" | "export"; readonly name: NameDef; readonly type: ExternTypeDef }
  );

/** `externtype`. */
export type ExternTypeDef =
  | { readonly kind: "core-module" | "func" | "component" | "instance"; readonly type: number }
  | {
    readonly kind: "value";
    readonly bound: { readonly kind: "eq"; readonly value: number } | {
      readonly kind: "type";
      readonly type: ValTypeRef;
    };
  }
  | {
    readonly kind: "type";
    readonly bound: { readonly kind: "eq"; readonly type: number } | { readonly kind: "sub-resource" };
  };

/** `canonopt*`. Each option occurs at most once. */
export interface CanonOptionsDef {
  readonly stringEncoding?: StringEncoding;
  readonly memory?: number;
  /** The memory's address type. Validation sets it. */
  address?: "i32" | "i64";
  readonly realloc?: number;
  readonly postReturn?: number;
  readonly async?: boolean;
  readonly callback?: number;
  /** The GC option and its operands. It is gated and not supported. */
  readonly coreType?: number;
  readonly gc?: boolean;
}

/** How a function is called, from its canonical options. */
export function styleOf({ async, callback }: CanonOptionsDef): CallStyle {
  return !async ? "sync" : callback === undefined ? "async" : "callback";
}

/** `canon`. The immediates of the async, error-context and thread built-ins have common names. */
export type CanonDef =
  | { readonly kind: "lift"; readonly func: number; readonly options: CanonOptionsDef; readonly type: number }
  | { readonly kind: "lower"; readonly func: number; readonly options: CanonOptionsDef }
  | { readonly kind: "resource.new" | "resource.drop" | "resource.rep"; readonly type: number }
  | {
    readonly kind: "builtin";
    /** The specification's name: `stream.read`. */
    readonly name: string;
    readonly type?: number;
    readonly result?: ValTypeRef | undefined;
    readonly options?: CanonOptionsDef;
    /** The address type of `memory`. Validation sets it. */
    address?: "i32" | "i64";
    readonly coreType?: CoreValType;
    readonly slot?: number;
    readonly memory?: number;
    readonly table?: number;
    readonly async?: boolean;
    readonly cancellable?: boolean;
    readonly shared?: boolean;
  };
