// One module of adapters: the calls between guests that some core module imports, as functions in
// WebAssembly.
// Calls enter, with their core items as texts. The bytes of the module leave, and what must be
// imported to instantiate it.

import type { AddressType, CoreFuncType } from "../types/core_values.ts";
import { type CallStyle, signatureLayout } from "../types/layout.ts";
import type { FuncType, ResourceType } from "../types/types.ts";
import type { FuncRef } from "../wasm/code.ts";
import { customSection } from "../wasm/encoder.ts";
import { identityOf } from "../wasm/identity.ts";
import { emitAdapter } from "./adapter.ts";
import { type CopiedCall, emitCopyParams, emitCopyResult } from "./copier.ts";
import { type AdapterSettings, Emitter, type HandleImport } from "./emitter.ts";
import type { Side } from "./places.ts";
import type { Sites } from "./sites.ts";

export type { AdapterSettings };

/** Names a core item. The same text is the same item. */
export type ItemKey = string;

/** One end of a call, with its canonical options. */
export interface FusedEnd {
  readonly type: FuncType;
  /** The number of its component instance. */
  readonly node: number;
  readonly style: CallStyle;
  readonly encoding: Side["encoding"];
  readonly address: AddressType;
  readonly memory: ItemKey | undefined;
  readonly realloc: ItemKey | undefined;
}

/** One call between guests. */
export interface FusedCall {
  /** Its number in the component. */
  readonly index: number;
  /** Whether an adapter makes the call: both ends are synchronous. */
  readonly adapts: boolean;
  /** Whether its values are copied by functions of their own, since it may run as a task. */
  readonly copies: boolean;
  readonly caller: FusedEnd;
  readonly callee: FusedEnd;
  readonly core: ItemKey;
  readonly postReturn: ItemKey | undefined;
  /** The numbers of the instances that it enters, innermost first. */
  readonly entering: readonly number[];
  /** Whether the caller may call the callee at all. */
  readonly allowed: boolean;
  /** Whether the callee defines a resource type. */
  defines(resource: ResourceType): boolean;
}

/** A function of a guest that adapters call. */
export interface FusedFunc {
  readonly role: "core" | "realloc" | "post-return";
  readonly key: ItemKey;
  /** The number of a call that needs it, and the component instance it belongs to. */
  readonly call: number;
  readonly node: number;
}

/** Names of exports: the adapter of a call, and what copies its parameters and its result. */
export const exportNames = {
  adapter: (call: number): string => `${call}`,
  params: (call: number): string => `params ${call}`,
  result: (call: number): string => `result ${call}`,
};

/** The name of the custom section that identifies a module of adapters. */
export const ADAPTERS_MARK = "windlass:adapters";

/** A module of adapters. */
export interface FusedModule {
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** What tells it from others. The module has it as custom section {@linkcode ADAPTERS_MARK}. */
  readonly mark: string;
  /** The memories `m0`, `m1`, … */
  readonly memories: readonly ItemKey[];
  /** The functions `f0`, `f1`, … */
  readonly funcs: readonly FusedFunc[];
  /** The functions `h0`, `h1`, … */
  readonly handles: readonly HandleImport[];
}

/** Makes one module of the adapters of some calls. */
export function fuse(calls: readonly FusedCall[], sites: Sites, settings: AdapterSettings): FusedModule {
  const memories = numberedMemories(calls);
  const emitter = new Emitter(settings, [...memories.values()].map(({ address }) => address));
  const funcs: FusedFunc[] = [], refs = new Map<string, FuncRef>();
  const imported = (func: FusedFunc, type: CoreFuncType): FuncRef => {
    // What a call does around its core function may differ from call to call.
    const key = `${func.role} ${func.key} ${func.role === "realloc" ? func.node : func.call}`;
    let ref = refs.get(key);
    if (ref === undefined) refs.set(key, ref = emitter.module.importFunc(`f${funcs.push(func) - 1}`, type));
    return ref;
  };
  const sideOf = ({ node, encoding, memory, realloc, address }: FusedEnd, call: number): Side => ({
    key: `${node} ${encoding} ${memory} ${realloc}`,
    memory: memory === undefined ? -1 : memories.get(memory)!.index,
    address,
    realloc: realloc === undefined
      ? undefined
      : imported({ role: "realloc", key: realloc, call, node }, reallocType(address)),
    encoding,
    node,
  });
  const { module } = emitter;
  for (const { index, caller, callee, adapts, copies, core, postReturn, ...rules } of calls) {
    const lower = signatureLayout(caller.type, { side: "lower", style: caller.style, address: caller.address });
    const lift = signatureLayout(callee.type, { side: "lift", style: callee.style, address: callee.address });
    const copied: CopiedCall = {
      index,
      caller: { type: caller.type, layout: lower, side: sideOf(caller, index) },
      callee: { type: callee.type, layout: lift, side: sideOf(callee, index) },
    };
    if (adapts) {
      const adapter = emitAdapter(emitter, sites, {
        ...copied,
        ...rules,
        core: imported({ role: "core", key: core, call: index, node: callee.node }, lift.core),
        postReturn: postReturn === undefined ? undefined : imported(
          { role: "post-return", key: postReturn, call: index, node: callee.node },
          { params: lift.core.results, results: [] },
        ),
      });
      module.export(exportNames.adapter(index), adapter);
    }
    if (copies) {
      module.export(exportNames.params(index), emitCopyParams(emitter, sites, copied));
      if (callee.type.result !== undefined) {
        module.export(exportNames.result(index), emitCopyResult(emitter, sites, copied));
      }
    }
  }
  emitter.finish();
  const built = module.build(), mark = identityOf(built), section = customSection(ADAPTERS_MARK, mark);
  const bytes = new Uint8Array(built.length + section.length);
  bytes.set(built);
  bytes.set(section, built.length);
  return { bytes, mark, memories: [...memories.keys()], funcs, handles: emitter.handles };
}

/** The memories of some calls, in the order in which the module imports them. */
function numberedMemories(
  calls: readonly FusedCall[],
): Map<ItemKey, { readonly index: number; readonly address: AddressType }> {
  const memories = new Map<ItemKey, { readonly index: number; readonly address: AddressType }>();
  for (const { memory, address } of calls.flatMap(({ caller, callee }) => [caller, callee])) {
    if (memory !== undefined && !memories.has(memory)) memories.set(memory, { index: memories.size, address });
  }
  return memories;
}

function reallocType(address: AddressType): CoreFuncType {
  return { params: [address, address, address, address], results: [address] };
}
