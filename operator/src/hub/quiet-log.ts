/** Warnings about strangers: one line per address and code in a while, so that whoever knocks a thousand times fills no disk. */
import type { Log } from "kopf-ts";
import type { OperatorErrorCode } from "../errors.js";

const quietMs = 60_000;
/** Addresses remembered; beyond them all are one. */
const mostKeys = 1000;
/** Lines in `quietMs` from all addresses together. */
const mostLines = 100;

export class QuietLog {
  readonly #log: Log;
  readonly #now: () => number;
  readonly #said = new Map<string, { since: number; repeated: number }>();
  #windowSince: number;
  #lines = 0;
  #unsaid = 0;

  /** @param now monotonic ms */
  constructor(log: Log, now: () => number) {
    this.#log = log;
    this.#now = now;
    this.#windowSince = now();
  }

  /** @param address of the peer, without its port. `repeated` in the line: how often it was not said since the last time. */
  warn(code: OperatorErrorCode, address: string, fields: object, message: string): void {
    const now = this.#now();
    if (now - this.#windowSince >= quietMs) this.#openWindow(now);
    const key = `${code} ${address}`;
    const said = this.#said.get(key);
    if (said && now - said.since < quietMs) {
      said.repeated += 1;
      return;
    }
    if (this.#lines >= mostLines || this.#said.size >= mostKeys) {
      this.#unsaid += 1;
      return;
    }
    this.#lines += 1;
    this.#said.set(key, { since: now, repeated: 0 });
    this.#log.warn({ code, peer: address, ...fields, ...(said && said.repeated > 0 ? { repeated: said.repeated } : {}) }, message);
  }

  #openWindow(now: number): void {
    if (this.#unsaid > 0) this.#log.warn({ lines: this.#unsaid }, "more was refused than is written line by line");
    this.#windowSince = now;
    this.#lines = 0;
    this.#unsaid = 0;
    for (const [key, { since, repeated }] of this.#said) if (now - since >= quietMs && repeated === 0) this.#said.delete(key);
    if (this.#said.size >= mostKeys) this.#said.clear();
  }
}
