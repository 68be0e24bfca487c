// What each command does in the model of the interleaving test.
// Spec: definitions.py `canon_*`.

import { callOf, type Command, ends, type EndType, hostResult, isHostFast, passedTypes, takesEnd } from "./commands.ts";
import {
  addWaitable,
  Buffer,
  CANCELLED_BEFORE_RETURNED,
  CANCELLED_BEFORE_STARTED,
  COMPLETED,
  DROPPED,
  End,
  endAt,
  endToLift,
  type GuestEvent,
  liftEnd,
  type ModelInstance,
  ModelTrap,
  RETURNED,
  setAt,
  Shared,
  STARTED,
  STARTING,
  storeEvent,
  Subtask,
  trapIf,
  Waitable,
  WaitableSet,
} from "./model_state.ts";
import {
  type LibraryEvent,
  type ModelStore,
  ModelTask,
  ModelThread,
  peek,
  runCode,
  startTask,
  type Steps,
  takeEvent,
} from "./model_tasks.ts";

const BLOCKED = 0xffff_ffffn;
const NOTHING: GuestEvent = [0, 0, 0], TASK_CANCELLED: GuestEvent = [6, 0, 0];
const flag = (cancelled: boolean): bigint => cancelled ? 1n : 0n;

/** Executes a command of a thread. Gives what the guest tells of its result. */
export function* execute(thread: ModelThread, command: Command): Steps<bigint> {
  const { op, a, b } = command, { task } = thread, { inst, store } = task;
  const call = callOf(op);
  if (call !== undefined) {
    const callee = store.instances.get(call.callee)!;
    return call.lower === "sync"
      ? yield* callSync(store, thread, callee, call, command)
      : yield* callAsync(store, thread, callee, call, command);
  }
  const [type, rest = ""] = op.split(/\.(.*)/s);
  if (type! in ends) return yield* endCommand(thread, type as EndType, rest, command);
  if (op === "host-sync" || op === "host-async") return yield* callHost(thread, op === "host-async", a, b);
  const cancellable = op.endsWith("-c");
  switch (op.replace(/-c$/, "")) {
    case "trap":
      throw new ModelTrap("guest-trap");
    case "fill":
      inst.memory.setUint32(a, Math.imul(b, 0x1020304), true);
      return 0n;
    case "task.return":
      checkReturn(task, "n");
      task.return(a);
      return 0n;
    case "task.return-stream":
      checkReturn(task, "g");
      trapIf(task.isResolved, "task-resolved");
      task.return(liftEnd(inst, a, "stream-u8"));
      return 0n;
    case "task.cancel":
      trapIf(task.lift === "se" || task.lift === "sy", "task-not-cancelled");
      task.cancel();
      return 0n;
    case "backpressure.inc":
      inst.backpressure++;
      return 0n;
    case "backpressure.dec":
      trapIf(--inst.backpressure < 0, "backpressure-overflow");
      return 0n;
    case "subtask.cancel":
      return yield* cancelSubtask(thread, a, false);
    case "subtask.cancel-async":
      return yield* cancelSubtask(thread, a, true);
    case "subtask.drop": {
      const subtask = subtaskAt(inst, a);
      trapIf(!subtask.delivered, "subtask-unresolved");
      subtask.join(undefined);
      inst.handles.remove(a);
      return 0n;
    }
    case "set.new":
      return BigInt(inst.handles.add(new WaitableSet()));
    case "set.wait": {
      yield* thread.checkMayBlock();
      const set = setAt(inst, a);
      set.waiting++;
      const cancelled = yield* thread.waitUntil(() => set.ready.length > 0, cancellable);
      const event = cancelled ? TASK_CANCELLED : yield* takeEvent(set, eventOf);
      set.waiting--;
      return storeEvent(inst, b, event);
    }
    case "set.poll": {
      const set = setAt(inst, a);
      if (task.deliverPendingCancel(cancellable)) return storeEvent(inst, b, TASK_CANCELLED);
      return storeEvent(inst, b, set.ready.length === 0 ? NOTHING : yield* takeEvent(set, eventOf));
    }
    case "set.drop": {
      const set = setAt(inst, a);
      trapIf(set.members.size > 0, "waitable-set-members");
      trapIf(set.waiting > 0, "waitable-set-waiters");
      inst.handles.remove(a);
      return 0n;
    }
    case "join": {
      const member = inst.handles.get(a);
      trapIf(!(member instanceof Waitable), "wrong-handle-type");
      trapIf((member as Waitable).hasSyncWaiter, "sync-in-waitable-set");
      (member as Waitable).join(b === 0 ? undefined : setAt(inst, b));
      return 0n;
    }
    default:
      return yield* threadCommand(thread, op.replace(/-c$/, ""), cancellable, a);
  }
}

