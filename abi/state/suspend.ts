// Suspending a guest (JSPI): which calls can be suspended now, core functions that act accordingly,
// and the end of a wait whose result is not needed any more.
// An engine cannot suspend a plain call, nor a stack with JavaScript frames on it. The exception
// that it throws then can be caught by the guest.
// So the guest never imports a `Suspending` function directly. A small module stands between: a
// global says which call runs, and the module calls either the suspending function or a plain one
// that traps.
// Spec: JavaScript-Promise Integration proposal.

import type { CoreFunction, CoreFuncType, CoreValue } from "../types/core_values.ts";
import type { InstanceTree } from "./instance.ts";
import { buildModule, leb } from "../wasm/encoder.ts";

/** Declarations that are missing in TypeScript's library. */
const jspi = WebAssembly as unknown as {
  Suspending: new (func: CoreFunction) => CoreFunction;
  promising(func: CoreFunction): (...args: unknown[]) => Promise<unknown>;
};

/** Makes a function of a guest that returns a promise and may be suspended while it runs. */
export function promising(core: CoreFunction): (...args: unknown[]) => Promise<unknown> {
  return jspi.promising(core);
}

/**
 * Optional method of a host's promise. It is called when the result can no longer be delivered, so
 * that the host can cancel its work.
 */
export const abandon: unique symbol = Symbol("abandon");

/**
 * How a guest that waits for a host's promise goes on. The returned core values go into the guest,
 * a thrown exception unwinds it.
 */
export interface Waiter {
  fulfilled(value: unknown): CoreValue | undefined;
  rejected(error: unknown): CoreValue | undefined;
  /**
   * Called if the tree was locked down meanwhile. Gives the error that unwinds the guest, which
   * must be a trap that the guest cannot catch.
   */
  ended(): unknown;
}

/**
 * Waits for a promise of the host. The wait ends when the promise settles or when the tree is
 * locked down. Without the second, a guest that is never resumed would keep its stack, and all
 * objects that the stack refers to, for ever (V8 does not collect them).
 */
export function wait(tree: InstanceTree, promise: Promised, waiter: Waiter): Promise<CoreValue | undefined> {
  return new Promise((resolve, reject) => {
    new Wait({ tree, waiter, resolve, reject, abandon: promise[abandon] }).listen(promise, tree);
  });
}

type Promised = PromiseLike<unknown> & { readonly [abandon]?: () => void };

interface WaitParts {
  readonly tree: InstanceTree;
  readonly waiter: Waiter;
  readonly resolve: (core: CoreValue | undefined) => void;
  readonly reject: (error: unknown) => void;
  readonly abandon: (() => void) | undefined;
}

class Wait {
  /**
   * Set to `undefined` when the wait ends. The host may keep its promise, and therefore this
   * object, for ever.
   */
  #parts: WaitParts | undefined;

  constructor(parts: WaitParts) {
    this.#parts = parts;
  }

  listen(promise: PromiseLike<unknown>, tree: InstanceTree): void {
    tree.waits.add(this);
    // The executor turns any exception of a thenable into a rejection.
    new Promise((done) => done(promise)).then(
      (value) => this.#settle(({ waiter }) => waiter.fulfilled(value)),
      (error) => this.#settle(({ waiter }) => waiter.rejected(error)),
    );
    // The host function may have locked the tree down before it returned its promise.
    if (tree.lockedDown) this.end();
  }

  /** Ends the wait: unwinds the guest. The result of the host's promise is ignored. */
  end(): void {
    const abandon = this.#parts?.abandon;
    this.#settle(({ waiter }) => {
      throw waiter.ended();
    });
    abandon?.();
  }

  #settle(make: (parts: WaitParts) => CoreValue | undefined): void {
    const parts = this.#parts;
    if (parts === undefined) return;
    this.#parts = undefined;
    parts.tree.waits.delete(this);
    try {
      parts.resolve(make(parts));
    } catch (error) {
      parts.reject(error);
    }
  }
}

/**
 * The host's part of the wait: settles with the call, or rejects when the instance's signal aborts.
 */
