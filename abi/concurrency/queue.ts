// A queue: the first in is the first out, at the same cost however long it is.

/** The queue. */
export class Queue<T> {
  #items: T[] = [];
  #first = 0;

  get size(): number {
    return this.#items.length - this.#first;
  }

  push(item: T): void {
    this.#items.push(item);
  }

  shift(): T | undefined {
    if (this.#first === this.#items.length) return undefined;
    const item = this.#items[this.#first]!;
    this.#items[this.#first++] = undefined as T;
    // Half of the array is empty: move what is left.
    if (this.#first > 32 && this.#first * 2 > this.#items.length) {
      this.#items = this.#items.slice(this.#first);
      this.#first = 0;
    }
    return item;
  }

  /** Whether some item in the queue fulfils a condition. */
  some(holds: (item: T) => boolean): boolean {
    for (let i = this.#first; i < this.#items.length; i++) if (holds(this.#items[i]!)) return true;
    return false;
  }

  clear(): void {
    this.#items = [];
    this.#first = 0;
  }
}
