// compile(): bytes, a response or a stream → a Component. Core modules go to the engine while the
// rest is still arriving. The modules of a buffer are compiled from views, all in parallel; those
// of a stream are piped into the engine's streaming compiler.

import { CompileError, engineMessage, locate } from "../errors.ts";
import type { Codegen } from "../abi/codegen/generate.ts";
import { printTrampoline } from "../abi/codegen/trampolines.ts";
import { Component, componentInternals, makeComponent, type Printers } from "./component.ts";
import { giveHelper, helperKind } from "../abi/wasm/helper.ts";
import { concat } from "./binary/bytes.ts";
import { type Bytes, bytesOf, Chunks, isBytes } from "./sources/chunks.ts";
import { Head } from "./sources/module_head.ts";
import { placeOfModule } from "./decode/debug_names.ts";
import { decodeBytes, type Decoded, walkComponent } from "./decode/decode.ts";
import { Budget } from "./resolve/budget.ts";
import { features } from "./module/features.ts";
import { describeSource } from "./binary/foreign_bytes.ts";
import type { Fuser } from "./fused/fused_plan.ts";
import type { Meterer } from "./meter/meterer.ts";
import { isForbidden } from "./module/forbidden.ts";
import { Gates } from "./binary/gates.ts";
import { checkGiven, checkMarks, checkMetered, checkModules, fillGiven } from "./sources/given_modules.ts";
import { checkKnown, type Known } from "./binary/known_names.ts";
import type { ModuleSlot } from "./module/module_slot.ts";
import { missingFeature } from "./module/needed_features.ts";
import { rewritingOf } from "./module/rewriting.ts";
import { transformWhole } from "./module/transform.ts";
import { Definition } from "./definition.ts";
import { loadAsyncParts, loadParts } from "./load_parts.ts";
import type { AsyncParts } from "./async/async_core.ts";
import { checkIdentity, requireWhole } from "./sources/split_modules.ts";
import { validateComponent } from "./validate/validate.ts";

/** What a component can be loaded from. */
export type ComponentSource =
  | Bytes
  | Response
  | ReadableStream<Uint8Array>
  | Component
  | PromiseLike<Bytes | Response | ReadableStream<Uint8Array> | Component>;

/** How to compile. */
export interface CompileOptions {
  /**
   * Core modules compiled elsewhere, in order of appearance (as `Component.modules` gives them, with
   * or without the adapters and the helper at its end). Nothing is compiled then. The component may be the rest that
   * `windlass split` writes.
   */
  modules?: readonly WebAssembly.Module[];
  /**
   * Upper bound, in 64 KiB pages, for every memory the component defines. Not together with
   * `modules`.
   */
  maxMemoryPages?: number;
  /** Gated features of the specification, by name, on or off. */
  gates?: Readonly<Record<string, boolean>>;
  /**
   * `false`: calls between components go through JavaScript values, never through adapters in
   * WebAssembly.
   */
  fused?: boolean;
  /**
   * Instruments core modules, so that the limits `fuel` and `deadline` hold. With `modules`, these
   * must be metered ones.
   */
  metering?: boolean;
  /** `false`: never evaluate generated code, nor probe for it (a strict CSP reports probes). */
  codegen?: boolean;
}

/** What an option is that is not given. Tests change this setting. */
export const defaults: { metering: boolean } = { metering: false };

/** A component that is compiled already: options that would have changed how cannot be honoured. */
export function compiled(component: Component, options: CompileOptions): Component {
  checkOptions(options);
  const { modules, maxMemoryPages, codegen, fused, metering } = options;
  if (modules !== undefined || maxMemoryPages !== undefined) {
    throw new TypeError("modules and maxMemoryPages have no effect on a component that is compiled already");
  }
  if (metering !== undefined && metering !== (componentInternals(component).meterer !== undefined)) {
    throw new TypeError("metering has no effect on a component that is compiled already");
  }
  if (fused !== undefined && fused !== componentInternals(component).fused) {
    throw new TypeError("fused has no effect on a component that is compiled already");
  }
  if (codegen !== undefined && codegen !== (componentInternals(component).codegen !== undefined)) {
    throw new TypeError("codegen has no effect on a component that is compiled already");
  }
  return component;
}

/** The names of {@linkcode CompileOptions}. */
export const COMPILE_OPTIONS: Known<CompileOptions> = {
  modules: true,
  maxMemoryPages: true,
  gates: true,
  codegen: true,
  fused: true,
  metering: true,
};

