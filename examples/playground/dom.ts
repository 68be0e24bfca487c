/// <reference lib="dom" />

// Elements in one expression.

type Child = Node | string | undefined;

/** An element with properties and children. */
export function el<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  properties: Partial<HTMLElementTagNameMap[K]> & { readonly label?: string } = {},
  ...children: Child[]
): HTMLElementTagNameMap[K] {
  const { label, ...own } = properties;
  const made = Object.assign(document.createElement(tag), own);
  if (label !== undefined) made.setAttribute("aria-label", label);
  made.append(...children.filter((child) => child !== undefined));
  return made;
}
