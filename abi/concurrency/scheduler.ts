// The scheduler of an instance tree: which thread runs, which are ready, and who goes on when the
// running one blocks.
// One thread of a tree runs at a time. A thread that calls back or starts runs at once, and control
// is back when the call returns. A suspended stack goes on in a microtask (JSPI): it is in flight
// until it blocks or ends, and then whoever resumed it goes on.
// Threads become ready by events: nothing polls.
// Spec: definitions.py `Store.tick`, `Thread.resume`, `canon_lift`.

import type { CoreValue } from "../types/core_values.ts";
import { FREE } from "../state/flags.ts";
import { jspi } from "../state/jspi.ts";
import { type ComponentInstance, type InstanceTree, runIdle } from "../state/instance.ts";
import { completeMessage } from "../../errors.ts";
import { makeTrap, notEntered, surface, trap, uncatchable, unwinding } from "../state/trap.ts";
import { HostEndRegistry } from "./host_end_registry.ts";
import { type InstanceThreads, threadsOf } from "./instance_threads.ts";
import { Queue } from "./queue.ts";
import type { Root } from "./root.ts";
import type { Task } from "./task.ts";
import { type Continue, nobody, type Thread, type Waiting } from "./thread.ts";
import { afterTurn } from "./turn.ts";

/**
 * Whether threads run while no call of the host waits. Scripts of other engines expect that nothing
 * happens between two calls; tests of them change this setting.
 */
export const scheduling: { betweenCalls: boolean } = { betweenCalls: true };

function whyNotSuspended(plain: boolean): string {
  if (!jspi.has) return "this engine has no JSPI";
  return plain ? "it runs in a plain call; call through `instance.promising`" : "JavaScript is on its stack";
}

/** Milliseconds that guests may run before the event loop has its turn. */
const MAX_RUN = 10;

/** Milliseconds between two looks at the clock: where turns are short, it is looked at rarely. */
const CLOCK_STEP = 0.25;
/** Turns between two looks at the clock at most. */
const MAX_TURNS = 32;

/** Tells when guests have run for long. Looking at the clock takes as long as a short turn. */
class RunClock {
  #until = 0;
  #last = 0;
  #step = 2;
  #turns = 2;

