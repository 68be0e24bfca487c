// Comments of WIT, from the custom section `package-docs` of a binary. It holds a version byte and
// JSON, which is what the comments of one WIT package say, by the names of its items.
// The section and a world's items enter, comments leave. A section that is malformed, too long, or
// about something else has none: comments never make a component invalid.
// Format: `PackageMetadata` of wasm-tools' crate wit-parser, its versions 0 and 1.

import { splitVersion } from "../../core/binary/names.ts";
import type { ValType } from "../../abi/types/types.ts";
import type { ExternItem } from "../../core/types.ts";

/** A section, and what is known about the world that its package has. */
export interface DocsSource {
  readonly section: Uint8Array | undefined;
  /** The full name of the world. `undefined` for a component, which does not say it. */
  readonly world?: string;
}

type Json = Readonly<Record<string, unknown>>;

/** The versions that are understood. */
const VERSIONS: ReadonlySet<number> = new Set([0, 1]);

/** The member of an object that is an object. */
function inner(of: Json | undefined, key: string): Json | undefined {
  const found = of !== undefined && Object.hasOwn(of, key) ? of[key] : undefined;
  return typeof found === "object" && found !== null && !Array.isArray(found) ? found as Json : undefined;
}

/** The comment of a function or type: a text in version 0, in an object in version 1. */
function comment(of: Json | undefined, key: string): string | undefined {
  const found = of !== undefined && Object.hasOwn(of, key) ? of[key] : undefined;
  if (typeof found === "string") return found;
  return docsOf(inner(of, key));
}

function docsOf(of: Json | undefined): string | undefined {
  const docs = of !== undefined && Object.hasOwn(of, "docs") ? of["docs"] : undefined;
  return typeof docs === "string" ? docs : undefined;
}

/** The comments of one interface, or of the root of a world. */
export class InterfaceDocs {
  readonly #json: readonly Json[];

  constructor(...json: readonly (Json | undefined)[]) {
    this.#json = json.filter((one) => one !== undefined);
  }

  #first(find: (json: Json) => string | undefined): string | undefined {
    for (const json of this.#json) {
      const found = find(json);
      if (found !== undefined) return found;
    }
    return undefined;
  }

  /** Of the interface itself. */
  get own(): string | undefined {
    return this.#first(docsOf);
  }

  /** Of a function, by its WIT name: `[method]book.sign`. */
  func(name: string): string | undefined {
    return this.#first((json) => comment(inner(json, "funcs"), name) ?? comment(inner(json, "func_exports"), name));
  }

  type(name: string): string | undefined {
    return this.#first((json) => comment(inner(json, "types"), name));
  }

  /** Of a field of a record, a case of a variant or enum, or a flag. */
  part(type: string, name: string): string | undefined {
    return this.#first((json) => comment(inner(inner(inner(json, "types"), type), "items"), name));
  }
}

const NONE = new InterfaceDocs();

/** The comments of one world. */
export class PackageDocs {
  readonly #json: Json | undefined;
  readonly #world: Json | undefined;
  /** The package whose comments these are: `demo:greet`. */
  readonly #package: string | undefined;

  constructor({ section, world }: DocsSource, items: readonly ExternItem[]) {
    this.#json = section && read(section);
    const worlds = inner(this.#json, "worlds"), names = worlds === undefined ? [] : Object.keys(worlds);
    const name = world === undefined
      ? (names.length === 1 ? names[0] : undefined)
      : splitVersion(world).base.split("/")[1];
    this.#world = name === undefined ? undefined : inner(worlds, name);
    this.#package = world === undefined ? this.#likeliest(items) : splitVersion(world).base.split("/")[0];
  }

  /**
   * The package of which most names are commented on: a component does not say which package the
   * section is about. `undefined` if two are equally likely.
   */
  #likeliest(items: readonly ExternItem[]): string | undefined {
    const scores = new Map<string, number>();
    for (const { name, type } of items) {
      const [pack, label = ""] = splitVersion(name).base.split("/"),
        json = inner(inner(this.#json, "interfaces"), label);
      if (json === undefined || type.kind !== "instance") continue;
      const docs = new InterfaceDocs(json);
      const known = type.exports.filter(({ name }) => (docs.func(name) ?? docs.type(name)) !== undefined);
      scores.set(pack!, (scores.get(pack!) ?? 0) + known.length + 1);
    }
    const most = Math.max(...scores.values()), best = [...scores].filter(([, score]) => score === most);
    return best.length === 1 ? best[0]![0] : undefined;
  }

  /** Of the world itself. */
  get own(): string | undefined {
    return docsOf(this.#world) ?? docsOf(this.#json);
  }

  /** Of what the root imports or exports itself. */
  get root(): InterfaceDocs {
    return this.#world === undefined ? NONE : new InterfaceDocs({ ...this.#world, docs: undefined });
  }

  /** Of an interface that the world imports or exports. */
  interface(name: string, side: "import" | "export"): InterfaceDocs {
    const { base } = splitVersion(name), [pack, label] = base.split("/");
    if (label !== undefined) {
      return pack === this.#package ? new InterfaceDocs(inner(inner(this.#json, "interfaces"), label)) : NONE;
    }
    const both = inner(inner(this.#world, "interfaces"), name),
      exported = inner(inner(this.#world, "interface_exports"), name);
    return side === "import" ? new InterfaceDocs(both) : new InterfaceDocs(exported, both);
  }
}

/** Reads a section. `undefined` if it is malformed. */
function read(section: Uint8Array): Json | undefined {
  if (!VERSIONS.has(section[0]!)) return undefined;
  try {
    const json: unknown = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(section.subarray(1)));
    return inner({ json }, "json");
  } catch {
    return undefined;
  }
}

/** Characters that could end a comment's line, hide text, or change its order. */
// deno-lint-ignore no-control-regex
const HIDDEN = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff]/g;

function linesOf(text: string): string[] {
  const lines = text.split(/\r\n|[\n\r\u2028\u2029]/);
  return lines.map((line) => line.replace(HIDDEN, "").replaceAll("*/", "*\\/").trimEnd());
}

/** The lines of a comment of its own. None if there is no text. */
export function commentLines(text: string | undefined): string[] {
  const lines = linesOf(text ?? "");
  while (lines.length > 0 && lines.at(-1) === "") lines.pop();
  while (lines[0] === "") lines.shift();
  if (lines.length === 0) return [];
  return lines.length === 1 ? [`/** ${lines[0]} */`] : ["/**", ...lines.map((line) => ` * ${line}`.trimEnd()), " */"];
}

/** The comment of a type, with those of its cases or flags, for which a union has no place. */
export function withParts(
  docs: string | undefined,
  type: ValType,
  part: (name: string) => string | undefined,
): string | undefined {
  const names = type.kind === "variant"
    ? type.cases.map(({ name }) => name)
    : type.kind === "enum" || type.kind === "flags"
    ? type.names
    : [];
  const parts = names.flatMap((name) => {
    const text = part(name)?.trim();
    return text ? [`- \`${name}\`: ${text.replaceAll(/\s*\n\s*/g, " ")}`] : [];
  });
  return parts.length === 0 ? docs : [...docs === undefined ? [] : [docs, ""], ...parts].join("\n");
}
