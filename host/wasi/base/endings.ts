// What a guest dropped while something of it was still on its way: it is delivered after the
// guest's end, too.

import { reasonOf } from "../../../abi/state/instance.ts";

/** Milliseconds that the end of a guest waits for what is on its way: a peer may never take it. */
const MAX_ENDING = 10_000;

/** The endings of one guest. */
export class Endings {
  readonly #underWay = new Set<Promise<unknown>>();
  /** What does not depend on a peer. */
  readonly #own = new Set<Promise<unknown>>();
  #failure: { readonly error: unknown } | undefined;

  /** Notes something that ends by itself, or never, as a peer wants; it is not rejected. */
  add(ending: Promise<unknown>): void {
    this.#underWay.add(ending);
    ending.finally(() => this.#underWay.delete(ending));
  }

  /** Notes something that ends by itself, however long it takes. If it is rejected, `all` is. */
  addOwn(ending: PromiseLike<unknown>): void {
    const done: Promise<void> = Promise.resolve(ending).then(() => {}, (error) => void (this.#failure ??= { error }));
    this.#own.add(done);
    done.finally(() => this.#own.delete(done));
  }

  /**
   * Waits until everything has come to its end, for so long as that is sensible where it depends on
   * a peer, or until it is aborted. What was lost is thrown: nobody else would be told.
   */
  async all(signal: AbortSignal | undefined): Promise<void> {
    await Promise.all([limited(this.#underWay, MAX_ENDING, signal), limited(this.#own, undefined, signal)]);
    const failure = this.#failure;
    this.#failure = undefined;
    if (failure !== undefined) throw failure.error;
    // What was to last may not: whoever ended the wait is told that it was ended.
    if (signal?.aborted && this.#own.size > 0) throw reasonOf(signal);
  }
}

/** Waits for all, or for so many milliseconds, or until it is aborted. */
export async function limited(
  all: ReadonlySet<Promise<unknown>>,
  most: number | undefined,
  signal: AbortSignal | undefined,
): Promise<void> {
  if (all.size === 0 || signal?.aborted) return;
  const { promise: enough, resolve } = Promise.withResolvers<void>();
  const timer = most === undefined ? undefined : setTimeout(resolve, most), aborted = (): void => resolve();
  signal?.addEventListener("abort", aborted);
  await Promise.race([Promise.all(all), enough]);
  clearTimeout(timer);
  signal?.removeEventListener("abort", aborted);
}
