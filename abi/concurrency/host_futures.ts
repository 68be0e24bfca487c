// Futures between guests and JavaScript: a future of a guest as an object that is read once, and a
// promise or such an object as a future of a guest.

import { completeMessage, describe, ValueError } from "../../errors.ts";
import { formatType, type ValType } from "../types/types.ts";
import { isThenable, thrownValue } from "../codecs/results.ts";
import { isSameType } from "./plain_types.ts";
import { HostSink, HostSource } from "./host_buffers.ts";
import type { HostEnd } from "./host_end_registry.ts";
import type { Scheduler } from "./scheduler.ts";
import { type Elements, SharedFuture } from "./shared.ts";

/** What an object stands for: apart from it, so that nobody else can make one. */
let partOf: (value: object) => GuestFuture | undefined;

/**
 * A future that a guest gave. It is no promise: `await` would flatten a future of a future.
 */
export class HostFuture {
  readonly #part: GuestFuture;

  constructor(part: GuestFuture) {
    this.#part = part;
  }

  /** Gives the value. A future is read once. */
  read(): Promise<unknown> {
    return this.#part.read();
  }

  /** Drops the future without reading it. */
  [Symbol.dispose](): void {
    this.#part.drop();
  }

  static {
    partOf = (value) => #part in value ? value.#part : undefined;
  }
}

/** Makes the object for the readable end of a future. */
export function futureToHost(shared: SharedFuture, scheduler: Scheduler): HostFuture {
  const part = new GuestFuture(shared, scheduler), future = new HostFuture(part);
  scheduler.hostEnds.watch(future, part, shared);
  return future;
}

/** The readable end. */
class GuestFuture implements HostEnd {
  readonly shared: SharedFuture;
  readonly scheduler: Scheduler;
  #used: "read" | "dropped" | "given away" | undefined;
  #failure: { readonly error: unknown } | undefined;
  #value: Promise<unknown> | undefined;
  #reject: ((error: unknown) => void) | undefined;

  constructor(shared: SharedFuture, scheduler: Scheduler) {
    this.shared = shared;
    this.scheduler = scheduler;
  }

  fail(error: unknown): void {
    this.#failure = { error };
    // The call that has trapped tells its error.
    this.#value?.catch(() => {});
    this.#reject?.(error);
  }

  read(): Promise<unknown> {
    if (this.#used !== undefined) {
      return Promise.reject(new ValueError("dead-resource", `the future was ${this.#used} already`));
    }
    this.#used = "read";
    if (this.#failure !== undefined) return Promise.reject(this.#failure.error);
    this.scheduler.hostEnds.keep(this);
    return this.#value = new Promise((resolve, reject) => {
      this.#reject = reject;
      let value: unknown;
      const take = (elements: Elements): void => {
        if (elements.kind === "values") value = elements.values[0];
      };
      const done = (): void => {
        this.scheduler.hostEnds.end(this);
        if (isThenable(value)) reject(completeMessage(new ValueError("thenable"), "lift", "value", "future"));
        else resolve(value);
      };
      this.shared.read(new HostSink(1, false, take), { copied: done, done });
    });
  }

  drop(): void {
    if (this.#used !== undefined) return;
    this.#used = "dropped";
    this.shared.drop();
    this.scheduler.hostEnds.end(this);
  }

  /** The future goes to a guest. */
  checkUnused(): void {
    if (this.#used !== undefined) throw new ValueError("dead-resource", `the future was ${this.#used} already`);
  }

  /** A guest of the same tree takes the future over. */
  handOn(): SharedFuture {
    this.#used = "given away";
    this.scheduler.hostEnds.end(this);
    return this.shared;
  }
}

/** Makes a future for a guest of a JavaScript value. */
export function futureFromHost(value: unknown, element: ValType | undefined, scheduler: Scheduler): SharedFuture {
  const part = typeof value === "object" && value !== null ? partOf(value) : undefined;
  part?.checkUnused();
  if (part?.scheduler === scheduler && isSameType(part.shared.element, element)) return part.handOn();
  const promise = part !== undefined ? part.read() : isThenable(value) ? value as PromiseLike<unknown> : undefined;
  if (promise === undefined) {
    const type = formatType({ kind: "future", element });
    throw new ValueError("type-mismatch", `${type} (a promise or a Future)`, describe(value));
  }
  const shared = new SharedFuture(element);
  new JsFuture(shared, promise, element, scheduler);
  return shared;
}

/** The writer of a future whose value JavaScript gives. */
class JsFuture {
  readonly #shared: SharedFuture;
  readonly #scheduler: Scheduler;
  #settled: (() => void) | undefined;
  #wanted = false;
  #over = false;

  constructor(shared: SharedFuture, promise: PromiseLike<unknown>, element: ValType | undefined, scheduler: Scheduler) {
    this.#shared = shared;
    this.#scheduler = scheduler;
    shared.demand = () => this.#demand();
    shared.unwanted = () => {
      this.#stop();
      this.#over = true;
      scheduler.schedule();
    };
    new Promise((done) => done(promise)).then(
      (value) => this.#settle(() => this.#write(settledValue(element, value))),
      (error) =>
        this.#settle(() => {
          // The ABI cannot say that no value comes.
          const isContext = element?.kind === "result" && element.err?.kind === "error-context";
          this.#write(isContext ? { tag: "err", val: error } : thrownValue(element, error));
        }),
    );
  }

  #demand(): void {
    if (this.#over || this.#wanted) return;
    this.#wanted = true;
    if (this.#settled !== undefined) this.#settled();
    else this.#scheduler.hostWork++;
  }

  #settle(write: () => void): void {
    if (this.#over) return;
    const wanted = this.#wanted;
    this.#stop();
    this.#settled = write;
    if (wanted) this.#scheduler.now(write, undefined);
  }

  /** Nobody waits for the promise any more. */
  #stop(): void {
    if (this.#wanted && this.#settled === undefined) this.#scheduler.hostWork--;
  }

  #write(value: unknown): void {
    this.#over = true;
    this.#shared.write(new HostSource([value]), { copied: nothing, done: nothing });
  }
}

/**
 * What a promise gave as a value to lower. Where a result's `ok` has no payload, any value but a
 * result is that `ok`, as it is for a function: a promise of such a future is then one that an
 * `async` function gives, which returns nothing or throws.
 */
function settledValue(element: ValType | undefined, value: unknown): unknown {
  if (element?.kind !== "result" || element.ok !== undefined) return value;
  const isResult = typeof value === "object" && value !== null && "tag" in value;
  return isResult ? value : { tag: "ok", val: undefined };
}

function nothing(): void {}
