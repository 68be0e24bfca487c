// What `inspect` says of a component, in text and as JSON.

import { type Component, componentInternals } from "../../core/component.ts";
import { neededFeatures } from "../../core/module/needed_features.ts";
import { featureNames, features } from "../../core/module/features.ts";
import { compile } from "../compile.ts";

/** A core module of a component. */
export interface CoreModuleReport {
  readonly bytes: number;
  /** What an engine must be able to do for it, in words; `missing` where this one is not. */
  readonly features: readonly { readonly name: string; readonly missing: boolean }[];
  readonly imports: readonly WebAssembly.ModuleImportDescriptor[];
  readonly exports: readonly WebAssembly.ModuleExportDescriptor[];
}

/** A component's world and core modules. */
export interface Report {
  readonly component: Component;
  readonly modules: readonly CoreModuleReport[];
}

/** Looks into a component. */
export async function inspect(bytes: Uint8Array<ArrayBuffer>): Promise<Report> {
  const component = await compile(bytes);
  const modules = componentInternals(component).modules.map(({ offset, length, module }) => {
    const needed = [...neededFeatures(bytes.subarray(offset, offset + length))];
    return {
      bytes: length,
      features: needed.map((name) => ({ name: featureNames[name], missing: !features[name] })),
      imports: WebAssembly.Module.imports(module),
      exports: WebAssembly.Module.exports(module),
    };
  });
  return { component, modules };
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

/** What a component is made of, in text. */
export function format(file: string, bytes: number, { modules }: Report): string {
  const core = modules.reduce((sum, module) => sum + module.bytes, 0);
  const lines = [
    `${file}: ${size(bytes)}, ${modules.length} core module${modules.length === 1 ? "" : "s"} of ${size(core)}`,
    ...modules.map(({ bytes, features, imports, exports }, i) => {
      const needs = features.map(({ name, missing }) => missing ? `${name} (which this engine lacks)` : name);
      return `  core module ${i}: ${size(bytes)}, ${imports.length} imports, ${exports.length} exports` +
        (needs.length === 0 ? "" : `, needs ${needs.join(", ")}`);
    }),
  ];
  return `${lines.join("\n")}\n`;
}

/** All of the report as JSON: types are in the WIT. */
export function json(file: string, bytes: number, { component, modules }: Report): string {
  const items = (of: Component["imports"]) => of.map(({ name, type }) => ({ name, kind: type.kind }));
  const report = {
    file,
    bytes,
    wit: component.wit(),
    imports: items(component.imports),
    exports: items(component.exports),
    modules,
  };
  return `${JSON.stringify(report, undefined, 2)}\n`;
}
