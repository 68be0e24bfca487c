/// <reference lib="dom" />

// A form for each type: an element, and the value that was entered. What is entered wrongly is a ValueError of the call, in the library's words.

import type { ResourceType, ValType } from "@windlass/component";
import { parseValue } from "../../host/cli/wave.ts";
import { el } from "./dom.ts";

/** A part of a form. */
export interface Input {
  readonly element: HTMLElement;
  value(): unknown;
}

/** Objects of resources that the page holds, to be given as arguments. */
export type Held = (resource: ResourceType) => readonly { readonly name: string; readonly object: unknown }[];

function text(initial: string, read: (text: string) => unknown, label: string): Input {
  const element = el("input", { value: initial, label, spellcheck: false });
  return { element, value: () => read(element.value) };
}

function choice(names: readonly string[], label: string): { element: HTMLSelectElement; index(): number } {
  const element = el("select", { label }, ...names.map((name) => el("option", { textContent: name })));
  return { element, index: () => element.selectedIndex };
}

/** An integer as it was typed; anything else is given on as text, which the library refuses by name. */
function integer(typed: string): unknown {
  return /^-?\d+$/.test(typed.trim()) ? Number(typed) : typed;
}

function named(name: string, type: string, input: Input): HTMLElement {
  return el(
    "div",
    { className: "field" },
    el("span", { className: "name", textContent: name }),
    el("span", { className: "type", textContent: ` ${type}` }),
    input.element,
  );
}

/** One of several, each with or without a payload. */
function cases(
  all: readonly { readonly name: string; readonly type: ValType | undefined }[],
  label: string,
  held: Held,
): { element: HTMLElement; chosen(): { tag: string; val: unknown } } {
  const { element, index } = choice(all.map(({ name }) => name), label);
  const payload = el("div");
  let inner: Input | undefined;
  const choose = (): void => {
    const { type, name } = all[index()]!;
    inner = type && inputFor(type, `${label} ${name}`, held);
    payload.replaceChildren(...inner ? [inner.element] : []);
  };
  element.addEventListener("change", choose);
  choose();
  return {
    element: el("fieldset", {}, element, payload),
    chosen: () => ({ tag: all[index()]!.name, val: inner?.value() }),
  };
}

function many(add: () => Input, label: string): { element: HTMLElement; values(): unknown[] } {
  const inputs = new Set<Input>();
  const rows = el("div");
  const button = el("button", { type: "button", textContent: "Add an item", label: `Add an item to ${label}` });
  button.addEventListener("click", () => {
    const input = add();
    const remove = el("button", { type: "button", textContent: "Remove", label: `Remove an item of ${label}` });
    const row = el("div", { className: "row" }, el("div", {}, input.element), remove);
    remove.addEventListener("click", () => {
      inputs.delete(input);
      row.remove();
      button.focus();
    });
    inputs.add(input);
    rows.append(row);
    row.querySelector<HTMLElement>("input, select, textarea")?.focus();
  });
  return {
    element: el("fieldset", {}, rows, button),
    values: () => [...inputs].map((input) => input.value()),
  };
}

/** Inputs that one value is entered by; a larger one is entered as text. */
const MOST_INPUTS = 300;

/** How many values lie side by side in a type, counted no further than some number: types can be small and describe much. */
function breadth(type: ValType, most: number): number {
  const parts: readonly (ValType | undefined)[] = type.kind === "record"
    ? type.fields.map((field) => field.type)
    : type.kind === "tuple"
    ? type.types
    : type.kind === "variant"
    ? type.cases.map((one) => one.type)
    : type.kind === "result"
    ? [type.ok, type.err]
    : type.kind === "fixed-list"
    ? [type.element]
    : "element" in type
    ? [type.element]
    : [];
  const times = type.kind === "fixed-list" ? type.length : 1;
  let count = type.kind === "enum" || type.kind === "flags" ? type.names.length : 1;
  for (const part of parts) {
    if (count >= most) break;
    if (part !== undefined) count += times * breadth(part, most - count);
  }
  return count;
}

