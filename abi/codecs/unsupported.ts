// Codecs for types whose run-time comes with WASI 0.3: streams, futures, error contexts.
// A component may mention them; a value that crosses is a trap or a ValueError that names the type.

import { ValueError } from "../../errors.ts";
import { type Codec, oneCore } from "./codec.ts";
import type { Layout } from "../types/layout.ts";
import type { CanonContext } from "../state/canon_context.ts";
import { trap } from "../state/trap.ts";
import { formatType, type ValType } from "../types/types.ts";

/** A codec that refuses every value. */
export function unsupportedCodec(type: ValType, layout: Layout): Codec {
  const lift = (cx: CanonContext): never => trap(cx.inst.tree, "unsupported-type", formatType(type));
  const lower = (): never => {
    throw new ValueError("unsupported-type", formatType(type));
  };
  return { type, layout, load: lift, store: lower, ...oneCore(lift, lower) };
}
