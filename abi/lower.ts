// canon lower of a host function: the core function that a guest imports.
// In order: may the guest leave; lift parameters; call the host; lower the result; end the scope.
// Whatever is thrown leaves through `uncatchable`, so that no guest can swallow it.
// Spec: CanonicalABI.md `canon lower`; DESIGN.md "Storage classes".

import { finish, Trap } from "../errors.ts";
import { CallScope } from "./call_scope.ts";
import type { CoreValue } from "./codec.ts";
import { paramsDirect, resultDirect } from "./layout.ts";
import type { CanonContext } from "./options.ts";
import { checkDropped, isThenable, returnedResult, thrownResult } from "./results.ts";
import type { CoreFunction, Signature } from "./signature.ts";
import { type Suspension, wait } from "./suspend.ts";
import { trapAt, uncatchable, unwinding } from "./trap.ts";

/** A host function with its values in JS. */
export type HostCall = (...args: unknown[]) => unknown;

/** Where a call is; what an exception from there means. `LIFT + k` is parameter `k`, `PARAMS` the one that the context is at. */
export const CALL = -1, LOWER = -2;
const PARAMS = -3, LIFT = 0;

/** Makes the core function. `path` is `import ns:pkg/iface#f`. */
export function lowerHost(signature: Signature, call: HostCall, cx: CanonContext, path: string): CoreFunction {
  return signature.scalar ? lowerScalars(signature, call, cx, path) : lowerAny(signature, call, cx, path);
}

/** Adds the place to what lifting or lowering threw; the host's own exceptions stay as they are. */
export function failed(signature: Signature, cx: CanonContext, path: string, stage: number, error: unknown): unknown {
  if (stage === LOWER) finish(error, "lower", "result", path);
  else if (stage === CALL) {
    if (error instanceof Trap) finish(error, "call", "", path); // a rule of the host's interface; others know their place
  } else {
    const place = signature.places[stage === PARAMS ? cx.param : stage];
    finish(error, "lift", place ?? "parameters", path);
  }
  return uncatchable(cx.inst.tree, error);
}

/** `lift_flat_values` of the parameters; the context says which one is at work. */
export function liftParams(
  signature: Signature,
  cx: CanonContext,
  flat: readonly CoreValue[],
): unknown[] {
  const { params, layout } = signature;
  const { offsets, flatOffsets, alignment, size } = layout.params;
  const values = new Array<unknown>(params.length);
  if (paramsDirect(layout)) {
    for (let k = 0; k < params.length; k++) {
      cx.param = k;
      values[k] = params[k]!.liftFlat(cx, flat, flatOffsets[k]!);
    }
  } else {
    cx.param = params.length;
    const base = cx.checkPointer(flat[0], alignment, size);
    for (let k = 0; k < params.length; k++) {
      cx.param = k;
      values[k] = params[k]!.load(cx, base + offsets[k]!);
    }
  }
  return values;
}

/** `lower_flat_values` of the result, directly or through the caller's pointer. */
export function lowerResult(
  signature: Signature,
  cx: CanonContext,
  value: unknown,
  flat: readonly CoreValue[],
): CoreValue | undefined {
  const { result, layout } = signature;
  if (result === undefined) return undefined;
  cx.beginLower();
  if (!resultDirect(layout)) {
    const ptr = cx.checkPointer(flat[flat.length - 1], result.layout.alignment, result.layout.size);
    result.store(cx, value, ptr);
    return undefined;
  }
  const out: CoreValue[] = [];
  result.lowerFlat(cx, value, out, 0);
  return out[0];
}

/** What a host function returned, as a value to lower. */
function returned({ type: { result } }: Signature, value: unknown): unknown {
  if (result === undefined) checkDropped(value);
  return result?.kind === "result" ? returnedResult(result, value) : value;
}

/** What a host function threw, as a value to lower; throws what is not for the guest. */
export function thrown({ type: { result } }: Signature, error: unknown): { tag: "err"; val: unknown } {
  const value = result?.kind === "result" ? thrownResult(error) : undefined;
  if (value === undefined) throw error;
  return value;
}

