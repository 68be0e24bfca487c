/// <reference lib="dom" />

// The exports of a component as forms: one for each function, those of a resource together, as a
// class.

import type { ExternItem, Future, ResourceType, ValType } from "@windlass/component";
import { ComponentError } from "@windlass/component";
import { ExitError } from "@windlass/component/wasi";
import { commandForm, isCommand } from "./command.ts";
import { type CallForm, formOf, Outcome } from "./call_form.ts";
import { button, el, errorText } from "./dom.ts";
import { handlerForm, isHandler } from "./http.ts";
import { describe, field, type Input, inputFor } from "./inputs.ts";
import type { Session } from "./session.ts";
import { spell, type Spelt } from "./spelling.ts";
import { memberNames, pascalCase } from "../../host/names.ts";
import { valueText } from "./values.ts";

/** What a call gave, as a person wants to read it: a text with several lines as it is. */
function resultText(value: unknown, session: Session): string {
  return typeof value === "string" && value.includes("\n") ? value : valueText(value, session.objects.nameOf);
}

/** Reads a stream or future to its end: what it gives is shown. */
async function whole(value: unknown, type: ValType | undefined): Promise<unknown> {
  if (type?.kind === "future") return await (value as Future<unknown>).read();
  if (type?.kind !== "stream") return value;
  const items: unknown[] = [], reader = (value as ReadableStream).getReader();
  for (let next = await reader.read(); !next.done; next = await reader.read()) {
    if (ArrayBuffer.isView(next.value)) items.push(...next.value as unknown as Iterable<unknown>);
    else items.push(next.value);
  }
  return items;
}

