// What a file system answers at once or later, through one way of writing: steps that yield what
// they need and go on with it. Where every answer is there at once, so is the result.

/** A value, or a promise of it. */
export type Later<T> = T | PromiseLike<T>;

/**
 * Steps that come to a `T`. What they yield is a value or a promise; what `yield` gives is the value.
 */
// deno-lint-ignore no-explicit-any -- each `yield` gives what that step asked for
export type Steps<T> = Generator<unknown, T, any>;

/** Whether a value has to be waited for. */
export function isLater<T>(value: Later<T>): value is PromiseLike<T> {
  return typeof value === "object" && value !== null && typeof (value as { then?: unknown }).then === "function";
}

/** Takes the steps: without waiting for as long as there is nothing to wait for. */
export function take<T>(steps: Steps<T>): Later<T> {
  let next = steps.next();
  while (!next.done) {
    if (isLater(next.value)) return takeLater(steps, next.value);
    next = steps.next(next.value);
  }
  return next.value;
}

async function takeLater<T>(steps: Steps<T>, first: PromiseLike<unknown>): Promise<T> {
  let awaited: unknown = first;
  for (;;) {
    let next: IteratorResult<unknown, T>;
    try {
      const value = await awaited;
      next = steps.next(value);
    } catch (error) {
      next = steps.throw(error);
    }
    if (next.done) return next.value;
    awaited = next.value;
  }
}

/** Makes something else of a value, now or later. */
export function then<T, U>(value: Later<T>, use: (value: T) => Later<U>): Later<U> {
  return isLater(value) ? value.then(use) : use(value);
}
