// Time slices: a guest that computes for long gives the event loop a turn in the middle of a loop.
// A function that asks for units enters; one that suspends the guest's stack afterwards, if a turn is
// due and the stack can be suspended, leaves. Nothing else of the guest's tree runs meanwhile: the
// guest does not know that it was suspended.
// Spec: JavaScript-Promise Integration proposal.

import type { CoreFunction } from "../types/core_values.ts";
import type { InstanceTree } from "../state/instance.ts";
import { wait } from "../state/suspend.ts";
import { unwinding } from "../state/trap.ts";
import type { Scheduler } from "./scheduler.ts";
import { helper } from "../wasm/helper.ts";
import type { Stacks } from "./stacks.ts";
import { nobody } from "./thread.ts";
import { afterTurn } from "./turn.ts";

const type = { params: [], results: [] };

const engine = WebAssembly as unknown as { Suspending: new (func: () => Promise<unknown>) => CoreFunction };

/** For a tree without tasks. */
export function slicedPlain(tree: InstanceTree, refill: () => void): CoreFunction {
  const meter = tree.meter!, need = new WebAssembly.Global({ value: "i32", mutable: true }, 0);
  const attempt = (): void => {
    refill();
    if (meter.isTurnDue && tree.suspension!.allowed) need.value = 1;
  };
  const turn = (): Promise<unknown> =>
    wait(tree, new Promise<void>((done) => afterTurn(done)), {
      fulfilled: () => void meter.hadTurn(),
      rejected: () => undefined,
      ended: () => unwinding(tree),
    });
  return helper({ refill: attempt, need, suspend: new engine.Suspending(turn) }).sliced;
}

/** For a tree with tasks: the thread keeps running as far as others can tell. */
export function slicedTask(scheduler: Scheduler, stacks: Stacks, refill: () => void): CoreFunction {
  const { tree } = scheduler, meter = tree.meter!;
  return stacks.attempt(type, () => {
    refill();
    if (!meter.isTurnDue || !scheduler.allowed) return;
    const stack = scheduler.suspend("a time slice");
    scheduler.hold(stack);
    afterTurn(() => {
      meter.hadTurn();
      if (!tree.lockedDown) scheduler.resume(stack, nobody, () => undefined);
    });
  });
}
