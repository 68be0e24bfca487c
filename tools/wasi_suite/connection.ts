// A TCP connection of an operation `connect`, over Node's module, which all three runtimes have.

import { connect, type Socket } from "node:net";
import { Output } from "./output.ts";

/** A connection to a program. */
export class Connection {
  /** What arrived. */
  readonly received: Output = new Output();
  readonly #socket: Socket;

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.on("data", (bytes: Uint8Array) => this.received.add(bytes));
    socket.on("close", () => this.received.end());
    socket.on("error", () => this.received.end());
  }

  static async to(host: string, port: number): Promise<Connection> {
    const socket = connect({ host, port });
    await new Promise<void>((resolve, reject) => {
      socket.once("connect", resolve);
      socket.once("error", reject);
    });
    return new Connection(socket);
  }

  send(text: string): Promise<void> {
    return new Promise((resolve, reject) => this.#socket.write(text, (error) => error ? reject(error) : resolve()));
  }

  /** Says that no more will be sent. */
  end(): void {
    this.#socket.end();
  }

  close(): void {
    this.#socket.destroy();
  }
}
