// S-expressions as `.wast` scripts use them: lists, atoms and byte strings, each with its place in
// the text.

/** One expression. */
export type Expr =
  | { readonly kind: "list"; readonly items: readonly Expr[]; readonly start: number; readonly end: number }
  | { readonly kind: "atom"; readonly text: string; readonly start: number; readonly end: number }
  | { readonly kind: "string"; readonly bytes: Uint8Array; readonly start: number; readonly end: number };

/** A list. */
export type List = Expr & { kind: "list" };

/** The text of an atom; empty for anything else. */
export function atom(expr: Expr | undefined): string {
  return expr?.kind === "atom" ? expr.text : "";
}

/** The atom that a list begins with. */
export function head(expr: Expr | undefined): string {
  return expr?.kind === "list" ? atom(expr.items[0]) : "";
}

/** Says why a command of a script cannot be run here. */
export class Unrunnable extends Error {}

const escapes: Readonly<Record<string, number>> = { n: 10, t: 9, r: 13, '"': 34, "'": 39, "\\": 92 };
const encoder = new TextEncoder();

/** Parses every top-level expression of a script. */
export function parseExprs(text: string): Expr[] {
  let at = 0;

  function fail(what: string): never {
    const line = text.slice(0, at).split("\n").length;
    throw new SyntaxError(`${what} at line ${line}`);
  }

  function skipSpace(): void {
    for (;;) {
      while (at < text.length && /\s/.test(text[at]!)) at++;
      if (text.startsWith(";;", at)) {
        const end = text.indexOf("\n", at);
        at = end < 0 ? text.length : end;
      } else if (text.startsWith("(;", at)) {
        let depth = 0;
        do {
          if (text.startsWith("(;", at)) depth++, at += 2;
          else if (text.startsWith(";)", at)) depth--, at += 2;
          else if (at++ >= text.length) fail("unclosed comment");
        } while (depth > 0);
      } else {
        return;
      }
    }
  }

  function string(start: number): Expr {
    const bytes: number[] = [];
    at++;
    while (text[at] !== '"') {
      if (at >= text.length) fail("unclosed string");
      if (text[at] !== "\\") {
        const char = String.fromCodePoint(text.codePointAt(at)!);
        bytes.push(...encoder.encode(char));
        at += char.length;
        continue;
      }
      at++;
      const known = escapes[text[at]!];
      if (known !== undefined) {
        bytes.push(known);
        at++;
      } else if (text.startsWith("u{", at)) {
        const end = text.indexOf("}", at);
        bytes.push(...encoder.encode(String.fromCodePoint(parseInt(text.slice(at + 2, end).replaceAll("_", ""), 16))));
        at = end + 1;
      } else {
        bytes.push(parseInt(text.slice(at, at + 2), 16));
        at += 2;
      }
    }
    at++;
    return { kind: "string", bytes: Uint8Array.from(bytes), start, end: at };
  }

  function expr(): Expr {
    const start = at;
    if (text[at] === '"') return string(start);
    if (text[at] !== "(") {
      while (at < text.length && !/[\s()";]/.test(text[at]!)) at++;
      if (at === start) fail(`unexpected ${text[at]}`);
      return { kind: "atom", text: text.slice(start, at), start, end: at };
    }
    at++;
    const items: Expr[] = [];
    for (;;) {
      skipSpace();
      if (at >= text.length) fail("unclosed list");
      if (text[at] === ")") break;
      items.push(expr());
    }
    at++;
    return { kind: "list", items, start, end: at };
  }

  const exprs: Expr[] = [];
  for (skipSpace(); at < text.length; skipSpace()) exprs.push(expr());
  return exprs;
}
