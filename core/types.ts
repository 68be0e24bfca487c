// What a component imports and exports, as data for reflection and link-time checks: resolved
// types, resources with identity.
// Spec: Explainer.md "Import and Export Definitions" (`externtype`).

import type { FuncType, ResourceType, ValType } from "../abi/types/types.ts";
import type { CoreLimits } from "./module/core_syntax.ts";

/** The type of an import or export: plain data, resources with identity. */
export type ExternType =
  | { readonly kind: "func"; readonly type: FuncType }
  | { readonly kind: "instance"; readonly exports: readonly ExternItem[] }
  | { readonly kind: "component"; readonly imports: readonly ExternItem[]; readonly exports: readonly ExternItem[] }
  | { readonly kind: "module"; readonly imports: readonly CoreImport[]; readonly exports: readonly CoreExport[] }
  | { readonly kind: "value"; readonly type: ValType }
  | { readonly kind: "type"; readonly type: ValType | ResourceType };

/** One import or export. */
export interface ExternItem {
  /** As the component spells it: an interface name, or a plain name. */
  readonly name: string;
  /** The type of what is imported or exported. */
  readonly type: ExternType;
  /** The interface it implements, where its name is a plain one. */
  readonly implements?: string;
  /** The `external-id` attribute. */
  readonly externalId?: string;
}

/**
 * The type of a core module's import or export: plain data, with value types in the text format's
 * spelling.
 */
export type CoreItemType =
  | { readonly kind: "func"; readonly params: readonly string[]; readonly results: readonly string[] }
  | { readonly kind: "table"; readonly element: string; readonly limits: CoreLimits }
  | { readonly kind: "memory"; readonly limits: CoreLimits }
  | { readonly kind: "global"; readonly type: string; readonly mutable: boolean; readonly shared: boolean }
  | { readonly kind: "tag"; readonly params: readonly string[]; readonly results: readonly string[] };

/** An import of a core module. */
export interface CoreImport {
  /** The first of its two names. */
  readonly module: string;
  /** The second of its two names. */
  readonly name: string;
  /** What is imported. */
  readonly type: CoreItemType;
}

/** An export of a core module. */
export interface CoreExport {
  /** Its name. */
  readonly name: string;
  /** What is exported. */
  readonly type: CoreItemType;
}
