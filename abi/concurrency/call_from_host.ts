// The host calls a function that runs as a task: an asynchronous one, or one that may have to wait.
// A lift enters, a function that gives a promise leaves.

import { completeMessage, ValueError } from "../../errors.ts";
import { isThenable, unwrapResult } from "../codecs/results.ts";
import type { CanonContext } from "../state/canon_context.ts";
import { disposed } from "../state/entering.ts";
import { FREE } from "../state/flags.ts";
import { notEntered, surface } from "../state/trap.ts";
import type { ValType } from "../types/types.ts";
import { type LiftTarget, makeTask } from "./lift.ts";
import { Root } from "./root.ts";
import type { Task, TaskEnds } from "./task.ts";

/** Makes the function. */
export function callableTask(
  target: LiftTarget,
  cx: CanonContext,
  throws: boolean,
): (...args: unknown[]) => Promise<unknown> {
  return (...args) =>
    new Promise((resolve, reject) => {
      const root = new Root(target.path, target.inst, target.scheduler, resolve, reject);
      new HostCallOfGuest(target, cx, throws, args, root).begin();
    });
}

/**
 * Whether a value may be an object with a member `then`: a record, whose fields a guest names, or a
 * resource of the host's.
 */
function mayHaveThen(type: ValType | undefined): boolean {
  if (type?.kind === "result") return mayHaveThen(type.ok);
  return type?.kind === "option" ? mayHaveThen(type.element) : type?.kind === "record" || type?.kind === "own";
}

/** One call. */
class HostCallOfGuest implements TaskEnds {
  readonly #target: LiftTarget;
  readonly #cx: CanonContext;
  readonly #throws: boolean;
  readonly #args: readonly unknown[];
  readonly #root: Root;
  #settled: (() => void) | undefined;

  constructor(target: LiftTarget, cx: CanonContext, throws: boolean, args: readonly unknown[], root: Root) {
    this.#target = target;
    this.#cx = cx;
    this.#throws = throws;
    this.#args = args;
    this.#root = root;
  }

  /** Starts the call now if it may, or else when the guest has left. */
  begin(queued = false): void {
    const { inst, scheduler } = this.#target, { tree } = inst;
    if (tree.lockedDown || tree.disposed) return this.#refuse();
    if (!scheduler.isFree || inst.enteringSet(undefined).some((each) => each.entered !== FREE)) {
      if (queued) return this.#refuse();
      scheduler.post(() => this.begin(true));
      return;
    }
    try {
      scheduler.starting(() => this.#start());
    } catch (error) {
      const failed = surface(tree, error, "call", this.#target.path);
      this.#root.reject(failed);
      scheduler.fail(undefined, failed);
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
    const task = this.#root.task = makeTask(this.#target, this.#cx, this, this.#root);
    if (this.#target.async) {
      scheduler.run(task.implicit, false, task.enteringAll, () => scheduler.schedule());
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
    return this.#args;
  }

  resolve(value: unknown): void {
    const { signature: { type }, path } = this.#target;
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

  get task(): Task | undefined {
    return this.#root.task;
  }
}
