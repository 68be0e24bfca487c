// The linear plan: what is left of a component once every nested instantiation is inlined and every index resolved.
// Steps run in order over flat spaces of core instances, core functions, resources and component instances.
// Made by plan.ts, run by instantiate.ts; holds no engine objects, so one plan serves any number of instances.

import type { AddressType } from "../../abi/types/core_values.ts";
import type { StringEncoding } from "../../abi/state/canon_context.ts";
import type { CallStyle } from "../../abi/types/layout.ts";
import type { FuncType, OfKind, ResourceType, ValType } from "../../abi/types/types.ts";
import type { ComponentDef, NameDef, TypeDecl } from "../decode/syntax.ts";
import type { ModuleSlot } from "../module/module_slot.ts";
import type { CoreModuleType } from "../module/module_type.ts";
import type { PlanScope } from "./plan_scope.ts";
import type { ValueItem } from "../resolve/value_types.ts";

/** A core item at run time: an export of a core instance, or a core function that a step makes. */
export type CoreRef =
  | { readonly kind: "export"; readonly instance: number; readonly name: string }
  | { readonly kind: "made"; readonly coreFunc: number };

/** A core instance at plan time. */
export type CoreInstance =
  | { readonly kind: "instantiated"; readonly instance: number }
  | {
    readonly kind: "inline";
    readonly exports: ReadonlyMap<string, CoreRef>;
    /** The same as an argument; one list, however often it is passed. */
    readonly arg: CoreArg;
  };

/** A core module. An import has no module until the host gives one: then the component is planned again. */
export type ModuleRef =
  | { readonly kind: "own"; readonly module: ModuleSlot }
  | { readonly kind: "import"; readonly type: CoreModuleType };

/** A component function: an import's leaf, or a lift. A function of an imported component's instance has leaf -1: such a plan is not run. */
export type FuncRef =
  | { readonly kind: "import"; readonly leaf: number; readonly type: FuncType }
  | { readonly kind: "lift"; readonly lift: number; readonly type: FuncType };

/** A type at plan time. */
export type PlanType =
  | ValueItem
  | { readonly kind: "func"; readonly type: FuncType }
  | { readonly kind: "resource"; readonly type: ResourceType }
  | DeclaredType;

/** A component or instance type, evaluated where it is used. */
export interface DeclaredType {
  readonly kind: "component" | "instance";
  readonly decls: readonly TypeDecl[];
  readonly scope: PlanScope;
}

/** A component with the scope it was defined in. */
export interface DefinedComponent {
  readonly kind: "defined";
  readonly def: ComponentDef;
  readonly scope: PlanScope | undefined;
}

/** A component at plan time: a closure, or an import that is known by its type until the host gives one. */
export type PlanComponent = DefinedComponent | { readonly kind: "import"; readonly type: DeclaredType };

/** An instance at plan time. */
export interface PlanInstance {
  /** Instances nested in it, itself included. */
  readonly depth: number;
  readonly exports: ReadonlyMap<string, NamedPlanItem>;
}

/** An item with the attributes of its name. */
export interface NamedPlanItem {
  readonly name: NameDef;
  readonly item: PlanItem;
}

/** Anything that a component imports, exports or passes. */
export type PlanItem =
  | { readonly sort: "func"; readonly func: FuncRef }
  | { readonly sort: "type"; readonly type: PlanType }
  | { readonly sort: "instance"; readonly instance: PlanInstance }
  | { readonly sort: "component"; readonly component: PlanComponent }
  | { readonly sort: "core module"; readonly module: ModuleRef };

