// Guest resource classes: the classes of the resources that a component exports, and their instances.
// A class is made before its component is instantiated, and gets its members afterwards.
// An instance holds what the library lifted: an object of its own for a guest's resource, or the
// host's value where an imported type is exported as another one.
// Draft: JS-Reference.md "Guest resource classes", "Guest resource instances", "Dropping guest
// resources".

import { dispose } from "../../abi/dispose.ts";
import type { ResourceObject } from "../../abi/resources/guest_resource.ts";
import { ValueError } from "../../errors.ts";
import type { Crossing, Lent, ResourceConversion } from "./crossing.ts";
import { construct, defineProperty, isObject, setPrototypeOf } from "./intrinsics.ts";
import { platformError } from "./platform_errors.ts";
import { refuse } from "./refuse.ts";
import { isWasmResourceOf } from "./resource_symbol.ts";

const { prototype: objectPrototype } = Object;

/** `[[Rep]]` of an instance whose resource was dropped, given away or lent no longer. */
const EMPTY = Symbol("empty");

/** The internal slots of an instance. */
class Slots implements Lent {
  readonly resourceClass: ResourceClass;
  readonly own: boolean;
  rep: unknown;
  /** `[[LendCount]]`. */
  lends = 0;

  constructor(resourceClass: ResourceClass, rep: unknown, own: boolean) {
    this.resourceClass = resourceClass;
    this.rep = rep;
    this.own = own;
  }

  /** The end of the call that an instance was lent to, or that it was lent for. */
  release(): void {
    if (this.own) this.lends--;
    else this.rep = EMPTY;
  }
}

let slotsOf: (value: unknown) => Slots | undefined;

/** Makes instances. Their prototype is that of the class for which they are constructed. */
class Instance {
  readonly #slots: Slots;

  constructor(slots: Slots) {
    this.#slots = slots;
  }

  static {
    slotsOf = (value) => typeof value === "object" && value !== null && #slots in value ? value.#slots : undefined;
  }
}

/** `invoke a component function` for a constructor: gives what the library lifted. */
export type ConstructorFunc = (args: readonly unknown[]) => unknown;

/** A resource class, as the conversions know it. */
export class ResourceClass implements ResourceConversion {
  /** The class itself. */
  readonly constructorObject: new (...args: unknown[]) => object;
  readonly prototype: object;
  readonly name: string;
  /** `[[ConstructorFunc]]`. */
  constructorFunc: ConstructorFunc | undefined = undefined;
  /** Whether it has its members. */
  isLinked = false;
  /** Whether its resources are values of the host, which have no destructor. */
  readonly isOfHost: boolean;

  /** `create a resource class shell`. */
  constructor(name: string, arity: number, isOfHost: boolean) {
    this.name = name;
    this.isOfHost = isOfHost;
    // deno-lint-ignore no-this-alias
    const self = this;
    // A class that extends something does not ask for `new.target.prototype` before it runs, which
    // an ordinary constructor does. The object is made after the component's constructor has run.
    const made = class extends null {
      constructor(...args: unknown[]) {
        return self.#construct(args, new.target);
      }
    } as unknown as new (...args: unknown[]) => object;
    const { prototype } = made as { readonly prototype: object };
    setPrototypeOf(prototype, objectPrototype);
    const hidden = { writable: true, enumerable: false, configurable: true };
    const fixed = { writable: false, enumerable: false, configurable: true };
    const members = {
      [dispose](this: unknown): void {
        drop(this, name);
      },
      [isWasmResourceOf]: (value: unknown): boolean => slotsOf(value)?.resourceClass === self,
    };
    defineProperty(prototype, dispose, { ...hidden, value: members[dispose] });
    defineProperty(prototype, Symbol.toStringTag, { ...fixed, value: name });
    defineProperty(made, "length", { ...fixed, value: arity });
    defineProperty(made, "name", { ...fixed, value: name });
    defineProperty(made, isWasmResourceOf, { ...fixed, value: members[isWasmResourceOf] });
    this.constructorObject = made;
    this.prototype = prototype;
  }

  /** `[[Construct]]`. */
  #construct(args: readonly unknown[], newTarget: { readonly prototype: unknown }): object {
    if (this.constructorFunc === undefined) throw new TypeError(`${this.name} has no constructor`);
    const rep = this.constructorFunc(args), { prototype } = newTarget, instance = this.#create(rep, true);
    // A subclass may have taken another prototype.
    return isObject(prototype) && prototype !== this.prototype ? setPrototypeOf(instance, prototype) : instance;
  }

  /** `create a resource instance`. */
  #create(rep: unknown, own: boolean): object {
    return construct(Instance, [new Slots(this, rep, own)], this.constructorObject);
  }

  ownToJs(rep: unknown): object {
    return this.#create(rep, true);
  }

  borrowToJs(rep: unknown, { lent }: Crossing): object {
    const instance = this.#create(rep, false);
    lent.push(slotsOf(instance)!);
    return instance;
  }

  ownToComponent(value: unknown): unknown {
    const slots = this.#usable(value), { rep } = slots;
    if (!slots.own) throw new ValueError("type-mismatch", `an owned \`${this.name}\``, "a borrowed one");
    if (slots.lends !== 0) throw new ValueError("lent-resource");
    // What the library lifted still drops the resource, should the call fail and the collector find it.
    slots.rep = EMPTY;
    return rep;
  }

  borrowToComponent(value: unknown, { lent }: Crossing): unknown {
    const slots = this.#usable(value);
    if (slots.own) {
      slots.lends++;
      lent.push(slots);
    }
    return slots.rep;
  }

  #usable(value: unknown): Slots {
    const slots = slotsOf(value);
    if (slots === undefined) refuse(`resource \`${this.name}\``, value);
    if (slots.resourceClass !== this) {
      throw new ValueError("type-mismatch", `resource \`${this.name}\``, "one of another type or instance");
    }
    if (slots.rep !== EMPTY) return slots;
    const why = slots.own ? "was dropped or given away" : "was a borrow that ended with its call";
    throw new ValueError("dead-resource", `the resource \`${this.name}\` ${why}`);
  }
}

/** `drop a resource instance`. */
function drop(value: unknown, name: string): void {
  const slots = slotsOf(value);
  if (slots === undefined) throw new TypeError(`Cannot drop resource ${name}: this is no resource`);
  const { rep, own, lends, resourceClass } = slots;
  if (rep === EMPTY || !own) return;
  if (lends !== 0) throw new TypeError(`Cannot drop resource ${name}: cannot remove owned resource while borrowed`);
  slots.rep = EMPTY;
  if (resourceClass.isOfHost) return;
  try {
    (rep as ResourceObject)[dispose]();
  } catch (error) {
    throw platformError(error);
  }
}
