// The flags of all instance trees, as words of linear memory: code that the library emits as WebAssembly reads and writes the same ones.
// A tree gets a few words and gives them back when it is collected: whatever may look at them keeps the tree alive until then.
// One memory serves thousands of trees, since an engine reserves gigabytes of addresses for each memory.

/** Words of a component instance: 0 while nothing of it runs. */
export const ENTERED = 0, NO_LEAVE = 1, INSTANCE_WORDS = 2;
/** Words of a tree, before those of its instances. */
export const LOCKED_DOWN = 0, DEPTH = 1, TREE_WORDS = 2;

/** What {@linkcode ENTERED} is while nothing of the instance runs, and once it was locked down; else the number of the call under way. */
export const FREE = 0, LOCKED = -1;

const PAGE_WORDS = 65536 / 4;

/** Where a tree's words are. */
export interface FlagPlace {
  /** `undefined` where the engine would not give one: then no emitted code can use the words. */
  readonly memory: WebAssembly.Memory | undefined;
  readonly words: Int32Array;
  /** The first of them. */
  readonly at: number;
}

/** A memory of flags. */
class Block {
  readonly memory: WebAssembly.Memory | undefined;
  readonly words: Int32Array;
  #used = 0;
  /** Places that were given back, by their length. */
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

  /** Zeroed words; `undefined` if there are not so many left. */
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

/** Words for a tree of that many component instances, until `tree` is collected. */
export function takeFlags(tree: object, instances: number): FlagPlace {
  const count = TREE_WORDS + instances * INSTANCE_WORDS;
  blocks ??= [];
  let block: Block | undefined, at: number | undefined;
  // Newest first: it has room, or an older one has what was given back.
  for (let i = blocks.length - 1; at === undefined && i >= 0; i--) at = (block = blocks[i])!.take(count);
  if (at === undefined) {
    blocks.push(block = new Block(Math.max(count, PAGE_WORDS)));
    at = block.take(count)!;
  }
  collected ??= new FinalizationRegistry(({ block, at, count }) => block.giveBack(at, count));
  collected.register(tree, { block: block!, at, count });
  const { memory, words } = block!;
  return { memory, words, at };
}
