// Whether the engine can suspend stacks: JavaScript-Promise Integration.

let hasJspi: boolean | undefined;

/** Whether the engine can suspend stacks (JSPI). Asked when it is first needed; tests switch it off. */
export const jspi: { has: boolean } = {
  get has() {
    return hasJspi ??= "Suspending" in WebAssembly && "promising" in WebAssembly;
  },
  set has(has) {
    hasJspi = has;
  },
};
