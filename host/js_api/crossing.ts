// The functions that convert values, and what they know of the instance whose boundary a value crosses: the classes of its
// resources, and the lists that belong to one call.
// Draft: JS-Reference.md "current borrow scope", "current lender list".

import type { OfKind, ValType } from "../../abi/types/types.ts";

/** Converts a value of JavaScript to one of the library's own. */
export type ToComponent = (value: unknown, crossing: Crossing) => unknown;

/** Converts one of the library's own values to a value of JavaScript. */
export type ToJs = (value: unknown, crossing: Crossing) => unknown;

/** The conversions of the types of one component. */
export interface TypeConversions {
  toComponent(type: ValType): ToComponent;
  /** `undefined` if the two values are the same. */
  toJs(type: ValType): ToJs | undefined;
  /** Whether JavaScript may be generated. */
  readonly generates: boolean;
  /** The number of a resource type in the component. */
  resource(type: OfKind<"own" | "borrow">): number;
}

/** How values of one resource type are converted. */
export interface ResourceConversion {
  ownToJs(value: unknown): unknown;
  borrowToJs(value: unknown, crossing: Crossing): unknown;
  ownToComponent(value: unknown): unknown;
  borrowToComponent(value: unknown, crossing: Crossing): unknown;
}

/** A borrow of a resource that a call has to end, or a resource that it has to give back. */
export interface Lent {
  /** Ends what the call was lent. */
  release(): void;
}

/** One crossing of an instance's boundary. */
export interface Crossing {
  /** By the number of the resource type in the component. Some are known only later. */
  readonly resources: readonly (ResourceConversion | undefined)[];
  /** The borrow scope or the lender list of the call. Empty for all that is no call. */
  readonly lent: Lent[];
}

/** However a call completes, what was lent for it ends. */
export function release({ lent }: Crossing): void {
  for (let i = 0; i < lent.length; i++) lent[i]!.release();
}
