// Compares what an implementation gave with what is right. Typed arrays and arrays of the same
// elements are the same here: implementations may choose.

const isList = (value: unknown): value is ArrayLike<unknown> =>
  Array.isArray(value) || ArrayBuffer.isView(value) && !(value instanceof DataView);

/** Gives the place of the first difference. `undefined` if there is none. */
function differs(actual: unknown, expected: unknown, place: string): string | undefined {
  if (isList(expected)) {
    if (!isList(actual) || actual.length !== expected.length) return place;
    for (let i = 0; i < expected.length; i++) {
      const found = differs(actual[i], expected[i], `${place}[${i}]`);
      if (found !== undefined) return found;
    }
    return undefined;
  }
  if (typeof expected === "object" && expected !== null) {
    if (typeof actual !== "object" || actual === null) return place;
    for (const key of new Set([...Object.keys(expected), ...Object.keys(actual)])) {
      const [left, right] = [actual, expected].map((value) => (value as Record<string, unknown>)[key]);
      const found = differs(left, right, `${place}.${key}`);
      if (found !== undefined) return found;
    }
    return undefined;
  }
  return Object.is(actual, expected) ? undefined : `${place}: expected ${expected}, found ${actual}`;
}

/** Throws if two values are not the same. */
export function requireSame(actual: unknown, expected: unknown): void {
  const place = differs(actual, expected, "value");
  if (place !== undefined) throw new Error(`a wrong result at ${place}`);
}
