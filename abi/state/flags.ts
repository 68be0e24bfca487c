// The flags of all instance trees, as words of one linear memory. Emitted WebAssembly code reads
// and writes the same words as JavaScript.
// A tree takes a few words, and they are returned when the tree is collected. Whoever uses the
// words must therefore keep the tree alive.
// One memory serves thousands of trees, because an engine reserves gigabytes of address space for
// each memory.

/** Offsets of the words of a component instance. */
export const ENTERED = 0, NO_LEAVE = 1, INSTANCE_WORDS = 2;
/**
 * Offsets of the words of a tree. They come before the words of its instances. `SITE` says what an
 * adapter between guests is doing (abi/fused/sites.ts).
 */
export const LOCKED_DOWN = 0, DEPTH = 1, SITE = 2, TREE_WORDS = 3;

/**
 * Words at the start of a memory that belong to no tree. An adapter notes there what it lifts: the
 * core values, 8 bytes each, how many bytes of strings and lists it has lifted, and how many handles.
 * No other guest code runs meanwhile that could note anything.
 */
export const SAVED_AT = 0, BUDGET_AT = 128, MOVED_AT = 136, RESERVED_WORDS = 35;

/** The index of the first word of a tree's component instance, counted from the tree's first. */
export function instanceWord(number: number): number {
  return TREE_WORDS + number * INSTANCE_WORDS;
}

/**
 * Two values of the word {@linkcode ENTERED}: no code of the instance runs, and the instance was
 * locked down. Any other value is the number of the call under way.
 */
export const FREE = 0, LOCKED = -1;

const PAGE_WORDS = 65536 / 4;
/**
 * Words of a memory: some hundred thousand trees. An engine reserves as many addresses for a small
 * memory as for a large one, and keeps no page that nobody wrote.
 */
const BLOCK_WORDS = 64 * PAGE_WORDS;

/** The place of a tree's words. */
export interface FlagPlace {
  /** `undefined` if the engine did not provide a memory. Then no emitted code can use the words. */
  readonly memory: WebAssembly.Memory | undefined;
  readonly words: Int32Array;
  /** Index of the first word. */
  readonly at: number;
}

/** One memory full of flags. */
class Block {
  readonly memory: WebAssembly.Memory | undefined;
  readonly words: Int32Array;
  #used = RESERVED_WORDS;
  /** Ranges that were returned, by their length. */
  readonly #free = new Map<number, number[]>();

  constructor(words: number) {
    const pages = Math.ceil(words / PAGE_WORDS);
    try {
      this.memory = new WebAssembly.Memory({ initial: pages, maximum: pages });
    } catch {
      this.memory = undefined; // an array will do for JavaScript
    }
    this.words = this.memory === undefined ? new Int32Array(pages * PAGE_WORDS) : new Int32Array(this.memory.buffer);
  }

  /**
   * Takes a range of words, all 0. Gives its first index, or `undefined` if the block has no such
   * range left.
   */
  take(count: number): number | undefined {
    const again = this.#free.get(count)?.pop();
    if (again !== undefined) return again;
    if (this.#used + count > this.words.length) return undefined;
    this.#used += count;
    return this.#used - count;
  }

  giveBack(at: number, count: number): void {
    this.words.fill(0, at, at + count);
    const free = this.#free.get(count);
    if (free === undefined) this.#free.set(count, [at]);
    else free.push(at);
  }
}

interface Taken {
  readonly block: Block;
  readonly at: number;
  readonly count: number;
}

let blocks: Block[] | undefined;
let collected: FinalizationRegistry<Taken> | undefined;

/**
 * Takes words for a tree with that many component instances. They are returned when `tree` is
 * collected.
 */
export function takeFlags(tree: object, instances: number): FlagPlace {
  const count = TREE_WORDS + instances * INSTANCE_WORDS;
  blocks ??= [];
  let block: Block | undefined, at: number | undefined;
  // The newest block comes first: it has room left. An older one may have ranges that were
  // returned.
  for (let i = blocks.length - 1; at === undefined && i >= 0; i--) at = (block = blocks[i])!.take(count);
  if (at === undefined) {
    blocks.push(block = new Block(Math.max(RESERVED_WORDS + count, BLOCK_WORDS)));
    at = block.take(count)!;
  }
  collected ??= new FinalizationRegistry(({ block, at, count }) => block.giveBack(at, count));
  collected.register(tree, { block: block!, at, count });
  const { memory, words } = block!;
  return { memory, words, at };
}
