// canon lift for the host: the JS function that calls a guest's export, plainly or giving a promise.
// In order: enter; lower parameters; core call; borrow check; lift the result; post-return; leave.
// A flag set before the call and cleared after it stays set when an exception flies through: re-entrance check and lock-down in one.
// Spec: CanonicalABI.md `canon lift`; DESIGN.md "Storage classes".

import { finish, ValueError } from "../errors.ts";
import { CallScope } from "./call_scope.ts";
import type { CoreValue } from "./codec.ts";
import { type ComponentInstance, FREE, runIdle } from "./instance.ts";
import { paramsDirect, resultDirect } from "./layout.ts";
import type { CanonContext, CanonOptions } from "./options.ts";
import { isThenable, unwrapResult } from "./results.ts";
import type { CoreFunction, Signature } from "./signature.ts";
import { orAborted } from "./suspend.ts";
import { refuseEntered, rethrow, surface, trap } from "./trap.ts";
import type { ValType } from "./types.ts";

/** A guest's function with its values in JS. */
export type GuestCall = (...args: unknown[]) => unknown;
/** The same, giving a promise. */
export type PromisingCall = (...args: unknown[]) => Promise<unknown>;

/** What a lift consists of, besides its context. */
export interface Lifted {
  readonly signature: Signature;
  readonly core: CoreFunction;
  readonly postReturn: CanonOptions["postReturn"];
  /** `export ns:pkg/iface#f`. */
  readonly path: string;
}

/** Makes the JS function. With `throws: false` a top-level `result` is a Result. */
export function liftExport(lifted: Lifted, cx: CanonContext, throws: boolean): GuestCall {
  const entering = cx.inst.enteringSet(undefined);
  return lifted.signature.scalar && lifted.postReturn === undefined && entering.length === 1
    ? liftScalars(lifted, cx)
    : liftAny(lifted, cx, entering, throws);
}

/** Sets the entered flags, or refuses and leaves them as they were. */
export function enter(entering: readonly ComponentInstance[], path: string, call: number): void {
  // Outermost first: an outer one that is entered is the usual reason to refuse.
  for (let i = entering.length - 1; i >= 0; i--) {
    if (entering[i]!.entered) {
      for (let k = i + 1; k < entering.length; k++) entering[k]!.entered = FREE;
      refuseEnter(entering[i]!, path);
    }
    entering[i]!.entered = call;
  }
}

/** What a call gets whose instance was disposed, before or while it was suspended. */
export function disposed(path: string): unknown {
  return finish(new ValueError("dead-resource", "the instance was disposed"), "call", "", path);
}

export function refuseEnter(inst: ComponentInstance, path: string): never {
  if (inst.tree.disposed) throw disposed(path);
  refuseEntered(inst, "call", path);
}

export function leave(entering: readonly ComponentInstance[]): void {
  for (let i = 0; i < entering.length; i++) entering[i]!.entered = FREE;
}

/** Lowers arguments into core values: `lower_flat_values` of the parameters. */
export function lowerParams(
  signature: Signature,
  cx: CanonContext,
  args: readonly unknown[],
): CoreValue[] {
  const { params, layout } = signature;
  const { offsets, flatOffsets, alignment, size } = layout.params;
  cx.beginLower();
  if (paramsDirect(layout)) {
    const flat = new Array<CoreValue>(layout.lifted.params.length);
    for (let k = 0; k < params.length; k++) {
      cx.param = k;
      params[k]!.lowerFlat(cx, args[k], flat, flatOffsets[k]!);
    }
    return flat;
  }
  cx.param = params.length;
  const base = cx.allocate(alignment, size);
  for (let k = 0; k < params.length; k++) {
    cx.param = k;
    params[k]!.store(cx, args[k], base + offsets[k]!);
  }
  return [base];
}

/** Lifts what the core function returned: `lift_flat_values` of the result. */
export function liftResult(signature: Signature, cx: CanonContext, core: CoreValue | undefined): unknown {
  const { result, layout } = signature;
  if (result === undefined) return undefined;
  cx.beginLift();
  if (!resultDirect(layout)) {
    return result.load(cx, cx.checkPointer(core, result.layout.alignment, result.layout.size));
  }
  return result.liftFlat(cx, [core!], 0);
}

