// A task: one call of a lifted function, from its start until its last thread has ended.
// Spec: definitions.py `Task`.

import { CallFrame } from "../state/call_frame.ts";
import type { ComponentInstance } from "../state/instance.ts";
import { trap } from "../state/trap.ts";
import type { givenLifting, paramsLowering } from "../codegen/passing.ts";
import type { CanonContext } from "../state/canon_context.ts";
import type { InstanceThreads } from "./instance_threads.ts";
import type { Root } from "./root.ts";
import type { Scheduler } from "./scheduler.ts";
import { Thread } from "./thread.ts";
import type { LiftTarget } from "./lift.ts";

/** What a caller does at both ends of a task. */
export interface TaskEnds {
  /** `on_start`: gives the values of the parameters. */
  start(): readonly unknown[];
  /** `on_resolve`: takes the value of the result. */
  resolve(value: unknown): void;
  /** `on_resolve` of a task that was cancelled. */
  cancelled(): void;
  /** A synchronously lifted function has ended, its post-return included. */
  ended?(): void;
}

/** How the values of a task cross by generated code. */
export interface TaskPassing {
  readonly params: Pick<ReturnType<typeof paramsLowering>, "get">;
  readonly result: Pick<ReturnType<typeof givenLifting>, "get">;
  /** Whether the result stays as the callee gives it until it is copied to another guest. */
  readonly copies?: true;
}

type State = "initial" | "started" | "pending-cancel" | "cancel-delivered" | "resolved";

/** The task. */
export class Task {
  readonly inst: ComponentInstance;
  readonly scheduler: Scheduler;
  /** Whether its function's type is `async`. */
  readonly async: boolean;
  /** `undefined` for the task of a synchronous call that was not started as a task. */
  readonly target: LiftTarget | undefined;
  readonly ends: TaskEnds | undefined;
  readonly cx: CanonContext | undefined;
  readonly passing: TaskPassing | undefined;
  readonly root: Root | undefined;
  /** The value of an instance's word `entered` while the task runs. */
  readonly number: number;
  /** The borrows of the callee. */
  readonly frame: CallFrame = new CallFrame();
  readonly implicit: Thread;
  /** The threads of its instance. */
  readonly threads: InstanceThreads;
  /** How many threads it has. */
  #count = 0;
  /** Its threads other than the implicit one. */
  #others: Set<Thread> | undefined = undefined;
  #state: State = "initial";
  #enteringAll: readonly ComponentInstance[] | undefined;

  constructor(
    inst: ComponentInstance,
    scheduler: Scheduler,
    started?: {
      target: LiftTarget;
      ends: TaskEnds;
      cx: CanonContext;
      root: Root | undefined;
      passing: TaskPassing | undefined;
    },
  ) {
    this.inst = inst;
    this.scheduler = scheduler;
    this.target = started?.target;
    this.ends = started?.ends;
    this.cx = started?.cx;
    this.passing = started?.passing;
    this.root = started?.root;
    this.async = started?.target.async ?? false;
    this.number = started?.target.number ?? scheduler.number;
    this.threads = started?.target.threads ?? scheduler.threads(inst);
    this.implicit = new Thread(this);
    if (started === undefined) this.#state = "started";
  }

  /** All instances that a thread enters when the scheduler lets it go on. */
  get enteringAll(): readonly ComponentInstance[] {
    return this.target?.enteringAll ?? (this.#enteringAll ??= this.inst.enteringSet(undefined));
  }

  get isResolved(): boolean {
    return this.#state === "resolved";
  }

  get isInitial(): boolean {
    return this.#state === "initial";
  }

  /** `needs_exclusive`. */
  get needsExclusive(): boolean {
    return this.async && this.target!.style !== "async";
  }

  register(thread: Thread): void {
    if (this.#count++ === 0 && this.target !== undefined) this.scheduler.tasks++;
    if (thread !== this.implicit) (this.#others ??= new Set()).add(thread);
    this.threads.register(thread);
  }

  unregister(thread: Thread): void {
    if (thread.index !== 0) this.#count--;
    this.#others?.delete(thread);
    this.threads.unregister(thread);
    if (this.#count > 0 || this.target === undefined) return;
    this.scheduler.tasks--;
    if (!this.isResolved) trap(this.inst.tree, "no-result");
  }

  /** The threads that are in the table. */
  get #registered(): readonly Thread[] {
    const others = this.#others === undefined ? [] : [...this.#others];
    return this.implicit.index === 0 ? others : [this.implicit, ...others];
  }

  /** The implicit thread has ended. */
  exit(): void {
    const { threads } = this;
    this.unregister(this.implicit);
    if (threads.exclusive === this.implicit) threads.unlock();
  }

  /** Ends a task whose parameters could not be lowered, by the host's fault. */
  abandon(): void {
    this.#state = "resolved";
    this.frame.undo();
    this.exit();
  }

  start(): readonly unknown[] {
    this.#state = "started";
    return this.ends!.start();
  }

  /** `return_`. */
  resolve(value: unknown): void {
    this.checkResolving();
    this.ends!.resolve(value);
    this.#resolved();
  }

  /** The traps of a task that resolves. */
  checkResolving(): void {
    const { tree } = this.inst;
    if (this.isResolved) trap(tree, "task-resolved");
    if (this.frame.borrows > 0) trap(tree, "borrows-remain");
  }

  /** `cancel`. */
  cancel(): void {
    const { tree } = this.inst;
    if (this.isResolved) trap(tree, "task-resolved");
    if (this.#state !== "cancel-delivered") trap(tree, "task-not-cancelled");
    if (this.frame.borrows > 0) trap(tree, "borrows-remain");
    this.ends!.cancelled();
    this.#resolved();
  }

  #resolved(): void {
    this.frame.end();
    this.#state = "resolved";
  }

  /** `deliver_pending_cancel`. */
  deliverPendingCancel(cancellable: boolean): boolean {
    if (!cancellable || this.#state !== "pending-cancel") return false;
    this.#state = "cancel-delivered";
    return true;
  }

  /**
   * `request_cancellation`. Gives true if control is back; if a thread is under way, `back` is
   * called when it is.
   */
  requestCancellation(caller: ComponentInstance | undefined, back: () => void): boolean {
    const { scheduler, inst, implicit } = this;
    if (this.#state === "initial") {
      this.#state = "cancel-delivered";
      return scheduler.run(implicit, true, [], back);
    }
    const { exclusive } = this.threads;
    const held = this.needsExclusive && exclusive !== undefined && exclusive !== implicit;
    const entering = inst.enteringSet(caller);
    for (const thread of this.#registered) {
      if (!thread.cancellable || held && thread === implicit) continue;
      if (entering.some((each) => each.entered !== 0)) break;
      this.#state = "cancel-delivered";
      return scheduler.run(thread, true, entering, back);
    }
    this.#state = "pending-cancel";
    return true;
  }

  /** What its threads wait for, in words. */
  waitsFor(): string {
    const waits = this.#registered.map((thread) => thread.waiting?.what ?? "another thread");
    return waits.length > 0 ? waits.join(" and ") : this.implicit.waiting?.what ?? "nothing";
  }
}
