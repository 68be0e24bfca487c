// The handle table of a component instance. Each index holds a handle to a resource (its type, a
// representation, and the lends or the borrow scope) or an item of the asynchronous model.
// Index 0 is reserved. Freed indices are reused, the last freed first. The specification prescribes
// this order, and the reference suite tests each index.
// Spec: definitions.py `Table`, `ResourceHandle`.

import type { InstanceTree } from "./instance.ts";
import type { Rep, ResourceRuntime } from "./resource_runtime.ts";
import type { CallFrame } from "./call_frame.ts";
import { TableItem } from "./table_item.ts";
import { trap } from "./trap.ts";

/**
 * How many passes the end of an instance makes over a table, to find handles that destructors added
 * meanwhile.
 */
const MAX_DRAIN_PASSES = 1000;

/**
 * The table. It uses parallel arrays instead of an object per handle, so that adding and removing a
 * handle allocates no memory.
 */
export class HandleTable {
  readonly tree: InstanceTree;
  readonly #types: (ResourceRuntime | TableItem | undefined)[] = [];
  readonly #reps: Rep[] = [];
  readonly #lends: number[] = [];
  readonly #scopes: (CallFrame | undefined)[] = [];
  readonly #free: number[] = [];

  /**
   * Whether a borrow handle is dropped when its lend ends. So it is where no guest could drop it
   * (calls/loopback.ts).
   */
  dropsLent = false;

  constructor(tree: InstanceTree) {
    this.tree = tree;
  }

  /** The number of handles in the table. */
  get size(): number {
    return Math.max(0, this.#types.length - 1) - this.#free.length;
  }

  /** Adds an own handle, or a borrow handle of `scope`. */
  add(type: ResourceRuntime, rep: Rep, scope: CallFrame | undefined): number {
    const handle = this.#place(type, rep, scope);
    if (scope !== undefined) scope.borrows++;
    return handle;
  }

  /**
   * Adds an item of the asynchronous model. It lies in the host's memory, as objects of the host do,
   * and counts as one.
   */
  addItem(item: TableItem): number {
    const { tree } = this;
    if (tree.hostHandles >= tree.maxHostHandles) {
      trap(tree, "handle-limit", tree.maxHostHandles, " to the host's resources and to waitables");
    }
    tree.hostHandles++;
    return this.#place(item, 0, undefined);
  }

  /** Gives the item at an index, which must be of a class. `expected` names the class in a trap. */
  item<T extends TableItem>(handle: number, kind: abstract new (...args: never[]) => T, expected: string): T {
    const found = this.#types[handle];
    // Nearly always the class itself: that is quicker to see than a subclass.
    if (found?.constructor === kind || found instanceof kind) return found as T;
    return this.#wrong(handle, found, expected);
  }

  /** Takes an item out. */
  removeItem<T extends TableItem>(handle: number, kind: abstract new (...args: never[]) => T, expected: string): T {
    const found = this.item(handle, kind, expected);
    this.#remove(handle);
    this.tree.hostHandles--;
    return found;
  }

  /** Takes the items out, one by one, when the instance ends. */
  *drainItems(): Generator<TableItem> {
    for (let handle = 1; handle < this.#types.length; handle++) {
      const item = this.#types[handle];
      if (!(item instanceof TableItem)) continue;
      this.#remove(handle);
      this.tree.hostHandles--;
      yield item;
    }
  }

  #place(type: ResourceRuntime | TableItem, rep: Rep, scope: CallFrame | undefined): number {
    let handle: number;
    if (this.#free.length > 0) {
      handle = this.#free.pop()!;
    } else {
      if (this.#types.length === 0) this.#set(0, undefined, 0, undefined); // no handle's
      handle = this.#types.length;
      if (handle > this.tree.maxHandles) trap(this.tree, "handle-limit", this.tree.maxHandles);
    }
    this.#set(handle, type, rep, scope);
    return handle;
  }

  #set(handle: number, type: ResourceRuntime | TableItem | undefined, rep: Rep, scope: CallFrame | undefined): void {
    this.#types[handle] = type;
    this.#reps[handle] = rep;
    this.#lends[handle] = 0;
    this.#scopes[handle] = scope;
  }

