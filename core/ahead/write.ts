// Writes a component ahead of time: its plan as data and its trampolines as code.
// A compiled component and the bytes that it was compiled from enter. The text of a module leaves,
// and the core modules that it is to be loaded with.

import { printTrampoline } from "../../abi/codegen/trampolines.ts";
import type { CodecSource } from "../../abi/codecs/codec.ts";
import { resourceSlotOf } from "../../abi/types/resource_slots.ts";
import type { ResourceType } from "../../abi/types/types.ts";
import { type Component, componentInternals } from "../component.ts";
import { writeAdapters } from "../fused/fuse.ts";
import { hasGuestCalls } from "../fused/fused_plan.ts";
import type { HeldModule } from "../module/held_module.ts";
import { ModuleSlot } from "../module/module_slot.ts";
import { rewritingOf } from "../module/rewriting.ts";
import { transformWhole } from "../module/transform.ts";
import { isAsyncPlan } from "../plan/async_plan.ts";
import type { NamedPlanItem, Plan, PlanItem } from "../plan/plan_types.ts";
import { LoweredImports } from "../run/lowered_imports.ts";
import { wantedCalls } from "./calls.ts";
import { CallsText } from "./calls_text.ts";
import { DataText } from "./data_text.ts";
import { AHEAD_VERSION, type WrittenAdapters, type WrittenComponent } from "./written.ts";

/** How a component is written. */
export interface WritingOptions {
  /** The bound that it was compiled with. */
  readonly maxMemoryPages?: number;
  /** Whether text may be evaluated when it is loaded, so that each instance has code of its own. */
  readonly evaluates: boolean;
  /** What the entries of parts are below: `LIBRARY/async`. */
  readonly library: string;
  /** What their names end in. */
  readonly extension?: string;
}

/** Parts of the library, each an entry of its own. */
type PartName = "async" | "metering" | "adapters";

/** A component as it is written. */
export interface Written {
  /** The module that exports a {@linkcode WrittenComponent}. */
  readonly text: string;
  readonly modules: readonly Uint8Array[];
  /** The adapters of calls between guests. */
  readonly adapters: readonly Uint8Array[];
}

/**
 * Writes a component.
 *
 * @param bytes What it was compiled from.
 * @throws TypeError for a component that cannot be written, which says why.
 */
export function writeAhead(
  component: Component,
  bytes: Uint8Array,
  codecs: CodecSource,
  { maxMemoryPages, evaluates, library, extension = "" }: WritingOptions,
): Written {
  const { plan, modules, fused, meterer, reflect } = componentInternals(component);
  // Comments are for whoever prints types, which is done before.
  const { imports, exports } = reflect();
  requireWritable(plan);
  const rewriting = { meterer, ...maxMemoryPages === undefined ? {} : { maxMemoryPages } };
  const cores = modules.map(({ offset, length }, i) => {
    return transformWhole(bytes.subarray(offset, offset + length), rewritingOf(rewriting, i, offset));
  });
  // Engines that lack several memories or `try_table` refuse such adapters, and JavaScript serves.
  const { parts, sites } = fused && hasGuestCalls(plan)
    ? writeAdapters(plan, { multiMemory: true, memory64: true }, {
      simd: true,
      catching: "try_table",
      metered: meterer !== undefined,
    })
    : { parts: [], sites: undefined };
  const adapters: WrittenAdapters | undefined = sites && {
    sites: sites.all(),
    parts: parts.map(({ group, fused: { mark, memories, funcs, handles } }) => ({
      group: { ...group, calls: group.calls.map(({ index, adapts, copies }) => ({ index, adapts, copies })) },
      fused: { mark, memories, funcs, handles },
    })),
  };
  const calls = new CallsText(wantedCalls(plan, codecs), codecs, printTrampoline);
  const data = new DataText(special(modules)), made = { plan, adapters };
  calls.meet(data);
  data.meet(made);
  const statements = calls.statements(data), root = data.print(made);
  const facts: Omit<WrittenComponent, "make" | "entries" | "reflect" | "parts"> = {
    version: AHEAD_VERSION,
    sizes: cores.map(({ length }) => length),
    adapters: parts.length,
    evaluates,
    fused,
    metered: meterer !== undefined,
  };
  const needed: PartName[] = [
    ...isAsyncPlan(plan) ? ["async" as const] : [],
    ...meterer === undefined ? [] : ["metering" as const],
    ...adapters === undefined ? [] : ["adapters" as const],
  ];
  const entries = LoweredImports.of(plan).sources().map((body) => `[() => {\n${body}\n}]`);
  const text = [
    ...needed.map((name) => `import { part as ${name} } from ${JSON.stringify(`${library}/${name}${extension}`)};`),
    ...calls.makers,
    "export default {",
    ...Object.entries(facts).map(([name, value]) => `${name}: ${JSON.stringify(value)},`),
    `parts: [${needed.join(", ")}],`,
    "make({ m, r, t, g }) {",
    ...data.statements,
    ...statements,
    `return ${root};`,
    "},",
    `entries: [${entries.join(",\n")}],`,
    "reflect() {",
    ...printedAlone({ imports, exports }),
    "},",
    "};",
    "",
  ].join("\n");
  return { text, modules: cores, adapters: parts.map(({ fused }) => fused.bytes) };
}

/** Statements that give some data. */
function printedAlone(value: unknown): string[] {
  const data = new DataText();
  data.meet(value);
  const root = data.print(value);
  return [...data.statements, `return ${root};`];
}

/** Stands for an exported type. */
const UNUSED_TYPE = { sort: "type", type: { kind: "value" } };

/** The kinds of objects that the library makes, and what only planning needs. */
function special(modules: readonly HeldModule[]) {
  const places = new Map(modules.map((module, i) => [module as object, i]));
  return (value: object) => {
    if (value instanceof ModuleSlot) return `m[${places.get(value)!}]`;
    const { kind, sort, type, name } = value as Partial<Record<"kind" | "sort" | "name", string>> & { type?: unknown };
    if (kind === "resource" && resourceSlotOf(value as ResourceType) !== undefined) {
      return `r(${resourceSlotOf(value as ResourceType)}${name === undefined ? "" : `, ${JSON.stringify(name)}`})`;
    }
    // Of an exported type, only its sort matters, unless it is a resource type.
    const isUnused = sort === "type" && value !== UNUSED_TYPE && (type as { kind: string }).kind !== "resource";
    return isUnused ? { instead: UNUSED_TYPE } : undefined;
  };
}

function requireWritable({ imports, exports }: Plan): void {
  const refuse = (why: string): never => {
    throw new TypeError(`the component cannot be written ahead of time: ${why}`);
  };
  for (const { want, display } of imports) {
    if (want.kind !== "module" && want.kind !== "component") continue;
    refuse(
      `it imports a ${
        want.kind === "module" ? "core module" : "component"
      }, ${display}, and is planned with what the host gives`,
    );
  }
  const check = (items: ReadonlyMap<string, NamedPlanItem>): void => {
    for (const [name, { item }] of items) {
      if (item.sort === "component") refuse(`it exports a component, ${name}, whose definition would be needed`);
      if (item.sort === "instance") check((item as PlanItem & { sort: "instance" }).instance.exports);
    }
  };
  check(exports);
}
