/// <reference lib="dom" />

// The component's world in two languages: tabs for WIT and TypeScript, each to be copied.

import type { Component } from "@windlass/component";
import { byId, el } from "./dom.ts";
import { highlight } from "./highlight.ts";

/** A language, its tab, and its text of a component. */
const languages = [
  { id: "wit", text: (component: Component) => component.wit() },
  { id: "typescript", text: (component: Component) => component.typescript() },
] as const;

/**
 * Characters that are coloured: a larger text is shown plainly, since each word becomes an element.
 */
const MOST_COLOURED = 200_000;

/** The tabs of the page and what they show. */
export class World {
  #component: Component | undefined;
  #shown = 0;
  readonly #panel = byId("world-text");

  constructor() {
    languages.forEach(({ id }, i) => byId(`tab-${id}`).addEventListener("click", () => this.#show(i)));
    byId("tabs").addEventListener("keydown", (event) => {
      const last = languages.length - 1;
      const moves: Readonly<Record<string, number>> = {
        ArrowLeft: this.#shown === 0 ? last : this.#shown - 1,
        ArrowRight: this.#shown === last ? 0 : this.#shown + 1,
        Home: 0,
        End: last,
      };
      const to = moves[event.key];
      if (to === undefined) return;
      event.preventDefault();
      this.#show(to);
      byId(`tab-${languages[to]!.id}`).focus();
    });
    byId("copy").addEventListener("click", () => this.#copy());
  }

  /** Shows a component's world. */
  open(component: Component): void {
    this.#component = component;
    this.#show(this.#shown);
  }

  #text(): string {
    const { text } = languages[this.#shown]!;
    try {
      return this.#component === undefined ? "" : text(this.#component);
    } catch (error) {
      return `// ${error instanceof Error ? error.message : error}`; // a world can be too large to be printed
    }
  }

  #show(index: number): void {
    this.#shown = index;
    languages.forEach(({ id }, i) => {
      const tab = byId(`tab-${id}`);
      tab.setAttribute("aria-selected", String(i === index));
      tab.tabIndex = i === index ? 0 : -1;
    });
    const { id } = languages[index]!, text = this.#text();
    this.#panel.setAttribute("aria-labelledby", `tab-${id}`);
    this.#panel.replaceChildren(
      el("code", {}, ...text.length > MOST_COLOURED ? [text] : highlight(text, id)),
    );
    this.#panel.scrollTop = 0;
  }

  async #copy(): Promise<void> {
    const copy = byId("copy");
    try {
      await navigator.clipboard.writeText(this.#text());
      copy.textContent = "Copied";
    } catch {
      // Without permission, or on a page that is not secure: what is selected can still be copied
      // by hand.
      getSelection()?.selectAllChildren(this.#panel);
      copy.textContent = "Selected: copy it";
    }
    setTimeout(() => copy.textContent = "Copy", 2000);
  }
}
