// The scheduler of an instance tree: which thread runs, which are ready, and who goes on when the
// running one blocks.
// One thread of a tree runs at a time. A thread that calls back or starts runs at once, and control
// is back when the call returns. A suspended stack goes on in a microtask (JSPI): it is in flight
// until it blocks or ends, and then whoever resumed it goes on.
// Threads become ready by events: nothing polls.
// Spec: definitions.py `Store.tick`, `Thread.resume`, `canon_lift`.

import type { CoreValue } from "../types/core_values.ts";
import { FREE } from "../state/flags.ts";
import type { ComponentInstance, InstanceTree } from "../state/instance.ts";
import { completeMessage } from "../../errors.ts";
import { makeTrap, notEntered, surface, trap, uncatchable, unwinding } from "../state/trap.ts";
import { HostEndRegistry } from "./host_end_registry.ts";
import { type InstanceThreads, threadsOf } from "./instance_threads.ts";
import { Queue } from "./queue.ts";
import type { Root } from "./root.ts";
import type { Task } from "./task.ts";
import type { Continue, Thread, Waiting } from "./thread.ts";
import { afterTurn } from "./turn.ts";

/** Whether the engine can suspend stacks (JSPI). Tests switch it off. */
export const jspi: { has: boolean } = { has: "Suspending" in WebAssembly && "promising" in WebAssembly };

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

/** A place of {@linkcode Scheduler.run} on the stack of those who wait for control. */
interface Resumer {
  back: (() => void) | undefined;
}

const nobody: readonly ComponentInstance[] = [];

/** What one tree's embedder decides about scheduling. */
export interface SchedulerSettings {
  /** What happens if nothing is left to do while calls wait. */
  readonly idle: "trap" | "wait";
  readonly onIdle: ((report: string) => void) | undefined;
}

