/** From two readings of the own clock around one of the other to an offset, as phc2sys takes it: the middle of the two. */
import type { LinkId, Measurement } from "@meridian/engine";
import type { OffsetSample, OffsetSampler } from "./ptp-time-stamps.js";

export class ClockReadings implements OffsetSampler {
  readonly #link: LinkId;
  #before: Measurement | null = null;

  /** @param link the comparison: all else is not for this servo */
  constructor(link: LinkId) {
    this.#link = link;
  }

  take(measurement: Measurement): OffsetSample | null {
    if (measurement.link !== this.#link) return null;
    if (measurement.kind === "toRemote") {
      this.#before = measurement;
      return null;
    }
    const before = this.#before;
    this.#before = null;
    if (before === null) return null;
    return { at: measurement.at, offset: (measurement.value - before.value) / 2, steering: measurement.steering };
  }

  forget(): void {
    this.#before = null;
  }
}
