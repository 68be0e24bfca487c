// Prints a component's world as WIT. Reflection data enters; text leaves that wasm-tools and jco
// parse to an equal world.
// Interfaces are printed in nested packages. An interface that is imported and exported is printed
// once, with the members of both.
// Items that WIT cannot express (core modules, components, types that a root exports) are printed
// as comments.
// Spec: WIT.md.

import { absurd, type FuncType, isPrimitive, type ResourceType, type ValType } from "../../abi/types/types.ts";
import { parsePlainName, splitVersion } from "../../core/binary/names.ts";
import type { ExternItem, ExternType } from "../../core/types.ts";
import { PrintBudget } from "./print_budget.ts";
import { type ResourceFunction, resourceFunctions } from "./resource_functions.ts";

const keywords = new Set(
  ("as async bool borrow char constructor enum export f32 f64 flags from func future import include interface list map " +
    "option own package record resource result s16 s32 s64 s8 static stream string tuple type u16 u32 u64 u8 use " +
    "variant with world error-context").split(" "),
);

/** A label as an identifier of WIT. */
function id(label: string): string {
  return keywords.has(label) ? `%${label}` : label;
}

/** A name from a binary, for a comment. */
function quote(name: string): string {
  return JSON.stringify(name);
}

function indent(lines: readonly string[]): string[] {
  return lines.map((line) => line === "" ? line : `  ${line}`);
}

function block(head: string, lines: readonly string[]): string[] {
  return lines.length === 0 ? [`${head} {}`] : [`${head} {`, ...indent(lines), "}"];
}

/** The scope and the name of a type or resource. */
interface Owner {
  readonly scope: WitScope;
  readonly name: string;
}

/** The scope of names of an interface, or of the world itself. */
class WitScope {
  /** `ns:pkg/iface@1.0.0`. Empty for the world, and for interfaces that no `use` can name. */
  readonly path: string;
  readonly items: Map<string, ExternItem> = new Map();
  readonly names: Map<object, string> = new Map();
  /**
   * Types of other interfaces that functions here mention without a local name: `path` → local name
   * → name there.
   */
  readonly uses: Map<string, Map<string, string>> = new Map();
  #functions: ReadonlyMap<string, readonly ResourceFunction[]> | undefined;
  readonly #taken = new Set<string>();
  readonly #next = new Map<string, number>();

  constructor(path: string) {
    this.path = path;
  }

  /** Adds members. An interface that is imported and exported gets members twice. */
  add(items: readonly ExternItem[], owners: Map<object, Owner>): void {
    for (const item of items) {
      const { name, type } = item;
      if (!this.items.has(name)) this.items.set(name, item);
      if (type.kind !== "type") continue;
      if (!this.names.has(type.type)) this.names.set(type.type, name);
      if (!owners.has(type.type)) owners.set(type.type, { scope: this, name });
    }
  }

  /**
   * Gives the constructor, methods and static functions of a resource. Those of all resources are
   * found at once.
   */
  functionsOf(resource: string): readonly ResourceFunction[] {
    return (this.#functions ??= resourceFunctions(this.items.values())).get(resource) ?? [];
  }

  /** Makes a name that is free here. */
  freeName(wanted: string): string {
    let name = wanted;
    for (let i = this.#next.get(wanted) ?? 2; this.#taken.has(name) || this.items.has(name); i++) {
      name = `${wanted}-used${i}`;
      this.#next.set(wanted, i + 1);
    }
    this.#taken.add(name);
    return name;
  }

  /** Reserves a name that is not a member's. */
  take(name: string): void {
    this.#taken.add(name);
  }

  use(path: string, local: string, name: string): void {
    let names = this.uses.get(path);
    if (names === undefined) this.uses.set(path, names = new Map());
    names.set(local, name);
  }
}

/**
 * Whether a name is an interface name that WIT can express: `ns:pkg/iface` with an optional
 * version.
 */
function isInterfaceName(name: string): boolean {
  return /^[^:/@]+:[^:/@]+\/[^:/@]+(@.+)?$/.test(name);
}

/** Prints a world. */
export function printWit(imports: readonly ExternItem[], exports: readonly ExternItem[]): string {
  return new WitPrinter(imports, exports).print();
}

class WitPrinter {
  readonly #imports: readonly ExternItem[];
  readonly #exports: readonly ExternItem[];
  readonly #owners = new Map<object, Owner>();
  readonly #interfaces = new Map<string, WitScope>();
  readonly #world = new WitScope("");
  readonly #budget = new PrintBudget();

  constructor(imports: readonly ExternItem[], exports: readonly ExternItem[]) {
    this.#imports = imports;
    this.#exports = exports;
    for (const item of [...imports, ...exports]) this.#collect(item);
  }

