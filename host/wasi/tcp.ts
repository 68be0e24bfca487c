// wasi:sockets/tcp over `node:net`: what a guest does with a TCP socket, and in which order.
// The runtime binds only by listening: a bound socket listens at once and turns away who comes
// before the guest listens.

import "../../abi/dispose.ts";
import type { AddressInfo, Server, Socket } from "node:net";
import type { Result } from "../../abi/codecs/results.ts";
import type { Suspending } from "../func.ts";
import { type Family, fits, hostOf, isPeer, isUnicast, type SocketAddress, socketAddress } from "./addresses.ts";
import { Connection } from "./connections.ts";
import type { Endings } from "./base/endings.ts";
import { type Answer, BIND_CODES, CONNECT_CODES, type Network, networkCode, refuse } from "./network.ts";
import { mayListen, required } from "./base/platform.ts";
import { Pollable } from "./poll.ts";
import { type Readiness, Signal } from "./readiness.ts";
import { InputStream, OutputStream } from "./streams.ts";
import { asking } from "./waiting.ts";

type Streams = [InputStream, OutputStream];
type Accepted = [TcpSocket, ...Streams];

/** Connections that wait to be accepted, unless the guest says otherwise. */
const BACKLOG = 128;

type Phase =
  | "unbound"
  | "binding"
  | "bound"
  | "connecting"
  | "connected"
  | "listen-begun"
  | "listening"
  | "closed";

/** Settings that the runtime has no way to ask for: kept as given. */
interface Settings {
  keepAlive: boolean;
  keepAliveIdleTime: bigint;
  keepAliveInterval: bigint;
  keepAliveCount: number;
  hopLimit: number;
  receiveBufferSize: bigint;
  sendBufferSize: bigint;
}

const DEFAULTS: Settings = {
  keepAlive: false,
  keepAliveIdleTime: 7_200_000_000_000n,
  keepAliveInterval: 75_000_000_000n,
  keepAliveCount: 9,
  hopLimit: 64,
  receiveBufferSize: 65_536n,
  sendBufferSize: 65_536n,
};

/** The resource `tcp-socket`. */
export class TcpSocket {
  readonly #family: Family;
  readonly #endings: Endings;
  readonly #net = required("node:net", "sockets");
  readonly #signal = new Signal();
  readonly #readiness: Readiness;
  readonly #settings: Settings;
  #phase: Phase = "unbound";
  /** What an operation that was begun came to: the code of its error, or none. */
  #outcome: { readonly code?: string } | undefined;
  #server: Server | undefined;
  #connection: Connection | undefined;
  #local: SocketAddress | undefined;
  #backlog = BACKLOG;
  readonly #waiting: Socket[] = [];

  /** Made by the library only. */
  constructor(family: Family, endings: Endings, settings: Settings = DEFAULTS) {
    this.#family = family;
    this.#endings = endings;
    this.#settings = { ...settings };
    this.#readiness = { ready: () => this.#ready(), onReady: (callback) => this.#signal.on(callback) };
  }

