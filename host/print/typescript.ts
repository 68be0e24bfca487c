// Prints a component's world as TypeScript. Reflection data enters; the text of a `.d.ts` leaves,
// whose world type `instantiate<World>` takes.
// The named types of each interface are in a namespace: under their own name as what a value of the
// guest becomes, and with the suffix `Like` as what may be given for it, if that is more.
// The only text of a binary that gets into the output is identifiers that were checked, JSON string
// literals, and comments of which package_docs.ts has taken what could end them.

import { absurd, type FuncType, type ResourceType, type ValType } from "../../abi/types/types.ts";
import { parsePlainName } from "../../core/binary/names.ts";
import type { ExternItem } from "../../core/types.ts";
import { memberKeys } from "../exports/exports.ts";
import { camelCase, memberNames, pascalCase } from "../names.ts";
import { commentLines, type DocsSource, type InterfaceDocs, PackageDocs, withParts } from "./package_docs.ts";
import { PrintBudget } from "./print_budget.ts";
import { type ResourceFunction, resourceFunctions } from "./resource_functions.ts";
import { isSame } from "./same_types.ts";
import { isIdentifier, key, Names, namespaceName, reserved } from "./typescript_names.ts";

type Side = "import" | "export";
/** Whether a type is what a guest's value becomes, or what may be given for it. */
type Way = "lifted" | "lowerable";

/** The named types of one interface, on one side of the world. */
interface Namespace {
  readonly name: string;
  readonly side: Side;
  readonly items: readonly ExternItem[];
  readonly docs: InterfaceDocs;
  readonly names: Names;
  /** Its declarations in order, each with its label. */
  readonly types: (Declared & { readonly type: ValType | ResourceType; readonly label: string })[];
}

/** The declaration of a type. */
interface Declared {
  readonly namespace: Namespace;
  readonly name: string;
  /** The name of the type that may be given for it. */
  readonly like: string;
}

/** A member of a type, with its comment. */
type Member = readonly [text: string, docs: string | undefined];

const arrays: Readonly<Partial<Record<ValType["kind"], string>>> = {
  u8: "Uint8Array<ArrayBuffer>",
  s8: "Int8Array<ArrayBuffer>",
  u16: "Uint16Array<ArrayBuffer>",
  s16: "Int16Array<ArrayBuffer>",
  u32: "Uint32Array<ArrayBuffer>",
  s32: "Int32Array<ArrayBuffer>",
  u64: "BigUint64Array<ArrayBuffer>",
  s64: "BigInt64Array<ArrayBuffer>",
  f32: "Float32Array<ArrayBuffer>",
  f64: "Float64Array<ArrayBuffer>",
};

/** Prints the type of a world. */
export function printTypescript(
  imports: readonly ExternItem[],
  exports: readonly ExternItem[],
  worldName: string,
  docs: DocsSource = { section: undefined },
): string {
  if (!isIdentifier(worldName) || reserved.has(worldName)) {
    throw new TypeError(`worldName must be an identifier, found ${JSON.stringify(worldName)}`);
  }
  return new TypescriptPrinter(imports, exports, worldName, docs).print();
}

class TypescriptPrinter {
  readonly #imports: readonly ExternItem[];
  readonly #exports: readonly ExternItem[];
  readonly #worldName: string;
  readonly #budget = new PrintBudget();
  readonly #top = new Names();
  readonly #namespaces: Namespace[] = [];
  readonly #declared = new Map<object, Declared>();
  /** Names that the text imports from the library. */
  readonly #library = new Set<string>();
  readonly #docs: PackageDocs;

  constructor(imports: readonly ExternItem[], exports: readonly ExternItem[], worldName: string, docs: DocsSource) {
    this.#docs = new PackageDocs(docs, [...imports, ...exports]);
    this.#imports = imports;
    this.#exports = exports;
    this.#worldName = this.#top.give(worldName, "World");
    this.#collect("import", `${worldName}Imports`, imports, this.#docs.root);
    this.#collect("export", `${worldName}Exports`, exports, this.#docs.root);
  }

