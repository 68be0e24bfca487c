// A host function that a component exports again: called from JS, it is to check and convert values as any export does.
// So it gets what a guest would have: a small memory with an allocator, through which values are lowered and lifted again.

import type { CoreFunction, CoreValue } from "../types/core_values.ts";
import { ComponentInstance, type InstanceTree } from "../state/instance.ts";
import type { HostCall } from "./call_link.ts";
import { CanonContext, type CanonOptions } from "../state/canon_context.ts";
import type { CodecSource } from "../codecs/codec.ts";
import type { Lifted } from "./from_host.ts";
import { alignTo } from "../types/layout.ts";
import { isThenable } from "../codecs/results.ts";
import { signatureOf } from "../codecs/signature.ts";
import { linkImport, type Lowered, lowerHost, lowerSuspending, refuseSuspending } from "./to_host.ts";
import type { FuncType } from "../types/types.ts";

const PAGE = 65536;

/** A memory whose allocator starts over with each call. */
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

/** The context of the call from JS: each call has the arena to itself, whatever became of the one before. */
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
 * Calls of imports that one instance tree exports again. They share a memory: one call runs in a
 * tree at a time, and engines reserve gigabytes of addresses for each memory, of which a small
 * binary must not have thousands.
 */
export class Loopback {
  readonly #arena = new Arena();
  readonly #inst: ComponentInstance;
  readonly #options: CanonOptions;

  constructor(tree: InstanceTree) {
    const arena = this.#arena;
    // Within the root: one call runs in a tree at a time, whatever it reaches.
    this.#inst = new ComponentInstance(tree, tree.nodes[0]);
    this.#options = {
      memory: arena.memory,
      address: "i32",
      realloc: (_, __, alignment: number, size: number) => arena.allocate(alignment, size),
      postReturn: undefined,
      stringEncoding: "utf16",
    };
  }

  /** Makes a lift. Paths name the import and the export that it is. */
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
}

/** There is no guest to suspend, but whoever calls plainly wants a value all the same. */
function suspendingCore(lowered: Lowered, plain: HostCall | undefined): CoreFunction {
  const { cx, path } = lowered, suspension = cx.inst.tree.suspension!;
  const suspending = lowerSuspending(linkImport(lowered));
  const otherwise = plain === undefined
    ? refuseSuspending(cx, suspension, path)
    : lowerHost(linkImport({ ...lowered, call: plain }));
  return (...flat: CoreValue[]) => suspension.allowed ? suspending(...flat) : otherwise(...flat);
}
