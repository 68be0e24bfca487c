// Medians of interleaved samples: functions in, nanoseconds a call out.

function median(values: number[]): number {
  return values.sort((left, right) => left - right)[values.length >> 1]!;
}

/** How often to run for a sample of so many milliseconds, or of some ten; warms up on the way. */
function calibrate(run: () => void, ms = 10): number {
  const until = performance.now() + 60;
  let rounds = 0;
  while (performance.now() < until) run(), rounds++;
  return Math.max(1, Math.ceil(rounds * ms / 60));
}

/**
 * Nanoseconds a call of each run, samples of all of them interleaved: what disturbs the machine
 * disturbs them alike.
 */
export function measure(runs: readonly (() => void)[], calls: number): number[] {
  const repeats = runs.map((run) => calibrate(run));
  const samples: number[][] = runs.map(() => []);
  for (let round = 0; round < 15; round++) {
    runs.forEach((run, k) => {
      const start = performance.now();
      for (let i = 0; i < repeats[k]!; i++) run();
      samples[k]!.push((performance.now() - start) * 1e6 / (repeats[k]! * calls));
    });
  }
  return samples.map(median);
}

/**
 * The same as the second percentile of very many short samples. Where other programs run, most
 * samples of ten milliseconds are disturbed, and few of a fifth of one.
 */
export function undisturbed(runs: readonly (() => void)[], calls: number): number[] {
  const repeats = runs.map((run) => calibrate(run, 0.2)), rounds = 1500;
  const samples: number[][] = runs.map(() => []);
  for (let round = 0; round < rounds; round++) {
    runs.forEach((run, k) => {
      const start = performance.now();
      for (let i = 0; i < repeats[k]!; i++) run();
      samples[k]!.push((performance.now() - start) * 1e6 / (repeats[k]! * calls));
    });
  }
  return samples.map((values) => values.sort((left, right) => left - right)[Math.floor(rounds / 50)]!);
}
