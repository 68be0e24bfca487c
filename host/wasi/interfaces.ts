// Every interface of WASI 0.2 as imports. What depends on the guest's state is bound to it by the
// caller; resources carry their own.

import type { Imports } from "../link/linker.ts";
import type { Family } from "./addresses.ts";
import { type Bind, commonInterfaces, randomInterfaces } from "./common_interfaces.ts";
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

/** The imports, by their full names. */
export function interfaces(bind: Bind): Imports<WasiData> {
  const input = (source: (state: State) => Source) => bind((state) => new InputStream(source(state)));
  const output = (sink: (state: State) => Sink) => bind((state) => new OutputStream(sink(state)));
  const all: Record<string, Imports<WasiData>> = {
    ...commonInterfaces(bind),
    ...randomInterfaces(bind, ({ random }, length) => random.bytes(length)),
    "wasi:cli/environment": {
      getEnvironment: bind(({ env }) => env),
      getArguments: bind(({ args }) => args),
      initialCwd: () => undefined,
    },
    "wasi:cli/stdin": { getStdin: input(({ stdin }) => stdin) },
    "wasi:cli/stdout": { getStdout: output(({ stdout }) => stdout) },
    "wasi:cli/stderr": { getStderr: output(({ stderr }) => stderr) },
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
        preopens.map(({ name, directory, readOnly }) => [Descriptor.preopen(directories, directory, readOnly), name])
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
