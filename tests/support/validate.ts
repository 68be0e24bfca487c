// Whether a component is valid, by the toolchain's own validator.

import { componentWit } from "@bytecodealliance/jco-transpile/wasm-tools";

/** What wasm-tools finds wrong with a component; nothing if it is valid. */
export async function invalidity(bytes: Uint8Array): Promise<string | undefined> {
  try {
    // Printing a component's world validates it first; `print` and `parse` do not.
    await componentWit(bytes);
  } catch (error) {
    const message = String((error as { payload?: unknown }).payload ?? error);
    // Valid, but with a world that WIT has no notation for: an interface that is exported with an
    // imported interface's types.
    return message.includes("cannot represent this component in WIT") ? undefined : message;
  }
  return undefined;
}
