// `run`: a command, or one function of a component.

import { basename } from "node:path";
import { runWith } from "../wasi/run.ts";
import { type Arguments, executionBounds, Failure, UsageError, wasiOptions } from "./arguments.ts";
import { compileFile } from "./compiled.ts";
import { invoke } from "./invoke.ts";
import { currentTerminal, tell } from "./terminal.ts";
import { Trace } from "./trace.ts";

/** Runs FILE; gives the exit code. */
export async function runCommand(given: Arguments): Promise<number> {
  const { file, values, rest } = given, { invoke: call } = values;
  if (typeof call === "string" && rest.length > 0) {
    const option = rest[0]!.startsWith("-") ? `; options stand before FILE, found ${rest[0]} after it` : "";
    throw new UsageError(`--invoke has its arguments in the call: f(1, "x")${option}`);
  }
  const options = wasiOptions(given, currentTerminal()), { limits = {} } = executionBounds(values);
  const component = await compileFile(given);
  const trace = values["trace"] === true ? new Trace(tell) : undefined;
  const { deadline } = limits;
  // A guest that waits gives the event loop its turns, so that the deadline does not end it.
  const waited = deadline === undefined ? undefined : timeout(deadline);
  const settings = { limits, ...waited && { signal: waited.signal } };
  try {
    if (typeof call === "string") return await invoke(component, call, options, settings, trace);
    const more = { ...options, ...settings, args: [basename(file), ...rest] };
    return (await runWith(component, more, trace)).exitCode;
  } finally {
    waited?.clear();
  }
}

/** A signal for a command that waits for too long. */
function timeout(ms: number): { readonly signal: AbortSignal; clear(): void } {
  const ending = new AbortController();
  const late = (): void =>
    ending.abort(new Failure(`the command did not end within ${ms} ms; --timeout MS gives more time`));
  const timer = setTimeout(late, ms);
  return { signal: ending.signal, clear: () => clearTimeout(timer) };
}