function functionForm(spelt: Spelt, owner: () => unknown, session: Session): CallForm {
  const { title, type } = spelt, { objects, calls } = session;
  // A method's object stands before the dot; in the form it is the first input.
  const names = memberNames(type.params.map(({ name }) => name)).map((name, i) =>
    i === 0 && spelt.kind === "method" ? "this" : name
  );
  const signature = names.filter((name) => name !== "this").join(", ");
  const fields = el("div", { className: "fields" }), outcome = new Outcome();
  let inputs: Input[] = [];
  const fill = (values: readonly unknown[]): void => {
    inputs = type.params.map((param, i) => inputFor(param.type, `${title} ${names[i]}`, objects, values[i]));
    fields.replaceChildren(...inputs.map((input, i) => field(names[i]!, type.params[i]!.type, input)));
  };
  const values = (): unknown[] =>
    inputs.map((input) => {
      try {
        return input.value();
      } catch {
        return undefined; // what was entered is no value: the next instance begins without it
      }
    });
  fill([]);
  const textOf = (args: readonly unknown[]): string => {
    const texts = args.map((arg) => valueText(arg, objects.nameOf));
    if (spelt.kind !== "method") return `${title}(${texts.join(", ")})`;
    const dot = title.search(/[.[]/);
    return `${texts[0] ?? title.slice(0, dot)}${title.slice(dot)}(${texts.slice(1).join(", ")})`;
  };
  const call = async (): Promise<void> => {
    outcome.clear();
    let args: unknown[] = [];
    try {
      args = inputs.map((input) => input.value());
    } catch (error) {
      outcome.show(errorText(error), true);
      return;
    }
    const entry = calls.call(textOf(args));
    try {
      const { result } = type, given = result?.kind === "result" ? result.ok : result;
      const value = await session.call(async () => await whole(await spelt.call(owner(), args), given));
      objects.give(args, type.params.map((param) => param.type));
      if (given !== undefined) objects.keep(value, given, title);
      entry.returned(given === undefined ? "" : valueText(value, objects.nameOf));
      outcome.show(given === undefined ? "done" : `${resultText(value, session)}`, false);
    } catch (error) {
      const text = error instanceof ComponentError && type.result?.kind === "result"
        ? `throws a ComponentError with payload ${valueText(error.payload, objects.nameOf)}`
        : error instanceof ExitError
        ? `exits with code ${error.exitCode}`
        : errorText(error);
      entry.threw(text);
      outcome.show(text, true);
      if (session.locked) outcome.offer("Instantiate again", session.again);
    }
  };
  const heading = el(
    "h4",
    {},
    el("span", { className: "title", textContent: title }),
    `(${signature})`,
    el("span", {
      className: "type",
      textContent: type.result === undefined || spelt.kind === "constructor" ? "" : ` → ${describe(type.result)}`,
    }),
  );
  const { form, send } = formOf(title, "Call", call, heading, fields);
  form.append(outcome.element);
  return { element: el("div", { className: "item" }, form), title, fill, values, send };
}

/** The objects of a class that the page holds, each with a button that drops it. */
function heldObjects(resource: ResourceType, session: Session): HTMLElement {
  const list = el("ul", { className: "chips" });
  const fill = (): void =>
    list.replaceChildren(
      ...session.objects.of(resource).map((held) => {
        const drop = (): void => {
          const entry = session.calls.call(`${held.name}[Symbol.dispose]()`);
          session.call(() => session.objects.drop(held)).then(
            () => entry.returned(""),
            (error) => entry.threw(errorText(error)),
          );
        };
        return el("li", {}, held.name, button("Drop", drop, { className: "small", label: `Drop ${held.name}` }));
      }),
    );
  session.objects.onChange(fill);
  fill();
  return list;
}

/** What one interface exports, or the root. */
function members(items: readonly ExternItem[], isRoot: boolean, owner: () => unknown, session: Session): {
  element: HTMLElement[];
  forms: CallForm[];
} {
  const spelt = spell(items, isRoot);
  const forms = new Map(spelt.map((one) => [one, functionForm(one, owner, session)]));
  const plain = spelt.filter((one) => one.resource === undefined).map((one) => forms.get(one)!.element);
  const classes = items.flatMap(({ name, type }) => {
    if (type.kind !== "type" || type.type.kind !== "resource") return [];
    const order = ["constructor", "static", "method"];
    const own = spelt.filter((one) => one.resource === name)
      .sort((left, right) => order.indexOf(left.kind) - order.indexOf(right.kind));
    const head = el(
      "h4",
      { className: "class" },
      el("span", { className: "hl-keyword", textContent: "class " }),
      pascalCase(name),
    );
    return el(
      "div",
      { className: "class-members" },
      head,
      heldObjects(type.type, session),
      ...own.map((one) => forms.get(one)!.element),
    );
  });
  return { element: [...plain, ...classes], forms: [...forms.values()] };
}

/** Fills a list with forms for the component's exports. */
export function listExports(list: HTMLElement, session: Session): CallForm[] {
  const { component } = session, all: CallForm[] = [];
  const sections = component.exports.flatMap((item): HTMLElement[] => {
    if (item.type.kind === "func") return [];
    if (item.type.kind !== "instance") {
      return item.type.kind === "type"
        ? []
        : [el("p", { className: "hint", textContent: `${item.name}: a ${item.type.kind}` })];
    }
    const { exports } = item.type;
    const special = isHandler(item.name)
      ? handlerForm(session)
      : isCommand(item.name)
      ? commandForm(session)
      : undefined;
    const { element, forms } = special === undefined
      ? members(exports, false, () => session.exports[item.name], session)
      : { element: [special.element], forms: [special] };
    all.push(...forms);
    if (element.length === 0) element.push(el("p", { className: "hint", textContent: "Types only." }));
    return [
      el("section", { className: "interface", label: item.name }, el("h3", { textContent: item.name }), ...element),
    ];
  });
  const root = members(
    component.exports.filter(({ type }) => type.kind !== "instance"),
    true,
    () => session.exports,
    session,
  );
  all.push(...root.forms);
  const none = el("p", { className: "empty", textContent: "It exports nothing that could be called." });
  list.replaceChildren(...root.element, ...sections, ...root.element.length + sections.length === 0 ? [none] : []);
  return all;
}
