// fields and request-options of WASI 0.3: those of 0.2 with errors that say more.

import { err, type Result } from "../../abi/codecs/results.ts";
import { FieldMap, type FieldRefusal } from "./http_field_map.ts";

/** The variants `header-error` and `request-options-error`. */
interface Refusal {
  readonly tag: string;
}
type Changed = undefined | Result<never, Refusal>;

function changed(refusal: FieldRefusal | undefined): Changed {
  return refusal === undefined ? undefined : refused(refusal);
}

function refused(tag: string): Result<never, Refusal> {
  return err({ tag }) as Result<never, Refusal>;
}

/** The resource `fields`. */
export class P3Fields {
  #map = new FieldMap();

  /** Fields over a map. */
  static over(map: FieldMap): P3Fields {
    const fields = new P3Fields();
    fields.#map = map;
    return fields;
  }

  /** What a message has of the fields that it is given. */
  static mapOf(fields: P3Fields): FieldMap {
    return fields.#map;
  }

  static fromList(entries: readonly (readonly [string, Uint8Array])[]): P3Fields | Result<never, Refusal> {
    const fields = new P3Fields();
    for (const [name, value] of entries) {
      const refusal = fields.append(name, value);
      if (refusal !== undefined) return refusal;
    }
    return fields;
  }

  get(name: string): Uint8Array[] {
    return this.#map.get(name);
  }

  has(name: string): boolean {
    return this.#map.has(name);
  }

  set(name: string, values: readonly Uint8Array[]): Changed {
    return changed(this.#map.set(name, values));
  }

  delete(name: string): Changed {
    return changed(this.#map.delete(name));
  }

  getAndDelete(name: string): Uint8Array[] | Result<never, Refusal> {
    const values = this.#map.get(name), refusal = this.#map.delete(name);
    return refusal === undefined ? values : refused(refusal);
  }

  append(name: string, value: Uint8Array): Changed {
    return changed(this.#map.append(this.#map.spelling(name) ?? name, value));
  }

  copyAll(): [string, Uint8Array][] {
    return this.#map.entries();
  }

  clone(): P3Fields {
    return P3Fields.over(this.#map.clone());
  }
}

/** Durations in nanoseconds. */
interface Durations {
  connect?: bigint | undefined;
  firstByte?: bigint | undefined;
  betweenBytes?: bigint | undefined;
}

/** The resource `request-options`. */
export class P3RequestOptions {
  #durations: Durations = {};
  #frozen = false;

  /** The same, for a request: it cannot be changed. */
  static frozen(options: P3RequestOptions): P3RequestOptions {
    const made = options.clone();
    made.#frozen = true;
    return made;
  }

  #set(key: keyof Durations, duration: bigint | undefined): Changed {
    if (this.#frozen) return refused("immutable");
    this.#durations[key] = duration;
  }

  getConnectTimeout(): bigint | undefined {
    return this.#durations.connect;
  }

  setConnectTimeout(duration: bigint | undefined): Changed {
    return this.#set("connect", duration);
  }

  getFirstByteTimeout(): bigint | undefined {
    return this.#durations.firstByte;
  }

  setFirstByteTimeout(duration: bigint | undefined): Changed {
    return this.#set("firstByte", duration);
  }

  getBetweenBytesTimeout(): bigint | undefined {
    return this.#durations.betweenBytes;
  }

  setBetweenBytesTimeout(duration: bigint | undefined): Changed {
    return this.#set("betweenBytes", duration);
  }

  clone(): P3RequestOptions {
    const made = new P3RequestOptions();
    made.#durations = { ...this.#durations };
    return made;
  }
}
