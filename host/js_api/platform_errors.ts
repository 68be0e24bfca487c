// The errors of the draft are those of the platform: TypeError, `WebAssembly.CompileError`,
// `LinkError` and `RuntimeError`, and no subclasses. The library's own error is the `cause`.
// An error of the library's enters, an error of the platform leaves. Errors of scripts stay.

import { CompileError, completeMessage, LinkError, Trap, ValueError } from "../../errors.ts";
import { defineProperty } from "./intrinsics.ts";

/** Gives what a script is to see of an exception. */
export function platformError(error: unknown): unknown {
  // The cause of a trap is what a function of the script's threw.
  if (error instanceof Trap) return made(WebAssembly.RuntimeError, error, "cause" in error ? error.cause : error);
  if (error instanceof ValueError) return made(TypeError, error);
  if (error instanceof LinkError) return made(WebAssembly.LinkError, error);
  if (error instanceof CompileError) return made(WebAssembly.CompileError, error);
  return error;
}

function made(Class: new (message: string) => Error, error: Error, cause: unknown = error): Error {
  return defineProperty(new Class(error.message), "cause", { value: cause, writable: true, configurable: true });
}

/**
 * Gives what a script is to see of an exception of a conversion: `Cannot lower param 1 \`name\` of
 * export f: …`. An exception of the script's own stays.
 */
export function conversionError(error: unknown, item: string, owner: string, verb: string = "lower"): unknown {
  const isOurs = error instanceof ValueError && error.path === "";
  return isOurs ? new TypeError((completeMessage(error, verb, item, owner) as Error).message) : error;
}
