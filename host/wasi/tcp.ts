// wasi:sockets/tcp over `node:net`.
// The runtime binds only by listening: a bound socket listens at once and turns away who comes before the guest listens.

import "../../abi/dispose.ts";
import type { AddressInfo, Server, Socket } from "node:net";
import type { Result } from "../../abi/results.ts";
import {
  type Answer,
  type Family,
  fits,
  hostOf,
  isPeer,
  isUnicast,
  type Network,
  networkCode,
  networkFailure,
  refuse,
  type SocketAddress,
  socketAddress,
} from "./addresses.ts";
import { mayListen, required } from "./platform.ts";
import { Pollable } from "./poll.ts";
import { HIGH_WATER } from "./sources.ts";
import { type Readiness, Signal } from "./readiness.ts";
import { InputStream, OutputStream, type Sink, type Source } from "./streams.ts";

type Streams = [InputStream, OutputStream];

/** Connections that wait to be accepted, unless the guest says otherwise. */
const BACKLOG = 128;

/** A socket's two streams and what ends them. */
class Connection {
  readonly socket: Socket;
  readonly #signal = new Signal();
  #ended = false;
  #failure: unknown;
  #unwritten = 0;
  #shut = false;

  constructor(socket: Socket) {
    this.socket = socket;
    socket.on("readable", () => {
      // An end is told only to who reads it.
      if (socket.readableLength === 0) socket.read();
      this.#signal.fire();
    });
    socket.on("end", () => this.#end());
    socket.on("close", () => this.#end());
    socket.on("error", (error) => {
      this.#failure ??= error;
      this.#end();
    });
    if (socket.destroyed) this.#end(); // before it was accepted
  }

  #end(): void {
    this.#ended = true;
    this.#signal.fire();
  }

  streams(): Streams {
    const onReady = (callback: () => void): () => void => this.#signal.on(callback);
    const { socket } = this;
    let flushing = false;
    const source: Source = {
      onReady,
      ready: () => this.#ended || socket.readableLength > 0,
      read: (max) => {
        if (socket.readableLength > 0) return socket.read(Math.min(max, socket.readableLength)) ?? new Uint8Array();
        if (!this.#ended) return new Uint8Array();
        if (this.#failure !== undefined) throw networkFailure(this.#failure);
        return undefined;
      },
    };
    const sink: Sink = {
      onReady,
      ready: () => {
        if (this.#unwritten === 0) flushing = false;
        return this.#shut || this.#failure !== undefined || socket.destroyed ||
          !flushing && this.#unwritten < HIGH_WATER;
      },
      permit: () => {
        if (this.#failure !== undefined) throw networkFailure(this.#failure);

        if (this.#shut || socket.destroyed) return undefined;
        return sink.ready() ? HIGH_WATER - this.#unwritten : 0;
      },
      write: (bytes) => {
        // A write after the end would tear down the other direction too.
        if (this.#shut || socket.destroyed) throw networkFailure(new Error("shut down for sending"));
        this.#unwritten += bytes.length;
        socket.write(bytes, () => {
          this.#unwritten -= bytes.length;
          this.#signal.fire();
        });
      },
      flush: () => {
        flushing = this.#unwritten > 0;
      },
    };
    return [new InputStream(source), new OutputStream(sink)];
  }

  shutdown(how: string): void {
    if (how !== "send") this.#end();
    if (how === "receive" || this.#shut) return;
    this.#shut = true;
    this.socket.end();
    this.#signal.fire();
  }

  close(): void {
    this.socket.destroySoon();
  }
}

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

/** The resource `tcp-socket`. */
export class TcpSocket {
  readonly #family: Family;
  readonly #net = required("node:net", "sockets");
  readonly #signal = new Signal();
  readonly #settings: Settings = {
    keepAlive: false,
    keepAliveIdleTime: 7_200_000_000_000n,
    keepAliveInterval: 75_000_000_000n,
    keepAliveCount: 9,
    hopLimit: 64,
    receiveBufferSize: 65_536n,
    sendBufferSize: 65_536n,
  };
  #phase: Phase = "unbound";
  /** What an operation that was begun came to. */
  #outcome: { readonly error?: unknown } | undefined;
  #server: Server | undefined;
  #connection: Connection | undefined;
  #local: SocketAddress | undefined;
  #backlog = BACKLOG;
  readonly #waiting: Socket[] = [];

  /** Made by the library only. */
  constructor(family: Family) {
    this.#family = family;
  }

  static #accepted(family: Family, socket: Socket): [TcpSocket, InputStream, OutputStream] {
    const accepted = new TcpSocket(family);
    accepted.#phase = "connected";
    accepted.#connection = new Connection(socket);
    socket.resume().pause(); // it was accepted paused
    socket.read(0);
    return [accepted, ...accepted.#connection.streams()];
  }

  #settle(error?: unknown): void {
    this.#outcome = error === undefined ? {} : { error };
    this.#signal.fire();
  }

  /** What was begun, finished: its phase, or the phase that it falls back to with an error. */
  #finish(begun: Phase, then: Phase, otherwise: Phase): Answer<void> {
    if (this.#phase !== begun) return refuse("not-in-progress");
    if (this.#outcome === undefined) return refuse("would-block");
    const { error } = this.#outcome;
    this.#outcome = undefined;
    this.#phase = error === undefined ? then : otherwise;
    if (error !== undefined) return refuse(networkCode(error));
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
    server.on("error", (error) => this.#settle(error));
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
  finishBind(): Answer<void> {
    return this.#finish("binding", "bound", "unbound");
  }

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
        keepAlive: this.#settings.keepAlive,
        ...local === undefined ? {} : { localAddress: hostOf(local), localPort: local.val.port },
      });
      const connection = this.#connection = new Connection(socket);
      socket.once("connect", () => this.#settle());
      socket.once(
        "error",
        (error) => this.#outcome === undefined && connection === this.#connection && this.#settle(error),
      );
    };
    this.#phase = "connecting";
    if (this.#server === undefined) connect();
    else this.#server.close(connect);
    this.#server = undefined;
  }

  /** Whether connecting worked: the streams. */
  finishConnect(): Answer<Streams> {
    const refused = this.#finish("connecting", "connected", "closed");
    return refused ?? this.#connection!.streams();
  }

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

  /** The next connection. */
  accept(): Answer<[TcpSocket, InputStream, OutputStream]> {
    if (this.#phase !== "listening") return refuse("invalid-state");
    const socket = this.#waiting.shift();
    return socket === undefined ? refuse("would-block") : TcpSocket.#accepted(this.#family, socket);
  }

  /** Where it is bound. */
  localAddress(): Answer<SocketAddress> {
    const { localAddress, localPort } = this.#connection?.socket ?? {};
    if (localAddress !== undefined) return socketAddress(localAddress, localPort!);
    if (this.#local === undefined) return refuse("invalid-state");
    return this.#phase === "binding" ? refuse("concurrency-conflict") : this.#local;
  }

  /** Where it is connected to. */
  remoteAddress(): Answer<SocketAddress> {
    const { remoteAddress, remotePort } = this.#connection?.socket ?? {};
    if (this.#phase !== "connected" || remoteAddress === undefined) return refuse("invalid-state");
    return socketAddress(remoteAddress, remotePort!);
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
    this.#backlog = Number(size > 4096n ? 4096n : size);
  }

  #set<K extends keyof Settings>(key: K, value: Settings[K]): Answer<void> {
    if (value === 0n || value === 0) return refuse("invalid-argument");
    this.#settings[key] = value;
    const { keepAlive, keepAliveIdleTime } = this.#settings;
    if (key.startsWith("keepAlive")) {
      this.#connection?.socket.setKeepAlive(keepAlive, Number(keepAliveIdleTime / 1_000_000n));
    }
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

  /** Ready when what was begun can be finished, or a connection accepted. */
  subscribe(): Pollable {
    const readiness: Readiness = {
      ready: () => {
        if (this.#outcome !== undefined) return true;
        if (this.#phase === "listening") return this.#waiting.length > 0;
        return this.#phase !== "binding" && this.#phase !== "connecting";
      },
      onReady: (callback) => this.#signal.on(callback),
    };
    return new Pollable(readiness);
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
    this.#connection?.close();
  }
}
