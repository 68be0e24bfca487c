// wasi:logging 0.1.0-draft: what a guest logs goes to a function of the program's.

import type { Imports } from "@windlass/component";

/** How grave an entry is, the least first. */
export type Level = "trace" | "debug" | "info" | "warn" | "error" | "critical";

/** What a guest logs. All but the level is the guest's own text. */
export interface LogEntry {
  readonly level: Level;
  readonly context: string;
  readonly message: string;
}

/** Characters of a context or a message that are kept. */
const MAX_TEXT = 1 << 14;

const kept = (text: string): string => text.length > MAX_TEXT ? `${text.slice(0, MAX_TEXT)}…` : text;

/**
 * Imports of `wasi:logging/logging`.
 *
 * @param log Takes each entry; default {@linkcode printEntry}.
 */
export function logging(log: (entry: LogEntry) => void = printEntry): Imports {
  return {
    // Without a version, it serves every one.
    "wasi:logging/logging": {
      log: (level: Level, context: string, message: string) =>
        log({ level, context: kept(context), message: kept(message) }),
    },
  };
}

/** Prints an entry as one line to the standard error. */
export function printEntry({ level, context, message }: LogEntry): void {
  // A guest must not be able to write lines that look like another's, nor to command a terminal.
  const line = `${level} ${context}: ${message}`.replaceAll(
    /\p{Cc}|[\u2028\u2029]/gu,
    (control) => {
      return `\\u${control.charCodeAt(0).toString(16).padStart(4, "0")}`;
    },
  );
  console.error(line);
}
