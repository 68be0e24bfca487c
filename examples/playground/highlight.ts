/// <reference lib="dom" />

// WIT and TypeScript in colour: comments, texts, keywords. What is not known stays as it is.

import { el } from "./dom.ts";

const keywords: Readonly<Record<"wit" | "typescript", string>> = {
  wit: "package world interface import export use include type resource record variant enum flags func static " +
    "constructor async own borrow",
  typescript:
    "import export from type interface namespace const readonly static constructor new class extends declare " +
    "typeof keyof as unique symbol",
};
const types: Readonly<Record<"wit" | "typescript", string>> = {
  wit:
    "bool u8 u16 u32 u64 s8 s16 s32 s64 f32 f64 char string list option result tuple map stream future error-context",
  typescript:
    "string number boolean bigint void undefined null unknown never any object Promise Iterable Map Uint8Array",
};

/** Text in a language, as nodes. */
export function highlight(text: string, language: "wit" | "typescript"): Node[] {
  const words = new Map<string, string>();
  for (const word of keywords[language].split(" ")) words.set(word, "keyword");
  for (const word of types[language].split(" ")) words.set(word, "builtin");
  const nodes: Node[] = [];
  let plain = "";
  const flush = (): void => {
    if (plain !== "") nodes.push(document.createTextNode(plain));
    plain = "";
  };
  for (const [token] of text.matchAll(/\/\/[^\n]*|\/\*[^]*?\*\/|"(?:[^"\\\n]|\\.)*"|[\w$%@-]+|[^]/g)) {
    const className = /^\/[/*]/.test(token) ? "comment" : token.startsWith('"') ? "text" : words.get(token);
    if (className === undefined) {
      plain += token;
      continue;
    }
    flush();
    nodes.push(el("span", { className: `hl-${className}`, textContent: token }));
  }
  flush();
  return nodes;
}