  #settle(code?: string): void {
    this.#outcome = code === undefined ? {} : { code };
    this.#signal.fire();
  }

  /** What was begun, finished: its phase, or the phase that it falls back to with an error. */
  #finish(begun: Phase, then: Phase, otherwise: Phase): Answer<void> {
    if (this.#phase !== begun) return refuse("not-in-progress");
    if (this.#outcome === undefined) return refuse("would-block");
    const { code } = this.#outcome;
    this.#outcome = undefined;
    this.#phase = code === undefined ? then : otherwise;
    if (code !== undefined) return refuse(code);
  }

  #refusal(network: Network, address: SocketAddress, phases: readonly Phase[]): Result<never, string> | undefined {
    if (!network.granted) return refuse("access-denied");
    if (!phases.includes(this.#phase)) return refuse("invalid-state");
    if (!fits(address, this.#family)) return refuse("invalid-argument");
    return undefined;
  }

  /** Begins to bind. */
  startBind(network: Network, address: SocketAddress): Answer<void> {
    const refusal = this.#refusal(network, address, ["unbound"]);
    if (refusal !== undefined) return refusal;
    if (!isUnicast(address)) return refuse("invalid-argument");
    if (!mayListen(hostOf(address), address.val.port)) return refuse("access-denied");
    this.#phase = "binding";
    const server = this.#server = this.#net.createServer({ allowHalfOpen: true, pauseOnConnect: true });
    server.on("error", (error) => this.#settle(networkCode(error, BIND_CODES)));
    server.on("listening", () => {
      const { address, port } = server.address() as AddressInfo;
      this.#local = socketAddress(address, port);
      this.#settle();
    });
    server.on("connection", (socket) => {
      if (this.#phase !== "listening" || this.#waiting.length >= this.#backlog) return socket.destroy();
      socket.on("error", () => {}); // told to who accepts it
      this.#waiting.push(socket);
      this.#signal.fire();
    });
    server.listen({
      host: hostOf(address),
      port: address.val.port,
      exclusive: true,
      ipv6Only: this.#family === "ipv6",
    });
  }

  /** Whether binding worked. */
  declare finishBind: Suspending<() => Answer<void> | Promise<Answer<void>>>;

  /** Begins to connect. */
  startConnect(network: Network, remote: SocketAddress): Answer<void> {
    const refusal = this.#refusal(network, remote, ["unbound", "bound"]);
    if (refusal !== undefined) return refusal;
    if (!isPeer(remote, this.#family) || !isUnicast(remote)) return refuse("invalid-argument");
    const local = this.#local;
    const connect = (): void => {
      if (this.#phase === "closed") return; // dropped meanwhile
      const socket = this.#net.connect({
        host: hostOf(remote),
        port: remote.val.port,
        allowHalfOpen: true,
        ...local === undefined ? {} : { localAddress: hostOf(local), localPort: local.val.port },
      });
      const connection = this.#connection = new Connection(socket);
      socket.once("connect", () => {
        this.#keepAlive();
        this.#settle();
      });
      socket.once(
        "error",
        (error) => {
          if (this.#outcome !== undefined || connection !== this.#connection) return;
          this.#settle(networkCode(error, CONNECT_CODES));
        },
      );
    };
    this.#phase = "connecting";
    if (this.#server === undefined) connect();
    else this.#server.close(connect);
    this.#server = undefined;
  }

  /** Whether connecting worked: the streams. */
  declare finishConnect: Suspending<() => Answer<Streams> | Promise<Answer<Streams>>>;

  /** Begins to listen. */
  startListen(): Answer<void> {
    if (this.#phase !== "bound") return refuse("invalid-state");
    this.#phase = "listen-begun";
    this.#settle();
  }

  /** Whether listening worked. */
  finishListen(): Answer<void> {
    return this.#finish("listen-begun", "listening", "closed");
  }

  /** Whether binding worked; `would-block` while that is not known. */
  boundNow(): Answer<void> {
    return this.#finish("binding", "bound", "unbound");
  }

  /** Whether connecting worked; `would-block` while that is not known. */
  connectedNow(): Answer<Connection> {
    return this.#finish("connecting", "connected", "closed") ?? this.#connection!;
  }

  /** A connection that came in; `would-block` while there is none. */
  acceptedNow(): Answer<TcpSocket> {
    if (this.#phase !== "listening") return refuse("invalid-state");
    const socket = this.#waiting.shift();
    if (socket === undefined) return refuse("would-block");
    const accepted = new TcpSocket(this.#family, this.#endings, this.#settings);
    accepted.#phase = "connected";
    accepted.#connection = new Connection(socket);
    accepted.#connection.start();
    accepted.#keepAlive();
    return accepted;
  }

  /** The connection, of a socket that has one. */
  get connection(): Connection | undefined {
    return this.#phase === "connected" ? this.#connection : undefined;
  }

  /** Whether it was not bound yet. */
  get isUnbound(): boolean {
    return this.#phase === "unbound";
  }

  /** Ready when what was begun can be finished, or a connection accepted. */
  get readiness(): Readiness {
    return this.#readiness;
  }

  /** The next connection. */
  declare accept: Suspending<() => Answer<Accepted> | Promise<Answer<Accepted>>>;

  static {
    const isNotYet = (answer: Answer<unknown>): boolean =>
      (answer as { val?: unknown } | undefined)?.val === "would-block";
    this.prototype.finishBind = asking((self: TcpSocket) => self.boundNow(), isNotYet);
    this.prototype.finishConnect = asking((self: TcpSocket): Answer<Streams> => {
      const connected = self.connectedNow();
      return connected instanceof Connection ? self.#streams() : connected;
    }, isNotYet);
    this.prototype.accept = asking((self: TcpSocket): Answer<Accepted> => {
      const accepted = self.acceptedNow();
      return accepted instanceof TcpSocket ? [accepted, ...accepted.#streams()] : accepted;
    }, isNotYet);
  }

  #streams(): Streams {
    const connection = this.#connection!;
    return [new InputStream(connection.source()), new OutputStream(connection.sink())];
  }

  /** Where it is bound. */
  localAddress(): Answer<SocketAddress> {
    const local = this.#connection?.local ?? this.#local;
    if (local === undefined) return refuse("invalid-state");
    return this.#phase === "binding" ? refuse("concurrency-conflict") : local;
  }

  /** Where it is connected to. */
  remoteAddress(): Answer<SocketAddress> {
    return (this.#phase === "connected" ? this.#connection?.remote : undefined) ?? refuse("invalid-state");
  }

  /** Whether it listens. */
  isListening(): boolean {
    return this.#phase === "listening";
  }
  /** IPv4 or IPv6. */
  addressFamily(): Family {
    return this.#family;
  }
  /** How many connections may wait. */
  setListenBacklogSize(size: bigint): Answer<void> {
    if (size === 0n) return refuse("invalid-argument");
    if (this.#phase === "connecting" || this.#phase === "connected") return refuse("invalid-state");
    this.#backlog = Number(size > 4096n ? 4096n : size);
  }

  #set<K extends keyof Settings>(key: K, value: Settings[K]): Answer<void> {
    if (value === 0n || value === 0) return refuse("invalid-argument");
    this.#settings[key] = value;
    if (key.startsWith("keepAlive")) this.#keepAlive();
  }

  /** Has a connection probed, or not, as it is set. */
  #keepAlive(): void {
    const { keepAlive, keepAliveIdleTime } = this.#settings;
    this.#connection?.socket.setKeepAlive(keepAlive, Number(keepAliveIdleTime / 1_000_000n));
  }

  /** Whether the connection is probed. */
  keepAliveEnabled(): Answer<boolean> {
    return this.#settings.keepAlive;
  }
  /** Sets it. */
  setKeepAliveEnabled(value: boolean): Answer<void> {
    return this.#set("keepAlive", value);
  }
  /** When it is first probed. */
  keepAliveIdleTime(): Answer<bigint> {
    return this.#settings.keepAliveIdleTime;
  }
  /** Sets it. */
  setKeepAliveIdleTime(value: bigint): Answer<void> {
    return this.#set("keepAliveIdleTime", value);
  }
  /** Between probes. */
  keepAliveInterval(): Answer<bigint> {
    return this.#settings.keepAliveInterval;
  }
  /** Sets it. */
  setKeepAliveInterval(value: bigint): Answer<void> {
    return this.#set("keepAliveInterval", value);
  }
  /** How many probes. */
  keepAliveCount(): Answer<number> {
    return this.#settings.keepAliveCount;
  }
  /** Sets it. */
  setKeepAliveCount(value: number): Answer<void> {
    return this.#set("keepAliveCount", value);
  }
  /** Time to live. */
  hopLimit(): Answer<number> {
    return this.#settings.hopLimit;
  }
  /** Sets it. */
  setHopLimit(value: number): Answer<void> {
    return this.#set("hopLimit", value);
  }
  /** Of the operating system. */
  receiveBufferSize(): Answer<bigint> {
    return this.#settings.receiveBufferSize;
  }
  /** Sets it. */
  setReceiveBufferSize(value: bigint): Answer<void> {
    return this.#set("receiveBufferSize", value);
  }
  /** Of the operating system. */
  sendBufferSize(): Answer<bigint> {
    return this.#settings.sendBufferSize;
  }
  /** Sets it. */
  setSendBufferSize(value: bigint): Answer<void> {
    return this.#set("sendBufferSize", value);
  }

  #ready(): boolean {
    if (this.#outcome !== undefined) return true;
    if (this.#phase === "listening") return this.#waiting.length > 0;
    return this.#phase !== "binding" && this.#phase !== "connecting";
  }

  /** Ready when what was begun can be finished, or a connection accepted. */
  subscribe(): Pollable {
    return new Pollable(this.#readiness);
  }

  /** Ends one direction or both. */
  shutdown(how: string): Answer<void> {
    if (this.#phase !== "connected") return refuse("invalid-state");
    this.#connection!.shutdown(how);
  }

  [Symbol.dispose](): void {
    this.#phase = "closed";
    this.#server?.close();
    for (const socket of this.#waiting) socket.destroy();
    this.#connection?.close(this.#endings);
  }
}