  /** The representation of a live handle of that type. */
  rep(handle: number, type: ResourceRuntime): Rep {
    this.#check(handle, type);
    return this.#reps[handle]!;
  }

  /** `lift_own`: takes an own handle out of the table and gives its representation. */
  takeOwn(handle: number, type: ResourceRuntime): Rep {
    this.#check(handle, type);
    if (this.#lends[handle] !== 0) trap(this.tree, "lent-handle");
    if (this.#scopes[handle] !== undefined) trap(this.tree, "own-from-borrow");
    return this.#remove(handle);
  }

  /** `lift_borrow`: lends a handle until the scope ends and gives its representation. */
  lend(handle: number, type: ResourceRuntime, scope: CallFrame): Rep {
    const rep = this.lendDirectly(handle, type);
    scope.lent(this, handle);
    return rep;
  }

  /** Lends a handle without a scope. The caller must return it with {@linkcode giveBack}. */
  lendDirectly(handle: number, type: ResourceRuntime): Rep {
    this.#check(handle, type);
    this.#lends[handle]!++;
    return this.#reps[handle]!;
  }

  /** Gives a lent handle back. */
  endLend(handle: number): void {
    const lends = this.#lends[handle]! - 1;
    this.#lends[handle] = lends;
    if (lends === 0 && this.dropsLent) this.#dropLent(handle);
  }

  #dropLent(handle: number): void {
    const scope = this.#scopes[handle];
    if (scope === undefined) return;
    this.#remove(handle);
    scope.borrows--;
  }

  /**
   * Takes a handle out for `resource.drop`. Gives the representation to destroy, or `undefined` if
   * the handle was a borrow.
   */
  drop(handle: number, type: ResourceRuntime): Rep | undefined {
    this.#check(handle, type);
    if (this.#lends[handle] !== 0) trap(this.tree, "lent-handle");
    const scope = this.#scopes[handle];
    const rep = this.#remove(handle);
    if (scope === undefined) return rep;
    scope.borrows--;
    return undefined;
  }

  /** Takes out a handle that a failed call had added. */
  undoAdd(handle: number): Rep {
    const scope = this.#scopes[handle];
    if (scope !== undefined) scope.borrows--;
    return this.#remove(handle);
  }

  /**
   * Takes out the own handles of some types, one by one, when the instance ends. It also finds
   * handles that destructors add meanwhile.
   */
  *drain(wanted: (type: ResourceRuntime) => boolean): Generator<{ type: ResourceRuntime; rep: Rep }> {
    // A destructor may add a handle at an index that this pass has left behind. So another pass
    // follows each pass that found a handle.
    // A destructor that adds a handle every time would make this endless, so the number of passes
    // is limited.
    for (let found = true, pass = 0; found && pass < MAX_DRAIN_PASSES; pass++) {
      found = false;
      for (let handle = 1; handle < this.#types.length; handle++) {
        const type = this.#types[handle];
        if (type === undefined || type instanceof TableItem || !wanted(type)) continue;
        found = true;
        const own = this.#scopes[handle] === undefined;
        const rep = this.#remove(handle);
        if (own) yield { type, rep };
      }
    }
  }

  #remove(handle: number): Rep {
    this.#types[handle] = undefined;
    this.#scopes[handle] = undefined;
    this.#free.push(handle);
    return this.#reps[handle]!;
  }

  #check(handle: number, type: ResourceRuntime): void {
    const found = this.#types[handle];
    if (found !== type) this.#wrong(handle, found, type.describe());
  }

  #wrong(handle: number, found: ResourceRuntime | TableItem | undefined, expected: string): never {
    if (found === undefined) trap(this.tree, "unknown-handle", handle);
    const other = expected === found.describe() ? `a different ${expected}` : found.describe();
    trap(this.tree, "wrong-handle-type", handle, expected, other);
  }
}
