/// <reference lib="dom" />

// An input for each type: an element, and the value that was entered. What is entered wrongly is a
// ValueError of the call, in the
// library's words. An input begins with a value if there is one.

import type { ResourceType, ValType } from "@windlass/component";
import { parseValue } from "../../host/cli/wave.ts";
import { memberNames } from "../../host/names.ts";
import { bytesInput, numbersInput } from "./bytes_input.ts";
import { button, el, textField } from "./dom.ts";
import { float, integer, long } from "./numbers.ts";
import { Named, type Objects } from "./objects.ts";
import { breadth } from "./stubs.ts";

/** A part of a form. */
export interface Input {
  readonly element: HTMLElement;
  value(): unknown;
}

function line(initial: unknown, otherwise: string, read: (text: string) => unknown, label: string, isNumber: boolean) {
  const element = el("input", { type: "text", value: initial === undefined ? otherwise : String(initial), label });
  element.spellcheck = false;
  element.autocomplete = "off";
  if (isNumber) element.inputMode = "decimal";
  return { element, value: () => read(element.value) };
}

function choice(names: readonly string[], chosen: string | undefined, label: string) {
  const element = el("select", { label }, ...names.map((name) => el("option", { textContent: name })));
  if (chosen !== undefined && names.includes(chosen)) element.selectedIndex = names.indexOf(chosen);
  return { element, index: () => element.selectedIndex };
}

/** A name, its type, and its input. */
export function field(name: string, type: ValType | undefined, input: { readonly element: HTMLElement }): HTMLElement {
  return el(
    "div",
    { className: "field" },
    el(
      "div",
      { className: "label" },
      el("span", { className: "name", textContent: name }),
      el("span", { className: "type", textContent: type === undefined ? "" : describe(type) }),
    ),
    input.element,
  );
}

/** One of several, each with or without a payload. */
function cases(
  all: readonly { readonly name: string; readonly type: ValType | undefined }[],
  label: string,
  objects: Objects,
  initial: { readonly tag: string; readonly val?: unknown } | undefined,
): { element: HTMLElement; chosen(): { tag: string; val: unknown } } {
  const { element, index } = choice(all.map(({ name }) => name), initial?.tag, label);
  const payload = el("div", { className: "payload" });
  let inner: Input | undefined;
  const choose = (val?: unknown): void => {
    const { type, name } = all[index()]!;
    inner = type && inputFor(type, `${label} ${name}`, objects, val);
    payload.replaceChildren(...inner ? [inner.element] : []);
  };
  element.addEventListener("change", () => choose());
  choose(initial?.val);
  return {
    element: el("div", { className: "group" }, element, payload),
    chosen: () => ({ tag: all[index()]!.name, val: inner?.value() }),
  };
}

function many(add: (initial?: unknown) => Input, label: string, initial: Iterable<unknown>) {
  const inputs = new Set<Input>(), rows = el("div", { className: "rows" });
  const addRow = (value?: unknown): HTMLElement => {
    const input = add(value);
    const remove = button("Remove", () => {
      inputs.delete(input);
      row.remove();
      more.focus();
    }, { className: "small", label: `Remove an item of ${label}` });
    const row = el("div", { className: "row" }, el("div", {}, input.element), remove);
    inputs.add(input);
    rows.append(row);
    return row;
  };
  const more = button("Add an item", () => {
    addRow().querySelector<HTMLElement>("input, select, textarea, button")?.focus();
  }, { className: "small", label: `Add an item to ${label}` });
  for (const value of initial) addRow(value);
  return {
    element: el("div", { className: "group" }, rows, more),
    values: () => [...inputs].map((input) => input.value()),
  };
}

/** Inputs that one value is entered by; a larger one is entered as text. */
const MOST_INPUTS = 300;

