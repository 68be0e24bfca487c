// deno task fuzz [--seconds N] [--seed S] [--replay FILE]: mutates valid components; whatever a
// mutant does, it must succeed or
// fail with one of the library's errors, soon, and in little memory. Each is compiled, reflected
// on, printed, linked with
// `trapUnknown()`, and, if its core code is not mutated, instantiated and called: with functions
// that trap, answer and suspend. Failures are written as hex files, reduced; exit code 1 then.
// Mutants run in a worker, so that one that never ends can be given up. --replay shows what a hex
// file does, with its stack.

import fc from "fast-check";
import { signatures, types } from "../tests/support/arbitraries.ts";
import { echoComponent, keepComponent } from "../tests/support/echo.ts";
import { runMutant, type Step, steps } from "../tests/support/fuzz_run.ts";
import { stringEncodings } from "../tests/support/encoder.ts";
import { coreModulesOf, keyOf, mutant, reduce } from "../tests/support/mutate.ts";

// ── What is mutated
// ───────────────────────────────────────────────────────────────────────────────────────────────────────

const ENCODED = 60;

/** Committed fixtures, and components that the test encoder makes from a seed. */
async function makeCorpus(seed: number): Promise<Uint8Array<ArrayBuffer>[]> {
  const corpus: Uint8Array<ArrayBuffer>[] = [];
  for (const directory of ["tests/e2e/fixtures", "bench/fixtures"]) {
    for await (const { name } of Deno.readDir(directory)) {
      if (name.endsWith(".wasm")) corpus.push(await Deno.readFile(`${directory}/${name}`));
    }
  }
  const encodings = fc.array(fc.constantFrom(...stringEncodings), { minLength: 1, maxLength: 2 });
  const resources = [{ kind: "resource", name: "r0" }, { kind: "resource", name: "r1" }] as const;
  const of = fc.record({ encodings, interfaces: fc.boolean() });
  const echo = ([signature, options]: [Parameters<typeof echoComponent>[0], { encodings: typeof stringEncodings }]) =>
    echoComponent(signature, options);
  const samples = { seed, numRuns: ENCODED / 3 };
  corpus.push(
    ...fc.sample(fc.tuple(signatures(), of).map(echo), samples),
    ...fc.sample(fc.tuple(signatures(resources), of).map(echo), samples),
    ...fc.sample(types().map((type) => keepComponent(type, "utf16")), samples),
  );
  // Small ones, so that a mutation rarely misses what matters.
  return corpus.filter((bytes) => bytes.length < 50_000);
}

// ── The worker
// ────────────────────────────────────────────────────────────────────────────────────────────────────────────

interface Start {
  readonly corpus: readonly Uint8Array<ArrayBuffer>[];
  readonly seed: number;
  readonly first: number;
  /** Where the worker says which mutant it is at, and at which step. */
  readonly place: Int32Array;
}
interface Failure {
  readonly index: number;
  readonly step: Step;
  readonly what: string;
  readonly stack: string;
}
interface Report {
  readonly mutants: number;
  readonly outcomes: Readonly<Record<string, number>>;
  readonly failures: readonly Failure[];
  readonly heapUsed: number;
}

const BATCH = 100;

/** The first frame of the library in a stack: failures are told apart by it. */
function frameOf(error: unknown): string {
  const stack = error instanceof Error ? error.stack ?? "" : "";
  return /\/((?:abi|core|host)\/\w+\.ts):\d+/.exec(stack)?.[1] ?? "";
}

