// Whether a type may be used where another one is expected, and the first difference if not.
// Validation, linking and typed lookups use this.
// Value and function types have no subtypes. Only the comparison of labels and resources varies,
// because host/ spells labels differently.
// An instance may export more than expected, a component may import less. The same holds for core
// modules.
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
  /** Whether labels of record fields and flags are the same. */
  label(expected: string, found: string): boolean;
  resource(expected: ResourceType, found: ResourceType): boolean;
  /**
   * Pairs of types that are known to be the same. Types are shared, and a small binary can describe
   * an enormous one.
   */
  readonly same?: Pairs;
}

/** A set of pairs of objects. */
export class Pairs {
  /** Made when the first pair is added: most comparisons need none. */
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

/** The place where two types differ, and the difference. */
export interface Mismatch {
  /** `, record field \`size\``, outermost first. Empty if the whole type differs. */
  readonly place: string;
  /** `expected u32, found u64`. */
  readonly fact: string;
}

/** A mismatch as the end of a message: ` in record field \`size\`: expected u32, found u64`. */
export function placed({ place, fact }: Mismatch): string {
  return `${place.replace(/^, /, " in ")}: ${fact}`;
}

function inPart(mismatch: Mismatch | undefined, item: string): Mismatch | undefined {
  return mismatch && { place: `, ${item}${mismatch.place}`, fact: mismatch.fact };
}

function differs(expected: string, found: string): Mismatch {
  return { place: "", fact: `expected ${expected}, found ${found}` };
}

/** Gives the first difference between two types. `undefined` if they are the same. */
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
  // The words are made only if the types differ, because nearly all pairs are the same.
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
      return inPart(differ(expected.element, (found as typeof expected).element, equal), `${expected.kind} element`);
    case "fixed-list": {
      const other = found as typeof expected;
      return count("elements", expected.length, other.length) ??
        inPart(differ(expected.element, other.element, equal), "list element");
    }
    case "map": {
      const other = found as typeof expected;
      return inPart(differ(expected.key, other.key, equal), "map key") ??
        inPart(differ(expected.value, other.value, equal), "map value");
    }
    case "record": {
      const { fields } = found as typeof expected;
      return count("fields", expected.fields.length, fields.length) ??
        first(
          expected.fields,
          (field, i) =>
            equal.label(field.name, fields[i]!.name)
              ? inPart(differ(field.type, fields[i]!.type, equal), `record field \`${field.name}\``)
              : differs(`field name \`${field.name}\``, `\`${fields[i]!.name}\``),
        );
    }
    case "tuple": {
      const { types } = found as typeof expected;
      return count("types", expected.types.length, types.length) ??
        first(expected.types, (part, i) => inPart(differ(part, types[i], equal), `tuple field ${i}`));
    }
    case "variant": {
      const { cases } = found as typeof expected;
      return count("cases", expected.cases.length, cases.length) ?? first(expected.cases, ({ name, type }, i) => {
        const other = cases[i]!;
        if (name !== other.name) return differs(`case named \`${name}\``, `\`${other.name}\``);
        return presence(type, other.type, `case \`${name}\` to have`, "a type", "no type") ??
          inPart(differ(type, other.type, equal), `variant case \`${name}\``);
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
      return inPart(mismatch, `${expected.kind} elements`);
    }
    case "result": {
      const other = found as typeof expected;
      return presence(expected.ok, other.ok, "ok type", formatType(expected.ok), "to not be present") ??
        inPart(differ(expected.ok, other.ok, equal), "ok variant") ??
        presence(expected.err, other.err, "err type", formatType(expected.err), "to not be present") ??
        inPart(differ(expected.err, other.err, equal), "err variant");
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

/** Whether both sides have a payload. */
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

/**
 * The parameters and the result of a function. On the host's side, parameters may have no names.
 */
export interface FuncShape {
  readonly params: readonly { readonly name?: string; readonly type: ValType }[];
  readonly result?: ValType | undefined;
  readonly async: boolean;
}

/**
 * Gives the first difference between two function types. The names of parameters count if both
 * sides have them.
 */
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
    return inPart(differ(type, other.type, equal), `param ${i + 1} \`${name ?? i}\``);
  }) ?? differResult(expected.result, found.result, equal);
}

function differResult(
  expected: ValType | undefined,
  found: ValType | undefined,
  equal: Equality,
): Mismatch | undefined {
  if (expected !== undefined && found !== undefined) return inPart(differ(expected, found, equal), "result");
  if (expected === found) return undefined;
  const word = (type: ValType | undefined): string => type === undefined ? "no result" : `a result ${formatType(type)}`;
  return differs(word(expected), word(found));
}

/** Gives the resource to compare in place of a root resource. */
type Resolve = (root: ResourceType) => ResourceType;

const itself: Resolve = (root) => root;

/**
 * Which resources of the found side stand for the abstract resources of the expected side. The
 * first resource found for an abstract one decides. The type of a component may mention resources
 * of the component around it, so unknown resources are looked up further out, on both sides.
 */
export class ResourceBindings {
  readonly #open: (root: ResourceType) => boolean;
  #bound: Map<ResourceType, ResourceType> | undefined;
  readonly #left: Resolve;
  readonly #right: Resolve;
  readonly spend: () => void;
  /** Pairs of instances that fit with these bindings. */
  readonly instances: Pairs = new Pairs();
  /** Pairs of components that fit with these bindings. */
  readonly components: Pairs = new Pairs();
  /** Pairs of components that fit with any bindings. */
  readonly closed: Pairs;
  readonly equality: Equality;

