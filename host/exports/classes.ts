// Makes the classes of guest resources, such as `instance.exports["ns:pkg/iface"].Counter`. There
// is one class per resource type and instance. Its methods call the guest's exports with `this` as
// the first argument.

import { ValueError } from "../../errors.ts";
import type { GuestCall } from "../../abi/calls/from_host.ts";
import { type GuestResource, isResourceObject, ResourceObject } from "../../abi/resources/guest_resource.ts";

/** A class that is being made. */
export interface GuestClass {
  readonly class: { readonly prototype: object };
  setConstructor(construct: GuestCall): void;
}

/**
 * Makes the class for a resource type. Members are added as the exports that they come from are
 * found.
 */
export function makeGuestClass(runtime: GuestResource, name: string): GuestClass {
  let construct: GuestCall | undefined;
  // This is a function and not a class, because the object comes from the guest's constructor and
  // `super` is never called.
  const made = function (...args: unknown[]): object {
    if (new.target === undefined) throw new TypeError(`the class ${name} must be called with new`);
    if (construct === undefined) throw new ValueError("no-constructor", `resource \`${runtime.name}\``);
    const object = construct(...args) as object;
    return new.target === made ? object : Object.setPrototypeOf(object, new.target.prototype);
  };
  Object.setPrototypeOf(made, ResourceObject);
  made.prototype = Object.create(ResourceObject.prototype, {
    constructor: { value: made, writable: true, configurable: true },
  });
  Object.defineProperty(made, "prototype", { writable: false });
  Object.defineProperty(made, Symbol.hasInstance, {
    value(this: { prototype: object }, value: unknown): boolean {
      return isResourceObject(value, runtime) && Function.prototype[Symbol.hasInstance].call(this, value);
    },
  });
  Object.defineProperty(made, "name", { value: name });
  return { class: made as never, setConstructor: (func) => void (construct = func) };
}

/**
 * Makes the class for `instance.promising`. `new` gives a promise, and the methods take objects of
 * the plain class.
 */
export function makePromisingClass(runtime: GuestResource, name: string): GuestClass {
  let construct: GuestCall | undefined;
  const made = function (...args: unknown[]): object {
    if (new.target === undefined) throw new TypeError(`the class ${name} must be called with new`);
    if (construct === undefined) throw new ValueError("no-constructor", `resource \`${runtime.name}\``);
    return construct(...args) as Promise<object>;
  };
  made.prototype = {};
  Object.defineProperty(made, "name", { value: name });
  return { class: made as never, setConstructor: (func) => void (construct = func) };
}
