// udp-socket of WASI 0.3: the socket of 0.2 without streams.

import type { Suspending } from "../func.ts";
import { type Family, fits, isPeer, sameAddress, type SocketAddress } from "./addresses.ts";
import { codeOf } from "./p3_answers.ts";
import { type Answer, answered, anyAddress, P3Socket, refused } from "./p3_sockets.ts";
import { type Readiness, whenReady } from "./readiness.ts";
import type { State } from "./state.ts";
import { MAX_DATAGRAM, MAX_SENDING, UdpSocket } from "./udp.ts";

/** The resource `udp-socket`. */
export class P3UdpSocket extends P3Socket<UdpSocket> {
  /** `create`, of one guest. */
  static of(state: State, family: Family): P3UdpSocket {
    return new this(state, new UdpSocket(family, state.endings));
  }

  declare connect: Suspending<(remote: SocketAddress) => Answer<void> | Promise<Answer<void>>>;

  static {
    this.prototype.connect = this.binding(
      (self: P3UdpSocket, remote: SocketAddress) =>
        self.inner.isUnbound && isPeer(remote, self.inner.addressFamily()) ? self.#any() : undefined,
      (self: P3UdpSocket, remote: SocketAddress): Answer<void> => {
        if (!isPeer(remote, self.inner.addressFamily())) return refused("invalid-argument");
        if (!self.state.sockets) return refused("access-denied");
        return self.inner.datagrams?.connect(remote) === true ? undefined : refused("remote-unreachable");
      },
    );
  }

  #any(): SocketAddress {
    return anyAddress(this.inner.addressFamily());
  }

  disconnect(): Answer<void> {
    const { datagrams } = this.inner;
    if (datagrams?.remote === undefined) return refused("invalid-state");
    datagrams.connect(undefined);
  }

  async send(data: Uint8Array, to: SocketAddress | undefined): Promise<Answer<void>> {
    const inner = this.inner, remote = inner.datagrams?.remote, target = to ?? remote;
    if (target === undefined) return refused("invalid-argument");
    if (to !== undefined && remote !== undefined && !sameAddress(to, remote)) return refused("invalid-argument");
    // Every version of the conformance suite takes this word for a port that there is not.
    if (fits(target, inner.addressFamily()) && target.val.port === 0) return refused("address-not-bindable");
    if (!isPeer(target, inner.addressFamily())) return refused("invalid-argument");
    if (data.length > MAX_DATAGRAM) return refused("datagram-too-large");
    const code = await this.#bound();
    if (code !== undefined) return refused(code);
    const datagrams = inner.datagrams;
    if (datagrams === undefined) return refused("invalid-state");
    const room: Readiness = {
      ready: () => datagrams.sending < MAX_SENDING,
      onReady: (callback) => datagrams.signal.on(callback),
    };
    while (!room.ready()) await whenReady(room);
    datagrams.send(data, target);
    while (datagrams.sending > 0 && !datagrams.failed) await whenReady(room);
    const failure = datagrams.takeFailure();
    return failure === undefined ? undefined : refused(failure);
  }

  /** Binds it to any port, if it is not bound. Gives the code of a failure. */
  async #bound(): Promise<string | undefined> {
    const inner = this.inner;
    if (!this.state.sockets) return "access-denied";
    if (!inner.isUnbound) return undefined;
    const begun = codeOf(inner.startBind(this.network, this.#any()));
    if (begun !== undefined) return begun;
    for (;;) {
      const code = codeOf(inner.boundNow());
      if (code !== "would-block") return code;
      await whenReady(inner.readiness);
    }
  }

  async receive(): Promise<Answer<readonly [Uint8Array, SocketAddress]>> {
    const { datagrams } = this.inner;
    if (datagrams === undefined) return refused("invalid-state");
    for (;;) {
      const [datagram] = datagrams.take(1);
      if (datagram !== undefined) return [datagram.data, datagram.remoteAddress];
      const failure = datagrams.takeFailure();
      if (failure !== undefined) return refused(failure);
      if (datagrams.closed) return refused("invalid-state");
      await whenReady({ ready: () => datagrams.arrived > 0, onReady: (callback) => datagrams.signal.on(callback) });
    }
  }

  getUnicastHopLimit(): Answer<number> {
    return answered(this.inner.unicastHopLimit());
  }

  setUnicastHopLimit(value: number): Answer<void> {
    return answered(this.inner.setUnicastHopLimit(value));
  }
}
