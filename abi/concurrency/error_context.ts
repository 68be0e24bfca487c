// Error contexts: a message that goes from one component to another, and an Error for the host.
// Spec: CanonicalABI.md `canon error-context.*`.

import type { CoreValue } from "../types/core_values.ts";
import type { Codec } from "../codecs/codec.ts";
import type { CanonContext } from "../state/canon_context.ts";
import type { ComponentInstance } from "../state/instance.ts";
import { TableItem } from "../state/table_item.ts";
import { fromCore } from "../state/pointers.ts";
import { checkLeave, trap } from "../state/trap.ts";
import { Trap } from "../../errors.ts";

/** An `error-context` as an Error: what a component says about a failure, for people who look for its cause. */
export class GuestErrorContext extends Error {
  override readonly name = "ErrorContext";
  /** The message, as the component that made it gave it. */
  readonly debugMessage: string;

  constructor(debugMessage: string) {
    super(debugMessage);
    this.debugMessage = debugMessage;
  }
}

/** An error context in a handle table. */
export class ErrorContextItem extends TableItem {
  readonly error: Error;

  constructor(error: Error) {
    super();
    this.error = error;
  }

  describe(): string {
    return "error-context";
  }
}

/** `error-context.new`. */
export function newErrorContext(cx: CanonContext, text: Codec): (ptr: CoreValue, length: CoreValue) => number {
  const { inst } = cx;
  return (ptr, length) => {
    checkLeave(inst);
    cx.beginLift();
    let message: unknown;
    try {
      message = text.liftFlat(cx, [ptr, length], 0, undefined);
    } catch (error) {
      if (error instanceof Trap && error.code === "string-out-of-bounds") trap(inst.tree, "error-context-message");
      throw error;
    }
    return inst.handles.addItem(new ErrorContextItem(new GuestErrorContext(message as string)));
  };
}

/** `error-context.debug-message`. */
export function debugMessage(cx: CanonContext, text: Codec): (index: CoreValue, ptr: CoreValue) => void {
  const { inst } = cx, { size, alignment } = text.layout;
  return (index, ptr) => {
    checkLeave(inst);
    const { error } = inst.handles.item((index as number) >>> 0, ErrorContextItem, "error-context");
    cx.beginLower();
    const message = error instanceof GuestErrorContext ? error.debugMessage : error.message;
    const at = fromCore(ptr);
    if ((at & (alignment - 1)) !== 0) trap(inst.tree, "unaligned-pointer");
    if (at + size > cx.memory.u8.length) trap(inst.tree, "error-context-message");
    text.store(cx, message, at, undefined);
  };
}

/** `error-context.drop`. */
export function dropErrorContext(inst: ComponentInstance): (index: CoreValue) => void {
  return (index) => {
    checkLeave(inst);
    inst.handles.removeItem((index as number) >>> 0, ErrorContextItem, "error-context");
  };
}
