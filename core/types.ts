// The public types of reflection: what a component imports and exports, as data, with resolved
// types, and with resources compared by identity.
// Spec: Explainer.md "Import and Export Definitions" (`externtype`).

import type { FuncType, ResourceType, ValType } from "../abi/types/types.ts";
import type { CoreExport, CoreImport } from "./module/module_type.ts";

/** The type of an import or export, as plain data. Resources are compared by identity. */
export type ExternType =
  | { readonly kind: "func"; readonly type: FuncType }
  | { readonly kind: "instance"; readonly exports: readonly ExternItem[] }
  | { readonly kind: "component"; readonly imports: readonly ExternItem[]; readonly exports: readonly ExternItem[] }
  | { readonly kind: "module"; readonly imports: readonly CoreImport[]; readonly exports: readonly CoreExport[] }
  | { readonly kind: "type"; readonly type: ValType | ResourceType };

/** One import or export. */
export interface ExternItem {
  /** The name in the component: an interface name, or a plain name. */
  readonly name: string;
  /** The type of the imported or exported item. */
  readonly type: ExternType;
  /** The interface that it implements, if its name is a plain one. */
  readonly implements?: string;
  /** The `external-id` attribute. */
  readonly externalId?: string;
}
