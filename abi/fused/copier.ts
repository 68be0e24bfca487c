// The values of one call between guests: its parameters from the caller to the callee, and its result
// back. Nothing here knows when a call begins or ends, so that calls that wait use it, too.
// Both ends enter, instructions leave.
// Spec: CanonicalABI.md `lift_flat_values`, `lower_flat_values`.

import { SAVED_AT, SITE } from "../state/flags.ts";
import type { CoreType } from "../types/core_values.ts";
import { layoutOf, type SignatureLayout, signatureLayout } from "../types/layout.ts";
import { containsAsyncValue, containsHandle, type FuncType, type OfKind, type ValType } from "../types/types.ts";
import { access, type Code, type FuncRef } from "../wasm/code.ts";
import type { Emitter } from "./emitter.ts";
import { canFail, type Direction, type Place, type Side } from "./places.ts";
import type { Sites } from "./sites.ts";
import { accesses } from "./core_values.ts";
import { Translator } from "./translate.ts";

/** One end of a call. */
export interface CopiedEnd {
  readonly type: FuncType;
  readonly layout: SignatureLayout;
  readonly side: Side;
}

/** A call whose values are copied. */
export interface CopiedCall {
  /** Its index in the plan of the component. */
  readonly index: number;
  readonly caller: CopiedEnd;
  readonly callee: CopiedEnd;
}

/** A result as the callee gives it: its core values, or a pointer to it. */
export interface GivenResult {
  readonly locals: readonly number[];
  readonly types: readonly CoreType[];
  readonly direct: boolean;
}

const none: ReadonlySet<number> = new Set();

/** Writes the code that copies the values of a call. The parameters are the function's first locals. */
export class Copier {
  /** The parameters that are lent without a frame. */
  readonly lent: ReadonlySet<number>;
  readonly #emitter: Emitter;
  readonly #sites: Sites;
  readonly #call: CopiedCall;
  readonly #code: Code;
  /** The site that the word of the tree says now. */
  #site = 0;

  constructor(emitter: Emitter, sites: Sites, call: CopiedCall, code: Code, lent: ReadonlySet<number> = none) {
    this.#emitter = emitter;
    this.#sites = sites;
    this.#call = call;
    this.#code = code;
    this.lent = lent;
  }

  /** Says in the tree's word what is being done. */
  #enterSite(site: number): void {
    if (this.#site === site) return;
    this.#site = site;
    this.#code.global(this.#emitter.base).i32(site).access(access.i32Store, this.#emitter.flags, 4 * SITE);
  }

