// One call between guests as one function in WebAssembly: what perform.ts does step by step.
// Both sides enter, the function leaves. The order of the steps is that of the call plan. The
// caller's values are lifted and lowered in one pass, so that the two steps of a conversion are one.
// Spec: definitions.py `canon_lift` called by `canon_lower`.

import { type Step, stepsBetweenGuests } from "../calls/call_plan.ts";
import { DEPTH, ENTERED, LOCKED_DOWN, NO_LEAVE } from "../state/flags.ts";
import { containsBorrow, type OfKind, type ResourceType } from "../types/types.ts";
import { access, type Code, type FuncRef, op } from "../wasm/code.ts";
import { type CopiedCall, Copier } from "./copier.ts";
import { type Emitter, wordAt } from "./emitter.ts";
import { DEPTH_MASK, enteredBy, type Sites } from "./sites.ts";

/** One call between guests. */
export interface AdapterParts extends CopiedCall {
  readonly core: FuncRef;
  readonly postReturn: FuncRef | undefined;
  /** The numbers of the instances that the call enters, innermost first. */
  readonly entering: readonly number[];
  /** Whether the caller may call the callee at all. */
  readonly allowed: boolean;
  /** Whether the callee defines a resource type. */
  defines(resource: ResourceType): boolean;
}

/** Writes one adapter. Gives its function. */
export function emitAdapter(emitter: Emitter, sites: Sites, parts: AdapterParts): FuncRef {
  const { ref, code } = emitter.module.func(parts.caller.layout.core);
  new AdapterWriter(emitter, sites, parts, code).write();
  return ref;
}

class AdapterWriter {
  readonly #emitter: Emitter;
  readonly #parts: AdapterParts;
  readonly #code: Code;
  readonly #callSite: number;
  readonly #copier: Copier;
  /** A local: the address of the tree's first word. */
  readonly #base: number;
  /** The callee's core arguments, and its result. */
  #args: readonly number[] = [];
  #returned: number | undefined = undefined;
  /** The core value that the caller gets. */
  #out: number | undefined = undefined;
  /** The frame of the call, where it has one. */
  #frame = -1;

  constructor(emitter: Emitter, sites: Sites, parts: AdapterParts, code: Code) {
    this.#emitter = emitter;
    this.#parts = parts;
    this.#code = code;
    this.#callSite = sites.add(parts.index, "call");
    this.#base = code.local("i32");
    this.#copier = new Copier(emitter, sites, parts, code, lentParams(parts));
  }

