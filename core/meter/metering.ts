// Meters a core module: its bytes enter section by section, the bytes of a module that charges a
// counter for what it does leave.
// added.ts says what is added, charges.ts how functions are charged, custom.ts what becomes of
// sections that hold places in the code. Every other byte stays.
// A module that this file cannot follow is refused: nobody could say what it costs.
// Spec: core spec 3.0 "Binary Format: Modules".

import { CompileError } from "../../errors.ts";
import { leb, name } from "../../abi/wasm/encoder.ts";
import { Reader } from "../binary/reader.ts";
import { coreExternType, coreLimits, coreTableType, recType } from "../module/core_types.ts";
import { type SectionRewriter, SectionTransform, type SectionWish } from "../module/section_transform.ts";
import type { CoreLimits } from "../module/core_syntax.ts";
import { freePrefix, type MeteredSpace } from "../module/meter_mark.ts";
import type { Transform } from "../module/transform.ts";
import {
  ADDED_FUNCS,
  ADDED_TYPES,
  addedBodies,
  addedExports,
  addedFuncs,
  addedGlobal,
  type AddedIndices,
  addedTable,
  addedTypes,
  meterSection,
} from "./added.ts";
import type { OwnSpace } from "./opcodes.ts";
import { MeteredCode } from "./code.ts";
import { checkConstExpr, checkElements, checkGlobal, ownIndex, type OwnLimits } from "./own_indices.ts";
import { BRANCH_HINT, type FunctionHints, isDropped, keptNames, NAMES, readHints } from "./custom.ts";

const none = new Uint8Array(0);

const CUSTOM = 0, TYPE = 1, IMPORT = 2, FUNCTION = 3, TABLE = 4, MEMORY = 5, GLOBAL = 6, EXPORT = 7, STARTS = 8;
const ELEMENT = 9, CODE = 10, DATA = 11;
/** The ids of sections, in the order in which they stand. 13 is tags, 12 the count of data. */
const ORDER = [TYPE, IMPORT, FUNCTION, TABLE, MEMORY, 13, GLOBAL, EXPORT, STARTS, ELEMENT, 12, CODE, DATA];
/** Sections that something is added to. */
const ADDED_TO = [FUNCTION, TABLE, GLOBAL, EXPORT];

/**
 * The transform of one module.
 *
 * @param module The module's index, for messages.
 * @param offset Where it begins in the component.
 */
export function metering(module: number, offset: number): Transform {
  return new SectionTransform(new Metering(`core module ${module}`, offset));
}

/** The spaces of exports that something is added to, by the byte of their kind. */
const EXPORTED: readonly (OwnSpace | undefined)[] = ["function", "table", undefined, "global"];

/** What engines keep for an element of a table, as the limit counts it. */
const ELEMENT_BYTES = 8;

/** How many items of a kind are imported and defined. */
interface Counts {
  types: number;
  importedFuncs: number;
  funcs: number;
  tables: number;
  globals: number;
}

class Metering implements SectionRewriter {
  readonly #place: string;
  readonly #offset: number;
  readonly #counts: Counts = { types: 0, importedFuncs: 0, funcs: 0, tables: 0, globals: 0 };
  /** Parameters of each type that is a function's; types of the defined functions. */
  readonly #params: number[] = [];
  #funcTypes: ArrayLike<number> = [];
  /** Types of the imported functions; types of functions that take and give nothing. */
  readonly #importedTypes: number[] = [];
  readonly #thunks: Set<number> = new Set();
  readonly #memories: MeteredSpace[] = [];
  readonly #tables: MeteredSpace[] = [];
  readonly #memoryNames: Map<number, string> = new Map();
  readonly #tableNames: Map<number, string> = new Map();
  readonly #wideMemories: boolean[] = [];
  readonly #wideTables: boolean[] = [];
  #start: number | undefined;
  #hints: ReadonlyMap<number, FunctionHints> | undefined;
  #prefix = "";
  /** The section of exports, which waits for the next section. */
  #exported: { readonly count: number; readonly content: Uint8Array } = { count: 0, content: none };
  /** Sections that have been given, or are known to be missing. */
  #given = 0;
  #code: MeteredCode | undefined;

