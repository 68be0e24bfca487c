// Call hooks: an embedder observes the calls between host and guest through them.
// The embedder's functions enter (option `hooks`), trampolines call them.

/**
 * Called at the four transitions between host and guest. `path` is `import …#f` or `export …#f`. A
 * hook that throws ends the call as a trap does: the outermost export throws the same exception,
 * and the instance is locked down.
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
  /**
   * With `idle: "wait"`: the instance tree has nothing to do. The text says what each call waits
   * for.
   */
  idle?(report: string): void;
}

/** Calls a hook. What it throws is told apart from what the function around it throws. */
export function observe(hook: () => void): void {
  try {
    hook();
  } catch (error) {
    throw new HookFailure(error);
  }
}

/**
 * Wraps an exception that a hook threw. The wrapper tells it from an exception of the function
 * around the hook.
 */
export class HookFailure {
  readonly error: unknown;
  constructor(error: unknown) {
    this.error = error;
  }
}
