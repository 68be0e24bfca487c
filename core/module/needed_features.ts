// A core module's bytes → the features that an engine must have for it. We ask when an engine has
// refused a module; the command `inspect` asks too. The engine judges whether the module is valid.
// Where this file cannot follow a module, the result is what was found so far.
// Spec: core spec 3.0 "Binary Format: Modules".

import { CompileError } from "../../errors.ts";
import { coreExternType, coreLimits, coreTableType, recType } from "./core_types.ts";
import type { CoreLimits } from "./core_syntax.ts";
import { featureNames, type Features, type NeededFeature } from "./features.ts";
import { readInstruction, skipConstExpr, skipImmediates, skipValueType } from "./instructions.ts";
import { Reader } from "../binary/reader.ts";

/** The features a core module uses, found by reading it through. */
export function neededFeatures(bytes: Uint8Array): Set<NeededFeature> {
  return scanned(bytes).needed;
}

function scanned(bytes: Uint8Array): FeatureScan {
  const scan = new FeatureScan();
  try {
    const reader = new Reader(bytes, 0, "core module");
    reader.take(8);
    while (reader.remaining > 0) {
      const id = reader.byte();
      scan.section(id, new Reader(reader.take(reader.u32()), 0, "core module"));
    }
  } catch (error) {
    if (!(error instanceof CompileError)) throw error;
  }
  return scan;
}

/** Of the features a core module needs, the first that the engine lacks, in words. */
export function missingFeature(bytes: Uint8Array, has: Features): string | undefined {
  const { needed, shared } = scanned(bytes);
  for (const name of needed) if (!has[name]) return featureNames[name];
  return shared ? "shared-everything threads" : undefined;
}

class FeatureScan {
  readonly needed = new Set<NeededFeature>();
  /** Whether something besides a memory is shared, which no engine allows. */
  shared = false;
  #memories = 0;

  section(id: number, reader: Reader): void {
    switch (id) {
      case 1:
        reader.vec(() => this.#types(reader), "type");
        break;
      case 2:
        reader.vec(() => {
          reader.name();
          reader.name();
          const type = coreExternType(reader);
          if (type.kind === "memory") this.#memory(type.limits);
          if (type.kind === "table") this.#table(type.limits);
          if (type.kind === "global" && type.shared) this.shared = true;
          if (type.kind === "tag") this.needed.add("exceptions");
        }, "import");
        break;
      case 4:
        reader.vec(() => {
          const initialised = reader.peek() === 0x40;
          if (initialised) reader.take(2);
          this.#table(coreTableType(reader).limits);
          if (initialised) skipConstExpr(reader);
        }, "table");
        break;
      case 5:
        reader.vec(() => this.#memory(coreLimits(reader)), "memory");
        break;
      case 6:
        reader.vec(() => this.#global(reader), "global");
        break;
      case 10:
        reader.vec(() => this.#body(new Reader(reader.take(reader.u32()), 0, "function body")), "function");
        break;
      case 13:
        this.needed.add("exceptions");
        break;
    }
  }

  #types(reader: Reader): void {
    for (const { type, final, shared } of recType(reader)) {
      if (shared) this.shared = true;
      if (type.kind === "struct" || type.kind === "array" || !final) this.needed.add("gc");
      if (type.kind === "func" && [...type.params, ...type.results].some(({ kind }) => kind === "v128")) {
        this.needed.add("simd");
      }
    }
  }

  #table({ address, shared }: CoreLimits): void {
    if (address === "i64") this.needed.add("memory64");
    if (shared) this.shared = true;
  }

  #global(reader: Reader): void {
    skipValueType(reader);
    if ((reader.byte() & 2) !== 0) this.shared = true;
    skipConstExpr(reader);
  }

  #memory(limits: CoreLimits): void {
    if (++this.#memories > 1) this.needed.add("multiMemory");
    if (limits.address === "i64") this.needed.add("memory64");
    if (limits.shared) this.needed.add("threads");
  }

  #body(reader: Reader): void {
    reader.vec(() => {
      reader.u32();
      if (reader.peek() === V128) this.needed.add("simd");
      skipValueType(reader);
    }, "local");
    while (reader.remaining > 0) {
      const instruction = readInstruction(reader);
      if (instruction.feature !== undefined) this.needed.add(instruction.feature);
      skipImmediates(instruction, reader);
    }
  }
}

const V128 = 0x7b;
