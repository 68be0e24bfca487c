// How much the dearest way through a function body costs, from its entry and from each head of a
// loop to the next head.
// The flow of a body enters, instruction by instruction; a cost for each head leaves.
//
// Each loop is a region of its own, and the rest of the function is one. Whatever runs in a region
// between two charges is a way from the region's head on, without a step back; so the head is
// charged by the dearest of them. To charge each arm of an `if` by itself would be exacter, and
// slower where it matters. To charge the sum of all arms would make an interpreter's loop pay for
// all the instructions that it knows each time.

/** A head: a function's entry, or the head of a loop. */
export interface Region {
  /** The region around it. `undefined` for the function's own. */
  readonly outer: Region | undefined;
  /** Units of its dearest way. */
  cost: number;
  /** Whether something in it, or in a loop in it, calls a function. */
  calls: boolean;
  /** Units of the way up to where the walk is now. -Infinity where no way leads. */
  way: number;
  /** Units of all of its instructions up to now. */
  sum: number;
}

type FrameKind = "block" | "loop" | "if" | "else" | "try" | "catch" | "try_table";

/** A block that is open. */
interface Frame {
  kind: FrameKind;
  readonly region: Region;
  /** The way, and the sum, where it began. For a loop, those are the outer region's. */
  readonly way: number;
  readonly sum: number;
  /** The dearest way to its label. */
  label: number;
  /** The dearest way to where its body threw, once the body has ended. */
  thrown: number;
  /** The blocks that the clauses of a `try_table` branch to. */
  readonly handlers: readonly Frame[];
}

const noHandlers: readonly Frame[] = [];

function makeRegion(outer: Region | undefined): Region {
  return { outer, cost: 0, calls: false, way: 0, sum: 0 };
}

/** Follows one function body. */
export class Ways {
  readonly entry: Region = makeRegion(undefined);
  #region: Region = this.entry;
  readonly #frames: Frame[] = [];

  constructor() {
    this.#open("block");
  }

  /** The region where the walk is. */
  get region(): Region {
    return this.#region;
  }

  /** Whether the function itself has ended. */
  get ended(): boolean {
    return this.#frames.length === 0;
  }

  spend(units: number): void {
    this.#region.way += units;
    this.#region.sum += units;
  }

  block(): void {
    this.#open("block");
  }

  if(): void {
    this.#open("if");
  }

  try(): void {
    this.#open("try");
  }

  /** @param labels The labels of its clauses, counted from outside of it. */
  tryTable(labels: readonly number[]): void {
    this.#open("try_table", labels.flatMap((label) => this.#frame(label) ?? []));
  }

  /** Begins a loop, which is a region. */
  loop(): Region {
    this.#note();
    const { way, sum } = this.#region;
    const region = this.#region = makeRegion(this.#region);
    this.#frames.push({ kind: "loop", region, way, sum, label: -Infinity, thrown: 0, handlers: noHandlers });
    return region;
  }

  else(): void {
    const frame = this.#frames.at(-1);
    if (frame === undefined) return;
    this.#land(frame);
    frame.kind = "else";
    this.#region.way = frame.way;
  }

  catch(): void {
    const frame = this.#frames.at(-1);
    if (frame === undefined) return;
    this.#land(frame);
    if (frame.kind === "try") frame.thrown = this.#throws(frame);
    frame.kind = "catch";
    this.#region.way = frame.thrown;
  }

  end(): void {
    const frame = this.#frames.pop();
    if (frame === undefined) return;
    if (frame.kind === "loop") {
      this.#note();
      const { region } = frame, outer = region.outer!;
      outer.calls ||= region.calls;
      // Behind the loop, the way is the one that led to it, if a way leads out of its end.
      outer.way = region.way === -Infinity ? -Infinity : frame.way;
      this.#region = outer;
      return;
    }
    this.#land(frame);
    if (frame.kind === "if") frame.label = Math.max(frame.label, frame.way);
    if (frame.handlers.length > 0) {
      const thrown = this.#throws(frame);
      for (const handler of frame.handlers) this.#reach(handler, thrown);
    }
    this.#region.way = frame.label;
  }

  /** A branch that may not be taken. */
  branch(label: number): void {
    const frame = this.#frame(label);
    this.#note();
    if (frame !== undefined) this.#reach(frame, this.#region.way);
  }

  /** Nothing after this runs, up to the end of the block. */
  leave(): void {
    this.#note();
    this.#region.way = -Infinity;
  }

  #open(kind: FrameKind, handlers: readonly Frame[] = noHandlers): void {
    const region = this.#region, { way, sum } = region;
    this.#frames.push({ kind, region, way, sum, label: -Infinity, thrown: 0, handlers });
  }

  /** The block of a label. `undefined` if there is none: the engine refuses the module. */
  #frame(label: number): Frame | undefined {
    return this.#frames[this.#frames.length - 1 - label];
  }

  #note(): void {
    const region = this.#region;
    if (region.way > region.cost) region.cost = region.way;
  }

  /** The walk is at the end of a block, or of an arm of it. */
  #land(frame: Frame): void {
    this.#note();
    frame.label = Math.max(frame.label, this.#region.way);
  }

  /** A way leads to a block's label. Code of inner regions on it is charged there. */
  #reach(frame: Frame, way: number): void {
    if (frame.kind === "loop") return; // back to its head, which charges again
    const units = frame.region === this.#region ? way : frame.region.way;
    if (units > frame.label) frame.label = units;
  }

  /** A way that no throw of a block's body exceeds: all of the body. */
  #throws({ way, sum }: Frame): number {
    return way + this.#region.sum - sum;
  }
}
