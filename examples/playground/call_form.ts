/// <reference lib="dom" />

// What all forms that call something have: a button, Enter in every field, and a place for what the
// last call came to.

import { button, el, sendOnEnter } from "./dom.ts";

/** A form that calls something. */
export interface CallForm {
  readonly element: HTMLElement;
  /** What is called, as the list of calls names it. */
  readonly title: string;
  /** Puts values into the inputs. */
  fill(values: readonly unknown[]): void;
  /** What the inputs hold, for the form of another instance. */
  values(): readonly unknown[];
  /** Calls, and waits for the end. */
  send(): Promise<void>;
}

/** Where a form shows what its last call came to. */
export class Outcome {
  readonly element: HTMLElement = el("div", { className: "outcome" });

  clear(): void {
    this.element.replaceChildren();
  }

  show(text: string, isBad: boolean): void {
    this.element.replaceChildren(el("pre", { className: isBad ? "bad" : "out", textContent: text }));
  }

  /** Offers a way out. */
  offer(text: string, action: () => void): void {
    this.element.append(button(text, action, { className: "small" }));
  }
}

/** A form whose button calls; a second call waits for the first to end. */
export function formOf(
  title: string,
  action: string,
  send: () => Promise<void>,
  ...parts: HTMLElement[]
): { readonly form: HTMLFormElement; readonly send: () => Promise<void> } {
  const call = el("button", { className: "call", type: "submit", textContent: action, label: `${action} ${title}` });
  const form = el("form", {}, ...parts, el("div", { className: "actions" }, call));
  let under: Promise<void> | undefined;
  const once = (): Promise<void> => {
    call.setAttribute("aria-disabled", "true");
    return under ??= send().finally(() => {
      under = undefined;
      call.removeAttribute("aria-disabled");
    });
  };
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    once();
  });
  sendOnEnter(form);
  return { form, send: once };
}