/** The event that a command has given. */
function eventOf(next: LibraryEvent): GuestEvent | undefined {
  return next.kind === "ended" ? [0, Number(next.result >> 8n & 0xff_ffffn), 0] : undefined;
}

function checkReturn(task: ModelTask, result: "n" | "g"): void {
  trapIf(
    task.lift === "se" || task.lift === "sy" || (task.payload === "g") !== (result === "g"),
    "task-return-mismatch",
  );
}

function* threadCommand(thread: ModelThread, op: string, cancellable: boolean, index: number): Steps<bigint> {
  const { task } = thread, { inst } = task;
  switch (op) {
    case "thread.index":
      return BigInt(thread.index);
    case "thread.new": {
      const made = new ModelThread(task, index, function* (made) {
        yield { kind: "expect", event: { kind: "start", call: made.call, handle: 0 } };
        yield* runCode(made);
        task.unregister(made);
      });
      task.register(made);
      return BigInt(made.index);
    }
    case "thread.yield":
      return task.store.suspends
        ? flag(yield* thread.waitUntil(() => true, cancellable))
        : yield* yieldInPlace(thread, cancellable);
    case "thread.suspend":
      yield* thread.checkMayBlock();
      return flag(yield* thread.suspend(cancellable));
  }
  const other = inst.threads.get(index);
  if (op.endsWith("-promote")) {
    if (task.deliverPendingCancel(cancellable)) return 1n;
    if (!other.isReady) {
      if (op.startsWith("thread.yield")) return flag(yield* thread.waitUntil(() => true, cancellable));
      yield* thread.checkMayBlock();
      return flag(yield* thread.suspend(cancellable));
    }
    other.stopWaiting();
  } else {
    trapIf(!other.isSuspended, "thread-not-suspended");
    if (op === "thread.resume-later") {
      other.startWaiting(() => true);
      return 0n;
    }
    if (task.deliverPendingCancel(cancellable)) return 1n;
  }
  if (op.startsWith("thread.yield")) thread.startWaiting(() => true);
  return flag(yield* thread.block(cancellable, other));
}

/** Without JSPI, another thread of the instance runs on top of the one that yields. */
function* yieldInPlace(thread: ModelThread, cancellable: boolean): Steps<bigint> {
  const { task } = thread;
  if (task.deliverPendingCancel(cancellable)) return 1n;
  const event = yield* peek();
  const other = task.inst.threads.entries().map(([, each]) => each)
    .find((each) => each.isReady && each.call === (event as { call?: number }).call);
  if (other !== undefined) yield* other.resume();
  task.mayHaveBlocked = true;
  return 0n;
}

// Calls.

function* start(
  store: ModelStore,
  thread: ModelThread,
  callee: ModelInstance,
  { lift, payload }: { lift: ModelTask["lift"]; payload: ModelTask["payload"] },
  { a, b }: Command,
  deliver: (result: number | Shared) => void,
): Steps<Subtask> {
  const subtask = new Subtask(), { inst } = thread.task;
  const task = subtask.task = new ModelTask(store, callee, { lift, payload }, a, {
    checkStart() {
      if (takesEnd(payload)) endToLift(inst, b, passedTypes[payload]);
    },
    onStart() {
      subtask.onProgress();
      subtask.state = STARTED;
      return takesEnd(payload) ? liftEnd(inst, b, passedTypes[payload]) : undefined;
    },
    onResolve(result) {
      subtask.onProgress();
      if (result === undefined) {
        subtask.state = subtask.state === STARTING ? CANCELLED_BEFORE_STARTED : CANCELLED_BEFORE_RETURNED;
      } else {
        deliver(result);
        subtask.state = RETURNED;
      }
    },
  });
  yield* startTask(task);
  return subtask;
}

