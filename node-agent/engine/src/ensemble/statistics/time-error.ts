/**
 * Time error itself (ITU-T G.810 4.5.13, G.8260): its mean, its root mean square and its largest value over a day, and how well it was
 * known meanwhile.
 */
import type { Nanoseconds } from "../../time/units.js";
import { DayMaximum } from "./day-maximum.js";
import { rememberedSamples } from "./octaves.js";

export class TimeError {
  /** Samples so far, interruptions not counted. */
  samples = 0;
  #mean: Nanoseconds = 0;
  /** ns². */
  #meanSquare = 0;
  #meanVariance = 0;
  readonly #largest = new DayMaximum(1);

  /** @param variance of the error, as whoever estimates it believes, ns² */
  observe(error: Nanoseconds, variance: number): void {
    const weight = 1 / Math.min(++this.samples, rememberedSamples);
    this.#mean += weight * (error - this.#mean);
    this.#meanSquare += weight * (error * error - this.#meanSquare);
    this.#meanVariance += weight * (variance - this.#meanVariance);
    this.#largest.tick();
    this.#largest.add(0, Math.abs(error));
  }

  get mean(): Nanoseconds {
    return this.#mean;
  }

  get rootMeanSquare(): Nanoseconds {
    return Math.sqrt(this.#meanSquare);
  }

  /** Largest |error|. */
  get largest(): Nanoseconds {
    return this.#largest.at(0) ?? 0;
  }

  /** Mean variance of the estimate, ns². */
  get estimateVariance(): number {
    return this.#meanVariance;
  }
}
