// The table of gated features of the specification. It gives each gate's name and default, and the
// error for using a feature whose gate is closed. Gate names are those of the tools without their
// prefix.
// Spec: Explainer.md "Gated Features".

import { invalid } from "./invalid.ts";
import type { NameForms } from "./names.ts";

/**
 * Every gate, and whether it is open by default. Features that a release of WASI contains are open.
 */
const defaults = {
  /** `async func`, streams, futures, tasks: released with 0.3.0. */
  "async": true,
  /** `map<k, v>`: released with 0.3.1. */
  "map": true,
  /** The attributes `implements` and `external-id`: released with 0.3.1. */
  "implements": true,
  /** Synchronous stream and future built-ins, asynchronous cancellation. */
  "more-async-builtins": false,
  /** Async lifts without a callback. */
  "async-stackful": false,
  /** Cooperative threads. */
  "threading": false,
  /** `list<t, n>`. */
  "fixed-length-lists": false,
  /** `error-context`. */
  "error-context": false,
  /** 64-bit memories and tables in the canonical ABI. */
  "memory64": false,
  /** Nested namespaces and projections in names. */
  "nested-names": false,
  /** Value imports and exports, start functions. */
  "values": false,
  /** Canonical interface names. */
  "canon-names": false,
  /** Shared-everything threads. */
  "shared-everything-threads": false,
  /** The GC ABI. */
  "gc": false,
} as const;

/** The name of a gate. */
export type GateName = keyof typeof defaults;

/** Which gates are open. */
export class Gates {
  readonly #open: Readonly<Record<string, boolean>>;
  /** The gated forms of names that are allowed. */
  readonly nameForms: NameForms;

  /** @throws TypeError for an unknown gate, or a value that is not a boolean. */
  constructor(options: Readonly<Record<string, boolean>> = {}) {
    for (const [name, open] of Object.entries(options)) {
      if (!Object.hasOwn(defaults, name)) {
        throw new TypeError(`there is no gate \`${name}\`; the gates are ${Object.keys(defaults).join(", ")}`);
      }
      if (typeof open !== "boolean") throw new TypeError(`the gate \`${name}\` must be true or false`);
    }
    this.#open = { ...defaults, ...options };
    this.nameForms = { nested: this.#open["nested-names"]!, canonical: this.#open["canon-names"]! };
  }

  /** Throws a CompileError for a feature whose gate is closed. */
  require(gate: GateName, what: string, offset: number): void {
    if (!this.#open[gate]) invalid("component", offset, "closed-gate", what, gate);
  }
}
