// The asynchronous side of a running instance tree: its scheduler, the built-ins of the
// asynchronous model, and lifts and lowers that run as tasks.
// Made only for a plan that has such parts. A synchronous component pays nothing.

import type { CoreFunction, CoreFuncType } from "../../abi/types/core_values.ts";
import { LinkError } from "../../errors.ts";
import { signatureLayout } from "../../abi/types/layout.ts";
import type { ValType } from "../../abi/types/types.ts";
import type { CodecSource } from "../../abi/codecs/codec.ts";
import { signatureOf } from "../../abi/codecs/signature.ts";
import { CanonContext, type CanonOptions } from "../../abi/state/canon_context.ts";
import type { ComponentInstance, InstanceTree } from "../../abi/state/instance.ts";
import { guestMemory } from "../../abi/state/memory.ts";
import { apart, callApart } from "../../abi/concurrency/apart.ts";
import { callableTask } from "../../abi/concurrency/call_from_host.ts";
import { callNow } from "../../abi/concurrency/call_now.ts";
import type { Codegen } from "../../abi/codegen/generate.ts";
import { givenLifting, isNumbers, outcomeLowering } from "../../abi/codegen/passing.ts";
import { cancelCopy, copy, dropEnd, type EndType, newEnds } from "../../abi/concurrency/ends.ts";
import { debugMessage, dropErrorContext, newErrorContext } from "../../abi/concurrency/error_context.ts";
import { hostEnds } from "../../abi/concurrency/host_ends.ts";
import type { GuestCore, LiftTarget } from "../../abi/concurrency/lift.ts";
import { lowerAsyncHost, type LoweredHost } from "../../abi/concurrency/lower_host.ts";
import { lowerGuest, type TaskSides } from "../../abi/concurrency/lower_guest.ts";
import { Scheduler, type SchedulerSettings } from "../../abi/concurrency/scheduler.ts";
import { slicedPlain, slicedTask } from "../../abi/concurrency/slices.ts";
import { Stacks } from "../../abi/concurrency/stacks.ts";
import { addBackpressure, cancelTask, contextGet, contextSet, returnTask } from "../../abi/concurrency/tasks.ts";
import {
  availableParallelism,
  newThread,
  resumeLater,
  suspendThread,
  thenPromote,
  thenResume,
  threadIndex,
  yieldThread,
} from "../../abi/concurrency/threads.ts";
import { TreeValues } from "../../abi/concurrency/values.ts";
import {
  cancelSubtask,
  dropSet,
  dropSubtask,
  joinSet,
  newWaitableSet,
  pollSet,
  waitForSet,
} from "../../abi/concurrency/waiting.ts";
import { hasType } from "../../abi/concurrency/core_types.ts";
import { allLifts, isBlocking, suspendingReach } from "../plan/suspend_reach.ts";
import {
  type Builtin,
  type CoreRef,
  isMaking,
  type MakingStep,
  type Plan,
  type PlanLift,
  type PlanOptions,
} from "../plan/plan_types.ts";

/** What runs asynchronous parts: large, and loaded for those components only that have some. */
export interface AsyncParts {
  /** Makes the asynchronous side of an instance tree. */
  core(
    side: CoreSide,
    suspending: readonly number[],
    settings: SchedulerSettings,
    sliced: boolean,
  ): AsyncCore;
  /** Makes the function by which a metered module of a tree without tasks asks for units. */
  sliced(tree: InstanceTree, refill: () => void): CoreFunction;
}

/** The parts. */
export const asyncParts: AsyncParts = {
  core: (...given) => new AsyncCore(...given),
  sliced: slicedPlain,
};

/** What the asynchronous side takes from the core side. */
export interface CoreSide {
  readonly plan: Plan;
  readonly tree: InstanceTree;
  readonly codecs: CodecSource;
  /** Compiled modules of dispatchers, by the types of their functions. */
  readonly dispatchers: Map<string, WebAssembly.Module>;
  core(ref: CoreRef): unknown;
  options(options: PlanOptions): CanonOptions;
}

/** Built-ins that copy as much as a guest says. */
const COPYING: ReadonlySet<Builtin["name"]> = new Set(["stream.read", "stream.write", "future.read", "future.write"]);

/** The asynchronous side of one instance tree. */
export class AsyncCore {
  readonly scheduler: Scheduler;
  readonly #side: CoreSide;
  readonly #stacks: Stacks;
  /** Lifts that may have to wait. */
  readonly #reach: ReadonlySet<number>;
  /** Component instances whose code can tell threads from each other. */
  readonly #threaded: ReadonlySet<number>;
  readonly #starts = new WeakMap<CoreFunction, GuestCore>();

