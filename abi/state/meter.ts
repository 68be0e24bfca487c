// What an instance tree may still execute: its fuel, its deadline, and the signal that ends it.
// Metered core modules charge counters of their own (core/meter). A counter is below zero when its
// module needs more units; then the module calls `refill`, which grants some or traps.
//
// The tree's fuel is what lies here plus all counters. A counter that is negative is a debt, which
// is paid first. So it traps at the same charge, however the units were spread over the counters.

import { trap, unwinding } from "./trap.ts";
import { MemoryBudget } from "./memory_budget.ts";
import { type InstanceTree, reasonOf } from "./instance.ts";

/** How much a metered tree may execute. */
export interface MeterLimits {
  readonly fuel?: bigint | number | undefined;
  readonly deadline?: number | undefined;
  readonly memory?: number | undefined;
  readonly slice?: number | undefined;
}

/** The counter of a core instance: a WebAssembly global of 32 bits. */
export interface Counter {
  value: number;
}

/** The most units that a counter takes. */
const MAX_GRANT = 2 ** 31 - 1;
/** Fewer units than this are not divided. */
const SMALL_GRANT = 10_000;
/** Units that are granted first if the clock has to be read: some 0.1 to 1 ms. */
const FIRST_TIMED_GRANT = 100_000;
/** How many milliseconds apart the clock is read, about. */
const CLOCK_EVERY = 0.5;
const MAX_TIMED_GRANT = 50_000_000;

/** One millisecond. */
const MAX_SLEEP = 1_000_000n;

const MAX_FUEL = 2n ** 64n - 1n;

/** Checks fuel that the embedder gives. */
export function fuelOf(fuel: bigint | number): bigint {
  const isWhole = typeof fuel === "bigint" || typeof fuel === "number" && Number.isSafeInteger(fuel);
  if (isWhole && fuel >= 0 && fuel <= MAX_FUEL) return BigInt(fuel);
  throw new RangeError(`fuel must be an integer from 0 to 2^64 - 1, found ${String(fuel)}`);
}

function millisecondsOf(name: "deadline" | "slice", value: number | undefined): number | undefined {
  if (value === undefined || typeof value === "number" && value > 0) return value;
  throw new RangeError(`the limit ${name} must be a positive number of milliseconds, found ${String(value)}`);
}

function bytesOf(memory: number): number {
  if (Number.isSafeInteger(memory) && memory >= 0) return memory;
  throw new RangeError(`the limit memory must be an integer that is not negative, found ${String(memory)}`);
}

/** The fuel and the clock of one instance tree. */
export class Meter {
  readonly #tree: InstanceTree;
  /** Units that no counter has. `undefined` if the tree's fuel is not limited. */
  #pool: bigint | undefined;
  readonly #deadline: number | undefined;
  readonly #signal: AbortSignal | undefined;
  /** What lifting in JavaScript is charged to. */
  readonly #lifting: Counter = { value: 0 };
  readonly #counters: Counter[] = [this.#lifting];
  /** The counters that may hold units of limited fuel. */
  readonly #holders: Set<Counter> = new Set();
  /** The bytes of memories and tables. `undefined` if they are not limited. */
  readonly memory: MemoryBudget | undefined;
  /** Milliseconds after which the event loop is to have a turn, in calls that can be suspended. */
  readonly slice: number | undefined;
  /** Whether so many have passed. */
  isTurnDue = false;
  /** When the outermost call of the host's began. `undefined` if none is on the stack. */
  #began: number | undefined;
  /** When the last of these calls began, or a task last went on that none of them has begun. */
  #wentOn = 0;
  /** How many milliseconds start functions have run since the event loop had its turn. */
  #started = 0;
  /** Since when the event loop has had no turn, as far as is known. */
  #turn: number | undefined;
  /** Whether counters were emptied since, because a turn is due. */
  #recalled = false;
  #depth = 0;
  #granted = FIRST_TIMED_GRANT;
  #looked = 0;

  constructor(tree: InstanceTree, { fuel, deadline, memory, slice }: MeterLimits, signal: AbortSignal | undefined) {
    this.#tree = tree;
    this.#pool = fuel === undefined ? undefined : fuelOf(fuel);
    this.#deadline = millisecondsOf("deadline", deadline);
    this.slice = millisecondsOf("slice", slice);
    this.memory = memory === undefined ? undefined : new MemoryBudget(bytesOf(memory));
    this.#signal = signal;
  }

  /** Whether the outermost calls must say when they begin and end. */
  get isTimed(): boolean {
    return this.#deadline !== undefined;
  }

  /** Whether the clock or the signal must be looked at. */
  get isWatched(): boolean {
    return this.#deadline !== undefined || this.slice !== undefined || this.#signal !== undefined;
  }

  /** Whether anything bounds what the tree executes. */
  get isLimited(): boolean {
    return this.#pool !== undefined || this.isWatched;
  }

  /**
   * Gives how many nanoseconds a guest may sleep that wants to sleep for so many; a negative number
   * is for ever. Nobody wakes it meanwhile, since guests have no threads: it looks again sooner.
   */
  sleep(nanoseconds: bigint): bigint {
    return nanoseconds < 0n || nanoseconds > MAX_SLEEP ? MAX_SLEEP : nanoseconds;
  }

