// Host resource types: what satisfies the import of a resource type. Values of JavaScript are the
// resources themselves; dropping one only lets go of it.
// The value of an import enters, a conversion of resources leaves. Each instance has its own.
// Draft: JS-Reference.md "Host resource types and values", "Conversions for host resource types".

import type { ResourceConversion } from "./crossing.ts";
import { apply, isObject } from "./intrinsics.ts";
import { refuse } from "./refuse.ts";
import { isWasmResourceOf } from "./resource_symbol.ts";

/** A host resource type. */
export class HostType implements ResourceConversion {
  /** `[[ImportValue]]`. */
  readonly value: object;
  readonly #name: string;
  /** `[[IsWasmResourceOf]]`, which was read once. */
  readonly #test: (value: unknown) => unknown;

  private constructor(name: string, value: object, test: (value: unknown) => unknown) {
    this.#name = name;
    this.value = value;
    this.#test = test;
  }

  /** `read the type import` of an abstract type. */
  static read(name: string, value: unknown): HostType {
    if (!isObject(value)) refuse(`resource \`${name}\` (a constructor, or another object)`, value);
    const test = (value as { readonly [isWasmResourceOf]?: unknown })[isWasmResourceOf];
    // `instanceof` asks the constructor each time.
    if (typeof test !== "function") return new HostType(name, value, (given) => given instanceof (value as never));
    return new HostType(name, value, (given) => apply(test as () => unknown, undefined, [given]));
  }

  ownToJs(value: unknown): unknown {
    return value;
  }

  borrowToJs(value: unknown): unknown {
    return value;
  }

  ownToComponent(value: unknown): unknown {
    return this.#test(value) === true ? value : refuse(`resource \`${this.#name}\``, value);
  }

  borrowToComponent(value: unknown): unknown {
    return this.ownToComponent(value);
  }
}
