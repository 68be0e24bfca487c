// `inspect`: what a component is made of, in text and as JSON.
// A component's bytes enter. Its world as WIT leaves on the standard output, alone; what is said of
// its core modules leaves on the standard error, so that it is in nobody's way.

import { type Component, componentInternals } from "../../core/component.ts";
import { neededFeatures } from "../../core/module/needed_features.ts";
import { featureNames, features } from "../../core/module/features.ts";
import type { ExternItem } from "../../core/types.ts";
import { compile } from "../compile.ts";
import { type Arguments, noMore, UsageError } from "./arguments.ts";
import { withBytes } from "./compiled.ts";
import { say, size, tell } from "./terminal.ts";

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
      // An engine may add members, as the type.
      imports: WebAssembly.Module.imports(module).map(({ module, name, kind }) => ({ module, name, kind })),
      exports: WebAssembly.Module.exports(module).map(({ name, kind }) => ({ name, kind })),
    };
  });
  return { component, modules };
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

/**
 * The shape of the JSON, which docs/cli.md describes. A member may be added without another number;
 * one that is removed or gets another meaning needs one.
 */
export const SHAPE = 1;

/** An import or export in JSON. An interface has its functions and types by name. */
function item({ name, type }: ExternItem): object {
  if (type.kind !== "instance") return { name, kind: type.kind };
  const named = (kind: string) => type.exports.filter((item) => item.type.kind === kind).map(({ name }) => name);
  return { name, kind: type.kind, functions: named("func"), types: named("type") };
}

/** All of the report as JSON. */
export function json(file: string, bytes: number, { component, modules }: Report): string {
  const report = {
    shape: SHAPE,
    file,
    bytes,
    wit: component.wit(),
    imports: component.imports.map(item),
    exports: component.exports.map(item),
    modules,
  };
  return `${JSON.stringify(report, undefined, 2)}\n`;
}

/** Inspects FILE. */
export async function inspectCommand(given: Arguments): Promise<number> {
  const { file, values, rest } = given;
  noMore(rest);
  if (values["json"] === true && values["wit"] === true) {
    throw new UsageError("--json has the WIT in its member `wit`: give one of --json and --wit");
  }
  const { length, found } = await withBytes(
    given,
    async (bytes) => ({ length: bytes.length, found: await inspect(bytes) }),
  );
  if (values["json"] === true) await say(json(file, length, found));
  else {
    if (values["wit"] !== true) tell(format(file, length, found));
    await say(found.component.wit());
  }
  return 0;
}
