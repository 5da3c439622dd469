/**
 * How stable a clock was, from one sample a second: of the free oscillator its Allan deviation, of the clock as it was steered and
 * published time error, MTIE and TDEV. Fixed memory, nothing is allocated per sample.
 *
 * Everything is against what the estimate says, which is no truth: below its own time constant it smooths, and what it cannot see
 * (asymmetry) no statistic shows. Windows never span a hole, a step or a change of what is followed.
 */
import type { Nanoseconds, Ppb, Raw } from "../../time/units.js";
import type { ClockStability, OctaveStability } from "../contract.js";
import { AllanVariance } from "./allan-variance.js";
import { IntervalError } from "./interval-error.js";
import { intervalOf, octaves, samplingInterval } from "./octaves.js";
import { TimeError } from "./time-error.js";
import { TimeVariance } from "./time-variance.js";

/** So many missed instants are filled from the estimate, which is as sure of them as of the present one. */
const filled = 2;
const squareNanosecond = 1e-18;

/** What is known of the clock at one instant. */
export interface StabilitySample {
  readonly raw: Raw;
  /** Free local − reference in the raw frame, ns, and its rate, ppb. */
  readonly offset: Nanoseconds;
  readonly rate: Ppb;
  /** Local − reference as published, ns, and its standard deviation. */
  readonly error: Nanoseconds;
  readonly deviation: Nanoseconds;
}

export class ClockStatistics {
  readonly #oscillator = new AllanVariance();
  readonly #published = new AllanVariance();
  readonly #timeVariance = new TimeVariance();
  readonly #intervalError = new IntervalError();
  readonly #timeError = new TimeError();
  /** The last instant of the grid that was sampled, raw s. */
  #instant: Raw = Number.NEGATIVE_INFINITY;
  #source: unknown = null;
  #generation = 0;

  /** An instant of the grid has passed since the last sample. */
  isDue(raw: Raw): boolean {
    return raw >= this.#instant + samplingInterval;
  }

  /**
   * @param source whose estimate it is: another one begins anew
   * @param generation changes when the offset jumped
   */
  observe(sample: StabilitySample, source: unknown, generation: number): void {
    const newest = Math.floor(sample.raw / samplingInterval) * samplingInterval;
    const due = Math.round((newest - this.#instant) / samplingInterval);
    if (due > 1 + filled || source !== this.#source || generation !== this.#generation) this.interrupt();
    this.#source = source;
    this.#generation = generation;
    const first = due > 1 + filled ? newest : this.#instant + samplingInterval;
    for (let at = first; at <= newest; at += samplingInterval) this.#take(at, sample);
    this.#instant = newest;
  }

  /** Nothing is known for the moment, or a step is under way. */
  interrupt(): void {
    this.#oscillator.interrupt();
    this.#published.interrupt();
    this.#timeVariance.interrupt();
    this.#intervalError.interrupt();
    this.#source = null;
  }

  /** null: nothing was sampled yet. */
  report(): ClockStability | null {
    const { samples, mean, rootMeanSquare, largest } = this.#timeError;
    if (samples === 0) return null;
    const list: OctaveStability[] = [];
    for (let octave = 0; octave < octaves; octave++) {
      const one = this.#reportOctave(octave);
      if (Object.values(one).some((value, index) => index > 0 && value !== null)) list.push(one);
    }
    return { seconds: samples * samplingInterval, timeError: { mean, rootMeanSquare, largest }, octaves: list };
  }

  #reportOctave(octave: number): OctaveStability {
    const tau = intervalOf(octave);
    const allan = this.#oscillator.at(octave);
    const time = this.#timeVariance.at(octave);
    const published = this.#published.at(octave);
    return {
      tau,
      allanDeviation: allan === null ? null : Math.sqrt(allan) * 1e-9,
      timeDeviation: time === null ? null : Math.sqrt(time),
      maximumTimeIntervalError: this.#intervalError.at(octave),
      // IEEE 1588-2019 7.6.3.2. What the estimate may be wrong by is not in its own differences; as white noise it adds its variance.
      ptpVariance: published === null ? null : ((tau * tau * published) / 3 + this.#timeError.estimateVariance) * squareNanosecond,
    };
  }

  #take(at: Raw, { raw, offset, rate, error, deviation }: StabilitySample): void {
    this.#oscillator.observe(offset - rate * (raw - at));
    this.#published.observe(error);
    this.#timeVariance.observe(error);
    this.#intervalError.observe(error);
    this.#timeError.observe(error, deviation * deviation);
  }
}
