// Call hooks: what an embedder may observe of the traffic between host and guest.

/**
 * Called at the four transitions. `path` is `import …#f` or `export …#f`. A hook that throws ends the call as a trap does: what it threw comes
 * out of the outermost export, and the instance is locked down.
 */
export interface CallHooks {
  /** The guest calls a host function. */
  callingHost?(path: string): void;
  /** The host function returned or threw. */
  returningFromHost?(path: string): void;
  /** The guest is entered: an export, its `realloc` or its post-return. */
  callingGuest?(path: string): void;
  /** The guest returned or threw. */
  returningFromGuest?(path: string): void;
}

/** What a hook threw, so that nobody takes it for what the function around it threw. */
export class HookFailure {
  readonly error: unknown;
  constructor(error: unknown) {
    this.error = error;
  }
}
