// Waitables and waitable sets: what a guest can wait for, and the events that it gets.
// Whoever has an event for a guest puts it into the waitable. A thread that waits is then woken.
// Spec: definitions.py `Waitable`, `WaitableSet`.

import { TableItem } from "../state/table_item.ts";
import type { InstanceTree } from "../state/instance.ts";
import { trap } from "../state/trap.ts";
import type { Scheduler } from "./scheduler.ts";
import { SmallSet } from "./small_set.ts";
import type { Thread } from "./thread.ts";

/** An event: its code and two payloads. */
export type GuestEvent = readonly [code: number, index: number, payload: number];

/** `EventCode`. */
export const SUBTASK = 1, STREAM_READ = 2, STREAM_WRITE = 3, FUTURE_READ = 4, FUTURE_WRITE = 5;
/** `EventCode.NONE`, as an event. */
export const NOTHING: GuestEvent = [0, 0, 0];
/** `EventCode.TASK_CANCELLED`, as an event. */
export const TASK_CANCELLED: GuestEvent = [6, 0, 0];
/** What a built-in returns if the operation goes on. */
export const BLOCKED = -1;

/** Something that a guest can wait for. */
export abstract class Waitable extends TableItem {
  readonly scheduler: Scheduler;
  #pending: (() => GuestEvent) | undefined;
  #set: WaitableSet | undefined;
  /** The thread that waits in a synchronous built-in. */
  waiter: Thread | undefined = undefined;

  constructor(scheduler: Scheduler) {
    super();
    this.scheduler = scheduler;
  }

  get set(): WaitableSet | undefined {
    return this.#set;
  }

  get hasEvent(): boolean {
    return this.#pending !== undefined;
  }

  /** Puts an event in. It is made when the guest takes it. */
  setEvent(event: () => GuestEvent): void {
    this.#pending = event;
    if (this.waiter !== undefined) this.scheduler.wake(this.waiter);
    this.#set?.hasEventOf(this);
  }

  /** Takes the event. There must be one. */
  takeEvent(): GuestEvent {
    const event = this.#pending!;
    this.#pending = undefined;
    this.#set?.tookEventOf(this);
    return event();
  }

  /** Joins a set, or none. */
  join(set: WaitableSet | undefined): void {
    this.#set?.remove(this);
    this.#set = set;
    set?.add(this);
  }
}

/** `WaitableSet`. */
export class WaitableSet extends TableItem {
  readonly #scheduler: Scheduler;
  #members = 0;
  /** The members that have events, the first first. */
  readonly #events = new SmallSet<Waitable>();
  /** The threads that wait, the first first. */
  readonly waiters: SmallSet<Thread> = new SmallSet();

  constructor(scheduler: Scheduler) {
    super();
    this.#scheduler = scheduler;
  }

  describe(): string {
    return "waitable set";
  }

  get hasEvent(): boolean {
    return this.#events.size > 0;
  }

  takeEvent(): GuestEvent {
    return this.#events.first!.takeEvent();
  }

  add(member: Waitable): void {
    this.#members++;
    if (member.hasEvent) this.hasEventOf(member);
  }

  remove(member: Waitable): void {
    this.#members--;
    this.#events.delete(member);
  }

  hasEventOf(member: Waitable): void {
    this.#events.add(member);
    this.waiters.forEach((thread) => this.#scheduler.wake(thread));
  }

  tookEventOf(member: Waitable): void {
    this.#events.delete(member);
  }

  /** Checks that the set can be dropped. */
  checkDrop(tree: InstanceTree): void {
    if (this.#members > 0) trap(tree, "waitable-set-members");
    if (this.waiters.size > 0) trap(tree, "waitable-set-waiters");
  }
}
