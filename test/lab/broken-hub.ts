/** Where a hub should be and something else is: a listener that answers wrongly, or a way to a real one that can be broken. */
import { randomBytes } from "node:crypto";
import { connect, createServer, type Socket } from "node:net";

export type HubTrouble =
  /** What comes goes on to the hub. */
  | "none"
  /** Connections are taken and reset. */
  | "reset"
  /** Connections are taken, and nobody ever answers. */
  | "silent"
  /** Connections that stand stay, and nothing passes any more; new ones as with "silent". */
  | "frozen"
  /** Whoever comes gets octets that are no TLS. */
  | "garbage";

export class BrokenHub {
  /** host:port */
  readonly address: string;
  readonly #server;
  readonly #sockets = new Set<Socket>();
  #trouble: HubTrouble = "none";

  private constructor(
    server: ReturnType<typeof createServer>,
    address: string,
    accept: (take: (near: Socket) => void) => void,
    target: string,
  ) {
    this.#server = server;
    this.address = address;
    accept((near) => this.#take(near, target));
  }

  /** @param target host:port of the real one */
  static async listen(host: string, target: string): Promise<BrokenHub> {
    let take: (near: Socket) => void = (near) => near.destroy();
    const server = createServer((near) => take(near));
    await new Promise<void>((resolve) => server.listen(0, host, resolve));
    const address = server.address();
    const port = typeof address === "object" && address !== null ? address.port : 0;
    return new BrokenHub(server, `${host}:${String(port)}`, (accept) => (take = accept), target);
  }

  /** From now on; what stands is ended unless it is to freeze. */
  become(trouble: HubTrouble): void {
    this.#trouble = trouble;
    for (const socket of this.#sockets) {
      if (trouble === "frozen") socket.unpipe().pause();
      else socket.resetAndDestroy();
    }
  }

  #take(near: Socket, target: string): void {
    this.#keep(near);
    switch (this.#trouble) {
      case "reset":
        near.resetAndDestroy();
        return;
      case "silent":
      case "frozen":
        near.pause();
        return;
      case "garbage":
        near.end(randomBytes(2000));
        return;
      case "none": {
        const [host = "", port = "0"] = target.split(":");
        const far = connect({ host, port: Number(port) });
        this.#keep(far);
        near.pipe(far).pipe(near);
        near.on("close", () => far.destroy());
        far.on("close", () => near.destroy());
      }
    }
  }

  #keep(socket: Socket): void {
    this.#sockets.add(socket);
    socket.on("error", () => socket.destroy()).on("close", () => this.#sockets.delete(socket));
  }

  close(): Promise<void> {
    return new Promise((resolve) => {
      this.#server.close(() => resolve());
      for (const socket of this.#sockets) socket.resetAndDestroy();
    });
  }
}
