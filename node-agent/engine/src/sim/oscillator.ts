/**
 * A free oscillator: random-walk, white and flicker frequency noise, ageing, a temperature sine or a crystal's curve over a profile of
 * temperature. The frequency is constant within a second and set at every whole second.
 */
import type { Ppb } from "../time/units.js";
import type { Random } from "./random.js";
import { bendFrequency, type Temperature } from "./temperature.js";

export interface OscillatorModel {
  /** Frequency error at the start, ppb. */
  readonly frequency: Ppb;
  /** Random walk, ppb/√s. */
  readonly wander: Ppb;
  /** White frequency noise of one second's mean, ppb. */
  readonly white?: Ppb;
  /** Flat Allan deviation, ppb. */
  readonly flicker?: Ppb;
  readonly sine?: { readonly amplitude: Ppb; readonly period: number };
  /** Linear drift of the frequency, ppb/s: crystals age by 1e-6 … 1e-4, a warming one by 0.1. */
  readonly drift?: number;
  readonly temperature?: Temperature;
}

const octaves = 6;

export class Oscillator {
  /** Present frequency error, ppb. */
  frequency: Ppb = 0;
  private walk: Ppb;
  private quick: Ppb = 0;
  private second = 0;
  private readonly flicker = new Float64Array(octaves);
  private readonly model: OscillatorModel;
  private readonly walkRandom: Random;
  private readonly otherRandom: Random;

  constructor(model: OscillatorModel, walkRandom: Random, otherRandom: Random) {
    this.model = model;
    this.walkRandom = walkRandom;
    this.otherRandom = otherRandom;
    this.walk = model.frequency + model.wander * walkRandom.normal();
    this.settle();
  }

  /** The next whole second begins. */
  tick(): void {
    this.second++;
    this.walk += this.model.wander * this.walkRandom.normal();
    this.settle();
  }

  /** The frequency jumps by that much, ppb. */
  jump(by: Ppb): void {
    this.walk += by;
    this.apply();
  }

  private settle(): void {
    const { white, flicker } = this.model;
    this.quick = white === undefined ? 0 : white * this.otherRandom.normal();
    if (flicker !== undefined) {
      for (let i = 0; i < octaves; i++) {
        const keep = Math.exp(-1 / 4 ** (i + 1));
        this.flicker[i] = keep * this.flicker[i]! + Math.sqrt(1 - keep * keep) * this.otherRandom.normal();
        this.quick += flicker * this.flicker[i]!;
      }
    }
    this.apply();
  }

  private apply(): void {
    const { sine, drift = 0, temperature } = this.model;
    const periodic = sine === undefined ? 0 : sine.amplitude * Math.sin((2 * Math.PI * this.second) / sine.period);
    const slow = drift * this.second + (temperature === undefined ? 0 : bendFrequency(temperature, this.second));
    this.frequency = this.walk + this.quick + periodic + slow;
  }
}
