// One call between guests as one function in WebAssembly: what perform.ts does step by step.
// Both sides enter, the function leaves. The order of the steps is that of the call plan. The
// caller's values are lifted and lowered in one pass, so that the two steps of a conversion are one.
// Spec: definitions.py `canon_lift` called by `canon_lower`.

import { type Step, stepsBetweenGuests } from "../calls/call_plan.ts";
import { DEPTH, ENTERED, LOCKED_DOWN, NO_LEAVE, SAVED_AT, SITE } from "../state/flags.ts";
import type { CoreType } from "../types/core_values.ts";
import { layoutOf, type SignatureLayout } from "../types/layout.ts";
import { containsBorrow, type FuncType, type OfKind, type ResourceType } from "../types/types.ts";
import { access, type Code, type FuncRef, op } from "../wasm/code.ts";
import { type Emitter, wordAt } from "./emitter.ts";
import { canFail, type Direction, type Place, type Side } from "./places.ts";
import { DEPTH_MASK, enteredBy, type Sites } from "./sites.ts";
import { accesses, Translator } from "./translate.ts";

/** One end of a call. */
export interface AdapterEnd {
  readonly type: FuncType;
  readonly layout: SignatureLayout;
  readonly side: Side;
}

/** One call between guests. */
export interface AdapterParts {
  /** Its index in the plan of the component. */
  readonly index: number;
  readonly caller: AdapterEnd;
  readonly callee: AdapterEnd;
  readonly core: FuncRef;
  readonly postReturn: FuncRef | undefined;
  /** The numbers of the instances that the call enters, innermost first. */
  readonly entering: readonly number[];
  /** Whether the caller may call the callee at all. */
  readonly allowed: boolean;
  /** Whether core exceptions may come out of the callee. */
  readonly exceptions: boolean;
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
  readonly #sites: Sites;
  readonly #parts: AdapterParts;
  readonly #code: Code;
  readonly #callSite: number;
  /** A local: the address of the tree's first word. */
  readonly #base: number;
  /** The site that the word says now. */
  #site = 0;
  /** The callee's core arguments, and its result. */
  #args: readonly number[] = [];
  #returned: number | undefined = undefined;
  /** The core value that the caller gets. */
  #out: number | undefined = undefined;
  /** The frame of the call, where it has one. */
  #frame = -1;
  /** The parameters that are borrows lent to the guest that defines them, where nothing else is borrowed. */
  readonly #lent: ReadonlySet<number>;

  constructor(emitter: Emitter, sites: Sites, parts: AdapterParts, code: Code) {
    this.#emitter = emitter;
    this.#sites = sites;
    this.#parts = parts;
    this.#code = code;
    this.#callSite = sites.add(parts.index, "call");
    this.#base = code.local("i32");
    const { caller, defines } = parts, params = caller.type.params.map(({ type }, k) => ({ type, k }));
    const borrowing = params.filter(({ type }) => containsBorrow(type));
    const isLent = caller.layout.paramsDirect &&
      borrowing.every(({ type }) => type.kind === "borrow" && defines(type.resource));
    this.#lent = new Set(isLent ? borrowing.map(({ k }) => k) : []);
  }

