// What a host has defined, by name: the linker's tree of instances over explicit definitions and import objects.
// Finds by exact name, then the highest semver-compatible version, then the unversioned key; members in camelCase or by raw WIT name.

import { matchName, splitVersion } from "../core/names.ts";
import { camelCase } from "./names.ts";

/** A definition and the object it was found on, which is `this` for functions. */
export interface Found {
  readonly value: unknown;
  readonly owner: unknown;
}

/** A member of an import object; what every object inherits does not count. */
function read(source: object, key: string): Found | undefined {
  if (!(key in source)) return undefined;
  const value = (source as Record<string, unknown>)[key];
  if (value === undefined || value === (Object.prototype as Record<string, unknown>)[key]) return undefined;
  return { value, owner: source };
}

/** One instance's definitions, the root being one too. */
export class Definitions {
  readonly items: Map<string, unknown> = new Map();
  readonly children: Map<string, Definitions> = new Map();
  /** Import objects, later ones first. */
  readonly sources: object[] = [];

  /** A function, resource or module by its WIT label; `spell` is how JS would write it. */
  member(label: string, spell: (label: string) => string): Found | undefined {
    for (const key of [label, spell(label)]) {
      if (this.items.has(key)) return { value: this.items.get(key), owner: undefined };
      for (const source of this.sources) {
        const found = read(source, key);
        if (found !== undefined) return found;
      }
    }
    return undefined;
  }

  /** An instance by its import name. */
  instance(name: string): Definitions | Found | undefined {
    const { base, version } = splitVersion(name);
    const key = matchName(name, this.names()) ?? (version === undefined ? undefined : matchName(base, this.names()));
    const names = key === undefined ? [camelCase(name)] : [key];
    for (const candidate of names) {
      const child = this.children.get(candidate);
      const fromSources = this.sources.map((source) => read(source, candidate)).find((found) => found !== undefined);
      if (child === undefined) {
        if (this.items.has(candidate)) return { value: this.items.get(candidate), owner: undefined };
        if (fromSources === undefined) continue;
        const { value } = fromSources;
        if (typeof value !== "object" || value === null) return fromSources;
        const made = new Definitions();
        made.sources.push(value);
        return made;
      }
      const { value } = fromSources ?? {};
      if (typeof value !== "object" || value === null) return child;
      const merged = new Definitions();
      for (const [key, item] of child.items) merged.items.set(key, item);
      for (const [key, item] of child.children) merged.children.set(key, item);
      merged.sources.push(...child.sources, value);
      return merged;
    }
    return undefined;
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

/** The defined path most like a missing one, if any is alike. */
export function closest(wanted: string, paths: readonly string[]): string | undefined {
  let best: string | undefined, bestDistance = Math.max(3, Math.ceil(wanted.length / 3));
  for (const path of paths.slice(0, 2000)) {
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