  /**
   * @param open Whether a resource of the expected side is abstract.
   * @param spend Called for each part that is compared, to count the work and to throw if there is
   * too much.
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

  /** Gives the resource that stands for a resource of the expected side. */
  left(root: ResourceType): ResourceType {
    return this.#bound?.get(root) ?? this.#left(root);
  }

  right(root: ResourceType): ResourceType {
    return this.#right(root);
  }

  /** Binds an abstract resource. For other resources, says whether both are the same. */
  bind(expected: ResourceType, found: ResourceType): boolean {
    const root = rootOf(expected);
    if (!this.#bound?.has(root) && this.#open(root)) {
      (this.#bound ??= new Map()).set(root, this.right(rootOf(found)));
      return true;
    }
    return this.equality.resource(expected, found);
  }

  /**
   * Gives the resource bound to an abstract one. `undefined` if it is not abstract or not bound.
   */
  of(root: ResourceType): ResourceType | undefined {
    return this.#bound?.get(root);
  }
}

/** The word for an entity in messages. */
export function entityWord(entity: Entity): string {
  if (entity.sort === "core module") return "module";
  return entity.sort === "type" ? typeWord(entity.type) : entity.sort;
}

function typeWord({ kind }: TypeEntity): string {
  return kind === "value" ? "defined type" : kind === "resource" ? "resource" : `${kind} type`;
}

/** Gives the first reason why an entity does not fit the expected one. */
export function differEntity(expected: Entity, found: Entity, bindings: ResourceBindings): Mismatch | undefined {
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

function differType(expected: TypeEntity, found: TypeEntity, bindings: ResourceBindings): Mismatch | undefined {
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

function differInstance(expected: InstanceType, found: InstanceType, bindings: ResourceBindings): Mismatch | undefined {
  if (bindings.instances.has(expected, found)) return undefined;
  const mismatch = differItems(expected.entries(), found, bindings, "export", "instance export");
  if (mismatch === undefined) bindings.instances.add(expected, found);
  return mismatch;
}

/** Gives the reason for the first item that is missing or does not fit. */
function differItems(
  expected: Iterable<readonly [string, NamedEntity]>,
  found: { get(name: string): NamedEntity | undefined },
  bindings: ResourceBindings,
  what: string,
  place = what,
): Mismatch | undefined {
  for (const [name, { entity }] of expected) {
    const given = found.get(name);
    if (given === undefined) return { place: "", fact: `missing expected ${what} \`${name}\`` };
    const mismatch = differEntity(entity, given.entity, bindings);
    if (mismatch !== undefined) return inPart(mismatch, `${place} \`${name}\``);
  }
  return undefined;
}

/**
 * Compares two components. Pairs that do not depend on the components around them are compared
 * once, others once in each place.
 */
function differComponent(
  expected: ComponentType,
  found: ComponentType,
  around: ResourceBindings,
): Mismatch | undefined {
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

/**
 * Compares imports, which are contravariant: each import of the found component must be among the
 * imports of the expected one.
 */
function differSides(
  expected: ComponentType,
  found: ComponentType,
  { spend, closed }: ResourceBindings,
  left: Resolve,
  right: Resolve,
): Mismatch | undefined {
  const needed = new ResourceBindings((root) => found.imported.has(root), spend, closed, right, left);
  const unmet = differItems(found.imports, expected.imports, needed, "import");
  if (unmet !== undefined) return unmet;
  // The imports of the found component are what it was given.
  const given: Resolve = (root) => needed.of(root) ?? right(root);
  const made = new ResourceBindings((root) => expected.defined.has(root), spend, closed, left, given);
  return differItems(expected.exports, found.exports, made, "export");
}
