/**
 * The hub's TCP port. gRPC and TLS begin behind it; here is counted who has come in and has not yet shown a token, because that
 * is what a stranger can make the operator pay for: connections, handshakes, buffers that nobody reads.
 */
import { createServer, type Server, type Socket } from "node:net";
import type { AddressInfo } from "node:net";
import { operatorError } from "../errors.js";
import type { QuietLog } from "./quiet-log.js";

export interface DoorLimits {
  /** Connections that have not shown a good token, all together. */
  readonly mostStrangers: number;
  /** The same from one address: agents behind one translator come in turns. */
  readonly mostStrangersPerAddress: number;
  /** Time to show a token, ms: the TLS handshake, the stream's header and its review. */
  readonly strangerMs: number;
}

export const usualDoorLimits: DoorLimits = { mostStrangers: 256, mostStrangersPerAddress: 64, strangerMs: 15_000 };

/** Why a stranger did not become an agent. */
export type Rejection = "crowded" | "silent";

interface Guest {
  readonly socket: Socket;
  readonly address: string;
  timer: NodeJS.Timeout | undefined;
  stranger: boolean;
}

export interface FrontDoorOptions {
  readonly limits: DoorLimits;
  readonly log: QuietLog;
  /** Takes the connection over, TLS still to come. */
  readonly enter: (socket: Socket) => void;
  readonly rejected: (why: Rejection) => void;
}

export class FrontDoor {
  readonly #options: FrontDoorOptions;
  readonly #server: Server;
  /** By `address:port`, as gRPC names a stream's peer. */
  readonly #guests = new Map<string, Guest>();
  readonly #strangersBy = new Map<string, number>();
  #strangers = 0;

  constructor(options: FrontDoorOptions) {
    this.#options = options;
    this.#server = createServer({ noDelay: true, keepAlive: true, keepAliveInitialDelay: 15_000 }, (socket) => this.#receive(socket));
  }

  /** @param address host:port, port 0: any. @returns the port. @throws MER_OPERATOR_LISTEN */
  listen(address: string): Promise<number> {
    const [, host = "", port = ""] = /^(.*):(\d+)$/.exec(address) ?? [];
    const server = this.#server;
    return new Promise((resolve, reject) => {
      const refuse = (error: Error): void =>
        reject(operatorError("MER_OPERATOR_LISTEN", `the hub cannot listen on ${address}: ${error.message}`, error));
      server.once("error", refuse);
      server.listen(Number(port), host.replace(/^\[|\]$/g, ""), () => {
        server.off("error", refuse);
        // No descriptor for a connection that came: that one is lost, the port stays open.
        server.on("error", ({ message }) =>
          this.#options.log.warn("MER_HUB_CROWDED", "", { reason: message }, "cannot accept a connection"),
        );
        resolve((server.address() as AddressInfo).port);
      });
    });
  }

  get strangers(): number {
    return this.#strangers;
  }

  /** The peer has shown a good token. */
  admit(peer: string): void {
    const guest = this.#guests.get(peer);
    if (guest) this.#know(guest);
  }

  /** Ends the peer's connection, by force if it does not read its goodbye within `afterMs`. */
  dismiss(peer: string, afterMs: number): void {
    const guest = this.#guests.get(peer);
    if (!guest) return;
    clearTimeout(guest.timer);
    guest.timer = setTimeout(() => guest.socket.destroy(), afterMs);
  }

  /** Takes nobody any more; ends what is left after `graceMs`. */
  async close(graceMs: number): Promise<void> {
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    for (const peer of this.#guests.keys()) this.dismiss(peer, graceMs);
    await closed;
  }

  #receive(socket: Socket): void {
    const { enter, limits, log, rejected } = this.#options;
    const address = socket.remoteAddress ?? "";
    const ofAddress = this.#strangersBy.get(address) ?? 0;
    socket.on("error", () => undefined); // the peer went; gRPC and the close event tell the rest
    if (this.#strangers >= limits.mostStrangers || ofAddress >= limits.mostStrangersPerAddress) {
      log.warn("MER_HUB_CROWDED", address, { strangers: this.#strangers }, "refused a connection: too many have not shown a token yet");
      rejected("crowded");
      socket.resetAndDestroy();
      return;
    }
    const peer = `${address}:${String(socket.remotePort ?? 0)}`;
    const guest: Guest = { socket, address, stranger: true, timer: undefined };
    guest.timer = setTimeout(() => {
      log.warn("MER_HUB_SILENT", address, {}, "ended a connection that showed no token");
      rejected("silent");
      socket.destroy();
    }, limits.strangerMs);
    this.#guests.set(peer, guest);
    this.#strangers += 1;
    this.#strangersBy.set(address, ofAddress + 1);
    socket.once("close", () => {
      clearTimeout(guest.timer);
      this.#forget(guest);
      this.#guests.delete(peer);
    });
    enter(socket);
  }

  #know(guest: Guest): void {
    clearTimeout(guest.timer);
    this.#forget(guest);
  }

  #forget(guest: Guest): void {
    if (!guest.stranger) return;
    guest.stranger = false;
    this.#strangers -= 1;
    const left = (this.#strangersBy.get(guest.address) ?? 1) - 1;
    if (left > 0) this.#strangersBy.set(guest.address, left);
    else this.#strangersBy.delete(guest.address);
  }
}
