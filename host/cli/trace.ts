// `--trace`: the calls between a component and its host, with their values and times, a line each.
// A component and its imports enter, the same imports with a function around each leave. Calls
// between a component and its plugs never come to JavaScript, and are not shown.

import type { FuncType } from "../../abi/types/types.ts";
import { isThenable } from "../../abi/codecs/results.ts";
import { parsePlainName } from "../../core/binary/names.ts";
import type { Component } from "../../core/component.ts";
import type { ExternItem } from "../../core/types.ts";
import { type HostFunction, isSuspending, plainFormOf, suspending, suspendingOr } from "../func.ts";
import { Definitions } from "../link/definitions.ts";
import type { Imports } from "../link/linker.ts";
import { isResourceClass, memberOf } from "../link/resource_members.ts";
import type { Watch } from "../wasi/watch.ts";
import { Numbers, showArgs, showResult, showValue } from "./trace_values.ts";

/** Watches one guest. */
export class Trace implements Watch {
  readonly #line: (text: string) => void;
  readonly #numbers = new Numbers();

  /** @param line Writes a text, which ends a line. */
  constructor(line: (text: string) => void) {
    this.#line = line;
  }

  async call<T>(
    path: string,
    args: string,
    call: () => PromiseLike<T> | T,
    show: (value: T) => string = (value) => this.#tag(value),
  ): Promise<T> {
    this.#write(`-> ${path}(${args})`);
    const begin = performance.now();
    try {
      const value = await call();
      this.#write(`<- ${path}${equals(show(value))}`, begin);
      return value;
    } catch (error) {
      this.#write(`<- ${path} threw ${firstLine(error)}`, begin);
      throw error;
    }
  }

  /** What `run` gives: a result without values. */
  #tag(value: unknown): string {
    const { tag } = (value ?? {}) as { tag?: unknown };
    return typeof tag === "string" ? tag : "";
  }

  imports(component: Component, imports: Imports): Imports {
    const root = new Definitions();
    root.addSource(imports);
    return { ...imports, ...this.#items("", component.imports, root) };
  }

  /** Functions around those that items ask for, by WIT's names, which the linker tries first. */
  #items(prefix: string, items: readonly ExternItem[], scope: Definitions): Imports {
    const made: Record<string, Imports[string]> = {};
    for (const { name, type, implements: iface } of items) {
      const path = `${prefix}${name}`;
      if (type.kind === "func") {
        const func = this.#found(name, scope);
        if (func !== undefined) made[name] = this.#around(path, type.type, func);
      } else if (type.kind === "instance") {
        const inner = scope.instance(name) ?? (iface === undefined ? undefined : scope.instance(iface));
        if (inner instanceof Definitions) made[name] = this.#items(`${path}#`, type.exports, inner);
      } else if (type.kind === "type") {
        const found = scope.member("type", name);
        if (isResourceClass(found?.value)) made[name] = found.value;
      }
    }
    return made;
  }

  /** Finds a function as the linker does: by its name, or as a member of a resource's class. */
  #found(name: string, scope: Definitions): HostFunction | undefined {
    const plain = parsePlainName(name);
    const found = plain.kind === "label" ? scope.member("func", name) : scope.item(name);
    if (found !== undefined) {
      const { value, owner } = found;
      if (typeof value !== "function") return undefined;
      return owner === undefined ? value as HostFunction : bound(value as HostFunction, owner);
    }
    if (plain.kind === "label") return undefined;
    const resource = scope.member("type", plain.resource)?.value;
    return isResourceClass(resource) ? memberOf(resource, plain) : undefined;
  }

  /** A function that suspends as the one inside does. */
  #around(path: string, type: FuncType, func: HostFunction): HostFunction {
    const around = (inner: HostFunction): HostFunction => (...args) => this.#called(path, type, args, inner);
    if (!isSuspending(func)) return around(func);
    const plain = plainFormOf(func);
    return plain === undefined ? suspending(around(func)) : suspendingOr(around(func), around(plain));
  }

  #called(path: string, type: FuncType, args: readonly unknown[], func: HostFunction): unknown {
    // The arguments are shown before the call, which may change or take them.
    const called = `   ${path}(${showArgs(args, type, this.#numbers)})`, begin = performance.now();
    const returned = (line: string, value: unknown): void =>
      this.#write(`${line}${equals(showResult(value, type, this.#numbers))}`, begin);
    const threw = (line: string, error: unknown): void => this.#write(`${line}${this.#thrown(error, type)}`, begin);
    let value: unknown;
    try {
      value = func(...args);
    } catch (error) {
      threw(called, error);
      throw error;
    }
    if (!isThenable(value)) {
      returned(called, value);
      return value;
    }
    this.#write(`${called} ${WAITS}`);
    const again = `   ${WAITS} ${path}`;
    (value as PromiseLike<unknown>).then((value) => returned(again, value), (error) => threw(again, error));
    return value;
  }

  /** What a host's function threw: the guest's `err`, or something that ends it. */
  #thrown(error: unknown, { result }: FuncType): string {
    const isPayload = !(error instanceof Error) || Object.hasOwn(error, "payload");
    if (result?.kind !== "result" || !isPayload) return ` threw ${firstLine(error)}`;
    const val = error instanceof Error ? (error as Error & { payload: unknown }).payload : error;
    return ` = ${showValue({ tag: "err", val }, result, this.#numbers)}`;
  }

  #write(text: string, begin?: number): void {
    this.#line(begin === undefined ? `${text}\n` : `${text}  ${(performance.now() - begin).toFixed(3)} ms\n`);
  }
}

/** Stands where a call goes on later. */
const WAITS = "…";

const equals = (value: string): string => value === "" ? "" : ` = ${value}`;

function firstLine(error: unknown): string {
  const { name, message } = (error ?? {}) as { name?: unknown; message?: unknown };
  return typeof message === "string" ? `${name}: ${message.split("\n")[0]}` : String(error);
}

/** A function with its `this`, which suspends as it did. */
function bound(func: HostFunction, owner: unknown): HostFunction {
  const call = func.bind(owner), plain = plainFormOf(func)?.bind(owner);
  if (!isSuspending(func)) return call;
  return plain === undefined ? suspending(call) : suspendingOr(call, plain);
}
