// Threads and tasks of the model of the interleaving test. A thread is a generator. It yields a
// stop when it blocks, and where the model has to hear of the library what happens next.
// Spec: definitions.py `Thread`, `Task`, `Store`, `canon_lift`.

import { EAGER_BLOCK_CHECK } from "../../../abi/concurrency/blocking.ts";
import { type Command, type InstanceName, instances, type Lift, type Payload } from "./commands.ts";
import {
  addWaitable,
  End,
  type GuestEvent,
  liftEnd,
  ModelInstance,
  ModelTrap,
  setAt,
  type Shared,
  trapIf,
  type WaitableSet,
} from "./model_state.ts";

/** What the library tells: a guest's code starts, a command has ended, a callback is called. */
export type LibraryEvent =
  | { readonly kind: "start"; readonly call: number; readonly handle: number }
  | { readonly kind: "ended"; readonly call: number; readonly result: bigint; readonly hash: number }
  | { readonly kind: "callback"; readonly call: number; readonly event: GuestEvent }
  /** Not by the code of a guest: the library ends a call with a trap. */
  | { readonly kind: "trap"; readonly code: string };

/** Where a thread stops. */
export type Stop =
  /** It blocks: control goes to whoever resumed it, or to another thread. */
  | { readonly kind: "block"; readonly to: ModelThread | undefined }
  /** The library has the choice. Gets the next event, which stays the next one. */
  | { readonly kind: "choice"; readonly top: boolean }
  /** The library has none: this must be the next event. */
  | { readonly kind: "expect"; readonly event: LibraryEvent }
  /** A guest wants a command. */
  | { readonly kind: "command"; readonly thread: ModelThread };

export type Steps<T> = Generator<Stop, T, unknown>;

/** The next event of the library, which is not taken. */
export function* peek(top = false): Steps<LibraryEvent> {
  return (yield { kind: "choice", top }) as LibraryEvent;
}

/** `Thread`. */
export class ModelThread {
  readonly task: ModelTask;
  /** The number that its guest gives for it. */
  readonly call: number;
  readonly steps: Steps<void>;
  ready: (() => boolean) | undefined = undefined;
  cancellable = false;
  index = 0;
  state: "running" | "blocked" | "ended" = "blocked";
  /** What it does, for reports. */
  doing = "nothing yet";

  constructor(task: ModelTask, call: number, body: (thread: ModelThread) => Steps<void>) {
    this.task = task;
    this.call = call;
    this.steps = body(this);
  }

  get isSuspended(): boolean {
    return this.state === "blocked" && this.ready === undefined;
  }

  get isReady(): boolean {
    return this.state === "blocked" && this.ready !== undefined && this.ready();
  }

  startWaiting(ready: () => boolean): void {
    this.ready = ready;
    this.task.store.waiting.add(this);
  }

  stopWaiting(): void {
    this.ready = undefined;
    this.task.store.waiting.delete(this);
  }

  *resume(cancelled = false): Steps<void> {
    this.stopWaiting();
    const { store } = this.task, switched: ModelThread[] = [];
    for (let thread: ModelThread | undefined = this as ModelThread, input: unknown = cancelled; thread !== undefined;) {
      thread.state = "running";
      let stop: IteratorResult<Stop, void>;
      while (!(stop = thread.steps.next(input)).done && stop.value.kind !== "block") input = yield stop.value;
      thread.state = stop.done ? "ended" : "blocked";
      const to: ModelThread | undefined = stop.done ? undefined : (stop.value as Stop & { kind: "block" }).to;
      if (to !== undefined) switched.push(thread);
      thread = to;
      input = false;
      if (thread !== undefined || store.suspends) continue;
      // Without JSPI, a thread that has switched to another one is below that one on the stack, and
      // goes on when that one ends.
      const below = switched.pop();
      if (below?.isReady && ((yield* peek()) as { call?: number }).call === below.call) {
        below.stopWaiting();
        thread = below;
      }
    }
  }

  *block(cancellable: boolean, to?: ModelThread): Steps<boolean> {
    this.cancellable = cancellable;
    return (yield { kind: "block", to }) as boolean;
  }

  *suspend(cancellable: boolean, to?: ModelThread): Steps<boolean> {
    if (this.task.deliverPendingCancel(cancellable)) return true;
    return yield* this.block(cancellable, to);
  }

  /**
   * `wait_until`. The library may go on at once if it need not wait: it shows by the next event.
   */
  *waitUntil(ready: () => boolean, cancellable = false): Steps<boolean> {
    if (this.task.deliverPendingCancel(cancellable)) return true;
    if (ready() && ((yield* peek()) as { call?: number }).call === this.call) {
      this.task.mayHaveBlocked = true;
      return false;
    }
    this.startWaiting(ready);
    return yield* this.block(cancellable);
  }