function lowerAny(signature: Signature, call: HostCall, cx: CanonContext, path: string): CoreFunction {
  const { inst } = cx;
  return (...flat: CoreValue[]) => {
    if (!inst.mayLeave) trapAt(inst.tree, path, "cannot-leave");
    const scope = signature.scoped ? new CallScope() : undefined;
    let stage = PARAMS;
    try {
      cx.scope = scope;
      cx.beginLift();
      const args = liftParams(signature, cx, flat);
      stage = CALL;
      let value: unknown, error: { tag: "err"; val: unknown } | undefined;
      try {
        value = call(...args);
      } catch (caught) {
        error = thrown(signature, caught);
      }
      stage = LOWER;
      const core = lowerResult(signature, cx, error ?? returned(signature, value), flat);
      scope?.end();
      return core;
    } catch (error) {
      scope?.end();
      throw failed(signature, cx, path, stage, error);
    }
  };
}

/**
 * Makes the core function of a host function that may return a promise, to be called where the guest can be suspended.
 *
 * The instance stays entered while the guest waits, so that nothing else uses its context.
 */
export function lowerSuspending(signature: Signature, call: HostCall, cx: CanonContext, path: string): CoreFunction {
  const { inst } = cx;
  return (...flat: CoreValue[]) => {
    if (!inst.mayLeave) trapAt(inst.tree, path, "cannot-leave");
    const scope = signature.scoped ? new CallScope() : undefined;
    let stage = PARAMS;
    const guarded = <T>(action: () => T): T => {
      try {
        return action();
      } catch (error) {
        scope?.end();
        throw failed(signature, cx, path, stage, error);
      }
    };
    const finish = (make: () => unknown): CoreValue | undefined =>
      guarded(() => {
        stage = LOWER;
        cx.scope = scope;
        const core = lowerResult(signature, cx, make(), flat);
        scope?.end();
        return core;
      });
    const caught = (error: unknown): CoreValue | undefined => {
      const value = guarded(() => thrown(signature, error));
      return finish(() => value);
    };
    const args = guarded(() => {
      cx.scope = scope;
      cx.beginLift();
      return liftParams(signature, cx, flat);
    });
    stage = CALL;
    let value: unknown;
    try {
      value = call(...args);
    } catch (error) {
      return caught(error);
    }
    if (!isThenable(value)) return finish(() => returned(signature, value));
    return wait(inst.tree, value as PromiseLike<unknown>, {
      fulfilled: (value) => finish(() => returned(signature, value)),
      rejected: caught,
      ended: () => {
        scope?.end();
        return unwinding(inst.tree);
      },
    });
  };
}

/** The core function of a suspending host function where nothing can be suspended. */
export function refuseSuspending(cx: CanonContext, suspension: Suspension, path: string): CoreFunction {
  const { inst } = cx;
  return () => {
    if (!inst.mayLeave) trapAt(inst.tree, path, "cannot-leave");
    trapAt(inst.tree, path, "cannot-suspend", suspension.pinned);
  };
}

/** Up to two parameters of one core value each: no arrays, no scope. */
function lowerScalars(signature: Signature, call: HostCall, cx: CanonContext, path: string): CoreFunction {
  const { inst } = cx;
  const [lift0, lift1] = signature.params.map((param) => param.liftCore!);
  const lower = signature.result?.lowerCore ?? ((_: CanonContext, value: unknown) => {
    if (value !== undefined) checkDropped(value);
  });
  const fail = (stage: number, error: unknown): unknown => failed(signature, cx, path, stage, error);
  switch (signature.params.length) {
    case 0:
      return () => {
        if (!inst.mayLeave) trapAt(inst.tree, path, "cannot-leave");
        let stage = CALL;
        try {
          const value = call();
          stage = LOWER;
          return lower(cx, value);
        } catch (error) {
          throw fail(stage, error);
        }
      };
    case 1:
      return (a: CoreValue) => {
        if (!inst.mayLeave) trapAt(inst.tree, path, "cannot-leave");
        let stage = LIFT;
        try {
          const v0 = lift0!(cx, a);
          stage = CALL;
          const value = call(v0);
          stage = LOWER;
          return lower(cx, value);
        } catch (error) {
          throw fail(stage, error);
        }
      };
    default:
      return (a: CoreValue, b: CoreValue) => {
        if (!inst.mayLeave) trapAt(inst.tree, path, "cannot-leave");
        let stage = LIFT;
        try {
          const v0 = lift0!(cx, a);
          stage = LIFT + 1;
          const v1 = lift1!(cx, b);
          stage = CALL;
          const value = call(v0, v1);
          stage = LOWER;
          return lower(cx, value);
        } catch (error) {
          throw fail(stage, error);
        }
      };
  }
}
