// The helper: a core module of the library's own, for what JavaScript cannot do by itself. It raises a
// trap that no guest catches, gives metered modules functions to ask by (a table takes no others than
// those of WebAssembly), and suspends one that has asked.
// Where the engine may not compile, the host gives it compiled, as `windlass split --metering` writes
// it. It is the same for every component.

import { isExhausted } from "../exhausted.ts";
import type { CoreFunction } from "../types/core_values.ts";
import { buildModule, customSection } from "./encoder.ts";

/** The name of the custom section by which a helper is known. */
const HELPER_MARK = "windlass:helper";
/** What the section says. Another helper is of another version of the library. */
const VERSION = "1";

/** Says by how much a space may grow, or -1 if it may not; and how long a guest may sleep. */
export type Grow = (operand: bigint, size: bigint, space: number) => bigint;

/** What a helper imports. What is left out does nothing. */
export interface HelperImports {
  /** Gives units. */
  readonly refill?: () => void;
  readonly grow?: Grow;
  /** A `Suspending` function, for `sliced`; what is called when its promise is settled. */
  readonly suspend?: CoreFunction;
  readonly resumed?: () => void;
  /** Set to 1 by `refill` if `sliced` is to suspend. */
  readonly need?: WebAssembly.Global;
}

/** What a helper exports. */
export interface HelperExports extends WebAssembly.Exports {
  readonly unreachable: () => never;
  readonly refill: () => void;
  readonly grow: Grow;
  /** Lets everything grow. */
  readonly allow: Grow;
  /** `refill`, which suspends the stack if there is need. */
  readonly sliced: CoreFunction;
}

const GLOBAL_GET = 0x23, GLOBAL_SET = 0x24, LOCAL_GET = 0x20, I32_CONST = 0x41;
const IF = 0x04, EMPTY = 0x40, CALL = 0x10, END = 0x0b, UNREACHABLE = 0x00;

/** The bytes of the helper. */
export function helperBytes(): Uint8Array<ArrayBuffer> {
  const module = buildModule({
    types: [{ params: [], results: [] }, { params: ["i64", "i64", "i32"], results: ["i64"] }],
    imports: [
      { name: "refill", kind: "func", type: 0 },
      { name: "grow", kind: "func", type: 1 },
      { name: "suspend", kind: "func", type: 0 },
      { name: "resumed", kind: "func", type: 0 },
      { name: "need", kind: "global", type: "i32", mutable: true },
    ],
    funcs: [
      { name: "unreachable", type: 0, body: [UNREACHABLE] },
      { name: "refill", type: 0, body: [CALL, 0] },
      { name: "grow", type: 1, body: [LOCAL_GET, 0, LOCAL_GET, 1, LOCAL_GET, 2, CALL, 1] },
      { name: "allow", type: 1, body: [LOCAL_GET, 0] },
      {
        name: "sliced",
        type: 0,
        body: [
          ...[CALL, 0, GLOBAL_GET, 0, IF, EMPTY],
          ...[I32_CONST, 0, GLOBAL_SET, 0, CALL, 2, CALL, 3, END],
        ],
      },
    ],
  });
  return Uint8Array.from([...module, ...customSection(HELPER_MARK, VERSION)]);
}

/** What a module is: the helper, that of another version of the library, or no helper. */
export function helperKind(module: WebAssembly.Module): "helper" | "other-version" | undefined {
  const [mark] = WebAssembly.Module.customSections(module, HELPER_MARK);
  if (mark === undefined) return undefined;
  return new TextDecoder().decode(mark) === VERSION ? "helper" : "other-version";
}

let known: WebAssembly.Module | undefined;
/** Why there is none. A page reports each attempt to compile that its policy forbids, so one is made. */
let forbidden: { readonly error: unknown } | undefined;

/** Keeps a helper that the host gives. Tests forget it. */
export function giveHelper(module: WebAssembly.Module | undefined): void {
  known = module;
  forbidden = undefined;
}

/** The helper, compiled. Throws what the engine throws if it may not, or cannot now. */
export function helperModule(): WebAssembly.Module {
  if (forbidden !== undefined) throw forbidden.error;
  try {
    return known ??= new WebAssembly.Module(helperBytes());
  } catch (error) {
    if (!isExhausted(error)) forbidden = { error }; // for ever, and not only now
    throw error;
  }
}

/** The helper, where there is one. */
export function helperIfAny(): WebAssembly.Module | undefined {
  try {
    return helperModule();
  } catch {
    return undefined;
  }
}

const nothing = (): void => {};

/** Makes an instance of the helper. Throws what the engine throws if it may not compile, or cannot now. */
export function helper(imports: HelperImports): HelperExports {
  const { refill = nothing, grow = (operand) => operand, suspend = nothing, resumed = nothing } = imports;
  const { need = new WebAssembly.Global({ value: "i32", mutable: true }, 0) } = imports;
  const given = { refill, grow, suspend, resumed, need };
  return new WebAssembly.Instance(helperModule(), { "": given }).exports as HelperExports;
}

let trapping: { readonly module: WebAssembly.Module; readonly unreachable: () => never } | undefined;

/** A function that traps. Throws what the engine throws if it may not compile, or cannot now. */
export function unreachable(): () => never {
  const module = helperModule();
  if (trapping?.module !== module) trapping = { module, unreachable: helper({}).unreachable };
  return trapping.unreachable;
}
