// The interfaces of WASI 0.3 as imports: the host of 0.2 with another face. Streams, futures and
// asynchronous functions take the place of pollables.

import type { Result } from "../../abi/codecs/results.ts";
import type { Imports } from "../link/linker.ts";
import { ExitError } from "./exit.ts";
import { Descriptor } from "./filesystem.ts";
import type { Bind, TerminalClasses } from "./interfaces.ts";
import { P3Descriptor } from "./p3_filesystem.ts";
import { fromSource, intoSink } from "./p3_streams.ts";
import { MAX_RANDOM_BYTES } from "./random.ts";
import { callAt } from "./readiness.ts";
import type { State, WasiData } from "./state.ts";
import type { Sink } from "./streams.ts";

/**
 * The versions that the imports are named by: every 0.3.x finds the first. The other is the release
 * candidate whose WIT is the same but for its words, which the conformance suite imports.
 */
const VERSIONS = ["0.3.0", "0.3.0-rc-2026-03-15"] as const;

/** `wasi:cli/types#error-code`. */
type CliErrorCode = "io" | "illegal-byte-sequence" | "pipe";

function cliErrorCode(error: unknown): CliErrorCode {
  return (error as { code?: unknown } | undefined)?.code === "EPIPE" ? "pipe" : "io";
}

/** Waits for so many nanoseconds. What is past already is not waited for: the guest goes on at once. */
function after(nanoseconds: bigint): Promise<void> | undefined {
  if (nanoseconds <= 0n) return undefined;
  const deadline = performance.now() + Number(nanoseconds) / 1e6;
  return new Promise((resolve) => {
    const again = (): void => {
      if (performance.now() >= deadline) resolve();
      else callAt(deadline, again);
    };
    again();
  });
}

/** The imports, by their full names. */
export function p3Interfaces(bind: Bind, { TerminalInput, TerminalOutput }: TerminalClasses): Imports<WasiData> {
  const output = (sinkOf: (state: State) => Sink) =>
    bind((state, stream: ReadableStream<Uint8Array>) =>
      state.writing(intoSink(stream, sinkOf(state), cliErrorCode, "pipe"))
    );
  const all: Record<string, Imports<WasiData>> = {
    "wasi:cli/environment": {
      getEnvironment: bind(({ env }) => env),
      getArguments: bind(({ args }) => args),
      getInitialCwd: () => undefined,
    },
    "wasi:cli/exit": {
      exit: (status: Result<undefined, undefined>) => {
        throw new ExitError(status.tag === "ok" ? 0 : 1);
      },
      exitWithCode: (code: number) => {
        throw new ExitError(code);
      },
    },
    "wasi:cli/stdin": { readViaStream: bind(({ stdin }) => fromSource(stdin, cliErrorCode)) },
    "wasi:cli/stdout": { writeViaStream: output(({ stdout }) => stdout) },
    "wasi:cli/stderr": { writeViaStream: output(({ stderr }) => stderr) },
    "wasi:cli/terminal-input": { TerminalInput },
    "wasi:cli/terminal-output": { TerminalOutput },
    "wasi:cli/terminal-stdin": {
      getTerminalStdin: bind(({ terminals }) => terminals.stdin ? new TerminalInput() : undefined),
    },
    "wasi:cli/terminal-stdout": {
      getTerminalStdout: bind(({ terminals }) => terminals.stdout ? new TerminalOutput() : undefined),
    },
    "wasi:cli/terminal-stderr": {
      getTerminalStderr: bind(({ terminals }) => terminals.stderr ? new TerminalOutput() : undefined),
    },
    "wasi:clocks/monotonic-clock": {
      now: bind(({ clocks }) => clocks.monotonic()),
      getResolution: () => 1000n,
      waitUntil: bind(({ clocks }, when: bigint) => after(when - clocks.monotonic())),
      waitFor: after,
    },
    "wasi:clocks/system-clock": {
      now: bind(({ clocks }) => clocks.now()),
      getResolution: () => 1000n,
    },
    "wasi:clocks/timezone": {
      ianaId: () => "UTC",
      utcOffset: () => 0n,
      toDebugString: () => "UTC",
    },
    "wasi:filesystem/types": { Descriptor: P3Descriptor },
    "wasi:filesystem/preopens": {
      getDirectories: bind(({ directories, preopens }) =>
        preopens.map(({ name, directory, readOnly }) => [
          new P3Descriptor(Descriptor.preopen(directories!, directory, readOnly)),
          name,
        ])
      ),
    },
    "wasi:random/random": {
      getRandomBytes: bind(({ random }, most: bigint) =>
        random.bytes(most > MAX_RANDOM_BYTES ? MAX_RANDOM_BYTES : most)
      ),
      getRandomU64: bind(({ random }) => random.u64()),
    },
    "wasi:random/insecure": {
      getInsecureRandomBytes: bind(({ random }, most: bigint) =>
        random.bytes(most > MAX_RANDOM_BYTES ? MAX_RANDOM_BYTES : most)
      ),
      getInsecureRandomU64: bind(({ random }) => random.u64()),
    },
    "wasi:random/insecure-seed": { getInsecureSeed: bind(({ random }) => random.insecureSeed()) },
  };
  return Object.fromEntries(
    VERSIONS.flatMap((version) => Object.entries(all).map(([name, members]) => [`${name}@${version}`, members])),
  );
}
