// Traps that a guest cannot catch, and exceptions of the host on their way out through a guest.
// A guest's `catch_all` catches a JavaScript exception, but not a genuine WebAssembly trap, not
// even after its prototype and message were changed. So a trap is made by running `unreachable` in
// the helper: the caught error is turned into a Trap and thrown again.
// If there is no helper, since the engine may not compile, the exception is an ordinary one. A guest that catches
// it is then stopped by `tree.lockedDown` alone.
// `trap`, `trapAt` and `rethrow` throw. `asTrap`, `uncatchable`, `unwinding` and `surface` give the
// error to throw.

import { completeMessage, engineMessage, initTrap, Trap, type TrapCode } from "../../errors.ts";
import { isStackExhausted } from "../exhausted.ts";
import { unreachable } from "../wasm/helper.ts";
import { HookFailure } from "./hooks.ts";
import type { ComponentInstance, InstanceTree } from "./instance.ts";

/** Errors that the engine itself raised. A guest cannot catch them. */
const engineErrors = new WeakSet<object>();

/** Makes an error that a guest cannot catch. `undefined` if the engine does not allow compiling. */
function engineTrap(): Error | undefined {
  let trap: () => never;
  try {
    trap = unreachable();
  } catch {
    return undefined; // compiling is not allowed, or the stack is exhausted now
  }
  try {
    trap();
  } catch (error) {
    if (!(error instanceof WebAssembly.RuntimeError)) return undefined;
    engineErrors.add(error);
    return error;
  }
}

/** Makes a trap that no guest can catch. */
export function makeTrap(code: TrapCode, details: readonly (string | number)[]): Trap {
  const error = engineTrap();
  if (error === undefined) return new Trap(code, ...details);
  Object.setPrototypeOf(error, Trap.prototype);
  initTrap(error, code, details);
  return error as Trap;
}

/**
 * `trap`: a guest broke a rule. Locks the tree down and throws a Trap; the caller adds the place.
 */
export function trap(tree: InstanceTree, code: TrapCode, ...details: readonly (string | number)[]): never {
  const error = makeTrap(code, details);
  tree.lockDown(error);
  throw error;
}

/**
 * `trap_if(not inst.may_leave)`: the check at the start of built-ins and of calls to other guests.
 */
export function checkLeave({ mayLeave, tree }: ComponentInstance): void {
  if (!mayLeave) trap(tree, "cannot-leave");
}

/** Throws a trap whose place is already known: `Cannot call import …: …`. */
export function trapAt(
  tree: InstanceTree,
  path: string,
  code: TrapCode,
  ...details: readonly (string | number)[]
): never {
  const error = completeMessage(makeTrap(code, details), "call", "", path);
  tree.lockDown(error);
  throw error;
}

/**
 * Throws the trap for a host function that failed: the trap's cause says how. The call locks the
 * tree down, now or when its promise is heard of.
 */
export function trapBecause(
  path: string,
  cause: unknown,
  code: TrapCode,
  ...details: readonly (string | number)[]
): never {
  const error = completeMessage(makeTrap(code, details), "call", "", path) as Error;
  Object.defineProperty(error, "cause", { value: cause, configurable: true, writable: true });
  throw error;
}

/**
 * Makes the trap for a caller that may not enter an instance. Only the caller is at fault, so that
 * the tree is not locked down. If it was locked down before, the reason becomes the error's cause.
 */
export function notEntered(inst: ComponentInstance, verb: string, path: string): unknown {
  const error = makeTrap("cannot-enter", [whyNotEntered(inst)]), { tree } = inst;
  if (tree.lockedDown) Object.defineProperty(error, "cause", { value: tree.trap, configurable: true, writable: true });
  return completeMessage(error, verb, "", path);
}

/** Why an instance cannot be entered: the tail of the phrase `cannot-enter`. */
export function whyNotEntered({ entered, tree }: ComponentInstance): string {
  const callee = tree.lockedDown ? undefined : tree.calleeOf(entered);
  if (callee !== undefined) return ` while the call of ${callee} is under way`;
  if (!tree.lockedDown) return ", which was disposed";
  if (tree.aborted !== undefined) return ", which an abort locked down";
  return `, which an earlier ${tree.trap instanceof Trap ? "trap" : "exception"} locked down`;
}

