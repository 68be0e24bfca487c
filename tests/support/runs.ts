// How random tests are set: WINDLASS_SEED=n repeats a run, WINDLASS_RUNS=n makes it n times as
// long. `deno task test` runs a quarter.

const given = Deno.env.get("WINDLASS_SEED");

/** Where random values begin that are the same in every run, unless another one is asked for. */
export const steadySeed: number = given === undefined ? 20261130 : Number(given);

/**
 * Where random values begin; the name of a test says which, since `deno test --quiet` prints
 * nothing else.
 */
export const seed: number = given === undefined ? Math.floor(Math.random() * 2 ** 31) : Number(given);

/** How many times as many cases as written. */
export const factor: number = Number(Deno.env.get("WINDLASS_RUNS") ?? 1);

/** So many cases, times the factor. */
export function runs(count: number): number {
  return Math.ceil(count * factor);
}
