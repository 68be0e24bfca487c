// What a component must export to be run or served; what is said of one that exports something
// else, and how that is called.
// A compiled component in, nothing or a LinkError out.

import { LinkError } from "../../errors.ts";
import type { Component } from "../../core/component.ts";
import { WASI_CANDIDATE } from "../hints.ts";
import { matchName, splitVersion } from "../../core/binary/names.ts";

/** What has a function of its own to call it by. */
interface Entry {
  /** The function of its interfaces. */
  readonly func: string;
  /** What a component is that exports one of them. */
  readonly noun: string;
  /** The interfaces, the latest first. */
  readonly names: readonly string[];
  /** The one of WASI 0.2, the only one that is not asynchronous. */
  readonly of02: string;
  /** Which versions of WASI have an interface of that name. */
  readonly versions: string;
}

const ENTRIES: Readonly<Record<"run" | "serve", Entry>> = {
  run: {
    func: "run",
    noun: "a command",
    names: ["wasi:cli/run@0.3.0", `wasi:cli/run@${WASI_CANDIDATE}`, "wasi:cli/run@0.2.0"],
    of02: "wasi:cli/run@0.2.0",
    versions: "WASI 0.2 and 0.3.0",
  },
  serve: {
    func: "handle",
    noun: "an HTTP handler",
    names: ["wasi:http/handler@0.3.0", `wasi:http/handler@${WASI_CANDIDATE}`, "wasi:http/incoming-handler@0.2.0"],
    of02: "wasi:http/incoming-handler@0.2.0",
    versions: "WASI 0.2",
  },
};

/** More exports than these are counted, not named. */
const MAX_NAMED = 4;

/**
 * Which version of an entry a component exports: the latest of those that it has.
 * Throws LinkError if the component has none.
 */
export function entryBy(
  component: Component,
  by: keyof typeof ENTRIES,
): { readonly name: string; readonly path: string; readonly isAsync: boolean } {
  const { func, noun, names, of02, versions } = ENTRIES[by];
  const exports = component.exports.filter(({ type }) => type.kind !== "type").map(({ name }) => name);
  const name = latest(names, exports);
  if (name !== undefined) return { name, path: `${name}#${func}`, isAsync: name !== of02 };
  const { base } = splitVersion(of02), other = exports.find((name) => splitVersion(name).base === base);
  const path = `${of02}#${func}`;
  const hint = other === undefined
    ? `it is not ${noun}: ${exported(exports)}`
    : `it exports ${other}, and \`${by}\` calls ${base} of ${versions}`;
  throw new LinkError("missing-export", `${by} ${path}`, path, `; ${hint}`);
}

/** The first of the names that is exported. */
function latest(names: readonly string[], exports: readonly string[]): string | undefined {
  return names.find((name) => matchName(name, exports) !== undefined);
}

function exported(names: readonly string[]): string {
  for (const [by, { noun, names: entries }] of Object.entries(ENTRIES)) {
    if (latest(entries, names) !== undefined) return `it is ${noun}, which \`${by}\` takes`;
  }
  if (names.length === 0) return "it exports nothing";
  const more = names.length > MAX_NAMED ? ` and ${names.length - MAX_NAMED} more` : "";
  const list = `${names.slice(0, MAX_NAMED).join(", ")}${more}`;
  return `it exports ${list}, to be called through \`instantiate(component, { ...await wasi() })\``;
}