function checkOptions(options: CompileOptions): void {
  checkKnown("option of compile", options, COMPILE_OPTIONS);
  const { maxMemoryPages, modules } = options;
  if (maxMemoryPages === undefined) return;
  if (!Number.isInteger(maxMemoryPages) || maxMemoryPages < 0 || maxMemoryPages > 65536) {
    throw new RangeError(`maxMemoryPages must be an integer from 0 to 65536, found ${maxMemoryPages}`);
  }
  if (modules !== undefined) {
    throw new TypeError("maxMemoryPages has no effect on precompiled modules: give one or the other");
  }
}

/** Gives bytes in an unshared buffer, because engines do not take shared ones. */
function unshared(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  return bytes.buffer instanceof ArrayBuffer ? bytes as Uint8Array<ArrayBuffer> : new Uint8Array(bytes);
}

/** The bytes of a core module for the engine. */
function moduleBytes(
  all: Uint8Array,
  { offset, length }: ModuleSlot,
  module: number,
  options: Compiling,
): Uint8Array<ArrayBuffer> {
  const bytes = all.subarray(offset, offset + length);
  return unshared(transformWhole(bytes, rewritingOf(options, module, offset)));
}

/**
 * Makes the error for a module that the engine rejected. If the reason is a missing feature, it
 * names the feature.
 */
function moduleError(error: unknown, bytes: Uint8Array, module: number, offset: number): unknown {
  if (isForbidden(error)) {
    return new CompileError("compiling-forbidden", "compile component", offset, engineMessage(error as Error));
  }
  if (!(error instanceof WebAssembly.CompileError) || error instanceof CompileError) return error;
  const missing = missingFeature(bytes, features);
  return missing === undefined
    ? new CompileError("core-module-invalid", "compile component", offset, module, engineMessage(error))
    : new CompileError("missing-feature", "compile component", offset, module, missing);
}

/** The options, and what the new component is given besides. */
interface Compiling extends CompileOptions {
  readonly printers: Printers;
  readonly meterer: Meterer | undefined;
  /** What runs asynchronous parts, if it is loaded already. */
  readonly asyncParts: AsyncParts | undefined;
}

/** Adds to an error where in the component the module is that could not be compiled. */
function located(error: unknown, { component, modules }: Decoded, module: number): unknown {
  for (const item of placeOfModule(component, modules[module]!) ?? []) locate(error, item);
  return error;
}

/** Takes the helper from what the host gives, where it stands behind the component's own modules. */
function withoutHelper(modules: readonly WebAssembly.Module[], own: number): readonly WebAssembly.Module[] {
  const last = modules.length - 1, kind = last < own ? undefined : helperKind(modules[last]!);
  if (kind === undefined) return modules;
  if (kind === "other-version") {
    throw new CompileError("wrong-module", "compile component", undefined, last, "a helper of another version");
  }
  giveHelper(modules[last]!);
  return modules.slice(0, last);
}

/** Uses modules that were compiled elsewhere, and adapters, where there is a fuser to take them. */
function withModules(
  decoded: Decoded,
  options: Compiling,
  given: readonly WebAssembly.Module[],
  fuser: Fuser | undefined,
): Component {
  const own = decoded.modules.length;
  if (!Array.isArray(given) || given.length <= own) checkGiven(decoded.modules, given);
  checkModules(given);
  const modules = withoutHelper(given, own);
  checkMetered(modules.slice(0, own), options.meterer !== undefined);
  checkIdentity(decoded, modules);
  const component = planned(decoded, options), internals = componentInternals(component), { plan, fused } = internals;
  // The adapters of calls between guests may follow, as `Component.modules` gives them.
  internals.fuser = fused ? fuser : undefined;
  const adapters = modules.length > own
    ? internals.fuser?.given(plan, options.meterer !== undefined, modules.slice(own)) ?? 0
    : 0;
  checkGiven(decoded.modules, adapters > 0 ? modules.slice(0, own) : modules);
  fillGiven(decoded.modules, modules);
  if (options.meterer !== undefined) checkMarks(decoded.modules, modules);
  return component;
}

/** The same, for an asynchronous compile: a fuser is loaded if there are adapters. */
async function usingModules(
  decoded: Decoded,
  options: Compiling,
  modules: readonly WebAssembly.Module[],
): Promise<Component> {
  const hasMore = Array.isArray(modules) && modules.length > decoded.modules.length;
  const fuser = hasMore ? (await import("./fused/fuse.ts")).fuser : undefined;
  const component = withModules(decoded, options, modules, fuser);
  await loadAsyncParts(component);
  return component;
}

