// The table of engines in docs/engines.md, against the engine at hand: in each runtime that runs the tests.

import { assertEquals } from "@std/assert";
import { features } from "@windlass/component";
import { sendsStreams } from "../../host/wasi/http_upload.ts";
import { builtin } from "../../host/wasi/base/platform.ts";

/** The column of this engine: its name in the table's first row begins so. */
function engineName(): string {
  const { Deno, Bun, process, navigator } = globalThis as Record<string, unknown> as {
    Deno?: { version?: unknown };
    Bun?: unknown;
    process?: { versions?: { node?: string } };
    navigator?: { userAgent: string };
  };
  if (Bun !== undefined) return "Bun";
  if (Deno?.version !== undefined) return "Deno";
  if (process?.versions?.node !== undefined) return `Node ${parseInt(process.versions.node)}`;
  const agent = navigator!.userAgent;
  return /Chrome/.test(agent) ? "Chromium" : /Firefox/.test(agent) ? "Firefox" : "WebKit";
}

/** Each row's first cell, and the cell of this engine. */
function cells(readme: string): [what: string, cell: string][] {
  const [, table = ""] = /\n(\| what the engine has [^]*?)\n\n/.exec(readme) ?? [];
  const [head, , ...rows] = table.split("\n").map((row) => row.split("|").slice(1, -1).map((cell) => cell.trim()));
  const column = head!.findIndex((name) => name.startsWith(engineName()));
  return rows.map((row) => [row[0]!, row[column]!]);
}

Deno.test("docs/engines.md's table says what this engine has", async () => {
  const readme = await Deno.readTextFile(new URL("../../docs/engines.md", import.meta.url));
  const found = cells(readme), told = new Map(found);
  const named = found.flatMap(([what, cell]) =>
    [...what.matchAll(/`(\w+)`/g)].map(([, name]) => [name!, cell === "yes"] as const)
  );
  // A page may have a policy against it, as the row says; that it is so is for the tests of pages
  // to see.
  const without = (entries: (readonly [string, boolean])[]) =>
    Object.fromEntries(entries.filter(([name]) => name !== "codegen").sort());
  assertEquals(without([...named]), without(Object.entries(features)));
  const native = (Symbol.dispose as symbol) !== Symbol.for("Symbol.dispose");
  assertEquals(told.get("`Symbol.dispose`"), native ? "yes" : "made by us");
  const row = (start: string): string | undefined => found.find(([what]) => what.startsWith(start))?.[1];
  const modules = builtin("node:fs") !== undefined;
  assertEquals(row("WASI: the system's files"), modules ? "yes" : "no");
  assertEquals(row("WASI: a plain call can sleep"), modules ? "yes" : "in workers");
  assertEquals(row("WASI: requests' bodies"), sendsStreams() ? "yes" : "at the end");
});
