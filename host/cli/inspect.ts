// What `inspect` says of a component, and what `split` takes out of it.

import { componentInternals } from "../../core/component.ts";
import { neededFeatures } from "../../core/core_module.ts";
import { featureNames, features } from "../../core/features.ts";
import { compile } from "../compile.ts";

/** A core module of a component. */
export interface CoreModuleReport {
  /** Its bytes. */
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** What an engine must be able to do for it, in words; `missing` where this one is not. */
  readonly features: readonly { readonly name: string; readonly missing: boolean }[];
  readonly imports: number;
  readonly exports: number;
}

/** A component's world and core modules. */
export interface Report {
  readonly wit: string;
  readonly modules: readonly CoreModuleReport[];
}

/** Looks into a component. */
export async function inspect(bytes: Uint8Array<ArrayBuffer>): Promise<Report> {
  const component = await compile(bytes);
  const modules = componentInternals(component).modules.map(({ offset, length, module }) => {
    const core = bytes.subarray(offset, offset + length);
    return {
      bytes: core,
      features: [...neededFeatures(core)].map((name) => ({ name: featureNames[name], missing: !features[name] })),
      imports: WebAssembly.Module.imports(module).length,
      exports: WebAssembly.Module.exports(module).length,
    };
  });
  return { wit: component.wit(), modules };
}

/** A number of bytes as people read it. */
export function size(bytes: number): string {
  const units = ["bytes", "KB", "MB", "GB"];
  let unit = 0, value = bytes;
  while (value >= 1000 && unit < units.length - 1) {
    value /= 1000;
    unit++;
  }
  return `${unit === 0 ? value : value.toFixed(1)} ${units[unit]}`;
}

/** The report in text. */
export function format(name: string, bytes: Uint8Array, { wit, modules }: Report): string {
  const core = modules.reduce((sum, module) => sum + module.bytes.length, 0);
  const lines = [
    `${name}: ${size(bytes.length)}, ${modules.length} core module${modules.length === 1 ? "" : "s"} of ${size(core)}`,
    ...modules.map(({ bytes, features, imports, exports }, i) => {
      const needs = features.map(({ name, missing }) => missing ? `${name} (which this engine lacks)` : name);
      return `  core module ${i}: ${size(bytes.length)}, ${imports} imports, ${exports} exports` +
        (needs.length === 0 ? "" : `, needs ${needs.join(", ")}`);
    }),
    "",
    wit.trimEnd(),
  ];
  return `${lines.join("\n")}\n`;
}
