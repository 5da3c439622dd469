/** One multicast segment without sockets: what an interface sends arrives at every other one after a delay. */
import type { Schedule } from "./schedule.js";

export interface Datagram {
  /** UDP port that it is sent to and from. */
  readonly udpPort: number;
  /** IPv4 of the sender, four octets. */
  readonly source: readonly number[];
  readonly octets: Uint8Array;
}

interface Listener {
  readonly interfaceName: string;
  readonly take: (datagram: Datagram) => void;
}

export class FakeNetwork {
  /** One-way delay, s. */
  readonly #delay: (from: string, to: string) => number;
  readonly #listeners = new Set<Listener>();

  constructor(delay: (from: string, to: string) => number) {
    this.#delay = delay;
  }

  /** @returns how to leave */
  join(interfaceName: string, take: (datagram: Datagram) => void): () => void {
    const listener = { interfaceName, take };
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  send(schedule: Schedule, from: string, datagram: Datagram): void {
    for (const listener of this.#listeners) {
      if (listener.interfaceName === from) continue;
      const at = schedule.now + Math.round(this.#delay(from, listener.interfaceName) * 1e9);
      schedule.add(at, "kernel", () => {
        if (this.#listeners.has(listener)) listener.take(datagram);
      });
    }
  }
}