  /**
   * The trap of a synchronous task before it blocks. The library makes it at once (as Wasmtime did
   * at the pinned commit), unless another thread is ready as far as it can see.
   */
  *checkMayBlock(): Steps<void> {
    const { task } = this;
    if (!EAGER_BLOCK_CHECK || task.async || task.isResolved || this !== task.implicit) return;
    const { waiting, instances } = task.store;
    const othersAreReady = [...waiting].some((thread) => thread.isReady) ||
      [...instances.values()].some(({ hostCalls }) => hostCalls > 0);
    if (!othersAreReady) throw new ModelTrap("block-sync-task", "deadlock");
    const event = yield* peek();
    if (event.kind === "trap" && /block-sync-task|deadlock/.test(event.code)) throw new ModelTrap(event.code);
  }
}

/** What takes the results of a task. */
export interface Ends {
  /** Traps if the parameters cannot be lifted, and changes nothing. */
  checkStart?(): void;
  onStart(): Shared | undefined;
  onResolve(result: number | Shared | undefined): void;
}

/** `Store`. */
export class ModelStore {
  readonly waiting: Set<ModelThread> = new Set();
  /** What ends the calls of the host that are under way, by number. */
  readonly hostWork: Map<number, () => void> = new Map();
  readonly instances: ReadonlyMap<InstanceName, ModelInstance> = new Map(
    instances.map((name) => [name, new ModelInstance(name)]),
  );
  /** Executes a command of a thread. */
  readonly execute: (thread: ModelThread, command: Command) => Steps<bigint>;
  /** Whether the engine can suspend stacks. */
  readonly suspends: boolean;

  constructor(execute: ModelStore["execute"], suspends: boolean) {
    this.execute = execute;
    this.suspends = suspends;
  }
}

/** `Task`. */
export class ModelTask {
  readonly store: ModelStore;
  readonly inst: ModelInstance;
  readonly lift: Lift;
  readonly payload: Payload;
  readonly call: number;
  readonly ends: Ends;
  readonly threads: ModelThread[] = [];
  readonly implicit: ModelThread;
  /**
   * Whether it went on at once where it could have blocked. If its caller waits synchronously,
   * nothing shows which of both the library has done.
   */
  mayHaveBlocked = false;
  state: "initial" | "started" | "pending-cancel" | "cancel-delivered" | "resolved" = "initial";

  constructor(
    store: ModelStore,
    inst: ModelInstance,
    func: { lift: Lift; payload: Payload },
    call: number,
    ends: Ends,
  ) {
    this.store = store;
    this.inst = inst;
    this.lift = func.lift;
    this.payload = func.payload;
    this.call = call;
    this.ends = ends;
    this.implicit = new ModelThread(this, call, (thread) => body(this, thread));
    inst.tasks.add(this);
  }

  get async(): boolean {
    return this.lift !== "sy";
  }

  get isResolved(): boolean {
    return this.state === "resolved";
  }

  /** Whether it traps as soon as it goes on, before its code starts. */
  get cannotStart(): boolean {
    if (this.state !== "initial") return false;
    try {
      this.ends.checkStart?.();
      return false;
    } catch (error) {
      if (error instanceof ModelTrap) return true;
      throw error;
    }
  }

  get needsExclusive(): boolean {
    return this.lift === "cb" || this.lift === "se";
  }

  /** `enter_implicit_thread`. */
  *enter(): Steps<boolean> {
    const { inst, implicit } = this;
    if (this.async) {
      const hasBackpressure = () => inst.backpressure > 0 || this.needsExclusive && inst.exclusive !== undefined;
      if (hasBackpressure() || inst.waitingToEnter + inst.hostCalls > 0) {
        inst.waitingToEnter++;
        const cancelled = yield* implicit.waitUntil(() => !hasBackpressure(), true);
        inst.waitingToEnter--;
        if (cancelled) {
          this.cancel();
          inst.tasks.delete(this);
          return false;
        }
      }
      if (this.needsExclusive) inst.exclusive = implicit;
    }
    this.register(implicit);
    return true;
  }

  register(thread: ModelThread): void {
    this.threads.push(thread);
    thread.index = this.inst.threads.add(thread);
  }

  exit(): void {
    this.unregister(this.implicit);
    if (this.async && this.needsExclusive) this.inst.exclusive = undefined;
  }

  unregister(thread: ModelThread): void {
    this.threads.splice(this.threads.indexOf(thread), 1);
    if (this.threads.length === 0) {
      trapIf(!this.isResolved, "no-result");
      this.inst.tasks.delete(this);
    }
    this.inst.threads.remove(thread.index);
  }

  *requestCancellation(): Steps<void> {
    if (this.state === "initial") {
      this.state = "cancel-delivered";
      return yield* this.implicit.resume(true);
    }
    const { exclusive } = this.inst;
    let candidates = this.threads.filter(({ cancellable, state }) => cancellable && state === "blocked");
    if (this.needsExclusive && exclusive !== undefined && exclusive !== this.implicit) {
      candidates = candidates.filter((thread) => thread !== this.implicit);
    }
    if (candidates.length === 0 || !this.inst.mayEnter) {
      this.state = "pending-cancel";
      return;
    }
    this.state = "cancel-delivered";
    this.inst.mayEnter = false;
    yield* (yield* chosen(candidates)).resume(true);
    this.inst.mayEnter = true;
  }

