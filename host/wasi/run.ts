// Running a command: `wasi:cli/command`.

import { checkKnown, type Known } from "../../core/binary/known_names.ts";
import { features } from "../../core/module/features.ts";
import { compile, type ComponentSource } from "../compile.ts";
import { instantiate } from "../instantiate.ts";
import type { Limits } from "../../abi/state/instance.ts";
import type { Imports } from "../link/linker.ts";
import { t } from "../schema.ts";
import { entryBy } from "./entry.ts";
import { ExitError } from "./exit.ts";
import { importsOf } from "./imports.ts";
import { readAll } from "./sources.ts";
import { State, WASI_OPTIONS, type WasiOptions } from "./state.ts";
import { type Watch, watched } from "./watch.ts";

/** What a command came to. */
export interface RunResult {
  /** What it exited with: 0 is success. */
  exitCode: number;
  /** What it wrote, if that was captured. */
  stdout?: Uint8Array<ArrayBuffer>;
  /** What it wrote to its standard error, if that was captured. */
  stderr?: Uint8Array<ArrayBuffer>;
}

/** Options of {@linkcode run}. */
export interface RunOptions extends WasiOptions {
  /** What the component imports besides WASI. */
  imports?: Imports;
  /** Aborting ends the command. */
  signal?: AbortSignal;
  /** Limits of the instance tree. */
  limits?: Limits;
  /** Whether the core modules are metered, as some limits need. */
  metering?: boolean;
}

const RUN_OPTIONS: Known<RunOptions> = {
  ...WASI_OPTIONS,
  imports: true,
  signal: true,
  limits: true,
  metering: true,
};

const runType = t.func([], t.result()), asyncRunType = t.asyncFunc([], t.result());

/**
 * Runs a command: a component that exports `wasi:cli/run`.
 *
 * @param component The command.
 * @param options What it is given, other imports of its, and a signal that ends it.
 * @returns Its exit code and captured output.
 * @throws CompileError, LinkError if it is no command that can be run.
 * @throws Trap if it broke down; the reason of `signal` if that ended it; what an output stream or
 * the closing of a file of the program's own threw, since what the command wrote is lost then.
 *
 * @example
 * ```ts
 * import { run } from "@windlass/component/wasi";
 * import { assertEquals } from "@std/assert";
 *
 * const bytes = await Deno.readFile("tests/wasi/guests/hello.wasm");
 * const { exitCode, stdout } = await run(bytes, { args: ["hello", "ann"], stdout: "capture" });
 * assertEquals(exitCode, 0);
 * assertEquals(new TextDecoder().decode(stdout), "Hello, ann!\n");
 * ```
 */
export async function run(component: ComponentSource, options: RunOptions = {}): Promise<RunResult> {
  checkKnown("option of run", options, RUN_OPTIONS);
  return await runWith(component, options, undefined);
}

/** Runs a command whose calls may be watched. */
export async function runWith(
  component: ComponentSource,
  options: RunOptions,
  watch: Watch | undefined,
): Promise<RunResult> {
  const { imports, signal, limits = {}, metering, ...capabilities } = options;
  const command = await compile(component, metering === undefined ? {} : { metering });
  const { path, isAsync } = entryBy(command, "run");
  // Without suspension nothing more can come in while the guest runs.
  const { stdin } = capabilities;
  if (!features.jspi && stdin instanceof ReadableStream) capabilities.stdin = await readAll(stdin, signal);
  const state = new State(capabilities);
  let exitCode: number, failure: { readonly error: unknown } | undefined;
  try {
    // Tasks may go on when the command has returned: what they throw is told when they are done.
    const onError = (error: unknown): void => void (failure ??= { error });
    const settings = { idle: "trap" as const, onError, limits, ...(signal === undefined ? {} : { signal }) };
    const given = { ...importsOf(state), ...imports };
    const instance = await instantiate(command, watch?.imports(command, given) ?? given, settings);
    try {
      const call = isAsync
        ? instance.func(path, asyncRunType, { throws: false })
        : features.jspi
        ? instance.func(path, runType, { throws: false, promising: true })
        : instance.func(path, runType, { throws: false });
      const result = await watched(watch, path, call);
      exitCode = result.tag === "ok" ? 0 : 1;
      await state.piped(signal);
    } catch (error) {
      if (!(error instanceof ExitError)) throw error;
      exitCode = error.exitCode;
    } finally {
      await instance[Symbol.asyncDispose]();
    }
    if (failure?.error instanceof ExitError) exitCode = failure.error.exitCode;
    else if (failure !== undefined) throw failure.error;
  } catch (error) {
    await state.end(signal).catch(() => {}); // the first failure is the one to tell
    throw error;
  }
  await state.end(signal);
  const stdout = state.captured("stdout"), stderr = state.captured("stderr");
  return { exitCode, ...stdout && { stdout }, ...stderr && { stderr } };
}
