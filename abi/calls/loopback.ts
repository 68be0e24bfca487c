// A host function that a component exports again. A call from JavaScript must check and convert
// values as a call of any other export does.
// So the function gets what a guest would have: a small memory with an allocator. Values are
// lowered into it and lifted again.

import type { CoreFunction, CoreValue } from "../types/core_values.ts";
import { ComponentInstance, type InstanceTree } from "../state/instance.ts";
import type { HostCall } from "./call_link.ts";
import { CanonContext, type CanonOptions } from "../state/canon_context.ts";
import type { CodecSource } from "../codecs/codec.ts";
import type { Lifted } from "./from_host.ts";
import { alignTo } from "../types/layout.ts";
import { isThenable, returnedValue, thrownValue, unwrapResult } from "../codecs/results.ts";
import { completeMessage } from "../../errors.ts";
import { CallFrame } from "../state/call_frame.ts";
import { failurePlace, type Step } from "./call_plan.ts";
import { liftParams, liftResult, lowerParams, lowerResult, type ParamAt } from "./passing.ts";
import { signatureOf } from "../codecs/signature.ts";
import { linkImport, type Lowered, lowerHost, lowerSuspending, refuseSuspending } from "./to_host.ts";
import type { FuncType, ValType } from "../types/types.ts";

const PAGE = 65536;

/** A small memory. Its allocator starts anew with each call. */
class Arena {
  readonly memory = new WebAssembly.Memory({ initial: 1 });
  #top = 0;

  allocate(alignment: number, size: number): number {
    const ptr = alignTo(this.#top, alignment);
    this.#top = ptr + size;
    const missing = this.#top - this.memory.buffer.byteLength;
    if (missing > 0) this.memory.grow(Math.ceil(missing / PAGE));
    return ptr;
  }

  reset(): void {
    this.#top = 0;
  }
}

/**
 * The context for calls from JavaScript. Each call may use the whole arena, whatever an earlier
 * call left in it.
 */
class LoopbackContext extends CanonContext {
  readonly #arena: Arena;

  constructor(inst: ComponentInstance, options: CanonOptions, arena: Arena) {
    super(inst, options, true);
    this.#arena = arena;
  }

  override beginLower(): void {
    this.#arena.reset();
    super.beginLower();
  }
}

/**
 * The imports that one instance tree exports again. All share one memory: a tree runs one call at a
 * time, an engine reserves gigabytes of address space per memory, and a small binary must not make
 * thousands of memories.
 */
export class Loopback {
  readonly #arena = new Arena();
  readonly #inst: ComponentInstance;
  readonly #options: CanonOptions;

  constructor(tree: InstanceTree) {
    const arena = this.#arena;
    // This instance is nested in the root, because a tree runs one call at a time, whatever that
    // call reaches.
    this.#inst = new ComponentInstance(tree, tree.nodes[0]);
    this.#inst.handles.dropsLent = true;
    this.#options = {
      memory: arena.memory,
      address: "i32",
      realloc: (_, __, alignment: number, size: number) => arena.allocate(alignment, size),
      postReturn: undefined,
      stringEncoding: "utf16",
    };
  }

