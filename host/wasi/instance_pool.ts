// Instances that wait for requests, and requests that wait for instances.

import { type Instance, whenLockedDown } from "../exports/instance.ts";

/** What has one instance. */
export interface Worker {
  readonly instance: Instance;
}

/** How many instances there are, and how many requests one of them has. */
export interface PoolLimits {
  /** How many instances at most. `undefined`: each is used once. */
  readonly max: number | undefined;
  /** How many requests one instance has at most, all its life. `undefined`: any number. */
  readonly uses: number | undefined;
}

/** Gives instances to requests and takes them back. */
export class InstancePool<W extends Worker> {
  readonly #make: () => Promise<W>;
  readonly #max: number | undefined;
  readonly #uses: number;
  readonly #isShared: boolean;
  readonly #idle: W[];
  /** How many requests an instance has. Only shared instances have more than one. */
  readonly #busy = new Map<W, number>();
  /** How many requests an instance has had. */
  readonly #used = new WeakMap<W, number>();
  /** Instances that take no further request. */
  readonly #retired = new WeakSet<W>();
  /** Those of them whose place another one may take. */
  readonly #gone = new WeakSet<W>();
  readonly #queue: (() => void)[] = [];
  /** Instances that are being disposed of, which waits for their tasks. */
  readonly #endings = new Set<Promise<void>>();
  /** Called when no instance has a request. */
  #onIdle: (() => void) | undefined;
  #count = 1;

  /** @param isShared Whether an instance takes several requests at once. */
  constructor(make: () => Promise<W>, { max, uses = Infinity }: PoolLimits, isShared: boolean, first: W) {
    this.#make = make;
    this.#max = max;
    this.#uses = uses;
    this.#isShared = isShared;
    this.#idle = [first];
    this.#watch(first);
  }

  /**
   * An instance that is locked down has its place no more, although the body of an answer of its may
   * not have been taken yet, and perhaps never is.
   */
  #watch(worker: W): void {
    whenLockedDown(worker.instance, () => this.#leave(worker));
  }

  /** An instance gives its place up. */
  #leave(worker: W): void {
    if (this.#gone.has(worker)) return;
    this.#gone.add(worker);
    this.#retired.add(worker);
    const at = this.#idle.indexOf(worker);
    if (at >= 0) {
      this.#idle.splice(at, 1);
      // What has ended it is told first.
      queueMicrotask(() => this.#dispose(worker));
    }
    this.#count--;
    this.#queue.shift()?.();
  }

  /** An instance for one request. */
  async take(): Promise<W> {
    for (;;) {
      const found = this.#idle.pop();
      if (found !== undefined) return this.#taken(found);
      if (this.#max === undefined || this.#count < this.#max) break;
      const least = this.#isShared ? this.#leastBusy() : undefined;
      if (least !== undefined) return this.#taken(least);
      await new Promise<void>((resolve) => this.#queue.push(resolve));
    }
    this.#count++;
    try {
      const made = await this.#make();
      this.#watch(made);
      return this.#taken(made);
    } catch (error) {
      this.#count--;
      this.#queue.shift()?.();
      throw error;
    }
  }

  /**
   * Counts a request at once: one that comes in the same turn shares the instance, and so do those
   * that wait.
   */
  #taken(worker: W): W {
    this.#busy.set(worker, (this.#busy.get(worker) ?? 0) + 1);
    const used = (this.#used.get(worker) ?? 0) + 1;
    this.#used.set(worker, used);
    if (used >= this.#uses) this.#retired.add(worker);
    if (this.#isShared) { for (const next of this.#queue.splice(0)) next(); }
    return worker;
  }

  #leastBusy(): W | undefined {
    let least: W | undefined, count = Infinity;
    for (const [worker, requests] of this.#busy) {
      if (requests < count && !this.#retired.has(worker)) [least, count] = [worker, requests];
    }
    return least;
  }

  /** Takes an instance back from a request. One that is not usable any more takes no further request. */
  give(worker: W, isUsable: boolean): void {
    if (!isUsable) this.#retired.add(worker);
    const others = this.#busy.get(worker)! - 1;
    if (others > 0) return void this.#busy.set(worker, others);
    this.#busy.delete(worker);
    if (this.#max !== undefined && !this.#retired.has(worker)) {
      this.#idle.push(worker);
      this.#queue.shift()?.();
    } else {
      this.#leave(worker);
      this.#dispose(worker);
    }
    if (this.#busy.size === 0) this.#onIdle?.();
  }

  #dispose(worker: W): void {
    const ending = worker.instance[Symbol.asyncDispose]().catch(() => {});
    this.#endings.add(ending);
    ending.then(() => this.#endings.delete(ending));
  }

  /**
   * Waits until all requests have ended, and all that their instances still do. Nobody takes an
   * instance any more.
   */
  async end(): Promise<void> {
    if (this.#busy.size > 0) await new Promise<void>((resolve) => this.#onIdle = resolve);
    for (const worker of this.#idle.splice(0)) this.#dispose(worker);
    await Promise.all(this.#endings);
  }
}
