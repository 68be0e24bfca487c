// `run --invoke`: a call in text → a function of a component, its arguments and its result in text.

import type { FuncType, ValType } from "../../abi/types/types.ts";
import type { Component } from "../../core/component.ts";
import { features } from "../../core/module/features.ts";
import { matchName } from "../../core/binary/names.ts";
import type { ExternItem } from "../../core/types.ts";
import { ComponentError } from "../../errors.ts";
import { closest } from "../link/definitions.ts";
import type { InstantiateSettings } from "../exports/instance.ts";
import { instantiate } from "../instantiate.ts";
import { camelCase } from "../names.ts";
import type { Future } from "../schema.ts";
import { importsOf } from "../wasi/imports.ts";
import { ExitError, type WasiOptions } from "../wasi/mod.ts";
import { State } from "../wasi/state.ts";
import type { Watch } from "../wasi/watch.ts";
import { UsageError } from "./arguments.ts";
import { say } from "./terminal.ts";
import { Numbers, showArgs, showResult } from "./trace_values.ts";
import { parseCall } from "./wave.ts";
import { formatValue } from "./wave_print.ts";

/** An export by name: versions match by semver; without a version the only one there is. */
function findItem(name: string, items: readonly ExternItem[]): ExternItem | undefined {
  const names = items.map((item) => item.name);
  const found = matchName(name, names);
  if (found !== undefined) return items[names.indexOf(found)];
  const versions = items.filter((item) => item.name.split("@")[0] === name);
  if (versions.length > 1) throw new UsageError(`several versions: ${versions.map(({ name }) => name).join(", ")}`);
  return versions[0];
}

/** A function of a component. */
interface Found {
  readonly type: FuncType;
  /** The interface that it is in. */
  readonly owner: string | undefined;
  readonly name: string;
}

const pathOf = ({ owner, name }: Found): string => owner === undefined ? name : `${owner}#${name}`;

/** The functions that can be invoked: those of resources need an object. */
function functionsOf(component: Component): Found[] {
  return component.exports.flatMap(({ name, type }): Found[] => {
    if (type.kind === "func") return [{ type: type.type, owner: undefined, name }];
    if (type.kind !== "instance") return [];
    return type.exports.flatMap((item) =>
      item.type.kind === "func" ? [{ type: item.type.type, owner: name, name: item.name }] : []
    );
  }).filter(({ name }) => !name.startsWith("["));
}

/**
 * Finds an exported function: by its path, or by its own name if no other has that. Wasmtime's
 * spelling `ns:pkg/iface.f@1.0.0` is understood, too.
 */
function findFunction(component: Component, given: string): Found {
  const path = given.replace(/^([^#]*\/[^#.@]*)\.([^@#]+)(@.*)?$/, "$1$3#$2");
  const at = path.indexOf("#"), label = path.slice(at + 1);
  if (label.startsWith("[")) throw new UsageError(`${path} belongs to a resource: only functions can be invoked`);
  const owner = at < 0 ? undefined : findItem(path.slice(0, at), component.exports);
  const items = at < 0 ? component.exports : owner?.type.kind === "instance" ? owner.type.exports : [];
  const found = findItem(label, items);
  if (found?.type.kind === "func") return { type: found.type.type, owner: owner?.name, name: found.name };
  const functions = functionsOf(component);
  const named = at < 0 ? functions.filter(({ name }) => name === label) : [];
  if (named.length === 1) return named[0]!;
  if (named.length > 1) throw new UsageError(`several functions ${label}: ${named.map(pathOf).join(", ")}`);
  const paths = functions.map(pathOf), near = closest(path, paths) ?? nearest(label, functions);
  const some = paths.slice(0, 10).join(", "), more = paths.length > 10 ? ` and ${paths.length - 10} more` : "";
  const known = paths.length === 0 ? "it exports none" : `it exports ${some}${more}`;
  throw new UsageError(`no function ${path}: ${near === undefined ? known : `the closest one is ${near}`}`);
}

/** The path of the function whose own name is closest. */
function nearest(label: string, functions: readonly Found[]): string | undefined {
  const name = closest(label, functions.map(({ name }) => name));
  const found = functions.find((one) => one.name === name);
  return found && pathOf(found);
}

/** Calls a function and prints its result; gives the exit code: 1 if that is an `err`. */
export async function invoke(
  component: Component,
  text: string,
  options: WasiOptions,
  settings: InstantiateSettings,
  watch?: Watch,
): Promise<number> {
  const call = parseCall(text), { type, owner, name } = findFunction(component, call.path);
  let args: unknown[];
  try {
    args = call.args(type.params.map((param) => param.type));
  } catch (error) {
    throw error instanceof SyntaxError ? new UsageError(error.message) : error;
  }
  const state = new State(options), numbers = new Numbers();
  const given = importsOf(state), imports = watch?.imports(component, given) ?? given;
  const instance = await instantiate(component, imports, { ...settings, idle: "trap" });
  try {
    const exports = features.jspi ? instance.promising.exports : instance.exports;
    const members = owner === undefined ? exports : exports[owner];
    // Names that are the same in camelCase keep their spelling.
    const key = Object.hasOwn(members, name) ? name : camelCase(name);
    let result: unknown;
    try {
      const func = (): unknown => members[key](...args);
      const path = pathOf({ type, owner, name }), show = (value: unknown): string => showResult(value, type, numbers);
      result = await (watch?.call(path, showArgs(args, type, numbers), func, show) ?? func());
    } catch (error) {
      if (!(error instanceof ComponentError) || type.result?.kind !== "result") throw error;
      await say(`${formatValue({ tag: "err", val: error.payload }, type.result)}\n`);
      return 1;
    }
    if (type.result === undefined) return 0;
    const given = await awaited(result, type.result);
    const value = type.result.kind === "result" ? { tag: "ok", val: given.value } : given.value;
    await say(`${formatValue(value, given.type)}\n`);
    return 0;
  } catch (error) {
    if (error instanceof ExitError) return error.exitCode;
    throw error;
  } finally {
    await instance[Symbol.asyncDispose]();
    await state.end(); // what was sent is out before the process ends
  }
}

/** Reads a stream or future to its end: what is printed is a list, or the value. */
async function awaited(value: unknown, type: ValType): Promise<{ readonly value: unknown; readonly type: ValType }> {
  if (type.kind === "future") {
    const read = await (value as Future<unknown>).read();
    return type.element === undefined ? { value: [], type: { kind: "tuple", types: [] } } : awaited(read, type.element);
  }
  if (type.kind !== "stream") return { value, type };
  const reader = (value as ReadableStream).getReader(), items: unknown[] = [];
  for (let next = await reader.read(); !next.done; next = await reader.read()) {
    if (ArrayBuffer.isView(next.value)) items.push(...next.value as unknown as Iterable<unknown>);
    else items.push(next.value);
  }
  return { value: items, type: { kind: "list", element: type.element ?? { kind: "tuple", types: [] } } };
}
