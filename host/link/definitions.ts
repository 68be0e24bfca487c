// What a host has defined, by name: the linker's tree of instances over explicit definitions and import objects.
// Finds by exact name, then the highest semver-compatible version, then the unversioned key; members in camelCase or by raw WIT name.

import { NameIndex, splitVersion } from "../../core/binary/names.ts";
import { Component } from "../../core/component.ts";
import { HostFunc } from "../func.ts";
export { closest } from "../../core/binary/known_names.ts";
import { camelCase, givenKeys, type MemberKind } from "../names.ts";

/** A definition and the object it was found on, which is `this` for functions. */
export interface Found {
  readonly value: unknown;
  readonly owner: unknown;
}

/**
 * What a host gives as a member of an object or class; `undefined` for what nobody gave: what every object or function has, and a class as
 * the `constructor` of its objects. The holder is looked for first, since reading `caller` of `Function.prototype` throws.
 */
export function givenMember(source: object, key: string): unknown {
  let everyones: PropertyDescriptor | undefined;
  for (let holder: object | null = source; holder !== null; holder = Object.getPrototypeOf(holder)) {
    if (holder === Object.prototype || holder === Function.prototype) {
      everyones = Object.getOwnPropertyDescriptor(holder, key);
      if (everyones !== undefined && !("value" in everyones)) return undefined;
      if (everyones !== undefined) break;
    } else if (Object.hasOwn(holder, key)) {
      const value: unknown = Reflect.get(source, key);
      return isBacklink(holder, key, value) ? undefined : value;
    }
  }
  // A proxy may answer for what it does not list.
  const value: unknown = key in source ? Reflect.get(source, key) : undefined;
  return value === everyones?.value ? undefined : value;
}

/** Whether a member is the class of the objects that inherit it. */
function isBacklink(holder: object, key: string, value: unknown): boolean {
  return key === "constructor" && typeof value === "function" && value.prototype === holder;
}

/** A member of an import object. */
function read(source: object, key: string): Found | undefined {
  const value = givenMember(source, key);
  return value === undefined ? undefined : { value, owner: source };
}

/** Whether a value can be looked into as an instance. */
function isInstance(value: unknown): value is object {
  return typeof value === "object" && value !== null && !(value instanceof HostFunc) &&
    !(value instanceof Component) && !(value instanceof WebAssembly.Module) && !(value instanceof Promise);
}

/** Every name that an import object has, those of its classes included. */
function* namesOf(source: object): Iterable<string> {
  for (
    let holder: object | null = source;
    holder !== null && holder !== Object.prototype;
    holder = Object.getPrototypeOf(holder)
  ) {
    for (const key of Object.getOwnPropertyNames(holder)) if (key !== "constructor" || holder === source) yield key;
  }
}

/** One instance's definitions, the root being one too. */
export class Definitions {
  readonly #items: Map<string, unknown> = new Map();
  readonly #children: Map<string, Definitions> = new Map();
  /** Import objects; later ones count first. */
  readonly #sources: object[] = [];
  /** Every name that is defined; made when first needed, so that many lookups cost no more than one pass. */
  #names: NameIndex | undefined;

  /** Defines one item, in place of what has its name. */
  set(name: string, value: unknown): void {
    this.#children.delete(name);
    this.#items.set(name, value);
    this.#names?.add(name);
  }

  /** Takes back what was defined by a name; what import objects have stays. */
  delete(name: string): void {
    this.#items.delete(name);
    this.#children.delete(name);
    this.#names = undefined;
  }

  /** Adds an import object, which counts before those that were added earlier. */
  addSource(source: object): void {
    this.#sources.push(source);
    for (const name of namesOf(source)) this.#names?.add(name);
  }

  /** The import object that was added last. */
  get source(): object | undefined {
    return this.#sources.at(-1);
  }

  /** Looks at the import objects anew: they may have changed since. */
  refresh(): void {
    this.#names = undefined;
    for (const child of this.#children.values()) child.refresh();
  }

  /** Whether an instance was opened by that name. */
  isOpen(name: string): boolean {
    return this.#children.has(name);
  }

  /** A function, resource, core module or component by its WIT label. */
  member(kind: MemberKind, label: string): Found | undefined {
    for (const key of givenKeys(kind, label)) {
      const found = this.item(key);
      if (found !== undefined) return found;
    }
    return undefined;
  }

  /** What is defined by exactly that name. */
  item(key: string): Found | undefined {
    if (this.#items.has(key)) return { value: this.#items.get(key), owner: undefined };
    for (let i = this.#sources.length - 1; i >= 0; i--) {
      const found = read(this.#sources[i]!, key);
      if (found !== undefined) return found;
    }
    return undefined;
  }

  /** An instance by its import name; what else has that name, if something has. */
  instance(name: string): Definitions | Found | undefined {
    const exact = this.#named(name);
    if (exact !== undefined) return exact;
    const { names } = this, { base, version } = splitVersion(name);
    const key = names.match(name) ?? (version === undefined || !names.has(base) ? camelCase(name) : base);
    return this.#named(key);
  }

  #named(key: string): Definitions | Found | undefined {
    const child = this.#children.get(key);
    if (child !== undefined) return child;
    const found = this.item(key);
    if (found === undefined || !isInstance(found.value)) return found;
    const made = new Definitions();
    made.addSource(found.value);
    return made;
  }

  /** Opens an instance to add to it; what import objects say of it so far counts. */
  open(name: string): Definitions {
    let child = this.#children.get(name);
    if (child === undefined) {
      const found = this.#named(name);
      this.#children.set(name, child = found instanceof Definitions ? found : new Definitions());
      this.#names?.add(name);
    }
    return child;
  }

  /** Every name defined here. */
  get names(): NameIndex {
    return this.#names ??= new NameIndex([
      ...this.#items.keys(),
      ...this.#children.keys(),
      ...this.#sources.flatMap((source) => [...namesOf(source)]),
    ]);
  }

  /** Every path defined here, for suggestions; one level of nesting is enough for those. */
  *paths(): Iterable<string> {
    for (const name of this.names.all) {
      yield name;
      const inner = this.instance(name);
      if (inner instanceof Definitions) { for (const member of inner.names.all) yield `${name}#${member}`; }
    }
  }
}
