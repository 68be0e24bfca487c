// The linear plan: what is left of a component once every nested instantiation is inlined and every index resolved.
// Steps run in order over flat spaces of core instances, core functions, resources and component instances.
// Made by plan.ts, run by instantiate.ts; holds no engine objects, so one plan serves any number of instances.

import type { StringEncoding } from "../abi/options.ts";
import type { FuncType, ResourceType, ValType } from "../abi/types.ts";
import type { ComponentDef, NameDef, TypeDecl } from "./definitions.ts";
import type { ModuleSlot } from "./module_slot.ts";
import type { CoreModuleType } from "./module_type.ts";
import type { Scope } from "./scope.ts";

/** A core item at run time: an export of a core instance, or a core function that a step makes. */
export type CoreRef =
  | { readonly kind: "export"; readonly instance: number; readonly name: string }
  | { readonly kind: "made"; readonly slot: number };

/** A core instance at plan time. */
export type CoreInstance =
  | { readonly kind: "instantiated"; readonly slot: number }
  | {
    readonly kind: "inline";
    readonly exports: ReadonlyMap<string, CoreRef>;
    /** The same as an argument; one list, however often it is passed. */
    readonly arg: CoreArg;
  };

/** A core module. An import has no slot until the host gives one: then the component is planned again. */
export type ModuleRef =
  | { readonly kind: "own"; readonly module: ModuleSlot }
  | { readonly kind: "import"; readonly type: CoreModuleType };

/** A component function: an import's leaf, or a lift. A function of an imported component's instance has leaf -1: such a plan is not run. */
export type FuncRef =
  | { readonly kind: "import"; readonly leaf: number; readonly type: FuncType }
  | { readonly kind: "lift"; readonly lift: number; readonly type: FuncType };

/** A value type at plan time, with what its checks know of it. */
export interface ValueItem {
  readonly kind: "value";
  readonly type: ValType;
  /** Types nested in it, itself included. */
  readonly depth: number;
  /** A size in bytes that it does not exceed. */
  readonly bytes: number;
  /** `contains_borrow`. */
  readonly borrows: boolean;
}

/** A type at plan time. */
export type TypeItem =
  | ValueItem
  | { readonly kind: "func"; readonly type: FuncType }
  | { readonly kind: "resource"; readonly type: ResourceType }
  | DeclaredType;

/** A component or instance type, evaluated where it is used. */
export interface DeclaredType {
  readonly kind: "component" | "instance";
  readonly decls: readonly TypeDecl[];
  readonly scope: Scope;
}

/** A component with the scope it was defined in. */
export interface DefinedComponent {
  readonly kind: "defined";
  readonly def: ComponentDef;
  readonly scope: Scope | undefined;
}

/** A component at plan time: a closure, or an import that is known by its type until the host gives one. */
export type ComponentItem = DefinedComponent | { readonly kind: "import"; readonly type: DeclaredType };

/** An instance at plan time. */
export interface InstanceItem {
  /** Instances nested in it, itself included. */
  readonly depth: number;
  readonly exports: ReadonlyMap<string, NamedItem>;
}

/** An item with the attributes of its name. */
export interface NamedItem {
  readonly name: NameDef;
  readonly item: Item;
}

/** Anything that a component imports, exports or passes. */
export type Item =
  | { readonly sort: "func"; readonly func: FuncRef }
  | { readonly sort: "type"; readonly type: TypeItem }
  | { readonly sort: "instance"; readonly instance: InstanceItem }
  | { readonly sort: "component"; readonly component: ComponentItem }
  | { readonly sort: "core module"; readonly module: ModuleRef };

/** Canonical options with core items resolved. */
export interface PlanOptions {
  readonly stringEncoding: StringEncoding;
  readonly memory: CoreRef | undefined;
  readonly realloc: CoreRef | undefined;
  readonly postReturn: CoreRef | undefined;
  /** What they need that there is not yet. */
  readonly missing: "async" | "64-bit memory" | undefined;
}

/** A `canon lift`. */
export interface PlanLift {
  readonly core: CoreRef;
  readonly type: FuncType;
  readonly options: PlanOptions;
  /** The component instance it belongs to. */
  readonly node: number;
  /** The name its component first exports it by; for messages. */
  name: string | undefined;
}

/** What a root import asks the host for, one leaf at a time. */
export interface PlanImport {
  /** Names from the root: an interface and a member, or a root name. */
  readonly path: readonly NameDef[];
  /** In messages: `demo:x/y@1.0.0#f`. */
  readonly display: string;
  readonly want:
    | { readonly kind: "func"; readonly type: FuncType }
    | { readonly kind: "resource"; readonly type: ResourceType }
    /** A type that must be the one that another import gave, if the host gives any. */
    | { readonly kind: "same-resource"; readonly type: ResourceType }
    | { readonly kind: "module"; readonly type: CoreModuleType }
    | { readonly kind: "component" }
    /** An instance of which nothing is wanted: nothing else may have its name. */
    | { readonly kind: "instance" };
}

/** A core module's import by one name: a whole instance, or core items one by one. */
export type CoreArg =
  | { readonly kind: "instance"; readonly slot: number }
  | { readonly kind: "items"; readonly items: readonly (readonly [name: string, ref: CoreRef])[] };

export type Step =
  | {
    readonly kind: "instantiate";
    readonly module: ModuleRef;
    readonly args: readonly (readonly [name: string, arg: CoreArg])[];
    readonly slot: number;
  }
  | {
    readonly kind: "lower";
    readonly func: FuncRef;
    readonly options: PlanOptions;
    readonly slot: number;
    readonly node: number;
  }
  | {
    readonly kind: "resource";
    readonly resource: number;
    readonly destructor: CoreRef | undefined;
    readonly node: number;
  }
  | {
    readonly kind: "resource.new" | "resource.drop" | "resource.rep";
    readonly resource: number;
    readonly slot: number;
    readonly node: number;
  }
  /** A built-in of a proposal whose run-time comes later. */
  | { readonly kind: "unsupported"; readonly name: string; readonly slot: number; readonly node: number };

/** A plan. */
export interface Plan {
  readonly steps: readonly Step[];
  readonly lifts: readonly PlanLift[];
  readonly imports: readonly PlanImport[];
  /** Resource types by slot, each with the leaf that imports it, if one does. */
  readonly resources: readonly { readonly type: ResourceType; readonly leaf: number | undefined }[];
  /** Parents of the component instances; -1 for the root. */
  readonly nodes: readonly number[];
  readonly exports: ReadonlyMap<string, NamedItem>;
}