/**
 * Exceptions of the host that are on their way out through guests. The key is the engine's trap
 * that travels in place of the exception.
 */
const carried = new WeakMap<Error, { readonly error: unknown }>();
/**
 * Exceptions of the host that passed through here. If the engine cannot compile, they travel
 * themselves; they must not be mistaken for the engine's errors.
 */
const hostErrors = new WeakSet<object>();

/**
 * Makes a trap that no guest can catch and that becomes the given exception when it leaves the
 * outermost export.
 */
function carry(error: unknown): unknown {
  if (typeof error === "object" && error !== null) hostErrors.add(error);
  const trap = engineTrap();
  if (trap === undefined) return error;
  carried.set(trap, { error });
  return trap;
}

/** Whether an exception is the host's own, rather than the engine's. */
export function isHostError(error: unknown): boolean {
  return typeof error === "object" && error !== null && hostErrors.has(error);
}

/**
 * Gives what an import must throw so that the guest cannot catch it: a genuine trap is thrown as it
 * is, any other exception inside a trap.
 */
export function uncatchable(tree: InstanceTree, error: unknown): unknown {
  if (typeof error === "object" && error !== null && engineErrors.has(error)) {
    tree.lockDown(error);
    return error;
  }
  const own = error instanceof HookFailure ? error.error : error;
  tree.lockDown(own);
  return carry(own);
}

/**
 * Gives the error that unwinds a suspended guest after its tree was locked down. The guest cannot
 * catch it, and the reason of the lock-down comes out of the export. It is a fresh error each time:
 * the trap itself may still be on its way out of another call, which adds its own place to it.
 */
export function unwinding(tree: InstanceTree): unknown {
  return carry(tree.trap);
}

/** Gives what the outermost export throws for an exception that came out of the guest. */
export function surface(tree: InstanceTree, error: unknown, verb: string, path: string): unknown {
  if (tree.aborted !== undefined) return tree.aborted.reason;
  const surfaced = surfacing(tree, error);
  tree.locateFault?.(surfaced); // before a lock-down forgets which calls are under way
  tree.lockDown(surfaced);
  return completeMessage(surfaced, verb, "", path);
}

function surfacing(tree: InstanceTree, error: unknown): unknown {
  const host = error instanceof Error ? carried.get(error) : undefined;
  if (host !== undefined) return host.error;
  // The call has failed already. An exception of a hook on the way out is not its cause.
  if (error instanceof HookFailure) return tree.lockedDown ? tree.trap : error.error;
  return isHostError(error) ? error : asTrap(error);
}

/**
 * Converts an exception that leaves a component. A core exception becomes a Trap, an engine's trap
 * becomes a Trap, and other exceptions stay as they are.
 */
export function asTrap(error: unknown): unknown {
  if (error instanceof Trap) return error;
  const { Exception } = WebAssembly as unknown as { Exception?: new () => object };
  if (Exception !== undefined && error instanceof Exception) return makeTrap("uncaught-exception", []);
  if (error instanceof WebAssembly.RuntimeError) {
    const phrase = engineMessage(error);
    Object.setPrototypeOf(error, Trap.prototype);
    initTrap(error, "guest-trap", [phrase]);
    engineErrors.add(error);
  }
  // This happens only if the engine cannot compile the module that would have checked first.
  if (error instanceof Error && error.name === "SuspendError") return makeTrap("cannot-suspend", [error.message]);
  // Exceptions of the host were recognised before this point.
  if (isStackExhausted(error)) return makeTrap("stack-overflow", []);
  return error;
}

/**
 * Throws what locked the tree down, even if the guest caught it. Called after each return from a
 * guest if `tree.lockedDown`.
 */
export function rethrow(tree: InstanceTree): never {
  throw tree.trap;
}
