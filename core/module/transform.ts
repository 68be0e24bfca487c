// The pipeline that a core module goes through on its way to the engine: chunks of its bytes go in
// as they arrive, chunks for the engine come out. A transform holds back only the bytes that it
// must see before it can decide. A buffer is one chunk: buffers and streams are rewritten by the
// same code.

import { concat } from "../binary/bytes.ts";

/** Rewrites one module. It may throw a CompileError for a module that must not reach the engine. */
export interface Transform {
  /** Takes the next bytes. Gives the bytes that are ready, which may be views of the chunk. */
  push(chunk: Uint8Array): readonly Uint8Array[];
  /** Says that all bytes were pushed. Gives the rest. */
  end(): readonly Uint8Array[];
}

/** Several transforms, each of which gets what the one before it gives. */
export class Pipeline implements Transform {
  readonly #transforms: readonly Transform[];

  constructor(transforms: readonly Transform[]) {
    this.#transforms = transforms;
  }

  push(chunk: Uint8Array): readonly Uint8Array[] {
    return this.#through([chunk], 0);
  }

  end(): readonly Uint8Array[] {
    // What the first one still gives goes through the others before they are ended.
    const rest: Uint8Array[] = [];
    for (const [i, transform] of this.#transforms.entries()) rest.push(...this.#through(transform.end(), i + 1));
    return rest;
  }

  #through(chunks: readonly Uint8Array[], from: number): readonly Uint8Array[] {
    let current = chunks;
    for (const transform of this.#transforms.slice(from)) current = current.flatMap((chunk) => transform.push(chunk));
    return current;
  }
}

/** Rewrites a whole module. Gives the same bytes, without a copy, if no transform changes them. */
export function transformWhole(bytes: Uint8Array, transform: Transform): Uint8Array {
  const pieces = [...transform.push(bytes), ...transform.end()];
  return pieces.length === 1 ? pieces[0]! : concat(pieces);
}