export function orAborted<T>(tree: InstanceTree, call: Promise<T>): Promise<T> {
  let reject!: (reason: unknown) => void;
  const aborted = new Promise<never>((_, rejectAborted) => {
    reject = rejectAborted;
  });
  tree.pendingCalls.add(reject);
  if (tree.aborted !== undefined) reject(tree.aborted.reason); // before there was anybody to tell
  return Promise.race([call, aborted]).finally(() => {
    tree.pendingCalls.delete(reject);
  });
}

/**
 * Says whether the running call of one instance tree can be suspended. Made only if a suspending
 * function is linked.
 */
export class Suspension {
  readonly #allowed = new WebAssembly.Global({ value: "i32", mutable: true }, 0);
  /** Describes the code that runs now and cannot be suspended. */
  pinned = "the start function of a core module";

  /** Whether a promising call runs, and no part of it prevents suspension. */
  get allowed(): boolean {
    return this.#allowed.value === 1;
  }

  set allowed(allowed: boolean) {
    this.#allowed.value = allowed ? 1 : 0;
  }

  /** Wraps a function so that nothing can be suspended while it runs. */
  pin<F extends (...args: never[]) => unknown>(what: string, func: F): F {
    return ((...args: never[]) => {
      const { pinned, allowed } = this;
      this.pinned = what;
      this.allowed = false;
      try {
        return func(...args);
      } finally {
        this.pinned = pinned;
        this.allowed = allowed;
      }
    }) as F;
  }

  /**
   * Makes the functions that guests import. Each calls `suspending`, which may return a promise, if
   * suspension is allowed, and otherwise `plain`.
   *
   * @param modules Compiled modules by their signatures, so that another instance need not compile
   * them again.
   */
  dispatch(calls: readonly Dispatched[], modules: Map<string, WebAssembly.Module>): CoreFunction[] {
    const imports: WebAssembly.ModuleImports = { allowed: this.#allowed };
    const suspending = calls.map((call) => new jspi.Suspending(call.suspending));
    const key = calls.map(({ type }) => `${type.params}:${type.results}`).join(";");
    let module = modules.get(key);
    if (module === undefined) {
      try {
        modules.set(key, module = dispatchers(calls));
      } catch {
        return suspending; // where nothing may be compiled: the engine itself refuses what cannot be suspended
      }
    }
    calls.forEach(({ plain }, i) => {
      imports[`p${i}`] = plain;
      imports[`s${i}`] = suspending[i]!;
    });
    const { exports } = new WebAssembly.Instance(module, { "": imports });
    return calls.map((_, i) => exports[`f${i}`] as CoreFunction);
  }
}

/** A function that can be called in two ways. */
export interface Dispatched {
  readonly type: CoreFuncType;
  readonly plain: CoreFunction;
  readonly suspending: CoreFunction;
}

/**
 * Builds the module that chooses. Each function is: `(func (param …) (result …) (if (global.get
 * $allowed) (then (call $suspending …)) (else (call $plain …))))`.
 */
function dispatchers(calls: readonly Dispatched[]): WebAssembly.Module {
  const [globalGet, ifType, elseOp, call, end] = [0x23, 0x04, 0x05, 0x10, 0x0b];
  const types: CoreFuncType[] = [], numbers = new Map<string, number>();
  const number = (type: CoreFuncType): number => {
    const key = `${type.params}:${type.results}`;
    if (!numbers.has(key)) numbers.set(key, types.push(type) - 1);
    return numbers.get(key)!;
  };
  return new WebAssembly.Module(buildModule({
    types,
    imports: [
      { name: "allowed", kind: "global", type: "i32", mutable: true },
      ...calls.flatMap(({ type }, i) =>
        ["p", "s"].map((letter) => ({ name: `${letter}${i}`, kind: "func", type: number(type) }) as const)
      ),
    ],
    funcs: calls.map(({ type }, i) => {
      const args = type.params.flatMap((_, k) => [0x20, k]), block = number({ params: [], results: type.results });
      const [plain, suspending] = [leb(2 * i), leb(2 * i + 1)];
      return {
        name: `f${i}`,
        type: number(type),
        body: [
          ...[globalGet, 0, ifType, ...leb(block)],
          ...[...args, call, ...suspending, elseOp],
          ...[...args, call, ...plain, end],
        ],
      };
    }),
  }));
}
