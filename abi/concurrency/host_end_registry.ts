// The ends of streams and futures that JavaScript holds. An end that becomes garbage unread is
// dropped, and all fail when the instance is locked down. Sources that guests read end then, too.

import type { Shared } from "./shared.ts";
import { nextRound } from "./turn.ts";

/** An end that JavaScript holds. */
export interface HostEnd {
  /** The instance was locked down. */
  fail(error: unknown): void;
  /** The guest has dropped the writable end of a stream, and everything that it wrote was read. */
  writerDropped?(): void;
}

/** A source of JavaScript's that a guest reads. */
export interface HostSourceEnd {
  /** Nobody reads it any more. */
  unwanted(): void;
}

/** An end, and the stream or future that it is of. */
type End = HostEnd & { readonly shared: Shared };

/** An end that JavaScript got in this turn of the event loop. */
interface Fresh {
  readonly object: object;
  readonly end: End;
  /** Whether somebody waits for its value, without the object. */
  isKept: boolean;
}

/** The ends of one tree. It keeps them alive until the turn of the event loop ends, no longer. */
export class HostEndRegistry {
  readonly #scheduler: { schedule(): void };
  /**
   * Most ends are read to their end in the turn that made them. Only those that are left are watched,
   * since collectors have much work with what is referred to weakly.
   */
  readonly #fresh = new Map<Shared, Fresh>();
  readonly #watched = new Map<Shared, WeakRef<HostEnd>>();
  #collected: FinalizationRegistry<Shared> | undefined;
  #isTurnAsked = false;
  /** The sources that guests may still read. */
  readonly sources: Set<HostSourceEnd> = new Set();

  constructor(scheduler: { schedule(): void }) {
    this.#scheduler = scheduler;
  }

  get size(): number {
    return this.#fresh.size + this.#watched.size;
  }

  /** Watches an object that JavaScript holds. `end` lives as long as the object. */
  watch(object: object, end: HostEnd & { readonly shared: Shared }, shared: Shared): void {
    this.#fresh.set(shared, { object, end, isKept: false });
    if (this.#isTurnAsked) return;
    this.#isTurnAsked = true;
    nextRound(() => this.#watchFresh());
  }

  #watchFresh(): void {
    this.#isTurnAsked = false;
    for (const [shared, { object, end, isKept }] of this.#fresh) {
      this.#watched.set(shared, new WeakRef(end));
      if (!isKept) this.#registry().register(object, shared, end);
    }
    this.#fresh.clear();
  }

  #registry(): FinalizationRegistry<Shared> {
    return this.#collected ??= new FinalizationRegistry((shared) => {
      this.#watched.delete(shared);
      shared.drop();
      this.#scheduler.schedule();
    });
  }

  /** The end was read to its end, dropped or handed on. */
  end(end: End): void {
    if (!this.#fresh.delete(end.shared)) {
      this.#watched.delete(end.shared);
      this.#collected?.unregister(end);
    }
    this.#scheduler.schedule();
  }

  /** Somebody waits for the end's value, without the object that stands for it. */
  keep(end: End): void {
    const fresh = this.#fresh.get(end.shared);
    if (fresh !== undefined) fresh.isKept = true;
    else this.#collected?.unregister(end);
  }

  /** Tells the end that JavaScript has, if it still does. */
  writerDropped(shared: Shared): void {
    const end = this.#fresh.get(shared)?.end ?? this.#watched.get(shared)?.deref();
    end?.writerDropped?.();
  }

  failAll(error: unknown): void {
    for (const source of this.sources) source.unwanted();
    const ends = [
      ...[...this.#fresh.values()].map(({ end }) => end),
      ...[...this.#watched.values()].map((ref) => ref.deref()),
    ];
    this.#fresh.clear();
    this.#watched.clear();
    for (const end of ends) end?.fail(error);
  }
}
