// Parts of the library that only some components need, loaded when one is compiled: what runs
// asynchronous functions, and what makes adapters.
// A component enters; its internals have the parts afterwards.

import { type Component, componentInternals } from "./component.ts";
import { needsFuser, plansMore } from "./fused/fused_plan.ts";
import { isAsyncPlan } from "./plan/async_plan.ts";

/** Loads what runs asynchronous parts, if a component may have some. */
export async function loadAsyncParts(component: Component): Promise<void> {
  const internals = componentInternals(component), { plan, meterer } = internals;
  if (meterer === undefined && !isAsyncPlan(plan) && !plansMore(plan)) return;
  const loaded = await later(() => import("./async/async_core.ts"));
  if (loaded !== undefined) internals.asyncParts = loaded.asyncParts;
  else if (isAsyncPlan(plan)) {
    throw new TypeError(
      "a service worker may load no module later, and the component is asynchronous: use compileSync, or bundle the program",
    );
  }
}

/** Loads a part. `undefined` in a service worker, which may load no module later. */
async function later<T>(load: () => Promise<T>): Promise<T | undefined> {
  try {
    return await load();
  } catch (error) {
    if ("ServiceWorkerGlobalScope" in globalThis) return undefined;
    throw error;
  }
}

/** Loads what a component needs besides its plan, and compiles the adapters of calls between guests. */
export async function loadParts(component: Component): Promise<void> {
  const internals = componentInternals(component), { fused, plan, meterer } = internals;
  await loadAsyncParts(component);
  if (!fused || !needsFuser(plan)) return;
  const loaded = await later(() => import("./fused/fuse.ts"));
  if (loaded === undefined) return; // such calls go through JavaScript
  internals.fuser = loaded.fuser;
  await loaded.fuseAsync(plan, meterer !== undefined);
}
