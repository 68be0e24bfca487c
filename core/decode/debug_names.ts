// The `component-name` section, and the names of definitions in messages. The section is decoded
// when a message first needs it, as far as possible. It never makes a component invalid.
// The section `package-docs` is kept as it is, for whoever prints the component's types.
// Bytes of the section enter, names for messages leave.
// Spec: Binary.md "Name Section".

import { CompileError } from "../../errors.ts";
import type { ComponentDef, Definition, Sort } from "./syntax.ts";
import type { ModuleSlot } from "../module/module_slot.ts";
import { Reader } from "../binary/reader.ts";
import { MAX_DOCS_BYTES } from "../binary/limits.ts";
import { sort } from "./sorts.ts";

/** The debug names of one component. */
export class DebugNames {
  readonly #sections: Uint8Array[] = [];
  #component: string | undefined;
  #docs: Uint8Array | undefined;
  #sorts: Map<Sort, Map<number, string>> | undefined;

  /** Adds a section's content. */
  add(content: Uint8Array): void {
    this.#sections.push(content);
    this.#sorts = undefined;
  }

  /** The content of the section `package-docs`, which is the first one if there are several. */
  get docs(): Uint8Array | undefined {
    return this.#docs;
  }

  /** Keeps comments of WIT. Those that are too long are not kept. */
  addDocs(content: Uint8Array): void {
    // A copy, so that it does not hold on to the whole binary.
    if (content.length <= MAX_DOCS_BYTES) this.#docs ??= content.slice();
  }

  /** The component's own name. */
  get component(): string | undefined {
    this.#read();
    return this.#component;
  }

  /** The name of an item. */
  of(sort: Sort, index: number): string | undefined {
    return this.#read().get(sort)?.get(index);
  }

  #read(): Map<Sort, Map<number, string>> {
    if (this.#sorts !== undefined) return this.#sorts;
    this.#sorts = new Map();
    for (const section of this.#sections) {
      try {
        this.#readSection(new Reader(section, 0, "component-name section"), this.#sorts);
      } catch (error) {
        if (!(error instanceof CompileError)) throw error;
      }
    }
    return this.#sorts;
  }

  #readSection(reader: Reader, sorts: Map<Sort, Map<number, string>>): void {
    while (reader.remaining > 0) {
      const subsection = reader.byte();
      const content = new Reader(reader.take(reader.u32()), 0, "component-name section");
      if (subsection === 0) this.#component = content.name();
      if (subsection !== 1) continue;
      const of = sort(content);
      sorts.set(of, new Map(content.vec(() => [content.u32(), content.name()] as const, "name")));
    }
  }
}

/** The sort of item that a definition adds. An export adds an item of the sort that it exports. */
function sortOf(definition: Definition): Sort | undefined {
  switch (definition.kind) {
    case "core-module":
    case "core-instance":
    case "core-type":
      return `core ${definition.kind.slice(5) as "module" | "instance" | "type"}`;
    case "component":
    case "instance":
    case "type":
    case "value":
      return definition.kind;
    case "alias":
      return definition.alias.sort;
    case "canon":
      return definition.canon.kind === "lift" ? "func" : "core func";
    case "import":
      return definition.type.kind === "core-module" ? "core module" : definition.type.kind;
    case "export":
      return definition.item.sort;
    case "start":
      return undefined;
  }
}

/**
 * Names a definition for messages: by the name that it imports or exports, otherwise by sort, index
 * and debug name.
 */
export function describeDefinition({ definitions, names }: ComponentDef, definition: Definition): string {
  if ("name" in definition) return `${definition.kind} \`${definition.name.name}\``;
  const sort = sortOf(definition);
  if (sort === undefined) return definition.kind;
  const before = definitions.slice(0, definitions.indexOf(definition));
  const index = before.filter((other) => sortOf(other) === sort).length, name = names.of(sort, index);
  return `${sort} ${index}${name === undefined ? "" : ` \`${name}\``}`;
}

/** Says where a core module is defined: the module's definition, then each component around it. */
export function placeOfModule(component: ComponentDef, slot: ModuleSlot): string[] | undefined {
  for (const definition of component.definitions) {
    const place = definition.kind === "core-module"
      ? definition.module === slot ? [] : undefined
      : definition.kind === "component"
      ? placeOfModule(definition.component, slot)
      : undefined;
    if (place !== undefined) return [...place, describeDefinition(component, definition)];
  }
}
