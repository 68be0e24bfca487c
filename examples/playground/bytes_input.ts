/// <reference lib="dom" />

// Inputs for lists of numbers: bytes as text, in hexadecimal, from a file, or what a call gave;
// other numbers in a line.

import type { ValType } from "@windlass/component";
import { button, el, sizeText, textField } from "./dom.ts";
import type { Input } from "./inputs.ts";
import { float, long } from "./numbers.ts";
import { type HeldBytes, Named, type Objects } from "./objects.ts";

/** Bytes that are shown as text or in hexadecimal. */
const MOST_TYPED = 10_000;

/**
 * Bytes in hexadecimal, with whatever between them; anything else is given on as text, which the
 * library refuses.
 */
function fromHex(text: string): unknown {
  const digits = text.replaceAll(/[\s,]|0x/g, "");
  if (!/^(?:[0-9a-f]{2})*$/i.test(digits)) return text;
  return Uint8Array.from(digits.match(/../g) ?? [], (pair) => parseInt(pair, 16));
}

/** Text if all of it can be typed. */
function asText(bytes: Uint8Array): string | undefined {
  try {
    const text = new TextDecoder("utf-8", { fatal: true }).decode(bytes);
    // deno-lint-ignore no-control-regex
    return /[\u0000-\u0008\u000b-\u001f\u007f]/.test(text) ? undefined : text;
  } catch {
    return undefined;
  }
}

/** An input for `list<u8>`. */
export function bytesInput(label: string, objects: Objects, initial: unknown): Input {
  const bytes = typeof initial === "string"
    ? new TextEncoder().encode(initial)
    : initial instanceof Uint8Array
    ? initial
    : undefined;
  // What is too much to be typed is kept as it is.
  let file: HeldBytes | undefined = bytes !== undefined && bytes.length > MOST_TYPED
    ? { name: "bytes", bytes }
    : undefined;
  const text = bytes === undefined || file !== undefined ? "" : asText(bytes);
  const hex = bytes === undefined || file !== undefined
    ? ""
    : Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join(" ");
  const area = textField(text ?? hex, { label });
  const kind = el("select", { label: `What ${label} is made of` });
  const chooser = el("input", { type: "file", className: "hidden", tabIndex: -1, label: `A file for ${label}` });
  const fromFile = button("File…", () => chooser.click(), { className: "small" });
  let held: readonly HeldBytes[] = [];
  const fill = (chosen: number): void => {
    held = [...file === undefined ? [] : [file], ...objects.bytes];
    const names = held.map(({ name, bytes }) => `${name} (${sizeText(bytes.length)})`);
    kind.replaceChildren(...["text", "hexadecimal", ...names].map((name) => el("option", { textContent: name })));
    kind.selectedIndex = chosen;
    area.hidden = chosen > 1;
  };
  const named = initial instanceof Named ? objects.bytes.findIndex(({ name }) => name === initial.name) : -1;
  fill(file !== undefined ? 2 : named >= 0 ? named + 2 : text === undefined ? 1 : 0);
  kind.addEventListener("change", () => area.hidden = kind.selectedIndex > 1);
  chooser.addEventListener("change", async () => {
    const [picked] = chooser.files ?? [];
    if (picked === undefined) return;
    file = { name: picked.name, bytes: new Uint8Array(await picked.arrayBuffer()) };
    fill(2);
  });
  objects.onChange(() => {
    const chosen = held[kind.selectedIndex - 2];
    fill(Math.min(kind.selectedIndex, 1));
    const index = chosen === undefined ? -1 : held.indexOf(chosen);
    if (index >= 0) fill(index + 2);
  });
  return {
    element: el("div", { className: "group" }, el("div", { className: "row" }, kind, fromFile, chooser), area),
    value() {
      if (kind.selectedIndex > 1) return held[kind.selectedIndex - 2]!.bytes;
      return kind.selectedIndex === 1 ? fromHex(area.value) : new TextEncoder().encode(area.value);
    },
  };
}

const numeric: ReadonlySet<string> = new Set(["s8", "u16", "s16", "u32", "s32", "u64", "s64", "f32", "f64", "u8"]);

/** An input for numbers in a line, with commas or spaces between them. */
export function numbersInput(
  element: ValType,
  label: string,
  initial: Iterable<unknown> | undefined,
): Input | undefined {
  if (!numeric.has(element.kind)) return undefined;
  const area = textField([...initial ?? []].join(", "), { label, placeholder: "1, 2, 3" });
  const read = element.kind === "u64" || element.kind === "s64" ? long : float;
  return {
    element: area,
    value: () => area.value.split(/[\s,]+/).filter((part) => part !== "").map(read),
  };
}
