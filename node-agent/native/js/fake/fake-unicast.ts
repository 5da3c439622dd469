/**
 * UDP between addresses, without sockets: the machine's own, and those of servers that a test plays. A datagram arrives after a
 * delay; where nobody listens at a known address, the sender is told as by ICMP. To an unknown address it is lost.
 */
import type { Schedule } from "./schedule.js";

export interface Endpoint {
  /** IPv4, dotted. */
  readonly address: string;
  readonly udpPort: number;
}

export interface UnicastDatagram {
  readonly source: Endpoint;
  readonly destination: Endpoint;
  readonly octets: Uint8Array;
}

/** All addresses of the machine. */
export const anyAddress = "0.0.0.0";
const firstEphemeralPort = 32_768;

interface Listener {
  readonly take: (datagram: UnicastDatagram) => void;
  readonly refused: () => void;
}

export class FakeUnicast {
  /** One-way delay, s. A test may replace it. */
  delay: (from: string, to: string) => number = () => 200e-6;
  readonly #schedule: Schedule;
  readonly #isOwn: (address: string) => boolean;
  readonly #listeners = new Map<string, Listener>();
  #lastPort = firstEphemeralPort - 1;

  /** @param isOwn whether an address is the machine's */
  constructor(schedule: Schedule, isOwn: (address: string) => boolean) {
    this.#schedule = schedule;
    this.#isOwn = isOwn;
  }

  /** A port that nobody had before. */
  takePort(): number {
    return (this.#lastPort += 1);
  }

  /** @param refused what was sent from there found nobody. @returns how to leave */
  listen(endpoint: Endpoint, take: Listener["take"], refused: () => void = () => undefined): () => void {
    const name = nameOf(endpoint);
    this.#listeners.set(name, { take, refused });
    return () => void this.#listeners.delete(name);
  }

  send(datagram: UnicastDatagram): void {
    const { source, destination } = datagram;
    this.#after(source, destination, () => {
      const listener = this.#find(destination);
      if (listener) listener.take(datagram);
      else if (this.#isKnown(destination.address)) this.#after(destination, source, () => this.#listeners.get(nameOf(source))?.refused());
    });
  }

  #after(from: Endpoint, to: Endpoint, act: () => void): void {
    this.#schedule.add(this.#schedule.now + Math.round(this.delay(from.address, to.address) * 1e9), "kernel", act);
  }

  #find(endpoint: Endpoint): Listener | undefined {
    const { address, udpPort } = endpoint;
    return (
      this.#listeners.get(nameOf(endpoint)) ??
      (this.#isOwn(address) ? this.#listeners.get(nameOf({ address: anyAddress, udpPort })) : undefined)
    );
  }

  #isKnown(address: string): boolean {
    return this.#isOwn(address) || [...this.#listeners.keys()].some((name) => name.startsWith(`${address}:`));
  }
}

/** "address:port". */
export function nameOf({ address, udpPort }: Endpoint): string {
  return `${address}:${udpPort}`;
}
