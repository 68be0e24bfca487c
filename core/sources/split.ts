// Splits a component into its core modules and the rest. `compile` accepts the rest together with
// the option `modules`.
// In the rest, a stub stands in the place of each module. It keeps only the sections that make the
// module's type, because validation needs them. A stub is never a valid module, so that no engine
// takes the rest for a component that can run.
// A custom section marks the stub and its module as belonging together. Two modules of one
// toolchain often have the same names and kinds, and could not be told apart otherwise.

import { helperBytes } from "../../abi/wasm/helper.ts";
import { leb } from "../../abi/wasm/encoder.ts";
import { concat } from "../binary/bytes.ts";
import type { HeldModule } from "../module/held_module.ts";
import { moduleHead } from "../module/module_type.ts";
import { rewritingOf, type RewritingOptions } from "../module/rewriting.ts";
import { transformWhole } from "../module/transform.ts";
import { Reader } from "../binary/reader.ts";
import { SPLIT_MARK } from "../module/split_mark.ts";
import { identityOf } from "../../abi/wasm/identity.ts";

/** A component in pieces. */
export interface Split {
  /** The component without its core modules. */
  readonly rest: Uint8Array<ArrayBuffer>;
  /** Its core modules, in the order of `Component.modules`; behind them the helper of metered ones. */
  readonly modules: readonly Uint8Array<ArrayBuffer>[];
}

/**
 * Sections that make a module's type: types, imports, functions, tables, memories, globals,
 * exports, tags.
 */
const TYPE_SECTIONS: ReadonlySet<number> = new Set([1, 2, 3, 4, 5, 6, 7, 13]);
const CORE_MODULE = 1, COMPONENT = 4, PREAMBLE = 8;
/**
 * A data count section that promises one segment. No data section follows, so the stub is invalid.
 */
const NO_MODULE: Uint8Array = Uint8Array.of(12, 1, 1);

/**
 * Splits a component.
 *
 * @param bytes A component that was compiled.
 * @param slots The places of its core modules.
 * @param rewriting As in `compile`: a host that forbids compiling cannot limit memories or meter
 * modules itself.
 * @throws CompileError if the initial size of a memory is larger than that.
 */
export function splitComponent(
  bytes: Uint8Array,
  slots: readonly HeldModule[],
  rewriting: RewritingOptions = {},
): Split {
  const marks = new Map<number, Uint8Array>();
  const modules = slots.map(({ offset, length }, i) => {
    const module = bytes.subarray(offset, offset + length), mark = markOf(module);
    marks.set(offset, mark);
    return concat([transformWhole(module, rewritingOf(rewriting, i, offset)), mark]);
  });
  const helper = rewriting.meterer === undefined ? [] : [helperBytes()];
  return { rest: concat(restOf(bytes, 0, bytes.length, marks)), modules: [...modules, ...helper] };
}

/** Gives the pieces of a component, with stubs for the modules whose marks are given by offset. */
function restOf(bytes: Uint8Array, start: number, end: number, marks: ReadonlyMap<number, Uint8Array>): Uint8Array[] {
  const pieces = [bytes.subarray(start, start + PREAMBLE)];
  const reader = new Reader(bytes.subarray(start + PREAMBLE, end), start + PREAMBLE, "component");
  while (reader.remaining > 0) {
    const from = reader.offset, id = reader.byte(), size = reader.u32(), at = reader.offset;
    reader.take(size);
    const mark = id === CORE_MODULE ? marks.get(at) : undefined;
    if (mark !== undefined) pieces.push(...section(CORE_MODULE, stubOf(bytes.subarray(at, at + size), mark)));
    else if (id === COMPONENT) pieces.push(...section(COMPONENT, restOf(bytes, at, at + size, marks)));
    else pieces.push(bytes.subarray(from, at + size));
  }
  return pieces;
}

/** Makes the stub of a module: the mark first, then the sections that make its type. */
function stubOf(module: Uint8Array, mark: Uint8Array): Uint8Array[] {
  const head = moduleHead(module), reader = new Reader(head, 0, "core module");
  const pieces = [reader.take(PREAMBLE), mark];
  while (reader.remaining > 0) {
    const from = reader.offset, id = reader.byte();
    reader.take(reader.u32());
    if (TYPE_SECTIONS.has(id)) pieces.push(head.subarray(from, reader.offset));
  }
  pieces.push(NO_MODULE);
  return pieces;
}

/** Makes the custom section that identifies a module. */
function markOf(module: Uint8Array): Uint8Array {
  const encoder = new TextEncoder(), name = encoder.encode(SPLIT_MARK), text = encoder.encode(identityOf(module));
  return concat(section(0, [Uint8Array.from(leb(name.length)), name, text]));
}

function section(id: number, pieces: readonly Uint8Array[]): Uint8Array[] {
  const size = pieces.reduce((sum, piece) => sum + piece.length, 0);
  return [Uint8Array.of(id, ...leb(size)), ...pieces];
}
