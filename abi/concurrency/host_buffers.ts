// Buffers of the host: JavaScript values that a guest reads, and the places for what it writes.

import type { Elements, Filler, Form, Sink, Source } from "./shared.ts";

/** Values that a guest reads: a chunk. */
export class HostSource implements Source {
  readonly inst: undefined;
  readonly unfit: ((error: unknown) => void) | undefined;
  readonly #values: ArrayLike<unknown>;
  /** The length at first: a chunk may be detached or change while a part of it waits. */
  readonly #length: number;
  #at = 0;

  constructor(values: ArrayLike<unknown>, length: number = values.length, unfit?: (error: unknown) => void) {
    this.#values = values;
    this.#length = length;
    this.unfit = unfit;
  }

  get remain(): number {
    return this.#length - this.#at;
  }

  get isZeroLength(): boolean {
    return this.#length === 0;
  }

  read(count: number, _: Form): Elements {
    const start = this.#at, values = this.#values;
    this.#at += count;
    const part = start === 0 && count === values.length
      ? values
      : ArrayBuffer.isView(values)
      ? (values as unknown as Uint8Array).subarray(start, start + count)
      : Array.prototype.slice.call(values, start, start + count);
    return { kind: "values", values: part, form: "host" };
  }
}

/** A place for what a guest writes. */
export class HostSink implements Sink {
  readonly inst: undefined;
  readonly form: Form;
  readonly isZeroLength = false;
  readonly #take: (elements: Elements, count: number) => void;
  remain: number;

  /** @param bytes Whether it takes bytes as they are in memory. */
  constructor(length: number, bytes: boolean, take: (elements: Elements, count: number) => void) {
    this.remain = length;
    this.form = bytes ? "guest" : "host";
    this.#take = take;
  }

  write(elements: Elements, count: number): void {
    this.remain -= count;
    this.#take(elements, count);
  }

  fill(source: Filler): number | undefined {
    const values = source.read(this.remain);
    if (values !== undefined && values.length > 0) this.write({ kind: "values", values, form: "host" }, values.length);
    return values?.length;
  }
}
