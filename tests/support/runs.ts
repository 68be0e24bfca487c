// How much of a test that repeats itself is run: WINDLASS_RUNS=n makes random tests n times as
// long.

/** The factor; 1 unless it was set. */
export const factor: number = Number(Deno.env.get("WINDLASS_RUNS") ?? 1);
