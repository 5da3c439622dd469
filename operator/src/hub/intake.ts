/**
 * How fast one agent may speak. Who says more is read more slowly, and TCP holds it back: nothing is dropped, and a loud agent
 * costs no more than a usual one.
 */
const perSecond = 10;
/** A reconnect brings Hello, Applied and reports of several changes at once. */
const burst = 50;

export class Intake {
  #tokens = burst;
  #at: number;

  /** @param now monotonic ms */
  constructor(now: number) {
    this.#at = now;
  }

  /** Counts one message. @returns ms to pause before the next is read; 0: none */
  take(now: number): number {
    this.#tokens = Math.min(burst, this.#tokens + ((now - this.#at) * perSecond) / 1000) - 1;
    this.#at = now;
    return this.#tokens >= 0 ? 0 : (-this.#tokens * 1000) / perSecond;
  }
}