  write(): void {
    const { caller: { type }, postReturn } = this.#parts;
    // Results hold no borrows, and nothing is owed for what is given away.
    const framed = this.#copier.lent.size === 0 && type.params.some((param) => containsBorrow(param.type));
    for (const step of stepsBetweenGuests({ framed }, postReturn !== undefined)) this.#steps[step]?.();
    if (this.#out !== undefined) this.#code.get(this.#out);
  }

  readonly #steps: Readonly<Partial<Record<Step, () => void>>> = {
    "enter-from-guest": () => this.#enter(),
    "open-frames": () => {
      this.#frame = this.#code.local("i32");
      this.#code.call(this.#emitter.frames.open).set(this.#frame);
    },
    "lower-params": () => {
      this.#args = this.#copier.params();
    },
    "call-guest": () => this.#call(),
    "check-lock-down": () => {
      this.#load(LOCKED_DOWN_AT);
      this.#code.if();
      this.#code.i32(this.#callSite).call(this.#emitter.rethrow).do(op.unreachable).end();
    },
    "check-borrows": () => {
      this.#code.get(this.#frame).i32(this.#callSite).call(this.#emitter.frames.owe);
    },
    "lower-result": () => {
      const { caller: { layout }, callee: { layout: { core: { results }, resultDirect } } } = this.#parts;
      if (this.#returned === undefined) return;
      const given = { locals: [this.#returned], types: results, direct: resultDirect };
      this.#out = this.#copier.result(given, layout.core.params.length - 1);
    },
    "post-return": () => {
      const { callee: { side }, postReturn } = this.#parts;
      this.#emitter.mayLeave(this.#code, side, false);
      const push = (): void => void (this.#returned !== undefined && this.#code.get(this.#returned));
      this.#emitter.callGuest(this.#code, postReturn!, push, undefined, this.#callSite);
      this.#emitter.mayLeave(this.#code, side, true);
    },
    "close-frames": () => {
      this.#code.get(this.#frame).call(this.#emitter.frames.close);
    },
    leave: () => {
      this.#returnLent();
      for (const node of this.#parts.entering) this.#store(wordAt(node, ENTERED), () => this.#code.i32(0));
      this.#store(DEPTH_AT, () => {
        this.#load(DEPTH_AT);
        this.#code.i32(1).do(op.i32Sub);
      });
    },
  };

  /** Gives back what was lent without a frame. */
  #returnLent(): void {
    const { caller: { type, layout, side: from }, callee: { side: to } } = this.#parts;
    for (const k of this.#copier.lent) {
      const { resource } = type.params[k]!.type as OfKind<"borrow">;
      this.#code.get(layout.params.flatOffsets[k]!).call(this.#emitter.handleFunc("return", { from, to }, resource));
    }
  }

  // Flags.

  #load(offset: number): void {
    this.#code.get(this.#base).access(access.i32Load, this.#emitter.flags, offset);
  }

  #store(offset: number, push: () => void): void {
    this.#code.get(this.#base);
    push();
    this.#code.access(access.i32Store, this.#emitter.flags, offset);
  }

  #enter(): void {
    const code = this.#code, emitter = this.#emitter, { entering, allowed, caller } = this.#parts;
    const depth = code.local("i32");
    code.global(emitter.base).set(this.#base);
    // One branch for all: what is wrong is found out when something is.
    this.#load(wordAt(caller.side.node, NO_LEAVE));
    for (const node of entering) {
      this.#load(wordAt(node, ENTERED));
      code.do(op.i32Or);
    }
    if (!allowed) code.do(op.drop).i32(1);
    code.if();
    code.i32(this.#callSite).call(emitter.refuse).do(op.unreachable).end();
    this.#store(DEPTH_AT, () => {
      this.#load(DEPTH_AT);
      code.i32(1).do(op.i32Add).tee(depth);
    });
    code.get(depth).global(emitter.callDepth).do(op.i32GtU).if();
    code.i32(this.#callSite).call(emitter.refuse).do(op.unreachable).end();
    for (const node of entering) {
      this.#store(wordAt(node, ENTERED), () => {
        code.i32(enteredBy(this.#callSite)).get(depth).i32(DEPTH_MASK).do(op.i32And, op.i32Sub);
      });
    }
  }

  #call(): void {
    const code = this.#code, { core, callee: { layout } } = this.#parts, [result] = layout.core.results;
    const push = (): void => this.#args.forEach((local) => code.get(local));
    this.#emitter.callGuest(code, core, push, result, this.#callSite);
    if (result !== undefined) code.set(this.#returned = code.local(result));
  }
}

/**
 * The parameters that are borrows lent to the guest that defines their resource, if nothing else is
 * borrowed: they need no frame.
 */
function lentParams({ caller: { type, layout }, defines }: AdapterParts): ReadonlySet<number> {
  const borrowing = type.params.flatMap((param, k) => containsBorrow(param.type) ? { type: param.type, k } : []);
  const isLent = layout.paramsDirect &&
    borrowing.every(({ type }) => type.kind === "borrow" && defines(type.resource));
  return new Set(isLent ? borrowing.map(({ k }) => k) : []);
}

/** Offsets of the tree's words, in bytes. */
const LOCKED_DOWN_AT = 4 * LOCKED_DOWN, DEPTH_AT = 4 * DEPTH;
