// The draft's `ComponentInstance`.
// A Component and an import object enter; the exports are the instance's.
// Draft: JS-Reference.md "The WebAssembly Namespace".

import { type Component, shapeIn } from "./component.ts";
import { instantiateLater, instantiateNow } from "./instantiate_component.ts";
import type { Shape } from "./shape.ts";
import { checkImports } from "./web_idl.ts";

/** The exports of the next ComponentInstance, which runs already. */
let ready: object | undefined;

/**
 * A running component, as the draft WebAssembly JS API has it.
 *
 * @example
 * ```ts
 * import { Component, ComponentInstance } from "@windlass/component/js-api";
 * import { assertEquals } from "@std/assert";
 *
 * // (component)
 * const component = new Component(new Uint8Array([0, 0x61, 0x73, 0x6d, 0x0d, 0, 1, 0]));
 * assertEquals(Object.keys(new ComponentInstance(component).exports), []);
 * ```
 */
export class ComponentInstance {
  readonly #exports: object;

  /**
   * Instantiates a component synchronously.
   *
   * @param component The component.
   * @param importsObject What the component imports, by its names in JavaScript.
   * @throws TypeError if a value of the import object does not fit; `WebAssembly.LinkError` if a core
   * module or component of it does not; `WebAssembly.RuntimeError` if the component traps.
   */
  constructor(component: Component, importsObject: object | undefined = undefined) {
    this.#exports = ready ?? instantiateNow(checkedShape(component), checkImports(importsObject));
  }

  /** What the component exports: functions, classes, and objects of them, by their names in JavaScript. */
  // deno-lint-ignore no-explicit-any
  get exports(): any {
    return this.#exports;
  }

  static {
    const { prototype } = this;
    Object.defineProperty(this, "name", { value: "ComponentInstance", configurable: true });
    Object.defineProperty(prototype, "exports", { enumerable: true });
    Object.defineProperty(prototype, Symbol.toStringTag, {
      value: "WebAssembly.ComponentInstance",
      configurable: true,
    });
  }
}

/** The shape of a Component. Throws a TypeError for other values. */
function checkedShape(component: unknown): Shape {
  const shape = shapeIn(component);
  if (shape === undefined) throw new TypeError("Cannot instantiate component: expected a Component");
  return shape;
}

/** Instantiates a component. The imports are read before this returns. */
export async function makeInstance(component: Component, importsObject: unknown): Promise<ComponentInstance> {
  const exports = await instantiateLater(checkedShape(component), checkImports(importsObject));
  ready = exports;
  try {
    return new ComponentInstance(component);
  } finally {
    ready = undefined;
  }
}
