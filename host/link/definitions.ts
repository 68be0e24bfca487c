// What a host has defined, by name: the linker's tree of instances, made of explicit definitions
// and import objects.
// A name enters, its definition leaves. The search tries the exact name, then the highest
// compatible version, then the name without version. Members are found in camelCase or by their WIT
// name.

import { NameIndex, splitVersion } from "../../core/binary/names.ts";
import { Component } from "../../core/component.ts";
import { HostFunc } from "../func.ts";
export { closest } from "../../core/binary/known_names.ts";
import { camelCase, givenKeys, type MemberKind } from "../names.ts";

/** A definition, and the object that holds it. The holder is `this` for functions. */
export interface Found {
  readonly value: unknown;
  readonly owner: unknown;
}

/**
 * Gives a member that the host provides on an object or class. `undefined` if it was only inherited
 * from `Object.prototype` or `Function.prototype`, or is the class itself under the name
 * `constructor`. The object that holds the member is found first, because reading `caller` of
 * `Function.prototype` throws.
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
  // A proxy may have a member that it does not list.
  const value: unknown = key in source ? Reflect.get(source, key) : undefined;
  return value === everyones?.value ? undefined : value;
}

/** Whether a member is the class of the objects that inherit it. */
function isBacklink(holder: object, key: string, value: unknown): boolean {
  return key === "constructor" && typeof value === "function" && value.prototype === holder;
}

/** Gives a member of an import object. */
function read(source: object, key: string): Found | undefined {
  const value = givenMember(source, key);
  return value === undefined ? undefined : { value, owner: source };
}

/** Whether a value can be an instance with members. */
function isInstance(value: unknown): value is object {
  return typeof value === "object" && value !== null && !(value instanceof HostFunc) &&
    !(value instanceof Component) && !(value instanceof WebAssembly.Module) && !(value instanceof Promise);
}

/** Gives all names of an import object, including those that its classes define. */
export function* namesOf(source: object): Iterable<string> {
  for (
    let holder: object | null = source;
    holder !== null && holder !== Object.prototype;
    holder = Object.getPrototypeOf(holder)
  ) {
    for (const key of Object.getOwnPropertyNames(holder)) if (key !== "constructor" || holder === source) yield key;
  }
}

/** The definitions of one instance. The root is one, too. */
export class Definitions {
  readonly #items: Map<string, unknown> = new Map();
  readonly #children: Map<string, Definitions> = new Map();
  /** Import objects. A later one wins over an earlier one. */
  readonly #sources: object[] = [];
  /**
   * All names that are defined. Collected when first needed, so that many lookups cost one pass.
   */
  #names: NameIndex | undefined;

  /** Defines one item. It replaces an item of the same name. */
  set(name: string, value: unknown): void {
    this.#children.delete(name);
    this.#items.set(name, value);
    this.#names?.add(name);
  }

  /** Removes the definition of a name. Members of import objects stay. */
  delete(name: string): void {
    this.#items.delete(name);
    this.#children.delete(name);
    this.#names = undefined;
  }

  /** Adds an import object, which wins over earlier ones. */
  addSource(source: object): void {
    this.#sources.push(source);
    for (const name of namesOf(source)) this.#names?.add(name);
  }

  /** Gives the import object that was added last. */
  get source(): object | undefined {
    return this.#sources.at(-1);
  }

  /** Forgets what was read from import objects, because they may have changed. */
  refresh(): void {
    this.#names = undefined;
    for (const child of this.#children.values()) child.refresh();
  }

  /** Whether an instance was opened under that name. */
  isOpen(name: string): boolean {
    return this.#children.has(name);
  }

  /** Gives a function, resource, core module or component by its WIT label. */
  member(kind: MemberKind, label: string): Found | undefined {
    for (const key of givenKeys(kind, label)) {
      const found = this.item(key);
      if (found !== undefined) return found;
    }
    return undefined;
  }

  /** Gives the definition with exactly that name. */
  item(key: string): Found | undefined {
    if (this.#items.has(key)) return { value: this.#items.get(key), owner: undefined };
    for (let i = this.#sources.length - 1; i >= 0; i--) {
      const found = read(this.#sources[i]!, key);
      if (found !== undefined) return found;
    }
    return undefined;
  }

  /** Gives an instance by its import name. If something else has that name, gives that. */
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

  /** Opens an instance to add definitions. Import objects count as they are now. */
  open(name: string): Definitions {
    let child = this.#children.get(name);
    if (child === undefined) {
      const found = this.#named(name);
      this.#children.set(name, child = found instanceof Definitions ? found : new Definitions());
      this.#names?.add(name);
    }
    return child;
  }

  /** Gives all names that are defined here. */
  get names(): NameIndex {
    return this.#names ??= new NameIndex([
      ...this.#items.keys(),
      ...this.#children.keys(),
      ...this.#sources.flatMap((source) => [...namesOf(source)]),
    ]);
  }

  /**
   * Gives all paths that are defined here, for suggestions. One level of nesting is enough for
   * these.
   */
  *paths(): Iterable<string> {
    for (const name of this.names.all) {
      yield name;
      const inner = this.instance(name);
      if (inner instanceof Definitions) { for (const member of inner.names.all) yield `${name}#${member}`; }
    }
  }
}
