/**
 * What waits to be sent on one stream. Orders replace each other: an agent that was away for a minute needs the newest
 * configuration, not all of them, and one that does not read costs two messages of memory and no more.
 */
import type { ServerDuplexStream } from "@grpc/grpc-js";
import type { AgentMessage, HubMessage } from "@meridian/proto";

export class Outbox {
  readonly #stream: ServerDuplexStream<AgentMessage, HubMessage>;
  readonly #slowMs: number;
  readonly #slow: () => void;
  #underway = 0;
  #orders: HubMessage | null = null;
  #timer: NodeJS.Timeout | undefined;
  #closed = false;

  /** @param slow called when nothing was read for `slowMs` while something waits */
  constructor(stream: ServerDuplexStream<AgentMessage, HubMessage>, slowMs: number, slow: () => void) {
    this.#stream = stream;
    this.#slowMs = slowMs;
    this.#slow = slow;
  }

  /** Sent after what is under way. */
  say(message: HubMessage): void {
    this.#underway += 1;
    this.#watch();
    this.#stream.write(message, () => {
      this.#underway -= 1;
      clearTimeout(this.#timer);
      this.#timer = undefined;
      if (this.#underway > 0) return this.#watch();
      const orders = this.#orders;
      this.#orders = null;
      if (orders) this.say(orders);
    });
  }

  /** Sent once the stream is read; the newest replaces one that waits. */
  order(message: HubMessage): void {
    if (this.#underway === 0) this.say(message);
    else this.#orders = message;
  }

  /** Takes back orders that wait. @returns whether there were any */
  withdraw(): boolean {
    const waited = this.#orders !== null;
    this.#orders = null;
    return waited;
  }

  close(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#orders = null;
    this.#closed = true;
  }

  #watch(): void {
    if (this.#closed) return;
    this.#timer ??= setTimeout(() => this.#slow(), this.#slowMs);
  }
}
