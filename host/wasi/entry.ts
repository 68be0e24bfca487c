// What a component must export to be run or served; what is said of one that exports something
// else, and how that is called.
// A compiled component in, nothing or a LinkError out.

import { LinkError } from "../../errors.ts";
import type { Component } from "../../core/component.ts";
import { matchName, splitVersion } from "../../core/binary/names.ts";

/**
 * The interfaces that have a function of their own to call them by, and what a component is that
 * exports one.
 */
const ENTRIES = {
  "wasi:cli/run@0.3.0": { func: "run", noun: "a command", by: "run" },
  "wasi:cli/run@0.3.0-rc-2026-03-15": { func: "run", noun: "a command", by: "run" },
  "wasi:cli/run@0.2.0": { func: "run", noun: "a command", by: "run" },
  "wasi:http/handler@0.3.0": { func: "handle", noun: "an HTTP handler", by: "serve" },
  "wasi:http/handler@0.3.0-rc-2026-03-15": { func: "handle", noun: "an HTTP handler", by: "serve" },
  "wasi:http/incoming-handler@0.2.0": { func: "handle", noun: "an HTTP handler", by: "serve" },
} as const;

/** More exports than these are counted, not named. */
const MAX_NAMED = 4;

/** The entries of WASI 0.2; those of later versions are asynchronous. */
const OF_0_2 = { run: "wasi:cli/run@0.2.0", serve: "wasi:http/incoming-handler@0.2.0" } as const;

/**
 * Which version of an entry a component exports: the latest of those that it has.
 * Throws LinkError if the component has none.
 */
export function entryBy(
  component: Component,
  by: keyof typeof OF_0_2,
): { readonly name: string; readonly path: string; readonly isAsync: boolean } {
  const names = component.exports.map(({ name }) => name);
  const name = (Object.keys(ENTRIES) as (keyof typeof ENTRIES)[])
    .find((entry) => ENTRIES[entry].by === by && matchName(entry, names) !== undefined) ?? OF_0_2[by];
  return { name, path: entryOf(component, name), isAsync: name !== OF_0_2[by] };
}

/** The path of the function to call. */
function entryOf(component: Component, entry: keyof typeof ENTRIES): string {
  const { func, noun, by } = ENTRIES[entry], path = `${entry}#${func}`;
  const names = component.exports.filter(({ type }) => type.kind !== "type").map(({ name }) => name);
  if (matchName(entry, names) !== undefined) return path;
  const { base } = splitVersion(entry), other = names.find((name) => splitVersion(name).base === base);
  const of = base === "wasi:http/incoming-handler" ? "WASI 0.2" : "WASI 0.2 and 0.3.0";
  const hint = other === undefined
    ? `it is not ${noun}: ${exported(names)}`
    : `it exports ${other}, and \`${by}\` calls ${base} of ${of}`;
  throw new LinkError("missing-export", `${by} ${path}`, path, `; ${hint}`);
}

function exported(names: readonly string[]): string {
  for (const [entry, { noun, by }] of Object.entries(ENTRIES)) {
    if (matchName(entry, names) !== undefined) return `it is ${noun}, which \`${by}\` takes`;
  }
  if (names.length === 0) return "it exports nothing";
  const more = names.length > MAX_NAMED ? ` and ${names.length - MAX_NAMED} more` : "";
  const list = `${names.slice(0, MAX_NAMED).join(", ")}${more}`;
  return `it exports ${list}, to be called through \`instantiate(component, { ...await wasi() })\``;
}