/** Post-return with the raw core results; the guest may not leave meanwhile. */
export function runPostReturn(
  cx: CanonContext,
  postReturn: NonNullable<CanonOptions["postReturn"]>,
  signature: Signature,
  core: CoreValue | undefined,
): void {
  cx.inst.mayLeave = false;
  if (signature.layout.lifted.results.length === 0) postReturn();
  else postReturn(core);
  cx.inst.mayLeave = true;
}

/** What to throw for an exception while lowering arguments. The host's own fault leaves the instance usable, a trap does not. */
export function failedLower(
  { signature, path }: Lifted,
  cx: CanonContext,
  k: number,
  error: unknown,
  undo: () => void,
): unknown {
  const { tree } = cx.inst;
  if (tree.poisoned) {
    cx.scope?.end();
    finish(error, "lower", signature.places[k] ?? "parameters", path);
    return surface(tree, error, "call", path);
  }
  undo();
  return finish(error, "lower", signature.places[k] ?? "parameters", path);
}

export function failedCall({ path }: Lifted, cx: CanonContext, lifting: boolean, error: unknown): unknown {
  if (lifting) finish(error, "lift", "result", path);
  return surface(cx.inst.tree, error, "call", path);
}

/** Lowers the arguments of an entered instance; leaves it again if they do not fit. */
function lowerArgs(
  lifted: Lifted,
  cx: CanonContext,
  entering: readonly ComponentInstance[],
  scope: CallScope | undefined,
  args: readonly unknown[],
): CoreValue[] {
  try {
    cx.scope = scope;
    return lowerParams(lifted.signature, cx, args);
  } catch (error) {
    throw failedLower(lifted, cx, cx.param, error, () => {
      scope?.undo();
      leave(entering);
    });
  }
}

/** From the core result to the caller: borrow check, lifting, post-return, leaving. */
function finishCall(
  lifted: Lifted,
  cx: CanonContext,
  entering: readonly ComponentInstance[],
  scope: CallScope | undefined,
  result: CoreValue | undefined,
): unknown {
  const { signature, postReturn } = lifted, { tree } = cx.inst;
  let value: unknown, lifting = false;
  try {
    if (tree.poisoned) rethrow(tree);
    if (scope !== undefined && scope.borrows > 0) trap(tree, "borrows-remain");
    lifting = true;
    value = liftResult(signature, cx, result);
    lifting = false;
    if (postReturn !== undefined) {
      runPostReturn(cx, postReturn, signature, result);
      if (tree.poisoned) rethrow(tree);
    }
  } catch (error) {
    scope?.end();
    throw failedCall(lifted, cx, lifting, error);
  }
  scope?.end();
  leave(entering);
  return value;
}

function unwrap({ signature }: Lifted, value: unknown, throws: boolean): unknown {
  return signature.type.result?.kind === "result"
    ? unwrapResult(value as { tag: "ok" | "err"; val: unknown }, throws)
    : value;
}

function liftAny(
  lifted: Lifted,
  cx: CanonContext,
  entering: readonly ComponentInstance[],
  throws: boolean,
): GuestCall {
  const { signature, core, path } = lifted;
  const { tree } = cx.inst, call = tree.callNumber(path);
  return (...args: unknown[]) => {
    enter(entering, path, call);
    const scope = signature.scoped ? new CallScope() : undefined;
    const flat = lowerArgs(lifted, cx, entering, scope, args);
    let result: CoreValue | undefined;
    try {
      if (tree.poisoned) rethrow(tree); // a getter of the host's aborted the instance
      result = core(...flat) as CoreValue | undefined;
    } catch (error) {
      scope?.end();
      throw failedCall(lifted, cx, false, error);
    }
    return unwrap(lifted, finishCall(lifted, cx, entering, scope, result), throws);
  };
}

/**
 * Whether a call's value may be an object with a member `then`: a record, whose fields a guest names, or a resource of the host's.
 * Classes of a guest's resources have none (host/names.ts).
 */
