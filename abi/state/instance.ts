// What a running component consists of: a tree of component instances that live and die together.
// core/instantiate makes them from the plan; trampolines test and set their flags.
// Spec: definitions.py `ComponentInstance`; DESIGN.md "Traps, exceptions, lock-down".

import { DEPTH, ENTERED, INSTANCE_WORDS, LOCKED, LOCKED_DOWN, NO_LEAVE, takeFlags, TREE_WORDS } from "./flags.ts";
import type { CallHooks } from "./hooks.ts";
import { HandleTable } from "./handle_table.ts";
import type { Suspension } from "./suspend.ts";
import type { ResourceRuntime } from "./resource_runtime.ts";

/** Limits of one instance tree; a missing one has its default. */
export interface Limits {
  /** Bytes of strings and lists lifted in one call; default 128 MiB. */
  liftedBytes?: number;
  /**
   * Handles per component instance; default 2^28 - 1, and 1,000,000 to the host's resources in the
   * whole instance tree.
   */
  handles?: number;
  /** Calls from one component instance to another that may be under way at once; default 1,000. */
  callDepth?: number;
}

/** `Table.MAX_LENGTH`. */
export const MAX_HANDLES: number = 2 ** 28 - 1;
/**
 * Handles of an instance tree to the host's resources, unless {@linkcode Limits.handles} is set.
 * What such a handle keeps alive lies in the host's memory, not in the guest's, and no other limit
 * counts it: 230 bytes for a pollable, so that this many take 220 MiB.
 */
export const DEFAULT_HOST_HANDLES = 1_000_000;
/**
 * The switch of the re-entrance rule: whether an instance may call itself, an instance nested in it, or one that it is nested in.
 * `entering_set` at the pinned commit would allow it; the conformance suite of that commit wants a trap "for now", as Wasmtime has it.
 */
export const DONUT_WRAPPING = false as boolean;
/** Default of {@linkcode Limits.liftedBytes}. */
export const DEFAULT_LIFTED_BYTES: number = 128 * 2 ** 20;

/** Default of {@linkcode Limits.callDepth}. */
export const DEFAULT_CALL_DEPTH = 1000;

/** A limit as it was set. Anything that would switch it off by accident is refused. */
function limit(name: string, value: number | undefined, initial: number): number {
  if (value === undefined) return initial;
  if (Number.isSafeInteger(value) && value >= 0) return value;
  throw new RangeError(`the limit ${name} must be an integer that is not negative, found ${String(value)}`);
}

/** Reports an exception that nobody is there to catch, as the platform reports others. */
function reportUncaught(error: unknown): void {
  if (typeof reportError === "function") return reportError(error);
  queueMicrotask(() => {
    throw error; // Node has no reportError
  });
}

/** What waits for something, and is told that nothing will come any more. */
interface Ending {
  end(): void;
}

/** A linked instance tree: everything that one `instantiate` made, locked down together. */
export class InstanceTree {
  /** The trap or the exception that locked the tree down. */
  trap: unknown = undefined;
  /** Set when the instance's signal aborted. */
  aborted: { readonly reason: unknown } | undefined = undefined;
  /** Bytes that the lift under way has taken of {@linkcode liftedBytes}: lifting runs neither a guest nor a host. */
  lifted = 0;
  /** Which calls can be suspended; made where a suspending function is linked. */
  suspension: Suspension | undefined = undefined;
  /** The promising calls that wait for a guest: each can be rejected. */
  readonly pendingCalls: Set<(reason: unknown) => void> = new Set();
  /** What suspended guests wait for. The end of a wait unwinds its guest. */
  readonly waits: Set<Ending> = new Set();
  /** What waits until no call is suspended. */
  readonly idle: (() => void)[] = [];
  /** Set by `instance[Symbol.dispose]()`. */
  disposed = false;
  /** Resource types at run time, by the slots that the plan gave them. */
  readonly resources: ResourceRuntime[] = [];
  readonly nodes: ComponentInstance[] = [];
  readonly liftedBytes: number;
  readonly maxHandles: number;
  readonly maxHostHandles: number;
  /** Objects of the host's that guests hold handles to. */
  hostHandles = 0;
  readonly callDepth: number;
  readonly hooks: CallHooks | undefined;
  readonly data: unknown;
  readonly onError: (error: unknown) => void;
  /** Paths of what can be called; an index is the number that stands for a call. */
  readonly #callees: string[] = [""];
  /** The flags, and where its own are among them (flags.ts). */
  readonly words: Int32Array;
  readonly lockedDownAt: number;
  readonly depthAt: number;
  #nextWord: number;