/** Canonical options with core items resolved. */
export interface PlanOptions {
  readonly stringEncoding: StringEncoding;
  readonly memory: CoreRef | undefined;
  readonly realloc: CoreRef | undefined;
  readonly postReturn: CoreRef | undefined;
  readonly callback: CoreRef | undefined;
  readonly style: CallStyle;
  /** The memory's address type; `i32` without one. */
  readonly address: AddressType;
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
  | { readonly kind: "instance"; readonly instance: number }
  | { readonly kind: "items"; readonly items: readonly (readonly [name: string, ref: CoreRef])[] };

/** A core function that the library makes: `canon` of what is neither lifted nor lowered, with its operands. */
export type Builtin =
  | { readonly name: "resource.new" | "resource.drop" | "resource.rep"; readonly resource: number }
  | { readonly name: "task.return"; readonly result: ValType | undefined; readonly options: PlanOptions }
  | { readonly name: "context.get" | "context.set"; readonly coreType: "i32" | "i64"; readonly slot: number }
  | { readonly name: `waitable-set.${"wait" | "poll"}`; readonly memory: MemoryRef; readonly cancellable: boolean }
  | {
    readonly name: `${EndKind}.${"read" | "write"}`;
    readonly type: EndType;
    readonly options: PlanOptions;
  }
  | { readonly name: `${EndKind}.${"new" | "drop-readable" | "drop-writable"}`; readonly type: EndType }
  | { readonly name: `${EndKind}.${"cancel-read" | "cancel-write"}`; readonly type: EndType; readonly async: boolean }
  | { readonly name: "subtask.cancel"; readonly async: boolean }
  | { readonly name: "error-context.new" | "error-context.debug-message"; readonly options: PlanOptions }
  | { readonly name: "thread.new-indirect"; readonly table: CoreRef }
  | { readonly name: CancellableName; readonly cancellable: boolean }
  | { readonly name: PlainName };

/** A stream's or a future's end. */
export type EndKind = "stream" | "future";
export type EndType = OfKind<EndKind>;
/** Built-ins that say whether they may be cancelled, and nothing else. */
export type CancellableName =
  | "thread.yield"
  | "thread.suspend"
  | `thread.${"suspend" | "yield"}-then-${"resume" | "promote"}`;
/** Built-ins without operands. */
export type PlainName =
  | "task.cancel"
  | "subtask.drop"
  | "error-context.drop"
  | "waitable-set.new"
  | "waitable-set.drop"
  | "waitable.join"
  | "backpressure.inc"
  | "backpressure.dec"
  | "thread.index"
  | "thread.resume-later"
  | "thread.spawn-ref"
  | "thread.spawn-indirect"
  | "thread.available-parallelism";

/** A memory with its address type. */
export interface MemoryRef {
  readonly ref: CoreRef;
  readonly address: AddressType;
}

/** One step. Those with a `coreFunc` make a core function; `node` is the component instance that they belong to. */
export type PlanStep =
  | {
    readonly kind: "instantiate";
    readonly module: ModuleRef;
    readonly args: readonly (readonly [name: string, arg: CoreArg])[];
    readonly instance: number;
  }
  /** A function of the host's, lowered. */
  | {
    readonly kind: "lower";
    readonly leaf: number;
    readonly type: FuncType;
    readonly options: PlanOptions;
    readonly coreFunc: number;
    readonly node: number;
  }
  /** A function that another component instance lifts, lowered: both sides of a call. */
  | {
    readonly kind: "adapter";
    readonly lift: number;
    /** The type as the caller knows it: the same, with names of its own. */
    readonly type: FuncType;
    readonly options: PlanOptions;
    readonly coreFunc: number;
    readonly node: number;
  }
  | {
    readonly kind: "resource";
    readonly resource: number;
    readonly destructor: CoreRef | undefined;
    readonly node: number;
  }
  | { readonly kind: "builtin"; readonly builtin: Builtin; readonly coreFunc: number; readonly node: number };

/** A step that makes a core function. */
export type MakingStep = PlanStep & { readonly kind: "lower" | "adapter" | "builtin" };

/** A resource type. */
export interface PlanResource {
  readonly type: ResourceType;
  /** The leaf that imports it, if one does. */
  readonly leaf: number | undefined;
  /** How wide its representations are. */
  readonly rep: "i32" | "i64";
}

/** A plan. */
export interface Plan {
  readonly steps: readonly PlanStep[];
  readonly lifts: readonly PlanLift[];
  readonly imports: readonly PlanImport[];
  /** Resource types by resource slot. */
  readonly resources: readonly PlanResource[];
  /** Parents of the component instances; -1 for the root. */
  readonly nodes: readonly number[];
  readonly exports: ReadonlyMap<string, NamedPlanItem>;
}
