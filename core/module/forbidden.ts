// Whether an engine may compile: a policy of a page or an embedder can forbid it.

/** Whether an exception says that the engine is forbidden to compile. */
export function isForbidden(error: unknown): boolean {
  return error instanceof Error &&
    /disallowed by embedder|unsafe-eval|Content.Security.Policy|\bCSP\b/i.test(error.message);
}
