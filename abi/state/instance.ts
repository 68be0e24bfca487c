// A running component: a tree of component instances that live and die together, with their flags
// and limits.
// core/run makes the tree from a plan. Trampolines test and set the flags.
// After a trap the state of the tree may be inconsistent, so no instance of it can be entered
// again. This is called lock-down.
// Spec: definitions.py `ComponentInstance`.

import {
  DEPTH,
  ENTERED,
  type FlagPlace,
  instanceWord,
  LOCKED,
  LOCKED_DOWN,
  NO_LEAVE,
  SITE,
  takeFlags,
} from "./flags.ts";
import type { CallHooks } from "./hooks.ts";
import { HandleTable } from "./handle_table.ts";
import { enteringSet, mayCall } from "./nesting.ts";
import type { AsyncValues } from "./async_values.ts";
import type { Meter } from "./meter.ts";
import type { Suspension } from "./suspend.ts";
import type { ResourceRuntime } from "./resource_runtime.ts";

/** Limits of one instance tree. A limit that is not given has its default. */
export interface Limits {
  /** Bytes of strings and lists lifted in one call; default 128 MiB. */
  liftedBytes?: number;
  /**
   * Handles per component instance; default 2^28 - 1, and 1,000,000 to the host's resources in the
   * whole instance tree; each instance may have as many threads, and as many streams, futures,
   * subtasks and waitable sets together.
   */
  handles?: number;
  /** Calls from one component instance to another that may be under way at once; default 1,000. */
  callDepth?: number;
  /** Calls of asynchronous exports that are under way or wait for their turn; default 1,000,000. */
  tasks?: number;
  /**
   * With `metering`: units of execution that the instance tree may still spend, about one for each
   * instruction, and one for each byte of what is lifted from a guest. `Instance.fuel` reads and sets
   * what is left. When it is used up, the guest traps with the code `out-of-fuel`.
   */
  fuel?: bigint | number;
  /**
   * With `metering`: milliseconds that one outermost call may run without a turn of the event loop.
   * A guest that runs longer traps with the code `deadline`.
   */
  deadline?: number;
  /**
   * With `metering` and JSPI: milliseconds after which the event loop gets a turn, in the middle of
   * a call that can be suspended: one through `instance.promising`, or of an asynchronous export.
   */
  slice?: number;
  /**
   * With `metering`: bytes of the linear memories, and of the tables with 8 bytes for each element,
   * that the whole instance tree may have. `memory.grow` and `table.grow` give the guest -1 beyond
   * it.
   */
  memory?: number;
}

/** `Table.MAX_LENGTH`. */
export const MAX_HANDLES: number = 2 ** 28 - 1;
/**
 * Limit of handles of one instance tree to resources of the host, unless {@linkcode Limits.handles}
 * is set. The object behind such a handle lies in the host's memory, not in the guest's, and no
 * other limit counts it. A pollable takes 230 bytes, so that the default allows 220 MiB.
 */
export const DEFAULT_HOST_HANDLES = 1_000_000;
/** Default of {@linkcode Limits.liftedBytes}. */
export const DEFAULT_LIFTED_BYTES: number = 128 * 2 ** 20;

/** Default of {@linkcode Limits.tasks}. */
export const DEFAULT_TASKS = 1_000_000;

/** Default of {@linkcode Limits.callDepth}. */
export const DEFAULT_CALL_DEPTH = 1000;

/**
 * Checks a limit that the embedder set. A value that would switch the limit off by accident is an
 * error.
 */
function limit(name: string, value: number | undefined, initial: number): number {
  if (value === undefined) return initial;
  if (Number.isSafeInteger(value) && value >= 0) return value;
  throw new RangeError(`the limit ${name} must be an integer that is not negative, found ${String(value)}`);
}

/** Reports an exception that no caller can catch, in the same way as the platform reports one. */
function reportUncaught(error: unknown): void {
  if (typeof reportError === "function") return reportError(error);
  queueMicrotask(() => {
    throw error; // Node has no reportError
  });
}

/** A wait for a promise. `end` says that the result is not needed any more. */
interface Ending {
  end(): void;
}

/**
 * A linked instance tree: everything that one call of `instantiate` made. It is locked down as a
 * whole.
 */
