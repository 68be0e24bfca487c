/// <reference lib="dom" />

// The imports of a component: functions that the page has a script or a stub for, and what WASI's
// are given. A changed script is used
// from the next call on.

import { type Component, type ExternItem, features, type FuncType, type HostFunction, ok } from "@windlass/component";
import type { ResourceType } from "@windlass/component";
import { memberNames } from "../../host/names.ts";
import type { Calls } from "./calls.ts";
import { el, errorText, textField } from "./dom.ts";
import { describe } from "./inputs.ts";
import { emptyValue } from "./stubs.ts";
import { type NameOf, valueText } from "./values.ts";

/** What stands for an object of an imported resource. */
export class Stub {}

const stubs = new WeakMap<ResourceType, Stub>();
function stubOf(resource: ResourceType): Stub {
  let stub = stubs.get(resource);
  if (stub === undefined) stubs.set(resource, stub = new Stub());
  return stub;
}

/** Whether an import is WASI's, which the library serves. */
export function isWasi(name: string): boolean {
  return /^wasi:[^@]*@0\.2\./.test(name);
}

/** An imported function and what the page does for it. */
export interface Script {
  /** `ns:pkg/iface#f`, or `f`. */
  readonly path: string;
  readonly type: FuncType;
  /** Its text; empty for a stub. */
  text(): string;
}

/** A script's function; a SyntaxError of the engine's if it is none. */
function functionOf(text: string): HostFunction {
  const made = new Function(`"use strict"; return (${text}\n);`)();
  if (typeof made !== "function") throw new TypeError("a script must be a function");
  return made;
}

/** Whether a script's function waits. */
export function isAsync({ text }: Script): boolean {
  return /^async\b/.test(text().trim());
}

/** Calls a script or a stub, and notes it. */
export function hostFunction({ path, type, text }: Script, calls: Calls, nameOf: NameOf): HostFunction {
  let source = "", own: HostFunction | undefined;
  return (...args) => {
    const entry = calls.imported(`${path}(${args.map((arg) => valueText(arg, nameOf)).join(", ")})`);
    const returned = (value: unknown): unknown => {
      entry.returned(type.result === undefined ? "" : valueText(value, nameOf));
      return value;
    };
    const threw = (error: unknown): never => {
      entry.threw(errorText(error));
      throw error;
    };
    try {
      const script = text().trim();
      if (script !== source) own = script === "" ? undefined : functionOf(script);
      source = script;
      if (own !== undefined) {
        const value = own(...args);
        return value instanceof Promise ? value.then(returned, threw) : returned(value);
      }
      const value = type.result && emptyValue(type.result, stubOf);
      returned(value);
      // What a stub gives for a result at the top must be branded.
      return type.result?.kind === "result" ? ok((value as { val: unknown }).val) : value;
    } catch (error) {
      return threw(error);
    }
  };
}

function functionsOf(item: ExternItem, owner = ""): { path: string; type: FuncType }[] {
  const path = owner === "" ? item.name : `${owner}#${item.name}`;
  if (item.type.kind === "func") return [{ path, type: item.type.type }];
  return item.type.kind === "instance" ? item.type.exports.flatMap((inner) => functionsOf(inner, item.name)) : [];
}

/**
 * Fills a list with the component's imports, and gives their scripts.
 *
 * @param texts What is known of the scripts by path.
 * @param relink Called when a script becomes one that waits, or no longer is: that is settled when
 * linking.
 */
export function listImports(
  list: HTMLElement,
  component: Component,
  texts: Readonly<Record<string, string>>,
  relink: () => void,
): Script[] {
  const own = component.imports.filter(({ name }) => !isWasi(name)).flatMap((item) => functionsOf(item));
  const given = component.imports.filter(({ name }) => isWasi(name)).map(({ name }) => name);
  const scripts: Script[] = [];
  const items = own.map(({ path, type }) => {
    const area = textField(texts[path] ?? "", {
      rows: 2,
      placeholder: `(${memberNames(type.params.map(({ name }) => name)).join(", ")}) => …`,
      label: `Script for ${path}; empty for a stub`,
    });
    area.dataset.lines = "many";
    const script: Script = { path, type, text: () => area.value };
    const fault = el("p", { className: "fault" });
    let wasAsync = isAsync(script);
    area.addEventListener("change", () => {
      fault.textContent = "";
      area.removeAttribute("aria-invalid");
      try {
        if (area.value.trim() !== "") functionOf(area.value.trim());
      } catch (error) {
        fault.textContent = errorText(error);
        area.setAttribute("aria-invalid", "true");
        return;
      }
      if (isAsync(script) !== wasAsync) relink();
      wasAsync = isAsync(script);
    });
    scripts.push(script);
    const params = type.params.map((param) => `${param.name}: ${describe(param.type)}`).join(", ");
    const result = type.result === undefined ? "" : ` → ${describe(type.result)}`;
    return el(
      "div",
      { className: "item" },
      el("h3", { textContent: path }),
      el("div", { className: "type", textContent: `(${params})${result}` }),
      area,
      fault,
    );
  });
  const waits = features.jspi ? " or an async one" : "";
  const hint = items.length === 0 ? undefined : el("p", {
    className: "hint",
    textContent: `What the component asks of its host: a function in JavaScript${waits}, used from the next call on. ` +
      "Without one, a stub gives nothing, 0 or an empty value.",
  });
  const output = features.jspi
    ? "Output is shown among the calls."
    : "This engine cannot suspend a guest (it has no JSPI): only a command's output is shown.";
  const wasi = given.length === 0 ? undefined : el(
    "details",
    {},
    el("summary", { textContent: `${given.length} ${given.length === 1 ? "interface" : "interfaces"} of WASI` }),
    el("p", {
      className: "hint",
      textContent: `${output} Clocks and random numbers work; files and network are not given.`,
    }),
    el("pre", { textContent: given.join("\n") }),
  );
  const none = items.length + given.length === 0
    ? el("p", { className: "empty", textContent: "It imports nothing: all that it does is its own." })
    : undefined;
  list.replaceChildren(...[hint, ...items, wasi, none].filter((part) => part !== undefined));
  return scripts;
}
