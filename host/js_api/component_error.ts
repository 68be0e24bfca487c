// `ComponentError`: what a function of a component throws for the error of its `result`.
// Draft: JS-Reference.md "The WebAssembly Namespace".

import { describePayload } from "../../describe.ts";

/**
 * The error of a component's `result`, thrown by the function that returned it.
 *
 * @example
 * ```ts
 * import { ComponentError } from "@windlass/component/js-api";
 * import { assertEquals } from "@std/assert";
 *
 * const error = new ComponentError("not found", { kind: "missing" });
 * assertEquals([error.message, error.payload], ["not found", { kind: "missing" }]);
 * ```
 */
export class ComponentError extends Error {
  readonly #payload: unknown;

  /**
   * An error with a payload.
   *
   * @param message What the error says. Of one that a component returned: the payload in words.
   * @param payload The converted value of the error.
   */
  constructor(message: string = "", payload?: unknown) {
    super(`${message}`);
    this.#payload = payload;
  }

  /** The converted value of the error. */
  get payload(): unknown {
    return this.#payload;
  }

  static {
    const { prototype } = this;
    Object.defineProperty(this, "name", { value: "ComponentError", configurable: true });
    Object.defineProperty(prototype, "payload", { enumerable: true });
    Object.defineProperty(prototype, "name", { value: "ComponentError", writable: true, configurable: true });
    Object.defineProperty(prototype, Symbol.toStringTag, {
      value: "WebAssembly.ComponentError",
      configurable: true,
    });
  }
}

/** `create a component error`. */
export function createComponentError(payload: unknown): ComponentError {
  return new ComponentError(describePayload(payload), payload);
}