  /** Makes a lift. The paths are the names of the import and of the export. */
  lift(
    type: FuncType,
    codecs: CodecSource,
    { call, suspends, plain }: {
      readonly call: HostCall;
      readonly suspends: boolean;
      readonly plain?: HostCall | undefined;
    },
    paths: { readonly imported: string; readonly path: string },
  ): { lifted: Lifted; cx: CanonContext } {
    const arena = this.#arena, key = { style: "sync", address: "i32" } as const;
    const cx = new CanonContext(this.#inst, this.#options, true);
    const lower = { signature: signatureOf(type, { side: "lower", ...key }, codecs), cx, path: paths.imported };
    const lowered = suspends ? suspendingCore({ ...lower, call }, plain) : lowerHost(linkImport({ ...lower, call }));
    const signature = signatureOf(type, { side: "lift", ...key }, codecs), { result, layout } = signature;
    // A lift returns the pointer that a lower receives.
    const core = layout.resultDirect ? lowered : (...flat: CoreValue[]) => {
      const ptr = arena.allocate(result!.layout.alignment, result!.layout.size);
      const waits = lowered(...flat, ptr);
      return isThenable(waits) ? (waits as Promise<unknown>).then(() => ptr) : ptr;
    };
    const lifted = { signature, core, postReturn: undefined, path: paths.path };
    return { lifted, cx: new LoopbackContext(this.#inst, this.#options, arena) };
  }

  /**
   * Checks and converts a value that is to become a component value: the result is a copy of what
   * the type says, and owns what the given value owned.
   */
  value(type: ValType, codecs: CodecSource, given: unknown, path: string): unknown {
    const func: FuncType = { params: [{ name: "value", type }], async: false };
    const key = { style: "sync", address: "i32" } as const;
    const cx = new LoopbackContext(this.#inst, this.#options, this.#arena);
    const frame = new CallFrame(), at = { param: 0 };
    try {
      const flat = lowerParams(signatureOf(func, { side: "lift", ...key }, codecs), cx, [given], frame, at);
      const lower = signatureOf(func, { side: "lower", ...key }, codecs);
      const value = liftParams(lower, new CanonContext(this.#inst, this.#options, true), flat, frame, at)[0];
      frame.end();
      return value;
    } catch (error) {
      frame.undo();
      throw completeMessage(error, "lower", "value", path);
    }
  }

  /** Makes the conversions of an asynchronous import. Each uses the arena at once, and not longer. */
  async(type: FuncType, codecs: CodecSource, throws: boolean, path: string): AsyncLoopback {
    const arena = this.#arena, key = { style: "sync", address: "i32" } as const;
    const cx = new LoopbackContext(this.#inst, this.#options, arena);
    const lift = signatureOf(type, { side: "lift", ...key }, codecs);
    const lower = signatureOf(type, { side: "lower", ...key }, codecs);
    const placed = <T>(step: Step, perform: (at: ParamAt, frame: CallFrame) => T): T => {
      const at = { param: 0 }, frame = new CallFrame();
      try {
        return perform(at, frame);
      } catch (error) {
        const { verb, item } = failurePlace(step, at.param, lift.places);
        throw completeMessage(error, verb, item, path);
      } finally {
        frame.end();
      }
    };
    return {
      params: (args) =>
        placed("lower-params", (at, frame) => {
          const flat = lowerParams(lift, cx, args, frame, at);
          return liftParams(lower, cx, flat, frame, at);
        }),
      result: (outcome) =>
        placed("lower-result", (_, frame) => {
          const value = "thrown" in outcome
            ? thrownValue(type.result, outcome.thrown)
            : returnedValue(type.result, outcome.returned);
          const { result, layout } = lift;
          cx.beginLower();
          const ptr = result === undefined || layout.resultDirect
            ? undefined
            : arena.allocate(result.layout.alignment, result.layout.size);
          const core = lowerResult(lower, new CanonContext(this.#inst, this.#options, true), value, [ptr!], frame);
          const given = liftResult(lift, cx, ptr ?? core, frame);
          return type.result?.kind === "result"
            ? unwrapResult(given as { tag: "ok" | "err"; val: unknown }, throws)
            : given;
        }),
    };
  }
}

/** What an asynchronous import that is exported again does with values, in both directions. */
export interface AsyncLoopback {
  /** Checks and converts the arguments of a call. */
  params(args: readonly unknown[]): unknown[];
  /** Checks and converts what the host function returned or threw. */
  result(outcome: { readonly returned: unknown } | { readonly thrown: unknown }): unknown;
}

/** No guest can be suspended here, but a plain caller still needs a value and not a promise. */
function suspendingCore(lowered: Lowered, plain: HostCall | undefined): CoreFunction {
  const { cx, path } = lowered, suspension = cx.inst.tree.suspension!;
  const suspending = lowerSuspending(linkImport(lowered));
  const otherwise = plain === undefined
    ? refuseSuspending(cx, suspension, path)
    : lowerHost(linkImport({ ...lowered, call: plain }));
  return (...flat: CoreValue[]) => suspension.allowed ? suspending(...flat) : otherwise(...flat);
}
