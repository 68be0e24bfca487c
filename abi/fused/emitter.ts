// What the functions of one module of adapters share: its imports, faults, the calls of realloc, and
// functions by name.
// Requests for functions enter. Each function is made once, and its body is written later, so that
// the depth of a type is no depth of the stack.

import type { AddressType, CoreFuncType, CoreType } from "../types/core_values.ts";
import type { TrapCode } from "../../errors.ts";
import type { ResourceType, ValType } from "../types/types.ts";
import { access, type Code, type FuncRef, op } from "../wasm/code.ts";
import { ModuleBuilder } from "../wasm/module_builder.ts";
import { BUDGET_AT, instanceWord, MOVED_AT, NO_LEAVE } from "../state/flags.ts";
import { type AddressOps, addressOps } from "./addresses.ts";
import { type FaultCode, faultCodes } from "./faults.ts";
import type { Direction, Pair, Side } from "./places.ts";

/** What adapters are made for. */
export interface AdapterSettings {
  /** Whether kernels use vectors. */
  readonly simd: boolean;
  /** By which instruction core exceptions of guests are caught. `undefined` if there can be none. */
  readonly catching: "try_table" | "try" | undefined;
  /** Whether what adapters lift costs fuel. */
  readonly metered: boolean;
}

/** What a metered module of adapters pays with. */
interface Fuel {
  /** A global, the counter. */
  readonly counter: number;
  /** `()`: asks for units, or traps. */
  readonly refill: FuncRef;
}

/** Functions of the host that note what a call owes for borrows. */
export interface FrameFuncs {
  /** `() → frame`. The frame counts for what is lent until the next is opened. */
  readonly open: FuncRef;
  /** `(frame, site)`: traps if the callee still has borrows. */
  readonly owe: FuncRef;
  readonly close: FuncRef;
}

/** What a handle function of the module does. */
export interface HandleImport {
  /**
   * It moves a handle from one side to the other, lends one for the frame that was opened last,
   * lends one to the guest that defines the resource, or returns such a one; or it moves a stream, a
   * future or an error context.
   */
  readonly kind: "own" | "borrow" | "lend" | "return" | "value";
  /** The numbers of the instances. */
  readonly from: number;
  readonly to: number;
  /** The type of the resource, or of the value at both sides. */
  readonly type: ResourceType | Pair;
}

/** One module. */
export class Emitter {
  readonly module: ModuleBuilder = new ModuleBuilder();
  /** Whether kernels use vectors. */
  readonly simd: boolean;
  /** The memory of the flags, and the globals of the tree. */
  readonly flags: number;
  readonly base: number;
  readonly callDepth: number;
  readonly liftedBytes: number;
  /** `(site)`: traps, since the call may not begin. */
  readonly refuse: FuncRef;
  /** `(site)`: throws what locked the tree down. */
  readonly rethrow: FuncRef;
  /** `(site)`: traps for a core exception of a guest. Without a site, it is what is being copied. */
  readonly uncaught: FuncRef;
  /** The handle functions that the module imports, in the order of their names `h0`, `h1`, … */
  readonly handles: HandleImport[] = [];
  readonly #catching: AdapterSettings["catching"];
  readonly #fuel: Fuel | undefined;
  #frames: FrameFuncs | undefined;
  readonly #fault: FuncRef;
  readonly #funcs = new Map<string, FuncRef>();
  readonly #typeNumbers = new Map<ValType | ResourceType, number>();
  /** Bodies that are not written yet. */
  readonly #pending: (() => void)[] = [];

  readonly #memories: readonly AddressType[];

