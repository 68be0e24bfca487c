// Whether two types are the same, and where they differ if not: for link-time checks and typed lookups.
// Value types know no subtyping; only labels and resources need to be told when they are equal (host/ spells labels differently).
// Spec: Explainer.md "Type Checking".

import { formatType, type ResourceType, type ValType } from "../abi/types.ts";
import { moduleFault } from "./module_type.ts";
import { coreModuleType, type ExternItem, type ExternType } from "./types.ts";

/** How labels and resources are compared. */
export interface Equality {
  /** Labels of record fields and flags. */
  label(expected: string, found: string): boolean;
  resource(expected: ResourceType, found: ResourceType): boolean;
}

/** Where two types differ, and how. */
export interface Mismatch {
  /** ` in record field \`size\``, outermost first; empty for the whole type. */
  readonly place: string;
  readonly expected: string;
  readonly found: string;
}

function within(mismatch: Mismatch | undefined, item: string): Mismatch | undefined {
  return mismatch && { ...mismatch, place: `, ${item}${mismatch.place}` };
}

/** The first difference between two types; `undefined` if they are the same. */
export function differ(
  expected: ValType | undefined,
  found: ValType | null | undefined,
  equal: Equality,
): Mismatch | undefined {
  found ??= undefined; // null is a schema's way to say that there is none
  // Spelt out only where types differ: nearly all that are compared do not.
  const here = (suffix = ""): Mismatch => ({
    place: "",
    expected: formatType(expected),
    found: `${formatType(found)}${suffix}`,
  });
  if (expected === undefined || found === undefined) return expected === found ? undefined : here();
  if (expected.kind !== found.kind) return here();
  const count = (what: string, left: number, right: number): Mismatch | undefined =>
    left === right ? undefined : { place: "", expected: `${left} ${what}`, found: `${right} ${what}` };
  switch (expected.kind) {
    case "list":
    case "option":
    case "stream":
    case "future":
      return within(differ(expected.element, (found as typeof expected).element, equal), `${expected.kind} element`);
    case "fixed-list": {
      const other = found as typeof expected;
      return count("elements", expected.length, other.length) ??
        within(differ(expected.element, other.element, equal), "list element");
    }
    case "map": {
      const other = found as typeof expected;
      return within(differ(expected.key, other.key, equal), "map key") ??
        within(differ(expected.value, other.value, equal), "map value");
    }
    case "record": {
      const { fields } = found as typeof expected;
      const counted = count("fields", expected.fields.length, fields.length);
      if (counted) return counted;
      return first(
        expected.fields,
        (field, i) =>
          equal.label(field.name, fields[i]!.name)
            ? within(differ(field.type, fields[i]!.type, equal), `record field \`${field.name}\``)
            : { place: "", expected: `a field \`${field.name}\``, found: `\`${fields[i]!.name}\`` },
      );
    }
    case "tuple": {
      const { types } = found as typeof expected;
      return count("types", expected.types.length, types.length) ??
        first(expected.types, (part, i) => within(differ(part, types[i], equal), `tuple field ${i}`));
    }
    case "variant": {
      const { cases } = found as typeof expected;
      return count("cases", expected.cases.length, cases.length) ??
        first(
          expected.cases,
          (part, i) =>
            part.name === cases[i]!.name
              ? within(differ(part.type, cases[i]!.type, equal), `variant case \`${part.name}\``)
              : { place: "", expected: `a case \`${part.name}\``, found: `\`${cases[i]!.name}\`` },
        );
    }
    case "enum":
    case "flags": {
      const { names } = found as typeof expected;
      const same = expected.kind === "enum" ? (left: string, right: string) => left === right : equal.label;
      return count("names", expected.names.length, names.length) ??
        first(
          expected.names,
          (name, i) =>
            same(name, names[i]!) ? undefined : { place: "", expected: `\`${name}\``, found: `\`${names[i]}\`` },
        );
    }
    case "result": {
      const other = found as typeof expected;
      return within(differ(expected.ok, other.ok, equal), "result ok") ??
        within(differ(expected.err, other.err, equal), "result err");
    }
    case "own":
    case "borrow":
      return equal.resource(expected.resource, (found as typeof expected).resource)
        ? undefined
        : here(" of another class");
    default:
      return undefined;
  }
}

function first<T>(items: readonly T[], check: (item: T, i: number) => Mismatch | undefined): Mismatch | undefined {
  for (let i = 0; i < items.length; i++) {
    const mismatch = check(items[i]!, i);
    if (mismatch !== undefined) return mismatch;
  }
  return undefined;
}

/** A function's parameters and result; the host's side has no parameter names. */
export interface FuncShape {
  readonly params: readonly { readonly name?: string; readonly type: ValType }[];
  readonly result?: ValType | undefined;
  readonly async: boolean;
}

/** The first difference between two function types; its place begins with ` in `. */
export function differFunc(expected: FuncShape, found: FuncShape, equal: Equality): Mismatch | undefined {
  return placed(funcMismatch(expected, found, equal));
}

function placed(mismatch: Mismatch | undefined): Mismatch | undefined {
  return mismatch && { ...mismatch, place: mismatch.place.replace(/^, /, " in ") };
}

