// Members of a host's resource classes: what a guest's import of a constructor, method or static function calls.
// A class and a plain name in, a function out; `undefined` if the class lacks it.

import type { PlainName } from "../../core/binary/names.ts";
import { givenMember } from "./definitions.ts";
import { type HostFunction, isSuspending, plainFormOf, suspending, suspendingOr } from "../func.ts";
import { givenKeys } from "../names.ts";
import type { ResourceClass } from "../schema.ts";

/** Whether a value can be a resource's class. */
export function isResourceClass(value: unknown): value is ResourceClass {
  // An arrow function has no prototype, and so no instances.
  return typeof value === "function" && typeof value.prototype === "object" ||
    typeof value === "object" && value !== null && typeof (value as { is?: unknown }).is === "function";
}

/** How objects of a class are recognised. */
export function testOf(type: ResourceClass): { is(value: unknown): boolean } {
  return typeof type === "function" ? { is: (value) => value instanceof type } : { is: (value) => type.is(value) };
}

/** A constructor, method or static function of a resource's class as a plain function; `undefined` if the class lacks it. */
export function memberOf(type: ResourceClass, plain: Exclude<PlainName, { kind: "label" }>): HostFunction | undefined {
  if (plain.kind === "constructor") {
    if (typeof type !== "function") return undefined;
    return (...args: never[]) => Reflect.construct(type, args);
  }
  const source: object | undefined = plain.kind === "static"
    ? type
    : typeof type === "function"
    ? type.prototype
    : undefined;
  const keys = givenKeys(plain.kind, plain.label);
  const gives = (key: string): boolean => typeof givenMember(source!, key) === "function";
  // Objects known by an `is` test alone have no prototype to look at: their methods are found when called.
  if (source === undefined) return (self: Methods, ...args: unknown[]) => self[keyOf(self, keys)]!(...args);
  const key = keys.find(gives);
  if (key === undefined) return undefined;
  const found = givenMember(source, key) as HostFunction;
  if (plain.kind === "static") return likewise(found, found.bind(type), (form) => form.bind(type));
  return likewise(
    found,
    (self: Methods, ...args: unknown[]) => self[key]!(...args),
    (form) => (self: unknown, ...args: unknown[]) => form.apply(self, args),
  );
}

type Methods = Readonly<Record<string, HostFunction>>;

/** The name under which an object has a method; its JS name where it has none. */
function keyOf(self: Methods, keys: readonly string[]): string {
  for (const key of keys) if (typeof self[key] === "function") return key;
  return keys.at(-1)!;
}

/** A function that stands for another suspends if that does; `plain` makes the same of the other's plain form. */
function likewise(
  original: unknown,
  func: HostFunction,
  plain: (form: HostFunction) => HostFunction,
): HostFunction {
  if (!isSuspending(original)) return func;
  const form = plainFormOf(original);
  return form === undefined ? suspending(func) : suspendingOr(func, plain(form));
}
