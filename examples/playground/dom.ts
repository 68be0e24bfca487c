/// <reference lib="dom" />

// Elements in one expression.

type Child = Node | string | undefined;

/**
 * Properties of an element; `label` is what assistive technology calls it, `attrs` are attributes
 * that no property sets.
 */
export type Properties<K extends keyof HTMLElementTagNameMap> = Partial<HTMLElementTagNameMap[K]> & {
  readonly label?: string;
  readonly attrs?: Readonly<Record<string, string>>;
};

/** An element with properties and children. */
export function el<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  properties: Properties<K> = {},
  ...children: Child[]
): HTMLElementTagNameMap[K] {
  const { label, attrs = {}, ...own } = properties;
  const made = Object.assign(document.createElement(tag), own);
  if (label !== undefined) made.setAttribute("aria-label", label);
  for (const [name, value] of Object.entries(attrs)) made.setAttribute(name, value);
  made.append(...children.filter((child) => child !== undefined));
  return made;
}

/** An element of the page. */
export function byId<T extends HTMLElement = HTMLElement>(id: string): T {
  const found = document.getElementById(id);
  if (found === null) throw new Error(`the page has no element #${id}`);
  return found as T;
}

/** A button that does something. */
export function button(textContent: string, action: () => void, properties: Properties<"button"> = {}): HTMLElement {
  const made = el("button", { type: "button", textContent, ...properties });
  made.addEventListener("click", action);
  return made;
}

/** A field for text of any length, which grows with it. */
export function textField(value: string, properties: Properties<"textarea"> = {}): HTMLTextAreaElement {
  const made = el("textarea", { value, rows: 1, spellcheck: false, ...properties });
  made.setAttribute("autocapitalize", "off");
  // The style sheet lets it grow; where an engine cannot do that, its height follows what is in it.
  if (CSS.supports("field-sizing", "content")) return made;
  const grow = (): void => {
    made.style.height = "auto";
    if (made.scrollHeight > 0) made.style.height = `${made.scrollHeight + 2}px`;
  };
  made.addEventListener("input", grow);
  requestAnimationFrame(grow);
  return made;
}

/** Lets Enter in a text field send the form; Shift and Enter break the line. */
export function sendOnEnter(form: HTMLFormElement): void {
  form.addEventListener("keydown", (event) => {
    const { target } = event;
    // While a character is being composed, Enter confirms it.
    if (event.key !== "Enter" || event.shiftKey || event.isComposing || !(target instanceof HTMLTextAreaElement)) {
      return;
    }
    if (target.dataset.lines === "many" && !(event.ctrlKey || event.metaKey)) return;
    event.preventDefault();
    form.requestSubmit();
  });
}

/** An error in a line. */
export function errorText(error: unknown): string {
  return error instanceof Error ? `${error.name}: ${error.message}` : String(error);
}

/** A size in bytes for people. */
export function sizeText(bytes: number): string {
  if (bytes < 1000) return bytes === 1 ? "1 byte" : `${bytes} bytes`;
  return bytes < 1e6 ? `${(bytes / 1000).toFixed(1)} KB` : `${(bytes / 1e6).toFixed(1)} MB`;
}

/** A time for people. */
export function timeText(ms: number): string {
  if (ms < 1) return `${(ms * 1000).toFixed(0)} µs`;
  return ms < 1000 ? `${ms.toFixed(1)} ms` : `${(ms / 1000).toFixed(2)} s`;
}
