// A call from the host that is under way: the promise that it gave, and the tasks that work for it.

import type { ComponentInstance } from "../state/instance.ts";
import type { Scheduler } from "./scheduler.ts";
import type { Task } from "./task.ts";

interface Ends {
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: unknown) => void;
}

/** The call. */
export class Root {
  readonly path: string;
  readonly inst: ComponentInstance;
  readonly #scheduler: Scheduler;
  /**
   * Both ends of the promise, until it is settled. A task may go on for long, and must not keep the
   * result alive, which may be a stream that nobody reads.
   */
  #ends: Ends | undefined;
  /** The task of the export. `undefined` before it starts. */
  task: Task | undefined = undefined;
  settled = false;
  /** Called once, when the call is settled. */
  onSettled: (() => void) | undefined = undefined;

  constructor(
    path: string,
    inst: ComponentInstance,
    scheduler: Scheduler,
    resolve: (value: unknown) => void,
    reject: (error: unknown) => void,
  ) {
    this.path = path;
    this.inst = inst;
    this.#scheduler = scheduler;
    this.#ends = { resolve, reject };
    scheduler.roots.add(this);
  }

  resolve(value: unknown): void {
    this.#settle()?.resolve(value);
  }

  reject(error: unknown): void {
    this.#settle()?.reject(error);
  }

  #settle(): Ends | undefined {
    const ends = this.#ends;
    this.#ends = undefined;
    this.#scheduler.roots.delete(this);
    this.settled = true;
    this.onSettled?.();
    this.onSettled = undefined;
    return ends;
  }

  /** What its task waits for, in words. */
  waitsFor(): string {
    return this.task?.waitsFor() ?? "its turn";
  }
}