  /** Called after each turn. */
  isOver(): boolean {
    if (--this.#turns > 0) return false;
    const now = performance.now();
    if (this.#until === 0) this.#until = now + MAX_RUN;
    this.#turns = this.#step = now - this.#last < CLOCK_STEP ? Math.min(this.#step * 2, MAX_TURNS) : 1;
    this.#last = now;
    return now > this.#until;
  }

  /** Guests have had nothing to do, or the event loop its turn. */
  reset(): void {
    this.#until = 0;
    this.#turns = this.#step = 2;
  }
}

/** A stack that is suspended, or will be as soon as the function that it called returns. */
export class SuspendedStack {
  readonly thread: Thread;
  readonly promise: Promise<CoreValue | undefined>;
  resolve!: (core: CoreValue | undefined) => void;
  reject!: (error: unknown) => void;

  constructor(thread: Thread) {
    this.thread = thread;
    this.promise = new Promise((resolve, reject) => {
      this.resolve = resolve;
      this.reject = reject;
    });
  }
}

/** A stack that goes on in a microtask, or runs since then. */
interface Flight {
  readonly thread: Thread;
  /** The instances to enter when it runs. */
  readonly toEnter: readonly ComponentInstance[];
}

/** A call of a host function that has given a promise. */
export interface PendingHostCall {
  /** Tells the host that nobody wants the result any more. */
  abandon(): void;
}

/** What one tree's embedder decides about scheduling. */
export interface SchedulerSettings {
  /** What happens if nothing is left to do while calls wait. */
  readonly idle: "trap" | "wait";
  readonly onIdle: ((report: string) => void) | undefined;
  /** How many calls of the host may be under way. */
  readonly maxTasks: number;
}

/** Runs the threads of one instance tree. */
export class Scheduler {
  readonly tree: InstanceTree;
  readonly settings: SchedulerSettings;
  /** The call number of threads that no call started. */
  readonly number: number;
  /** The thread whose code is on the stack now. */
  current: Thread | undefined = undefined;
  /** The host's call for which code runs apart (apart.ts) from the thread that needs it. */
  root: Root | undefined = undefined;
  /** Whether its stack can be suspended: no JavaScript frame is on it. */
  allowed = false;
  /** Whether a function runs that the host calls and that gives no promise. */
  plainCall = false;
  /** Whether a start function of a component runs. */
  inStart = false;
  /** Set to 1 by a function that a guest called, if the guest's stack must be suspended then. */
  need: WebAssembly.Global | undefined = undefined;
  /** The stack that holds the baton. */
  flight: Flight | undefined = undefined;
  /** The host's calls that are not settled. */
  readonly roots: Set<Root> = new Set();
  /**
   * How many things the host has under way that can wake a thread. Whoever gives one up schedules,
   * since calls may wait for ever then.
   */
  hostWork = 0;
  /** The host functions under way. */
  readonly hostCalls: Set<PendingHostCall> = new Set();
  /** How many tasks have started and not ended. */
  tasks = 0;
  /** Called when no task is left. */
  readonly #whenDone: (() => void)[] = [];
  /** The ends of streams and futures that JavaScript holds. */
  readonly hostEnds: HostEndRegistry;
  readonly #stacks = new Set<SuspendedStack>();
  /** Who waits for control: places of {@linkcode run}, with what to call if it comes back later. */
  readonly #resumers: ((() => void) | undefined)[] = [];
  readonly #high = new Queue<Thread>();
  readonly #low = new Queue<Thread>();
  readonly #jobs = new Queue<() => void>();
  /** How often a thread became ready. */
  #wakes = 0;
  readonly #drainLater = (): void => this.#drain();
  #scheduled = false;
  /** For those who wait for control, and do nothing with it. */
  readonly scheduleLater = (): void => this.schedule();
  /** Whether the loop over the queues runs, which sees whatever comes into them. */
  #looping = false;
  #draining = false;
  /** Whether a turn of the event loop passed since there was last something to do. */
  #idleTurn = false;
  /**
   * When the event loop must have its turn. It outlasts a drain: a guest on a stack of its own runs
   * in many short ones. It begins anew if guests had nothing to do meanwhile.
   */
  readonly #clock = new RunClock();
  #pending: SuspendedStack | undefined = undefined;
  /** The call that an exception has ended. */
  #failing: Root | undefined = undefined;

  constructor(tree: InstanceTree, settings: SchedulerSettings) {
    this.tree = tree;
    this.settings = settings;
    this.hostEnds = new HostEndRegistry(this);
    this.number = tree.callNumber("a thread of the component");
    tree.onLockDown = () => this.#end();
  }

  threads(inst: ComponentInstance): InstanceThreads {
    return threadsOf(inst, this);
  }

  /** Whether no thread runs, so that the host may start one. */
  get isFree(): boolean {
    return this.flight === undefined && !this.#draining && this.current === undefined;
  }

  // Running.

  /**
   * Lets a thread go on until it blocks or ends. Gives true if that has happened; if it is under
   * way, `back` is called when it happens.
   */
  run(thread: Thread, cancelled: boolean, entering: readonly ComponentInstance[], back: () => void): boolean {
    const depth = this.#resumers.push(undefined) - 1;
    const { current, allowed, flight } = this, go = thread.go!, { onStack } = thread;
    thread.go = thread.waiting = undefined;
    thread.since = thread.fruitless = 0;
    thread.cancellable = thread.onStack = false;
    try {
      if (!onStack) enter(entering, thread.task.number);
      go(cancelled, entering, thread);
    } catch (error) {
      this.#resumers.length = depth;
      throw error;
    } finally {
      this.current = current;
      this.allowed = allowed;
    }
    if (this.flight === flight) {
      this.#resumers.length = depth;
      if (!onStack) this.leave(entering);
      return true;
    }
    // The places are gone if the tree was locked down.
    if (depth < this.#resumers.length) {
      this.#resumers[depth] = onStack ? back : () => {
        this.leave(entering);
        back();
      };
    }
    return false;
  }

  leave(entered: readonly ComponentInstance[]): void {
    if (this.tree.lockedDown) return;
    for (let i = 0; i < entered.length; i++) entered[i]!.entered = FREE;
  }

  /**
   * Runs other threads of the instance of a synchronous task until it has resolved. Gives true if
   * it has; if a thread is under way, `back` is called when that blocks or ends.
   */
  settle(task: Task, back: () => void): boolean {
    while (!task.isResolved) {
      const thread = this.threads(task.inst).nextCandidate(() => true);
      if (thread === undefined) this.neverReturns();
      if (!this.run(thread, false, nobody, back)) return false;
    }
    return true;
  }

  /**
   * The trap of a synchronous task that waits for something that cannot happen before it returns.
   * `what` is the function that it called.
   */
  neverReturns(what?: string): never {
    if (this.hasReady) trap(this.tree, "deadlock", "");
    trap(this.tree, "block-sync-task", what === undefined ? "" : `: call ${what} in a function whose type is async`);
  }

  /** Whether a thread of the tree is ready. */
  get hasReady(): boolean {
    return this.#high.some((thread) => thread.isReady) || this.#low.some((thread) => thread.isReady);
  }

  /** Control is back at whoever resumed the thread that has blocked or ended. */
  #back(): void {
    const back = this.#resumers.pop();
    try {
      if (back === undefined) this.schedule();
      else back();
    } catch (error) {
      this.fail(undefined, error);
    }
  }

