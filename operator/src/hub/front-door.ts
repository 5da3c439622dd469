/**
 * The hub's TCP port. gRPC and TLS begin behind it; here is counted who has come in and has not yet shown a token, because that
 * is what a stranger can make the operator pay for: connections, handshakes, buffers that nobody reads.
 */
import { createServer, type Server, type Socket } from "node:net";
import type { AddressInfo } from "node:net";
import { operatorError } from "../errors.js";
import type { QuietLog } from "./quiet-log.js";

export interface DoorLimits {
  /** Connections that have not shown a good token, all together. One more, and the oldest of the most crowded address goes. */
  readonly mostStrangers: number;
  /** Time to show a token, ms: the TLS handshake, the stream's header and its review. */
  readonly strangerMs: number;
  /** Connections that have shown a token of the same node; the oldest goes. An agent has one, and two while it changes over. */
  readonly mostPerNode: number;
}

export const usualDoorLimits: DoorLimits = { mostStrangers: 256, strangerMs: 15_000, mostPerNode: 4 };

/** Why a connection was ended here. */
export type Rejection = "crowded" | "silent";

interface Guest {
  readonly socket: Socket;
  readonly address: string;
  /** Whose token it has shown; null: a stranger. */
  node: string | null;
  /** Monotonic ms at which it is ended; only ever moved forward in time, so that nothing that it does buys it more. */
  deadline: number;
  timer: NodeJS.Timeout | undefined;
}

export interface FrontDoorOptions {
  readonly limits: DoorLimits;
  readonly log: QuietLog;
  /** Monotonic ms. */
  readonly now: () => number;
  /** Takes the connection over, TLS still to come. */
  readonly enter: (socket: Socket) => void;
  readonly rejected: (why: Rejection) => void;
}

export class FrontDoor {
  readonly #options: FrontDoorOptions;
  readonly #server: Server;
  /** By `address:port`, as gRPC names a stream's peer. */
  readonly #guests = new Map<string, Guest>();
  /** By address, oldest first. */
  readonly #strangers = new Map<string, Set<Guest>>();
  #strangerCount = 0;
  /** By node, oldest first. */
  readonly #agents = new Map<string, Set<Guest>>();

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

  /** The peer has shown a good token of this node. */
  admit(peer: string, node: string): void {
    const guest = this.#guests.get(peer);
    if (!guest || guest.node !== null) return;
    this.#leaveStrangers(guest);
    clearTimeout(guest.timer);
    guest.deadline = Number.POSITIVE_INFINITY;
    guest.node = node;
    const ofNode = this.#agents.get(node) ?? new Set();
    ofNode.add(guest);
    this.#agents.set(node, ofNode);
    const [oldest] = ofNode;
    if (ofNode.size > this.#options.limits.mostPerNode) this.#end(oldest, "crowded");
  }

  /** Ends the peer's connection, by force if it does not read its goodbye within `afterMs`. */
  dismiss(peer: string, afterMs: number): void {
    const guest = this.#guests.get(peer);
    if (guest) this.#endAfter(guest, afterMs, () => undefined);
  }

  /** Takes nobody any more; ends what is left after `graceMs`. */
  async close(graceMs: number): Promise<void> {
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    for (const peer of this.#guests.keys()) this.dismiss(peer, graceMs);
    await closed;
  }

  #receive(socket: Socket): void {
    const { enter, limits } = this.#options;
    const address = socket.remoteAddress ?? "";
    socket.on("error", () => undefined); // the peer went; gRPC and the close event tell the rest
    if (this.#strangerCount >= limits.mostStrangers) this.#end(this.#oldestOfCrowd(), "crowded");
    const guest: Guest = { socket, address, node: null, deadline: Number.POSITIVE_INFINITY, timer: undefined };
    const peer = `${address}:${String(socket.remotePort ?? 0)}`;
    this.#guests.set(peer, guest);
    const ofAddress = this.#strangers.get(address) ?? new Set();
    ofAddress.add(guest);
    this.#strangers.set(address, ofAddress);
    this.#strangerCount += 1;
    this.#endAfter(guest, limits.strangerMs, () => this.#tell(guest, "silent"));
    socket.once("close", () => {
      clearTimeout(guest.timer);
      this.#leaveStrangers(guest);
      this.#leaveNode(guest);
      this.#guests.delete(peer);
    });
    enter(socket);
  }

  /** Whoever floods the door makes room for others; an address with one connection is never the most crowded one for long. */
  #oldestOfCrowd(): Guest | undefined {
    let crowd: Set<Guest> | undefined;
    for (const guests of this.#strangers.values()) if (guests.size > (crowd?.size ?? 0)) crowd = guests;
    const [oldest] = crowd ?? [];
    return oldest;
  }

  #endAfter(guest: Guest, ms: number, why: () => void): void {
    const deadline = this.#options.now() + ms;
    if (deadline >= guest.deadline) return;
    clearTimeout(guest.timer);
    guest.deadline = deadline;
    guest.timer = setTimeout(() => {
      why();
      guest.socket.destroy();
    }, ms);
  }

  #end(guest: Guest | undefined, why: Rejection): void {
    if (!guest) return;
    this.#tell(guest, why);
    this.#leaveStrangers(guest);
    this.#leaveNode(guest);
    guest.socket.resetAndDestroy();
  }

  #tell({ address, node }: Guest, why: Rejection): void {
    const { log, rejected } = this.#options;
    rejected(why);
    if (why === "silent") log.warn("MER_HUB_SILENT", address, {}, "ended a connection that showed no token");
    else log.warn("MER_HUB_CROWDED", address, { strangers: this.#strangerCount, node }, "ended a connection to make room for another");
  }

  #leaveStrangers(guest: Guest): void {
    const ofAddress = this.#strangers.get(guest.address);
    if (!ofAddress?.delete(guest)) return;
    this.#strangerCount -= 1;
    if (ofAddress.size === 0) this.#strangers.delete(guest.address);
  }

  #leaveNode(guest: Guest): void {
    const ofNode = guest.node === null ? undefined : this.#agents.get(guest.node);
    if (ofNode?.delete(guest) && ofNode.size === 0) this.#agents.delete(guest.node ?? "");
  }
}
