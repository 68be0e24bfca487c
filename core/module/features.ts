// What this engine can do. Each feature is probed once, when it is first read, by
// WebAssembly.validate or a try; nothing is compiled.

import { jspi } from "../../abi/state/jspi.ts";

/** A minimal module's sections after the preamble. */
function validates(...sections: number[]): boolean {
  return WebAssembly.validate(Uint8Array.of(0, 0x61, 0x73, 0x6d, 1, 0, 0, 0, ...sections));
}

/** A module of one function `() → result?` with a body. */
function validatesBody(result: number[], ...body: number[]): boolean {
  return validates(
    ...[1, 4 + result.length, 1, 0x60, 0, result.length, ...result, 3, 2, 1, 0],
    ...[10, body.length + 4, 1, body.length + 2, 0, ...body, 0x0b],
  );
}

const i32Const = 0x41, v128 = 0x7b, simd = 0xfd, splat = 0x0f;

/** The name of a probed feature. */
export type FeatureName =
  | "simd"
  | "relaxedSimd"
  | "multiMemory"
  | "memory64"
  | "gc"
  | "exceptions"
  | "threads"
  | "tailCall"
  | "jspi"
  | "jsString"
  | "codegen";

const probes: Readonly<Record<FeatureName, () => boolean>> = {
  simd: () => validatesBody([v128], i32Const, 0, simd, splat),
  relaxedSimd: () => validatesBody([v128], i32Const, 0, simd, splat, i32Const, 0, simd, splat, simd, 0x80, 0x02),
  multiMemory: () => validates(5, 5, 2, 0, 0, 0, 0),
  memory64: () => validates(5, 3, 1, 4, 1),
  gc: () => validates(1, 3, 1, 0x5f, 0),
  exceptions: () => validatesBody([], 0x1f, 0x40, 0, 0x0b),
  threads: () => validates(5, 4, 1, 3, 1, 1),
  tailCall: () => validatesBody([], 0x12, 0),
  jspi: () => jspi.has,
  // An engine that knows the builtins refuses this import of `length` for its type.
  jsString: () => {
    const bytes = Uint8Array.of(
      ...[0, 0x61, 0x73, 0x6d, 1, 0, 0, 0, 1, 4, 1, 0x60, 0, 0, 2, 25, 1, 14],
      ...[..."wasm:js-string"].map((char) => char.charCodeAt(0)),
      ...[6, ..."length"].map((char) => typeof char === "number" ? char : char.charCodeAt(0)),
      ...[0, 0],
    );
    const validate = WebAssembly.validate as (bytes: Uint8Array, options: object) => boolean;
    return WebAssembly.validate(bytes) && !validate(bytes, { builtins: ["js-string"] });
  },
  codegen: () => {
    try {
      return new Function("return true")() === true;
    } catch {
      return false;
    }
  },
};

/** What the engine can do. */
export type Features = { readonly [K in FeatureName]: boolean };

/**
 * What the engine can do; each probed once, when first read.
 *
 * `codegen` evaluates a line of JavaScript when read; a page whose policy forbids that reports it.
 *
 * @example
 * ```ts
 * import { features } from "@windlass/component";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(typeof features.simd, "boolean");
 * ```
 */
export const features: Features = Object.defineProperties(
  {} as Features,
  Object.fromEntries(Object.entries(probes).map(([name, probe]) => [name, probed(name, probe)])),
);

/** Whether the engine has the exceptions of before `try_table`. */
export function hasLegacyTry(): boolean {
  return validatesBody([], 0x06, 0x40, 0x19, 0x0b);
}

/** A property that is probed when it is first read, and then has that value. */
function probed(name: string, probe: () => boolean): PropertyDescriptor {
  return {
    enumerable: true,
    configurable: true,
    get() {
      const value = probe();
      Object.defineProperty(features, name, { enumerable: true, configurable: true, value });
      return value;
    },
  };
}

/** A feature that a core module can need. */
export type NeededFeature = Exclude<FeatureName, "jspi" | "jsString" | "codegen">;

/** What messages call the features that a core module can need. */
export const featureNames: Readonly<Record<NeededFeature, string>> = {
  simd: "SIMD",
  relaxedSimd: "relaxed SIMD",
  multiMemory: "multiple memories",
  memory64: "64-bit memories",
  gc: "garbage collection",
  exceptions: "exception handling",
  threads: "threads",
  tailCall: "tail calls",
};
