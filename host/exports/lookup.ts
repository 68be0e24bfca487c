// Finds exports by the paths that `instance.func` and `instance.interface` take:
// `ns:pkg/iface@1.2.0#f`, `#[method]r.m`, a root name.
// A path and a plan's exports enter, the function and its exact path leave. A missing export is a
// LinkError that lists what exists.

import { LinkError } from "../../errors.ts";
import { NameIndex } from "../../core/binary/names.ts";
import type { FuncRef, NamedPlanItem } from "../../core/plan/plan_types.ts";
import { alikeHint, versionHint } from "../hints.ts";
import { camelCase, memberKey } from "../names.ts";

type Exports = ReadonlyMap<string, NamedPlanItem>;

/** What all lookups in the same exports share. */
interface Index {
  readonly names: NameIndex;
  /** Functions by their JavaScript names. */
  readonly functions: ReadonlyMap<string, string>;
}

/** The shared parts, by the exports themselves, which all instances of one component share. */
const indices = new WeakMap<Exports, Index>();

function indexOf(items: Exports): Index {
  let index = indices.get(items);
  if (index === undefined) {
    const functions = new Map<string, string>();
    for (const [name, { item }] of items) {
      if (item.sort !== "func") continue;
      const spelt = camelCase(name);
      for (const key of [spelt, memberKey("func", name, spelt)]) if (!functions.has(key)) functions.set(key, name);
    }
    index = { names: new NameIndex(items.keys()), functions };
    indices.set(items, index);
  }
  return index;
}

/** Gives the exact name of an exported interface. `undefined` if no exported version matches. */
export function interfaceName(name: string, exports: Exports): string | undefined {
  const found = exports.has(name) ? name : indexOf(exports).names.match(name);
  return found !== undefined && exports.get(found)!.item.sort === "instance" ? found : undefined;
}

/** Gives a function by its path. */
export function lookUp(path: string, exports: Exports): { readonly ref: FuncRef; readonly display: string } {
  const hash = path.indexOf("#"), label = path.slice(hash + 1);
  const owner = hash < 0 ? undefined : interfaceName(path.slice(0, hash), exports);
  const items = hash < 0 ? exports : owner === undefined ? undefined : membersOf(exports.get(owner)!);
  const found = items && functionOf(label, items, hash < 0);
  if (found === undefined) {
    throw new LinkError("missing-export", `look up export ${path}`, path, hint(path, hash, exports));
  }
  const { name: { name }, item } = found;
  return { ref: item.func, display: owner === undefined ? name : `${owner}#${name}` };
}

function functionOf(label: string, items: Exports, isRoot: boolean) {
  const candidates = function* () {
    yield label;
    const { functions, names } = indexOf(items);
    yield functions.get(label);
    if (isRoot) yield names.match(label);
  };
  for (const name of candidates()) {
    const found = name === undefined ? undefined : items.get(name);
    if (found?.item.sort === "func") return found as NamedPlanItem & { readonly item: { readonly func: FuncRef } };
  }
  return undefined;
}

function membersOf({ item }: NamedPlanItem): Exports {
  return (item as NamedPlanItem["item"] & { sort: "instance" }).instance.exports;
}

function hint(path: string, hash: number, exports: Exports): string {
  const name = path.slice(0, hash);
  const other = hash < 0 || interfaceName(name, exports) !== undefined
    ? undefined
    : versionHint(name, exports.keys(), "what is exported");
  return other ?? alikeHint(path, exportedPaths(exports), "the closest one");
}

/** Gives the paths of exported functions. */
export function* exportedPaths(items: Exports): Iterable<string> {
  for (const [name, { item }] of items) {
    if (item.sort === "func") yield name;
    if (item.sort !== "instance") continue;
    for (const [member, { item: inner }] of item.instance.exports) if (inner.sort === "func") yield `${name}#${member}`;
  }
}
