/// <reference lib="dom" />

// The list of calls as it grows: what went in, what the guest asked of the host and wrote
// meanwhile, what came out, how long it took.
// As a console has it: the oldest first, and what a call did on the way inside it.

import { el, timeText } from "./dom.ts";

/** Calls that are kept, and what is kept of one call. */
const MOST = 200, MOST_INSIDE = 300;
/** Characters of output that are kept in one piece. */
const LONGEST_OUTPUT = 100_000;

/** A call that is under way. */
export interface Entry {
  /** It came to an end with a value in text. */
  returned(text: string): void;
  /** It threw; what is thrown by a guest's own `err` is no breakdown. */
  threw(text: string): void;
}

/** The list in the page. */
export class Calls {
  readonly #list: HTMLElement;
  /** The call of the page's that is under way, or was the last. */
  #current: { readonly inside: HTMLElement; count: number } | undefined;
  #output: { readonly stream: string; readonly element: HTMLElement; length: number } | undefined;

  constructor(list: HTMLElement) {
    this.#list = list;
  }

  clear(): void {
    this.#list.replaceChildren();
    this.#current = this.#output = undefined;
  }

  /** Adds an element; stays at the end if that is what is seen. */
  #add(to: HTMLElement, element: HTMLElement): void {
    this.#following(() => to.append(element));
    while (this.#list.children.length > MOST) this.#list.firstElementChild!.remove();
  }

  #following(change: () => void): void {
    const list = this.#list, atEnd = list.scrollHeight - list.scrollTop - list.clientHeight < 24;
    change();
    if (atEnd) list.scrollTop = list.scrollHeight;
  }

  #entry(to: HTMLElement, className: string, call: string, inside?: HTMLElement): Entry {
    const time = el("span", { className: "ms", textContent: "…" }), started = performance.now();
    const head = el("div", { className: "head" }, el("span", { className: "what", textContent: call }), time);
    const item = el("li", { className }, head, inside);
    this.#add(to, item);
    const end = (kind: string, text: string): void =>
      this.#following(() => {
        time.textContent = timeText(performance.now() - started);
        if (text !== "") item.append(el("div", { className: `value ${kind}`, textContent: text }));
        this.#output = undefined;
      });
    return {
      returned: (text) => end("out", text === "" ? "" : `→ ${text}`),
      threw: (text) => end("bad", text),
    };
  }

  /** A call of the page's: what happens until the next belongs to it. */
  call(text: string): Entry {
    const inside = el("ol", { className: "inside" });
    const entry = this.#entry(this.#list, "export", text, inside);
    this.#current = { inside, count: 0 };
    this.#output = undefined;
    return entry;
  }

  /** Where what happens now belongs; nowhere if that is too much. */
  #place(): HTMLElement | undefined {
    if (this.#current === undefined) return this.#list;
    const { inside } = this.#current, count = ++this.#current.count;
    if (count < MOST_INSIDE) return inside;
    if (count > MOST_INSIDE) inside.lastElementChild!.textContent = `… ${count - MOST_INSIDE + 1} more`;
    else this.#add(inside, el("li", { className: "ms", textContent: "… 1 more" }));
    return undefined;
  }

  /** A call of the guest's. */
  imported(text: string): Entry {
    this.#output = undefined;
    const place = this.#place();
    return place === undefined ? { returned() {}, threw() {} } : this.#entry(place, "import", text);
  }

  /** What a program wrote: pieces of one stream that follow each other are one text. */
  output(stream: string, text: string): void {
    if (text === "") return;
    if (this.#output?.stream !== stream) {
      const place = this.#place();
      if (place === undefined) return;
      const element = el("pre", { className: stream });
      this.#add(place, el("li", { className: "output", label: stream }, element));
      this.#output = { stream, element, length: 0 };
    }
    const output = this.#output;
    if (output.length >= LONGEST_OUTPUT) return;
    output.length += text.length;
    const cut = output.length > LONGEST_OUTPUT ? `${text.slice(0, LONGEST_OUTPUT - output.length)}\n… and more` : text;
    this.#following(() => output.element.append(cut));
  }
}