  #collect(item: ExternItem): void {
    const { type } = item;
    if (type.kind !== "instance") return this.#world.add([item], this.#owners);
    const path = isInterfaceName(item.name) ? item.name : item.implements;
    this.#world.take(item.name);
    if (path === undefined) return;
    let scope = this.#interfaces.get(path);
    if (scope === undefined) this.#interfaces.set(path, scope = new WitScope(path));
    scope.add(type.exports, this.#owners);
  }

  print(): string {
    const packages = new Map<string, string[][]>();
    for (const [path, scope] of this.#interfaces) {
      const [pkg, name] = packageOf(path);
      const body = block(`interface ${id(name)}`, this.#members(scope));
      const bodies = packages.get(pkg);
      if (bodies === undefined) packages.set(pkg, [body]);
      else bodies.push(body);
    }
    let root = "root:component";
    while (packages.has(root)) root += "-world";
    // The pieces are joined as arrays of arrays. Spreading them as arguments would exhaust the
    // stack for a large world.
    const blocks = [...packages].map(([name, bodies]) =>
      block(`package ${spellPath(name)}`, bodies.flatMap((body, i) => i === 0 ? body : ["", ...body]))
    );
    const world = [`package ${root};`, "", ...block("world root", this.#worldLines())];
    const lines = [world, ...blocks].flatMap((lines, i) => i === 0 ? lines : ["", ...lines]);
    return `${lines.join("\n")}\n`;
  }

  #worldLines(): string[] {
    const imported = new Set(this.#imports.map(({ name }) => name));
    const lines = this.#imports.flatMap((item) => this.#worldItem("import", item));
    const exported = this.#exports.flatMap((item) => {
      if (item.type.kind !== "type") return this.#worldItem("export", item);
      // A world cannot export types. A type that the world's functions need is printed as if it
      // were imported.
      const note = `// the type ${quote(item.name)} is an export`;
      return imported.has(item.name) ? [note] : [note, ...this.#typeItem(item, this.#world)];
    });
    const all = [...lines, ...exported];
    return [...this.#uses(this.#world), ...all];
  }

  #worldItem(side: "import" | "export", item: ExternItem): string[] {
    const { name, type } = item;
    const attributes = item.externalId === undefined ? [] : [`@external-id(${JSON.stringify(item.externalId)})`];
    switch (type.kind) {
      case "func": {
        const plain = parsePlainName(name);
        if (plain.kind !== "label") return side === "import" ? [] : [`// ${side} ${quote(name)}: of a root resource`];
        return [...attributes, `${side} ${id(name)}: ${this.#func(type.type, this.#world)};`];
      }
      case "instance": {
        if (isInterfaceName(name)) return [`${side} ${spellPath(name)};`];
        if (item.implements !== undefined) {
          return [...attributes, `${side} ${id(name)}: ${spellPath(item.implements)};`];
        }
        const scope = new WitScope("");
        scope.add(type.exports, this.#owners);
        const [head = "", ...rest] = block(`${side} ${id(name)}: interface`, this.#members(scope));
        return [...attributes, head, ...rest];
      }
      case "type":
        return this.#typeItem(item, this.#world);
      case "value":
        return [`// ${side} ${quote(name)}: a value of type ${this.#type(type.type, this.#world)}`];
      case "module":
      case "component":
        return [`// ${side} ${quote(name)}: ${type.kind === "module" ? "a core module" : "a component"}`];
    }
  }

  #members(scope: WitScope): string[] {
    const lines = [...scope.items.values()].flatMap((item) => {
      const { name, type } = item;
      this.#budget.text(name);
      switch (type.kind) {
        case "func":
          return parsePlainName(name).kind === "label" ? [`${id(name)}: ${this.#func(type.type, scope)};`] : [];
        case "type":
          return this.#typeItem(item, scope);
        case "value":
          return [`// ${quote(name)}: a value of type ${this.#type(type.type, scope)}`];
        case "instance":
        case "module":
        case "component":
          return [`// ${quote(name)}: ${describeExtern(type)}`];
        default:
          return absurd(type);
      }
    });
    return [...this.#uses(scope), ...lines];
  }

  #uses(scope: WitScope): string[] {
    return [...scope.uses].map(([path, names]) => {
      const list = [...names].map(([local, name]) => local === name ? id(name) : `${id(name)} as ${id(local)}`);
      // An interface of the same package is named without its path. With the path, the package
      // would depend on itself.
      const [pkg, iface = ""] = packageOf(path);
      const target = packageOf(scope.path)[0] === pkg ? id(iface) : spellPath(path);
      return `use ${target}.{${list.join(", ")}};`;
    });
  }

  #typeItem({ name, type }: ExternItem, scope: WitScope): string[] {
    const { type: named } = type as ExternType & { kind: "type" };
    const owner = this.#owners.get(named);
    const first = scope.names.get(named);
    // Types of an interface with a path can be used. Those of the world cannot, nor those of an
    // interface without a path.
    if (owner !== undefined && owner.scope !== scope && owner.scope.path !== "") {
      scope.use(owner.scope.path, name, owner.name);
      return [];
    }
    if (first !== undefined && first !== name) return [`type ${id(name)} = ${id(first)};`];
    return this.#definition(name, named, scope);
  }

  #definition(name: string, type: ValType | ResourceType, scope: WitScope): string[] {
    const of = (part: ValType): string => this.#type(part, scope);
    switch (type.kind) {
      case "resource":
        return this.#resource(name, scope);
      case "record":
        return block(`record ${id(name)}`, type.fields.map((field) => `${id(field.name)}: ${of(field.type)},`));
      case "variant":
        return block(
          `variant ${id(name)}`,
          type.cases.map((part) =>
            part.type === undefined ? `${id(part.name)},` : `${id(part.name)}(${of(part.type)}),`
          ),
        );
      case "enum":
      case "flags":
        return block(`${type.kind} ${id(name)}`, type.names.map((label) => `${id(label)},`));
      default: // its structure has no name of its own
        return [`type ${id(name)} = ${this.#structure(type, scope)};`];
    }
  }

  #resource(name: string, scope: WitScope): string[] {
    const members: string[] = [];
    for (const { plain, type } of scope.functionsOf(name)) {
      const { params, result, async } = type;
      if (plain.kind === "constructor") {
        const own = result?.kind === "own";
        members.push(`constructor${this.#signature({ params, async, ...(own || !result ? {} : { result }) }, scope)};`);
      } else if (plain.kind === "static") {
        members.push(`${id(plain.label)}: static ${this.#func(type, scope)};`);
      } else {
        members.push(`${id(plain.label)}: ${this.#func({ ...type, params: params.slice(1) }, scope)};`);
      }
    }
    return members.length === 0 ? [`resource ${id(name)};`] : block(`resource ${id(name)}`, members);
  }

