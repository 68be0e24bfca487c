// Measures rows in the engine that it runs in: files and names enter, figures leave.
// A result is checked, each part of it, before it is timed; what is wrong has no figure.

import { checkingHost } from "./host.ts";
import { measure } from "./measure.ts";
import { type Row, rows } from "./rows.ts";
import { type Files, type Subject, subjects } from "./subjects.ts";

/** Nanoseconds a call of one row, one figure per subject in order. */
export interface Measured {
  readonly direction: string;
  readonly name: string;
  /** The row of others' figures that these are beside. */
  readonly beside: string;
  readonly figures: readonly { readonly subject: string; readonly ns: number }[];
  /** What gives a wrong result. */
  readonly wrong: readonly { readonly subject: string; readonly message: string }[];
}

/** A row, the implementations that have it and give what is right, and what others give. */
interface CheckedRow {
  readonly row: Row;
  readonly here: readonly Subject[];
  readonly wrong: Measured["wrong"];
}

/** Checks every row. */
export async function checkedRows(files: Files, names?: readonly string[]): Promise<CheckedRow[]> {
  const all = await subjects(files, names), checkers = await subjects(files, names, checkingHost);
  return rows.map((row) => {
    const wrong: { subject: string; message: string }[] = [];
    const here = all.filter((subject, i) => {
      if (!row.has(subject)) return false;
      try {
        row.check(checkers[i]!);
        return true;
      } catch (error) {
        wrong.push({ subject: subject.name, message: (error as Error).message });
        return false;
      }
    });
    return { row, here, wrong };
  });
}

/** Measures rows, all by default, with these implementations. */
export async function measureRows(
  files: Files,
  names: readonly string[] | undefined,
  only: readonly string[] | undefined,
): Promise<Measured[]> {
  const measured: Measured[] = [];
  for (const { row, here, wrong } of await checkedRows(files, names)) {
    if (only !== undefined && !only.includes(row.name)) continue;
    const medians = measure(here.map((subject) => row.run(subject)), row.calls);
    const figures = here.map(({ name }, i) => ({ subject: name, ns: medians[i]! }));
    measured.push({ direction: row.direction, name: row.name, beside: row.beside, figures, wrong });
  }
  return measured;
}

/** Our own figure of a row, and the best of jco's, which is `Infinity` where none is right. */
export function compared(
  measured: readonly Measured[],
  row: Measured,
): { readonly ours: number; readonly best: number } {
  const of = (subject: string): number | undefined => row.figures.find((figure) => figure.subject === subject)?.ns;
  const ours = of("windlass") ?? of("windlass, by value") ?? of("windlass, views");
  const wrong = row.wrong.filter(({ subject }) => subject.startsWith("windlass"));
  if (ours === undefined || wrong.length > 0) throw new Error(`${row.name}: ${JSON.stringify(wrong)}`);
  const others = measured.find(({ direction, name }) => direction === row.direction && name === row.beside)!.figures;
  const best = Math.min(...others.filter(({ subject }) => subject.startsWith("jco")).map(({ ns }) => ns));
  return { ours, best };
}

const times = (value: number): string => `${value < 10 ? value.toFixed(2) : value.toFixed(0)} ×`;

/** How many times as fast as the best jco rows are, in words: a row counts from 5 ns on. */
export function summaries(measured: readonly Measured[]): string[] {
  const gains = measured.flatMap((row): [name: string, gain: number][] => {
    const { ours, best } = compared(measured, row);
    return best >= 5 && best < Infinity ? [[row.name, best / ours]] : [];
  });
  const summary = (what: string, counted: typeof gains): string => {
    const mean = Math.exp(counted.reduce((sum, [, gain]) => sum + Math.log(gain), 0) / counted.length);
    const [row, least] = counted.reduce((low, each) => each[1] < low[1] ? each : low);
    return `${what}: ${counted.length}; geometric mean ${times(mean)}, least ${times(least)} (${row}).`;
  };
  const faults = measured.flatMap(({ direction, name, wrong }) =>
    wrong.map(({ subject, message }) => `- ${subject}, ${direction}, ${name}: ${message}`)
  );
  return [
    summary("Rows where the best jco takes 5 ns or more", gains),
    summary("The same, flags aside", gains.filter(([row]) => row !== "flags")),
    ...(faults.length === 0 ? [] : [`Wrong results, which have no figure:\n\n${faults.join("\n")}`]),
  ];
}