/** Runs the threads of one instance tree. */
export class Scheduler {
  readonly tree: InstanceTree;
  readonly settings: SchedulerSettings;
  /** The call number of threads that no call started. */
  readonly number: number;
  /** The thread whose code is on the stack now. */
  current: Thread | undefined = undefined;
  /** Whether its stack can be suspended: no JavaScript frame is on it. */
  allowed = false;
  /** Set to 1 by a function that a guest called, if the guest's stack must be suspended then. */
  need: WebAssembly.Global | undefined = undefined;
  /** The stack that holds the baton. */
  flight: Flight | undefined = undefined;
  /** The host's calls that are not settled. */
  readonly roots: Set<Root> = new Set();
  /** How many things the host has under way that can wake a thread. */
  hostWork = 0;
  /** The ends of streams and futures that JavaScript holds. */
  readonly hostEnds: HostEndRegistry;
  readonly #stacks = new Set<SuspendedStack>();
  readonly #resumers: Resumer[] = [];
  readonly #high = new Queue<Thread>();
  readonly #low = new Queue<Thread>();
  readonly #jobs = new Queue<() => void>();
  #scheduled = false;
  /** Whether the loop over the queues runs, which sees whatever comes into them. */
  #looping = false;
  #draining = false;
  /** Whether a turn of the event loop passed since there was last something to do. */
  #idleTurn = false;
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
    const resumer: Resumer = { back: undefined }, depth = this.#resumers.push(resumer) - 1;
    const { current, allowed, flight } = this, go = thread.go!, { onStack } = thread;
    thread.go = thread.waiting = undefined;
    thread.cancellable = thread.onStack = false;
    try {
      if (!onStack) enter(entering, thread.task.number);
      go(cancelled, entering);
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
    resumer.back = onStack ? back : () => {
      this.leave(entering);
      back();
    };
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
      const thread = this.threads(task.inst).candidate(() => true);
      if (thread === undefined) this.neverReturns();
      if (!this.run(thread, false, nobody, back)) return false;
    }
    return true;
  }

  /** The trap of a synchronous task that waits for something that cannot happen before it returns. */
  neverReturns(): never {
    if (this.hasReady) trap(this.tree, "deadlock", "");
    trap(this.tree, "block-sync-task");
  }

  /** Whether a thread of the tree is ready. */
  get hasReady(): boolean {
    return this.#high.some((thread) => thread.isReady) || this.#low.some((thread) => thread.isReady);
  }

  /** Control is back at whoever resumed the thread that has blocked or ended. */
  #back(): void {
    const back = this.#resumers.pop()?.back;
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
    trap(this.tree, "cannot-suspend", `${what}: ${whyNotSuspended(this.current === undefined)}`);
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
    if (toEnter.length > 0) thread.entered = toEnter;
    this.flight = { thread, toEnter };
    try {
      stack.resolve(make());
    } catch (error) {
      stack.reject(uncatchable(this.tree, error));
    }
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
    // Not before the engine has suspended the stack.
    queueMicrotask(() => {
      if (this.flight !== flight) return;
      this.flight = undefined;
      const { failure } = thread;
      if (failure !== undefined) this.fail(thread.task, failure.error);
      else this.#back();
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
    const go = thread.go!, replaced = this.current!;
    thread.go = thread.waiting = undefined;
    thread.cancellable = thread.onStack = false;
    go(false, nobody);
    thread.entered = replaced.entered;
    replaced.entered = nobody;
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
    if (thread.queued || thread.waiting === undefined) return;
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

  /** Starts a call of the host. What it throws is the caller's to handle. */
  starting(start: () => void): void {
    this.#draining = true;
    try {
      start();
    } finally {
      this.#draining = false;
      this.schedule();
    }
  }

  #guarded(job: () => void, task: Task | undefined): void {
    this.#draining = true;
    try {
      if (!this.tree.lockedDown) job();
    } catch (error) {
      this.fail(task, error);
    } finally {
      this.#draining = false;
      this.current = undefined;
    }
  }

  schedule(): void {
    if (this.#scheduled || this.#looping) return;
    this.#scheduled = true;
    queueMicrotask(() => this.#drain());
  }

  #afterTurn(): void {
    this.#scheduled = true;
    afterTurn(() => this.#drain());
  }

  #drain(): void {
    this.#scheduled = false;
    // Whoever holds the baton schedules when it lets go.
    if (this.flight !== undefined || this.#draining || this.tree.lockedDown) return;
    if (!scheduling.betweenCalls && this.roots.size === 0) return;
    this.#looping = true;
    const ran = this.#loop();
    this.#looping = false;
    if (ran === undefined) return this.#afterTurn();
    if (this.flight !== undefined || this.tree.lockedDown) return;
    if (ran) this.#idleTurn = false;
    this.#idle();
  }

  /**
   * Runs jobs and threads while there are some. Gives whether there were any, or `undefined` if the
   * event loop has to have a turn first.
   */
  #loop(): boolean | undefined {
    const until = performance.now() + MAX_RUN;
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
      if (performance.now() > until) return undefined;
    }
    return ran;
  }

  #turn(thread: Thread): void {
    this.#draining = true;
    try {
      this.run(thread, false, thread.task.enteringAll, () => this.schedule());
    } catch (error) {
      this.fail(thread.task, error);
    } finally {
      this.#draining = false;
    }
  }

  /** Nothing is left to do. If calls wait, and the host has nothing under way, they wait for ever. */
  #idle(): void {
    if (this.roots.size === 0 || this.hostWork > 0 || this.hostEnds.size > 0) return;
    // The host may be about to call.
    if (!this.#idleTurn) {
      this.#idleTurn = true;
      return this.#afterTurn();
    }
    if (this.settings.idle === "wait") return this.settings.onIdle?.(this.report());
    this.#deadlock();
  }

  #deadlock(): void {
    const report = this.report(), roots = [...this.roots];
    const errors = roots.map(({ path }) => completeMessage(makeTrap("deadlock", [report]), "call", "", path));
    roots.forEach((root, i) => root.reject(errors[i]));
    this.tree.lockDown(errors[0]);
  }

  /** Says what each call waits for. */
  report(): string {
    const lines = [...this.roots].map((root) => `${root.path} waits for ${root.waitsFor()}`);
    return lines.length === 0 ? "" : `: ${lines.slice(0, 10).join("; ")}${lines.length > 10 ? "; …" : ""}`;
  }

  // Failing.

  /** An exception left the code of a task: the tree is locked down, and all calls fail. */
  fail(task: Task | undefined, error: unknown): void {
    const root = this.#failing = task?.root;
    const surfaced = surface(this.tree, error, "call", root?.path ?? "component");
    this.flight = undefined;
    if (root !== undefined) root.reject(surfaced);
    this.#rejectAll(undefined);
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
    // The call whose code runs fails with what its code threw.
    this.#rejectAll(this.#failing ?? this.current?.task.root ?? this.flight?.thread.task.root);
  }
}

function enter(entering: readonly ComponentInstance[], number: number): void {
  for (let i = 0; i < entering.length; i++) entering[i]!.entered = number;
}