/** An input for a value. */
export function inputFor(type: ValType, label: string, objects: Objects, initial?: unknown): Input {
  if (breadth(type, MOST_INPUTS) >= MOST_INPUTS) {
    const element = textField("", { rows: 3, label, placeholder: "a value as in WAVE" });
    return { element, value: () => parseValue(element.value, type) };
  }
  // deno-lint-ignore no-explicit-any
  const given = initial as any;
  switch (type.kind) {
    case "bool": {
      const element = el("input", { type: "checkbox", checked: given === true, label });
      const wrapped = el("label", { className: "check" }, element, "true");
      return { element: wrapped, value: () => element.checked };
    }
    case "u64":
    case "s64":
      return line(given, "0", long, label, true);
    case "f32":
    case "f64":
      return line(given, "0", float, label, true);
    case "char":
      return line(given, "a", (typed) => typed, label, false);
    case "string": {
      const element = textField(given ?? "", { label });
      // A long text gets a row of its own.
      element.classList.toggle("long", element.value.length > 24);
      return { element, value: () => element.value };
    }
    case "list":
    case "fixed-list": {
      if (type.kind === "list" && type.element.kind === "u8") return bytesInput(label, objects, given);
      const numbers = numbersInput(type.element, label, given);
      if (numbers !== undefined) return numbers;
      const add = (value?: unknown) => inputFor(type.element, label, objects, value);
      const { element, values } = many(
        add,
        label,
        given ?? Array(type.kind === "fixed-list" ? type.length : 0).fill(undefined),
      );
      return { element, value: values };
    }
    case "map": {
      const pair: ValType = { kind: "tuple", types: [type.key, type.value] };
      const add = (value?: unknown) => inputFor(pair, label, objects, value);
      const { element, values } = many(add, label, given ?? []);
      return { element, value: () => new Map(values() as [unknown, unknown][]) };
    }
    case "record": {
      const keys = memberNames(type.fields.map(({ name }) => name));
      const inputs = type.fields.map(({ name, type }, i) =>
        inputFor(type, `${label} ${name}`, objects, given?.[keys[i]!])
      );
      const fields = type.fields.map(({ type }, i) => field(keys[i]!, type, inputs[i]!));
      return {
        element: el("div", { className: "group" }, ...fields),
        value: () => Object.fromEntries(keys.map((key, i) => [key, inputs[i]!.value()])),
      };
    }
    case "tuple": {
      const parts = type.types.map((part, i) => inputFor(part, `${label} ${i}`, objects, given?.[i]));
      const fields = parts.map((input, i) => field(`${i}`, type.types[i]!, input));
      return {
        element: el("div", { className: "group" }, ...fields),
        value: () => parts.map((input) => input.value()),
      };
    }
    case "enum": {
      const { element, index } = choice(type.names, given, label);
      return { element, value: () => type.names[index()] };
    }
    case "flags": {
      const keys = memberNames(type.names);
      const boxes = keys.map((key) => el("input", { type: "checkbox", checked: given?.[key] === true }));
      const labels = boxes.map((box, i) => el("label", { className: "check" }, box, keys[i]!));
      return {
        element: el("div", { className: "group checks", label, attrs: { role: "group" } }, ...labels),
        value: () => Object.fromEntries(keys.map((key, i) => [key, boxes[i]!.checked])),
      };
    }
    case "variant": {
      const { element, chosen } = cases(type.cases, label, objects, given);
      return { element, value: chosen };
    }
    case "option": {
      const all = [{ name: "none", type: undefined }, { name: "some", type: type.element }];
      const nested = type.element.kind === "option";
      const some = nested || given === undefined ? given : { tag: "some", val: given };
      const { element, chosen } = cases(all, label, objects, some);
      return { element, value: () => nested ? chosen() : chosen().tag === "some" ? chosen().val : undefined };
    }
    case "result": {
      const all = [{ name: "ok", type: type.ok }, { name: "err", type: type.err }];
      const { element, chosen } = cases(all, label, objects, given);
      return { element, value: chosen };
    }
    case "own":
    case "borrow":
      return objectInput(type.resource, label, objects, given);
    case "stream": {
      // All elements at once: the component reads them when it likes.
      const all = inputFor({ kind: "list", element: type.element ?? unit }, label, objects, given);
      return { element: all.element, value: () => type.element?.kind === "u8" ? [all.value()] : all.value() };
    }
    case "future": {
      const settled = inputFor(type.element ?? unit, label, objects, given);
      return { element: settled.element, value: () => Promise.resolve(settled.value()) };
    }
    case "error-context": {
      const message = inputFor({ kind: "string" }, label, objects, given);
      return { element: message.element, value: () => new Error(message.value() as string) };
    }
    default:
      return line(given, "0", integer, label, true);
  }
}

/** A type of one value. */
const unit: ValType = { kind: "tuple", types: [] };

/** One of the objects that the page holds; the latest, unless another was chosen. */
function objectInput(resource: ResourceType, label: string, objects: Objects, initial: unknown): Input {
  const element = el("select", { label });
  let held = objects.of(resource);
  const fill = (name: string | undefined): void => {
    held = objects.of(resource);
    const none = el("option", { textContent: `no ${resource.name ?? "object"} yet` });
    element.replaceChildren(...held.length > 0 ? held.map(({ name }) => el("option", { textContent: name })) : [none]);
    const index = held.findIndex((one) => one.name === name);
    element.selectedIndex = index < 0 ? Math.max(0, held.length - 1) : index;
  };
  fill(initial instanceof Named ? initial.name : undefined);
  objects.onChange(() => {
    const chosen = held[element.selectedIndex]?.name;
    const before = held.length;
    fill(objects.of(resource).length > before ? undefined : chosen);
  });
  return { element, value: () => held[element.selectedIndex]?.object };
}

/** A type in a word or two. */
export function describe(type: ValType): string {
  switch (type.kind) {
    case "list":
    case "option":
      return `${type.kind}<${describe(type.element)}>`;
    case "tuple":
      return `tuple<${type.types.map(describe).join(", ")}>`;
    case "map":
      return `map<${describe(type.key)}, ${describe(type.value)}>`;
    case "result":
      if (type.ok === undefined && type.err === undefined) return "result";
      return `result<${[type.ok, type.err].map((part) => part === undefined ? "_" : describe(part)).join(", ")}>`;
    case "own":
      return type.resource.name ?? "resource";
    case "borrow":
      return `borrow<${type.resource.name ?? "resource"}>`;
    default:
      return type.kind;
  }
}
