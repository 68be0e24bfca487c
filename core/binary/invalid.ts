// How the checks after decoding fail: one way to say that a component is invalid.

import { CompileError, type CompileErrorCode } from "../../errors.ts";

/** Throws that a definition is invalid: `Cannot validate <what>: <phrase>`. */
export function invalid(what: string, offset: number, code: CompileErrorCode, ...details: (string | number)[]): never {
  throw new CompileError(code, `validate ${what}`, offset, ...details);
}