function serve(): void {
  const scope = self as unknown as {
    onmessage: (event: MessageEvent<Start>) => void;
    postMessage(report: Report): void;
  };
  scope.onmessage = ({ data: { corpus, seed, first, place } }) => {
    const known = new Set(corpus.flatMap((bytes) => coreModulesOf(bytes).map(keyOf)));
    let index = first;
    const batch = (): void => {
      const outcomes: Record<string, number> = {}, failures: Failure[] = [];
      for (let i = 0; i < BATCH; i++, index++) {
        Atomics.store(place, 0, index);
        Atomics.store(place, 1, 0);
        const before = Deno.memoryUsage().heapUsed;
        for (
          const { step, what, verdict, error } of runMutant(mutant(corpus, seed, index), known, (step) => {
            Atomics.store(place, 1, steps.indexOf(step));
          })
        ) {
          const key = verdict === "allowed" ? `${step} ${what}` : `${verdict} ${step} ${what.slice(0, 100)}`;
          outcomes[key] = (outcomes[key] ?? 0) + 1;
          if (verdict === "failure") {
            failures.push({ index, step, what: `${what} in ${frameOf(error)}`, stack: `${(error as Error)?.stack}` });
          }
        }
        const grown = Deno.memoryUsage().heapUsed - before;
        if (grown > 2 ** 28) {
          failures.push({ index, step: "compile", what: "memory: the heap grew by 256 MiB and more", stack: "" });
        }
      }
      scope.postMessage({ mutants: BATCH, outcomes, failures, heapUsed: Deno.memoryUsage().heapUsed });
      setTimeout(batch);
    };
    batch();
  };
}

// ── The main program
// ──────────────────────────────────────────────────────────────────────────────────────────────────────

const HANG_MS = 5000;
const MAX_RSS_GROWTH = 3 * 2 ** 30;

function option(name: string): string | undefined {
  const at = Deno.args.indexOf(`--${name}`);
  return at < 0 ? undefined : Deno.args[at + 1];
}

function hexOf(bytes: Uint8Array): string {
  return bytes.toHex().replace(/.{64}/g, "$&\n");
}

/** Numbers in messages do not make failures distinct. */
function kindOf({ step, what }: Pick<Failure, "step" | "what">): string {
  return `${step}: ${what.replace(/0x[0-9a-f]+|\d+/g, "N").slice(0, 160)}`;
}

class Fuzzer {
  readonly #corpus: readonly Uint8Array<ArrayBuffer>[];
  readonly #seed: number;
  readonly #counts: Record<string, number> = {};
  /** By kind, how many, and the one of the smallest mutant. */
  readonly #failures = new Map<string, { count: number; size: number; smallest: Failure }>();
  #mutants = 0;
  #maxHeap = 0;
  #maxRss = 0;

  constructor(corpus: readonly Uint8Array<ArrayBuffer>[], seed: number) {
    this.#corpus = corpus;
    this.#seed = seed;
  }

  #fail(failure: Failure): void {
    const kind = kindOf(failure), found = this.#failures.get(kind);
    const size = mutant(this.#corpus, this.#seed, failure.index).length;
    if (found === undefined) {
      this.#failures.set(kind, { count: 1, size, smallest: failure });
      console.log(`mutant ${failure.index}: ${kind}`);
      return;
    }
    found.count++;
    if (size < found.size) Object.assign(found, { size, smallest: failure });
  }

  async run(seconds: number): Promise<void> {
    const end = performance.now() + seconds * 1000, rss = Deno.memoryUsage().rss;
    for (let first = 0; performance.now() < end;) {
      const stopped = await this.#work(first, end);
      if (stopped === undefined) break;
      first = stopped.index + 1;
      this.#fail(stopped);
    }
    this.#maxRss -= rss;
  }

