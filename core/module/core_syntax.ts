// Core types as plain data, as a binary gives them. Indices are as written; nothing here is
// resolved or checked.
// Spec: Binary.md "Core Definitions", core specification "Binary Format: Types".

import type { CoreRefType, CoreValType } from "./core_value_types.ts";

export type CoreCompositeType =
  | { readonly kind: "func"; readonly params: readonly CoreValType[]; readonly results: readonly CoreValType[] }
  | { readonly kind: "struct"; readonly fields: readonly CoreFieldType[] }
  | { readonly kind: "array"; readonly field: CoreFieldType }
  | { readonly kind: "cont"; readonly type: CoreRefType };
export interface CoreFieldType {
  readonly type: CoreValType;
  readonly mutable: boolean;
}
export interface CoreSubType {
  readonly final: boolean;
  readonly supertypes: readonly number[];
  readonly shared: boolean;
  readonly type: CoreCompositeType;
}
/** `limits` of a memory or a table. */
export interface CoreLimits {
  /** Pages or elements at the start. */
  readonly min: number;
  /** Pages or elements at most; `undefined` without a bound. */
  readonly max: number | undefined;
  /** Whether threads may share it. */
  readonly shared: boolean;
  /** The type of its addresses. */
  readonly address: "i32" | "i64";
  /** log2 of the page size. */
  readonly pageSize: number;
}
export type CoreExternType =
  | { readonly kind: "func"; readonly type: number; readonly exact: boolean }
  | { readonly kind: "table"; readonly element: CoreRefType; readonly limits: CoreLimits }
  | { readonly kind: "memory"; readonly limits: CoreLimits }
  | { readonly kind: "global"; readonly type: CoreValType; readonly mutable: boolean; readonly shared: boolean }
  | { readonly kind: "tag"; readonly type: number };

/** `core:deftype`. */
export type CoreTypeDef =
  | { readonly kind: "rec"; readonly types: readonly CoreSubType[] }
  | { readonly kind: "module"; readonly decls: readonly CoreModuleDecl[] };
export type CoreModuleDecl =
  | { readonly kind: "import"; readonly module: string; readonly name: string; readonly type: CoreExternType }
  | { readonly kind: "type"; readonly types: readonly CoreSubType[] }
  | { readonly kind: "alias"; readonly count: number; readonly index: number }
  | { readonly kind: "export"; readonly name: string; readonly type: CoreExternType };
