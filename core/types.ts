// What a component imports and exports, as data for reflection and link-time checks: resolved types, resources with identity.
// Spec: Explainer.md "Import and Export Definitions" (`externtype`).

import type { FuncType, ResourceType, ValType } from "../abi/types/types.ts";
import type { CoreExport, CoreImport } from "./module/module_type.ts";

/** The type of an import or export: plain data, resources with identity. */
export type ExternType =
  | { readonly kind: "func"; readonly type: FuncType }
  | { readonly kind: "instance"; readonly exports: readonly ExternItem[] }
  | { readonly kind: "component"; readonly imports: readonly ExternItem[]; readonly exports: readonly ExternItem[] }
  | { readonly kind: "module"; readonly imports: readonly CoreImport[]; readonly exports: readonly CoreExport[] }
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
