/**
 * The offsetScaledLogVariance that a timeTransmitter announces: of long-term statistics, and changed at most once an hour. It takes
 * part in the choice of the best timeTransmitter (IEEE 1588-2019 9.3.4): a value that lives would make others change sides.
 */
import type { ClockStability } from "../ensemble/contract.js";
import { encodeVariance, unknownVariance, withHysteresis } from "../ensemble/statistics/scaled-log-variance.js";
import type { Raw } from "../time/units.js";

/** Statistics of less than that say nothing of the long term; and a value stands for as long, s. */
const longTerm = 3600;

export class AnnouncedVariance {
  #value = unknownVariance;
  #since: Raw = Number.NEGATIVE_INFINITY;

  /**
   * @param interval between two Sync, s: the observation interval of 7.6.3.2 is the shortest measured one that is no shorter
   * @param read asked for once an hour, and until there is an answer; null: nothing is measured
   * @returns 0xFFFF: not known
   */
  at(raw: Raw, interval: number, read: () => ClockStability | null): number {
    if (raw < this.#since + longTerm) return this.#value;
    const stability = read();
    const octave = stability !== null && stability.seconds >= longTerm ? stability.octaves.find(({ tau }) => tau >= interval) : undefined;
    this.#value = withHysteresis(this.#value, encodeVariance(octave?.ptpVariance ?? null));
    if (this.#value !== unknownVariance) this.#since = raw;
    return this.#value;
  }
}
