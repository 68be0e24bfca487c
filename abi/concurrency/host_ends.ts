import { ValueError } from "../../errors.ts";
import type { CodecSource } from "../codecs/codec.ts";
import type { Scheduler } from "./scheduler.ts";
import type { HostEnds } from "./values.ts";

/** Makes the conversions of one tree. */
export function hostEnds(_scheduler: Scheduler, _codecs: CodecSource): HostEnds {
  return {
    toHost: (shared) => shared,
    fromHost: () => {
      throw new ValueError("type-mismatch", "a stream", "TODO");
    },
  };
}