/** Functions are generated when they are needed. */
const printing: Codegen = { print: printTrampoline, evaluates: true, entries: undefined };

/** Makes the component. Its modules may still be missing. */
function planned({ component, modules }: Decoded, options: Compiling): Component {
  validateComponent(component, new Gates(options.gates), new Budget(component.size));
  const definition = new Definition({ kind: "defined", def: component, scope: undefined });
  for (const slot of modules) slot.metered = options.meterer !== undefined;
  return makeComponent({
    definition,
    reflect: () => definition.reflect(),
    plan: definition.plan(),
    modules,
    codegen: options.codegen ?? true ? printing : undefined,
    fused: options.fused ?? true,
    fuser: undefined,
    meterer: options.meterer,
    asyncParts: options.asyncParts,
    printers: options.printers,
  });
}

/** Validates a component that is only looked at. Its core modules are not compiled. */
export function outlineComponent(bytes: Uint8Array, printers: Printers): Component {
  const decoded = decodeBytes(bytes);
  requireWhole(decoded);
  return planned(decoded, { printers, meterer: undefined, asyncParts: undefined });
}

/** Serves `compileSync` of host/compile_sync.ts, which is public; `printers` print its components. */
export function compileSync(
  bytes: Bytes,
  given: CompileOptions,
  printers: Printers,
  fuser: Fuser,
  meterer: Meterer | undefined,
  asyncParts: AsyncParts,
): Component {
  if (!isBytes(bytes)) throw new TypeError(`compileSync takes a buffer or a view, found ${describeSource(bytes)}`);
  checkOptions(given);
  const options: Compiling = {
    ...given,
    printers,
    meterer: given.metering ?? defaults.metering ? meterer : undefined,
    asyncParts,
  };
  const all = bytesOf(bytes);
  const decoded = decodeBytes(all);
  if (options.modules !== undefined) return withModules(decoded, options, options.modules, fuser);
  requireWhole(decoded);
  const component = planned(decoded, options);
  decoded.modules.forEach((slot, i) => {
    const module = moduleBytes(all, slot, i, options);
    try {
      slot.fill(new WebAssembly.Module(module));
    } catch (error) {
      throw located(moduleError(error, module, i, slot.offset), decoded, i);
    }
  });
  const internals = componentInternals(component);
  if (internals.fused) (internals.fuser = fuser).fuse(internals.plan, options.meterer !== undefined);
  return component;
}

/** Implements the public `compile` of host/compile.ts. */
export async function compile(
  source: ComponentSource,
  given: CompileOptions,
  printers: Printers,
): Promise<Component> {
  checkOptions(given);
  const loading = given.metering ?? defaults.metering ? import("./meter/meterer.ts") : undefined;
  const input = await source;
  if (input instanceof Component) return compiled(input, given);
  const options: Compiling = { ...given, printers, meterer: (await loading)?.meterer, asyncParts: undefined };
  if (isBytes(input)) return await compileBytes(bytesOf(input), options);
  if (input instanceof ReadableStream) return await compileStream(input, options);
  if (typeof Response !== "undefined" && input instanceof Response) {
    if (!input.ok) {
      if (!input.bodyUsed && !input.body?.locked) input.body?.cancel().catch(() => {});
      const status = `${input.status} ${input.statusText}`.trim();
      throw new CompileError("bad-response", "compile component", undefined, status);
    }
    return await compileStream(
      input.body ?? new ReadableStream({ start: (controller) => controller.close() }),
      options,
    );
  }
  throw new TypeError(
    `compile takes a buffer, a view, a Response, a ReadableStream, a Component, or a promise of one, found ${
      describeSource(input)
    }`,
  );
}

/**
 * Gives all values, or the error of the first failure by position. The first failure in time would
 * depend on chance.
 */
async function inOrder<T>(decoded: Decoded, promises: readonly Promise<T>[]): Promise<T[]> {
  await Promise.allSettled(promises);
  const named = promises.map((promise, i) =>
    promise.catch((error) => {
      throw located(error, decoded, i);
    })
  );
  return await Promise.all(named);
}

