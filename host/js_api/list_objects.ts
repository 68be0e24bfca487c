// Component list objects: Arrays with an own iterator that scripts cannot replace.
// An Array enters, and is the list object afterwards.
// Draft: JS-Reference.md `ToJSValueList`, `%ComponentListValues%`.

import { defineProperty, setPrototypeOf } from "./intrinsics.ts";

const { values } = {
  /**
   * `%ComponentListValues%`: like `Array.prototype.values`. Its iterators and their results have
   * nothing that they inherit.
   */
  values(this: unknown): object {
    if (this === undefined || this === null) throw new TypeError("values() was called on no object");
    let list: ArrayLike<unknown> | undefined = Object(this), i = 0;
    const { next } = {
      next(): { value: unknown; done: boolean } {
        const result = setPrototypeOf({}, null) as { value: unknown; done: boolean };
        result.value = undefined;
        result.done = true;
        if (list === undefined) return result;
        if (i < list.length) {
          result.value = list[i++];
          result.done = false;
        } else list = undefined;
        return result;
      },
    };
    return defineProperty(setPrototypeOf({}, null), "next", fixed(next));
  },
};

/** The descriptor of a property that nobody can change. It inherits nothing that would change it. */
function fixed(value: unknown): PropertyDescriptor {
  return setPrototypeOf({ value, writable: false, enumerable: false, configurable: false }, null);
}

const iterator = fixed(values);

/** Makes an Array a component list object. */
export function listObject(list: unknown[]): unknown[] {
  return defineProperty(list, Symbol.iterator, iterator);
}
