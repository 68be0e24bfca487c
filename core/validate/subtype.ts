// Whether one type may stand where another is expected, and the first reason if not: for validation, linking and typed lookups.
// Value and function types know no subtyping: only how labels and resources are told to be equal varies (host/ spells labels differently).
// Instances may export more than expected, components import less; core modules likewise.
// Spec: Explainer.md "Type Checking".

import { absurd, formatType, isPrimitive, type ResourceType, type ValType } from "../../abi/types/types.ts";
import {
  type ComponentType,
  type Entity,
  type InstanceType,
  type NamedEntity,
  rootOf,
  type TypeEntity,
} from "./validated_types.ts";
import { moduleFault } from "../module/module_match.ts";

/** How labels and resources are compared. */
export interface Equality {
  /** Labels of record fields and flags. */
  label(expected: string, found: string): boolean;
  resource(expected: ResourceType, found: ResourceType): boolean;
  /** Pairs that were found to be the same: types are shared, and a small binary can describe an enormous one. */
  readonly same?: Pairs;
}

/** Pairs of objects. */
export class Pairs {
  /** Made when there is one: most comparisons find everything the same at once. */
  #pairs: Map<object, Set<object>> | undefined;
  readonly #added: (() => void) | undefined;

  constructor(added?: () => void) {
    this.#added = added;
  }

  has(left: object, right: object): boolean {
    return this.#pairs?.get(left)?.has(right) ?? false;
  }

  add(left: object, right: object): void {
    this.#added?.();
    const pairs = this.#pairs ??= new Map(), rights = pairs.get(left);
    if (rights === undefined) pairs.set(left, new Set([right]));
    else rights.add(right);
  }
}

/** Where two types differ, and how. */
export interface Mismatch {
  /** `, record field \`size\``, outermost first; empty for the whole type. */
  readonly place: string;
  /** `expected u32, found u64`. */
  readonly fact: string;
}

/** A mismatch as the tail of a message: ` in record field \`size\`: expected u32, found u64`. */
export function placed({ place, fact }: Mismatch): string {
  return `${place.replace(/^, /, " in ")}: ${fact}`;
}

function within(mismatch: Mismatch | undefined, item: string): Mismatch | undefined {
  return mismatch && { place: `, ${item}${mismatch.place}`, fact: mismatch.fact };
}

function differs(expected: string, found: string): Mismatch {
  return { place: "", fact: `expected ${expected}, found ${found}` };
}

/** The first difference between two types; `undefined` if they are the same. */
export function differ(
  expected: ValType | undefined,
  found: ValType | null | undefined,
  equal: Equality,
): Mismatch | undefined {
  if (equal.same === undefined || !expected || !found) return difference(expected, found, equal);
  if (equal.same.has(expected, found)) return undefined;
  const mismatch = difference(expected, found, equal);
  if (mismatch === undefined) equal.same.add(expected, found);
  return mismatch;
}

function difference(
  expected: ValType | undefined,
  found: ValType | null | undefined,
  equal: Equality,
): Mismatch | undefined {
  found ??= undefined; // null is a schema's way to say that there is none
  // Spelt out only where types differ: nearly all that are compared do not.
  const here = (): Mismatch => differs(formatType(expected), formatType(found));
  if (expected === undefined || found === undefined) return expected === found ? undefined : here();
  if (expected.kind !== found.kind) {
    const handles = "resource" in expected && "resource" in found;
    return handles ? differs(expected.kind, found.kind) : here();
  }
  const count = (what: string, left: number, right: number): Mismatch | undefined =>
    left === right ? undefined : differs(`${left} ${what}`, `${right} ${what}`);
  if (isPrimitive(expected)) return undefined;
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
      return count("fields", expected.fields.length, fields.length) ??
        first(
          expected.fields,
          (field, i) =>
            equal.label(field.name, fields[i]!.name)
              ? within(differ(field.type, fields[i]!.type, equal), `record field \`${field.name}\``)
              : differs(`field name \`${field.name}\``, `\`${fields[i]!.name}\``),
        );
    }
    case "tuple": {
      const { types } = found as typeof expected;
      return count("types", expected.types.length, types.length) ??
        first(expected.types, (part, i) => within(differ(part, types[i], equal), `tuple field ${i}`));
    }
    case "variant": {
      const { cases } = found as typeof expected;
      return count("cases", expected.cases.length, cases.length) ?? first(expected.cases, ({ name, type }, i) => {
        const other = cases[i]!;
        if (name !== other.name) return differs(`case named \`${name}\``, `\`${other.name}\``);
        return presence(type, other.type, `case \`${name}\` to have`, "a type", "no type") ??
          within(differ(type, other.type, equal), `variant case \`${name}\``);
      });
    }
    case "enum":
    case "flags": {
      const { names } = found as typeof expected;
      const same = expected.kind === "enum" ? (left: string, right: string) => left === right : equal.label;
      const mismatch = count("names", expected.names.length, names.length) ??
        first(
          expected.names,
          (name, i) => same(name, names[i]!) ? undefined : differs(`\`${name}\``, `\`${names[i]}\``),
        );
      return within(mismatch, `${expected.kind} elements`);
    }
    case "result": {
      const other = found as typeof expected;
      return presence(expected.ok, other.ok, "ok type", formatType(expected.ok), "to not be present") ??
        within(differ(expected.ok, other.ok, equal), "ok variant") ??
        presence(expected.err, other.err, "err type", formatType(expected.err), "to not be present") ??
        within(differ(expected.err, other.err, equal), "err variant");
    }
    case "own":
    case "borrow":
      return equal.resource(expected.resource, (found as typeof expected).resource)
        ? undefined
        : { place: "", fact: `resource types are not the same: ${here().fact}` };
    default:
      return absurd(expected);
  }
}

