// Members of a host's resource classes: the functions behind a guest's import of a constructor,
// method or static function.
// A class and a plain name enter, a function leaves. It is `undefined` if the class lacks the
// member.

import type { PlainName } from "../../core/binary/names.ts";
import { givenMember } from "./definitions.ts";
import {
  type HostFunction,
  isSuspending,
  plainFormOf,
  suspending,
  suspendingOr,
  takingViews,
  viewsOf,
} from "../func.ts";
import { givenKeys } from "../names.ts";
import type { ResourceClass } from "../schema.ts";

/** Whether a value can be the class of a resource. */
export function isResourceClass(value: unknown): value is ResourceClass {
  // An arrow function has no prototype and can therefore have no instances.
  return typeof value === "function" && typeof value.prototype === "object" ||
    typeof value === "object" && value !== null && typeof (value as { is?: unknown }).is === "function";
}

/** How objects of a class are recognised. */
export function testOf(type: ResourceClass): { is(value: unknown): boolean } {
  return typeof type === "function" ? { is: (value) => value instanceof type } : { is: (value) => type.is(value) };
}

/**
 * Gives a constructor, method or static function of a resource's class as a plain function.
 * `undefined` if the class lacks it.
 */
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
  // Objects that are recognised only by an `is` test have no known prototype. Their methods are
  // found when they are called.
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

/** Gives the name under which an object has a method. If it has none, gives the JavaScript name. */
function keyOf(self: Methods, keys: readonly string[]): string {
  for (const key of keys) if (typeof self[key] === "function") return key;
  return keys.at(-1)!;
}

/**
 * Makes a function stand for another one: it suspends if the other one does, and takes the same
 * views. `plain` wraps the plain form of the other one.
 */
function likewise(
  original: unknown,
  func: HostFunction,
  plain: (form: HostFunction) => HostFunction,
): HostFunction {
  const views = viewsOf(original);
  if (!isSuspending(original)) return views.length === 0 ? func : takingViews(func, ...views);
  const form = plainFormOf(original);
  const suspends = form === undefined ? suspending(func) : suspendingOr(func, plain(form));
  return views.length === 0 ? suspends : takingViews(suspends, ...views);
}
