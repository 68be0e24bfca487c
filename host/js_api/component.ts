// The draft's `Component`: a compiled component, which says nothing of what is in it.
// Bytes enter, a Component leaves; inside the library, its shape does.
// Draft: JS-Reference.md "The WebAssembly Namespace", "Validation/Compilation".

import type { Bytes } from "../../core/sources/chunks.ts";
import type { Component as CompiledComponent } from "../../core/component.ts";
import { compileBytes } from "./compile_component.ts";
import { Shape } from "./shape.ts";

let shapeOf: (value: unknown) => Shape | undefined;
/** What the next Component is made of, instead of bytes. */
let compiled: CompiledComponent | undefined;

/**
 * A compiled component, as the draft WebAssembly JS API has it.
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
export class Component {
  readonly #component: CompiledComponent;
  /** Made when the component is first instantiated. */
  #shape: Shape | undefined;

  /**
   * Compiles a component synchronously. Browsers refuse that for large ones on the main thread.
   *
   * @param bytes The component's binary.
   * @throws `WebAssembly.CompileError` if the binary is no valid component.
   */
  constructor(bytes: Bytes) {
    this.#component = compiled ?? compileBytes(bytes);
  }

  static {
    // Bundlers rename classes.
    Object.defineProperty(this, "name", { value: "Component", configurable: true });
    Object.defineProperty(this.prototype, Symbol.toStringTag, { value: "WebAssembly.Component", configurable: true });
    shapeOf = (value) =>
      typeof value === "object" && value !== null && #component in value
        ? value.#shape ??= new Shape(value.#component)
        : undefined;
  }
}

/** Makes the Component of a component that is compiled already. */
export function componentOf(component: CompiledComponent): Component {
  compiled = component;
  try {
    return new Component(new Uint8Array());
  } finally {
    compiled = undefined;
  }
}

/** The shape of a Component; `undefined` for other values. */
export function shapeIn(value: unknown): Shape | undefined {
  return shapeOf(value);
}

/** The component that a Component holds; `undefined` for other values. */
export function componentIn(value: unknown): CompiledComponent | undefined {
  return shapeOf(value)?.component;
}
