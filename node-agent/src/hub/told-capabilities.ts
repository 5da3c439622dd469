/** What the hub was told of this node in the last Hello, and whether it still holds: interfaces, addresses and clocks come and go. */
import type { Capabilities } from "@meridian/proto";

/** Each renewal costs a stream and a Hello; a node whose interfaces never rest must not do it all the time. */
const shortestRenewalMs = 10_000;

export class ToldCapabilities {
  readonly #read: () => Capabilities;
  #told: string | null = null;
  #renewedAt = Number.NEGATIVE_INFINITY;

  constructor(read: () => Capabilities) {
    this.#read = read;
  }

  /** For a Hello. */
  tell(): Capabilities {
    const capabilities = this.#read();
    this.#told = JSON.stringify(capabilities);
    return capabilities;
  }

  /** @returns true: the node is another than the hub was told, say Hello again; at most once per 10 s */
  needsRenewal(nowMs: number): boolean {
    if (this.#told === null || nowMs - this.#renewedAt < shortestRenewalMs) return false;
    if (JSON.stringify(this.#read()) === this.#told) return false;
    this.#renewedAt = nowMs;
    return true;
  }
}
