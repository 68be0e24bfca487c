// `--plug`: several components become one, in which the imports of one are the exports of another.
// The bytes of a component and of its plugs enter, the bytes of a component around them leave. It
// imports what no plug gives, and exports what FILE exports. So everything that takes a component
// takes it: calls between the parts have adapters, limits hold for all of them, and WASI is theirs.

import { CompileError } from "../../errors.ts";
import { Gates } from "../../core/binary/gates.ts";
import { matchName } from "../../core/binary/names.ts";
import { decodeBytes } from "../../core/decode/decode.ts";
import { Reflection } from "../../core/reflect.ts";
import { Budget } from "../../core/resolve/budget.ts";
import { requireWhole } from "../../core/sources/split_modules.ts";
import type { ExternItem } from "../../core/types.ts";
import { componentType, validateComponent } from "../../core/validate/validate.ts";
import { Failure, UsageError } from "./arguments.ts";
import { composed } from "./plug_composed.ts";

/** A component's file. */
export interface PlugFile {
  readonly file: string;
  readonly bytes: Uint8Array<ArrayBuffer>;
}

/** A part of the whole. */
export interface Part extends PlugFile {
  readonly imports: readonly ExternItem[];
  readonly exports: readonly ExternItem[];
  /** Which export of which part gives an import. Imports that are not here become the whole's. */
  readonly links: Map<string, { readonly from: Part; readonly name: string }>;
}

/** At most so many names are said in an error. */
const MAX_NAMED = 5;

/** A component and its plugs, put together. */
export interface Plugged {
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** Says of an error in the whole which parts do not fit together. */
  explained(error: CompileError): Error;
}

/** Puts a component and its plugs together. */
export function plugged(app: PlugFile, plugs: readonly PlugFile[]): Plugged {
  const parts = [...plugs, app].map(partOf);
  const socket = parts.at(-1)!;
  for (const part of parts) link(part, parts.slice(0, -1));
  for (const part of parts.slice(0, -1)) {
    if (!parts.some(({ links }) => [...links.values()].some(({ from }) => from === part))) unused(part, socket);
  }
  return { bytes: composed(ordered(parts)), explained: (error) => explained(error, parts) };
}

function explained(error: CompileError, parts: readonly Part[]): Error {
  const [, name, fact = ""] = /argument `([^`]*)`: (.*?)(?: \(at offset 0x[0-9a-f]+\))?$/.exec(error.message) ?? [];
  for (const { file, links } of name === undefined ? [] : parts) {
    const link = links.get(name!);
    if (link !== undefined) {
      const { from, name: given } = link;
      return new Failure(
        `${from.file} does not fit: ${file} imports ${name}, and its export ${given} differs: ${fact}`,
      );
    }
  }
  return new Failure(`the components do not fit together: ${error.message}`);
}

/** Reads what a component imports and exports. Its modules are compiled with the whole. */
function partOf({ file, bytes }: PlugFile): Part {
  try {
    const decoded = decodeBytes(bytes), { component } = decoded;
    requireWhole(decoded);
    validateComponent(component, new Gates(undefined), new Budget(component.size));
    const { imports, exports } = componentType(component), reflection = new Reflection();
    return { file, bytes, imports: reflection.items(imports), exports: reflection.items(exports), links: new Map() };
  } catch (error) {
    if (error instanceof CompileError) throw new Failure(`${file}: ${error.message}`);
    throw error;
  }
}

/** Finds what gives the imports of a part. */
function link(part: Part, plugs: readonly Part[]): void {
  for (const { name, type, implements: iface } of part.imports) {
    if (type.kind === "type") continue;
    const givers = plugs.flatMap((from) => {
      // What passes an interface on, changed, imports it from others.
      if (from === part) return [];
      const names = from.exports.filter((item) => item.type.kind === type.kind).map(({ name }) => name);
      const found = matchName(name, names) ?? (iface === undefined ? undefined : matchName(iface, names));
      return found === undefined ? [] : [{ from, name: found }];
    });
    if (givers.length > 1) {
      const files = givers.map(({ from, name }) => `${from.file} (${name})`).join(" and ");
      throw new UsageError(`${part.file} imports ${name}, which ${files} both export: leave one of them out`);
    }
    if (givers.length === 1) part.links.set(name, givers[0]!);
  }
}

/** Refuses a plug that gives nobody anything. */
function unused({ file, exports }: Part, { file: app, imports }: Part): never {
  const list = (items: readonly ExternItem[]): string => {
    const names = items.filter(({ type }) => type.kind !== "type").map(({ name }) => name);
    if (names.length === 0) return "nothing";
    return names.slice(0, MAX_NAMED).join(", ") +
      (names.length > MAX_NAMED ? ` and ${names.length - MAX_NAMED} more` : "");
  };
  throw new UsageError(
    `--plug ${file} gives nothing that is imported: it exports ${list(exports)}; ${app} imports ${list(imports)}`,
  );
}

/** The parts, each after those that it imports from. */
function ordered(parts: readonly Part[]): Part[] {
  const done = new Set<Part>(), under: Part[] = [];
  const visit = (part: Part): void => {
    if (done.has(part)) return;
    if (under.includes(part)) {
      const files = [...under.slice(under.indexOf(part)), part].map(({ file }) => file).join(" imports from ");
      throw new UsageError(`components cannot import from each other: ${files}`);
    }
    under.push(part);
    for (const { from } of part.links.values()) visit(from);
    under.pop();
    done.add(part);
  };
  parts.forEach(visit);
  return [...done];
}
