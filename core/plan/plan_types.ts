// The linear plan: what remains of a component when all nested instantiations are inlined and all
// indices are resolved.
// Steps run in order. They refer to flat lists of core instances, core functions, resources and
// component instances, by number.
// plan.ts makes a plan and core/run runs it. It holds no engine objects, so that one plan serves
// any number of instances.

import type { AddressType } from "../../abi/types/core_values.ts";
import type { StringEncoding } from "../../abi/state/canon_context.ts";
import type { CallStyle } from "../../abi/types/layout.ts";
import type { FuncType, OfKind, ResourceType, ValType } from "../../abi/types/types.ts";
import type { ComponentDef, NameDef, TypeDecl } from "../decode/syntax.ts";
import type { HeldModule } from "../module/held_module.ts";
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
    /** The same instance as an argument. It is one object, however often it is passed. */
    readonly arg: CoreArg;
  };

/**
 * A core module. An import has no module until the host provides one. The component is planned
 * again then.
 */
export type ModuleRef =
  | { readonly kind: "own"; readonly module: HeldModule }
  | { readonly kind: "import"; readonly type: CoreModuleType };

/**
 * A component function: a leaf of the imports, or a lift. A function of an imported component's
 * instance has leaf -1; such a plan is never run.
 */
export type FuncRef =
  | { readonly kind: "import"; readonly leaf: number; readonly type: FuncType }
  | { readonly kind: "lift"; readonly lift: number; readonly type: FuncType };

/** A type at plan time. */
export type PlanType =
  | ValueItem
  | { readonly kind: "func"; readonly type: FuncType }
  | { readonly kind: "resource"; readonly type: ResourceType }
  | DeclaredType;

/** A component or instance type. It is evaluated where it is used. */
export interface DeclaredType {
  readonly kind: "component" | "instance";
  readonly decls: readonly TypeDecl[];
  readonly scope: PlanScope;
}

/** A component with the scope around its definition. */
export interface DefinedComponent {
  readonly kind: "defined";
  readonly def: ComponentDef;
  readonly scope: PlanScope | undefined;
}

/**
 * A component at plan time: a closure, or an import whose type is known until the host provides the
 * component.
 */
export type PlanComponent = DefinedComponent | { readonly kind: "import"; readonly type: DeclaredType };

/** A component value: a number in the list of an instance's values, and its type. */
export interface PlanValue {
  /** -1 for a value of an imported component's instance; such a plan is never run. */
  readonly value: number;
  readonly type: ValType;
}

/** An instance at plan time. */
export interface PlanInstance {
  /** Nesting depth, counting this instance. */
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
  | { readonly sort: "value"; readonly value: PlanValue }
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
  /** The memory's address type. `i32` if there is no memory. */
  readonly address: AddressType;
}

/** A `canon lift`. */
export interface PlanLift {
  readonly core: CoreRef;
  readonly type: FuncType;
  readonly options: PlanOptions;
  /** Number of the component instance that lifts. */
  readonly node: number;
  /** The name of its first export, for messages. */
  name: string | undefined;
}

/** One leaf of the root imports: something that the host must provide. */
export interface PlanImport {
  /** The names from the root to the leaf: an interface and a member, or a root name. */
  readonly path: readonly NameDef[];
  /** The path in messages: `demo:x/y@1.0.0#f`. */
  readonly display: string;
  readonly want:
    | { readonly kind: "func"; readonly type: FuncType }
    | { readonly kind: "resource"; readonly type: ResourceType }
    /**
     * A type that must be the same as the one another import gave, if the host gives one at all.
     */
    | { readonly kind: "same-resource"; readonly type: ResourceType }
    /**
     * A value, with its number. With `same`, it must be equal to the value of that number, if the
     * host gives it at all.
     */
    | { readonly kind: "value"; readonly type: ValType; readonly value: number; readonly same: number | undefined }
    | { readonly kind: "module"; readonly type: CoreModuleType }
    | { readonly kind: "component" }
    /**
     * An instance without exports. The host need not provide it, but nothing else may have its
     * name.
     */
    | { readonly kind: "instance" };
}

/** The argument for one import name of a core module: a whole instance, or core items. */
export type CoreArg =
  | { readonly kind: "instance"; readonly instance: number }
  | { readonly kind: "items"; readonly items: readonly (readonly [name: string, ref: CoreRef])[] };

/**
 * A core function that the library makes, with its operands. It comes from a `canon` definition
 * that is neither a lift nor a lower.
 */
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
  | { readonly name: "thread.new-indirect"; readonly table: CoreRef; readonly param: AddressType }
  | { readonly name: CancellableName; readonly cancellable: boolean }
  | { readonly name: PlainName };

/** The type of a stream or future. */
export type EndKind = "stream" | "future";
export type EndType = OfKind<EndKind>;
/** Built-ins whose only operand says whether they may be cancelled. */
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

/** A value that the component itself makes, or has to be equal to one that it has already. */
export type ValueStep =
  /** A value definition. */
  | {
    readonly kind: "value";
    readonly value: number;
    readonly type: ValType;
    readonly literal: { readonly offset: number; readonly bytes: Uint8Array };
  }
  /** An import that must be equal to an earlier value. */
  | { readonly kind: "same-value"; readonly leaf: number }
  /** A start function is called: it takes values, and gives at most one. */
  | {
    readonly kind: "start";
    readonly func: FuncRef;
    readonly args: readonly number[];
    readonly result: number | undefined;
    /** Its number among the start functions, for messages. */
    readonly start: number;
  };

/**
 * One step. A step with a `coreFunc` makes the core function of that number. `node` is the number
 * of the component instance that the step belongs to.
 */
export type PlanStep =
  | {
    readonly kind: "instantiate";
    readonly module: ModuleRef;
    readonly args: readonly (readonly [name: string, arg: CoreArg])[];
    readonly instance: number;
  }
  /** A function of the host is lowered. */
  | {
    readonly kind: "lower";
    readonly leaf: number;
    readonly type: FuncType;
    readonly options: PlanOptions;
    readonly coreFunc: number;
    readonly node: number;
  }
  /** A function that another component instance lifts is lowered: a call between guests. */
  | {
    readonly kind: "adapter";
    readonly lift: number;
    /** The function type as the caller knows it. It is the same type with other names. */
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
  | { readonly kind: "builtin"; readonly builtin: Builtin; readonly coreFunc: number; readonly node: number }
  | ValueStep;

/** A step that makes a core function. */
export type MakingStep = PlanStep & { readonly kind: "lower" | "adapter" | "builtin" };

/** Whether a step makes a core function. */
export function isMaking(step: PlanStep): step is MakingStep {
  return step.kind === "lower" || step.kind === "adapter" || step.kind === "builtin";
}

/** A resource type. */
export interface PlanResource {
  readonly type: ResourceType;
  /** The leaf that imports it, or `undefined` if the component defines it. */
  readonly leaf: number | undefined;
  /** The core type of its representations. */
  readonly rep: "i32" | "i64";
}

/** A plan. */
export interface Plan {
  readonly steps: readonly PlanStep[];
  readonly lifts: readonly PlanLift[];
  readonly imports: readonly PlanImport[];
  /** Resource types, by resource slot. */
  readonly resources: readonly PlanResource[];
  /** The parent of each component instance, by number. -1 for the root. */
  readonly nodes: readonly number[];
  readonly exports: ReadonlyMap<string, NamedPlanItem>;
}
