/// <reference lib="dom" />

// Objects of the guest's resources that calls have given: named, to be given as arguments, dropped.
// Bytes that calls have given, too.

import type { ResourceType, ValType } from "@windlass/component";
import { camelCase, memberNames } from "../../host/names.ts";

/** An object that the page holds. */
export interface Held {
  readonly name: string;
  readonly resource: ResourceType;
  readonly object: object;
}

/** Bytes that a call has given. */
export interface HeldBytes {
  readonly name: string;
  readonly bytes: Uint8Array;
}

/** What is named rather than given: an input looks for it among what is held. */
export class Named {
  readonly name: string;
  constructor(name: string) {
    this.name = name;
  }
}

/** Calls back for each resource in a value. */
function eachResource(
  value: unknown,
  type: ValType,
  found: (object: object, resource: ResourceType) => void,
): void {
  // deno-lint-ignore no-explicit-any
  const of = value as any;
  switch (type.kind) {
    case "own":
      if (typeof of === "object" && of !== null) found(of, type.resource);
      break;
    case "list":
    case "fixed-list":
      // Only resources are looked for: numbers have none, however many there are.
      if (Array.isArray(of)) { for (const item of of) eachResource(item, type.element, found); }
      break;
    case "option": {
      const inner = type.element.kind === "option" ? of?.val : of;
      if (inner !== undefined && inner !== null) eachResource(inner, type.element, found);
      break;
    }
    case "tuple":
      type.types.forEach((part, i) => eachResource(of?.[i], part, found));
      break;
    case "record":
      memberNames(type.fields.map(({ name }) => name)).forEach((name, i) =>
        eachResource(of?.[name], type.fields[i]!.type, found)
      );
      break;
    case "variant": {
      const payload = type.cases.find(({ name }) => name === of?.tag)?.type;
      if (payload !== undefined) eachResource(of.val, payload, found);
      break;
    }
    case "result": {
      const payload = of?.tag === "err" ? type.err : type.ok;
      if (payload !== undefined) eachResource(of?.val, payload, found);
      break;
    }
  }
}

/** What the page holds of one instance. */
export class Objects {
  #held: readonly Held[] = [];
  #bytes: readonly HeldBytes[] = [];
  readonly #counts = new Map<string, number>();
  readonly #listeners = new Set<() => void>();

  /** Calls back when something is held or let go, until the page's elements are made anew. */
  onChange(listener: () => void): void {
    this.#listeners.add(listener);
  }

  #changed(): void {
    for (const listener of this.#listeners) listener();
  }

  /** Objects of a resource. */
  of(resource: ResourceType): readonly Held[] {
    return this.#held.filter((one) => one.resource === resource);
  }

  /** Bytes, the latest first. */
  get bytes(): readonly HeldBytes[] {
    return this.#bytes;
  }

  /** What an object is called. */
  readonly nameOf = (object: object): string | undefined => this.#held.find((one) => one.object === object)?.name;

  /** Holds what a function has given. */
  keep(value: unknown, type: ValType, from: string): void {
    eachResource(value, type, (object, resource) => {
      if (this.nameOf(object) !== undefined) return;
      const label = camelCase(resource.name ?? "object"), count = (this.#counts.get(label) ?? 0) + 1;
      this.#counts.set(label, count);
      this.#held = [...this.#held, { name: `${label}${count}`, resource, object }];
    });
    if (value instanceof Uint8Array) {
      this.#bytes = [{ name: `${from}()`, bytes: value }, ...this.#bytes.slice(0, 4)];
    }
    this.#changed();
  }

  /** Lets go of what a call took for good. */
  give(args: readonly unknown[], types: readonly ValType[]): void {
    const given = new Set<object>();
    types.forEach((type, i) => eachResource(args[i], type, (object) => given.add(object)));
    if (given.size === 0) return;
    this.#held = this.#held.filter((one) => !given.has(one.object));
    this.#changed();
  }

  /** Drops an object: the guest's destructor runs. */
  drop(held: Held): void {
    this.#held = this.#held.filter((one) => one !== held);
    this.#changed();
    (held.object as Disposable)[Symbol.dispose]?.();
  }
}
