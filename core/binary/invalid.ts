// The one way in which checks after decoding report that a component is invalid.

import { CompileError, type CompileErrorCode } from "../../errors.ts";

/** Throws a CompileError for an invalid definition: `Cannot validate <what>: <phrase>`. */
export function invalid(what: string, offset: number, code: CompileErrorCode, ...details: (string | number)[]): never {
  throw new CompileError(code, `validate ${what}`, offset, ...details);
}