  /**
   * Notes the core values of some types, so that a fault can be described by lifting them again, and
   * begins to count the bytes and handles that are lifted.
   */
  #save(locals: readonly number[], types: readonly CoreType[], of: readonly ValType[]): void {
    const code = this.#code, { flags } = this.#emitter;
    locals.forEach((local, i) => {
      code.i32(SAVED_AT + 8 * i).get(local).access(accesses(types[i]!, 4).store, flags);
    });
    this.#emitter.resetCounts(code, of.some((type) => containsHandle(type) || containsAsyncValue(type)));
  }

  /** Copies the parameters. Gives the locals of the callee's arguments. */
  params(): readonly number[] {
    const { caller, callee, index } = this.#call, code = this.#code, emitter = this.#emitter;
    const direction: Direction = { from: caller.side, to: callee.side };
    const { params, paramsDirect, core } = caller.layout, target = callee.layout;
    const source = core.params.map((_, i) => i);
    const types = caller.type.params.map((param) => param.type), failing = types.map(canFail);
    if (types.length === 0) return [];
    if (!paramsDirect || failing.includes(true)) {
      const count = paramsDirect ? params.flat!.length : 1;
      this.#save(source.slice(0, count), core.params, types);
    }
    if (!paramsDirect) {
      this.#enterSite(this.#sites.add(index, "params", types.length));
      emitter.liftedPointer(code, caller.side, 0, params.alignment, params.size);
    }
    let base = -1, args: readonly number[];
    if (target.paramsDirect) args = target.params.flat!.map((type) => code.local(type));
    else {
      args = [base = code.local(callee.side.address)];
      this.#enterSite(this.#sites.add(index, "params", types.length));
      code.i32(target.params.alignment).i32(target.params.size);
      emitter.allocate(code, callee.side, "list-content-out-of-bounds");
      code.set(base);
    }
    const translator = new Translator(emitter, direction, code);
    types.forEach((type, k) => {
      if (failing[k]) this.#enterSite(this.#sites.add(index, "params", k));
      const from = placeOf(k, type, caller.layout, 0, source), to = placeOf(k, type, target, base, args);
      if (this.lent.has(k)) translator.lend(type as OfKind<"borrow">, from, to);
      else translator.value({ from: type, to: callee.type.params[k]!.type }, from, to);
    });
    this.#enterSite(0);
    return args;
  }

  /**
   * Copies the result. `pointer` is the local that says where the caller wants it, if that is in
   * memory. Gives the local of the caller's core result, if there is one.
   */
  result({ locals, types, direct }: GivenResult, pointer: number): number | undefined {
    const { caller, callee, index } = this.#call, code = this.#code, emitter = this.#emitter;
    const type = callee.type.result;
    if (type === undefined) return undefined;
    const { resultDirect, core } = caller.layout;
    if (!direct || !resultDirect || canFail(type)) {
      this.#enterSite(this.#sites.add(index, "result"));
      this.#save(locals, types, [type]);
    }
    if (!direct) {
      const { alignment, size } = layoutOf(type, callee.side.address);
      emitter.liftedPointer(code, callee.side, locals[0]!, alignment, size);
    }
    if (!resultDirect) {
      const { alignment, size } = layoutOf(type, caller.side.address);
      emitter.checkPointer(code, caller.side, pointer, alignment, size);
    }
    const out = resultDirect ? code.local(core.results[0]!) : undefined;
    const from: Place = direct ? { kind: "flat", locals, types } : { kind: "memory", pointer: locals[0]!, offset: 0 };
    const to: Place = out !== undefined
      ? { kind: "flat", locals: [out], types: core.results }
      : { kind: "memory", pointer, offset: 0 };
    const pair = { from: type, to: caller.type.result! };
    new Translator(emitter, { from: callee.side, to: caller.side }, code).value(pair, from, to);
    this.#enterSite(0);
    return out;
  }
}

/** `copy_params`: takes the caller's core arguments and gives the callee's. */
export function emitCopyParams(emitter: Emitter, sites: Sites, call: CopiedCall): FuncRef {
  const { caller: { layout: { params, paramsDirect, core } }, callee } = call;
  const { ref, code } = emitter.module.func({
    params: core.params.slice(0, paramsDirect ? params.flat!.length : 1),
    results: callee.layout.core.params,
  });
  for (const local of new Copier(emitter, sites, call, code).params()) code.get(local);
  return ref;
}

/**
 * `copy_result`: takes the core values with which the callee returns, and the caller's pointer if it
 * gave one. Gives the caller's core result, if there is one.
 */
export function emitCopyResult(emitter: Emitter, sites: Sites, call: CopiedCall): FuncRef {
  const { caller: { layout: { resultDirect, core }, side: { address } }, callee: { type, layout } } = call;
  const { types, direct } = givenBy(type, layout);
  const { ref, code } = emitter.module.func({
    params: resultDirect ? types : [...types, address],
    results: resultDirect ? core.results : [],
  });
  const given = { locals: types.map((_, i) => i), types, direct };
  const out = new Copier(emitter, sites, call, code).result(given, types.length);
  if (out !== undefined) code.get(out);
  return ref;
}

/** The core values with which a callee returns: from its function, or by `task.return`. */
export function givenBy(
  { result }: FuncType,
  { key: { style, address }, resultDirect, core }: SignatureLayout,
): { readonly types: readonly CoreType[]; readonly direct: boolean } {
  if (style === "sync") return { types: core.results, direct: resultDirect };
  const type = { params: [], async: true, ...result !== undefined && { result } };
  const returned = signatureLayout(type, { side: "task-return", style: "sync", address });
  return { types: returned.core.params, direct: returned.paramsDirect };
}

/** Where a parameter is: in locals, or in the record of all of them. */
function placeOf(
  k: number,
  type: FuncType["params"][number]["type"],
  { key: { address }, params: { offsets, flatOffsets }, paramsDirect, core }: SignatureLayout,
  pointer: number,
  locals: readonly number[],
): Place {
  if (!paramsDirect) return { kind: "memory", pointer, offset: offsets[k]! };
  const at = flatOffsets[k]!, end = at + layoutOf(type, address).flat!.length;
  return { kind: "flat", locals: locals.slice(at, end), types: core.params.slice(at, end) };
}
