// wasi:io/poll: pollables over anything that has a readiness.

import { Trap } from "../../errors.ts";
import type { Suspending } from "../func.ts";
import type { Readiness } from "./readiness.ts";
import { asking, blocking, Done } from "./waiting.ts";

/** The resource `pollable`. */
export class Pollable {
  /** What it stands for. */
  readonly readiness: Readiness;

  /** @param readiness What it stands for. */
  constructor(readiness: Readiness) {
    this.readiness = readiness;
  }

  /** Whether what it stands for is ready. */
  declare ready: Suspending<() => boolean | Promise<boolean>>;
  /** Waits until it is ready. */
  declare block: Suspending<() => void | Promise<void>>;

  static {
    this.prototype.ready = asking((self: Pollable) => self.readiness.ready(), (ready) => !ready);
    this.prototype.block = blocking("a pollable", (self: Pollable) => {
      return () => self.readiness.ready() ? new Done(undefined) : [self.readiness];
    });
  }
}

/** `poll`: waits until one of them is ready, gives the indexes of all that are. */
export const poll: Suspending<(list: readonly Pollable[]) => Uint32Array | Promise<Uint32Array>> = blocking(
  "a pollable",
  (_: unknown, list: readonly Pollable[]) => {
    if (list.length === 0) throw new Trap("interface-rule", "poll of no pollables");
    const items = list.map(({ readiness }) => readiness);
    return () => {
      const ready: number[] = [];
      for (let index = 0; index < items.length; index++) if (items[index]!.ready()) ready.push(index);
      return ready.length > 0 ? new Done(Uint32Array.from(ready)) : items;
    };
  },
);
