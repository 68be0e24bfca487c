// How many bytes the memories and tables of an instance tree may have together.
// A space is one of them, however many core instances share it. Its size enters whenever a guest
// wants to make it larger; whether it may leaves.

/** A memory or table, as far as it is counted. */
export interface Space {
  /** Bytes of a page or an element. */
  readonly unit: number;
  /** The bytes that are counted for it. */
  bytes: number;
}

/** The bytes of one tree. */
export class MemoryBudget {
  readonly limit: number;
  #used = 0;
  /** The spaces by the engine's objects, which other core instances import. */
  readonly #spaces = new WeakMap<object, Space>();

  constructor(limit: number) {
    this.limit = limit;
  }

  /** Counts new spaces. Whether they fit; if not, nothing is counted. */
  add(spaces: readonly Space[]): boolean {
    const bytes = spaces.reduce((sum, space) => sum + space.bytes, 0);
    if (this.#used + bytes > this.limit) return false;
    this.#used += bytes;
    return true;
  }

  /** The space of an engine's object. */
  of(object: object): Space | undefined {
    return this.#spaces.get(object);
  }

  /** Says which object of the engine's a space is. */
  name(object: object, space: Space): void {
    this.#spaces.set(object, space);
  }

  /**
   * A guest wants to make a space larger that has `size` units now. Gives by how many, or -1 if it
   * may not: no engine makes anything so large.
   */
  grow(space: Space, size: bigint, delta: bigint): bigint {
    const now = Number(size) * space.unit, more = delta < 0n ? Infinity : Number(delta) * space.unit;
    // The engine may have refused the last time.
    const used = this.#used - space.bytes + now;
    if (used + more > this.limit) return -1n;
    this.#used = used + more;
    space.bytes = now + more;
    return delta;
  }
}
