// Canonical options and built-ins at plan time: indices are resolved, operands are kept.
// Definitions and a scope enter, parts of plan nodes leave. All of them were validated before.
// Spec: Binary.md "Canonical Definitions".

import type { AddressType } from "../../abi/types/core_values.ts";
import { type CanonDef, type CanonOptionsDef, styleOf } from "../decode/syntax.ts";
import { shapeOf } from "../module/type_space.ts";
import { valueAt } from "../resolve/value_types.ts";
import type { Builtin, CoreRef, EndType, MemoryRef, PlanOptions } from "./plan_types.ts";
import type { PlanScope } from "./plan_scope.ts";

/** Gives canonical options with the core items in place of indices. */
export function planOptions(def: CanonOptionsDef, scope: PlanScope, offset: number): PlanOptions {
  const core = (sort: "core func" | "core memory", index: number | undefined): CoreRef | undefined =>
    index === undefined ? undefined : scope.get(sort, index, offset);
  const options: PlanOptions = {
    stringEncoding: def.stringEncoding ?? "utf8",
    memory: core("core memory", def.memory),
    address: def.address ?? "i32",
    realloc: core("core func", def.realloc),
    postReturn: core("core func", def.postReturn),
    callback: core("core func", def.callback),
    style: styleOf(def),
  };
  const { memory, postReturn, callback } = options;
  if (memory !== undefined || postReturn !== undefined || callback !== undefined) return options;
  // A function without memory has few options, and a component may lower 500,000 such functions.
  const key = `${options.stringEncoding} ${options.style}`;
  const shared = withoutMemory.get(key) ?? options;
  withoutMemory.set(key, shared);
  return shared;
}

/** Options of functions that use no memory: one object for each encoding and style. */
const withoutMemory = new Map<string, PlanOptions>();

type BuiltinDef = CanonDef & { kind: "builtin" };

/** Gives a built-in with its operands. */
export function planBuiltin(def: BuiltinDef, scope: PlanScope, offset: number): Builtin {
  const name = def.name as Exclude<Builtin["name"], `resource.${string}`>;
  const options = (): PlanOptions => planOptions(def.options ?? {}, scope, offset);
  const end = (): EndType => scope.typeOf("value", def.type!, offset).type as EndType;
  const memory = (): MemoryRef => ({
    ref: scope.get("core memory", def.memory!, offset),
    address: def.address ?? "i32",
  });
  switch (name) {
    case "task.return": {
      const result = def.result === undefined ? undefined : valueAt(def.result, scope, offset).type;
      return { name, result, options: options() };
    }
    case "context.get":
    case "context.set":
      return { name, coreType: def.coreType!.kind as "i32" | "i64", slot: def.slot! };
    case "waitable-set.wait":
    case "waitable-set.poll":
      return { name, memory: memory(), cancellable: def.cancellable! };
    case "stream.read":
    case "stream.write":
    case "future.read":
    case "future.write":
      return { name, type: end(), options: options() };
    case "stream.new":
    case "stream.drop-readable":
    case "stream.drop-writable":
    case "future.new":
    case "future.drop-readable":
    case "future.drop-writable":
      return { name, type: end() };
    case "stream.cancel-read":
    case "stream.cancel-write":
    case "future.cancel-read":
    case "future.cancel-write":
      return { name, type: end(), async: def.async! };
    case "subtask.cancel":
      return { name, async: def.async! };
    case "error-context.new":
    case "error-context.debug-message":
      return { name, options: options() };
    case "thread.new-indirect":
      return {
        name,
        table: scope.get("core table", def.table!, offset),
        param: closureParam(scope, def.type!, offset),
      };
    case "thread.yield":
    case "thread.suspend":
    case "thread.suspend-then-resume":
    case "thread.suspend-then-promote":
    case "thread.yield-then-resume":
    case "thread.yield-then-promote":
      return { name, cancellable: def.cancellable! };
    default:
      return { name };
  }
}

/** The type of the only parameter of a thread's start function. */
function closureParam(scope: PlanScope, index: number, offset: number): AddressType {
  const item = scope.get("core type", index, offset);
  const type = item.kind === "sub" ? shapeOf(item.entry).type : undefined;
  return type?.kind === "func" && type.params[0]?.kind === "i64" ? "i64" : "i32";
}
