// deno task wast [--strict] [--verbose] [--no-jspi] [--no-fused] [--no-codegen] [--metered] PATH…: runs
// `.wast` scripts, prints a line per file and the total. With --no-jspi no stack can be suspended, with
// --no-fused calls between guests go through JavaScript, with --no-codegen none is generated. With
// --metered each script runs twice more, with metered modules: without limits, and with generous ones.
// Whatever a command comes to then that it does not come to otherwise is a failure.
// Failures of the reference suites that are known are listed in tests/spec/expected_failures.txt,
// and counted apart.

import { parseArgs } from "node:util";
import { scripts } from "./scripts.ts";
import { jspi } from "../abi/state/jspi.ts";
import { ExpectedFailures } from "../tests/support/expected_failures.ts";
import { type Outcome, runWast, type WastOptions } from "../tests/support/wast.ts";
import type { Limits } from "@windlass/component";

const { values: options, positionals } = parseArgs({
  args: Deno.args,
  options: {
    "strict": { type: "boolean" },
    "verbose": { type: "boolean" },
    "no-jspi": { type: "boolean" },
    "no-fused": { type: "boolean" },
    "no-codegen": { type: "boolean" },
    "metered": { type: "boolean" },
  },
  allowPositionals: true,
});
if (positionals.length === 0) {
  console.error(
    "usage: deno task wast [--strict] [--verbose] [--no-jspi] [--no-fused] [--no-codegen] [--metered] PATH…",
  );
  Deno.exit(2);
}
if (options["no-jspi"]) jspi.has = false;

const how = {
  strict: options.strict ?? false,
  fused: !options["no-fused"],
  codegen: !options["no-codegen"],
};

for (const path of positionals) {
  try {
    await Deno.stat(path);
  } catch {
    console.error(`there is no ${path}`);
    Deno.exit(2);
  }
}

/** More than any script uses, but for one that runs for ever. */
const GENEROUS: Limits = { fuel: 10n ** 15n, deadline: 60_000, memory: 2 ** 36 };
const forms: readonly (readonly [string, WastOptions])[] = options.metered
  ? [["metered", { ...how, metering: true }], ["with limits", { ...how, metering: true, limits: GENEROUS }]]
  : [];

/** Says where a script does something else metered than it does otherwise. */
async function differences(text: string, plain: readonly Outcome[]): Promise<string[]> {
  const found: string[] = [];
  for (const [form, how] of forms) {
    const metered = await runWast(text, how);
    plain.forEach((outcome, i) => {
      const [was, is] = [outcome, metered[i]!].map(({ status, detail }) => `${status} ${detail}`);
      if (was !== is) found.push(`${outcome.line}: ${outcome.command} ${form}: ${is}; otherwise ${was}`);
    });
  }
  return found;
}

type Status = Outcome["status"] | "expected";
type Counts = Record<Status, number>;
const zero = (): Counts => ({ passed: 0, failed: 0, expected: 0, skipped: 0 });
const words = ({ passed, failed, expected, skipped }: Counts): string =>
  `${passed} passed, ${failed} failed, ${expected} failed as expected, ${skipped} skipped`;

const list = new ExpectedFailures(
  await Deno.readTextFile(new URL("../tests/spec/expected_failures.txt", import.meta.url)),
);
const totals = zero();
let different = 0;
const perCommand = new Map<string, Counts>();
for (const path of positionals) {
  for await (const file of scripts(await Deno.realPath(path))) {
    const counts = zero(), text = await Deno.readTextFile(file), outcomes = await runWast(text, how);
    const others = await differences(text, outcomes);
    different += others.length;
    for (const other of others) console.log(`${file}:${other}`);
    for (const outcome of outcomes) {
      const status: Status = list.expects(file, outcome) ? "expected" : outcome.status;
      let command = perCommand.get(outcome.command);
      if (command === undefined) perCommand.set(outcome.command, command = zero());
      for (const each of [counts, totals, command]) each[status]++;
      if (status === "failed" || options.verbose && status !== "passed") {
        console.log(`${file}:${outcome.line}: ${outcome.command} ${status}: ${outcome.detail}`);
      }
    }
    console.log(`${file}: ${words(counts)}`);
  }
}
for (const [command, counts] of perCommand) console.log(`  ${command}: ${words(counts)}`);
console.log(words(totals));
if (options.metered) console.log(different === 0 ? "metered: the same results" : `metered: ${different} are different`);
for (const entry of list.outdated) console.log(`tests/spec/expected_failures.txt: ${entry} passes: take it out`);
if (totals.failed > 0 || different > 0 || list.outdated.length > 0) Deno.exit(1);
