// The `component-name` section: names for messages, though none asks for one yet. Decoded when first asked for, as far as it can be;
// never a cause for rejection.
// Spec: Binary.md "Name Section".

import { CompileError } from "../errors.ts";
import type { Sort } from "./definitions.ts";
import { Reader } from "./reader.ts";
import { sort } from "./sorts.ts";

/** The debug names of one component. */
export class DebugNames {
  readonly #sections: Uint8Array[] = [];
  #component: string | undefined;
  #sorts: Map<Sort, Map<number, string>> | undefined;

  /** Adds a section's content. */
  add(content: Uint8Array): void {
    this.#sections.push(content);
    this.#sorts = undefined;
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
