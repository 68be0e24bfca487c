// Core functions that can be suspended, and functions that suspend them: small modules around what
// the guest exports and imports, since only WebAssembly may be on a stack that JSPI suspends.
// An attempt is a function that a guest imports: JavaScript does the work, and only if that has to
// wait does the module suspend the stack. A starter runs a guest's function on a stack of its own
// and tells at once that it has ended.
// Spec: JavaScript-Promise Integration proposal.

import type { CoreFunction, CoreFuncType, CoreType, CoreValue } from "../types/core_values.ts";
import { buildModule, leb } from "../wasm/encoder.ts";
import { asTrap, makeTrap, uncatchable } from "../state/trap.ts";
import { Trap } from "../../errors.ts";
import { jspi } from "../state/jspi.ts";
import type { Scheduler } from "./scheduler.ts";
import type { Thread } from "./thread.ts";

/** Declarations that are missing in TypeScript's library. */
const engine = WebAssembly as unknown as {
  Suspending: new (func: () => Promise<unknown>) => CoreFunction;
  promising(func: CoreFunction): (...args: unknown[]) => Promise<unknown>;
};

/** Compiled modules by kind and signature. */
export type StackModules = Map<string, WebAssembly.Module>;

/** Makes attempts and starters for one tree. */
export class Stacks {
  readonly #scheduler: Scheduler;
  readonly #modules: StackModules;
  readonly #suspending: CoreFunction | undefined;
  #works: boolean;

  constructor(scheduler: Scheduler, modules: StackModules) {
    this.#scheduler = scheduler;
    this.#modules = modules;
    this.#works = jspi.has;
    if (jspi.has) scheduler.need = new WebAssembly.Global({ value: "i32", mutable: true }, 0);
    this.#suspending = jspi.has ? new engine.Suspending(() => scheduler.takePending()) : undefined;
  }

  /** Whether it makes functions that suspend, as far as is known: not where nothing may be compiled. */
  get works(): boolean {
    return this.#works;
  }

