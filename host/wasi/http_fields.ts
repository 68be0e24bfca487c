// wasi:http/types 0.2: the resource `fields`, over a map of fields.

import { Trap } from "../../errors.ts";
import { err, type Result } from "../../abi/codecs/results.ts";
import { FieldMap, type FieldRefusal } from "./http_field_map.ts";
import { MAX_FIELDS_SIZE } from "./http_limits.ts";

/** The variant `header-error`. */
export type HeaderError = { readonly tag: "invalid-syntax" | "forbidden" | "immutable" };

type Changed = undefined | Result<never, HeaderError>;

/** What a refusal is in 0.2, which has no error for too many fields. */
function changed(refusal: FieldRefusal | undefined): Changed {
  if (refusal === undefined) return undefined;
  if (refusal === "size-exceeded") {
    throw new Trap("interface-rule", `fields of more than ${MAX_FIELDS_SIZE} bytes`);
  }
  return err({ tag: refusal }) as Result<never, HeaderError>;
}

/** The resource `fields`. */
export class Fields {
  #map = new FieldMap();
  /** Tells its parent that it is gone, if it has one. */
  #gone: () => void = () => {};

  /** The headers of a message, as its child: `gone` is called when it is dropped or given away. */
  static child(map: FieldMap, gone: () => void): Fields {
    const fields = new Fields();
    fields.#map = map;
    fields.#gone = gone;
    return fields;
  }

  /** What a function takes that owns them from now on. */
  static take(fields: Fields): FieldMap {
    fields.#gone();
    return fields.#map;
  }

  /** `from-list`. */
  static fromList(entries: readonly (readonly [string, Uint8Array])[]): Fields | Result<never, HeaderError> {
    const fields = new Fields();
    for (const [name, value] of entries) {
      const refused = fields.append(name, value);
      if (refused !== undefined) return refused;
    }
    return fields;
  }

  /** Every value of a field. */
  get(name: string): Uint8Array[] {
    return this.#map.get(name);
  }

  /** Whether there is a field. */
  has(name: string): boolean {
    return this.#map.has(name);
  }

  /** Replaces a field. */
  set(name: string, values: readonly Uint8Array[]): Changed {
    return changed(this.#map.set(name, values));
  }

  /** Removes a field. */
  delete(name: string): Changed {
    return changed(this.#map.delete(name));
  }

  /** Adds a value. */
  append(name: string, value: Uint8Array): Changed {
    return changed(this.#map.append(name, value));
  }

  /** Every field and value. */
  entries(): [string, Uint8Array][] {
    return this.#map.entries();
  }

  /** A copy that can be changed. */
  clone(): Fields {
    const made = new Fields();
    made.#map = this.#map.clone();
    return made;
  }

  [Symbol.dispose](): void {
    this.#gone();
  }
}