  #func(type: FuncType, scope: WitScope): string {
    return `${type.async ? "async " : ""}func${this.#signature(type, scope)}`;
  }

  #signature({ params, result }: FuncType, scope: WitScope): string {
    const list = params.map(({ name, type }) => `${id(name)}: ${this.#type(type, scope)}`).join(", ");
    return `(${list})${result === undefined ? "" : ` -> ${this.#type(result, scope)}`}`;
  }

  /** The name of a type in the scope. If it has none, its structure. */
  #type(type: ValType, scope: WitScope): string {
    return this.#budget.text(this.#name(type, scope) ?? this.#structure(type, scope));
  }

  #name(type: ValType | ResourceType, scope: WitScope): string | undefined {
    const local = scope.names.get(type);
    if (local !== undefined) return id(local);
    const owner = this.#owners.get(type);
    if (owner === undefined || owner.scope.path === "") return owner && id(owner.name);
    const name = scope.freeName(owner.name);
    scope.names.set(type, name);
    scope.use(owner.scope.path, name, owner.name);
    return id(name);
  }

  #structure(type: ValType, scope: WitScope): string {
    const of = (part: ValType | undefined): string => part === undefined ? "_" : this.#type(part, scope);
    switch (type.kind) {
      case "list":
      case "option":
        return `${type.kind}<${of(type.element)}>`;
      case "fixed-list":
        return `list<${of(type.element)}, ${type.length}>`;
      case "map":
        return `map<${of(type.key)}, ${of(type.value)}>`;
      case "tuple":
        return `tuple<${type.types.map(of).join(", ")}>`;
      case "result":
        if (type.err !== undefined) return `result<${of(type.ok)}, ${of(type.err)}>`;
        return type.ok === undefined ? "result" : `result<${of(type.ok)}>`;
      case "stream":
      case "future":
        return type.element === undefined ? type.kind : `${type.kind}<${of(type.element)}>`;
      case "own":
        return this.#name(type.resource, scope) ?? id(type.resource.name ?? "resource");
      case "borrow":
        return `borrow<${this.#name(type.resource, scope) ?? id(type.resource.name ?? "resource")}>`;
      case "record":
      case "variant":
      case "enum":
      case "flags":
        // Validation requires a name for each of these. Only an export of a component may lack one.
        return `/* an anonymous ${type.kind} */ tuple<>`;
      default:
        if (isPrimitive(type)) return type.kind;
        return absurd(type);
    }
  }
}

/** Splits the path of an interface into its package, with version, and its own name. */
function packageOf(path: string): readonly [pkg: string, name: string] {
  const { base, version } = splitVersion(path);
  const [pkg = "", name = ""] = base.split("/");
  return [version === undefined ? pkg : `${pkg}@${version}`, name];
}

/** The path of an interface. Words that are keywords are escaped. */
function spellPath(path: string): string {
  const { base, version } = splitVersion(path);
  const spelt = base.replace(/[^:/]+/g, (word) => id(word));
  return version === undefined ? spelt : `${spelt}@${version}`;
}

function describeExtern(type: ExternType): string {
  return type.kind === "module" ? "a core module" : type.kind === "component" ? "a component" : `a nested ${type.kind}`;
}
