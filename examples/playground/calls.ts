/// <reference lib="dom" />

// The list of calls: what went in, what came out, how long it took.

import type { FuncType, ValType } from "@windlass/component";
import { formatValue } from "../../host/cli/wave_print.ts";
import { el } from "./dom.ts";

/** Entries that are kept. */
const MOST = 500;
/** Characters of a value that are shown. */
const LONGEST = 2000;

/** A value in text, as far as it can be. */
export function show(value: unknown, type: ValType | undefined): string {
  if (type === undefined) return "";
  try {
    const text = formatValue(value, type);
    return text.length > LONGEST ? `${text.slice(0, LONGEST)}…` : text;
  } catch {
    return String(value);
  }
}

/** The list in the page. */
export class Calls {
  readonly #list: HTMLElement;

  constructor(list: HTMLElement) {
    this.#list = list;
  }

  clear(): void {
    this.#list.replaceChildren();
  }

  #add(kind: "export" | "import" | "output", head: string, body: string, bad: boolean, ms?: number): void {
    const time = ms === undefined ? undefined : `${ms < 1 ? `${(ms * 1000).toFixed(0)} µs` : `${ms.toFixed(1)} ms`}`;
    const entry = el(
      "li",
      { className: kind },
      el(
        "div",
        { className: "head" },
        el("span", { textContent: head }),
        el("span", { className: "ms", textContent: time ?? "" }),
      ),
      body === "" ? undefined : el("div", { className: `value ${bad ? "bad" : "out"}`, textContent: body }),
    );
    this.#list.prepend(entry);
    while (this.#list.children.length > MOST) this.#list.lastElementChild!.remove();
  }

  /** A call that came to an end. */
  call(
    kind: "export" | "import",
    name: string,
    type: FuncType,
    args: readonly unknown[],
    result: unknown,
    ms: number,
  ): void {
    const given = type.params.map((param, i) => show(args[i], param.type)).join(", ");
    const body = type.result === undefined ? "" : `→ ${show(result, type.result)}`;
    this.#add(kind, `${name}(${given})`, body, false, ms);
  }

  /** A call that failed. */
  failure(kind: "export" | "import", name: string, error: unknown, ms: number): void {
    const text = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
    this.#add(kind, `${name}(…)`, text, true, ms);
  }

  /** What a program wrote. */
  output(stream: string, text: string): void {
    this.#add("output", stream, text, stream === "stderr");
  }
}
