// What one call owes: borrows that must be dropped, lends that must be returned, moves that a failure must take back.
// Made for a call only if its signature has handles; ended by the trampoline that made it. Any number of calls may be under way.
// Spec: definitions.py `Task.num_borrows`, `Subtask.lenders`.

import type { HandleTable } from "./handle_table.ts";

/** A call's frame: its borrow scope. Its lists are made when there is something to note: most calls note one thing or none. */
export class CallFrame {
  /** `num_borrows`: borrow handles of this call that the callee still holds. */
  borrows = 0;
  #lenders: HandleTable | undefined;
  #lent: number[] | undefined;
  #endings: (() => void)[] | undefined;
  #undos: (() => void)[] | undefined;

  /** Notes that a handle is lent for this call. All that one scope lends is in one table, the caller's. */
  lent(table: HandleTable, handle: number): void {
    this.#lenders = table;
    (this.#lent ??= []).push(handle);
  }

  /** Runs `ending` when the call ends, however it ends. */
  atEnd(ending: () => void): void {
    (this.#endings ??= []).push(ending);
  }

  /** Runs `undo` if the call fails before the callee has run; last noted first. */
  onFailure(undo: () => void): void {
    (this.#undos ??= []).push(undo);
  }

  /** The call is over: lends are returned, borrowed wrappers die. */
  end(): void {
    if (this.#lent !== undefined) { for (const handle of this.#lent) this.#lenders!.endLend(handle); }
    if (this.#endings !== undefined) { for (const ending of this.#endings) ending(); }
    this.#lent = this.#endings = undefined;
  }

  /** The call did not happen: what was moved is back where it was. */
  undo(): void {
    if (this.#undos !== undefined) { for (const undo of this.#undos.reverse()) undo(); }
    this.#undos = undefined;
    this.end();
  }
}