  print(): string {
    const namespaces = this.#namespaces.flatMap((namespace) => this.#namespace(namespace));
    const world = [
      ...this.#comment(this.#docs.own),
      `export interface ${this.#worldName} {`,
      `  readonly imports: ${this.#members(this.#imports, "import", "  ", this.#docs.root)};`,
      `  readonly exports: ${this.#members(this.#exports, "export", "  ", this.#docs.root)};`,
      "}",
    ];
    const library = [...this.#library].sort();
    const head = library.length === 0 ? [] : [`import type { ${library.join(", ")} } from "@windlass/component";`, ""];
    return [...head, ...namespaces, ...world, ""].join("\n");
  }

  /** The lines of a comment. */
  #comment(text: string | undefined): string[] {
    return commentLines(text).map((line) => this.#budget.text(line));
  }

  #collect(side: Side, wanted: string, items: readonly ExternItem[], docs: InterfaceDocs): void {
    this.#budget.text(wanted);
    // Interfaces come first, because types that the root takes from them have their names there.
    for (const { name, type } of items) {
      if (type.kind !== "instance") continue;
      this.#collect(side, namespaceName(name, side), type.exports, this.#docs.interface(name, side));
    }
    const types = items.filter(({ type }) => type.kind === "type");
    if (types.length > 0) {
      const name = this.#top.give(wanted, "Types");
      const namespace: Namespace = { name, side, items, docs, names: new Names(), types: [] };
      this.#namespaces.push(namespace);
      for (const { name, type } of types) {
        const named = (type as { type: ValType | ResourceType }).type;
        if (this.#declared.has(named)) continue;
        const given = namespace.names.give(pascalCase(name), "Type");
        const like = isSame(named) ? given : namespace.names.give(`${given}Like`, "TypeLike");
        const declared = { namespace, name: given, like };
        this.#declared.set(named, declared);
        namespace.types.push({ ...declared, type: named, label: name });
      }
    }
  }

  #namespace(namespace: Namespace): string[] {
    const lines = namespace.types.flatMap((declared) => this.#declaration(declared));
    return lines.length === 0 ? [] : [
      ...this.#comment(namespace.docs.own),
      `export declare namespace ${namespace.name} {`,
      ...lines.map((line) => `  ${line}`),
      "}",
      "",
    ];
  }

  #declaration({ type, label, name, like, namespace }: Namespace["types"][number]): string[] {
    const { side, items, docs } = namespace;
    if (type.kind === "resource") {
      const base = side === "export" ? "Disposable & " : "";
      const methods = this.#methods(label, items, side, docs);
      return [...this.#comment(docs.type(label)), ...`export type ${name} = ${base}${methods};`.split("\n")];
    }
    const part = (name: string): string | undefined => docs.part(label, name);
    const about = this.#comment(withParts(docs.type(label), type, part));
    const lines = (name: string, way: Way): string[] => [
      ...about,
      ...`export type ${name} = ${this.#structure(type, way, part)};`.split("\n"),
    ];
    return [...lines(name, "lifted"), ...like === name ? [] : lines(like, "lowerable")];
  }

  #members(items: readonly ExternItem[], side: Side, indentation: string, docs: InterfaceDocs): string {
    const isRoot = indentation === "  ";
    const keys = keysOf(items, isRoot);
    const inner = `${indentation}  `;
    const lines = items.flatMap((item) => {
      const { name, type } = item;
      this.#budget.text(name);
      switch (type.kind) {
        case "func":
          if (parsePlainName(name).kind !== "label") return [];
          return [
            ...this.#comment(docs.func(name)),
            `readonly ${key(keys.get(name)!)}: ${this.#func(type.type, side)};`,
          ];
        case "instance": {
          const optional = side === "import" && isRoot && name.startsWith("wasi:") ? "?" : "";
          const own = this.#docs.interface(name, side), members = this.#members(type.exports, side, inner, own);
          return [...this.#comment(own.own), `readonly ${key(keys.get(name)!)}${optional}: ${members};`];
        }
        case "value": {
          // As a record's field that is an option, such an import may be missing.
          const optional = side === "import" && type.type.kind === "option" ? "?" : "";
          const way = side === "import" ? "lowerable" : "lifted";
          return `readonly ${key(keys.get(name)!)}${optional}: ${this.#type(type.type, way)};`;
        }
        case "module":
        case "component": {
          const given = type.kind === "module" ? side === "import" ? "CoreModule" : "WebAssembly.Module" : "Component";
          if (given !== "WebAssembly.Module") this.#library.add(given);
          return `readonly ${key(keys.get(name)!)}: ${given};`;
        }
        case "type":
          if (type.type.kind !== "resource") return [];
          // If an import must be a type that another import gave, the host need not give it again.
          if (side === "import" && !this.#isDeclaredIn(type.type, items)) return [];
          return [
            ...this.#comment(docs.type(name)),
            ...`readonly ${key(keys.get(name)!)}: ${this.#class(name, type.type, items, side, docs)};`.split("\n"),
          ];
      }
    });
    return lines.length === 0 && side === "import"
      ? "Record<never, never>"
      : lines.length === 0
      ? "{}"
      : `{\n${lines.map((line) => inner + line).join("\n")}\n${indentation}}`;
  }

  #isDeclaredIn(type: ResourceType, items: readonly ExternItem[]): boolean {
    const declared = this.#declared.get(type);
    return declared === undefined || declared.namespace.items === items;
  }

  /** The type of a resource's class. */
  #class(label: string, type: ResourceType, items: readonly ExternItem[], side: Side, docs: InterfaceDocs): string {
    const object = this.#resource(type);
    let construct = `abstract new (...args: never[]) => ${object}`;
    const statics: Member[] = [];
    for (const [key, plain, func, name] of functionsOf(label, items)) {
      if (plain === "constructor") construct = `new ${this.#func(func, side, object)}`;
      if (plain === "static") statics.push([`readonly ${key}: ${this.#func(func, side)}`, docs.func(name)]);
    }
    if (statics.length === 0) return construct;
    return `(${construct}) & ${this.#object(statics)}`;
  }