  deliverPendingCancel(cancellable: boolean): boolean {
    if (!cancellable || this.state !== "pending-cancel") return false;
    this.state = "cancel-delivered";
    return true;
  }

  return(result: number | Shared): void {
    trapIf(this.isResolved, "task-resolved");
    this.ends.onResolve(result);
    this.state = "resolved";
  }

  cancel(): void {
    trapIf(this.isResolved, "task-resolved");
    trapIf(this.state !== "cancel-delivered", "task-not-cancelled");
    this.ends.onResolve(undefined);
    this.state = "resolved";
  }
}

/** The library's choice among threads, which the next event shows. */
export function* chosen(candidates: readonly ModelThread[]): Steps<ModelThread> {
  if (candidates.length === 1) return candidates[0]!;
  const event = yield* peek();
  const found = candidates.find(({ call }) => call === (event as { call?: number }).call);
  if (found === undefined) {
    throw new Error(`one of the threads ${candidates.map(({ call }) => call)} must go on, found ${show(event)}`);
  }
  return found;
}

/** `WaitableSet.get_pending_event`: the library's choice. */
export function* takeEvent(set: WaitableSet, event: (of: LibraryEvent) => GuestEvent | undefined): Steps<GuestEvent> {
  const { ready } = set;
  if (ready.length === 1) return ready[0]!.takeEvent();
  const next = yield* peek(), index = event(next)?.[1];
  const member = ready.find(({ handle }) => handle === index);
  if (member !== undefined) return member.takeEvent();
  throw new Error(`an event of ${ready.map(({ handle }) => handle)} must be delivered, found ${show(next)}`);
}

/** An event in words. */
export function show(event: LibraryEvent): string {
  return JSON.stringify(event, (_, value) => typeof value === "bigint" ? `0x${value.toString(16)}` : value);
}

/** Runs a guest's code: commands until one of them is `exit`, whose operand is given. */
export function* runCode(thread: ModelThread): Steps<number> {
  const { call, task: { inst, store } } = thread;
  for (;;) {
    const command = (yield { kind: "command", thread }) as Command;
    thread.doing = command.op;
    if (command.op === "exit") return command.a;
    const result = yield* store.execute(thread, command);
    yield { kind: "expect", event: { kind: "ended", call, result, hash: inst.hash() } };
  }
}

/** `thread_func` of `canon_lift`. */
function* body(task: ModelTask, thread: ModelThread): Steps<void> {
  const { inst, lift, payload, call } = task;
  if (!(yield* task.enter())) return;
  task.state = "started";
  const shared = task.ends.onStart();
  const handle = shared === undefined ? 0 : addWaitable(inst, new End(shared, "read"));
  yield { kind: "expect", event: { kind: "start", call, handle } };
  const result = yield* runCode(thread);
  if (lift === "se" || lift === "sy") {
    task.return(payload === "g" ? liftEnd(inst, result, "stream-u8") : result);
    return task.exit();
  }
  if (lift === "st") return task.exit();
  for (let packed = result; (packed & 15) !== 0;) {
    const code = packed & 15;
    trapIf(code > 2, "callback-code");
    inst.exclusive = undefined;
    const free = () => inst.exclusive === undefined;
    let event: GuestEvent;
    if (code === 1) {
      thread.doing = "yields";
      event = [(yield* thread.waitUntil(free, true)) ? 6 : 0, 0, 0];
    } else {
      const set = setAt(inst, packed >>> 4);
      thread.doing = `waits for ${packed >>> 4}`;
      set.waiting++;
      const cancelled = yield* thread.waitUntil(() => free() && set.ready.length > 0, true);
      event = cancelled
        ? [6, 0, 0]
        : yield* takeEvent(set, (next) => next.kind === "callback" ? next.event : undefined);
      set.waiting--;
    }
    inst.exclusive = thread;
    yield { kind: "expect", event: { kind: "callback", call, event } };
    packed = yield* runCode(thread);
  }
  task.exit();
}

/**
 * `canon_lift` of a call: runs it until it blocks, or until it has resolved if it is synchronous.
 */
export function* startTask(task: ModelTask): Steps<void> {
  const { inst } = task;
  trapIf(!inst.mayEnter, "cannot-enter");
  inst.mayEnter = false;
  yield* task.implicit.resume();
  while (!task.async && !task.isResolved) {
    // definitions.py excludes the thread that holds the lock. The reference suite
    // (during-sync-call-no-exclusive-resume.wast) excludes those too that would take it.
    const candidates = inst.threads.entries().map(([, thread]) => thread)
      .filter((thread) => thread.isReady && !(thread.task.needsExclusive && thread === thread.task.implicit));
    trapIf(candidates.length === 0, "block-sync-task", "deadlock");
    yield* (yield* chosen(candidates)).resume();
  }
  inst.mayEnter = true;
}
