// What a guest dropped while something of it was still on its way: it is delivered after the
// guest's end, too.

/** Milliseconds that the end of a guest waits for what is on its way: a peer may never take it. */
const MAX_ENDING = 10_000;

/** The endings of one guest. */
export class Endings {
  readonly #underWay = new Set<Promise<unknown>>();

  /** Notes something that ends by itself; it is never rejected. */
  add(ending: Promise<unknown>): void {
    this.#underWay.add(ending);
    ending.finally(() => this.#underWay.delete(ending));
  }

  /**
   * Waits until everything has come to its end, for so long as that is sensible, or until it is
   * aborted.
   */
  async all(signal: AbortSignal | undefined): Promise<void> {
    if (this.#underWay.size === 0 || signal?.aborted) return;
    let stop: () => void = () => {};
    const enough = new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, MAX_ENDING);
      const aborted = (): void => resolve();
      signal?.addEventListener("abort", aborted);
      stop = () => {
        clearTimeout(timer);
        signal?.removeEventListener("abort", aborted);
      };
    });
    await Promise.race([Promise.all(this.#underWay), enough]);
    stop();
  }
}