export class InstanceTree {
  /** The trap or the exception that locked the tree down. */
  trap: unknown = undefined;
  /** Set when the instance's signal aborted. */
  aborted: { readonly reason: unknown } | undefined = undefined;
  /**
   * Bytes that the current lift has taken of {@linkcode liftedBytes}. One counter is enough: while
   * values are lifted, neither guest nor host code runs.
   */
  lifted = 0;
  /** Which calls can be suspended. Set only if a suspending function is linked. */
  suspension: Suspension | undefined = undefined;
  /** Streams, futures and error contexts. Set only if the component has such types. */
  asyncValues: AsyncValues | undefined = undefined;
  /** The promising calls under way. Each function rejects one of them. */
  readonly pendingCalls: Set<(reason: unknown) => void> = new Set();
  /** The waits of suspended guests. Ending a wait unwinds its guest. */
  readonly waits: Set<Ending> = new Set();
  /** Ends the asynchronous tasks. Set only if the component has some. */
  onLockDown: (() => void) | undefined = undefined;
  /** Adds to an exception the place where an adapter in WebAssembly was. Set only if there are some. */
  locateFault: ((error: unknown) => void) | undefined = undefined;
  /** Has the same remember which calls are under way, since a lock-down forgets them. */
  noteCalls: (() => void) | undefined = undefined;
  /** Gives the path of the guest that an adapter has entered an instance for, by the word that says so. */
  calleeOfWord: ((word: number) => string | undefined) | undefined = undefined;
  /** What the tree may still execute. Set only if its modules are metered. */
  meter: Meter | undefined = undefined;
  /** Functions that are told that the tree is locked down. They must not throw. */
  readonly toldOfEnd: (() => void)[] = [];
  /** Functions that run when no call is suspended any more. */
  readonly idle: (() => void)[] = [];
  /** Set by `instance[Symbol.dispose]()`. */
  disposed = false;
  /** Resource types at run time, by resource slot. */
  readonly resources: ResourceRuntime[] = [];
  readonly nodes: ComponentInstance[] = [];
  readonly liftedBytes: number;
  readonly maxHandles: number;
  readonly maxHostHandles: number;
  /** How many handles guests hold to objects of the host. */
  hostHandles = 0;
  readonly callDepth: number;
  readonly maxTasks: number;
  readonly hooks: CallHooks | undefined;
  readonly data: unknown;
  readonly onError: (error: unknown) => void;
  /** Paths of everything that can be called. The index of a path is the number of that call. */
  readonly #callees: string[] = [""];
  /** The words of all flags, and the indices of this tree's own (flags.ts). */
  readonly words: Int32Array;
  readonly flags: FlagPlace;
  readonly lockedDownAt: number;
  readonly depthAt: number;
  readonly siteAt: number;

  /** @param instances How many component instances the tree will have. */
  constructor(
    settings: { limits?: Limits; hooks?: CallHooks; data?: unknown; onError?: (error: unknown) => void },
    instances: number,
  ) {
    const { limits = {} } = settings;
    this.liftedBytes = limit("liftedBytes", limits.liftedBytes, DEFAULT_LIFTED_BYTES);
    this.maxHandles = Math.min(limit("handles", limits.handles, MAX_HANDLES), MAX_HANDLES);
    this.maxHostHandles = limits.handles === undefined ? DEFAULT_HOST_HANDLES : Infinity;
    this.callDepth = limit("callDepth", limits.callDepth, DEFAULT_CALL_DEPTH);
    this.maxTasks = limit("tasks", limits.tasks, DEFAULT_TASKS);
    this.hooks = settings.hooks;
    this.data = settings.data;
    this.onError = settings.onError ?? reportUncaught;
    const { words, at } = this.flags = takeFlags(this, instances);
    this.words = words;
    this.lockedDownAt = at + LOCKED_DOWN;
    this.depthAt = at + DEPTH;
    this.siteAt = at + SITE;
  }

  /**
   * Whether the tree is locked down: by a trap, by a host exception that passed through a guest, or
   * by an abort. Tested after each return from a guest.
   */
  get lockedDown(): boolean {
    return this.words[this.lockedDownAt] !== 0;
  }

  /** Adds a component instance. Gives the index of its first word. */
  add(node: ComponentInstance): number {
    return this.flags.at + instanceWord(this.nodes.push(node) - 1);
  }

  /** Locks the tree down: no code can enter it, and code of it that still runs cannot call out. */
  lockDown(trap: unknown): void {
    if (this.lockedDown) return;
    this.noteCalls?.();
    this.words[this.lockedDownAt] = 1;
    this.trap = trap;
    for (const node of this.nodes) {
      node.entered = LOCKED;
      node.mayLeave = false;
    }
    for (const wait of this.waits) wait.end();
    this.onLockDown?.();
    for (const told of this.toldOfEnd.splice(0)) told();
  }

  /** The instance's signal aborted: locks the tree down, and calls that wait reject with the reason. */
  abort(reason: unknown): void {
    this.aborted ??= { reason };
    this.lockDown(reason);
    for (const reject of this.pendingCalls) reject(reason);
  }

  /**
   * Gives the number of a call for {@linkcode ComponentInstance.entered}. If another call is
   * refused meanwhile, the message names this path.
   */
  callNumber(path: string): number {
    return this.#callees.push(path) - 1;
  }

  /** The path of a call number. {@linkcode LOCKED} has none. */
  calleeOf(number: number): string | undefined {
    return number < LOCKED ? this.calleeOfWord?.(number) : this.#callees[number];
  }
}

/** Why a signal aborted. One that reads a flag of another thread's may have nothing to say. */
export function reasonOf({ reason }: AbortSignal): unknown {
  return reason ?? new DOMException("the signal was aborted without a reason", "AbortError");
}

/**
 * Runs the functions that waited until no call is suspended. An exception of theirs is not a
 * failure of the call.
 */
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

/** `ComponentInstance`: one component instance of a tree. */
export class ComponentInstance {
  readonly tree: InstanceTree;
  readonly parent: ComponentInstance | undefined;
  readonly handles: HandleTable;
  /** The words of all flags, and the indices of this instance's own (flags.ts). */
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

  /** `not may_enter`: {@linkcode FREE}, {@linkcode LOCKED}, or the number of the call under way. */
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

  /** Whether its core functions may call those of another instance at all. */
  mayCall(callee: ComponentInstance): boolean {
    return mayCall(this, callee, parentOf);
  }

  /**
   * `entering_set`: this instance and its ancestors, without those that the caller is in. Innermost
   * first.
   */
  enteringSet(caller: ComponentInstance | undefined): readonly ComponentInstance[] {
    return enteringSet(this, caller, parentOf);
  }
}

function parentOf({ parent }: ComponentInstance): ComponentInstance | undefined {
  return parent;
}
