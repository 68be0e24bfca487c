// The host calls a function that runs as a task: an asynchronous one, or one that may have to wait.
// A lift enters, a function that gives a promise leaves.

import { completeMessage, ValueError } from "../../errors.ts";
import type { CodecSource } from "../codecs/codec.ts";
import { returningType } from "../codecs/returning.ts";
import { signatureOf } from "../codecs/signature.ts";
import type { Codegen } from "../codegen/generate.ts";
import { givenLifting, paramsLowering } from "../codegen/passing.ts";
import { isThenable, unwrapResult } from "../codecs/results.ts";
import type { CanonContext } from "../state/canon_context.ts";
import { type ComponentInstance, reasonOf } from "../state/instance.ts";
import { disposed } from "../state/entering.ts";
import { FREE } from "../state/flags.ts";
import { makeTrap, notEntered } from "../state/trap.ts";
import { dropValue } from "./drop_value.ts";
import type { ValType } from "../types/types.ts";
import { type LiftTarget, makeTask } from "./lift.ts";
import { Root } from "./root.ts";
import { takesSignal } from "./signals.ts";
import type { TaskEnds, TaskPassing } from "./task.ts";

/** Makes the function. */
export function callableTask(
  target: LiftTarget,
  cx: CanonContext,
  throws: boolean,
  generated: { readonly codecs: CodecSource; readonly codegen: Codegen } | undefined,
): (...args: unknown[]) => Promise<unknown> {
  const passing = generated && passingOf(target, cx, generated.codecs, generated.codegen);
  const call = (args: readonly unknown[], signal: AbortSignal | undefined): Promise<unknown> =>
    new Promise((resolve, reject) => {
      const { path, inst, scheduler } = target;
      const root = new Root(path, inst, scheduler, resolve, reject);
      const made = new HostCallOfGuest(target, cx, throws, args, root, passing);
      if (scheduler.roots.size > scheduler.settings.maxTasks) {
        return root.reject(completeMessage(makeTrap("task-limit", [scheduler.settings.maxTasks]), "call", "", path));
      }
      if (signal !== undefined) made.listen(signal);
      if (!root.settled) made.begin();
    });
  return takesSignal((...args: unknown[]) => call(args, undefined), (signal, args) => call(args, signal), false);
}

/** Makes generated code for the values of a call. */
function passingOf(
  { signature, path }: LiftTarget,
  cx: CanonContext,
  codecs: CodecSource,
  codegen: Codegen,
): TaskPassing {
  const { type, key: { address } } = signature;
  const result = signatureOf(returningType(type), { side: "lower", style: "sync", address }, codecs);
  return {
    params: paramsLowering({ signature, cx, codecs, codegen, path }),
    result: givenLifting({ signature: result, cx, codecs, codegen, path }),
  };
}

/**
 * Whether a value may be an object with a member `then`: a record, whose fields a guest names, or a
 * resource of the host's.
 */
function mayHaveThen(type: ValType | undefined): boolean {
  if (type?.kind === "result") return mayHaveThen(type.ok);
  return type?.kind === "option" ? mayHaveThen(type.element) : type?.kind === "record" || type?.kind === "own";
}

function isEntered({ entered }: ComponentInstance): boolean {
  return entered !== FREE;
}

/** One call. */
class HostCallOfGuest implements TaskEnds {
  readonly #target: LiftTarget;
  readonly #cx: CanonContext;
  readonly #throws: boolean;
  #args: readonly unknown[];
  readonly #root: Root;
  readonly #passing: TaskPassing | undefined;
  #settled: (() => void) | undefined;

  constructor(
    target: LiftTarget,
    cx: CanonContext,
    throws: boolean,
    args: readonly unknown[],
    root: Root,
    passing: TaskPassing | undefined,
  ) {
    this.#target = target;
    this.#cx = cx;
    this.#throws = throws;
    this.#args = args;
    this.#root = root;
    this.#passing = passing;
  }

  /** Listens to a signal until the call is settled. */
  listen(signal: AbortSignal): void {
    if (signal.aborted) return this.#root.reject(reasonOf(signal));
    const abort = (): void => this.#abort(reasonOf(signal));
    signal.addEventListener("abort", abort, { once: true });
    this.#root.onSettled = () => signal.removeEventListener("abort", abort);
  }

  /** The host wants no result any more: the guest is told, as soon as it may run. */
  #abort(reason: unknown): void {
    const root = this.#root, { task } = root, { scheduler } = this.#target;
    root.reject(reason);
    if (task === undefined || task.isResolved) return;
    scheduler.now(() => {
      if (!task.isResolved) task.requestCancellation(undefined, scheduler.scheduleLater);
    }, task);
  }

  /** Starts the call now if it may, or else when the guest has left. */
  begin(queued = false): void {
    const { inst, scheduler } = this.#target, { tree } = inst;
    if (this.#root.settled) return;
    if (tree.lockedDown || tree.disposed) return this.#refuse();
    if (!scheduler.isFree || this.#target.enteringAll.some(isEntered)) {
      if (queued) return this.#refuse();
      scheduler.post(() => this.begin(true));
      return;
    }
    try {
      scheduler.starting(() => this.#start());
    } catch (error) {
      scheduler.fail(this.#root, error);
    }
  }

  #refuse(): void {
    const { inst, path } = this.#target;
    this.#root.reject(
      inst.tree.disposed ? disposed(path) : inst.tree.aborted?.reason ?? notEntered(inst, "call", path),
    );
  }

  #start(): void {
    const { scheduler } = this.#target;
    const task = this.#root.task = makeTask(this.#target, this.#cx, this, this.#root, this.#passing);
    if (this.#target.async) {
      scheduler.run(task.implicit, false, task.enteringAll, scheduler.scheduleLater);
      return;
    }
    // A synchronous function is not left before it has resolved.
    for (const each of task.enteringAll) each.entered = task.number;
    const left = (): void => {
      scheduler.leave(task.enteringAll);
      scheduler.schedule();
    };
    const back = (): void => {
      if (scheduler.settle(task, back)) left();
    };
    if (scheduler.run(task.implicit, false, [], back)) back();
  }

  start(): readonly unknown[] {
    const args = this.#args;
    this.#args = [];
    return args;
  }

  resolve(value: unknown): void {
    const { signature: { type }, path } = this.#target;
    // The call was aborted: what comes late is dropped.
    if (this.#root.settled) return dropValue(type.result, value);
    let given: unknown;
    try {
      given = type.result?.kind === "result"
        ? unwrapResult(value as { tag: "ok" | "err"; val: unknown }, this.#throws)
        : value;
    } catch (error) {
      return this.#settle(() => this.#root.reject(error));
    }
    // Resolving a promise with such a value would call the field `then`.
    if (mayHaveThen(type.result) && isThenable(given)) {
      return this.#settle(() => this.#root.reject(completeMessage(new ValueError("thenable"), "lift", "result", path)));
    }
    this.#settle(() => this.#root.resolve(given));
  }

  /** A synchronously lifted function has not returned before its post-return has. */
  #settle(settle: () => void): void {
    if (this.#target.style === "sync") this.#settled = settle;
    else settle();
  }

  ended(): void {
    this.#settled?.();
  }

  cancelled(): void {
    this.#root.reject(new Error("the call was cancelled"));
  }
}
