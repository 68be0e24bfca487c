// How a program in JavaScript reads what a component exports: `format`, `new Basket`, `basket.add`,
// `Basket.merge`.

import type { ExternItem, FuncType } from "@windlass/component";
import { parsePlainName } from "../../core/binary/names.ts";
import { memberKeys } from "../../host/exports/exports.ts";
import { camelCase, pascalCase } from "../../host/names.ts";

/** An exported function. */
export interface Spelt {
  /** What stands before the parenthesis. */
  readonly title: string;
  /** The label of the resource that it belongs to. */
  readonly resource: string | undefined;
  readonly kind: "label" | "constructor" | "method" | "static";
  readonly type: FuncType;
  /** Calls it as a member of the interface's exports; a method's object is the first argument. */
  // deno-lint-ignore no-explicit-any
  call(owner: any, args: readonly unknown[]): unknown;
}

/** `a.b`, or `a["b c"]` if that is no identifier. */
function member(owner: string, key: string): string {
  return /^[A-Za-z_$][\w$]*$/.test(key) ? `${owner}.${key}` : `${owner}[${JSON.stringify(key)}]`;
}

/** The functions among some items, in their order. */
export function spell(items: readonly ExternItem[], isRoot: boolean): Spelt[] {
  const keys = memberKeys(items.map(({ name, type }) => [name, type.kind]), isRoot);
  return items.flatMap(({ name, type: item }): Spelt[] => {
    if (item.kind !== "func") return [];
    const plain = parsePlainName(name), key = keys.get(name) ?? name, { type } = item;
    if (plain.kind === "label") {
      return [{ title: key, resource: undefined, kind: "label", type, call: (owner, args) => owner[key](...args) }];
    }
    const { kind, resource } = plain, className = keys.get(resource) ?? pascalCase(resource);
    switch (kind) {
      case "constructor":
        return [{
          title: `new ${className}`,
          resource,
          kind,
          type,
          call: (owner, args) => new owner[className](...args),
        }];
      case "static":
        return [{
          title: member(className, key),
          resource,
          kind,
          type,
          call: (owner, args) => owner[className][key](...args),
        }];
      case "method":
        return [{
          title: member(camelCase(resource), key),
          resource,
          kind,
          type,
          call: (owner, [self, ...args]) => owner[className].prototype[key].apply(self, args),
        }];
    }
  });
}