/** Lowers a result of the callee. */
function lowered(inst: ModelInstance, result: number | Shared): number {
  return result instanceof Shared ? addWaitable(inst, new End(result, "read")) : result;
}

function* callSync(
  store: ModelStore,
  thread: ModelThread,
  callee: ModelInstance,
  func: { lift: ModelTask["lift"]; payload: ModelTask["payload"] },
  command: Command,
): Steps<bigint> {
  const { inst } = thread.task;
  if (func.lift !== "sy") yield* thread.checkMayBlock();
  let given = 0;
  const subtask = yield* start(store, thread, callee, func, command, (result) => given = lowered(inst, result));
  if (!subtask.resolved || subtask.task!.mayHaveBlocked) yield* thread.waitUntil(() => subtask.resolved);
  subtask.delivered = true;
  return BigInt(given);
}

function* callAsync(
  store: ModelStore,
  thread: ModelThread,
  callee: ModelInstance,
  func: { lift: ModelTask["lift"]; payload: ModelTask["payload"] },
  command: Command,
): Steps<bigint> {
  const { inst } = thread.task;
  const subtask = yield* start(
    store,
    thread,
    callee,
    func,
    command,
    (result) => inst.memory.setUint32(command.c, lowered(inst, result), true),
  );
  // definitions.py gives control back to the caller here. The reference suite (sync-streams.wast)
  // wants that a task which holds the lock goes on first if it can, and then the one that it has
  // kept out.
  const task = subtask.task!, holder = callee.exclusive;
  if (task.state === "initial" && holder?.isReady && ((yield* peek()) as { call?: number }).call === holder.call) {
    callee.mayEnter = false;
    yield* holder.resume();
    if (task.state as string === "initial" && task.implicit.isReady) yield* task.implicit.resume();
    callee.mayEnter = true;
  }
  if (subtask.resolved) {
    subtask.delivered = true;
    return BigInt(RETURNED);
  }
  const index = addWaitable(inst, subtask);
  notifies(subtask, index);
  return BigInt(subtask.state | index << 4);
}

/** A call of the host. */
function* callHost(thread: ModelThread, async: boolean, call: number, ptr: number): Steps<bigint> {
  const { inst, store } = thread.task;
  if (!async) yield* thread.checkMayBlock();
  if (isHostFast(call)) {
    if (!async) return BigInt(hostResult(call));
    inst.memory.setUint32(ptr, hostResult(call), true);
    return BigInt(RETURNED);
  }
  const subtask = new Subtask();
  subtask.state = STARTED;
  subtask.hostCall = call;
  store.hostWork.set(call, () => {
    if (async) inst.memory.setUint32(ptr, hostResult(call), true);
    subtask.state = RETURNED;
    subtask.onProgress();
  });
  if (!async) {
    yield* thread.waitUntil(() => subtask.resolved);
    return BigInt(hostResult(call));
  }
  const index = addWaitable(inst, subtask);
  notifies(subtask, index);
  return BigInt(STARTED | index << 4);
}

/** Lets a guest get events of a subtask. */
function notifies(subtask: Subtask, index: number): void {
  subtask.onProgress = () => {
    subtask.pending = () => {
      if (subtask.resolved) subtask.delivered = true;
      return [1, index, subtask.state];
    };
  };
}

function subtaskAt(inst: ModelInstance, index: number): Subtask {
  const subtask = inst.handles.get(index);
  trapIf(!(subtask instanceof Subtask), "wrong-handle-type");
  return subtask as Subtask;
}

