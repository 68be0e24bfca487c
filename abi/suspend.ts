// Suspending a guest (JSPI): which of its calls can be suspended now, and core functions that behave accordingly.
// An engine refuses to suspend a plain call, and JavaScript on the stack; and what it throws then, a guest can catch. So the guest never
// imports a `Suspending` function itself: a small module chooses between it and a plain one that traps, by a global that says which call runs.
// Spec: JavaScript-Promise Integration proposal; DESIGN.md "Suspension".

import type { InstanceTree } from "./instance.ts";
import type { CoreFuncType } from "./layout.ts";
import type { CoreFunction } from "./signature.ts";
import { buildModule } from "./wasm/builder.ts";

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

/** A promise that stays pending once the tree was aborted: a guest that waits for it is never resumed, and is garbage. */
export async function unlessAborted<T>(
  tree: InstanceTree,
  promise: PromiseLike<T> & { readonly [abandon]?: () => void },
): Promise<T> {
  tree.abandonWait = promise[abandon];
  try {
    return await promise;
  } finally {
    tree.abandonWait = undefined;
    if (tree.aborted !== undefined) await new Promise<never>(() => {});
  }
}

/** The host's side of it: waits for a call, or for the instance's abort. One call is under way in a tree at a time. */
export function orAborted<T>(tree: InstanceTree, call: Promise<T>): Promise<T> {
  const aborted = new Promise<never>((_, reject) => {
    tree.abortCall = reject;
    if (tree.aborted !== undefined) reject(tree.aborted.reason); // before there was anybody to tell
  });
  return Promise.race([call, aborted]).finally(() => {
    tree.abortCall = undefined;
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

  /** The function that a guest imports: `suspending`, which may return a promise, where that is allowed, else `plain`. */
  dispatch(type: CoreFuncType, plain: CoreFunction, suspending: CoreFunction): CoreFunction {
    const s = new jspi.Suspending(suspending);
    let module: WebAssembly.Module;
    try {
      module = dispatcher(type);
    } catch {
      return s; // where nothing may be compiled: the engine itself refuses what cannot be suspended
    }
    return new WebAssembly.Instance(module, { "": { allowed: this.#allowed, plain, suspending: s } }).exports[
      "call"
    ] as CoreFunction;
  }
}

const dispatchers = new Map<string, WebAssembly.Module>();

/** `(func (param …) (result …) (if (global.get $allowed) (then (call $suspending …)) (else (call $plain …))))`. */
function dispatcher(type: CoreFuncType): WebAssembly.Module {
  const key = `${type.params}:${type.results}`;
  let module = dispatchers.get(key);
  if (module === undefined) {
    const args = type.params.flatMap((_, i) => [0x20, i]);
    const [globalGet, ifType, elseOp, call, end] = [0x23, 0x04, 0x05, 0x10, 0x0b];
    module = new WebAssembly.Module(buildModule({
      types: [type, { params: [], results: type.results }],
      imports: [
        { name: "allowed", kind: "global", type: "i32", mutable: true },
        { name: "plain", kind: "func", type: 0 },
        { name: "suspending", kind: "func", type: 0 },
      ],
      funcs: [{
        name: "call",
        type: 0,
        body: [globalGet, 0, ifType, 1, ...args, call, 1, elseOp, ...args, call, 0, end],
      }],
    }));
    dispatchers.set(key, module);
  }
  return module;
}