/** A form for a value. */
export function inputFor(type: ValType, label: string, held: Held): Input {
  if (breadth(type, MOST_INPUTS) >= MOST_INPUTS) {
    const element = el("textarea", { rows: 3, label, placeholder: "a value as in WAVE", spellcheck: false });
    return { element, value: () => parseValue(element.value, type) };
  }
  switch (type.kind) {
    case "bool": {
      const element = el("input", { type: "checkbox" });
      const wrapped = el("label", { className: "check" }, element, label.split(" ").at(-1));
      return { element: wrapped, value: () => element.checked };
    }
    case "u64":
    case "s64":
      return text("0", (typed) => /^-?\d+$/.test(typed.trim()) ? BigInt(typed) : typed, label);
    case "f32":
    case "f64":
      return text("0", (typed) => typed.trim() === "" ? typed : Number(typed), label);
    case "char":
      return text("a", (typed) => typed, label);
    case "string": {
      const element = el("textarea", { rows: 1, label, spellcheck: false });
      return { element, value: () => element.value };
    }
    case "list":
    case "fixed-list": {
      const { element, values } = many(() => inputFor(type.element, label, held), label);
      return { element, value: values };
    }
    case "map": {
      const pair: ValType = { kind: "tuple", types: [type.key, type.value] };
      const { element, values } = many(() => inputFor(pair, label, held), label);
      return { element, value: () => new Map(values() as [unknown, unknown][]) };
    }
    case "record": {
      const fields = type.fields.map(({ name, type }) => ({
        name,
        type,
        input: inputFor(type, `${label} ${name}`, held),
      }));
      const element = el("fieldset", {}, ...fields.map(({ name, type, input }) => named(name, describe(type), input)));
      return { element, value: () => Object.fromEntries(fields.map(({ name, input }) => [name, input.value()])) };
    }
    case "tuple": {
      const parts = type.types.map((part, i) => inputFor(part, `${label} ${i}`, held));
      const element = el("fieldset", {}, ...parts.map((input, i) => named(`${i}`, describe(type.types[i]!), input)));
      return { element, value: () => parts.map((input) => input.value()) };
    }
    case "enum": {
      const { element, index } = choice(type.names, label);
      return { element, value: () => type.names[index()] };
    }
    case "flags": {
      const boxes = type.names.map((name) => ({ name, box: el("input", { type: "checkbox" }) }));
      const element = el(
        "fieldset",
        {},
        ...boxes.map(({ name, box }) => el("label", { className: "check" }, box, name)),
      );
      return { element, value: () => Object.fromEntries(boxes.map(({ name, box }) => [name, box.checked])) };
    }
    case "variant": {
      const { element, chosen } = cases(type.cases, label, held);
      return { element, value: chosen };
    }
    case "option": {
      const all = [{ name: "none", type: undefined }, { name: "some", type: type.element }];
      const { element, chosen } = cases(all, label, held);
      const nested = type.element.kind === "option";
      return { element, value: () => nested ? chosen() : chosen().tag === "some" ? chosen().val : undefined };
    }
    case "result": {
      const { element, chosen } = cases([{ name: "ok", type: type.ok }, { name: "err", type: type.err }], label, held);
      return { element, value: chosen };
    }
    case "own":
    case "borrow": {
      const objects = held(type.resource);
      const { element, index } = choice(objects.length > 0 ? objects.map(({ name }) => name) : ["(none yet)"], label);
      return { element, value: () => objects[index()]?.object };
    }
    case "stream":
    case "future":
    case "error-context":
      return { element: el("span", { className: "type", textContent: "cannot be entered" }), value: () => undefined };
    default:
      return text("0", integer, label);
  }
}

/** A type in a word or two. */
export function describe(type: ValType): string {
  switch (type.kind) {
    case "list":
    case "option":
      return `${type.kind}<${describe(type.element)}>`;
    case "own":
    case "borrow":
      return `${type.kind}<${type.resource.name ?? "resource"}>`;
    default:
      return type.kind;
  }
}

/** Values that a stub makes at once. */
const MOST_VALUES = 100_000;

/** The value that a stub gives: nothing, as far as the type allows. */
export function emptyValue(type: ValType, object: (resource: ResourceType) => unknown): unknown {
  if (breadth(type, MOST_VALUES) >= MOST_VALUES) {
    throw new Error("a value of this type is too large for a stub: script it");
  }
  return empty(type, object);
}

function empty(type: ValType, object: (resource: ResourceType) => unknown): unknown {
  switch (type.kind) {
    case "bool":
      return false;
    case "u64":
    case "s64":
      return 0n;
    case "char":
      return " ";
    case "string":
      return "";
    case "list":
      return [];
    case "map":
      return new Map();
    case "fixed-list":
      return Array.from({ length: type.length }, () => empty(type.element, object));
    case "record":
      return Object.fromEntries(type.fields.map(({ name, type }) => [name, empty(type, object)]));
    case "tuple":
      return type.types.map((part) => empty(part, object));
    case "enum":
      return type.names[0];
    case "flags":
      return {};
    case "variant": {
      const { name, type: payload } = type.cases[0]!;
      return payload === undefined ? { tag: name } : { tag: name, val: empty(payload, object) };
    }
    case "option":
      return type.element.kind === "option" ? { tag: "none" } : undefined;
    case "result":
      return { tag: "ok", val: type.ok && empty(type.ok, object) };
    case "own":
    case "borrow":
      return object(type.resource);
    default:
      return 0;
  }
}
