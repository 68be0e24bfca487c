// A test runner for where Deno's is not: `test` collects, `runAll` runs one after the other. What a
// runtime truly has not (an executable, a file system, a feature of the engine) is skipped with its
// reason, and counted.

/** Thrown by what this runtime has not. */
export class Skipped extends Error {}

/** A function that this runtime has not. */
export function skip(what: string): () => never {
  return () => {
    throw new Skipped(what);
  };
}

interface Test {
  readonly name: string;
  readonly fn: (context: unknown) => unknown;
  readonly ignore?: boolean;
  /** Why it is ignored where it is. */
  readonly needs?: string;
}
const tests: Test[] = [];

/** `Deno.test`. */
export function test(first: string | Test, second?: Test["fn"] | object, third?: Test["fn"]): void {
  if (typeof first !== "string") tests.push(first);
  else if (typeof second === "function") tests.push({ name: first, fn: second as Test["fn"] });
  else tests.push({ name: first, ...second, fn: third! });
}

/** Steps of a test: counted with it. */
const context = {
  async step(first: string | Test, second?: Test["fn"]): Promise<boolean> {
    await (typeof first === "string" ? second! : first.fn)(context);
    return true;
  },
};

/** What became of the tests. */
export interface Outcomes {
  passed: number;
  /** How many were skipped, by the reason. */
  readonly ignored: Record<string, number>;
  /** Names of those that failed. */
  readonly failures: string[];
}

/** How to run them. */
export interface RunOptions {
  /** Which names; all of them by default. */
  readonly wanted?: (name: string) => boolean;
  /** Called before each test. */
  readonly onStart?: (name: string) => void | Promise<void>;
  /** Called as soon as one failed. */
  readonly onFailure?: (name: string, error: unknown) => void;
  /** Why an error means that this runtime lacks something; `undefined` if it means a failure. */
  readonly lacking?: (error: unknown) => string | undefined;
}

/** Runs every test that was collected. */
export async function runAll(options: RunOptions = {}): Promise<Outcomes> {
  const outcomes: Outcomes = { passed: 0, ignored: {}, failures: [] };
  for (const { name, fn, ignore, needs } of tests) {
    if (options.wanted?.(name) === false) continue;
    await options.onStart?.(name);
    try {
      if (ignore) throw new Skipped(needs ?? "by the condition that the test has");
      await fn(context);
      outcomes.passed++;
    } catch (error) {
      const reason = error instanceof Skipped ? error.message : options.lacking?.(error);
      if (reason === undefined) {
        outcomes.failures.push(name);
        options.onFailure?.(name, error);
      } else outcomes.ignored[reason] = (outcomes.ignored[reason] ?? 0) + 1;
    }
  }
  return outcomes;
}

/** The last line of a run: how many there were of each outcome. */
export function summary(name: string, { passed, ignored, failures }: Outcomes): string {
  const skipped = Object.values(ignored).reduce((sum, count) => sum + count, 0);
  return `${name}: ${passed} passed | ${failures.length} failed | ${skipped} ignored`;
}
