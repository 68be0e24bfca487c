// A subtask: a call that a guest has made and that has not ended yet, as its caller sees it.
// Spec: definitions.py `Subtask`.

import type { Frame } from "../codecs/codec.ts";
import type { ComponentInstance } from "../state/instance.ts";
import { trap } from "../state/trap.ts";
import type { Scheduler } from "./scheduler.ts";
import { SUBTASK, Waitable } from "./waitable.ts";

/** `Subtask.State`. */
export const STARTING = 0, STARTED = 1, RETURNED = 2, CANCELLED_BEFORE_STARTED = 3, CANCELLED_BEFORE_RETURNED = 4;

/** Asks the callee to end. Gives true if control is back, else `back` is called when it is. */
export type Cancel = (caller: ComponentInstance, back: () => void) => boolean;

/** The subtask. */
export class Subtask extends Waitable {
  state: number = STARTING;
  /** The lends of the caller. They end when the guest is told of the subtask's end. */
  readonly frame: Frame;
  cancel: Cancel | undefined = undefined;
  cancellationRequested = false;
  /** Its index in the caller's handle table. 0 if it has none: then the guest gets no events. */
  handle = 0;
  /** Whether the guest was told of the end. */
  delivered = false;

  constructor(scheduler: Scheduler, frame: Frame) {
    super(scheduler);
    this.frame = frame;
  }

  describe(): string {
    return "subtask";
  }

  get isResolved(): boolean {
    return this.state >= RETURNED;
  }

  /** The callee has started or ended: the guest gets an event. */
  progress(state: number): void {
    this.state = state;
    if (this.handle === 0) {
      if (this.waiter !== undefined) this.scheduler.wake(this.waiter);
      return;
    }
    this.setEvent(() => {
      if (this.isResolved) this.deliver();
      return [SUBTASK, this.handle, this.state];
    });
  }

  /** The callee has ended without a result. */
  progressCancelled(): void {
    this.progress(this.state === STARTING ? CANCELLED_BEFORE_STARTED : CANCELLED_BEFORE_RETURNED);
  }

  /** `deliver_resolve`. */
  deliver(): void {
    this.delivered = true;
    this.frame?.end();
  }

  /** `subtask.drop`. */
  checkDrop(): void {
    if (!this.delivered) trap(this.scheduler.tree, "subtask-unresolved");
  }
}
