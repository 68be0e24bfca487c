// The list of reference scripts that are known to fail: which failure is expected, and which entry
// no longer is. Text in, a judge of outcomes out. An entry is a path's end (`dir/`,
// `dir/file.wast`), with a line or without; what follows is a reason.

import type { Outcome } from "./wast.ts";

interface Entry {
  readonly text: string;
  readonly path: string;
  readonly line: number | undefined;
  /** Whether one of its commands ran, and whether one failed. */
  ran: boolean;
  failed: boolean;
}

/** Judges outcomes by a list. */
export class ExpectedFailures {
  readonly #entries: readonly Entry[];

  constructor(list: string) {
    this.#entries = list.split("\n").flatMap((line) => {
      const text = line.trim().split(/\s+/)[0]!;
      if (text === "" || text.startsWith("#")) return [];
      const [, path = "", at] = /^(.*?)(?::(\d+))?$/.exec(text)!;
      return { text, path, line: at === undefined ? undefined : Number(at), ran: false, failed: false };
    });
  }

  /** Whether a failure was expected; notes what ran. */
  expects(file: string, { line, status }: Outcome): boolean {
    let expected = false;
    for (const entry of this.#entries) {
      const here = entry.path.endsWith("/") ? file.includes(`/${entry.path}`) : file.endsWith(`/${entry.path}`);
      if (!here || entry.line !== undefined && entry.line !== line) continue;
      entry.ran = true;
      if (status === "failed") expected = entry.failed = true;
    }
    return expected;
  }

  /** Entries whose commands ran and all passed. */
  get outdated(): string[] {
    return this.#entries.filter(({ ran, failed }) => ran && !failed).map(({ text }) => text);
  }
}