  constructor(place: string, offset: number) {
    this.#place = place;
    this.#offset = offset;
  }

  wish(id: number): SectionWish {
    return id === DATA ? "pass" : id === CODE ? "follow" : "rewrite";
  }

  follow(piece: Uint8Array, at: number): void {
    this.#code ??= this.#meteredCode(at);
    this.#code.add(piece);
  }

  rewrite(id: number, content: Uint8Array, at: number): readonly Uint8Array[] | undefined {
    const reader = new Reader(content, this.#offset + at, `${this.#place}, ${sectionName(id)}`);
    if (id === CUSTOM) return this.#custom(reader);
    // The section of exports waits for the section that says which function starts.
    if (id === STARTS && this.#hasCode) this.#start = this.#startFunction(reader);
    const before = this.#missing(id);
    const rewritten = this.#section(id, content, reader);
    return rewritten === undefined && before.length === 0
      ? undefined
      : [...before, ...(rewritten ?? sectionOf(id, [content]))];
  }

  finish(): Uint8Array {
    const named = (spaces: readonly MeteredSpace[], names: ReadonlyMap<number, string>): MeteredSpace[] =>
      spaces.map((space, i) => names.has(i) ? { ...space, name: names.get(i)! } : space);
    return Uint8Array.from(meterSection({
      prefix: this.#prefix,
      memories: named(this.#memories, this.#memoryNames),
      tables: named(this.#tables, this.#tableNames),
    }));
  }

  /** Whether the module has code to charge. Known from the function section on. */
  get #hasCode(): boolean {
    return this.#counts.funcs > 0;
  }

  /** The sections that the module lacks and that would stand before the one that comes now. */
  #missing(id: number): Uint8Array[] {
    const place = ORDER.indexOf(id);
    if (place < 0) return []; // the engine refuses the module, or knows a section that we do not
    const missing = ORDER.slice(this.#given, place);
    this.#given = Math.max(this.#given, place + 1);
    if (!this.#hasCode) return [];
    return missing.filter((each) => ADDED_TO.includes(each)).flatMap((each) =>
      each === EXPORT ? this.#exportSection() : this.#with(each, 0, none)
    );
  }

  #custom(reader: Reader): readonly Uint8Array[] | undefined {
    const called = reader.name();
    if (called === BRANCH_HINT && this.#given <= ORDER.indexOf(CODE)) {
      this.#hints = orElse(() => readHints(reader));
      return [];
    }
    if (called === NAMES) {
      const kept = orElse(() => keptNames(reader));
      return kept && sectionOf(CUSTOM, [Uint8Array.from(name(NAMES)), ...kept]);
    }
    return isDropped(called) ? [] : undefined;
  }

  /** Rewrites a section. `undefined` if it stays. */
  #section(id: number, content: Uint8Array, reader: Reader): Uint8Array[] | undefined {
    const counts = this.#counts;
    switch (id) {
      case TYPE: {
        const groups = reader.vec(() => {
          for (const { type } of recType(reader)) {
            if (type.kind === "func" && type.params.length + type.results.length === 0) {
              this.#thunks.add(this.#params.length);
            }
            this.#params.push(type.kind === "func" ? type.params.length : 0);
          }
        }, "type").length;
        reader.finish();
        counts.types = this.#params.length;
        return this.#with(TYPE, groups, content);
      }
      case IMPORT:
        reader.vec(() => this.#import(reader), "import");
        return reader.finish(), undefined;
      case FUNCTION:
        this.#funcTypes = reader.indices("function");
        this.#checkTypes(reader);
        counts.funcs = this.#funcTypes.length;
        return this.#hasCode ? this.#with(FUNCTION, counts.funcs, content) : undefined;
      case TABLE: {
        const defined = reader.vec(() => this.#table(reader), "table").length;
        return reader.finish(), this.#hasCode ? this.#with(TABLE, defined, content) : undefined;
      }
      case MEMORY:
        reader.vec(() => this.#memory(coreLimits(reader), undefined), "memory");
        return reader.finish(), undefined;
      case GLOBAL: {
        const defined = reader.vec(() => checkGlobal(reader, this.#limits), "global").length;
        reader.finish();
        counts.globals += defined;
        return this.#hasCode ? this.#with(GLOBAL, defined, content) : undefined;
      }
      case EXPORT:
        return this.#exports(reader, content);
      case STARTS:
        // It is exported instead, and called when the handler is there.
        return this.#hasCode ? [] : undefined;
      case ELEMENT:
        reader.vec(() => checkElements(reader, this.#limits), "element segment");
        return reader.finish(), undefined;
      case CODE: {
        const bodies = this.#code?.end() ?? [content];
        return [...this.#branchHints(), ...sectionOf(CODE, bodies)];
      }
    }
    return undefined;
  }

  #import(reader: Reader): void {
    const from = [reader.name(), reader.name()] as const;
    const start = reader.offset, type = coreExternType(reader), counts = this.#counts;
    if (type.kind === "func") {
      if (type.type >= counts.types) reader.fail("unknown-index", ["type", type.type], start);
      counts.importedFuncs++;
      this.#importedTypes.push(type.type);
    }
    if (type.kind === "global") counts.globals++;
    if (type.kind === "memory") this.#memory(type.limits, from);
    if (type.kind === "table") this.#addTable(type.limits, from);
  }

  #memory({ min, address, pageSize }: CoreLimits, from: MeteredSpace["from"]): void {
    this.#wideMemories.push(address === "i64");
    this.#memories.push({ ...(from && { from }), min, bytes: 2 ** pageSize });
  }

  #addTable({ min, address }: CoreLimits, from: MeteredSpace["from"]): void {
    this.#counts.tables++;
    this.#wideTables.push(address === "i64");
    this.#tables.push({ ...(from && { from }), min, bytes: ELEMENT_BYTES });
  }

  #table(reader: Reader): void {
    const initialised = reader.peek() === 0x40;
    if (initialised) reader.take(2);
    this.#addTable(coreTableType(reader).limits, undefined);
    if (initialised) checkConstExpr(reader, this.#limits);
  }

  /** The engine does not see this section, so that it is checked here. */
  #startFunction(reader: Reader): number {
    if (this.#start !== undefined) reader.fail("unknown-section", [STARTS]);
    const start = reader.offset, func = ownIndex(reader, "function", this.#limits), first = this.#counts.importedFuncs;
    reader.finish();
    const type = func < first ? this.#importedTypes[func] : this.#funcTypes[func - first];
    if (!this.#thunks.has(type!)) reader.fail("core-signature", ["start function must take and give nothing"], start);
    return func;
  }

  /** Keeps the section until it is known which function starts. */
  #exports(reader: Reader, content: Uint8Array): Uint8Array[] | undefined {
    const names = reader.vec(() => {
      const exported = reader.name(), kind = reader.byte(), space = EXPORTED[kind];
      const index = space !== undefined ? ownIndex(reader, space, this.#limits) : reader.u32();
      if (kind === 1) this.#tableNames.set(index, exported);
      if (kind === 2) this.#memoryNames.set(index, exported);
      return exported;
    }, "export");
    reader.finish();
    if (!this.#hasCode) return undefined;
    this.#prefix = freePrefix(names);
    this.#exported = { count: names.length, content };
    this.#given = ORDER.indexOf(EXPORT);
    return [];
  }

  #exportSection(): Uint8Array[] {
    if (this.#prefix === "") this.#prefix = freePrefix([]);
    return this.#with(EXPORT, this.#exported.count, this.#exported.content);
  }

  /** A section with the items that are added to it. */
  #with(id: number, count: number, content: Uint8Array): Uint8Array[] {
    const added = this.#addedTo(id), own = content.subarray(content.length === 0 ? 0 : lebLength(content));
    return sectionOf(id, [Uint8Array.from(leb(count + added.count)), own, Uint8Array.from(added.items)]);
  }

  #addedTo(id: number): { count: number; items: readonly number[] } {
    switch (id) {
      case TYPE:
        return { count: ADDED_TYPES, items: addedTypes };
      case FUNCTION:
        return { count: ADDED_FUNCS, items: addedFuncs(this.#added) };
      case TABLE:
        return { count: 1, items: addedTable };
      case GLOBAL:
        return { count: 1, items: addedGlobal };
      default: {
        const exports = addedExports(this.#prefix, this.#added, this.#start);
        return { count: exports.length, items: exports.flat() };
      }
    }
  }

  /** How many items of each kind the module itself has, as far as it is read. */
  get #limits(): OwnLimits {
    const { types, importedFuncs, funcs, tables, globals } = this.#counts;
    return { type: types, function: importedFuncs + funcs, table: tables, global: globals };
  }

  /** An added type would make parameters of locals that are counted as added ones. */
  #checkTypes(reader: Reader): void {
    for (let i = 0; i < this.#funcTypes.length; i++) {
      const type = this.#funcTypes[i]!;
      if (type >= this.#params.length) reader.fail("unknown-index", ["type", type]);
    }
  }

  /** The indices of what is added: each is the last of its kind. */
  get #added(): AddedIndices {
    const { types, importedFuncs, funcs, tables, globals } = this.#counts;
    return { type: types, func: importedFuncs + funcs, table: tables, global: globals };
  }

  #meteredCode(at: number): MeteredCode {
    // A module without functions gets no added ones; a code section of it is invalid, or empty.
    const added = this.#added;
    return new MeteredCode({
      layout: {
        counter: added.global,
        refill: added.func,
        spend: added.func + 1,
        grow: added.func + 2,
        types: this.#counts.types,
        wideMemories: this.#wideMemories,
        wideTables: this.#wideTables,
      },
      params: this.#paramsOfFuncs(),
      added: this.#hasCode ? addedBodies(added) : [],
      first: this.#counts.importedFuncs,
      hints: this.#hints ?? new Map(),
      place: this.#place,
    }, this.#offset + at);
  }

  #paramsOfFuncs(): Uint32Array {
    const types = this.#funcTypes, params = this.#params, ofFuncs = new Uint32Array(types.length);
    for (let i = 0; i < types.length; i++) ofFuncs[i] = params[types[i]!]!;
    return ofFuncs;
  }

  #branchHints(): Uint8Array[] {
    const hints = this.#code?.hints() ?? [];
    return hints.length === 0 ? [] : sectionOf(CUSTOM, [Uint8Array.from(name(BRANCH_HINT)), ...hints]);
  }
}

/** What is read from a custom section; `undefined` if it is malformed, which engines pass over. */
function orElse<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch (error) {
    if (error instanceof CompileError) return undefined;
    throw error;
  }
}

/** A section in pieces. */
function sectionOf(id: number, pieces: readonly Uint8Array[]): Uint8Array[] {
  const size = pieces.reduce((sum, piece) => sum + piece.length, 0);
  return [Uint8Array.of(id, ...leb(size)), ...pieces];
}

/** How long the LEB128 integer at the beginning is. */
function lebLength(bytes: Uint8Array): number {
  return bytes.findIndex((byte) => byte < 0x80) + 1;
}

function sectionName(id: number): string {
  return names[id] ?? `section ${id}`;
}

const names: readonly string[] = [
  "custom section",
  "type section",
  "import section",
  "function section",
  "table section",
  "memory section",
  "global section",
  "export section",
  "start section",
  "element section",
  "code section",
  "data section",
  "data count section",
  "tag section",
];
