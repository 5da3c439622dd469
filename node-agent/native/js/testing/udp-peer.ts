/** A plain UDP socket of Node on lo, whose datagrams a test can wait for. */
import { createSocket, type RemoteInfo, type Socket } from "node:dgram";
import { once } from "node:events";

export interface Arrival extends Pick<RemoteInfo, "address" | "port"> {
  readonly octets: Buffer;
}

/** Ten seconds: much longer than anything on lo takes. */
const patienceMs = 10_000;

export class UdpPeer {
  readonly #socket: Socket;
  readonly #arrivals: Arrival[] = [];
  #notice: () => void = () => undefined;

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.on("message", (octets, { address, port }) => {
      this.#arrivals.push({ octets, address, port });
      this.#notice();
    });
  }

  /** @param port 0: any */
  static async open(address: string, port = 0): Promise<UdpPeer> {
    const socket = createSocket("udp4");
    socket.bind(port, address);
    await once(socket, "listening");
    return new UdpPeer(socket);
  }

  get port(): number {
    return this.#socket.address().port;
  }

  async send(octets: Uint8Array, port: number, address = "127.0.0.1"): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      this.#socket.send(octets, port, address, (error) => (error ? reject(error) : resolve()));
    });
  }

  allowBroadcast(): void {
    this.#socket.setBroadcast(true);
  }

  /** The next datagram. @throws after ten seconds without one */
  async receive(): Promise<Arrival> {
    const deadline = performance.now() + patienceMs;
    for (;;) {
      const arrival = this.#arrivals.shift();
      if (arrival) return arrival;
      const left = deadline - performance.now();
      if (left <= 0) throw new Error("no datagram came");
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, left);
        this.#notice = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
  }

  /** What has come and was not received yet. */
  take(): Arrival[] {
    return this.#arrivals.splice(0);
  }

  async close(): Promise<void> {
    await new Promise<void>((resolve) => this.#socket.close(() => resolve()));
  }
}