  /** Makes the function that a guest imports. `work` may suspend the guest's stack. */
  attempt(type: CoreFuncType, work: (...args: CoreValue[]) => CoreValue | undefined | void): CoreFunction {
    const [result] = type.results, scheduler = this.#scheduler;
    const nothing = result === "i64" ? 0n : 0;
    // The engine would convert `undefined`, which fails for an i64.
    const attempt = (...args: CoreValue[]) => {
      try {
        return work(...args) ?? nothing;
      } catch (error) {
        throw uncatchable(scheduler.tree, error);
      }
    };
    const module = this.#module("attempt", type, attemptModule);
    if (module === undefined) return attempt as CoreFunction;
    const { exports } = new WebAssembly.Instance(module, {
      "": { attempt, need: scheduler.need!, suspend: this.#suspending!, resumed: () => scheduler.resumed() },
    });
    return exports.f as CoreFunction;
  }

  /** Makes a function that a guest imports and that never waits. */
  guarded(work: CoreFunction): CoreFunction {
    const { tree } = this.#scheduler;
    return (...args) => {
      try {
        return work(...args);
      } catch (error) {
        throw uncatchable(tree, error);
      }
    };
  }

  /**
   * Makes a function that runs a guest's on a stack of its own. `undefined` if the engine cannot
   * suspend stacks.
   */
  starter(type: CoreFuncType, core: CoreFunction): ((thread: Thread, args: readonly unknown[]) => void) | undefined {
    const module = this.#module("starter", type, starterModule);
    if (module === undefined) return undefined;
    const scheduler = this.#scheduler;
    const done = (result: unknown): void => ended(scheduler, scheduler.current!, result);
    const { exports } = new WebAssembly.Instance(module, { "": { core, done } });
    const promising = engine.promising(exports.f as CoreFunction);
    return (thread, args) => start(scheduler, thread, promising, args);
  }

  #module(kind: string, type: CoreFuncType, build: (type: CoreFuncType) => WebAssembly.Module) {
    if (!this.#works) return undefined;
    const key = `${kind} ${type.params}:${type.results}`;
    let module = this.#modules.get(key);
    if (module !== undefined) return module;
    try {
      this.#modules.set(key, module = build(type));
      return module;
    } catch {
      this.#works = false; // where nothing may be compiled
      return undefined;
    }
  }
}

/** What happens when a function on a stack of its own has returned. */
function ended(scheduler: Scheduler, thread: Thread, result: unknown): void {
  scheduler.allowed = false;
  const { returned } = thread;
  thread.returned = undefined;
  try {
    returned!(result, thread);
  } catch (error) {
    thread.failure = { error };
  }
  scheduler.land(thread);
}

/** Runs a function on a stack of its own, up to where it is suspended or ends. */
function start(
  scheduler: Scheduler,
  thread: Thread,
  promising: (...args: unknown[]) => Promise<unknown>,
  args: readonly unknown[],
): void {
  scheduler.current = thread;
  scheduler.allowed = true;
  const promise = promising(...args);
  const { tree } = scheduler;
  if (thread.failure !== undefined) {
    promise.catch(() => {});
    throw thread.failure.error;
  }
  if (thread.returned === undefined) {
    promise.catch(() => {}); // not possible: its end was reached
    return;
  }
  if (thread.suspended) {
    promise.catch((error) => late(scheduler, thread, error));
    return;
  }
  // It trapped. The error itself comes in a microtask, but the caller must trap now.
  let early: Trap | undefined;
  if (!tree.lockedDown) tree.lockDown(early = makeTrap("guest-trap", [EARLY]) as Trap);
  promise.catch((error) => {
    if (early !== undefined) amend(early, asTrap(error));
  });
  throw tree.trap;
}

/** Stands for the phrase of a trap until the engine has told it. */
const EARLY = "a call that it started has trapped";

/** Puts the phrase of an error in the place of {@linkcode EARLY}, and its code. */
function amend(early: Trap, error: unknown): void {
  if (error instanceof Trap) (early as { code: string }).code = error.code;
  const phrase = error instanceof Error ? error.message.replace(/^Trap: /, "") : String(error);
  for (const key of ["message", "stack"] as const) {
    const value = early[key]?.replace(EARLY, phrase);
    Object.defineProperty(early, key, { value, writable: true, configurable: true });
  }
}

/** A suspended stack ended with an exception. */
function late(scheduler: Scheduler, thread: Thread, error: unknown): void {
  const unwound = scheduler.tree.lockedDown && scheduler.flight?.thread !== thread &&
    thread.task.root?.settled !== false;
  if (!unwound) scheduler.fail(thread.task.root, error);
}

const GLOBAL_GET = 0x23, GLOBAL_SET = 0x24, LOCAL_GET = 0x20, I32_CONST = 0x41;
const IF = 0x04, CALL = 0x10, DROP = 0x1a, END = 0x0b;

/**
 * `(func (param …) (result …) (call $attempt …) (if (global.get $need) (then (drop) (global.set
 * $need (i32.const 0)) (call $suspend) (call $resumed))))`
 */
function attemptModule(type: CoreFuncType): WebAssembly.Module {
  const results: readonly CoreType[] = type.results;
  const types: CoreFuncType[] = [type, { params: [], results }, { params: [], results: [] }, {
    params: results,
    results,
  }];
  return new WebAssembly.Module(buildModule({
    types,
    imports: [
      { name: "attempt", kind: "func", type: 0 },
      { name: "suspend", kind: "func", type: 1 },
      { name: "resumed", kind: "func", type: 2 },
      { name: "need", kind: "global", type: "i32", mutable: true },
    ],
    funcs: [{
      name: "f",
      type: 0,
      body: [
        ...type.params.flatMap((_, i) => [LOCAL_GET, ...leb(i)]),
        ...[CALL, 0, GLOBAL_GET, 0, IF, 3],
        ...results.map(() => DROP),
        ...[I32_CONST, 0, GLOBAL_SET, 0, CALL, 1, CALL, 2, END],
      ],
    }],
  }));
}

/** `(func (param …) (call $done (call $core …)))` */
function starterModule(type: CoreFuncType): WebAssembly.Module {
  return new WebAssembly.Module(buildModule({
    types: [type, { params: type.results, results: [] }, { params: type.params, results: [] }],
    imports: [
      { name: "core", kind: "func", type: 0 },
      { name: "done", kind: "func", type: 1 },
    ],
    funcs: [{
      name: "f",
      type: 2,
      body: [...type.params.flatMap((_, i) => [LOCAL_GET, ...leb(i)]), CALL, 0, CALL, 1],
    }],
  }));
}
