// Calls a function that runs as a task and takes its result at once: instantiation is synchronous,
// so that a start function may not block before it returns. It may go on afterwards.
// A lift and arguments enter, the result leaves.
// Spec: Concurrency.md "Interaction with the start function".

import type { CanonContext } from "../state/canon_context.ts";
import { FREE } from "../state/flags.ts";
import { makeTrap, notEntered, rethrow } from "../state/trap.ts";
import { type LiftTarget, makeTask } from "./lift.ts";
import { Root } from "./root.ts";

type Outcome = { readonly value: unknown } | { readonly error: unknown };

/** Calls the function. A function that blocks before it returns is a trap. */
export function callNow(target: LiftTarget, cx: CanonContext, args: readonly unknown[]): unknown {
  const { inst, scheduler, path, enteringAll } = target, outcomes: Outcome[] = [];
  const root = new Root(
    path,
    inst,
    scheduler,
    (value) => outcomes.push({ value }),
    (error) => outcomes.push({ error }),
  );
  const ends = {
    start: () => args,
    resolve: (value: unknown) => root.resolve(value),
    cancelled: () => root.reject(new Error("the call was cancelled")),
  };
  try {
    const entered = enteringAll.find(({ entered }) => entered !== FREE);
    if (entered !== undefined || !scheduler.isFree) throw notEntered(entered ?? inst, "call", path);
    scheduler.starting(() => {
      const task = root.task = makeTask(target, cx, ends, root);
      scheduler.run(task.implicit, false, enteringAll, scheduler.scheduleLater);
    });
    if (!root.settled) {
      throw makeTrap("block-sync-task", [`: a start function waits for ${root.waitsFor()}`]);
    }
  } catch (error) {
    scheduler.fail(root, error);
  }
  if (inst.tree.lockedDown) rethrow(inst.tree);
  const [outcome] = outcomes;
  if ("error" in outcome!) throw outcome.error;
  return outcome!.value;
}
