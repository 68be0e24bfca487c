// Buffers in a guest's memory that a stream or future reads from and writes to.
// A context, a codec and a range enter, sources and sinks leave.
// Spec: definitions.py `BufferGuestImpl`.

import type { Codec } from "../codecs/codec.ts";
import { loadElements, storeElements } from "../codecs/lists.ts";
import type { CanonContext } from "../state/canon_context.ts";
import { CallFrame } from "../state/call_frame.ts";
import type { ComponentInstance } from "../state/instance.ts";
import { trap } from "../state/trap.ts";
import { completeMessage } from "../../errors.ts";
import { formatType } from "../types/types.ts";
import { isPlain } from "./plain_types.ts";
import type { Elements, Filler, Form, Sink, Source } from "./shared.ts";

/** `Buffer.MAX_LENGTH`. */
const MAX_LENGTH = 2 ** 28 - 1;

/** The contexts for elements that go to and come from guests and the host. */
export type Contexts = Readonly<Record<Form, CanonContext>>;

/** What both kinds of buffer have. */
abstract class GuestBuffer {
  protected readonly contexts: Contexts;
  protected readonly codec: Codec | undefined;
  protected ptr: number;
  readonly #length: number;
  progress = 0;

  readonly #kind: string;

  /**
   * @param kind `stream` or `future`, for messages.
   * @param verb `read` or `write`, for traps.
   */
  constructor(contexts: Contexts, codec: Codec | undefined, ptr: number, length: number, kind: string, verb: string) {
    const cx = contexts.guest, { tree } = cx.inst;
    if (length > MAX_LENGTH) trap(tree, "copy-too-large");
    if (codec !== undefined && length > 0) {
      const { alignment, size } = codec.layout;
      if (ptr % alignment !== 0) trap(tree, "copy-unaligned", verb);
      cx.beginLower();
      if (ptr + length * size > cx.memory.u8.length) trap(tree, "copy-out-of-bounds", verb);
    }
    this.contexts = contexts;
    this.codec = codec;
    this.ptr = ptr;
    this.#length = length;
    this.#kind = kind;
  }

  get inst(): ComponentInstance {
    return this.contexts.guest.inst;
  }

  get remain(): number {
    return this.#length - this.progress;
  }

  get isZeroLength(): boolean {
    return this.#length === 0;
  }

  /** In messages about its elements. */
  protected describe(): string {
    return `${this.#kind}<${formatType(this.codec!.type)}>`;
  }
}

/** `ReadableBufferGuestImpl`: a guest writes. */
export class GuestSource extends GuestBuffer implements Source {
  readonly unfit: undefined;

  constructor(contexts: Contexts, codec: Codec | undefined, ptr: number, length: number, kind: string) {
    super(contexts, codec, ptr, length, kind, "write");
  }

  read(count: number, form: Form): Elements {
    this.progress += count;
    const { codec, ptr } = this, cx = this.contexts[form];
    if (codec === undefined) return { kind: "none" };
    const { size } = codec.layout;
    this.ptr += count * size;
    cx.beginLift();
    try {
      cx.inst.tree.meter?.spend(count * size);
      if (form === "guest" && isPlain(codec.type)) {
        return { kind: "bytes", bytes: cx.memory.u8.subarray(ptr, ptr + count * size) };
      }
      const values = loadElements(cx, codec, ptr, count, new CallFrame()) as ArrayLike<unknown>;
      return { kind: "values", values, form };
    } catch (error) {
      throw completeMessage(error, "lift", "", this.describe());
    }
  }
}

/** `WritableBufferGuestImpl`: a guest reads. */
export class GuestSink extends GuestBuffer implements Sink {
  readonly form = "guest";

  constructor(contexts: Contexts, codec: Codec | undefined, ptr: number, length: number, kind: string) {
    super(contexts, codec, ptr, length, kind, "read");
  }

  write(elements: Elements, count: number): void {
    const { codec, ptr } = this;
    if (codec !== undefined) {
      const cx = this.contexts[elements.kind === "values" ? elements.form : "guest"];
      cx.beginLower();
      if (elements.kind === "bytes") cx.memory.u8.set(elements.bytes, ptr);
      if (elements.kind === "values") this.#store(cx, codec, elements.values, count);
      this.ptr += count * codec.layout.size;
    }
    this.progress += count;
  }

  fill(source: Filler): number | undefined {
    const cx = this.contexts.guest;
    cx.beginLower();
    const { ptr } = this, count = source.readInto(cx.memory.u8.subarray(ptr, ptr + this.remain));
    this.ptr += count ?? 0;
    this.progress += count ?? 0;
    return count;
  }

  /** Stores values. If one of the host's does not fit, none of them has arrived. */
  #store(cx: CanonContext, codec: Codec, values: ArrayLike<unknown>, count: number): void {
    const frame = new CallFrame();
    try {
      storeElements(cx, codec, values, this.ptr, count, frame);
    } catch (error) {
      if (!cx.inst.tree.lockedDown) frame.undo();
      throw completeMessage(error, "lower", "", this.describe());
    }
  }
}