  /**
   * @param memories The memories that the adapters use, as their address types. They come first: the engine is
   * fastest with the first.
   */
  constructor({ simd, catching, metered }: AdapterSettings, memories: readonly AddressType[]) {
    this.simd = simd;
    this.#catching = catching;
    this.#memories = memories;
    memories.forEach((address, i) => this.module.importMemory(`m${i}`, address));
    this.flags = this.module.importMemory("flags", "i32");
    this.base = this.module.importGlobal("base", "i32");
    this.callDepth = this.module.importGlobal("depth", "i32");
    this.liftedBytes = this.module.importGlobal("bytes", "i64");
    this.#fault = this.module.importFunc("fault", { params: ["i32"], results: [] });
    this.refuse = this.module.importFunc("refuse", { params: ["i32"], results: [] });
    this.rethrow = this.module.importFunc("rethrow", { params: ["i32"], results: [] });
    this.uncaught = this.module.importFunc("uncaught", { params: ["i32"], results: [] });
    if (metered) {
      this.#fuel = {
        counter: this.module.importGlobal("fuel", "i32", true),
        refill: this.module.importFunc("refill", { params: [], results: [] }),
      };
    }
  }

  /** The functions of frames, imported only if some call needs them. */
  get frames(): FrameFuncs {
    const { module } = this;
    return this.#frames ??= {
      open: module.importFunc("open", i32s(0, 1)),
      owe: module.importFunc("owe", i32s(2, 0)),
      close: module.importFunc("close", i32s(1, 0)),
    };
  }

  /** Gives the function of a name, and writes its body later if it is new. */
  func(name: string, type: CoreFuncType, body: (code: Code) => void): FuncRef {
    let ref = this.#funcs.get(name);
    if (ref === undefined) {
      const made = this.module.func(type);
      this.#funcs.set(name, ref = made.ref);
      this.#pending.push(() => body(made.code));
    }
    return ref;
  }

  /** Writes the bodies that are still missing. */
  finish(): void {
    for (let body = this.#pending.pop(); body !== undefined; body = this.#pending.pop()) body();
  }

  /** The instructions on addresses of a memory. */
  on(memory: number): AddressOps {
    return addressOps[this.#memories[memory] ?? "i32"];
  }

  /** The number of a type: the same object, the same number. */
  #typeNumber(type: ValType | ResourceType): number {
    let number = this.#typeNumbers.get(type);
    if (number === undefined) this.#typeNumbers.set(type, number = this.#typeNumbers.size);
    return number;
  }

  /** Distinguishes what is done with a type between two sides. */
  pairKey({ from, to }: Pair, direction: Direction): string {
    return `${directionKey(direction)} ${this.#typeNumber(from)} ${this.#typeNumber(to)}`;
  }

  // Faults.

  /** Traps if the i32 on the stack is not zero. */
  fault(code: Code, trap: FaultCode): void {
    code.if();
    this.trap(code, trap);
    code.end();
  }

  /** Traps. */
  trap(code: Code, trap: FaultCode): void {
    code.i32(faultCodes.indexOf(trap)).call(this.#fault).do(op.unreachable);
  }

  /** Checks that the address in a local is a multiple of an alignment. */
  checkAligned(code: Code, memory: number, pointer: number, alignment: number): void {
    if (alignment === 1) return;
    code.get(pointer).do(...this.on(memory).toI32).i32(alignment - 1).do(op.i32And);
    this.fault(code, "unaligned-pointer");
  }

  /** Checks that a range lies in a memory. `push` pushes its length, which is below 2^32, as an i64. */
  checkInBounds(code: Code, memory: number, pointer: number, push: () => void, trap: FaultCode): void {
    const { type, toI64 } = this.on(memory);
    const pushSize = (): Code => code.memorySize(memory).do(...toI64).i64(16).do(op.i64Shl);
    code.get(pointer).do(...toI64);
    push();
    code.do(op.i64Add);
    pushSize().do(op.i64GtU);
    if (type === "i64") {
      // The sum of a 64-bit pointer and a length may begin again at 0.
      code.get(pointer);
      pushSize().do(op.i64GtU, op.i32Or);
    }
    this.fault(code, trap);
  }

  /** Checks a pointer to a record of parameters or results. */
  checkPointer(code: Code, { memory }: Side, pointer: number, alignment: number, size: number): void {
    this.checkAligned(code, memory, pointer, alignment);
    this.checkInBounds(code, memory, pointer, () => code.i64(size), "pointer-out-of-bounds");
  }

  /** Checks a pointer to a record that is lifted, and pays for its bytes. */
  liftedPointer(code: Code, side: Side, pointer: number, alignment: number, size: number): void {
    this.checkPointer(code, side, pointer, alignment, size);
    this.#spend(code, () => code.i32(size));
  }

  /** Pays for bytes, if adapters are metered. `push` pushes their number. */
  #spend(code: Code, push: () => void): void {
    const fuel = this.#fuel;
    if (fuel === undefined) return;
    code.global(fuel.counter);
    push();
    code.do(op.i32Sub).setGlobal(fuel.counter);
    code.global(fuel.counter).i32(0).do(op.i32LtS).if();
    code.call(fuel.refill).end();
  }

  /** Counts the bytes in a local against the limit of one call, and pays for them. */
  charge(code: Code, bytes: number): void {
    const sum = code.local("i64");
    code.i32(0).get(bytes).i32(0).access(access.i64Load, this.flags, BUDGET_AT).do(op.i64Add).tee(sum);
    code.access(access.i64Store, this.flags, BUDGET_AT);
    code.get(sum).global(this.liftedBytes).do(op.i64GtU);
    this.fault(code, "lifted-bytes-limit");
    this.#spend(code, () => code.get(bytes).do(op.i32WrapI64));
  }

  /** Begins to count lifted bytes, and handles if there can be some. */
  resetCounts(code: Code, handles: boolean): void {
    code.i32(0).i64(0).access(access.i64Store, this.flags, BUDGET_AT);
    if (handles) code.i32(0).i32(0).access(access.i32Store, this.flags, MOVED_AT);
  }

  // Calls of guests.

  /**
   * Calls a function of a guest; `push` pushes the arguments. A core exception that comes out of it
   * is a trap: no other guest may catch it.
   */
  callGuest(code: Code, func: FuncRef, push: () => void, result: CoreType | undefined, site: number): void {
    if (this.#catching === undefined) {
      push();
      code.call(func);
      return;
    }
    if (this.#catching === "try") {
      code.legacyTry(result);
      push();
      code.call(func).legacyCatchAll();
    } else {
      const ok = code.block(result), caught = code.block();
      code.tryCatchAll(caught, result);
      push();
      code.call(func).end().br(ok).end();
    }
    code.i32(site).call(this.uncaught).do(op.unreachable).end();
  }

  // Memory of the guest that values go to.

  /** Calls realloc for new memory. Takes the alignment and the size as i32s, gives the pointer. */
  allocate(code: Code, side: Side, trap: ContentTrap): void {
    code.call(this.#allocator(side, trap));
  }

  /** Calls realloc. Takes the old pointer, its size, the alignment and the new size: i32s but the pointers. */
  reallocate(code: Code, side: Side, trap: ContentTrap): void {
    code.call(this.#reallocator(side, trap));
  }

  #allocator(side: Side, trap: ContentTrap): FuncRef {
    const { address } = side, reallocate = this.#reallocator(side, trap);
    const type: CoreFuncType = { params: ["i32", "i32"], results: [address] };
    return this.func(`allocate ${side.key} ${trap}`, type, (code) => {
      code.zero(address).i32(0).get(0).get(1).call(reallocate);
    });
  }

  #reallocator(side: Side, trap: ContentTrap): FuncRef {
    const { address } = side, { fromI32, toI32 } = addressOps[address];
    const type: CoreFuncType = { params: [address, "i32", "i32", "i32"], results: [address] };
    return this.func(`reallocate ${side.key} ${trap}`, type, (code) => {
      const pointer = code.local(address), [oldSize, alignment, size] = [1, 2, 3] as const;
      this.mayLeave(code, side, false);
      const push = (): void => {
        code.get(0);
        for (const local of [oldSize, alignment, size]) code.get(local).do(...fromI32);
      };
      this.callGuest(code, side.realloc!, push, address, 0);
      code.set(pointer);
      this.mayLeave(code, side, true);
      code.get(pointer).do(...toI32).get(alignment).i32(1).do(op.i32Sub, op.i32And);
      this.fault(code, "unaligned-pointer");
      this.checkInBounds(code, side.memory, pointer, () => code.get(size).do(op.i64ExtendI32U), trap);
      code.get(pointer);
    });
  }

  /** Says whether an instance may call out. */
  mayLeave(code: Code, { node }: Side, may: boolean): void {
    code.global(this.base).i32(may ? 0 : 1).access(access.i32Store, this.flags, wordAt(node, NO_LEAVE));
  }

  // Functions that are shared.

  /** Moves a handle: `(handle) → handle`. To return one, `(handle)`. */
  handleFunc(kind: HandleImport["kind"], direction: Direction, type: ResourceType | Pair): FuncRef {
    const { from, to } = direction, types = "from" in type ? [type.from, type.to] : [type];
    const key = `${kind} ${from.node} ${to.node} ${types.map((type) => this.#typeNumber(type))}`;
    let ref = this.#funcs.get(key);
    if (ref === undefined) {
      ref = this.module.importFunc(`h${this.handles.length}`, i32s(1, kind === "return" ? 0 : 1));
      this.handles.push({ kind, from: from.node, to: to.node, type });
      this.#funcs.set(key, ref);
    }
    return ref;
  }
}

/** Traps of a range that realloc gave. */
export type ContentTrap = FaultCode & TrapCode & `${string}-content-out-of-bounds`;

/** A type of functions on i32s. */
export function i32s(params: number, results: number): CoreFuncType {
  const some = (count: number): CoreType[] => Array<CoreType>(count).fill("i32");
  return { params: some(params), results: some(results) };
}

/** The offset of a word of a component instance, in bytes from the tree's first word. */
export function wordAt(node: number, word: number): number {
  return 4 * (instanceWord(node) + word);
}

/** Distinguishes directions. */
export function directionKey({ from, to }: Direction): string {
  return `${from.key}>${to.key}`;
}
