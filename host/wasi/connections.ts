// One TCP connection over `node:net`: its bytes as a source and a sink, and how it comes to its
// end.

import type { Socket } from "node:net";
import { type SocketAddress, socketAddress } from "./addresses.ts";
import type { Endings } from "./base/endings.ts";
import { networkFailure } from "./network.ts";
import { type Readiness, Signal } from "./readiness.ts";
import { HIGH_WATER } from "./sources.ts";
import { type Sink, type Source, StreamClosed } from "./streams.ts";

/**
 * Milliseconds that a closed connection still reads what nobody wants, so that the peer is not told
 * of a reset.
 */
const LINGER = 1000;

/** A connection, of a client or accepted. */
export class Connection {
  readonly socket: Socket;
  readonly #signal = new Signal();
  #ended = false;
  /** Whether the guest receives no more. */
  #deaf = false;
  #failure: unknown;
  #unwritten = 0;
  #flushing = false;
  #shut = false;
  #local: SocketAddress | undefined;
  #remote: SocketAddress | undefined;

  constructor(socket: Socket) {
    this.socket = socket;
    socket.on("readable", () => {
      // An end is told only to who reads it.
      if (socket.readableLength === 0) socket.read(0);
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

  /** Its own address; the last one that was known when it is over. */
  get local(): SocketAddress | undefined {
    const { localAddress, localPort } = this.socket;
    if (localAddress !== undefined) this.#local = socketAddress(localAddress, localPort!);
    return this.#local;
  }

  /** The peer's address; the last one that was known when it is over. */
  get remote(): SocketAddress | undefined {
    const { remoteAddress, remotePort } = this.socket;
    if (remoteAddress !== undefined) this.#remote = socketAddress(remoteAddress, remotePort!);
    return this.#remote;
  }

  /** Begins to read from a connection that was accepted paused. */
  start(): void {
    this.socket.resume().pause();
    this.socket.read(0);
    void this.local, this.remote;
  }

  #onReady: Readiness["onReady"] = (callback) => this.#signal.on(callback);

  /** What the peer sends. */
  source(): Source {
    const { socket } = this;
    return {
      onReady: this.#onReady,
      ready: () => this.#ended || this.#deaf || socket.readableLength > 0,
      read: (max) => {
        if (this.#deaf) return undefined;
        if (socket.readableLength > 0) {
          const bytes = socket.read(Math.min(max, socket.readableLength)) ?? new Uint8Array();
          // An end that is there already is told to who reads on.
          if (socket.readableLength === 0) socket.read(0);
          return bytes;
        }
        if (!this.#ended) return new Uint8Array();
        if (this.#failure !== undefined) throw networkFailure(this.#failure);
        return undefined;
      },
    };
  }

  /** Whether nothing can be sent any more. */
  get #closed(): boolean {
    return this.#shut || this.socket.destroyed;
  }

  #permit(): number | undefined {
    if (this.#failure !== undefined) throw networkFailure(this.#failure);
    if (this.#closed) return undefined;
    return this.#writable() ? HIGH_WATER - this.#unwritten : 0;
  }

  #writable(): boolean {
    if (this.#unwritten === 0) this.#flushing = false;
    return !this.#flushing && this.#unwritten < HIGH_WATER;
  }

  /** What is sent to the peer. */
  sink(): Sink {
    return {
      onReady: this.#onReady,
      ready: () => this.#closed || this.#failure !== undefined || this.#writable(),
      permit: () => this.#permit(),
      write: (bytes) => {
        // A write after the end would tear down the other direction too.
        if (this.#closed) throw new StreamClosed();
        this.#unwritten += bytes.length;
        this.socket.write(bytes, () => {
          this.#unwritten -= bytes.length;
          this.#signal.fire();
        });
      },
      flush: () => {
        if (this.#closed) throw new StreamClosed();
        this.#flushing = this.#unwritten > 0;
      },
    };
  }

  /**
   * Ends one direction or both. What was received and not read is thrown away, as is what comes
   * after.
   */
  shutdown(how: string): void {
    if (how !== "send") this.#discard();
    if (how !== "receive" && !this.#shut) {
      this.#shut = true;
      this.socket.end();
    }
    this.#signal.fire();
  }

  /** Throws away what was received and what comes. */
  #discard(): void {
    this.#deaf = true;
    this.socket.removeAllListeners("readable");
    this.socket.on("data", () => {});
    this.socket.resume();
  }

  /** Closes it, after what was written was sent. */
  close(endings: Endings): void {
    const { socket } = this;
    if (socket.destroyed) return;
    endings.add(new Promise<void>((resolve) => socket.once("close", () => resolve())));
    // The system resets a connection that is closed while something in it was not read. The peer
    // would lose then what it has not read itself. So that is read until the peer has ended too.
    const unread = socket.readableLength > 0 && !this.#ended;
    const isShut = this.#shut;
    // A stream that outlives its socket takes no more: nothing of it would be sent.
    this.#shut = true;
    this.#discard();
    this.#signal.fire();
    if (!unread) return socket.destroySoon();
    const timer = setTimeout(() => socket.destroy(), LINGER);
    socket.once("close", () => clearTimeout(timer));
    socket.once("end", () => socket.destroySoon());
    if (!isShut) socket.end();
  }
}
