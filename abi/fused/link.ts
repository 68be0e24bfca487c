// What a module of adapters imports for one instance tree, besides core items: flags and limits,
// traps with their places, handles.
// The sides of each call enter, made when they are needed, and imports leave.

import { Trap } from "../../errors.ts";
import { CallFrame } from "../state/call_frame.ts";
import { CanonContext } from "../state/canon_context.ts";
import type { CodecSource } from "../codecs/codec.ts";
import { FREE, MOVED_AT, SAVED_AT } from "../state/flags.ts";
import type { ComponentInstance, InstanceTree } from "../state/instance.ts";
import { asTrap, checkLeave, isHostError, makeTrap, rethrow, trap, whyNotEntered } from "../state/trap.ts";
import { type CallLink, failed } from "../calls/call_link.ts";
import type { Step } from "../calls/call_plan.ts";
import { linkGuests, type Sides } from "../calls/guest_to_guest.ts";
import { liftParams } from "../calls/passing.ts";
import { lentRep } from "../state/resource_runtime.ts";
import { resourceSlotOf } from "../types/resource_slots.ts";
import type { ResourceType } from "../types/types.ts";
import { givenBy } from "./copier.ts";
import type { HandleImport } from "./emitter.ts";
import { exportNames, type FusedModule } from "./fuse.ts";
import type { GuestCopy } from "../calls/guest_copy.ts";
import type { CoreFunction, CoreValue } from "../types/core_values.ts";
import type { Pair } from "./places.ts";
import { type FaultCode, faultCodes } from "./faults.ts";
import { enteredFrom, type Site, type Sites } from "./sites.ts";

/** What an instance tree knows of its adapters. */
export interface FusedTree {
  readonly tree: InstanceTree;
  readonly sites: Sites;
  readonly codecs: CodecSource;
  /** Gives both sides of a call, by its number. */
  sides(index: number): Sides;
}

/** Has a tree name the calls of its adapters in messages. */
export function nameCalls(fused: FusedTree): void {
  const { tree, sites, sides } = fused;
  let innermost: Site | undefined;
  tree.noteCalls = () => innermost = running(fused);
  tree.locateFault = (error) => locate(fused, error, innermost ?? running(fused));
  tree.calleeOfWord = (word) => {
    const site = sites.at(enteredFrom(word)?.site ?? 0);
    return site && sides(site.adapter).lifted.path;
  };
}

/** Makes the imports of a module, besides memories of guests and core functions. */
export function fusedImports(
  fused: FusedTree,
  { handles }: Pick<FusedModule, "handles">,
  frames: Frames = new Frames(),
): WebAssembly.ModuleImports {
  const { tree } = fused, { flags: { memory, at } } = tree;
  const imports: WebAssembly.ModuleImports = {
    flags: memory!,
    base: new WebAssembly.Global({ value: "i32" }, 4 * at),
    depth: new WebAssembly.Global({ value: "i32" }, Math.min(tree.callDepth, 2 ** 31 - 1)),
    bytes: new WebAssembly.Global({ value: "i64" }, BigInt(tree.liftedBytes)),
    fault: (code: number) => raise(fused, faultCodes[code]!),
    refuse: (site: number) => failAt(fused, site, (link) => refuse(tree, link)),
    rethrow: (site: number) => failAt(fused, site, () => rethrow(tree)),
    uncaught: (site: number) => uncaught(fused, site),
    open: () => frames.open(),
    owe: (frame: number, site: number) => {
      if (frames.at(frame).callee.borrows > 0) failAt(fused, site, () => trap(tree, "borrows-remain"));
    },
    close: (frame: number) => frames.close(frame),
    ...fuelOf(fused),
  };
  handles.forEach((handle, i) => {
    const move = handle.kind === "value" ? valueFunc(fused, handle) : handleFunc(handle, tree, frames);
    imports[`h${i}`] = (handle: number) => {
      tree.words[MOVED_WORD]!++;
      try {
        return move(handle >>> 0);
      } catch (error) {
        throw failedHandle(fused, error);
      }
    };
  });
  return imports;
}

/** What a metered module of adapters pays with: a counter as those of core modules are. */
function fuelOf(fused: FusedTree): WebAssembly.ModuleImports {
  const { tree: { meter } } = fused;
  if (meter === undefined) return {};
  const fuel = new WebAssembly.Global({ value: "i32", mutable: true }, 0);
  meter.add(fuel);
  return {
    fuel,
    refill: () => {
      try {
        meter.refill(fuel);
      } catch (error) {
        const site = copying(fused)!;
        throw failedAt(linkGuests(fused.sides(site.adapter)), site, error, liftingOf(site));
      }
    },
  };
}