async function compileBytes(all: Uint8Array, options: Compiling): Promise<Component> {
  const decoded = decodeBytes(all);
  if (options.modules !== undefined) return await usingModules(decoded, options, options.modules);
  requireWhole(decoded);
  // The engine compiles on threads of its own. Meanwhile we validate the component: a fault that
  // validation finds is reported before a fault of a module.
  const compiling = decoded.modules.map(async (slot, i) => {
    const module = moduleBytes(all, slot, i, options);
    try {
      return await WebAssembly.compile(module);
    } catch (error) {
      throw moduleError(error, module, i, slot.offset);
    }
  });
  for (const module of compiling) module.catch(() => {});
  const component = planned(decoded, options), parts = loadParts(component);
  parts.catch(() => {});
  (await inOrder(decoded, compiling)).forEach((module, i) => decoded.modules[i]!.fill(module));
  await parts;
  return component;
}

async function compileStream(stream: ReadableStream<Uint8Array>, options: Compiling): Promise<Component> {
  const chunks = new Chunks(stream);
  const modules: Promise<WebAssembly.Module>[] = [];
  try {
    const walk = walkComponent();
    let step = walk.next();
    while (!step.done) {
      const demand = step.value;
      if (demand.kind !== "module") {
        step = walk.next(await (demand.kind === "section" ? chunks.section() : chunks.exactly(demand.count)));
        continue;
      }
      const { compiling } = await pipeModule(chunks, demand, options);
      if (compiling !== undefined) modules.push(compiling);
      step = walk.next(new Uint8Array(0));
    }
    const decoded = step.value;
    if (options.modules !== undefined) return await usingModules(decoded, options, options.modules);
    requireWhole(decoded);
    const component = planned(decoded, options), parts = loadParts(component);
    parts.catch(() => {});
    (await inOrder(decoded, modules)).forEach((module, i) => decoded.modules[i]!.fill(module));
    await parts;
    return component;
  } catch (error) {
    chunks.cancel(error);
    throw error;
  }
}

/**
 * Hands a module's bytes to the engine as they arrive. `compiling` may still be pending when all
 * bytes have arrived.
 */
async function pipeModule(
  chunks: Chunks,
  { count, module, slot }: { count: number; module: number; slot: ModuleSlot },
  options: Compiling,
): Promise<{ compiling: Promise<WebAssembly.Module> | undefined }> {
  const { offset } = slot, head = new Head(slot);
  const kept: Uint8Array[] = [];
  let controller!: ReadableStreamDefaultController<Uint8Array>;
  const body = new ReadableStream<Uint8Array>({ start: (made) => void (controller = made) });
  const compiling = options.modules === undefined ? compileBody(body, kept, module, offset) : undefined;
  // A module that fails is reported when all is decoded: the first fault in the bytes counts.
  compiling?.catch(() => {});
  const rewriting = rewritingOf(options, module, offset);
  const give = (bytes: Uint8Array): void => {
    kept.push(bytes);
    try {
      controller.enqueue(unshared(bytes));
    } catch {
      // The engine rejected the module and cancelled the stream. `compiling` has the reason.
    }
  };
  let left = count;
  try {
    while (left > 0) {
      const piece = await chunks.some(left);
      if (piece.length === 0) {
        throw new CompileError("unexpected-end", "decode core module section", offset + count - left);
      }
      left -= piece.length;
      head.add(piece, left === 0);
      if (compiling !== undefined) rewriting.push(piece).forEach(give);
    }
    if (compiling !== undefined) rewriting.end().forEach(give);
    try {
      controller.close();
    } catch {
      // The engine may have cancelled the stream here, too.
    }
  } catch (error) {
    controller.error(error);
    throw error;
  }
  return { compiling };
}

async function compileBody(
  body: ReadableStream<Uint8Array>,
  kept: Uint8Array[],
  module: number,
  offset: number,
): Promise<WebAssembly.Module> {
  const response = new Response(body, { headers: { "content-type": "application/wasm" } });
  try {
    if (typeof WebAssembly.compileStreaming === "function") return await WebAssembly.compileStreaming(response);
    return await WebAssembly.compile(await response.arrayBuffer());
  } catch (error) {
    throw moduleError(error, concat(kept), module, offset);
  } finally {
    kept.length = 0;
  }
}

/** Whether bytes are a component that `compileSync` compiles. Core modules are validated only. */
export function isValid(bytes: Uint8Array, gates: Readonly<Record<string, boolean>>): boolean {
  const options = { gates, printers: undefined as never, meterer: undefined, asyncParts: undefined };
  try {
    const decoded = decodeBytes(bytes);
    requireWhole(decoded);
    planned(decoded, options);
    return decoded.modules.every((slot, i) => WebAssembly.validate(moduleBytes(bytes, slot, i, options)));
  } catch (error) {
    if (error instanceof CompileError) return false;
    throw error;
  }
}
