// deno task test: every test, those of random values with a quarter of their cases, and the
// examples in the documentation. deno task test:all: the rest. That is all cases of random values,
// the tests of calls again for each tier alone (a quarter of the random ones), what the engine's
// collector does, and scripts with metered components. Every step runs, even if one before it failed.
// The last line says how long the steps took.

interface Step {
  readonly args: readonly string[];
  readonly env?: Record<string, string>;
  /** Runs beside the other steps, on the second core. What it prints comes at the end. */
  readonly beside?: true;
}

/** Multiplies the cases of random values (tests/support/runs.ts). */
const { WINDLASS_RUNS = "0.25" } = Deno.env.toObject();
const test = (...args: string[]): string[] => ["test", "--allow-all", "--quiet", ...args];

const steps: Readonly<Record<string, { readonly about: string; readonly steps: readonly Step[] }>> = {
  test: {
    about: "about 4 minutes on two cores; what takes longer is `deno task test:all`",
    steps: [
      { args: test("--ignore=tests/gc,tests/stress", "tests/"), env: { WINDLASS_RUNS } },
      { args: ["task", "doctest"], beside: true },
    ],
  },
  all: {
    about: "about 5 minutes on two cores, beside `deno task test`",
    steps: [
      { args: test("tests/property") },
      { args: ["task", "test:tiers"], env: { WINDLASS_RUNS } },
      { args: ["task", "test:gc"] },
      // Our scripts with metered components; the rest of that is `deno task test:metered`.
      { args: test("--preload=tests/support/metered_by_default.ts", "tests/spec") },
    ],
  },
};

const found = steps[Deno.args[0] ?? ""];
if (found === undefined) throw new Error(`which tests? ${Object.keys(steps).join(" or ")}`);
console.log(`This takes ${found.about}.`);
const start = performance.now(), failures: string[] = [];
const command = ({ args, env = {} }: Step, out: "inherit" | "piped") =>
  new Deno.Command(Deno.execPath(), { args: [...args], env, stdout: out, stderr: out });
const beside = found.steps.filter((step) => step.beside).map((step) =>
  [step, command(step, "piped").output()] as const
);
for (const step of found.steps) {
  if (step.beside) continue;
  const { success } = await command(step, "inherit").spawn().status;
  if (!success) failures.push(`deno ${step.args.join(" ")}`);
}
for (const [{ args }, output] of beside) {
  const { success, stdout, stderr } = await output;
  for (const bytes of [stderr, stdout]) console.log(new TextDecoder().decode(bytes).trimEnd());
  if (!success) failures.push(`deno ${args.join(" ")}`);
}
const seconds = Math.round((performance.now() - start) / 1000);
for (const failure of failures) console.error(`failed: ${failure}`);
console.log(`This took ${Math.floor(seconds / 60)} min ${seconds % 60} s.`);
Deno.exit(failures.length === 0 ? 0 : 1);
