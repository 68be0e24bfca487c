// What a module of adapters imports for one instance tree, besides core items: flags and limits,
// traps with their places, handles.
// The sides of each call enter, made when they are needed, and imports leave.

import { Trap } from "../../errors.ts";
import { CallFrame } from "../state/call_frame.ts";
import type { CanonContext } from "../state/canon_context.ts";
import { SAVED_AT } from "../state/flags.ts";
import type { HandleTable } from "../state/handle_table.ts";
import type { ComponentInstance, InstanceTree } from "../state/instance.ts";
import { rethrow, trap, whyNotEntered } from "../state/trap.ts";
import { type CallLink, failed } from "../calls/call_link.ts";
import type { Step } from "../calls/call_plan.ts";
import { linkGuests, type Sides } from "../calls/guest_to_guest.ts";
import { liftParams, liftResult } from "../calls/passing.ts";
import { resourceSlotOf } from "../types/resource_slots.ts";
import type { FusedModule } from "./fuse.ts";
import { type FaultCode, faultCodes } from "./faults.ts";
import type { Site, Sites } from "./sites.ts";

/** What an instance tree knows of its adapters. */
export interface FusedTree {
  readonly tree: InstanceTree;
  readonly sites: Sites;
  /** Gives both sides of a call, by its number. */
  sides(index: number): Sides;
}

/** Makes the imports of a module, besides memories of guests and core functions. */
export function fusedImports(fused: FusedTree, { handles }: FusedModule): WebAssembly.ModuleImports {
  const { tree } = fused, { flags: { memory, at } } = tree, frames = new Frames();
  const imports: WebAssembly.ModuleImports = {
    flags: memory!,
    base: new WebAssembly.Global({ value: "i32" }, 4 * at),
    depth: new WebAssembly.Global({ value: "i32" }, Math.min(tree.callDepth, 2 ** 31 - 1)),
    bytes: new WebAssembly.Global({ value: "i64" }, BigInt(tree.liftedBytes)),
    fault: (code: number) => raise(fused, faultCodes[code]!),
    rethrow: () => rethrow(tree),
    uncaught: () => failAt(fused, () => trap(tree, "uncaught-exception")),
    open: () => frames.open(),
    owes: (frame: number) => frames.at(frame).callee.borrows > 0 ? 1 : 0,
    close: (frame: number) => frames.close(frame),
  };
  handles.forEach(({ kind, from, to, resource }, i) => {
    const [source, target] = [tree.nodes[from]!.handles, tree.nodes[to]!.handles];
    const move = handleFunc(kind, { tree, source, target, to: tree.nodes[to]!, slot: resourceSlotOf(resource), frames });
    imports[`h${i}`] = (handle: number) => {
      try {
        return move(handle >>> 0);
      } catch (error) {
        const site = currentSite(fused), isFull = error instanceof Trap && error.code === "handle-limit";
        throw failedAt(fused, site, error, isFull ? stepOf(site) : liftingOf(site));
      }
    };
  });
  return imports;
}

// Handles.

interface Frame {
  readonly caller: CallFrame;
  readonly callee: CallFrame;
}

/** The frames of the calls under way, by number. */
class Frames {
  readonly #frames: (Frame | undefined)[] = [];
  readonly #free: number[] = [];
  /** The frame that was opened last: no call begins while the parameters of another are lifted. */
  last: Frame | undefined = undefined;

  open(): number {
    const number = this.#free.pop() ?? this.#frames.length;
    this.#frames[number] = this.last = { caller: new CallFrame(), callee: new CallFrame() };
    return number;
  }

  at(number: number): Frame {
    return this.#frames[number]!;
  }

  close(number: number): void {
    const { caller, callee } = this.at(number);
    callee.end();
    caller.end();
    this.#frames[number] = undefined;
    this.#free.push(number);
  }
}

interface Moving {
  readonly tree: InstanceTree;
  readonly source: HandleTable;
  readonly target: HandleTable;
  readonly to: ComponentInstance;
  readonly slot: number;
  readonly frames: Frames;
}