  /** A type with members, in one line if none has a comment. */
  #object(members: readonly Member[]): string {
    if (members.every(([, docs]) => docs === undefined)) return `{ ${members.map(([text]) => text).join("; ")} }`;
    const lines = members.flatMap(([text, docs]) => [...this.#comment(docs), `${text};`]);
    return ["{", ...lines.map((line) => `  ${line}`), "}"].join("\n");
  }

  #methods(label: string, items: readonly ExternItem[], side: Side, docs: InterfaceDocs): string {
    const methods: Member[] = [];
    for (const [key, plain, func, name] of functionsOf(label, items)) {
      if (plain !== "method") continue;
      const type = this.#func({ ...func, params: func.params.slice(1) }, side);
      methods.push([`readonly ${key}: ${type}`, docs.func(name)]);
    }
    return methods.length === 0 ? "object" : this.#object(methods);
  }

  /**
   * Prints the type of a function that the host provides or calls. `made` is what a constructor
   * makes.
   */
  #func({ params, result, async }: FuncType, side: Side, made?: string): string {
    const [into, out]: [Way, Way] = side === "import" ? ["lifted", "lowerable"] : ["lowerable", "lifted"];
    const names = new Names();
    // Options at the end of the parameters may be left out.
    let required = params.length;
    if (side === "export") { while (required > 0 && params[required - 1]!.type.kind === "option") required--; }
    const list = params.map(({ name, type }, i) =>
      `${names.give(camelCase(name), `param${i + 1}`)}${i < required ? "" : "?"}: ${this.#type(type, into)}`
    );
    const value = made ?? (side === "import" ? this.#given(result) : this.#returned(result, out));
    if (!async) return `(${list.join(", ")}) => ${value}`;
    return `(${list.join(", ")}) => ${side === "import" ? `Promise<${value}> | (${value})` : `Promise<${value}>`}`;
  }

  /** The type of what a host function returns. */
  #given(result: ValType | undefined): string {
    if (result?.kind !== "result") return result === undefined ? "void" : this.#type(result, "lowerable");
    this.#library.add("Result");
    const [ok, err] = [result.ok, result.err].map((part) => part ? this.#type(part, "lowerable") : "undefined");
    return `${result.ok === undefined ? "void" : ok} | Result<${ok}, ${err}>`;
  }

