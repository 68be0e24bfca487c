// Codecs for types that this version cannot run yet: streams, futures, error contexts.
// A component may mention these types. A value that crosses causes a trap or a ValueError that
// names the type.

import { ValueError } from "../../errors.ts";
import { type Codec, oneCore } from "./codec.ts";
import type { Layout } from "../types/layout.ts";
import type { CanonContext } from "../state/canon_context.ts";
import { trap } from "../state/trap.ts";
import { formatType, type ValType } from "../types/types.ts";

/** Makes a codec that rejects every value. */
export function unsupportedCodec(type: ValType, layout: Layout): Codec {
  const lift = (cx: CanonContext): never => trap(cx.inst.tree, "unsupported-type", formatType(type));
  const lower = (): never => {
    throw new ValueError("unsupported-type", formatType(type));
  };
  return { type, layout, load: lift, store: lower, ...oneCore(lift, lower) };
}
