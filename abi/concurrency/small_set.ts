// A set that mostly has one item or none, as the waiters and the events of a waitable set: then it
// is one object, where a Set of the engine takes 200 bytes more. The first item in is the first.

/** The set. */
export class SmallSet<T> {
  #only: T | undefined = undefined;
  /** All items, once there were two. */
  #all: Set<T> | undefined = undefined;

  get size(): number {
    if (this.#all !== undefined) return this.#all.size;
    return this.#only === undefined ? 0 : 1;
  }

  get first(): T | undefined {
    if (this.#all === undefined) return this.#only;
    for (const item of this.#all) return item;
    return undefined;
  }

  add(item: T): void {
    if (this.#all !== undefined) {
      this.#all.add(item);
    } else if (this.#only === undefined || this.#only === item) {
      this.#only = item;
    } else {
      this.#all = new Set([this.#only, item]);
      this.#only = undefined;
    }
  }

  delete(item: T): void {
    if (this.#all !== undefined) this.#all.delete(item);
    else if (this.#only === item) this.#only = undefined;
  }

  forEach(visit: (item: T) => void): void {
    if (this.#all !== undefined) this.#all.forEach(visit);
    else if (this.#only !== undefined) visit(this.#only);
  }
}
