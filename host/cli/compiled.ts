// The component that a command line names: its file, compiled with the options given, and with the
// components that are plugged into it.

import type { Component } from "../../core/component.ts";
import { CompileError } from "../../errors.ts";
import { compile } from "../compile.ts";
import { type Arguments, executionBounds, memoryBound, strings, UsageError } from "./arguments.ts";
import { plugged } from "./plug.ts";
import { load, waiting } from "./terminal.ts";

/** Does something with the bytes of FILE, in which the components of `--plug` are. */
export async function withBytes<T>(
  { file, values }: Arguments,
  use: (bytes: Uint8Array<ArrayBuffer>) => Promise<T>,
): Promise<T> {
  const files = strings(values["plug"]);
  if ([file, ...files].filter((name) => name === "-").length > 1) {
    throw new UsageError("the standard input is one component: name a file for the others");
  }
  const bytes = await load(file);
  if (files.length === 0) return await waiting(file, bytes, () => use(bytes));
  const plugs = [];
  for (const plug of files) plugs.push({ file: plug, bytes: await load(plug) });
  const whole = plugged({ file, bytes }, plugs);
  try {
    return await waiting(file, whole.bytes, () => use(whole.bytes));
  } catch (error) {
    throw error instanceof CompileError ? whole.explained(error) : error;
  }
}

/** Compiles FILE as the options say. */
export async function compileFile(given: Arguments): Promise<Component> {
  const { metering = false } = executionBounds(given.values), options = { ...memoryBound(given.values), metering };
  return await withBytes(given, (bytes) => compile(bytes, options));
}
