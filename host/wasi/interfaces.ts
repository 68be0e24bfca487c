// Every interface of WASI 0.2 as imports. What depends on the guest's state is bound to it by the
// caller; resources carry their own.

import type { Result } from "../../abi/codecs/results.ts";
import type { HostFunc, HostFunction } from "../func.ts";
import type { Imports } from "../link/linker.ts";
import type { Family } from "./addresses.ts";
import { ExitError } from "./exit.ts";
import { Descriptor, DirectoryEntryStream, filesystemErrorCode } from "./filesystem.ts";
import { FutureTrailers, IncomingBody, OutgoingBody } from "./http_body.ts";
import { handle } from "./http_client.ts";
import { Fields } from "./http_fields.ts";
import {
  FutureIncomingResponse,
  httpErrorCode,
  IncomingRequest,
  IncomingResponse,
  OutgoingRequest,
  OutgoingResponse,
  RequestOptions,
  ResponseOutparam,
} from "./http_types.ts";
import { resolveAddresses, ResolveAddressStream } from "./name_lookup.ts";
import { Network, networkErrorCode } from "./network.ts";
import { poll, Pollable } from "./poll.ts";
import type { State, WasiData } from "./state.ts";
import { InputStream, IoError, OutputStream, type Sink, type Source } from "./streams.ts";
import { TcpSocket } from "./tcp.ts";
import { IncomingDatagramStream, OutgoingDatagramStream, UdpSocket } from "./udp.ts";

/** The version that the imports are named by; every 0.2.x finds it. */
const VERSION = "0.2.6";

/** A function that depends on the guest's state. */
// deno-lint-ignore no-explicit-any
export type StateFunction = (state: State, ...args: any[]) => unknown;
/** Makes a host function of one. */
export type Bind = (func: StateFunction) => HostFunction | HostFunc<WasiData>;

/** The resource `terminal-input`. */
class TerminalInput {}
/** The resource `terminal-output`. */
class TerminalOutput {}
/** The classes of terminals, which both versions have. */
export interface TerminalClasses {
  readonly TerminalInput: new () => object;
  readonly TerminalOutput: new () => object;
}
export const terminals: TerminalClasses = { TerminalInput, TerminalOutput };

/** The imports, by their full names. */
export function interfaces(bind: Bind): Imports<WasiData> {
  const input = (source: (state: State) => Source) => bind((state) => new InputStream(source(state)));
  const output = (sink: (state: State) => Sink) => bind((state) => new OutputStream(sink(state)));
  const all: Record<string, Imports<WasiData>> = {
    "wasi:cli/environment": {
      getEnvironment: bind(({ env }) => env),
      getArguments: bind(({ args }) => args),
      initialCwd: () => undefined,
    },
    "wasi:cli/exit": {
      exit: (status: Result<undefined, undefined>) => {
        throw new ExitError(status.tag === "ok" ? 0 : 1);
      },
      exitWithCode: (code: number) => {
        throw new ExitError(code);
      },
    },
    "wasi:cli/stdin": { getStdin: input(({ stdin }) => stdin) },
    "wasi:cli/stdout": { getStdout: output(({ stdout }) => stdout) },
    "wasi:cli/stderr": { getStderr: output(({ stderr }) => stderr) },
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
      resolution: () => 1000n,
      subscribeInstant: bind(({ clocks }, when: bigint) => clocks.subscribe(when - clocks.monotonic())),
      subscribeDuration: bind(({ clocks }, duration: bigint) => clocks.subscribe(duration)),
    },
    "wasi:clocks/wall-clock": {
      now: bind(({ clocks }) => clocks.now()),
      resolution: () => ({ seconds: 0n, nanoseconds: 1000 }),
    },
    "wasi:clocks/timezone": {
      display: () => ({ utcOffset: 0, name: "UTC", inDaylightSavingTime: false }),
      utcOffset: () => 0,
    },
    "wasi:filesystem/types": { Descriptor, DirectoryEntryStream, filesystemErrorCode },
    "wasi:filesystem/preopens": {
      getDirectories: bind(({ directories, preopens }) =>
        preopens.map(({ name, directory, readOnly }) => [Descriptor.preopen(directories!, directory, readOnly), name])
      ),
    },
    "wasi:http/types": {
      Fields,
      FutureIncomingResponse,
      FutureTrailers,
      IncomingBody,
      IncomingRequest,
      IncomingResponse,
      OutgoingBody,
      OutgoingRequest,
      OutgoingResponse,
      RequestOptions,
      ResponseOutparam,
      httpErrorCode,
    },
    "wasi:http/outgoing-handler": {
      handle: bind(({ http }, request: OutgoingRequest, options: RequestOptions | undefined) =>
        handle(http, request, options)
      ),
    },
    "wasi:io/error": { Error: IoError },
    "wasi:io/poll": { Pollable, poll },
    "wasi:io/streams": { InputStream, OutputStream },
    "wasi:random/random": {
      getRandomBytes: bind(({ random }, length: bigint) => random.bytes(length)),
      getRandomU64: bind(({ random }) => random.u64()),
    },
    "wasi:random/insecure": {
      getInsecureRandomBytes: bind(({ random }, length: bigint) => random.bytes(length)),
      getInsecureRandomU64: bind(({ random }) => random.u64()),
    },
    "wasi:random/insecure-seed": { insecureSeed: bind(({ random }) => random.insecureSeed()) },
    "wasi:sockets/network": { Network, networkErrorCode },
    "wasi:sockets/instance-network": { instanceNetwork: bind(({ sockets }) => new Network(sockets)) },
    "wasi:sockets/ip-name-lookup": { ResolveAddressStream, resolveAddresses },
    "wasi:sockets/tcp": { TcpSocket },
    "wasi:sockets/tcp-create-socket": {
      createTcpSocket: bind(({ endings }, family: Family) => new TcpSocket(family, endings)),
    },
    "wasi:sockets/udp": { IncomingDatagramStream, OutgoingDatagramStream, UdpSocket },
    "wasi:sockets/udp-create-socket": {
      createUdpSocket: bind(({ endings }, family: Family) => new UdpSocket(family, endings)),
    },
  };
  return Object.fromEntries(Object.entries(all).map(([name, members]) => [`${name}@${VERSION}`, members]));
}