function mayHaveThen(type: ValType | undefined): boolean {
  if (type?.kind === "result") return mayHaveThen(type.ok);
  return type?.kind === "option" ? mayHaveThen(type.element) : type?.kind === "record" || type?.kind === "own";
}

/** Makes the JS function that gives a promise. `lifted.core` may give one too: then the guest was suspended on the way. */
export function liftPromising(lifted: Lifted, cx: CanonContext, throws: boolean): PromisingCall {
  const { signature, core, path } = lifted;
  const { tree } = cx.inst, call = tree.callNumber(path);
  const entering = cx.inst.enteringSet(undefined);
  const mayBeThenable = mayHaveThen(signature.type.result);
  return async (...args: unknown[]) => {
    enter(entering, path, call);
    const scope = signature.scoped ? new CallScope() : undefined;
    const flat = lowerArgs(lifted, cx, entering, scope, args);
    const { suspension } = tree;
    try {
      let result: CoreValue | undefined;
      try {
        if (tree.poisoned) rethrow(tree);
        if (suspension !== undefined) suspension.allowed = true;
        const returned = core(...flat);
        result = isThenable(returned) ? await orAborted(tree, returned as Promise<CoreValue>) : returned as CoreValue;
      } catch (error) {
        scope?.end();
        throw failedCall(lifted, cx, false, error);
      } finally {
        if (suspension !== undefined) suspension.allowed = false;
      }
      const value = unwrap(lifted, finishCall(lifted, cx, entering, scope, result), throws);
      if (mayBeThenable && isThenable(value)) throw finish(new ValueError("thenable"), "lift", "result", path);
      return value;
    } finally {
      runIdle(tree);
    }
  };
}

/** Up to two parameters of one core value each, one instance to enter: no arrays, no scope. */
function liftScalars(lifted: Lifted, cx: CanonContext): GuestCall {
  const { core, path, signature } = lifted;
  const { inst } = cx, { tree } = inst, call = tree.callNumber(path);
  const [lower0, lower1] = signature.params.map((param) => param.lowerCore!);
  const lift = signature.result?.liftCore ?? (() => undefined);
  const failLower = (k: number, error: unknown): unknown =>
    failedLower(lifted, cx, k, error, () => {
      inst.entered = FREE;
    });
  const fail = (lifting: boolean, error: unknown): unknown => failedCall(lifted, cx, lifting, error);

  switch (signature.params.length) {
    case 0:
      return () => {
        if (inst.entered) refuseEnter(inst, path);
        inst.entered = call;
        let lifting = false;
        try {
          const result = core() as CoreValue;
          if (tree.poisoned) rethrow(tree);
          lifting = true;
          const value = lift(cx, result);
          inst.entered = FREE;
          return value;
        } catch (error) {
          throw fail(lifting, error);
        }
      };
    case 1:
      return (a) => {
        if (inst.entered) refuseEnter(inst, path);
        inst.entered = call;
        let v0: CoreValue, lifting = false;
        try {
          v0 = lower0!(cx, a);
        } catch (error) {
          throw failLower(0, error);
        }
        try {
          const result = core(v0) as CoreValue;
          if (tree.poisoned) rethrow(tree);
          lifting = true;
          const value = lift(cx, result);
          inst.entered = FREE;
          return value;
        } catch (error) {
          throw fail(lifting, error);
        }
      };
    default:
      return (a, b) => {
        if (inst.entered) refuseEnter(inst, path);
        inst.entered = call;
        let v0: CoreValue, v1: CoreValue, k = 0, lifting = false;
        try {
          v0 = lower0!(cx, a);
          k = 1;
          v1 = lower1!(cx, b);
        } catch (error) {
          throw failLower(k, error);
        }
        try {
          const result = core(v0, v1) as CoreValue;
          if (tree.poisoned) rethrow(tree);
          lifting = true;
          const value = lift(cx, result);
          inst.entered = FREE;
          return value;
        } catch (error) {
          throw fail(lifting, error);
        }
      };
  }
}
