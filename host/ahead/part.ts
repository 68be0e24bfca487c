// The parts of the library that only some components need.

/** A part. Only the library reads it. */
export interface Part {
  /** What runs asynchronous functions. */
  readonly asyncParts?: unknown;
  /** What meters. */
  readonly meterer?: unknown;
  /** What makes adapters of calls between guests. */
  readonly givenAdapters?: unknown;
}
