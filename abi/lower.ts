// canon lower of a host function: the core function that a guest imports.
// In order: may the guest leave; lift parameters; call the host; lower the result; end the scope.
// Whatever is thrown leaves through `uncatchable`, so that no guest can swallow it.
// Spec: CanonicalABI.md `canon lower`; DESIGN.md "Storage classes".

import { finish } from "../errors.ts";
import { CallScope } from "./call_scope.ts";
import type { CoreValue } from "./codec.ts";
import { paramsDirect, resultDirect } from "./layout.ts";
import type { CanonContext } from "./options.ts";
import { checkDropped, returnedResult, thrownResult } from "./results.ts";
import type { CoreFunction, Signature } from "./signature.ts";
import { trapAt, uncatchable } from "./trap.ts";
import type { OfKind } from "./types.ts";

/** A host function with its values in JS. */
export type HostCall = (...args: unknown[]) => unknown;

/** Where a call is; what an exception from there means. `LIFT + k` is parameter `k`. */
const CALL = -1, LOWER = -2, LIFT = 0;

/** Makes the core function. `path` is `import ns:pkg/iface#f`. */
export function lowerHost(signature: Signature, call: HostCall, cx: CanonContext, path: string): CoreFunction {
  return signature.scalar ? lowerScalars(signature, call, cx, path) : lowerAny(signature, call, cx, path);
}

/** Adds the place to what lifting or lowering threw; the host's own exceptions stay as they are. */
function failed(signature: Signature, cx: CanonContext, path: string, stage: number, error: unknown): unknown {
  if (stage === LOWER) finish(error, "lower", "result", path);
  else if (stage !== CALL) finish(error, "lift", signature.places[stage] ?? "parameters", path);
  return uncatchable(cx.inst.tree, error);
}

/** `lift_flat_values` of the parameters; `stage` tells which one is at work. */
export function liftParams(
  signature: Signature,
  cx: CanonContext,
  flat: readonly CoreValue[],
  onParam: (k: number) => void,
): unknown[] {
  const { params, layout } = signature;
  const { offsets, flatOffsets, alignment, size } = layout.params;
  const values = new Array<unknown>(params.length);
  if (paramsDirect(layout)) {
    for (let k = 0; k < params.length; k++) {
      onParam(k);
      values[k] = params[k]!.liftFlat(cx, flat, flatOffsets[k]!);
    }
  } else {
    onParam(params.length);
    const base = cx.checkPointer(flat[0], alignment, size);
    for (let k = 0; k < params.length; k++) {
      onParam(k);
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

function lowerAny(signature: Signature, call: HostCall, cx: CanonContext, path: string): CoreFunction {
  const { inst } = cx;
  const resultType = signature.type.result;
  const top = resultType?.kind === "result" ? resultType as OfKind<"result"> : undefined;
  return (...flat: CoreValue[]) => {
    if (!inst.mayLeave) trapAt(inst.tree, path, "cannot-leave");
    const scope = signature.scoped ? new CallScope() : undefined;
    let stage = LIFT;
    try {
      cx.scope = scope;
      cx.beginLift();
      const args = liftParams(signature, cx, flat, (k) => {
        stage = k;
      });
      stage = CALL;
      let value: unknown;
      if (top === undefined) {
        value = call(...args);
        stage = LOWER;
        if (resultType === undefined) checkDropped(value);
      } else {
        let thrown: { tag: "err"; val: unknown } | undefined;
        try {
          value = call(...args);
        } catch (error) {
          thrown = thrownResult(error);
          if (thrown === undefined) throw error;
        }
        stage = LOWER;
        value = thrown ?? returnedResult(top, value);
      }
      const core = lowerResult(signature, cx, value, flat);
      scope?.end();
      return core;
    } catch (error) {
      scope?.end();
      throw failed(signature, cx, path, stage, error);
    }
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
