// Which JavaScript object stands for which end: streams and futures in both directions.

import { futureFromHost, futureToHost } from "./host_futures.ts";
import { streamFromHost, streamToHost } from "./host_streams.ts";
import type { Scheduler } from "./scheduler.ts";
import type { HostEnds } from "./values.ts";

/** Makes the conversions of one tree. */
export function hostEnds(scheduler: Scheduler): HostEnds {
  return {
    toHost: (shared) => shared.kind === "stream" ? streamToHost(shared, scheduler) : futureToHost(shared, scheduler),
    fromHost: (value, { kind, element }) =>
      kind === "stream" ? streamFromHost(value, element, scheduler) : futureFromHost(value, element, scheduler),
  };
}