  write(): void {
    const { caller: { type }, postReturn } = this.#parts;
    // Results hold no borrows, and nothing is owed for what is given away.
    const framed = this.#lent.size === 0 && type.params.some((param) => containsBorrow(param.type));
    for (const step of stepsBetweenGuests({ framed }, postReturn !== undefined)) this.#steps[step]?.();
    if (this.#out !== undefined) this.#code.get(this.#out);
  }

  readonly #steps: Readonly<Partial<Record<Step, () => void>>> = {
    "enter-from-guest": () => this.#enter(),
    "open-frames": () => {
      this.#frame = this.#code.local("i32");
      this.#code.call(this.#emitter.frames.open).set(this.#frame);
    },
    "lower-params": () => this.#params(),
    "call-guest": () => this.#call(),
    "check-lock-down": () => {
      this.#load(LOCKED_DOWN_AT);
      this.#code.if();
      this.#code.call(this.#emitter.rethrow).do(op.unreachable).end();
    },
    "check-borrows": () => {
      this.#code.get(this.#frame).i32(this.#callSite).call(this.#emitter.frames.owe);
    },
    "lower-result": () => this.#result(),
    "post-return": () => {
      const { callee: { side }, postReturn } = this.#parts;
      this.#emitter.mayLeave(this.#code, side, false);
      if (this.#returned !== undefined) this.#code.get(this.#returned);
      this.#code.call(postReturn!);
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
    for (const k of this.#lent) {
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

  #enterSite(site: number): void {
    if (this.#site === site) return;
    this.#site = site;
    this.#store(SITE_AT, () => this.#code.i32(site));
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

  // Values.

  /**
   * Notes core values, so that a fault can be described by lifting them again, and begins to count
   * the bytes that are lifted.
   */
  #save(locals: readonly number[], types: readonly CoreType[]): void {
    const code = this.#code, { flags } = this.#emitter;
    locals.forEach((local, i) => {
      code.i32(SAVED_AT + 8 * i).get(local).access(accesses(types[i]!, 4).store, flags);
    });
    this.#emitter.resetBudget(code);
  }

  #params(): void {
    const { caller, callee, index } = this.#parts, code = this.#code, emitter = this.#emitter;
    const direction: Direction = { from: caller.side, to: callee.side };
    const { params, paramsDirect, core } = caller.layout, target = callee.layout;
    const source = core.params.map((_, i) => i);
    const types = caller.type.params.map((param) => param.type), failing = types.map(canFail);
    if (!paramsDirect || failing.includes(true)) {
      const count = paramsDirect ? params.flat!.length : 1;
      this.#save(source.slice(0, count), core.params);
    }
    if (!paramsDirect) {
      this.#enterSite(this.#sites.add(index, "params", types.length));
      emitter.checkPointer(code, caller.side, 0, params.alignment, params.size);
    }
    let base = -1;
    if (target.paramsDirect) this.#args = target.params.flat!.map((type) => code.local(type));
    else {
      this.#args = [base = code.local("i32")];
      this.#enterSite(this.#sites.add(index, "params", types.length));
      code.i32(target.params.alignment).i32(target.params.size);
      emitter.allocate(code, callee.side, "list-content-out-of-bounds");
      code.set(base);
    }
    const translator = new Translator(emitter, direction, code);
    types.forEach((type, k) => {
      if (failing[k]) this.#enterSite(this.#sites.add(index, "params", k));
      const count = layoutOf(type, "i32").flat?.length ?? 0;
      const place = (
        direct: boolean,
        { offsets, flatOffsets }: SignatureLayout["params"],
        pointer: number,
        locals: readonly number[],
        coreTypes: readonly CoreType[],
      ): Place => {
        if (!direct) return { kind: "memory", pointer, offset: offsets[k]! };
        const at = flatOffsets[k]!;
        return { kind: "flat", locals: locals.slice(at, at + count), types: coreTypes.slice(at, at + count) };
      };
      const from = place(paramsDirect, params, 0, source, core.params);
      const to = place(target.paramsDirect, target.params, base, this.#args, target.core.params);
      if (this.#lent.has(k)) translator.lend(type as OfKind<"borrow">, from, to);
      else translator.value({ from: type, to: callee.type.params[k]!.type }, from, to);
    });
    this.#enterSite(0);
  }

  #call(): void {
    const code = this.#code, { core, exceptions, callee: { layout } } = this.#parts;
    const [result] = layout.core.results;
    if (result !== undefined) this.#returned = code.local(result);
    const args = (): void => this.#args.forEach((local) => code.get(local));
    if (!exceptions) {
      args();
      code.call(core);
      if (this.#returned !== undefined) code.set(this.#returned);
      return;
    }
    const ok = code.block(), caught = code.block();
    code.tryCatchAll(caught, result);
    args();
    code.call(core).end();
    if (this.#returned !== undefined) code.set(this.#returned);
    code.br(ok).end();
    code.i32(this.#callSite).call(this.#emitter.uncaught).do(op.unreachable).end();
  }

  #result(): void {
    const { caller, callee, index } = this.#parts, code = this.#code, emitter = this.#emitter;
    const type = callee.type.result;
    if (type === undefined) return;
    const { resultDirect, core } = callee.layout, returned = this.#returned!;
    const { alignment, size } = layoutOf(type, "i32");
    if (!resultDirect || canFail(type)) {
      this.#enterSite(this.#sites.add(index, "result"));
      this.#save([returned], core.results);
    }
    if (!resultDirect) emitter.checkPointer(code, callee.side, returned, alignment, size);
    const from: Place = resultDirect
      ? { kind: "flat", locals: [returned], types: core.results }
      : { kind: "memory", pointer: returned, offset: 0 };
    const last = caller.layout.core.params.length - 1;
    if (!caller.layout.resultDirect) emitter.checkPointer(code, caller.side, last, alignment, size);
    else this.#out = code.local(caller.layout.core.results[0]!);
    const to: Place = caller.layout.resultDirect
      ? { kind: "flat", locals: [this.#out!], types: caller.layout.core.results }
      : { kind: "memory", pointer: last, offset: 0 };
    const pair = { from: type, to: caller.type.result! };
    new Translator(emitter, { from: callee.side, to: caller.side }, code).value(pair, from, to);
    this.#enterSite(0);
  }
}

/** Offsets of the tree's words, in bytes. */
const LOCKED_DOWN_AT = 4 * LOCKED_DOWN, DEPTH_AT = 4 * DEPTH, SITE_AT = 4 * SITE;
