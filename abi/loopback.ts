// A host function that a component exports again: called from JS, it is to check and convert values as any export does.
// So it gets what a guest would have: a small memory with an allocator, through which values are lowered and lifted again.

import type { CoreValue } from "./codec.ts";
import { ComponentInstance, type InstanceTree } from "./instance.ts";
import { type GuestCall, liftExport } from "./lift.ts";
import { type HostCall, lowerHost } from "./lower.ts";
import { alignTo, resultDirect } from "./layout.ts";
import { CanonContext, type CanonOptions } from "./options.ts";
import type { Signature } from "./signature.ts";

const PAGE = 65536;

/** A memory whose allocator starts over after each call. */
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

/** Makes the JS function. Paths name the import and the export that it is. */
export function loopback(
  signature: Signature,
  call: HostCall,
  tree: InstanceTree,
  paths: { readonly imported: string; readonly exported: string },
  throws: boolean,
): GuestCall {
  const arena = new Arena();
  const inst = new ComponentInstance(tree);
  const options: CanonOptions = {
    memory: arena.memory,
    realloc: (_, __, alignment, size) => arena.allocate(alignment, size),
    postReturn: undefined,
    stringEncoding: "utf16",
  };
  const lowered = lowerHost(signature, call, new CanonContext(inst, options, true), paths.imported);
  const { result, layout } = signature;
  const core = resultDirect(layout) ? lowered : (...flat: CoreValue[]) => {
    const ptr = arena.allocate(result!.layout.alignment, result!.layout.size);
    lowered(...flat, ptr);
    return ptr;
  };
  const lifted = { signature, core, postReturn: () => arena.reset(), path: paths.exported };
  return liftExport(lifted, new CanonContext(inst, options, true), throws);
}
