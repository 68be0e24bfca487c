// The interfaces that WASI 0.2 and 0.3 have alike, as imports without a version.

import type { Result } from "../../abi/codecs/results.ts";
import type { HostFunc, HostFunction } from "../func.ts";
import type { Imports } from "../link/linker.ts";
import { ExitError } from "./exit.ts";
import type { State, WasiData } from "./state.ts";

/** A function that depends on the guest's state. */
// deno-lint-ignore no-explicit-any
export type StateFunction = (state: State, ...args: any[]) => unknown;
/** Makes a host function of one. */
export type Bind = (func: StateFunction) => HostFunction | HostFunc<WasiData>;

/** The resource `terminal-input`. */
class TerminalInput {}
/** The resource `terminal-output`. */
class TerminalOutput {}

/** The imports, by their names without a version. */
export function commonInterfaces(bind: Bind): Record<string, Imports<WasiData>> {
  const terminal = (which: keyof State["terminals"], Terminal: new () => object) =>
    bind(({ terminals }) => terminals[which] ? new Terminal() : undefined);
  return {
    "wasi:cli/exit": {
      exit: (status: Result<undefined, undefined>) => {
        throw new ExitError(status.tag === "ok" ? 0 : 1);
      },
      exitWithCode: (code: number) => {
        throw new ExitError(code);
      },
    },
    "wasi:cli/terminal-input": { TerminalInput },
    "wasi:cli/terminal-output": { TerminalOutput },
    "wasi:cli/terminal-stdin": { getTerminalStdin: terminal("stdin", TerminalInput) },
    "wasi:cli/terminal-stdout": { getTerminalStdout: terminal("stdout", TerminalOutput) },
    "wasi:cli/terminal-stderr": { getTerminalStderr: terminal("stderr", TerminalOutput) },
  };
}

/** `wasi:random/random` and `insecure`, whose functions give the same numbers. */
export function randomInterfaces(
  bind: Bind,
  bytes: (state: State, length: bigint) => Uint8Array,
): Record<string, Imports<WasiData>> {
  const [getBytes, getU64] = [bind(bytes), bind(({ random }) => random.u64())];
  return {
    "wasi:random/random": { getRandomBytes: getBytes, getRandomU64: getU64 },
    "wasi:random/insecure": { getInsecureRandomBytes: getBytes, getInsecureRandomU64: getU64 },
  };
}
