// How engines report that stack or memory is exhausted: V8 and JavaScriptCore by a RangeError,
// SpiderMonkey by an InternalError of its own.

/**
 * Whether an error says that something is exhausted now, not for ever: the same may succeed another
 * time.
 */
export function isExhausted(error: unknown): error is Error {
  return error instanceof RangeError || error instanceof Error && error.name === "InternalError";
}

/** Whether it is the stack. */
export function isStackExhausted(error: unknown): boolean {
  return isExhausted(error) && /call stack|stack size|recursion/i.test(error.message);
}