function* cancelSubtask(thread: ModelThread, index: number, async: boolean): Steps<bigint> {
  if (!async) yield* thread.checkMayBlock();
  const subtask = subtaskAt(thread.task.inst, index);
  trapIf(subtask.delivered || subtask.cancellationRequested, "subtask-terminal");
  trapIf(!async && subtask.set !== undefined, "sync-in-waitable-set");
  if (!subtask.resolved) {
    subtask.cancellationRequested = true;
    if (subtask.task === undefined) cancelHost(thread, subtask);
    else yield* subtask.task.requestCancellation();
    if (!subtask.resolved && async) return BLOCKED;
    if (!async && (!subtask.resolved || subtask.task?.mayHaveBlocked)) {
      // definitions.py waits for any event. That may be an old one, which says that the callee has
      // started; then its assertion fails.
      yield* waitForEvent(thread, subtask, () => subtask.resolved);
    }
  }
  return BigInt(subtask.takeEvent()[2]);
}

/** The host ends a call at once when it is cancelled. */
function cancelHost({ task: { store } }: ModelThread, subtask: Subtask): void {
  store.hostWork.delete(subtask.hostCall);
  subtask.state = CANCELLED_BEFORE_RETURNED;
  subtask.onProgress();
}

/** `wait_for_pending_event`. */
function* waitForEvent(
  thread: ModelThread,
  waitable: Waitable,
  ready = (): boolean => waitable.pending !== undefined,
): Steps<void> {
  waitable.hasSyncWaiter = true;
  yield* thread.waitUntil(ready);
  waitable.hasSyncWaiter = false;
}

// Streams and futures.

const codes = { stream: { read: 2, write: 3 }, future: { read: 4, write: 5 } } as const;

function* endCommand(thread: ModelThread, type: EndType, rest: string, { a, b, c }: Command): Steps<bigint> {
  const { inst } = thread.task, async = rest.endsWith("-async"), name = rest.replace("-async", "");
  if (name === "new") {
    const shared = new Shared(type);
    const readable = addWaitable(inst, new End(shared, "read"));
    return BigInt(readable) | BigInt(addWaitable(inst, new End(shared, "write"))) << 32n;
  }
  const verb = name.replace(/^.*-/, "") as "read" | "write";
  if (name.startsWith("drop")) return drop(inst, a, type, verb);
  if (!async) yield* thread.checkMayBlock();
  const end = endAt(inst, a, type, verb);
  if (name.startsWith("cancel")) {
    trapIf(end.hasSyncWaiter, "sync-in-waitable-set");
    trapIf(end.state !== "copying", "no-copy-pending");
    trapIf(!async && end.set !== undefined, "sync-in-waitable-set");
    end.state = "cancelling";
    // A partial copy: the reference suite wants its cancellation to be told, definitions.py does
    // not.
    if (end.pending === undefined || end.isPartial()) end.shared.cancel();
    return BigInt(end.takeEvent()[2]);
  }
  trapIf(end.isCopying, "concurrent-copy");
  trapIf(end.state === "done", end.kind === "stream" ? "copy-after-drop" : `future-${verb}-done`);
  trapIf(!async && end.set !== undefined, "sync-in-waitable-set");
  const buffer = new Buffer(inst, type, verb, b, end.kind === "stream" ? c : 1);
  const happened = (result: number, reclaim: (() => void) | undefined): void => {
    end.isPartial = () => reclaim !== undefined && buffer.remain > 0;
    end.pending = () => {
      reclaim?.();
      end.isPartial = () => false;
      end.state = result === DROPPED || end.kind === "future" && result === COMPLETED ? "done" : "idle";
      return [codes[end.kind][verb], a, end.kind === "stream" ? result | buffer.progress << 4 : result];
    };
  };
  end.state = "copying";
  end.shared.copy({
    buffer,
    copied: (reclaim) => happened(COMPLETED, reclaim),
    done: (result) => happened(result, undefined),
  });
  if (end.pending === undefined) {
    if (async) return BLOCKED;
    yield* waitForEvent(thread, end);
  }
  return BigInt(end.takeEvent()[2]);
}

function drop(inst: ModelInstance, index: number, type: EndType, verb: "read" | "write"): bigint {
  const end = endAt(inst, index, type, verb);
  trapIf(end.isCopying, "busy-end");
  trapIf(end.kind === "future" && verb === "write" && end.state !== "done", "future-unwritten");
  inst.handles.remove(index);
  end.shared.drop();
  end.join(undefined);
  return 0n;
}
