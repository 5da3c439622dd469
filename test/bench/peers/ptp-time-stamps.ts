/**
 * From a Sync's and a Delay_Req's stamps to ptp4l's offset: a restatement from the published description; not the program.
 *
 *   delay = ((t2 − t3)·ratio + (t4 − t1))/2, median of the last ten;      offset = t2 − t1 − delay
 */
import type { Measurement, Nanoseconds, Raw } from "@meridian/engine";

const filterLength = 10;

export interface OffsetSample {
  readonly at: Raw;
  /** Local − remote, ns. */
  readonly offset: Nanoseconds;
  /** What steering had done to the clock by then, ns. */
  readonly steering: Nanoseconds;
}

/** From measurements to the offsets that a servo is given. */
export interface OffsetSampler {
  /** @param ratio remote seconds in one local second. @returns null: no offset of this packet */
  take(measurement: Measurement, ratio: number): OffsetSample | null;
  /** The clock was stepped: what came before says nothing. */
  forget(): void;
}

export class PtpTimeStamps implements OffsetSampler {
  #sync: Measurement | null = null;
  readonly #delays: Nanoseconds[] = [];

  take(measurement: Measurement, ratio: number): OffsetSample | null {
    if (measurement.kind === "toRemote") {
      const sync = this.#sync;
      if (sync === null) return null;
      const apart = (sync.at - measurement.at) * 1e9 + sync.steering - measurement.steering;
      this.#delays.push((sync.value + measurement.value + (ratio - 1) * apart) / 2);
      if (this.#delays.length > filterLength) this.#delays.shift();
      return null;
    }
    this.#sync = measurement;
    if (this.#delays.length === 0) return null;
    return { at: measurement.at, offset: measurement.value - this.#medianDelay(), steering: measurement.steering };
  }

  forget(): void {
    this.#sync = null;
  }

  #medianDelay(): Nanoseconds {
    const sorted = [...this.#delays].sort((a, b) => a - b);
    const upper = sorted[sorted.length >> 1] ?? Number.NaN;
    return sorted.length % 2 === 1 ? upper : (upper + (sorted[(sorted.length >> 1) - 1] ?? Number.NaN)) / 2;
  }
}
