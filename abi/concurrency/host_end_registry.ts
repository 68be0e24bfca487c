// The ends of streams and futures that JavaScript holds. An end that becomes garbage unread is
// dropped, and all fail when the instance is locked down. Sources that guests read end then, too.

import type { Shared } from "./shared.ts";

/** An end that JavaScript holds. */
export interface HostEnd {
  /** The instance was locked down. */
  fail(error: unknown): void;
}

/** A source of JavaScript's that a guest reads. */
export interface HostSourceEnd {
  /** Nobody reads it any more. */
  unwanted(): void;
}

interface Watched {
  readonly ref: WeakRef<HostEnd>;
  readonly shared: Shared;
}

/** The ends of one tree. It must not keep them alive. */
export class HostEndRegistry {
  readonly #scheduler: { schedule(): void };
  readonly #watched = new Map<Shared, Watched>();
  #collected: FinalizationRegistry<Shared> | undefined;
  /** The sources that guests may still read. */
  readonly sources: Set<HostSourceEnd> = new Set();

  constructor(scheduler: { schedule(): void }) {
    this.#scheduler = scheduler;
  }

  get size(): number {
    return this.#watched.size;
  }

  /** Watches an object that JavaScript holds. `end` lives as long as the object. */
  watch(object: object, end: HostEnd & { readonly shared: Shared }, shared: Shared): void {
    this.#watched.set(shared, { ref: new WeakRef(end), shared });
    this.#collected ??= new FinalizationRegistry((shared) => {
      this.#watched.delete(shared);
      shared.drop();
      this.#scheduler.schedule();
    });
    this.#collected.register(object, shared, end);
  }

  /** The end was read to its end, dropped or handed on. */
  end(end: HostEnd & { readonly shared: Shared }): void {
    this.#watched.delete(end.shared);
    this.#collected?.unregister(end);
    this.#scheduler.schedule();
  }

  /** Somebody waits for the end's value, without the object that stands for it. */
  keep(end: HostEnd & { readonly shared: Shared }): void {
    this.#collected?.unregister(end);
  }

  failAll(error: unknown): void {
    for (const source of this.sources) source.unwanted();
    for (const { ref } of this.#watched.values()) ref.deref()?.fail(error);
    this.#watched.clear();
  }
}