  // Stacks.

  /** Suspends the running stack. Its thread must be in {@linkcode allowed} code. */
  suspend(what: string): SuspendedStack {
    if (!this.allowed) this.refuse(what);
    const thread = this.current!;
    this.need!.value = 1;
    thread.suspended = true;
    const stack = new SuspendedStack(thread);
    this.#stacks.add(stack);
    this.#pending = stack;
    return stack;
  }

  /** The trap for a thread that would have to wait where it cannot. */
  refuse(what: string): never {
    trap(
      this.tree,
      "cannot-suspend",
      `${what}: ${this.inStart ? "a start function may not block before it returns" : whyNotSuspended(this.plainCall)}`,
    );
  }

  /** Gives the promise of the stack that is being suspended. Guests import this as `Suspending`. */
  takePending(): Promise<CoreValue | undefined> {
    const { promise } = this.#pending!;
    this.#pending = undefined;
    return promise;
  }

  /** Lets a suspended stack go on with a value. */
  resume(stack: SuspendedStack, toEnter: readonly ComponentInstance[], make: () => CoreValue | undefined): void {
    const { thread } = stack;
    this.#stacks.delete(stack);
    thread.suspended = false;
    // A thread that only gave control away has not left its instances.
    if (toEnter.length > 0) thread.entered = toEnter;
    this.flight = { thread, toEnter };
    try {
      stack.resolve(make());
    } catch (error) {
      stack.reject(uncatchable(this.tree, error));
    }
  }

  /** Keeps control for a stack that is suspended and goes on by itself: no other thread runs. */
  hold({ thread }: SuspendedStack): void {
    // A call of the host's has entered these. They are left when its thread blocks or ends.
    const { root, target, enteringAll } = thread.task;
    if (root !== undefined && target!.async && thread.entered.length === 0) thread.entered = enteringAll;
    this.flight = { thread, toEnter: nobody };
    this.current = undefined;
    this.allowed = false;
  }

  /** Lets a suspended stack end with an error. */
  unwind(stack: SuspendedStack, error: unknown): void {
    this.#stacks.delete(stack);
    stack.thread.entered = nobody;
    this.flight = { thread: stack.thread, toEnter: nobody };
    stack.reject(uncatchable(this.tree, error));
  }

  /** Guests call this when their stack runs again. */
  resumed(): void {
    if (this.tree.lockedDown) throw unwinding(this.tree);
    const { thread, toEnter } = this.flight!;
    enter(toEnter, thread.task.number);
    this.current = thread;
    this.allowed = true;
  }

  /** The running stack has blocked or ended: if it was in flight, control goes back soon. */
  land(thread: Thread): void {
    const { flight } = this;
    if (flight?.thread !== thread) return;
    this.leave(thread.entered);
    thread.entered = nobody;
    this.current = undefined;
    this.allowed = false;
    // The host sees that a synchronous function has ended before control is back at its call.
    const { root, target, implicit, isResolved, enteringAll } = thread.task;
    if (root !== undefined && isResolved && !target!.async && thread === implicit) this.leave(enteringAll);
    // Not before the engine has suspended the stack.
    queueMicrotask(() => {
      if (this.flight !== flight) return;
      this.flight = undefined;
      const { failure } = thread;
      if (failure !== undefined) return this.fail(thread.task.root, failure.error);
      // This is a microtask already: what is ready needs no other one.
      const drains = !this.#scheduled;
      this.#scheduled = true;
      this.#back();
      if (drains) this.#drain();
    });
  }

  /**
   * A thread was suspended while another one ran on top of it, and that one has blocked or ended:
   * control goes on to whoever resumed the first.
   */
  blocked(thread: Thread): void {
    this.leave(thread.entered);
    thread.entered = nobody;
    this.#back();
  }

  /**
   * The running stack gives its place to another one, which goes on in its stead: whoever waits for
   * the first now waits for the second.
   */
  replaceBy(thread: Thread): void {
    const go = thread.go!, { current } = this;
    thread.go = thread.waiting = undefined;
    thread.since = 0;
    thread.cancellable = thread.onStack = false;
    go(false, nobody, thread);
    thread.entered = current!.entered;
    current!.entered = nobody;
  }