/** Whether a payload is there on both sides. */
function presence(
  expected: ValType | null | undefined,
  found: ValType | null | undefined,
  what: string,
  some: string,
  none: string,
): Mismatch | undefined {
  const [has, given] = [expected ?? undefined, found ?? undefined];
  if ((has === undefined) === (given === undefined)) return undefined;
  const word = (type: ValType | undefined): string => type === undefined ? "none" : formatType(type);
  return differs(`${what} ${has === undefined ? none : some}`, word(given));
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

/** The first difference between two function types. Names of parameters count where both sides have them. */
export function differFunc(expected: FuncShape, found: FuncShape, equal: Equality): Mismatch | undefined {
  if (expected.async !== found.async) {
    const word = (shape: FuncShape): string => shape.async ? "an async func" : "a func";
    return differs(word(expected), word(found));
  }
  const [left, right] = [expected.params.length, found.params.length];
  if (left !== right) return differs(`${left} parameters`, `${right}`);
  return first(expected.params, ({ name, type }, i) => {
    const other = found.params[i]!;
    if (name !== undefined && other.name !== undefined && name !== other.name) {
      return differs(`parameter named \`${name}\``, `\`${other.name}\``);
    }
    return within(differ(type, other.type, equal), `param ${i + 1} \`${name ?? i}\``);
  }) ?? differResult(expected.result, found.result, equal);
}

function differResult(
  expected: ValType | undefined,
  found: ValType | undefined,
  equal: Equality,
): Mismatch | undefined {
  if (expected !== undefined && found !== undefined) return within(differ(expected, found, equal), "result");
  if (expected === found) return undefined;
  const word = (type: ValType | undefined): string => type === undefined ? "no result" : `a result ${formatType(type)}`;
  return differs(word(expected), word(found));
}

// ── Imports and exports ───────────────────────────────────────────────────────────────────────────────────────────────────

/** Gives what a resource stands for in a comparison, from its root. */
type Resolve = (root: ResourceType) => ResourceType;

const itself: Resolve = (root) => root;

/**
 * What abstract resources of the expected side stand for on the found side; the first type found for one decides. What it knows nothing
 * of is looked up further out, on either side: a component's type may mention resources of the component around it.
 */
export class Bindings {
  readonly #open: (root: ResourceType) => boolean;
  #bound: Map<ResourceType, ResourceType> | undefined;
  readonly #left: Resolve;
  readonly #right: Resolve;
  readonly spend: () => void;
  /** Instances that fit, as far as what is bound here is concerned. */
  readonly instances: Pairs = new Pairs();
  /** Components likewise. */
  readonly components: Pairs = new Pairs();
  /** Components that fit whatever is bound. */
  readonly closed: Pairs;
  readonly equality: Equality;

  /**
   * @param open Whether a resource of the expected side is abstract.
   * @param spend Called for each part that is compared: to count, and to throw.
   */
  constructor(
    open: (root: ResourceType) => boolean,
    spend: () => void,
    closed: Pairs = new Pairs(),
    left: Resolve = itself,
    right: Resolve = itself,
  ) {
    this.#open = open;
    this.#left = left;
    this.#right = right;
    this.spend = spend;
    this.closed = closed;
    this.equality = {
      same: new Pairs(spend),
      label: (expected, found) => expected === found,
      resource: (expected, found) => this.left(rootOf(expected)) === this.right(rootOf(found)),
    };
  }

  /** What a resource of the expected side stands for. */
  left(root: ResourceType): ResourceType {
    return this.#bound?.get(root) ?? this.#left(root);
  }

  right(root: ResourceType): ResourceType {
    return this.#right(root);
  }

  /** Binds an abstract resource, or says whether two resources are the same. */
  bind(expected: ResourceType, found: ResourceType): boolean {
    const root = rootOf(expected);
    if (!this.#bound?.has(root) && this.#open(root)) {
      (this.#bound ??= new Map()).set(root, this.right(rootOf(found)));
      return true;
    }
    return this.equality.resource(expected, found);
  }

  /** What a resource stands for; `undefined` if it is not abstract or nothing was found for it. */
  of(root: ResourceType): ResourceType | undefined {
    return this.#bound?.get(root);
  }
}

/** What an entity is called in messages. */
export function entityWord(entity: Entity): string {
  if (entity.sort === "core module") return "module";
  return entity.sort === "type" ? typeWord(entity.type) : entity.sort;
}

function typeWord({ kind }: TypeEntity): string {
  return kind === "value" ? "defined type" : kind === "resource" ? "resource" : `${kind} type`;
}

/** The first reason why something does not fit what is expected. */
export function differEntity(expected: Entity, found: Entity, bindings: Bindings): Mismatch | undefined {
  bindings.spend();
  if (expected.sort !== found.sort) return differs(entityWord(expected), entityWord(found));
  switch (expected.sort) {
    case "func":
      return differFunc(expected.type, (found as typeof expected).type, bindings.equality);
    case "instance":
      return differInstance(expected.type, (found as typeof expected).type, bindings);
    case "component":
      return differComponent(expected.type, (found as typeof expected).type, bindings);
    case "core module": {
      const given = (found as typeof expected).type;
      if (expected.type === undefined || given === undefined) return undefined; // the engine will say
      const fault = moduleFault(given, expected.type);
      if (fault === undefined) return undefined;
      if (fault.found === undefined) return { place: "", fact: `missing expected ${fault.item}` };
      return { place: `, ${fault.item}`, fact: fault.fact };
    }
    case "type":
      return differType(expected.type, (found as typeof expected).type, bindings);
    case "value":
      return differ(expected.type, (found as typeof expected).type, bindings.equality);
  }
}

function differType(expected: TypeEntity, found: TypeEntity, bindings: Bindings): Mismatch | undefined {
  if (expected.kind !== found.kind) return differs(typeWord(expected), typeWord(found));
  switch (expected.kind) {
    case "value":
      return differ(expected.type, (found as typeof expected).type, bindings.equality);
    case "func":
      return differFunc(expected.type, (found as typeof expected).type, bindings.equality);
    case "resource":
      return bindings.bind(expected.type, (found as typeof expected).type)
        ? undefined
        : { place: "", fact: "resource types are not the same" };
    case "instance":
      return differInstance(expected.type, (found as typeof expected).type, bindings);
    case "component":
      return differComponent(expected.type, (found as typeof expected).type, bindings);
  }
}

function differInstance(expected: InstanceType, found: InstanceType, bindings: Bindings): Mismatch | undefined {
  if (bindings.instances.has(expected, found)) return undefined;
  const mismatch = differItems(expected.entries(), found, bindings, "export", "instance export");
  if (mismatch === undefined) bindings.instances.add(expected, found);
  return mismatch;
}

/** The first item that is not there, or does not fit. */
function differItems(
  expected: Iterable<readonly [string, NamedEntity]>,
  found: { get(name: string): NamedEntity | undefined },
  bindings: Bindings,
  what: string,
  place = what,
): Mismatch | undefined {
  for (const [name, { entity }] of expected) {
    const given = found.get(name);
    if (given === undefined) return { place: "", fact: `missing expected ${what} \`${name}\`` };
    const mismatch = differEntity(entity, given.entity, bindings);
    if (mismatch !== undefined) return within(mismatch, `${place} \`${name}\``);
  }
  return undefined;
}

/** Components are compared once for each pair where what is around them plays no part, and once in each place where it does. */
function differComponent(expected: ComponentType, found: ComponentType, around: Bindings): Mismatch | undefined {
  if (around.closed.has(expected, found) || around.components.has(expected, found)) return undefined;
  let open = false;
  const own = [expected.imported, expected.defined, found.imported, found.defined];
  const outward = (resolve: Resolve): Resolve => (root) => {
    if (own.some((roots) => roots.has(root))) return root;
    open = true;
    return resolve(root);
  };
  const left = outward((root) => around.left(root)), right = outward((root) => around.right(root));
  const mismatch = differSides(expected, found, around, left, right);
  if (mismatch === undefined) (open ? around.components : around.closed).add(expected, found);
  return mismatch;
}

/** Imports are contravariant: what the found component needs must be among what the expected one is given. */
function differSides(
  expected: ComponentType,
  found: ComponentType,
  { spend, closed }: Bindings,
  left: Resolve,
  right: Resolve,
): Mismatch | undefined {
  const needed = new Bindings((root) => found.imported.has(root), spend, closed, right, left);
  const unmet = differItems(found.imports, expected.imports, needed, "import");
  if (unmet !== undefined) return unmet;
  // What the found component imports is what it was given.
  const given: Resolve = (root) => needed.of(root) ?? right(root);
  const made = new Bindings((root) => expected.defined.has(root), spend, closed, left, given);
  return differItems(expected.exports, found.exports, made, "export");
}
