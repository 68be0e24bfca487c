// The conversions of one component's types, each made once, when it is first needed.
// Types enter, functions leave. Resource types are numbered: each instance has its classes by these
// numbers.

import type { OfKind, ResourceType, ValType } from "../../abi/types/types.ts";
import { features } from "../../core/module/features.ts";
import { rootOf } from "../../core/validate/validated_types.ts";
import type { ToComponent, ToJs, TypeConversions } from "./crossing.ts";
import { makeToComponent } from "./to_component.ts";
import { makeToJs } from "./to_js.ts";

/** The conversions of one component's types. */
export class Conversions implements TypeConversions {
  readonly #toComponent = new WeakMap<ValType, ToComponent>();
  readonly #toJs = new WeakMap<ValType, { readonly convert: ToJs | undefined }>();
  readonly #numbers = new Map<ResourceType, number>();
  readonly #codegen: boolean;

  constructor(codegen: boolean) {
    this.#codegen = codegen;
  }

  get generates(): boolean {
    return this.#codegen && features.codegen;
  }

  toComponent(type: ValType): ToComponent {
    let made = this.#toComponent.get(type);
    if (made === undefined) this.#toComponent.set(type, made = makeToComponent(type, this));
    return made;
  }

  toJs(type: ValType): ToJs | undefined {
    let made = this.#toJs.get(type);
    if (made === undefined) this.#toJs.set(type, made = { convert: makeToJs(type, this) });
    return made.convert;
  }

  resource({ resource }: OfKind<"own" | "borrow">): number {
    return this.number(resource);
  }

  /** The number of a resource type: of the abstract type that its names stand for. */
  number(type: ResourceType): number {
    const root = rootOf(type);
    let number = this.#numbers.get(root);
    if (number === undefined) this.#numbers.set(root, number = this.#numbers.size);
    return number;
  }
}
