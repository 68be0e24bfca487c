// The interfaces of WASI 0.3 as imports: the host of 0.2 with another face. Streams, futures and
// asynchronous functions take the place of pollables.

import { abandon } from "../../abi/state/suspend.ts";
import { err, type Result } from "../../abi/codecs/results.ts";
import { WASI_CANDIDATE } from "../hints.ts";
import type { Imports } from "../link/linker.ts";
import { Descriptor } from "./filesystem.ts";
import { type Bind, commonInterfaces, randomInterfaces } from "./common_interfaces.ts";
import type { Family, IpAddress } from "./addresses.ts";
import { lookUp, parseHost } from "./name_lookup.ts";
import { networkCode, RESOLVER_CODES } from "./network.ts";
import { P3Request, P3Response } from "./p3_http.ts";
import { sendRequest } from "./p3_http_client.ts";
import { P3Fields, P3RequestOptions } from "./p3_http_fields.ts";
import { P3TcpSocket } from "./p3_tcp.ts";
import { P3UdpSocket } from "./p3_udp.ts";
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
const VERSIONS = ["0.3.0", WASI_CANDIDATE];

/** `wasi:cli/types#error-code`. */
type CliErrorCode = "io" | "illegal-byte-sequence" | "pipe";

function cliErrorCode(error: unknown): CliErrorCode {
  return (error as { code?: unknown } | undefined)?.code === "EPIPE" ? "pipe" : "io";
}

/**
 * Waits for so many nanoseconds. What is past already is not waited for: the guest goes on at once.
 * A wait that the guest gives up, or that its end makes needless, leaves no timer.
 */
function after(nanoseconds: bigint): Promise<void> | undefined {
  if (nanoseconds <= 0n) return undefined;
  const deadline = performance.now() + Number(nanoseconds) / 1e6;
  let stop = (): void => {};
  const waited = new Promise<void>((resolve) => {
    const again = (): void => {
      if (performance.now() >= deadline) resolve();
      else stop = callAt(deadline, again);
    };
    again();
  });
  return Object.assign(waited, { [abandon]: () => stop() });
}

/** `resolve-addresses`. */
async function resolve(granted: boolean, name: string): Promise<readonly IpAddress[] | Result<never, { tag: string }>> {
  const refuse = (tag: string): Result<never, { tag: string }> => err({ tag }) as Result<never, { tag: string }>;
  if (!granted) return refuse("access-denied");
  const host = parseHost(name);
  if (host === undefined) return refuse("invalid-argument");
  if (typeof host !== "string") return [host];
  try {
    return await lookUp(host);
  } catch (error) {
    const code = networkCode(error, RESOLVER_CODES);
    return refuse(code === "unknown" ? "name-unresolvable" : RESOLVER_ERRORS.has(code) ? code : "other");
  }
}

const RESOLVER_ERRORS: ReadonlySet<string> = new Set([
  "access-denied",
  "temporary-resolver-failure",
  "permanent-resolver-failure",
]);

/** The imports, by their full names. */
export function p3Interfaces(bind: Bind): Imports<WasiData> {
  const output = (sinkOf: (state: State) => Sink) =>
    bind((state, stream: ReadableStream<Uint8Array>) =>
      state.writing(stream, intoSink(stream, sinkOf(state), cliErrorCode, "pipe"))
    );
  const all: Record<string, Imports<WasiData>> = {
    ...commonInterfaces(bind),
    ...randomInterfaces(bind, ({ random }, most) => random.bytes(most > MAX_RANDOM_BYTES ? MAX_RANDOM_BYTES : most)),
    "wasi:cli/environment": {
      getEnvironment: bind(({ env }) => env),
      getArguments: bind(({ args }) => args),
      getInitialCwd: () => undefined,
    },
    "wasi:cli/stdin": { readViaStream: bind(({ stdin }) => fromSource(stdin, cliErrorCode)) },
    "wasi:cli/stdout": { writeViaStream: output(({ stdout }) => stdout) },
    "wasi:cli/stderr": { writeViaStream: output(({ stderr }) => stderr) },
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
          new P3Descriptor(Descriptor.preopen(directories, directory, readOnly)),
          name,
        ])
      ),
    },
    "wasi:sockets/types": {
      TcpSocket: P3TcpSocket,
      "[static]tcp-socket.create": bind((state, family: Family) => P3TcpSocket.of(state, family)),
      UdpSocket: P3UdpSocket,
      "[static]udp-socket.create": bind((state, family: Family) => P3UdpSocket.of(state, family)),
    },
    "wasi:sockets/ip-name-lookup": { resolveAddresses: bind(({ sockets }, name: string) => resolve(sockets, name)) },
    "wasi:http/types": {
      Fields: P3Fields,
      RequestOptions: P3RequestOptions,
      Request: P3Request,
      Response: P3Response,
    },
    "wasi:http/client": { send: bind(({ http }, request: P3Request) => sendRequest(http, request)) },
    "wasi:random/insecure-seed": { getInsecureSeed: bind(({ random }) => random.insecureSeed()) },
  };
  return Object.fromEntries(
    VERSIONS.flatMap((version) => Object.entries(all).map(([name, members]) => [`${name}@${version}`, members])),
  );
}
