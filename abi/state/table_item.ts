// What a handle table holds besides handles to resources: waitables, waitable sets, error contexts.
// abi/concurrency extends this class.
// Spec: definitions.py `Table`.

/** An entry of a handle table that is no resource. */
export abstract class TableItem {
  /** Describes the entry in the message for a handle of the wrong kind. */
  abstract describe(): string;

  /** Called when the instance ends and the entry is still in the table. */
  abandon(): void {}
}
