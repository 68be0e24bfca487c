// What a host has defined, by name: the linker's tree of instances over explicit definitions and import objects.
// Finds by exact name, then the highest semver-compatible version, then the unversioned key; members in camelCase or by raw WIT name.

import { matchName, splitVersion } from "../core/names.ts";
import { Component } from "../core/component.ts";
import { HostFunc } from "./func.ts";
import { camelCase } from "./names.ts";

/** A definition and the object it was found on, which is `this` for functions. */
export interface Found {
  readonly value: unknown;
  readonly owner: unknown;
}

/** Whether a member is what every object or every function has, which nobody gave as a definition. */
export function isInherited(source: object, key: string, value: unknown): boolean {
  if (key === "constructor") return !Object.hasOwn(source, key);
  return [Object.prototype, Function.prototype].some((base) =>
    Object.hasOwn(base, key) && (base as unknown as Record<string, unknown>)[key] === value
  );
}

/** A member of an import object. */
function read(source: object, key: string): Found | undefined {
  if (!(key in source)) return undefined;
  const value = (source as Record<string, unknown>)[key];
  if (value === undefined || isInherited(source, key, value)) return undefined;
  return { value, owner: source };
}

/** Whether a value can be looked into as an instance. */
function isInstance(value: unknown): value is object {
  return typeof value === "object" && value !== null && !(value instanceof HostFunc) &&
    !(value instanceof Component) && !(value instanceof WebAssembly.Module);
}

/** One instance's definitions, the root being one too. */
export class Definitions {
  readonly items: Map<string, unknown> = new Map();
  readonly children: Map<string, Definitions> = new Map();
  /** Import objects, later ones first. */
  readonly sources: object[] = [];

  /** A function, resource or module by its WIT label; `spell` is how JS would write it. */
  member(label: string, spell: (label: string) => string): Found | undefined {
    return this.#item(label) ?? this.#item(spell(label));
  }

  #item(key: string): Found | undefined {
    if (this.items.has(key)) return { value: this.items.get(key), owner: undefined };
    for (const source of this.sources) {
      const found = read(source, key);
      if (found !== undefined) return found;
    }
    return undefined;
  }

  /** An instance by its import name; what else has that name, if something has. */
  instance(name: string): Definitions | Found | undefined {
    const exact = this.#named(name);
    if (exact !== undefined) return exact;
    const names = this.names();
    const { base, version } = splitVersion(name);
    const key = matchName(name, names) ?? (version === undefined || !names.has(base) ? camelCase(name) : base);
    return this.#named(key);
  }

  #named(key: string): Definitions | Found | undefined {
    const child = this.children.get(key);
    if (child !== undefined) return child;
    const found = this.#item(key);
    if (found === undefined || !isInstance(found.value)) return found;
    const made = new Definitions();
    made.sources.push(found.value);
    return made;
  }

  /** Opens an instance to add to it; what import objects say of it so far counts. */
  open(name: string): Definitions {
    let child = this.children.get(name);
    if (child === undefined) {
      const found = this.#named(name);
      this.children.set(name, child = found instanceof Definitions ? found : new Definitions());
    }
    return child;
  }

  /** Every name defined here. */
  names(): Set<string> {
    const names = new Set([...this.items.keys(), ...this.children.keys()]);
    for (const source of this.sources) {
      for (
        let object: object | null = source;
        object !== null && object !== Object.prototype;
        object = Object.getPrototypeOf(object)
      ) {
        for (const key of Object.getOwnPropertyNames(object)) if (key !== "constructor") names.add(key);
      }
    }
    return names;
  }

  /** Every path defined here, for suggestions; one level of nesting is enough for those. */
  paths(): string[] {
    return [...this.names()].flatMap((name) => {
      const inner = this.instance(name);
      return inner instanceof Definitions ? [name, ...[...inner.names()].map((member) => `${name}#${member}`)] : [name];
    });
  }
}

/** Names longer than this are not compared. */
const MAX_ALIKE = 200;

/** The defined path most like a missing one, if any is alike. */
export function closest(wanted: string, paths: readonly string[]): string | undefined {
  let best: string | undefined, bestDistance = Math.max(3, Math.ceil(wanted.length / 3));
  if (wanted.length > MAX_ALIKE) return undefined;
  for (const path of paths.slice(0, 2000)) {
    if (path.length > MAX_ALIKE) continue;
    const distance = editDistance(wanted, path, bestDistance);
    if (distance < bestDistance) [best, bestDistance] = [path, distance];
  }
  return best;
}

/** Levenshtein distance, or `limit` if it is not below. */
function editDistance(left: string, right: string, limit: number): number {
  if (Math.abs(left.length - right.length) >= limit) return limit;
  let row = Array.from({ length: right.length + 1 }, (_, i) => i);
  for (let i = 1; i <= left.length; i++) {
    const next = [i];
    for (let k = 1; k <= right.length; k++) {
      next.push(Math.min(row[k]! + 1, next[k - 1]! + 1, row[k - 1]! + (left[i - 1] === right[k - 1] ? 0 : 1)));
    }
    row = next;
  }
  return row[right.length]!;
}
