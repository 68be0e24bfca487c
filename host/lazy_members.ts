// Members of objects that are made when they are first read. Objects of one layout share the getters, and what a getter makes takes its
// place: engines see one shape where a program has several instances of a component, and a call site one kind of object.
// Members and what they are made from in, properties out.

interface Member {
  readonly key: string;
  readonly raw: string;
  readonly get: () => unknown;
}

/** The members of similar objects; `O` is what an object's members are made from. */
export class MemberLayout<O> {
  readonly #members: Member[] = [];
  readonly #origins = new WeakMap<object, O>();
  readonly #ofPrototype: boolean;

  /**
   * @param ofPrototype Whether the objects are prototypes. V8 takes a prototype's property for a constant, and inlines a method of several
   *   classes, as long as it was never another; so that the getter is deleted first. Another object would become a table by that.
   */
  constructor(ofPrototype = false) {
    this.#ofPrototype = ofPrototype;
  }

  /** Adds a member under its JS name and its raw WIT name. */
  add(key: string, raw: string, make: (origin: O) => unknown): void {
    const origins = this.#origins, ofPrototype = this.#ofPrototype;
    const get = function (this: object): unknown {
      const target = ownerOf(this, origins);
      if (target === null) throw new TypeError(`\`${key}\` was read from an object that it does not belong to`);
      const value = make(origins.get(target)!);
      for (const name of raw === key ? [key] : [key, raw]) {
        if (Object.getOwnPropertyDescriptor(target, name)?.get !== get) continue;
        if (ofPrototype) Reflect.deleteProperty(target, name);
        Object.defineProperty(target, name, { enumerable: name === key, configurable: true, writable: false, value });
      }
      return value;
    };
    this.#members.push({ key, raw, get });
  }

  /** Gives an object these members. A raw WIT name is not enumerable, and leaves alone what is there. */
  define(target: object, origin: O): void {
    this.#origins.set(target, origin);
    for (const { key, raw, get } of this.#members) {
      Object.defineProperty(target, key, { enumerable: true, configurable: true, get });
      if (Object.hasOwn(target, raw)) continue;
      Object.defineProperty(target, raw, { enumerable: false, configurable: true, get });
    }
  }
}

/** The object among another and its prototypes that has an origin: members may be read through what inherits them. */
function ownerOf(object: object, origins: { has(object: object): boolean }): object | null {
  for (let at: object | null = object; at !== null; at = Object.getPrototypeOf(at)) if (origins.has(at)) return at;
  return null;
}

/** Gives one object, or one prototype, one such member. */
export function defineLazily(
  target: object,
  key: string,
  raw: string,
  make: () => unknown,
  ofPrototype = false,
): void {
  const layout = new MemberLayout<undefined>(ofPrototype);
  layout.add(key, raw, make);
  layout.define(target, undefined);
}