/** Gives what copies the values of a call, from the exports of its module. */
export function guestCopy(exports: WebAssembly.Exports, call: number, frames: Frames): GuestCopy {
  const params = exports[exportNames.params(call)] as CoreFunction;
  const result = exports[exportNames.result(call)] as CoreFunction | undefined;
  const count = params.length;
  return {
    params(flat, caller, callee) {
      frames.last = { caller: caller ?? callee, callee };
      const values: unknown = callCopy(params, flat.length > count ? flat.slice(0, count) : flat);
      return values === undefined ? [] : typeof values === "object" ? values as CoreValue[] : [values as CoreValue];
    },
    // An argument too many is no matter to a core function.
    result: (given, flat) => result && callCopy(result, [...given, flat[flat.length - 1]!]),
  };
}

/** Calls what copies values. What comes out of a guest's realloc is no exception of the host's. */
function callCopy(copy: CoreFunction, flat: readonly CoreValue[]): CoreValue | undefined {
  try {
    return copy(...flat as never[]);
  } catch (error) {
    throw asTrap(error);
  }
}

// Handles.

/** The word that counts them. */
const MOVED_WORD = MOVED_AT / 4;

/** What a call owes at both ends. */
export interface Frame {
  readonly caller: CallFrame;
  readonly callee: CallFrame;
}

/** The frames of the calls under way, by number. */
export class Frames {
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

/** `lift_own` and `lower_own`, `lift_borrow` and `lower_borrow`, in one. */
function handleFunc(
  { kind, from, to: lowering, type: resource }: HandleImport,
  tree: InstanceTree,
  frames: Frames,
): (handle: number) => number | void {
  const { nodes, resources } = tree, { handles: source } = nodes[from]!, to = nodes[lowering]!, target = to.handles;
  const slot = resourceSlotOf(resource as ResourceType);
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
        return type.node === to ? lentRep(tree, rep) : target.add(type, rep, callee);
      };
    case "lend":
      return (handle) => lentRep(tree, source.lendDirectly(handle, resources[slot]!));
    default:
      return (handle) => source.endLend(handle);
  }
}

/** Moves a stream, a future or an error context. */
function valueFunc({ tree, codecs }: FusedTree, { from, to, type }: HandleImport): (handle: number) => number {
  const pair = type as Pair, [source, target] = [from, to].map((node) => withoutMemory(tree.nodes[node]!));
  const [lift, lower] = [codecs.of(pair.from, "i32").liftCore!, codecs.of(pair.to, "i32").lowerCore!];
  return (handle) => lower(target!, lift(source!, handle, undefined), undefined) as number;
}

function withoutMemory(inst: ComponentInstance): CanonContext {
  const memory = undefined;
  return new CanonContext(
    inst,
    { memory, address: "i32", realloc: memory, postReturn: memory, stringEncoding: "utf8" },
    false,
  );
}

// Faults.

/** The part of a call whose values an adapter takes from one guest to the other now. */
function copying({ tree, sites }: FusedTree): Site | undefined {
  return sites.at(tree.words[tree.siteAt]!);
}

/** The innermost call whose callee runs. */
function running({ tree, sites }: FusedTree): Site | undefined {
  let found: { readonly site: number; readonly depth: number } | undefined;
  for (const { entered } of tree.nodes) {
    const call = enteredFrom(entered);
    if (call !== undefined && call.depth >= (found?.depth ?? 0)) found = call;
  }
  return found && sites.at(found.site);
}

/** Throws what `run` throws in a call that has a site, with the place. No guest can catch it. */
function failAt(fused: FusedTree, number: number, run: (link: CallLink) => never): never {
  const site = fused.sites.at(number)!, link = linkGuests(fused.sides(site.adapter));
  try {
    return run(link);
  } catch (error) {
    throw failedAt(link, site, error, "call-guest");
  }
}

/** Traps for a core exception of a callee, or, without its site, of a realloc. */
function uncaught(fused: FusedTree, site: number): never {
  const copied = site === 0 ? copying(fused) : undefined;
  if (copied === undefined) failAt(fused, site, () => trap(fused.tree, "uncaught-exception"));
  const link = linkGuests(fused.sides(copied.adapter));
  throw failedAt(link, copied, makeTrap("uncaught-exception", []), loweringOf(copied));
}

