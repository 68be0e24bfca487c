// A core module's place in a component: where its bytes lie, the engine's module once there is one,
// and its type. A host gets modules and gives them back as `WebAssembly.Module`; by that object we
// find again what we know of the module.

import { type CoreModuleType, moduleHead, readModuleType } from "./module_type.ts";
import type { HeldModule } from "./held_module.ts";
import { splitMark } from "./split_mark.ts";

const known = new WeakMap<WebAssembly.Module, ModuleSlot>();

/** One core module. */
export class ModuleSlot implements HeldModule {
  /** In the component's binary, in bytes. */
  readonly offset: number;
  readonly length: number;
  #module: WebAssembly.Module | undefined;
  #head: Uint8Array | undefined;
  #type: CoreModuleType | undefined;
  /** Whether the engine's module is metered, so that it runs in metered trees only. */
  metered = false;
  /** The mark of the module that was split off here, where the component is without it. */
  mark: string | undefined;

  constructor(offset: number, length: number) {
    this.offset = offset;
    this.length = length;
  }

  /** The slot of a module whose bytes were seen. */
  static known(module: WebAssembly.Module): ModuleSlot | undefined {
    return known.get(module);
  }

  /** The slot of a module that a host gives; it has a type only if this library compiled it. */
  static of(module: WebAssembly.Module): ModuleSlot {
    const found = known.get(module);
    if (found !== undefined) return found;
    const slot = new ModuleSlot(0, 0);
    slot.fill(module);
    return slot;
  }

  /** Keeps the part of the module's bytes that says its type. */
  describe(bytes: Uint8Array): void {
    this.#head = moduleHead(bytes).slice();
    this.mark = splitMark(this.#head);
  }

  /** Says what the engine made of it. */
  fill(module: WebAssembly.Module): void {
    this.#module = module;
    if (this.#head !== undefined || this.#type !== undefined) known.set(module, this);
  }

  /** The engine's module. There is one once the component is compiled. */
  get module(): WebAssembly.Module {
    return this.#module!;
  }

  /** Its type; `undefined` where its bytes were never seen or are malformed. */
  get type(): CoreModuleType | undefined {
    if (this.#type === undefined && this.#head !== undefined) {
      this.#type = readModuleType(this.#head);
      this.#head = undefined;
    }
    return this.#type;
  }
}
