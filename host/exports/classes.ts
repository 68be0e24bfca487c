// Classes of guest resources: what `instance.exports["ns:pkg/iface"].Counter` is.
// One class per resource type and instance; methods call the guest's exports with `this` as their first argument.

import { ValueError } from "../../errors.ts";
import type { GuestCall } from "../../abi/calls/from_host.ts";
import { type GuestResource, isResourceObject, ResourceObject } from "../../abi/resources/guest_resource.ts";

/** A class under construction. */
export interface GuestClass {
  readonly class: { readonly prototype: object };
  setConstructor(construct: GuestCall): void;
}

/** Makes the class for a resource type; its members are added as the exports that carry them are found. */
export function makeGuestClass(runtime: GuestResource, name: string): GuestClass {
  let construct: GuestCall | undefined;
  // A function rather than a class: the object is the one that the guest's constructor returned, lifted, so `super` is never called.
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

/** The same for `instance.promising`: `new` gives a promise, and the prototype's methods take objects of the plain class. */
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
