// Comments of WIT as text → JSON as a section `package-docs` has it, which no encoder for
// JavaScript writes. The text was encoded before, so that it is valid: this finds names and comments
// only, and whatever it does not understand has none.
// Grammar: WIT.md of the component model. Format: host/print/package_docs.ts.

/** What a comment is about. */
interface Entry {
  docs?: string;
  items?: Record<string, string>;
}
interface Interface {
  docs?: string;
  funcs: Record<string, Entry>;
  types: Record<string, Entry>;
}
interface World extends Interface {
  interfaces: Record<string, Interface>;
  interface_exports: Record<string, Interface>;
  func_exports: Record<string, Entry>;
}
/** The comments of a package. */
export interface PackageComments {
  docs?: string;
  worlds: Record<string, World>;
  interfaces: Record<string, Interface>;
}

const TOKEN = /\/\/\/[^\n]*|\/\*\*(?!\/)[^]*?\*\/|\/\/[^\n]*|\/\*[^]*?\*\/|"[^"]*"|%?[A-Za-z][\w-]*|->|\S/g;

/** An object without names of its own: `constructor` is a function's name like others. */
const names = <T>(): Record<string, T> => Object.create(null);
const newInterface = (): Interface => ({ funcs: names(), types: names() });

/** Finds the comments in the files of a package. */
export function witComments(files: readonly string[]): PackageComments {
  const found: PackageComments = { worlds: names(), interfaces: names() };
  for (const text of files) new Scanner(text).file(found);
  return found;
}

class Scanner {
  readonly #tokens: string[];
  #at = 0;
  /** The comments before the next token. */
  #docs: string[] = [];

  constructor(text: string) {
    this.#tokens = text.match(TOKEN) ?? [];
  }

  /** The next token, after comments and attributes. */
  #peek(): string | undefined {
    for (;;) {
      const token = this.#tokens[this.#at];
      if (token === undefined) return undefined;
      if (token.startsWith("///") || token.startsWith("/**")) this.#docs.push(cleaned(token));
      else if (token === "@" && /^[a-z]/.test(this.#tokens[this.#at + 1] ?? "")) {
        this.#at++;
        if (this.#tokens[this.#at + 1] === "(") this.#skipTo(")");
      } else if (!token.startsWith("//") && !token.startsWith("/*")) return token;
      this.#at++;
    }
  }

  #next(): string {
    const token = this.#peek() ?? "";
    this.#at++;
    return token;
  }

  /** The comment before the next token. It is forgotten. */
  #comment(): { docs?: string } {
    this.#docs = [];
    this.#peek();
    return this.#docs.length === 0 ? {} : { docs: this.#docs.join("\n") };
  }

  #name(): string {
    return this.#next().replace(/^%/, "");
  }

  /** Moves to a token outside of parentheses, braces and angle brackets, or to a closing brace. */
  #skipTo(end: string): void {
    let depth = 0;
    for (; this.#at < this.#tokens.length; this.#at++) {
      const token = this.#tokens[this.#at]!;
      if (depth <= (end === ")" ? 1 : 0) && token === end) return;
      if (depth === 0 && token === "}") return;
      if (/^[({<]$/.test(token)) depth++;
      else if (/^[)}>]$/.test(token)) depth--;
    }
  }

  /** Moves behind the end of a statement. */
  #skip(): void {
    this.#skipTo(";");
    if (this.#tokens[this.#at] === ";") this.#at++;
  }

  file(found: PackageComments): void {
    for (;;) {
      const about = this.#comment(), word = this.#peek();
      if (word === undefined) return;
      this.#at++;
      if (word === "interface") found.interfaces[this.#name()] = this.#interface(about);
      else if (word === "world") found.worlds[this.#name()] = this.#world(about);
      else if (word === "package") {
        while (!/^[;{]?$/.test(this.#peek() ?? "")) this.#at++;
        // A package in braces is another one.
        if (this.#next() === "{") this.#skipTo("}");
        else Object.assign(found, about);
      } else if (word !== "}") this.#skip();
    }
  }

  /** Reads what stands in braces, a statement at a time. */
  *#statements(): Iterable<{ docs?: string }> {
    if (this.#next() !== "{") return;
    for (;;) {
      const about = this.#comment(), token = this.#peek();
      if (token === undefined) return;
      if (token === "}") return void this.#at++;
      const before = this.#at;
      yield about;
      if (this.#at === before) return;
    }
  }

  #interface(about: { docs?: string }): Interface {
    const found: Interface = { ...about, ...newInterface() };
    for (const about of this.#statements()) {
      const word = this.#next();
      if (this.#type(word, about, found)) continue;
      if (this.#peek() === ":" && about.docs !== undefined) found.funcs[word.replace(/^%/, "")] = about;
      this.#skip();
    }
    return found;
  }

  #world(about: { docs?: string }): World {
    const found: World = {
      ...about,
      ...newInterface(),
      interfaces: names(),
      interface_exports: names(),
      func_exports: names(),
    };
    for (const about of this.#statements()) {
      const word = this.#next();
      if (this.#type(word, about, found)) continue;
      const isExport = word === "export", name = this.#name();
      if ((word === "import" || isExport) && this.#peek() === ":") {
        this.#at++;
        if (this.#peek() === "interface") {
          this.#at++;
          found[isExport ? "interface_exports" : "interfaces"][name] = this.#interface(about);
          continue;
        }
        // Without a function it is an interface's name: `import wasi:io/streams`.
        if (/^(?:async|func)$/.test(this.#peek() ?? "")) found[isExport ? "func_exports" : "funcs"][name] = about;
      }
      this.#skip();
    }
    return found;
  }

  /** Reads a definition of a type. Gives whether it is one. */
  #type(word: string, about: { docs?: string }, found: Interface): boolean {
    if (!/^(?:type|record|variant|enum|flags|resource)$/.test(word) || this.#peek() === ":") return false;
    const name = this.#name(), entry: Entry = { ...about };
    found.types[name] = entry;
    if (this.#peek() !== "{") {
      this.#skip();
      return true;
    }
    const items = names<string>();
    for (const { docs } of this.#statements()) {
      const item = this.#name();
      if (word !== "resource") {
        if (docs !== undefined) items[item] = docs;
        this.#skipTo(",");
        if (this.#peek() === ",") this.#at++;
        continue;
      }
      const isConstructor = item === "constructor" && this.#peek() === "(";
      const isStatic = this.#tokens[this.#at + 1] === "static";
      const full = isConstructor ? `[constructor]${name}` : `[${isStatic ? "static" : "method"}]${name}.${item}`;
      if (docs !== undefined) found.funcs[full] = { docs };
      this.#skip();
    }
    if (Object.keys(items).length > 0) entry.items = items;
    return true;
  }
}

/** The text of a comment. */
function cleaned(comment: string): string {
  if (comment.startsWith("///")) return comment.slice(3).replace(/^ /, "").trimEnd();
  const lines = comment.slice(3, -2).split("\n").map((line) => line.replace(/^\s*\* ?/, "").trimEnd());
  return lines.map((line, i) => i === 0 ? line.trimStart() : line).join("\n").trim();
}