  /** The type of what an export returns. */
  #returned(result: ValType | undefined, way: Way): string {
    const value = result?.kind === "result" ? result.ok : result;
    return value === undefined ? "void" : this.#type(value, way);
  }

  #type(type: ValType, way: Way): string {
    const declared = this.#declared.get(type);
    return this.#budget.text(
      declared === undefined
        ? this.#structure(type, way)
        : `${declared.namespace.name}.${way === "lifted" ? declared.name : declared.like}`,
    );
  }

  #resource(type: ResourceType): string {
    const declared = this.#declared.get(type);
    return declared === undefined ? "object" : `${declared.namespace.name}.${declared.name}`;
  }

  /** `part` gives the comment of a field. */
  #structure(type: ValType, way: Way, part: (name: string) => string | undefined = () => undefined): string {
    const of = (part: ValType): string => this.#type(part, way);
    const readonly = way === "lowerable" ? "readonly " : "";
    switch (type.kind) {
      case "bool":
        return "boolean";
      case "u64":
      case "s64":
        return way === "lifted" ? "bigint" : "bigint | number";
      case "char":
      case "string":
        return "string";
      case "list":
      case "fixed-list":
        if (way === "lowerable") return `Iterable<${of(type.element)}> & object`;
        return arrays[type.element.kind] ?? `Array<${of(type.element)}>`;
      case "map":
        return way === "lifted"
          ? `Map<${of(type.key)}, ${of(type.value)}>`
          : `Iterable<readonly [${of(type.key)}, ${of(type.value)}]>`;
      case "record": {
        const keys = memberNames(type.fields.map(({ name }) => name));
        const fields = type.fields.map((field, i): Member => {
          const optional = way === "lowerable" && field.type.kind === "option" ? "?" : "";
          return [`${readonly}${key(keys[i]!)}${optional}: ${of(field.type)}`, part(field.name)];
        });
        return this.#object(fields);
      }
      case "tuple":
        return `${readonly}[${type.types.map(of).join(", ")}]`;
      case "variant":
        return type.cases.map(({ name, type }) => {
          const val = type === undefined ? "" : `; ${readonly}val: ${of(type)}`;
          return `{ ${readonly}tag: ${JSON.stringify(name)}${val} }`;
        }).join(" | ");
      case "enum":
        return type.names.map((name) => JSON.stringify(name)).join(" | ");
      case "flags": {
        const keys = memberNames(type.names);
        if (way === "lifted") return `{ ${keys.map((name) => `${key(name)}: boolean`).join("; ")} }`;
        const flags = keys.map((name) => `readonly ${key(name)}?: boolean | undefined`);
        return `{ ${flags.join("; ")} } | undefined | null`;
      }
      case "option": {
        const some = type.element.kind === "option"
          ? `{ ${readonly}tag: "some"; ${readonly}val: ${of(type.element)} } | { ${readonly}tag: "none" }`
          : of(type.element);
        if (way === "lowerable") return `${some} | undefined | null`;
        return type.element.kind === "option" ? some : `${some} | undefined`;
      }
      case "result": {
        const side = (tag: "ok" | "err", part: ValType | undefined): string => {
          const optional = way === "lowerable" && part === undefined ? "?" : "";
          return `{ ${readonly}tag: "${tag}"; ${readonly}val${optional}: ${part ? of(part) : "undefined"} }`;
        };
        return `${side("ok", type.ok)} | ${side("err", type.err)}`;
      }
      case "own":
      case "borrow":
        return this.#resource(type.resource);
      case "stream": {
        const chunk = type.element === undefined
          ? "undefined"
          : way === "lowerable" && type.element.kind in arrays
          ? `Iterable<${of(type.element)}> & object`
          : arrays[type.element.kind] ?? of(type.element);
        return way === "lifted" ? `ReadableStream<${chunk}>` : `ReadableStream<${chunk}> | AsyncIterable<${chunk}>`;
      }
      case "future": {
        this.#library.add("Future");
        const value = type.element === undefined ? "undefined" : of(type.element);
        return way === "lifted" ? `Future<${value}>` : `PromiseLike<${value}> | Future<${value}>`;
      }
      case "error-context":
        this.#library.add("ErrorContext");
        return "ErrorContext";
      case "u8":
      case "s8":
      case "u16":
      case "s16":
      case "u32":
      case "s32":
      case "f32":
      case "f64":
        return "number";
      default:
        return absurd(type);
    }
  }
}

/**
 * Gives the functions of an interface's resources, and the JavaScript names of its members.
 * Computed once.
 */
const functions = new WeakMap<
  readonly ExternItem[],
  { readonly keys: ReadonlyMap<string, string>; readonly of: ReadonlyMap<string, readonly ResourceFunction[]> }
>();

/**
 * Gives the constructor, methods and static functions of a resource, with their JavaScript names.
 */
function functionsOf(
  label: string,
  items: readonly ExternItem[],
): (readonly [key: string, kind: ResourceFunction["plain"]["kind"], type: FuncType, name: string])[] {
  let found = functions.get(items);
  if (found === undefined) functions.set(items, found = { keys: keysOf(items, false), of: resourceFunctions(items) });
  const { keys } = found;
  return (found.of.get(label) ?? []).map((
    { name, plain, type },
  ) => [key(keys.get(name) ?? name), plain.kind, type, name]);
}

function keysOf(items: readonly ExternItem[], isRoot: boolean): Map<string, string> {
  const named = items.filter(({ type }) => type.kind !== "type" || type.type.kind === "resource");
  return memberKeys(named.map(({ name, type }) => [name, type.kind]), isRoot);
}