  /** @param instances How many component instances it will have. */
  constructor(
    settings: { limits?: Limits; hooks?: CallHooks; data?: unknown; onError?: (error: unknown) => void },
    instances: number,
  ) {
    const { limits = {} } = settings;
    this.liftedBytes = limit("liftedBytes", limits.liftedBytes, DEFAULT_LIFTED_BYTES);
    this.maxHandles = Math.min(limit("handles", limits.handles, MAX_HANDLES), MAX_HANDLES);
    this.maxHostHandles = limits.handles === undefined ? DEFAULT_HOST_HANDLES : Infinity;
    this.callDepth = limit("callDepth", limits.callDepth, DEFAULT_CALL_DEPTH);
    this.hooks = settings.hooks;
    this.data = settings.data;
    this.onError = settings.onError ?? reportUncaught;
    const { words, at } = takeFlags(this, instances);
    this.words = words;
    this.lockedDownAt = at + LOCKED_DOWN;
    this.depthAt = at + DEPTH;
    this.#nextWord = at + TREE_WORDS;
  }

  /** Whether it is locked down: by a trap, by a host exception that went through a guest, or by an abort. Tested after each return from a guest. */
  get lockedDown(): boolean {
    return this.words[this.lockedDownAt] !== 0;
  }

  /** Adds a component instance; gives the first of its words. */
  add(node: ComponentInstance): number {
    this.nodes.push(node);
    const at = this.#nextWord;
    this.#nextWord += INSTANCE_WORDS;
    return at;
  }

  /** Locks the tree down: nothing enters it, and what still runs in it can call nothing. */
  lockDown(trap: unknown): void {
    if (this.lockedDown) return;
    this.words[this.lockedDownAt] = 1;
    this.trap = trap;
    for (const node of this.nodes) {
      node.entered = LOCKED;
      node.mayLeave = false;
    }
    for (const wait of this.waits) wait.end();
  }

  /**
   * A number for {@linkcode ComponentInstance.entered}, from which the message for whoever is
   * refused meanwhile is made.
   */
  callNumber(path: string): number {
    return this.#callees.push(path) - 1;
  }

  /** The path that a number stands for; {@linkcode LOCKED} stands for none. */
  calleeOf(number: number): string | undefined {
    return this.#callees[number];
  }
}

/** Runs what waited while calls were suspended, once none is; what that throws is not the call's failure. */
export function runIdle(tree: InstanceTree): void {
  if (tree.pendingCalls.size > 0) return;
  for (const action of tree.idle.splice(0)) {
    try {
      action();
    } catch (error) {
      reportUncaught(error);
    }
  }
}

/** One component instance of a tree: `ComponentInstance`. */
export class ComponentInstance {
  readonly tree: InstanceTree;
  readonly parent: ComponentInstance | undefined;
  readonly handles: HandleTable;
  /** The flags, and where its own are among them (flags.ts). */
  readonly words: Int32Array;
  readonly enteredAt: number;
  readonly noLeaveAt: number;

  constructor(tree: InstanceTree, parent?: ComponentInstance) {
    this.tree = tree;
    this.parent = parent;
    this.handles = new HandleTable(tree);
    this.words = tree.words;
    const at = tree.add(this);
    this.enteredAt = at + ENTERED;
    this.noLeaveAt = at + NO_LEAVE;
  }

  /** `not may_enter`: {@linkcode FREE}, {@linkcode LOCKED}, or the number of the call that is under way. */
  get entered(): number {
    return this.words[this.enteredAt]!;
  }

  set entered(call: number) {
    this.words[this.enteredAt] = call;
  }

  /** `may_leave`: false while `realloc` or post-return runs, and once the tree is locked down. */
  get mayLeave(): boolean {
    return this.words[this.noLeaveAt] === 0;
  }

  set mayLeave(may: boolean) {
    this.words[this.noLeaveAt] = may ? 0 : 1;
  }

  /** Whether a call from one of its core functions to one of the callee's may happen at all. */
  mayCall(callee: ComponentInstance): boolean {
    return DONUT_WRAPPING || !this.isWithin(callee) && !callee.isWithin(this);
  }

  /** Whether it is another instance or nested in it. */
  isWithin(other: ComponentInstance): boolean {
    return this === other || this.parent !== undefined && this.parent.isWithin(other);
  }

  /** `entering_set`: itself and its ancestors, less the caller's own. Innermost first. */
  enteringSet(caller: ComponentInstance | undefined): readonly ComponentInstance[] {
    const callers = new Set<ComponentInstance>();
    for (let inst = caller; inst !== undefined; inst = inst.parent) callers.add(inst);
    const entering: ComponentInstance[] = [];
    if (!callers.has(this)) entering.push(this);
    for (let inst = this.parent; inst !== undefined; inst = inst.parent) {
      if (!callers.has(inst)) entering.push(inst);
    }
    return entering;
  }
}
