// Reads the custom section that marks a metered core module (core/meter), also one that was
// compiled elsewhere.

/** The name of the custom section. */
export const METER_MARK = "windlass:metering";

/** A memory or table of a module. */
export interface MeteredSpace {
  /** The two names of the import; missing if the module defines it. */
  readonly from?: readonly [module: string, name: string];
  /** How large it is at first, in pages or elements, and how many bytes each of these is. */
  readonly min: number;
  readonly bytes: number;
  /** A name under which it is exported, if there is one. */
  readonly name?: string;
}

/** What is known of a metered module. */
export interface MeterMark {
  /** How the names of the added exports begin. Empty if there was no code to charge. */
  readonly prefix: string;
  readonly memories: readonly MeteredSpace[];
  readonly tables: readonly MeteredSpace[];
}

const decoder = new TextDecoder();

/** What is known of a module; `undefined` if it is not metered. */
export function meterMark(module: WebAssembly.Module): MeterMark | undefined {
  // Sections of this name that a guest had were dropped.
  const marks = WebAssembly.Module.customSections(module, METER_MARK);
  return marks.length === 0 ? undefined : JSON.parse(decoder.decode(marks.at(-1)));
}