function funcMismatch(expected: FuncShape, found: FuncShape, equal: Equality): Mismatch | undefined {
  if (expected.async !== found.async) {
    const word = (shape: FuncShape): string => shape.async ? "an async func" : "a func";
    return { place: "", expected: word(expected), found: word(found) };
  }
  const [left, right] = [expected.params.length, found.params.length];
  if (left !== right) return { place: "", expected: `${left} parameters`, found: `${right}` };
  return first(
    expected.params,
    ({ name, type }, i) => within(differ(type, found.params[i]!.type, equal), `param ${i + 1} \`${name ?? i}\``),
  ) ??
    within(differResult(expected.result, found.result, equal), "result");
}

function differResult(
  expected: ValType | undefined,
  found: ValType | undefined,
  equal: Equality,
): Mismatch | undefined {
  if (expected !== undefined && found !== undefined) return differ(expected, found, equal);
  if (expected === found) return undefined;
  const word = (type: ValType | undefined): string => type === undefined ? "no result" : formatType(type);
  return { place: "", expected: word(expected), found: word(found) };
}

// ── Imports and exports ───────────────────────────────────────────────────────────────────────────────────────────────────

/** What a resource type of the expected side stands for on the found side. */
type Resources = Map<ResourceType, ResourceType>;

/** The first reason why something does not fit an expected type; its place begins with ` in `. */
export function differExtern(
  expected: ExternType,
  found: ExternType,
  resources: Resources = new Map(),
): Mismatch | undefined {
  return placed(externMismatch(expected, found, resources));
}

function externMismatch(expected: ExternType, found: ExternType, resources: Resources): Mismatch | undefined {
  if (expected.kind !== found.kind) return { place: "", expected: expected.kind, found: found.kind };
  switch (expected.kind) {
    case "func": {
      const equal: Equality = {
        label: (left, right) => left === right,
        resource: (left, right) => resources.get(left) === right,
      };
      const { params } = expected.type, other = (found as typeof expected).type;
      return funcMismatch(expected.type, other, equal) ?? first(params, ({ name }, i) => {
        const given = other.params[i]!.name;
        return name === given ? undefined : {
          place: "",
          expected: `a parameter named \`${name}\``,
          found: `\`${given}\``,
        };
      });
    }
    case "instance":
      return itemsMismatch("export", expected.exports, (found as typeof expected).exports, resources);
    case "module": {
      const fault = moduleFault(coreModuleType(found as typeof expected), coreModuleType(expected));
      return fault && { place: `, ${fault.item}`, expected: fault.expected, found: fault.found ?? "none" };
    }
    case "component":
      return componentMismatch(expected, found as typeof expected);
    case "type":
      return typeMismatch(expected.type, (found as typeof expected).type, resources);
  }
}

/** Imports are contravariant: what the found component needs must be among what the expected one is given. */
function componentMismatch(
  expected: ExternType & { kind: "component" },
  found: ExternType & { kind: "component" },
): Mismatch | undefined {
  const needed: Resources = new Map();
  const mismatch = itemsMismatch("import", found.imports, expected.imports, needed);
  if (mismatch !== undefined) return { ...mismatch, expected: mismatch.found, found: mismatch.expected };
  // A resource that is imported stands for itself: only what an export introduces may become whatever is exported.
  const resources: Resources = new Map();
  for (const { type } of expected.imports) fixResources(type, resources);
  for (const [theirs, ours] of needed) resources.set(ours, theirs);
  return itemsMismatch("export", expected.exports, found.exports, resources);
}

function fixResources(type: ExternType, resources: Resources): void {
  if (type.kind === "instance") { for (const item of type.exports) fixResources(item.type, resources); }
  if (type.kind === "type" && type.type.kind === "resource") resources.set(type.type, type.type);
}

function itemsMismatch(
  side: "import" | "export",
  expected: readonly ExternItem[],
  found: readonly ExternItem[],
  resources: Resources,
): Mismatch | undefined {
  const given = new Map(found.map(({ name, type }) => [name, type]));
  return first(expected, ({ name, type }) => {
    const other = given.get(name);
    if (other === undefined) return { place: "", expected: `an ${side} named \`${name}\``, found: "none" };
    return within(externMismatch(type, other, resources), `${side} \`${name}\``);
  });
}

function typeMismatch(
  expected: ValType | ResourceType,
  found: ValType | ResourceType,
  resources: Resources,
): Mismatch | undefined {
  if (expected.kind !== "resource" || found.kind !== "resource") {
    if (expected.kind === "resource" || found.kind === "resource") {
      const word = (type: ValType | ResourceType): string => type.kind === "resource" ? "a resource" : formatType(type);
      return { place: "", expected: word(expected), found: word(found) };
    }
    return differ(expected, found, {
      label: (left, right) => left === right,
      resource: (left, right) => resources.get(left) === right,
    });
  }
  const bound = resources.get(expected);
  if (bound === undefined) resources.set(expected, found);
  return bound === undefined || bound === found
    ? undefined
    : { place: "", expected: `resource \`${expected.name ?? ""}\``, found: "mismatched resource types" };
}
