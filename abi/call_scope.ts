// What one call owes: borrows that must be dropped, lends that must be returned, moves that a failure must take back.
// Made per call only for signatures that carry handles; ended by the trampoline that made it.
// Spec: definitions.py `Task.num_borrows`, `Subtask.lenders`.

import type { HandleTable } from "./handle_table.ts";

/** A call's borrow scope. */
export class CallScope {
  /** `num_borrows`: borrow handles of this call that the callee still holds. */
  borrows = 0;
  #lenders: HandleTable[] = [];
  #lentHandles: number[] = [];
  #endings: (() => void)[] = [];
  #undos: (() => void)[] = [];

  /** Notes that a handle is lent for this call. */
  lent(table: HandleTable, handle: number): void {
    this.#lenders.push(table);
    this.#lentHandles.push(handle);
  }

  /** Runs `ending` when the call ends, however it ends. */
  atEnd(ending: () => void): void {
    this.#endings.push(ending);
  }

  /** Runs `undo` if the call fails before the callee has run; last noted first. */
  onFailure(undo: () => void): void {
    this.#undos.push(undo);
  }

  /** The call is over: lends are returned, borrowed wrappers die. */
  end(): void {
    for (let i = 0; i < this.#lenders.length; i++) this.#lenders[i]!.endLend(this.#lentHandles[i]!);
    for (const ending of this.#endings) ending();
    this.#lenders = [];
    this.#endings = [];
  }

  /** The call did not happen: what was moved is back where it was. */
  undo(): void {
    for (const undo of this.#undos.reverse()) undo();
    this.#undos = [];
    this.end();
  }
}
