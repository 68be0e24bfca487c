// What functions of 0.2 answer, for the faces of 0.3: a value, or an error with a code.

/** The code of an answer that is an error. */
export function codeOf(answer: unknown): string | undefined {
  const { tag, val } = (answer ?? {}) as { tag?: unknown; val?: unknown };
  return tag === "err" && typeof val === "string" ? val : undefined;
}