  // Waiting.

  /** Makes a thread wait. */
  wait(thread: Thread, waiting: Waiting, go: Continue, onStack: boolean): void {
    thread.waiting = waiting;
    thread.cancellable = waiting.cancellable;
    thread.go = go;
    thread.onStack = onStack;
    if (waiting.ready()) this.wake(thread);
  }

  /** A thread may be ready now. */
  wake(thread: Thread, low = false): void {
    if (thread.waiting === undefined) return;
    if (thread.since === 0) thread.since = ++this.#wakes;
    if (thread.queued) return;
    thread.queued = true;
    (low ? this.#low : this.#high).push(thread);
    this.schedule();
  }

  /** The host has something to do for a guest. It is done when no thread runs. */
  post(job: () => void): void {
    this.#jobs.push(job);
    this.schedule();
  }

  /** Does something for a guest now if no thread runs, or else soon. */
  now(job: () => void, task: Task | undefined): void {
    const guarded = (): void => this.#guarded(job, task);
    if (!this.isFree || this.#jobs.size > 0) return this.post(guarded);
    guarded();
    this.schedule();
  }

  /** Likewise in a reaction of a promise, where the threads that are ready then can go on at once. */
  nowInReaction(job: () => void, task: Task | undefined): void {
    if (!this.isFree || this.#jobs.size > 0) return this.post(() => this.#guarded(job, task));
    if (this.#scheduled) return this.#guarded(job, task);
    this.#scheduled = true;
    this.#guarded(job, task);
    this.#drain();
  }

  /** Starts a call of the host. What it throws is the caller's to handle. */
  starting(start: () => void): void {
    this.#draining = true;
    this.tree.meter?.goesOn();
    try {
      start();
    } finally {
      this.#draining = false;
      this.schedule();
    }
  }

  #guarded(job: () => void, task: Task | undefined): void {
    this.#draining = true;
    this.tree.meter?.goesOn();
    this.#failing = task?.root; // if it locks the instance down
    try {
      if (!this.tree.lockedDown) job();
    } catch (error) {
      // What the host threw is not taken for an error of the engine, whatever it looks like.
      this.fail(task?.root, uncatchable(this.tree, error));
    } finally {
      this.#draining = false;
      this.#failing = this.current = undefined;
    }
  }

  schedule(): void {
    // Whoever holds the baton schedules when it lets go.
    if (this.#scheduled || this.#looping || this.flight !== undefined || this.#isQuiet) return;
    this.#scheduled = true;
    queueMicrotask(this.#drainLater);
  }

  /** Whether nothing is queued, and nobody waits for anything. */
  get #isQuiet(): boolean {
    return this.#high.size === 0 && this.#jobs.size === 0 && this.roots.size === 0 && this.#low.size === 0 &&
      this.#whenDone.length === 0 && this.tree.idle.length === 0;
  }

  #afterTurn(): void {
    this.#scheduled = true;
    afterTurn(() => {
      this.#clock.reset();
      this.#drain();
    });
  }

  #drain(): void {
    this.#scheduled = false;
    if (this.flight !== undefined || this.#draining || this.tree.lockedDown) return;
    if (!scheduling.betweenCalls && this.roots.size === 0) return;
    this.#looping = true;
    const ran = this.#loop();
    this.#looping = false;
    if (ran === undefined) return this.#afterTurn();
    if (this.flight !== undefined || this.tree.lockedDown) return;
    if (ran) this.#idleTurn = false;
    // Finalizers that found the instance entered.
    if (this.tree.idle.length > 0) runIdle(this.tree);
    if (this.tasks === 0) this.#done();
    this.#idle();
  }

  /**
   * Runs jobs and threads while there are some. Gives whether there were any, or `undefined` if the
   * event loop has to have a turn first.
   */
  #loop(): boolean | undefined {
    if (this.#clock.isOver()) return undefined;
    let low = this.#low.size, ran = false;
    while (this.flight === undefined && !this.tree.lockedDown) {
      const job = this.#jobs.shift();
      if (job !== undefined) {
        ran = true;
        job();
        continue;
      }
      let thread = this.#high.shift();
      if (thread === undefined) {
        // Threads that only yielded come last, and the host before them, if it has work.
        if (low-- <= 0 && this.#low.size > 0 && this.hostWork > 0) return undefined;
        thread = this.#low.shift();
      }
      if (thread === undefined) break;
      thread.queued = false;
      if (!thread.isReady) {
        this.threads(thread.task.inst).passOn();
        continue;
      }
      ran = true;
      this.#turn(thread);
      // If nothing is left, JavaScript may go on, which perhaps never leaves its microtasks.
      const isLeft = this.#high.size + this.#low.size + this.#jobs.size > 0;
      if (isLeft && this.#clock.isOver()) return undefined;
    }
    if (this.flight === undefined) this.#clock.reset();
    return ran;
  }

  #turn(thread: Thread): void {
    this.#draining = true;
    this.tree.meter?.goesOn();
    try {
      this.run(thread, false, thread.task.enteringAll, this.scheduleLater);
    } catch (error) {
      this.fail(thread.task.root, error);
    } finally {
      this.#draining = false;
    }
  }

  /** Nothing is left to do. If calls wait, and the host has nothing under way, they wait for ever. */
  #idle(): void {
    if (this.roots.size === 0 && this.#whenDone.length === 0 || this.hostWork > 0 || this.hostEnds.size > 0) return;
    // The host may be about to call.
    if (!this.#idleTurn) {
      this.#idleTurn = true;
      return this.#afterTurn();
    }
    if (this.#whenDone.length > 0) return this.#done();
    if (this.settings.idle === "trap") return this.#deadlock();
    try {
      this.settings.onIdle?.(this.report());
    } catch (error) {
      for (const root of this.roots) root.reject(error);
      this.tree.lockDown(error);
    }
  }

  #deadlock(): void {
    const report = this.report(), roots = [...this.roots];
    const errors = roots.map(({ path }) => completeMessage(makeTrap("deadlock", [report]), "call", "", path));
    roots.forEach((root, i) => root.reject(errors[i]));
    this.tree.lockDown(errors[0]);
  }

  #done(): void {
    for (const done of this.#whenDone.splice(0)) done();
  }

  /** Whether code of a guest is on the stack, or a stack is about to go on. */
  get isRunning(): boolean {
    return this.current !== undefined || this.#draining;
  }

  /** The instance is disposed of: calls fail, stacks are unwound. */
  endAll(error: (path: string) => unknown): void {
    for (const root of this.roots) root.reject(error(root.path));
    if (this.tasks > 0 || this.#stacks.size > 0 || this.flight !== undefined) {
      this.tree.lockDown(error("instance"));
    } else {
      this.hostEnds.failAll(error("stream"));
    }
  }

  /** Calls back when all tasks have ended, or cannot go on by themselves. */
  whenDone(done: () => void): void {
    this.#whenDone.push(done);
    this.schedule();
  }

  /** Says what each call waits for. */
  report(): string {
    const lines = [...this.roots].map((root) => `${root.path} waits for ${root.waitsFor()}`);
    return lines.length === 0 ? "" : `: ${lines.slice(0, 10).join("; ")}${lines.length > 10 ? "; …" : ""}`;
  }

  // Failing.

  /** An exception left the code that works for a call: the tree is locked down, and all calls fail. */
  fail(root: Root | undefined, error: unknown): void {
    this.#failing = root;
    const surfaced = surface(this.tree, error, "call", root?.path ?? "component");
    this.flight = undefined;
    const isTold = root === undefined ? this.roots.size > 0 : !root.settled;
    root?.reject(surfaced);
    this.#rejectAll(undefined);
    // A task that goes on after it has returned: its call cannot fail any more.
    if (!isTold && this.tree.aborted === undefined && !this.tree.disposed) this.tree.onError(surfaced);
  }

  #rejectAll(except: Root | undefined): void {
    for (const root of this.roots) {
      if (root === except) continue;
      root.reject(this.tree.aborted?.reason ?? notEntered(root.inst, "call", root.path));
    }
  }

  /** The tree was locked down: suspended stacks are unwound, calls that wait fail. */
  #end(): void {
    for (const stack of this.#stacks) stack.reject(unwinding(this.tree));
    this.#stacks.clear();
    this.#high.clear();
    this.#low.clear();
    this.#jobs.clear();
    this.#resumers.length = 0;
    this.hostEnds.failAll(this.tree.trap);
    for (const call of this.hostCalls) call.abandon();
    this.hostCalls.clear();
    // The call whose code runs fails with what its code threw, as soon as that has left the guest.
    const failing = this.#failing ?? this.current?.task.root ?? this.root ?? this.flight?.thread.task.root;
    queueMicrotask(() => this.#rejectAll(failing));
    // No task goes on. What the code threw may still be on its way through a suspended stack, and is
    // told before the instance is disposed of.
    if (this.#whenDone.length > 0) afterTurn(() => this.#done());
  }
}

function enter(entering: readonly ComponentInstance[], number: number): void {
  for (let i = 0; i < entering.length; i++) entering[i]!.entered = number;
}
