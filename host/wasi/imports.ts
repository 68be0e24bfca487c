// WASI for an imports object, with options of its own, and for a linker, with options for each
// instance.

import { callerFunc } from "../func.ts";
import type { Imports, Linker } from "../link/linker.ts";
import type { Bind } from "./common_interfaces.ts";
import { interfaces } from "./interfaces.ts";
import { p3Interfaces } from "./p3_interfaces.ts";
import { State, type WasiData, type WasiOptions } from "./state.ts";

/** The interfaces of both versions. */
function bothVersions(bind: Bind): Imports<WasiData> {
  return { ...interfaces(bind), ...p3Interfaces(bind) };
}

/** Imports that are bound to one guest's state. */
export function importsOf(state: State): Imports {
  return bothVersions((func) => (...args) => func(state, ...args)) as Imports;
}

/**
 * Imports for every interface of WASI 0.2 and 0.3. They grant nothing that is not named.
 *
 * @param options What the guest is given.
 * @returns The imports, to be spread among others.
 * @throws TypeError if an option is not one, or asks for what the runtime does not have.
 *
 * @example
 * ```ts
 * import { instantiate } from "@windlass/component";
 * import { wasi } from "@windlass/component/wasi";
 *
 * const bytes = await Deno.readFile("tests/wasi/guests/hello.wasm");
 * const instance = await instantiate(bytes, { ...await wasi({ args: ["hello"], stdout: "inherit" }) });
 * instance.exports["wasi:cli/run@0.2.0"].run();
 * ```
 */
// deno-lint-ignore require-await -- a promise by contract: what is loaded for it may come later
export async function wasi(options?: WasiOptions): Promise<Imports> {
  return importsOf(new State(options));
}

/**
 * Links every interface of WASI 0.2 and 0.3 once; each instance brings its own options, in its `data`.
 *
 * @param linker The linker that gets them.
 * @returns Makes the part of an instance's data that is WASI's.
 *
 * @example
 * ```ts
 * import { compile, Linker } from "@windlass/component";
 * import { linkWasi, type WasiData } from "@windlass/component/wasi";
 *
 * const linker = new Linker<WasiData & { user: string }>();
 * const wasi = await linkWasi(linker);
 * const linked = linker.link(await compile(await Deno.readFile("tests/wasi/guests/hello.wasm")));
 * await linked.instantiate({ data: { ...await wasi.data({ args: ["hello"] }), user: "ann" } });
 * ```
 */
// deno-lint-ignore require-await
export async function linkWasi<Data extends WasiData>(
  linker: Linker<Data>,
): Promise<{ data(options?: WasiOptions): Promise<WasiData> }> {
  linker.define(bothVersions((func) =>
    callerFunc<WasiData>(({ data }, ...args) => {
      const state: unknown = data?.wasi;
      if (!(state instanceof State)) {
        throw new TypeError("the instance has no WASI data: instantiate with `data: { ...await wasi.data(options) }`");
      }
      return func(state, ...args);
    })
  ) as Imports<Data>);
  // deno-lint-ignore require-await
  return { data: async (options) => ({ wasi: new State(options) }) };
}
