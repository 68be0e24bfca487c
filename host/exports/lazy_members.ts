// Members of objects that are made when they are first read. All objects of one table share the
// getters, and the result of a getter replaces it. So engines see one hidden class even if a
// program has several instances of a component, and each call site sees one kind of object.
// Members and their origins enter, properties leave.

/**
 * The key under which an object with shared getters holds a function that gives the object itself.
 * A getter may be read through something else: a proxy, a copy of the property, an object that
 * inherits it.
 */
const selfKey = Symbol("self");

interface Member {
  readonly key: string;
  readonly raw: string;
  readonly get: () => unknown;
}

/**
 * Makes the getter of a member. Its result replaces it. If the property cannot be replaced, the
 * getter keeps the result.
 */
function getter(
  key: string,
  raw: string,
  targetOf: (receiver: object) => object,
  make: (target: object) => unknown,
  clear: boolean,
): () => unknown {
  /**
   * Made when it is needed, because there are very many getters and hardly ever a frozen object.
   */
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

/**
 * Defines both names of a member. The WIT name is not enumerable, and does not replace an existing
 * member.
 */
function define(target: object, { key, raw, get }: Member): void {
  Object.defineProperty(target, key, { enumerable: true, configurable: true, get });
  if (!Object.hasOwn(target, raw)) Object.defineProperty(target, raw, { enumerable: false, configurable: true, get });
}

/**
 * The members of similar objects. `O` is the origin from which the members of one object are made.
 */
export class MemberTable<O> {
  readonly #members: Member[] = [];
  readonly #origins = new WeakMap<object, O>();

  /** Adds a member under its JavaScript name and its WIT name. */
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
    // This is a function, because wrappers such as membranes leave functions unchanged.
    Object.defineProperty(target, selfKey, { enumerable: false, configurable: true, value: () => target });
    for (const member of this.#members) define(target, member);
  }
}

/**
 * Gives one object one such member.
 *
 * @param isPrototype Whether the object is a prototype. V8 treats a property of a prototype as a
 * constant, and inlines a method that several classes have, only if the property never changed. So
 * the getter is deleted before the method is defined. For other objects, deleting would turn the
 * object into a hash table.
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