  /** What the tree may still spend. `undefined` if it is not limited. */
  get fuel(): bigint | undefined {
    if (this.#pool === undefined) return undefined;
    let fuel = this.#pool;
    for (const { value } of this.#holders) fuel += BigInt(value);
    return fuel < 0n ? 0n : fuel;
  }

  /** Sets what it may spend; `undefined` for a tree without this limit. */
  set fuel(fuel: bigint | number | undefined) {
    const pool = fuel === undefined ? undefined : fuelOf(fuel);
    for (const counter of this.#counters) counter.value = 0;
    this.#holders.clear();
    this.#pool = pool;
  }

  /** Adds the counter of a new core instance. */
  add(counter: Counter): void {
    this.#counters.push(counter);
  }

  /**
   * Pays for so many bytes that are lifted: a unit each. Adapters in WebAssembly do the same with a
   * counter of their own (abi/fused/emitter.ts).
   */
  spend(bytes: number): void {
    const counter = this.#lifting;
    counter.value -= bytes;
    if (counter.value < 0) this.refill(counter);
  }

  /** Runs a call of the host's, whose time is limited. It may be inside of another one. */
  timed<T>(call: () => T): T {
    if (this.#deadline === undefined) return call();
    if (this.#depth++ === 0) this.#wentOn = this.#began = performance.now();
    try {
      return call();
    } finally {
      if (--this.#depth === 0) this.#began = undefined;
    }
  }

  /** Runs a start function. All those in one turn of the event loop are limited together. */
  starting<T>(call: () => T): T {
    if (this.#deadline === undefined || this.#depth > 0) return call();
    this.#depth++;
    this.#began = performance.now() - this.#started;
    try {
      return call();
    } finally {
      const now = performance.now();
      this.#started = now - this.#began;
      this.#turnAt(now); // which tells when it is over
      this.#depth--;
      this.#began = undefined;
    }
  }

  /** A task goes on, by itself or because something of the host's has happened. */
  goesOn(): void {
    if (this.#deadline !== undefined && this.#depth === 0) this.#wentOn = performance.now();
  }

  /**
   * Something was done for the guest that costs it no units: a function of the host, a copy for
   * another guest. The guest may be over its time.
   */
  returned(): void {
    this.#checkSignal();
    if (this.#deadline === undefined && this.slice === undefined) return;
    const now = performance.now();
    this.#checkDeadline(now);
    if (this.slice === undefined || this.#recalled || now - this.#turnAt(now) < this.slice) return;
    // A turn is given where the guest asks for units, so it has to ask soon.
    this.#recalled = true;
    if (this.#pool === undefined) { for (const counter of this.#counters) counter.value = 0; }
    else this.#collect();
  }

  /** Takes units for what no core module is charged for. */
  charge(units: bigint): void {
    if (this.#pool === undefined) return;
    this.#pool -= units;
    this.#requireFuel();
  }

  /** A counter is below zero: its module may go on, or it traps. */
  refill(counter: Counter): void {
    const tree = this.#tree;
    if (tree.lockedDown) throw unwinding(tree);
    const limited = this.#pool !== undefined;
    if (limited) this.#pay(counter);
    const most = this.isWatched ? this.#look() : MAX_GRANT;
    counter.value = limited ? this.#take(most) : most;
    if (limited) this.#holders.add(counter);
  }

  // The guest may have nearly exhausted the stack, so that any line of these may fail. Units are
  // taken before they are given, and a debt is noted before it is forgotten.

  #pay(counter: Counter): void {
    this.#pool! += BigInt(counter.value);
    counter.value = 0;
    this.#holders.delete(counter);
    this.#requireFuel();
  }

  #requireFuel(): void {
    if (this.#pool! < SMALL_GRANT) this.#collect();
    if (this.#pool! >= 0n) return;
    this.#pool = 0n;
    trap(this.#tree, "out-of-fuel");
  }

  /** Takes all units back. */
  #collect(): void {
    for (const counter of this.#holders) {
      const units = BigInt(counter.value);
      counter.value = 0;
      this.#pool! += units;
    }
    this.#holders.clear();
  }

  /** Takes units for a counter. Other counters will want some too. */
  #take(most: number): number {
    const pool = this.#pool!, share = pool >> 3n;
    const small = pool < SMALL_GRANT ? Number(pool) : SMALL_GRANT;
    const grant = Math.min(most, Math.max(small, share > MAX_GRANT ? MAX_GRANT : Number(share)));
    this.#pool = pool - BigInt(grant);
    return grant;
  }

  /** Looks at the signal and the clock. Gives how many units may pass until it is looked at again. */
  #look(): number {
    this.#checkSignal();
    const now = performance.now();
    this.#checkDeadline(now);
    if (this.slice !== undefined) this.isTurnDue = now - this.#turnAt(now) >= this.slice;
    const elapsed = now - this.#looked;
    this.#looked = now;
    // A guest that waited meanwhile says nothing about how fast it computes: less is always right.
    const factor = elapsed > 0 ? Math.min(CLOCK_EVERY / elapsed, 2) : 2;
    this.#granted = Math.max(1000, Math.min(MAX_TIMED_GRANT, Math.round(this.#granted * factor)));
    return this.#granted;
  }

  /** Nobody can call the listeners of a signal that another thread sets: it has to be read. */
  #checkSignal(): void {
    if (!this.#signal?.aborted) return;
    this.#tree.abort(reasonOf(this.#signal));
    throw unwinding(this.#tree);
  }

  #checkDeadline(now: number): void {
    if (this.#deadline === undefined) return;
    // A task that no call on the stack has begun: the event loop may have had its turn meanwhile.
    const since = this.#began ?? Math.max(this.#wentOn, this.#turnAt(now));
    if (now - since > this.#deadline) trap(this.#tree, "deadline", this.#deadline);
  }

  /** Since when the event loop has had no turn. */
  #turnAt(now: number): number {
    if (this.#turn === undefined) {
      this.#turn = now;
      setTimeout(() => this.hadTurn(), 0);
    }
    return this.#turn;
  }

  /** The event loop has had a turn. */
  hadTurn(): void {
    this.#turn = undefined;
    this.#started = 0;
    this.isTurnDue = this.#recalled = false;
  }
}