  /**
   * @param suspending The leaves of the imports that suspend their callers.
   * @param sliced Whether any code of a guest may be suspended.
   */
  constructor(side: CoreSide, suspending: readonly number[], settings: SchedulerSettings, sliced: boolean) {
    const { plan, tree } = side;
    this.#side = side;
    this.scheduler = new Scheduler(tree, settings);
    tree.asyncValues = new TreeValues(this.scheduler, hostEnds(this.scheduler));
    this.#stacks = new Stacks(this.scheduler, side.dispatchers);
    this.#reach = sliced ? allLifts(plan) : suspendingReach(plan, suspending);
    this.#threaded = new Set(plan.steps.flatMap((step) => {
      if (!isMaking(step)) return [];
      return step.kind === "builtin" ? step.builtin.name.startsWith("resource.") ? [] : step.node : step.node;
    }));
  }

  /** Whether a lift runs as a task rather than as a plain call. */
  isTask(lift: number): boolean {
    const { type, options } = this.#side.plan.lifts[lift]!;
    return type.async || options.style !== "sync" || this.#reach.has(lift);
  }

  /** Makes the function by which a metered module asks for units, and which may suspend the guest. */
  sliced(refill: () => void): CoreFunction {
    const made = slicedTask(this.scheduler, this.#stacks, refill);
    if (this.#stacks.works) return made;
    // Stacks are suspended by modules that depend on signatures, of which there are none here.
    const what = "the limit `slice` of a component with tasks";
    throw new LinkError("missing-feature", "instantiate component", "", what, "leave to compile");
  }

  /** Whether plain calls of a node's functions need threads of their own. */
  isThreaded(node: number): boolean {
    return this.#threaded.has(node);
  }

  /** Makes a function of a guest that runs apart from the thread that needs it. */
  apart<F extends (...args: never[]) => unknown>(func: F): F {
    return apart(this.scheduler, func);
  }

  /** Makes a lifted function and its post-return, which runs in the thread of the call. */
  callApart<F extends (...args: never[]) => unknown, P extends (...args: never[]) => unknown>(
    core: F,
    postReturn: P | undefined,
  ): { core: F; postReturn: P | undefined } {
    return callApart(this.scheduler, core, postReturn);
  }

  /** Makes the function by which the host calls a lift as a task. */
  callable(...call: Parameters<typeof callableTask>): ReturnType<typeof callableTask> {
    return callableTask(...call);
  }

  /** Calls a lift as a task whose result is taken at once. */
  callNow(...call: Parameters<typeof callNow>): unknown {
    return callNow(...call);
  }

  /** Makes the parts of a lift that runs as a task. */
  target(
    index: number,
    { type, options, core, name }: PlanLift,
    inst: ComponentInstance,
    postReturn: LiftTarget["postReturn"],
  ): LiftTarget {
    const { style, address, memory, callback } = options, side = this.#side;
    const signature = signatureOf(type, { side: "lift", style, address }, side.codecs);
    const stacked = this.#reach.has(index);
    const guestCore = (type: CoreFuncType, ref: CoreRef): GuestCore => {
      const plain = side.core(ref) as CoreFunction;
      return { plain, start: stacked ? this.#stacks.starter(type, plain) : undefined };
    };
    const path = `function ${name ?? index} of another component`;
    return {
      inst,
      scheduler: this.scheduler,
      signature,
      async: type.async,
      style,
      core: guestCore(signature.layout.core, core),
      callback: callback && guestCore({ params: ["i32", "i32", "i32"], results: ["i32"] }, callback),
      postReturn,
      memory: memory && side.core(memory) as WebAssembly.Memory,
      path,
      number: side.tree.callNumber(path),
      threads: this.scheduler.threads(inst),
      enteringAll: inst.enteringSet(undefined),
    };
  }

  /** Makes the core function for a guest's call of another guest. */
  lowerGuest(sides: TaskSides): CoreFunction {
    return lowerGuest(sides, this.#stacks);
  }

  /** Makes the core function for a guest's call of the host. */
  lowerHost(lowered: Omit<LoweredHost, "scheduler" | "passing">, codegen: Codegen | undefined): CoreFunction {
    const passed = codegen && !isNumbers(lowered.signature)
      ? { ...lowered, codecs: this.#side.codecs, codegen }
      : undefined;
    const passing = passed && { given: givenLifting(passed), outcome: outcomeLowering(passed) };
    return lowerAsyncHost({ ...lowered, scheduler: this.scheduler, passing }, this.#stacks);
  }

  /** Makes a built-in. */
  builtin({ builtin }: MakingStep & { kind: "builtin" }, inst: ComponentInstance): CoreFunction {
    const work = this.#builtin(builtin, inst) as CoreFunction, { meter } = this.#side.tree;
    // A guest that copies from one end of a stream to the other spends few units in a long time.
    const isWatched = meter?.isWatched && COPYING.has(builtin.name);
    const made: CoreFunction = isWatched ? (...args) => (meter.returned(), work(...args)) : work;
    if (!isBlocking(builtin)) return this.#stacks.guarded(made);
    return this.#stacks.attempt(coreTypeOf(builtin), made as never);
  }

  #builtin(builtin: Builtin, inst: ComponentInstance): unknown {
    const { scheduler } = this, host = { inst, scheduler }, side = this.#side;
    const contexts = (options: PlanOptions) => {
      const canon = side.options(options);
      return { guest: new CanonContext(inst, canon, false), host: new CanonContext(inst, canon, true) };
    };
    const text = ({ address }: PlanOptions) => side.codecs.of({ kind: "string" }, address);
    switch (builtin.name) {
      case "context.get":
        return contextGet(host, builtin.coreType, builtin.slot);
      case "context.set":
        return contextSet(host, builtin.slot);
      case "backpressure.inc":
        return addBackpressure(host, 1);
      case "backpressure.dec":
        return addBackpressure(host, -1);
      case "task.return": {
        const { result, options } = builtin, { address, stringEncoding, memory } = options;
        const layout = signatureLayout({ params: [], result: result!, async: true }, {
          side: "task-return",
          style: "sync",
          address,
        });
        return returnTask(host, {
          result,
          codec: result && side.codecs.of(result, address),
          layout,
          stringEncoding,
          memory: memory && side.core(memory) as WebAssembly.Memory,
        });
      }
      case "task.cancel":
        return cancelTask(host);
      case "waitable-set.new":
        return newWaitableSet(host);
      case "waitable-set.wait":
      case "waitable-set.poll": {
        const memory = guestMemory(side.core(builtin.memory.ref) as WebAssembly.Memory);
        const place = { memory };
        return (builtin.name === "waitable-set.wait" ? waitForSet : pollSet)(host, place, builtin.cancellable);
      }
      case "waitable-set.drop":
        return dropSet(host);
      case "waitable.join":
        return joinSet(host);
      case "subtask.cancel":
        return cancelSubtask(host, builtin.async);
      case "subtask.drop":
        return dropSubtask(host);
      case "stream.new":
      case "future.new":
        return newEnds(this.#end(builtin.type, inst));
      case "stream.read":
      case "stream.write":
      case "future.read":
      case "future.write": {
        const { type, options } = builtin, { element } = type;
        return copy({
          ...this.#end(type, inst),
          verb: verbOf(builtin.name),
          async: options.style !== "sync",
          codec: element && side.codecs.of(element, options.address),
          contexts: contexts(options),
        });
      }
      case "stream.cancel-read":
      case "stream.cancel-write":
      case "future.cancel-read":
      case "future.cancel-write":
        return cancelCopy(this.#end(builtin.type, inst), verbOf(builtin.name), builtin.async);
      case "stream.drop-readable":
      case "stream.drop-writable":
      case "future.drop-readable":
      case "future.drop-writable":
        return dropEnd(this.#end(builtin.type, inst), builtin.name.endsWith("readable") ? "read" : "write");
      case "error-context.new":
        return newErrorContext(contexts(builtin.options).host, text(builtin.options));
      case "error-context.debug-message":
        return debugMessage(contexts(builtin.options).host, text(builtin.options));
      case "error-context.drop":
        return dropErrorContext(inst);
      case "thread.available-parallelism":
        return availableParallelism;
      case "thread.index":
        return threadIndex(host);
      case "thread.new-indirect": {
        const { param } = builtin, type: CoreFuncType = { params: [param], results: [] };
        return newThread(host, {
          table: side.core(builtin.table) as WebAssembly.Table,
          param,
          fits: (func) => hasType(func, type),
          core: (func) => this.#start(func, type),
        });
      }
      case "thread.resume-later":
        return resumeLater(host);
      case "thread.suspend":
        return suspendThread(host, builtin.cancellable);
      case "thread.yield":
        return yieldThread(host, builtin.cancellable);
      case "thread.suspend-then-resume":
      case "thread.yield-then-resume":
        return thenResume(host, builtin.name === "thread.yield-then-resume", builtin.cancellable);
      case "thread.suspend-then-promote":
      case "thread.yield-then-promote":
        return thenPromote(host, builtin.name === "thread.yield-then-promote", builtin.cancellable);
      default:
        throw new TypeError(`no built-in ${builtin.name}`); // resource.* are made elsewhere
    }
  }

  #start(plain: CoreFunction, type: CoreFuncType): GuestCore {
    let made = this.#starts.get(plain);
    if (made === undefined) this.#starts.set(plain, made = { plain, start: this.#stacks.starter(type, plain) });
    return made;
  }

  #end(
    { kind, element }: { kind: "stream" | "future"; element: ValType | undefined },
    inst: ComponentInstance,
  ): EndType {
    return { inst, scheduler: this.scheduler, kind, element };
  }
}

function verbOf(name: string): "read" | "write" {
  return name.endsWith("read") ? "read" : "write";
}

/** The core type of a built-in that may block. */
function coreTypeOf(builtin: Builtin): CoreFuncType {
  const params = ((): readonly ("i32" | "i64")[] => {
    switch (builtin.name) {
      case "waitable-set.wait":
        return ["i32", builtin.memory.address];
      case "stream.read":
      case "stream.write":
        return ["i32", builtin.options.address, builtin.options.address];
      case "future.read":
      case "future.write":
        return ["i32", builtin.options.address];
      case "thread.yield":
      case "thread.suspend":
        return [];
      default:
        return ["i32"];
    }
  })();
  const result = builtin.name.startsWith("stream.") ? (builtin as { options: PlanOptions }).options.address : "i32";
  return { params, results: [result] };
}
