// Suspending a guest (JSPI): which of its calls can be suspended now, core functions that behave
// accordingly, and the end of a wait that nobody needs any more.
// An engine refuses to suspend a plain call, and JavaScript on the stack; and what it throws then, a guest can catch. So the guest never
// imports a `Suspending` function itself: a small module chooses between it and a plain one that traps, by a global that says which call runs.
// Spec: JavaScript-Promise Integration proposal; DESIGN.md "Suspension".

import type { CoreFunction, CoreFuncType, CoreValue } from "../types/core_values.ts";
import type { InstanceTree } from "./instance.ts";
import { buildModule, leb } from "../wasm/encoder.ts";

/** What TypeScript's library does not declare yet. */
const jspi = WebAssembly as unknown as {
  Suspending: new (func: CoreFunction) => CoreFunction;
  promising(func: CoreFunction): (...args: unknown[]) => Promise<unknown>;
};

/** A guest's function as one that gives a promise and may be suspended on the way. */
export function promising(core: CoreFunction): (...args: unknown[]) => Promise<unknown> {
  return jspi.promising(core);
}

/** What a host's promise may have: called when nobody will ever hear what becomes of it. */
export const abandon: unique symbol = Symbol("abandon");

/**
 * What becomes of a guest that waits for a promise of the host's: core values go back into it, what
 * is thrown unwinds it.
 */
export interface Waiter {
  fulfilled(value: unknown): CoreValue | undefined;
  rejected(error: unknown): CoreValue | undefined;
  /**
   * The tree was locked down meanwhile; gives what unwinds the guest, which must be a trap that it
   * cannot catch.
   */
  ended(): unknown;
}

/**
 * Waits for a promise of the host's. The wait ends when that settles or when the tree is locked
 * down, whichever comes first: a guest that was never resumed would keep its stack, and all that
 * the stack refers to, for ever (V8 collects none).
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
  /** Let go of at the end: the host may keep its promise, and so this, for ever. */
  #parts: WaitParts | undefined;

  constructor(parts: WaitParts) {
    this.#parts = parts;
  }

  listen(promise: PromiseLike<unknown>, tree: InstanceTree): void {
    tree.waits.add(this);
    // Within an executor, whatever a thenable throws is a rejection.
    new Promise((done) => done(promise)).then(
      (value) => this.#settle(({ waiter }) => waiter.fulfilled(value)),
      (error) => this.#settle(({ waiter }) => waiter.rejected(error)),
    );
    // The host function may have locked the tree down before it returned its promise.
    if (tree.lockedDown) this.end();
  }

  /** Unwinds the guest. What the host's promise comes to is not heard. */
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

/** The host's side of it: waits for a call, or for the instance's abort. */
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

/** What the running call of one instance tree allows. Made only where a suspending function is linked. */
export class Suspension {
  readonly #allowed = new WebAssembly.Global({ value: "i32", mutable: true }, 0);
  /** What runs now and cannot be suspended, in words. */
  pinned = "the start function of a core module";

  /** Whether a promising call runs, with nothing in it that cannot be suspended. */
  get allowed(): boolean {
    return this.#allowed.value === 1;
  }

  set allowed(allowed: boolean) {
    this.#allowed.value = allowed ? 1 : 0;
  }

  /** A function during which nothing can be suspended. */
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
   * The functions that guests import: `suspending`, which may return a promise, where that is
   * allowed, else `plain`.
   *
   * @param modules The engine's modules by what they are made for, so that another instance need
   * not compile them again.
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

/** A function that is called in one of two ways. */
export interface Dispatched {
  readonly type: CoreFuncType;
  readonly plain: CoreFunction;
  readonly suspending: CoreFunction;
}

/**
 * For each: `(func (param …) (result …) (if (global.get $allowed) (then (call $suspending …)) (else
 * (call $plain …))))`.
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
