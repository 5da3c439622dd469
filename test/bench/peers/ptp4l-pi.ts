/**
 * ptp4l with its default servo: a restatement from the published description; not the program. Offsets: ptp-time-stamps.ts.
 *
 *   kp = min(0.7·I^−0.3, 0.7/I), ki = min(0.3·I^0.4, 0.3/I) with hardware stamps; scales 0.1 and 0.001 with software stamps; I: sync interval, s
 *   first two samples at least min(0.016/ki, 1000 s) apart: drift = slope between them, a step when it is beyond 20 µs
 *   afterwards: frequency = kp·offset + drift + ki·offset; drift += ki·offset
 */
import type { EnsembleConfig, Measurement, Ppb, Raw } from "@meridian/engine";
import { PeerClock } from "./peer-clock.js";
import { type OffsetSample, type OffsetSampler, PtpTimeStamps } from "./ptp-time-stamps.js";

const scales = { hardware: { kp: 0.7, ki: 0.3 }, software: { kp: 0.1, ki: 0.001 } };
const longestWait = 1000;

export class Ptp4lPi extends PeerClock {
  readonly #stamps: OffsetSampler;
  readonly #interval: number;
  #first: OffsetSample | null = null;
  #locked = false;
  /** Of the local clock, ppb. */
  #drift: Ppb = 0;

  constructor(config: EnsembleConfig, raw: Raw, stamps: OffsetSampler = new PtpTimeStamps()) {
    super(config, raw);
    this.#stamps = stamps;
    this.#interval = config.links[0]?.interval ?? 1;
  }

  protected override take(measurement: Measurement): void {
    const sample = this.#stamps.take(measurement, 1);
    if (sample === null) return;
    const scale = measurement.stampClass === "hardware" ? scales.hardware : scales.software;
    const kp = Math.min(scale.kp * this.#interval ** -0.3, 0.7 / this.#interval);
    const ki = Math.min(scale.ki * this.#interval ** 0.4, 0.3 / this.#interval);
    if (this.#locked) this.#follow(sample, kp, ki);
    else this.#begin(sample, ki);
  }

  #begin(sample: OffsetSample, ki: number): void {
    const first = this.#first;
    if (first === null) {
      this.#first = sample;
      return;
    }
    // Local time: what its own oscillator counted, and what steering added.
    const elapsed = (sample.at - first.at) * 1e9 + sample.steering - first.steering;
    if (1.001e-9 * elapsed < Math.min(0.016 / ki, longestWait)) return;
    this.#drift += ((1e9 - this.#drift) * (sample.offset - first.offset)) / elapsed;
    this.#locked = true;
    if (Math.abs(sample.offset) > this.config.step.threshold) {
      this.step(-sample.offset);
      this.#stamps.forget();
    }
    this.steer(this.#drift);
  }

  #follow({ offset }: OffsetSample, kp: number, ki: number): void {
    const integral = ki * offset;
    const wanted = kp * offset + this.#drift + integral;
    if (Math.abs(wanted) < this.config.maxSlew) this.#drift += integral;
    this.steer(wanted);
  }
}