/** `lift_own` and `lower_own`, `lift_borrow` and `lower_borrow`, in one. */
function handleFunc(
  kind: FusedModule["handles"][number]["kind"],
  { tree: { resources }, source, target, to, slot, frames }: Moving,
): (handle: number) => number | void {
  switch (kind) {
    case "own":
      return (handle) => {
        const type = resources[slot]!;
        return target.add(type, source.takeOwn(handle, type), undefined);
      };
    case "borrow":
      return (handle) => {
        const type = resources[slot]!, { caller, callee } = frames.last!;
        const rep = source.lend(handle, type, caller);
        return type.node === to ? rep : target.add(type, rep, callee);
      };
    case "lend":
      return (handle) => source.lendDirectly(handle, resources[slot]!);
    case "return":
      return (handle) => source.endLend(handle);
  }
}

// Faults.

/** Where an adapter is in its call. */
function currentSite({ tree, sites }: FusedTree): Site {
  return sites.at(tree.words[tree.siteAt]!)!;
}

/** Throws what `run` throws, with its place. No guest can catch it. */
function failAt(fused: FusedTree, run: () => never): never {
  const site = currentSite(fused);
  try {
    return run();
  } catch (error) {
    throw failedAt(fused, site, error, stepOf(site));
  }
}

function failedAt({ sides }: FusedTree, { adapter, param }: Site, error: unknown, step: Step): unknown {
  const link = linkGuests(sides(adapter));
  return failed({ link, param, callerFrame: undefined, calleeFrame: undefined }, step, error);
}

/** The step of a fault that is not the caller's value: guest code runs only to lower it. */
function stepOf({ phase }: Site): Step {
  return phase === "params" ? "lower-params" : phase === "result" ? "lower-result" : "call-guest";
}

/** The step of a fault of the caller's value. */
function liftingOf({ phase }: Site): Step {
  return phase === "params" ? "lift-params" : "lift-result";
}

/**
 * Adds to an exception that came out of an adapter which part of which call it happened in.
 */
export function locateFault(fused: FusedTree, error: unknown): unknown {
  const site = fused.sites.at(fused.tree.words[fused.tree.siteAt]!);
  return site === undefined ? error : failedAt(fused, site, error, stepOf(site));
}

/** Traps for a rule that an adapter found broken. */
function raise(fused: FusedTree, code: FaultCode): never {
  const site = currentSite(fused), { tree } = fused;
  if (site.phase === "call") failAt(fused, () => control(fused, site, code));
  const link = linkGuests(fused.sides(site.adapter)), at = { param: site.param };
  let step = liftingOf(site);
  try {
    // The codecs say what exactly is wrong, and where in the value.
    describe(tree, link, site, at);
    step = stepOf(site);
    trap(tree, code);
  } catch (error) {
    throw failedAt(fused, { ...site, param: at.param }, error, step);
  }
}

/** Traps for a call that may not begin, or end. */
function control({ tree, sides }: FusedTree, { adapter }: Site, code: FaultCode): never {
  if (code === "call-depth-limit") return trap(tree, code, tree.callDepth);
  if (code !== "cannot-enter") return trap(tree, code);
  const { callee } = linkGuests(sides(adapter)), { allowed, entering } = callee!;
  if (!allowed) return trap(tree, code, " from itself, or from one within or around it");
  return trap(tree, code, whyNotEntered(entering.find(({ entered }) => entered !== 0)!));
}

/** Lifts the noted core values once more. Throws if that fails. */
function describe(tree: InstanceTree, link: CallLink, { phase }: Site, at: { param: number }): void {
  const { plan: { lower, lift }, caller, callee } = link;
  if (phase === "params") {
    const flat = saved(tree, lower!.layout.core.params);
    liftParams(lower!, withoutHandles(caller!), flat, new CallFrame(), at);
  } else {
    const [value] = saved(tree, lift!.layout.core.results);
    liftResult(lift!, withoutHandles(callee!.cx), value, new CallFrame());
  }
}

/** The core values that the adapter noted. */
function saved({ words }: InstanceTree, types: readonly string[]): (number | bigint)[] {
  const view = new DataView(words.buffer);
  return types.map((type, i) => {
    const at = SAVED_AT + 8 * i;
    switch (type) {
      case "i64":
        return view.getBigInt64(at, true);
      case "f32":
        return view.getFloat32(at, true);
      case "f64":
        return view.getFloat64(at, true);
      default:
        return view.getInt32(at, true);
    }
  });
}

/** The same context, but handles are taken as they are: they may have been given away by now. */
function withoutHandles(cx: CanonContext): CanonContext {
  const handles = { takeOwn: () => 0, lend: () => 0 };
  return cx.withInstance(Object.create(cx.inst, { handles: { value: handles } }));
}

