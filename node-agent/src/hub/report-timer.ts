/** When the next report is due: regularly, with jitter, and soon after news, but never two within the spacing. */

const spacingMs = 250;
/** Until the hub says otherwise. */
const usualIntervalMs = 10_000;
const shortestIntervalMs = 1000;
const longestIntervalMs = 60_000;

export class ReportTimer {
  readonly #report: () => void;
  readonly #random: () => number;
  #intervalMs = usualIntervalMs;
  #timer: NodeJS.Timeout | undefined;
  #lastMs = Number.NEGATIVE_INFINITY;

  /** @param report makes a report, and calls reported() */
  constructor(report: () => void, random: () => number) {
    this.#report = report;
    this.#random = random;
  }

  /** @param ms 0: the usual one */
  setInterval(ms: number): void {
    this.#intervalMs = Math.min(Math.max(ms || usualIntervalMs, shortestIntervalMs), longestIntervalMs);
  }

  /** A report was made: the next one is due after the interval. */
  reported(nowMs: number): void {
    this.#lastMs = nowMs;
    this.#schedule(this.#intervalMs * (0.9 + 0.2 * this.#random()));
  }

  /** There is news. */
  hasten(nowMs: number): void {
    this.#schedule(Math.max(0, this.#lastMs + spacingMs - nowMs));
  }

  close(): void {
    clearTimeout(this.#timer);
  }

  #schedule(afterMs: number): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(this.#report, afterMs);
  }
}
