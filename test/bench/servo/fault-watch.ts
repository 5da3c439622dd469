/**
 * From a fault until the node can know of it no bound can be right: that time is counted apart. A fault is detected when what the node
 * says changes: another state or reason, a void bound, or one half larger than any of the minute before. Two polls later, or after
 * the longest time that a detection may take, its bounds count again.
 */
import type { SecondSample } from "@meridian/engine/sim";

/** The usual is the largest calibrated bound of so many seconds. */
const usualSeconds = 60;
const unusual = 1.5;
/** Longest time apart: s, and polls. */
const longest = { seconds: 60, polls: 16 };
const pollsAfter = 2;

export class FaultWatch {
  /** s after their fault, one per fault that was detected. */
  readonly detections: number[] = [];
  readonly #faults: readonly number[];
  readonly #interval: number;
  readonly #usual: number[] = [];
  #next = 0;
  #since: number | null = null;
  #until = 0;
  #before = "";

  /** @param faults when they strike, s, in order. @param interval between polls, s */
  constructor(faults: readonly number[], interval: number) {
    this.#faults = faults;
    this.#interval = interval;
  }

  /** Whole seconds in order. @returns whether this second is counted apart */
  watch(sample: SecondSample): boolean {
    const { second, publication, calibrated } = sample;
    const fault = this.#faults[this.#next];
    if (fault !== undefined && second >= fault) {
      this.#next++;
      this.#since = fault;
      this.#until = fault + Math.max(longest.seconds, longest.polls * this.#interval);
    }
    const says = `${publication?.state ?? ""} ${publication?.reason ?? ""}`;
    if (this.#since !== null && this.#isNews(says, calibrated)) {
      this.detections.push(second - this.#since);
      this.#until = Math.min(this.#until, second + pollsAfter * this.#interval);
      this.#since = null;
    }
    if (this.#since === null) this.#remember(says, calibrated);
    else if (second > this.#until) this.#since = null;
    return second <= this.#until;
  }

  #isNews(says: string, calibrated: number | null): boolean {
    return says !== this.#before || calibrated === null || calibrated > unusual * Math.max(...this.#usual);
  }

  #remember(says: string, calibrated: number | null): void {
    this.#before = says;
    this.#usual.push(calibrated ?? Number.POSITIVE_INFINITY);
    if (this.#usual.length > usualSeconds) this.#usual.shift();
  }
}