function failedAt(link: CallLink, { param }: Site, error: unknown, step: Step): unknown {
  return failed({ link, param, callerFrame: undefined, calleeFrame: undefined }, step, error);
}

/** The step of a fault that is not the caller's value: guest code runs only to lower it. */
function loweringOf({ phase }: Site): Step {
  return phase === "params" ? "lower-params" : "lower-result";
}

/** The step of a fault of the caller's value. */
function liftingOf({ phase }: Site): Step {
  return phase === "params" ? "lift-params" : "lift-result";
}

/** Adds to an exception that came out of a guest the part of the innermost call it happened in. */
function locate(fused: FusedTree, error: unknown, innermost: Site | undefined): void {
  const copied = copying(fused), site = copied ?? innermost;
  // An exception of the host stays as it is, even if it is an engine's.
  if (site === undefined || isHostError(error)) return;
  failedAt(
    linkGuests(fused.sides(site.adapter)),
    site,
    error,
    copied === undefined ? "call-guest" : loweringOf(copied),
  );
}

/** Traps for a value that an adapter found wrong. */
function raise(fused: FusedTree, code: FaultCode): never {
  const { tree } = fused, site = copying(fused)!, link = linkGuests(fused.sides(site.adapter));
  const at = { param: site.param };
  let step = liftingOf(site);
  try {
    // The codecs say what exactly is wrong, and where in the value.
    describe(tree, link, site, at, () => 0);
    at.param = site.param;
    step = loweringOf(site);
    trap(tree, code);
  } catch (error) {
    throw failedAt(link, { ...site, param: at.param }, error, step);
  }
}

/** Gives the error to throw for a handle that could not be moved, with its place in the value. */
function failedHandle(fused: FusedTree, error: unknown): unknown {
  const { tree } = fused, site = copying(fused)!, link = linkGuests(fused.sides(site.adapter));
  const at = { param: site.param }, isFull = error instanceof Trap && error.code === "handle-limit";
  let left = tree.words[MOVED_WORD]!;
  try {
    describe(tree, link, site, at, () => {
      if (--left === 0) throw error;
      return 0;
    });
  } catch {
    // It is the same error again. The codecs have added the place to it.
  }
  return failedAt(link, { ...site, param: at.param }, error, isFull ? loweringOf(site) : liftingOf(site));
}

/** Traps for a call that may not begin. The rules are in the order of the steps. */
function refuse(tree: InstanceTree, { caller, callee }: CallLink): never {
  const { allowed, entering } = callee!;
  checkLeave(caller!.inst);
  if (!allowed) trap(tree, "cannot-enter", " from itself, or from one within or around it");
  const entered = entering.find(({ entered }) => entered !== FREE);
  if (entered !== undefined) trap(tree, "cannot-enter", whyNotEntered(entered));
  return trap(tree, "call-depth-limit", tree.callDepth);
}

/**
 * Lifts the noted core values once more. Throws if that fails. Handles may have been given away by
 * now: `handle` takes their place.
 */
function describe(
  tree: InstanceTree,
  link: CallLink,
  site: Site,
  at: { param: number },
  handle: () => number,
): void {
  const { asyncValues, meter } = tree;
  tree.asyncValues = asyncValues && { ...asyncValues, lift: handle };
  tree.meter = undefined; // it was paid for the first time
  try {
    liftAgain(tree, link, site, at, handle);
  } finally {
    tree.asyncValues = asyncValues;
    tree.meter = meter;
  }
}

function liftAgain(
  tree: InstanceTree,
  { plan: { lower, lift }, caller, callee }: CallLink,
  { phase }: Site,
  at: { param: number },
  handle: () => number,
): void {
  const frame = new CallFrame();
  if (phase === "params") {
    const flat = saved(tree, lower!.layout.core.params);
    liftParams(lower!, withHandles(caller!, handle), flat, frame, at);
    return;
  }
  const cx = withHandles(callee!.cx, handle),
    { types, direct } = givenBy(lift!.type, lift!.layout),
    result = lift!.result!;
  const flat = saved(tree, types), { alignment, size } = result.layout;
  cx.beginLift();
  if (direct) result.liftFlat(cx, flat, 0, frame);
  else result.load(cx, cx.checkPointer(flat[0], alignment, size), frame);
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

/** The same context, but a function lifts handles. */
function withHandles(cx: CanonContext, handle: () => number): CanonContext {
  const handles = { takeOwn: handle, lend: handle };
  return cx.withInstance(Object.create(cx.inst, { handles: { value: handles } }));
}
