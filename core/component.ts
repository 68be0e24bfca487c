// The class Component: its plan and its compiled core modules. compile.ts makes it,
// host/link/linker.ts links it, and it never changes.

import type { Codegen } from "../abi/codegen/generate.ts";
import { helperIfAny } from "../abi/wasm/helper.ts";
import { checkKnown } from "./binary/known_names.ts";
import { fusedPlanOf, type Fuser } from "./fused/fused_plan.ts";
import type { Meterer } from "./meter/meterer.ts";
import type { HeldModule } from "./module/held_module.ts";
import type { Definition, Reflected } from "./definition.ts";
import type { Plan } from "./plan/plan_types.ts";
import type { AsyncParts } from "./async/async_core.ts";
import type { ExternItem } from "./types.ts";

/** The internal parts of a component. */
export interface ComponentInternals {
  /**
   * The definition that the plan was made from. If the host provides modules or components for
   * imports, it is planned again. `undefined` if it was planned ahead of time.
   */
  readonly definition: Definition | undefined;
  /** Gives its imports and exports as data. */
  reflect(): Reflected;
  readonly plan: Plan;
  readonly modules: readonly HeldModule[];
  /** Where generated functions come from. `undefined` if none are to be generated. */
  readonly codegen: Codegen | undefined;
  /** Whether calls between guests may have adapters in WebAssembly. */
  readonly fused: boolean;
  /** What makes them for plans that are made of it. Set once it is loaded. */
  fuser: Fuser | undefined;
  /** What meters it. `undefined` if its modules are not metered. */
  readonly meterer: Meterer | undefined;
  /** What runs asynchronous parts, of its plan or of plans that are made of it. Set once it is loaded. */
  asyncParts: AsyncParts | undefined;
  readonly printers: Printers;
}

let internalsOf: (component: Component) => ComponentInternals;
let create: (internals: ComponentInternals) => Component;

/**
 * A compiled component: what it imports and exports, and its core modules.
 *
 * Made by `compile` or `compileSync`; holds no instance and may be instantiated any number of
 * times.
 *
 * @example
 * ```ts
 * import { compileSync } from "@windlass/component";
 * import { assertEquals } from "@std/assert";
 *
 * // (component)
 * const component = compileSync(new Uint8Array([0, 0x61, 0x73, 0x6d, 0x0d, 0, 1, 0]));
 * assertEquals(component.imports, []);
 * ```
 */
export class Component {
  readonly #internals: ComponentInternals;

  #reflected: Reflected | undefined;

  #reflect(): Reflected {
    return this.#reflected ??= this.#internals.reflect();
  }

  private constructor(internals: ComponentInternals) {
    if (internals === undefined) throw new TypeError("a Component is made by compile() or compileSync()");
    this.#internals = internals;
  }

  static {
    internalsOf = (component) => component.#internals;
    create = (internals) => new Component(internals);
  }

  /** What it imports, in order. */
  get imports(): readonly ExternItem[] {
    return this.#reflect().imports;
  }

  /** What it exports, in order. */
  get exports(): readonly ExternItem[] {
    return this.#reflect().exports;
  }

  /**
   * The core modules in order of appearance, then the adapters of calls between guests that
   * `compile` has made, and of a metered component the helper that its modules need: hand them to a
   * worker, or back to `compile(bytes, { modules })`.
   */
  get modules(): readonly WebAssembly.Module[] {
    const { modules, plan, meterer } = this.#internals, helper = meterer && helperIfAny();
    return [
      ...modules.map((slot) => slot.module),
      ...fusedPlanOf(plan)?.modules() ?? [],
      ...helper === undefined ? [] : [helper],
    ];
  }

  /**
   * Its world as WIT text, which `wasm-tools` and `jco` read; what WIT cannot say stands in
   * comments.
   */
  wit(): string {
    return this.#internals.printers.wit(this.imports, this.exports);
  }

  /**
   * Its world as TypeScript: a type for `instantiate<World>`, with the imports a host must give.
   * Comments of its WIT come along if the binary has them in a section `package-docs`.
   *
   * @param options `worldName`: what the type is called; default `World`.
   */
  typescript(options: { worldName?: string } = {}): string {
    checkKnown("option of typescript()", options, { worldName: true });
    const { imports, exports, docs } = this.#reflect();
    return this.#internals.printers.typescript(imports, exports, options.worldName ?? "World", { section: docs });
  }
}

/**
 * Functions that print a world. The caller of compile provides them, because core/ does not know
 * how names are spelt.
 */
export interface Printers {
  wit(imports: readonly ExternItem[], exports: readonly ExternItem[]): string;
  /** `docs` are comments of its WIT: a section `package-docs`, and the world's name if it is known. */
  typescript(
    imports: readonly ExternItem[],
    exports: readonly ExternItem[],
    worldName: string,
    docs: { readonly section: Uint8Array | undefined; readonly world?: string },
  ): string;
}

/** Makes a component. */
export function makeComponent(internals: ComponentInternals): Component {
  return create(internals);
}

/** Gives the internal parts of a component. */
export function componentInternals(component: Component): ComponentInternals {
  return internalsOf(component);
}
