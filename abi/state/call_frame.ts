// What one call owes until it ends: borrows that the callee must drop, lends that must be returned,
// and moves that a failure must undo.
// A trampoline makes a frame only if the signature has handles, and ends it. Several calls may be
// under way at once, each with its own frame.
// Spec: definitions.py `Task.num_borrows`, `Subtask.lenders`.

import type { HandleTable } from "./handle_table.ts";

/**
 * The frame of one call, which is also its borrow scope. Its lists are made when the first item is
 * noted: most calls note one item or none.
 */
export class CallFrame {
  /** `num_borrows`: borrow handles of this call that the callee still holds. */
  borrows = 0;
  #lenders: HandleTable | undefined;
  #lent: number[] | undefined;
  #endings: (() => void)[] | undefined;
  #undos: (() => void)[] | undefined;

  /**
   * Notes that a handle is lent for this call. All handles that one frame lends are in the same
   * table, the caller's.
   */
  lent(table: HandleTable, handle: number): void {
    this.#lenders = table;
    (this.#lent ??= []).push(handle);
  }

  /** Runs `ending` when the call ends, whether it succeeds or fails. */
  atEnd(ending: () => void): void {
    (this.#endings ??= []).push(ending);
  }

  /** Runs `undo` if the call fails before the callee has run. The last one noted runs first. */
  onFailure(undo: () => void): void {
    (this.#undos ??= []).push(undo);
  }

  /** Ends the call: lends are returned, and borrowed resource objects can no longer be used. */
  end(): void {
    const lent = this.#lent, endings = this.#endings;
    // By index: a script may have changed how arrays are iterated.
    if (lent !== undefined) { for (let i = 0; i < lent.length; i++) this.#lenders!.endLend(lent[i]!); }
    if (endings !== undefined) { for (let i = 0; i < endings.length; i++) endings[i]!(); }
    this.#lent = this.#endings = undefined;
  }

  /**
   * Undoes a call that failed before the callee ran: moved resources belong to the caller again.
   */
  undo(): void {
    if (this.#undos !== undefined) { for (const undo of this.#undos.reverse()) undo(); }
    this.#undos = undefined;
    this.end();
  }
}
