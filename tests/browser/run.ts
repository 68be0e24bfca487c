// deno task test:browser [ENGINE…]: every test in Chromium, Firefox and WebKit, from Debian, on a
// page and in a worker, with and without a policy that forbids eval (`script-src 'self'
// 'wasm-unsafe-eval'`): there everything goes through closures, and nothing is even tried. The long
// groups `abi` and `async` are on one of these four pages: a worker with eval in Chromium, a page
// without in the others. Not part of `deno task test`: browsers must be installed. `FILTER=text` runs
// the tests whose name has it, `PAGES=text` the pages.

import { check, finish, report } from "../support/checks.ts";
import type { Outcomes } from "../runtimes/collect.ts";
import { makeBundles } from "./bundles.ts";
import { ENGINES, start } from "./engines.ts";
import { testPlayground } from "./playground.ts";
import { playgroundChecks } from "./playground_engines.ts";
import { listen, type Page, POLICIES, type Session, urlOf } from "./server.ts";

/** How long one test may take before its page counts as hung. */
const PATIENCE = 120_000;

/** What the pages say. */
type Outcome =
  | { readonly checks: readonly { readonly name: string; readonly failure?: string }[] }
  | {
    readonly group: string;
    readonly outcomes: Outcomes;
  };

const verbose = Deno.env.get("VERBOSE") !== undefined;
const filter = Deno.env.get("FILTER");
const seed = Deno.env.get("WINDLASS_SEED") ?? `${Math.floor(Math.random() * 2 ** 31)}`;
const bundles = await makeBundles();

/** What one engine opens. */
function pagesOf(name: string): Page[] {
  const pages = (Object.keys(POLICIES) as (keyof typeof POLICIES)[]).flatMap((policy) =>
    (["a page", "a worker"] as const).flatMap((thread): Page[] => {
      // Random components take longer than all else, and thirty times as long where JavaScriptCore
      // evaluates their code: the longer run is on one page, of the others.
      const long = policy === "eval allowed" && thread === "a worker";
      const env = {
        WINDLASS_RUNS: name === "webkit" ? "0.02" : long ? "0.06" : "0.02",
        // The same cases everywhere: what the server encoded for one page it has for the others.
        WINDLASS_SEED: seed,
        ...filter !== undefined && { FILTER: filter },
      };
      // With generated code in one engine, without in the others: each takes minutes.
      const hasLong = name === "chromium" ? long : policy !== "eval allowed" && thread === "a page";
      const has = (bundle: string): boolean => hasLong || !/(?:abi|async)$/.test(bundle);
      return bundles.filter(has).map((bundle) => ({ bundle, policy, thread, env }));
    })
  );
  const wanted = Deno.env.get("PAGES") ?? "";
  return pages.filter(({ bundle, policy, thread }) => `${policy}, ${thread}, ${bundle}`.includes(wanted));
}

const sessions = new Map<string, Session>();
const server = listen(sessions);

/**
 * Opens every page, one after the other, each in a browser of its own. What a page leaves behind
 * stays in its process for a while, and one process has not enough for two: V8 places some hundred
 * memories, and who finds no place collects its own thread's garbage only; Linux gives 65,530
 * mappings, without which WebKit stands still.
 */
async function runPages(name: string, path: string): Promise<void> {
  for (const page of pagesOf(name)) {
    const { promise, resolve } = Promise.withResolvers<string | undefined>();
    const where = `${name}, ${page.policy}, ${page.thread}`, began = performance.now();
    let last = "the browser was started";
    let timer: ReturnType<typeof setTimeout> | undefined;
    const wait = (): void => {
      clearTimeout(timer);
      timer = setTimeout(() => resolve(`nothing was heard in ${PATIENCE / 1000} s; last: ${last}`), PATIENCE);
    };
    wait();
    sessions.set(name, {
      progress(test) {
        if (verbose) console.log(`${name} ${((performance.now() - began) / 1000).toFixed(2)} ${test}`);
        last = test;
        wait();
      },
      failure: (test, error) => report(`${where}: ${test}`, error),
      outcome(value) {
        reportOutcome(where, value as Outcome, performance.now() - began);
        resolve(undefined);
      },
    });
    const stop = await start(ENGINES[name]!, path, urlOf(server.addr.port, name, page));
    const hung = await promise;
    sessions.delete(name);
    clearTimeout(timer);
    await stop();
    if (hung !== undefined) report(`${where}, ${page.bundle}`, hung);
  }
}

function reportOutcome(where: string, outcome: Outcome, time: number): void {
  if ("checks" in outcome) {
    for (const { name, failure } of outcome.checks) report(`${where}: ${name}`, failure);
    return;
  }
  const { group, outcomes } = outcome;
  const skipped = Object.entries(outcomes.ignored).map(([reason, count]) => `, ${count} ignored: ${reason}`);
  // Those that failed were counted one by one.
  console.log(`${where}: ${group}: ${outcomes.passed} passed in ${(time / 1000).toFixed(0)} s${skipped.join("")}`);
}

const wanted = Deno.args.length > 0 ? Deno.args : Object.keys(ENGINES);
// All at once: a page leaves its machine idle while it waits for timers and for the server.
await Promise.all(wanted.map(async (name) => {
  const engine = ENGINES[name];
  if (engine === undefined) throw new Error(`which engine? ${Object.keys(ENGINES).join(", ")}`);
  const path = engine.find();
  if (path === undefined) return report(name, "it is not installed");
  await runPages(name, path);
  if (filter !== undefined || Deno.env.get("PAGES") !== undefined) return;
  // The playground, from a frame: Chromium's is driven by mouse and keyboard besides.
  for (const { name: what, failure } of await playgroundChecks((url) => start(engine, path, url))) {
    report(`${name}, the playground: ${what}`, failure);
  }
}));
if (wanted.includes("chromium") && filter === undefined && Deno.env.get("PAGES") === undefined) {
  await testPlaygroundInChromium();
}
await server.shutdown();
finish();

/** The playground, used by mouse and keyboard. */
async function testPlaygroundInChromium(): Promise<void> {
  // deno-lint-ignore no-import-prefix
  const { chromium } = await import("npm:playwright-core@1.64.1");
  const { CHROMIUM_FLAGS } = await import("./engines.ts");
  const browser = await chromium.launch({
    executablePath: ENGINES["chromium"]!.find() ?? "",
    args: [...CHROMIUM_FLAGS],
  });
  try {
    await testPlayground(browser, check);
  } finally {
    await browser.close();
  }
}
