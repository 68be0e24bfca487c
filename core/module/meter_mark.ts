// Reads the custom section that marks a metered core module (core/meter), also one that was
// compiled elsewhere. It says how the names of the added exports begin.

/** The name of the custom section. */
export const METER_MARK = "windlass:metering";

const decoder = new TextDecoder();

/**
 * How the names of the exports begin that metering added. Empty if there was no code to charge;
 * `undefined` if the module is not metered.
 */
export function meterPrefix(module: WebAssembly.Module): string | undefined {
  // Sections of this name that a guest had were dropped.
  const marks = WebAssembly.Module.customSections(module, METER_MARK);
  return marks.length === 0 ? undefined : decoder.decode(marks.at(-1));
}
