// Gives a metered core instance what it asks for units and for memory by, and starts it.
// The engine's instance and the tree's meter enter. The handlers are in place before anything of the
// module runs: its start function was taken out of it, and is called here.

import { isExhausted } from "../../abi/exhausted.ts";
import type { CoreFunction } from "../../abi/types/core_values.ts";
import type { Space } from "../../abi/state/memory_budget.ts";
import type { Counter, Meter } from "../../abi/state/meter.ts";
import { type Grow, helper, type HelperExports } from "../../abi/wasm/helper.ts";
import { LinkError } from "../../errors.ts";
import {
  COUNTER,
  HANDLERS,
  markFault,
  type MeteredSpace,
  type MeterMark,
  meterMark,
  START,
} from "../module/meter_mark.ts";
import { spaceOf, WAITS } from "./layout.ts";

/** The handlers, which are functions of WebAssembly: a table takes those of JavaScript in no other form. */
function handlersOf(refill: () => void, grow: Grow): HelperExports {
  try {
    return helper({ refill, grow });
  } catch (error) {
    if (isExhausted(error)) throw error;
    throw new LinkError("no-helper", "instantiate component", "");
  }
}

const marks = new WeakMap<WebAssembly.Module, { readonly mark: MeterMark | undefined }>();

function knownMark(module: WebAssembly.Module): MeterMark | undefined {
  let known = marks.get(module);
  if (known === undefined) marks.set(module, known = { mark: checkedMark(module) });
  return known.mark;
}

/** The mark of a module that has what it promises. */
function checkedMark(module: WebAssembly.Module): MeterMark | undefined {
  const mark = meterMark(module);
  return mark === undefined || markFault(module, mark) !== undefined ? undefined : mark;
}

/** A core instance of a metered tree that the engine may make. */
export interface Admitted {
  /**
   * Attaches the instance to the meter, and starts it. `sliced` makes the function that the module
   * asks for units by, if that function may suspend the guest.
   */
  attach(instance: WebAssembly.Instance, sliced?: (refill: () => void) => CoreFunction): void;
}

/** Looks at what a core instance will take, before the engine makes it. */
export function admit(module: WebAssembly.Module, imports: WebAssembly.Imports, meter: Meter): Admitted {
  const mark = knownMark(module);
  // Only a module that the host provides can be one that is not metered.
  if (mark === undefined) throw new LinkError("not-metered", "instantiate component", "");
  return new Admission(mark, imports, meter);
}

class Admission implements Admitted {
  readonly #mark: MeterMark;
  readonly #meter: Meter;
  /** The memories and tables, by their numbers; and those of them that are new. */
  readonly #spaces: Space[] = [];
  readonly #made: Space[] = [];

  constructor(mark: MeterMark, imports: WebAssembly.Imports, meter: Meter) {
    this.#mark = mark;
    this.#meter = meter;
    const { memory } = meter;
    if (memory === undefined) return;
    this.#each((space, number) => this.#spaces[number] = this.#space(space, imports));
    if (memory.add(this.#made)) return;
    throw new LinkError("memory-limit", "instantiate component", "", memory.limit);
  }

  attach({ exports }: WebAssembly.Instance, sliced?: (refill: () => void) => CoreFunction): void {
    const { prefix } = this.#mark, { memory } = this.#meter;
    if (memory !== undefined) {
      this.#each(({ name }, number) => {
        if (name !== undefined) memory.name(exports[name] as object, this.#spaces[number]!);
      });
    }
    if (prefix === "") return;
    const counter = exports[`${prefix}${COUNTER}`] as unknown as Counter;
    const handlers = exports[`${prefix}${HANDLERS}`] as WebAssembly.Table;
    if (!isCounter(counter) || handlers.length !== 2) throw new LinkError("not-metered", "instantiate component", "");
    this.#meter.add(counter);
    const ask = (): void => this.#meter.refill(counter);
    const { refill, grow, allow } = handlersOf(
      ask,
      (operand, size, space) =>
        space === WAITS
          ? this.#meter.sleep(operand)
          : memory === undefined
          ? operand
          : memory.grow(this.#spaces[space]!, size, operand),
    );
    handlers.set(0, sliced === undefined ? refill : sliced(ask));
    handlers.set(1, memory === undefined && !this.#meter.isLimited ? allow : grow);
    (exports[`${prefix}${START}`] as (() => void) | undefined)?.();
  }

  #each(act: (space: MeteredSpace, number: number) => void): void {
    this.#mark.memories.forEach((space, i) => act(space, spaceOf(false, i)));
    this.#mark.tables.forEach((space, i) => act(space, spaceOf(true, i)));
  }

  #space({ from, min, bytes }: MeteredSpace, imports: WebAssembly.Imports): Space {
    const object = from && imports[from[0]]?.[from[1]];
    const known = object === undefined ? undefined : this.#meter.memory!.of(object as object);
    if (known !== undefined) return known;
    const space: Space = { unit: bytes, bytes: min * bytes };
    this.#made.push(space);
    return space;
  }
}

/** Whether a global holds the units of a module: a number that can be set. */
function isCounter(counter: Counter): boolean {
  try {
    counter.value = 0;
    return typeof counter.value === "number";
  } catch {
    return false; // immutable, or of 64 bits
  }
}
