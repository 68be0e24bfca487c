// What a module that was written ahead of time exports: everything that `load` needs besides the core
// modules. It is for one version of the library.

import type { ReadiedCalls } from "../../abi/codegen/readied.ts";
import type { Site } from "../../abi/fused/sites.ts";
import type { FuncType, ResourceType } from "../../abi/types/types.ts";
import type { FusedPart } from "../fused/fused_core.ts";
import type { Reflected } from "../definition.ts";
import type { HeldModule } from "../module/held_module.ts";
import type { Plan } from "../plan/plan_types.ts";

/** The library's version, and the number of the format among those of this version. */
export const AHEAD_VERSION = "0.1.0/1";

/** The adapters of a plan. The engine's modules come from the host. */
export interface WrittenAdapters {
  readonly parts: readonly Omit<FusedPart, "module">[];
  readonly sites: readonly Site[];
}

/** A plan, with its adapters. */
export interface WrittenPlan {
  readonly plan: Plan;
  readonly adapters?: WrittenAdapters;
}

/** What makes the plan gets this. */
export interface Making {
  /** The core modules. */
  readonly m: readonly HeldModule[];
  /** Makes a resource type. */
  r(slot: number, name?: string): ResourceType;
  /** Says which trampolines of a function type were written. */
  t(type: FuncType, calls: ReadiedCalls): void;
  /** Gives the type of the result of an asynchronous function, as a parameter. */
  g(type: FuncType): FuncType;
}

/** What the module exports. */
export interface WrittenComponent {
  readonly version: string;
  /** The sizes of the core modules in bytes. */
  readonly sizes: readonly number[];
  /** How many modules of adapters follow them. */
  readonly adapters: number;
  /** Whether text may be evaluated, so that each instance has code of its own. */
  readonly evaluates: boolean;
  /** Whether calls between guests may have adapters. */
  readonly fused: boolean;
  readonly metered: boolean;
  /** Whether it has parts of the asynchronous model. */
  readonly async: boolean;
  make(by: Making): WrittenPlan;
  /** The entries of imports, in portions. */
  readonly entries: readonly (readonly (() => unknown)[])[];
  /** Its imports and exports as data. */
  reflect(): Reflected;
}