  /** Runs a worker until the time is up, or until it is stuck: then gives at which mutant. */
  #work(first: number, end: number): Promise<Failure | undefined> {
    const place = new Int32Array(new SharedArrayBuffer(8));
    Atomics.store(place, 0, first);
    const worker = new Worker(import.meta.url, { type: "module" });
    const base = Deno.memoryUsage().rss;
    return new Promise((done) => {
      let index = first, since = performance.now();
      const stop = (what?: string, stack = ""): void => {
        clearInterval(timer);
        worker.terminate();
        const step = steps[Atomics.load(place, 1)]!;
        done(what === undefined ? undefined : { index: Atomics.load(place, 0), step, what, stack });
      };
      const timer = setInterval(() => {
        const now = performance.now(), at = Atomics.load(place, 0);
        if (at !== index) [index, since] = [at, now];
        const { rss } = Deno.memoryUsage();
        this.#maxRss = Math.max(this.#maxRss, rss);
        if (now > end) stop();
        else if (now - since > HANG_MS) stop("hang: it takes more than 5 s");
        else if (rss - base > MAX_RSS_GROWTH) stop("memory: the process grew by 3 GiB and more");
      }, 200);
      worker.onerror = (event) => {
        event.preventDefault();
        stop(`the worker died: ${event.message}`);
      };
      worker.onmessage = ({ data }: MessageEvent<Report>) => {
        this.#mutants += data.mutants;
        this.#maxHeap = Math.max(this.#maxHeap, data.heapUsed);
        for (const [key, count] of Object.entries(data.outcomes)) this.#counts[key] = (this.#counts[key] ?? 0) + count;
        for (const failure of data.failures) this.#fail(failure);
      };
      worker.postMessage({ corpus: this.#corpus, seed: this.#seed, first, place } satisfies Start);
    });
  }

  /** Prints figures; writes failures; gives how many kinds of them there are. */
  async report(seconds: number): Promise<number> {
    const lines = Object.entries(this.#counts).sort(([, left], [, right]) => right - left);
    for (const step of steps) {
      console.log(`\n${step}`);
      for (const [key, count] of lines) {
        if (key.startsWith(`${step} `)) console.log(`${String(count).padStart(9)} ${key.slice(step.length + 1)}`);
      }
    }
    const codes = new Set(
      lines.flatMap(([key]) => /^\w+ ((?:Compile|Link|Value)Error|Trap) (\S+)$/.exec(key)?.slice(1).join(" ") ?? []),
    );
    console.log(`\n${codes.size} distinct codes: ${[...codes].sort().join(", ")}`);
    console.log(
      `${this.#mutants} mutants in ${seconds} s, ${Math.round(this.#mutants / seconds)} a second; ` +
        `heap at most ${this.#maxHeap >> 20} MiB, process grew by at most ${
          Math.max(0, this.#maxRss) / 2 ** 20 | 0
        } MiB; seed ${this.#seed}`,
    );
    if (this.#failures.size === 0) return 0;
    const directory = await Deno.makeTempDir({ prefix: "windlass-fuzz-" });
    for (const [kind, { count, smallest }] of this.#failures) {
      const bytes = mutant(this.#corpus, this.#seed, smallest.index);
      const path = `${directory}/seed-${this.#seed}-mutant-${smallest.index}-${smallest.step}.hex`;
      await Deno.writeTextFile(path, hexOf(this.#reduced(bytes, kind)));
      await Deno.writeTextFile(path.replace(/hex$/, "whole.hex"), hexOf(bytes));
      console.log(`\nFAILURE, ${count} times: ${kind}\n${path}\n${smallest.stack.split("\n").slice(0, 8).join("\n")}`);
    }
    return this.#failures.size;
  }

  /** A smaller binary that fails in the same way; the same binary if it hangs or eats memory. */
  #reduced(bytes: Uint8Array<ArrayBuffer>, kind: string): Uint8Array<ArrayBuffer> {
    if (/hang:|memory:|worker died/.test(kind)) return bytes;
    const known = new Set(this.#corpus.flatMap((each) => coreModulesOf(each).map(keyOf)));
    return reduce(
      bytes,
      (smaller) =>
        runMutant(smaller, known, () => {}).some(({ step, what, verdict, error }) =>
          verdict === "failure" && kindOf({ step, what: `${what} in ${frameOf(error)}` }) === kind
        ),
    );
  }
}

async function replay(path: string): Promise<number> {
  const bytes = Uint8Array.fromHex((await Deno.readTextFile(path)).replaceAll(/\s/g, ""));
  const known = new Set(coreModulesOf(bytes).map(keyOf));
  const outcomes = runMutant(bytes, known, (step) => console.log(`${step} …`));
  for (const { step, what, verdict, error } of outcomes) {
    console.log(`${verdict} ${step} ${what}`);
    if (error !== undefined) console.log(error);
  }
  return outcomes.some(({ verdict }) => verdict === "failure") ? 1 : 0;
}

if ("DedicatedWorkerGlobalScope" in globalThis) {
  serve();
} else if (import.meta.main) {
  const file = option("replay");
  if (file !== undefined) Deno.exit(await replay(file));
  const seconds = Number(option("seconds") ?? 60), seed = Number(option("seed") ?? Math.floor(Math.random() * 2 ** 31));
  console.log(`seed ${seed}, ${seconds} s`);
  const fuzzer = new Fuzzer(await makeCorpus(seed), seed);
  await fuzzer.run(seconds);
  Deno.exit(await fuzzer.report(seconds) === 0 ? 0 : 1);
}
