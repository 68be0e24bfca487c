// Members of objects that are made when they are first read. Objects of one layout share the getters, and what a getter makes takes its
// place: engines see one shape where a program has several instances of a component, and a call site one kind of object.
// Members and what they are made from in, properties out.

/** Leads from an object with shared getters to itself, through whatever it is read: proxies, copies of its properties, what inherits them. */
const selfKey = Symbol("self");

interface Member {
  readonly key: string;
  readonly raw: string;
  readonly get: () => unknown;
}

/** The getter of a member, which is replaced by what it makes; where it cannot be, what was made is kept. */
function getter(
  key: string,
  raw: string,
  targetOf: (receiver: object) => object,
  make: (target: object) => unknown,
  clear: boolean,
): () => unknown {
  /** Made where it is needed: there are very many getters, and hardly a frozen object. */
  let kept: WeakMap<object, unknown> | undefined;
  return function get(this: object): unknown {
    const target = targetOf(this);
    if (kept?.has(target)) return kept.get(target);
    const value = make(target);
    for (const name of raw === key ? [key] : [key, raw]) {
      const found = Object.getOwnPropertyDescriptor(target, name);
      if (found?.get !== get) continue;
      if (!found.configurable) {
        (kept ??= new WeakMap()).set(target, value);
        continue;
      }
      if (clear && Object.isExtensible(target)) Reflect.deleteProperty(target, name);
      Object.defineProperty(target, name, { enumerable: name === key, configurable: true, writable: false, value });
    }
    return value;
  };
}

/** A raw WIT name is not enumerable, and leaves alone what is there. */
function define(target: object, { key, raw, get }: Member): void {
  Object.defineProperty(target, key, { enumerable: true, configurable: true, get });
  if (!Object.hasOwn(target, raw)) Object.defineProperty(target, raw, { enumerable: false, configurable: true, get });
}

/** The members of similar objects; `O` is what an object's members are made from. */
export class MemberTable<O> {
  readonly #members: Member[] = [];
  readonly #origins = new WeakMap<object, O>();

  /** Adds a member under its JS name and its raw WIT name. */
  add(key: string, raw: string, make: (origin: O) => unknown): void {
    const origins = this.#origins;
    const targetOf = (receiver: { [selfKey]?: () => object }): object => {
      const target = receiver[selfKey]?.();
      if (target !== undefined && origins.has(target)) return target;
      throw new TypeError(`\`${key}\` was read from an object that it does not belong to`);
    };
    this.#members.push({ key, raw, get: getter(key, raw, targetOf, (target) => make(origins.get(target)!), false) });
  }

  /** Gives an object these members. */
  define(target: object, origin: O): void {
    this.#origins.set(target, origin);
    // A function, which wrappers leave alone.
    Object.defineProperty(target, selfKey, { enumerable: false, configurable: true, value: () => target });
    for (const member of this.#members) define(target, member);
  }
}

/**
 * Gives one object one such member.
 *
 * @param isPrototype V8 takes a prototype's property for a constant, and inlines a method of several classes, as long as it was never
 *   another; so that the getter is deleted first. Another object would become a table by that.
 */
export function defineLazily(
  target: object,
  key: string,
  raw: string,
  make: () => unknown,
  isPrototype = false,
): void {
  define(target, { key, raw, get: getter(key, raw, () => target, make, isPrototype) });
}
