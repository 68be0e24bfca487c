// tcp-socket of WASI 0.3: the socket of 0.2 whose connections are streams.

import { err } from "../../abi/codecs/results.ts";
import type { Suspending } from "../func.ts";
import type { Family, SocketAddress } from "./addresses.ts";
import { networkCode } from "./network.ts";
import { codeOf } from "./p3_answers.ts";
import { type Answer, answered, anyAddress, P3Socket, refused, type SocketError, socketError } from "./p3_sockets.ts";
import { type Ended, failedStream, fromSource, intoSink } from "./p3_streams.ts";
import { whenReady } from "./readiness.ts";
import type { State } from "./state.ts";
import { StreamFailure } from "./streams.ts";
import { TcpSocket } from "./tcp.ts";

type Bytes = readonly [stream: AsyncIterable<Uint8Array>, ended: Promise<Ended<SocketError>>];

function errorOf(error: unknown): SocketError {
  return socketError(error instanceof StreamFailure ? error.codes.network ?? "unknown" : networkCode(error));
}

/** The resource `tcp-socket`. */
export class P3TcpSocket extends P3Socket<TcpSocket> {
  #sends = false;
  #receives = false;
  /** How many of its streams are not over: they keep the connection when the socket is dropped. */
  #live = 0;
  #dropped = false;

  /** `create`, of one guest. */
  static of(state: State, family: Family): P3TcpSocket {
    return new this(state, new TcpSocket(family, state.endings));
  }

  declare listen: Suspending<() => Answer<AsyncIterable<P3TcpSocket>> | Promise<Answer<AsyncIterable<P3TcpSocket>>>>;

  static {
    this.prototype.listen = this.binding(
      (self: P3TcpSocket) => self.inner.isUnbound ? anyAddress(self.inner.addressFamily()) : undefined,
      (self: P3TcpSocket): Answer<AsyncIterable<P3TcpSocket>> => {
        const code = codeOf(self.inner.startListen()) ?? codeOf(self.inner.finishListen());
        return code === undefined ? self.#connections() : refused(code);
      },
    );
  }

  /** The connections that come in. */
  async *#connections(): AsyncGenerator<P3TcpSocket> {
    for (;;) {
      const accepted = this.inner.acceptedNow();
      if (accepted instanceof TcpSocket) yield new P3TcpSocket(this.state, accepted);
      else if (codeOf(accepted) === "would-block") await whenReady(this.inner.readiness);
      else return; // the socket was dropped
    }
  }

  async connect(remote: SocketAddress): Promise<Answer<void>> {
    const refusal = codeOf(this.inner.startConnect(this.network, remote));
    if (refusal !== undefined) return refused(refusal);
    for (;;) {
      const code = codeOf(this.inner.connectedNow());
      if (code === undefined) return;
      if (code !== "would-block") return refused(code);
      await whenReady(this.inner.readiness);
    }
  }

  send(data: ReadableStream<Uint8Array>): Promise<Ended<SocketError>> {
    return this.state.writing(data, this.#send(data));
  }

  async #send(data: ReadableStream<Uint8Array>): Promise<Ended<SocketError>> {
    const { connection } = this.inner;
    if (connection === undefined || this.#sends) {
      await data.cancel().catch(() => {});
      return err(socketError("invalid-state")) as Ended<SocketError>;
    }
    this.#sends = true;
    this.#live++;
    const ended = await intoSink(data, connection.sink(), errorOf, socketError("connection-broken"));
    // Nothing more is sent: the peer is told.
    this.inner.shutdown("send");
    this.#over();
    return ended;
  }

  receive(): Bytes {
    const { connection } = this.inner;
    if (connection === undefined || this.#receives) return failedStream(socketError("invalid-state"));
    this.#receives = true;
    this.#live++;
    const close = (): void => {
      this.inner.shutdown("receive");
      this.#over();
    };
    return fromSource({ ...connection.source(), close }, errorOf);
  }

  /** A stream is over. The last one closes the connection of a socket that was dropped. */
  #over(): void {
    if (--this.#live === 0 && this.#dropped) super[Symbol.dispose]();
  }

  override [Symbol.dispose](): void {
    this.#dropped = true;
    if (this.#live === 0) super[Symbol.dispose]();
  }

  getIsListening(): boolean {
    return this.inner.isListening();
  }

  setListenBacklogSize(value: bigint): Answer<void> {
    return answered(this.inner.setListenBacklogSize(value));
  }

  getKeepAliveEnabled(): Answer<boolean> {
    return answered(this.inner.keepAliveEnabled());
  }

  setKeepAliveEnabled(value: boolean): Answer<void> {
    return answered(this.inner.setKeepAliveEnabled(value));
  }

  getKeepAliveIdleTime(): Answer<bigint> {
    return answered(this.inner.keepAliveIdleTime());
  }

  setKeepAliveIdleTime(value: bigint): Answer<void> {
    return answered(this.inner.setKeepAliveIdleTime(value));
  }

  getKeepAliveInterval(): Answer<bigint> {
    return answered(this.inner.keepAliveInterval());
  }

  setKeepAliveInterval(value: bigint): Answer<void> {
    return answered(this.inner.setKeepAliveInterval(value));
  }

  getKeepAliveCount(): Answer<number> {
    return answered(this.inner.keepAliveCount());
  }

  setKeepAliveCount(value: number): Answer<void> {
    return answered(this.inner.setKeepAliveCount(value));
  }

  getHopLimit(): Answer<number> {
    return answered(this.inner.hopLimit());
  }

  setHopLimit(value: number): Answer<void> {
    return answered(this.inner.setHopLimit(value));
  }
}
