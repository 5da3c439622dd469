/**
 * Holdover: the rate stays frozen at the last fit; what temperature does to it, or else a significant period, is fed forward. A period
 * only guesses that what was seen goes on: it has to explain significantly more. When packets return, every filter is told what was
 * fed forward.
 */
import type { Nanoseconds, Ppb, Raw } from "../time/units.js";
import { driftSince, fitPeriod, type PeriodicFit } from "./periodic-drift.js";
import { significance, SlowDrift } from "./slow-drift.js";
import { explainSample, fitTemperature, ThermalHoldover } from "./thermal-drift.js";
import { type TemperatureReading, Thermometers } from "./thermometers.js";

const noDrift = { offset: 0, rate: 0 } as const;

export class Holdover {
  /** All links are silent. */
  active = false;
  /** The last packet before, raw s. */
  private from: Raw = 0;
  /** Of every channel of the thermometers when the clock was last heard of, K. */
  private readonly heard: number[] = [];
  private now: Raw = 0;
  private period: PeriodicFit | null = null;
  private thermal: ThermalHoldover | null = null;
  /** Random walk of the rate beyond what the filters know, ppb²/s, as it is fed forward, and if nothing were. */
  private restWander = 0;
  private wholeWander = 0;
  private readonly drift = new SlowDrift();
  private readonly thermometers = new Thermometers();

  /** While locked: the raw-frame offset, ns. @param gap usual time between packets, s */
  learn(raw: Raw, offset: Nanoseconds, gap: number): void {
    this.drift.observe(raw, offset, gap, (at) => this.thermometers.at(at));
    this.thermometers.valuesInto(this.heard, raw);
  }

  /** The last packet before it, raw s. */
  get since(): Raw {
    return this.from;
  }

  /** A thermometer was read. */
  sense(reading: TemperatureReading): void {
    this.thermometers.sense(reading);
  }

  /** The offset jumped. */
  forget(): void {
    this.drift.forget();
  }

  /** No packet since `lastPacket`. @param wander of the filters, ppb²/s @param deviation of the offset then, ns */
  enter(lastPacket: Raw, wander: number, deviation: Nanoseconds): void {
    if (this.active) return;
    this.active = true;
    this.from = this.now = lastPacket;
    const { drift } = this;
    const seen = drift.rateChanges();
    const period = seen === null ? null : fitPeriod(seen);
    const heat = fitTemperature(drift);
    const byHeat = heat !== null && heat.gain + significance > (period?.gain ?? 0) && this.thermometers.isFresh(heat.channel, lastPacket);
    this.thermal = byHeat ? new ThermalHoldover(heat, this.thermometers, lastPacket, this.heard[heat.channel] ?? 0) : null;
    this.period = byHeat ? null : period;
    const origin = drift.samples[0]?.raw ?? 0;
    const whole = drift.slowWander(() => 0, deviation);
    let rest = whole;
    if (byHeat) rest = drift.slowWander((sample) => explainSample(heat, sample), deviation);
    else if (period !== null) rest = drift.slowWander(({ raw }) => driftSince(period, origin, raw).offset, deviation);
    this.restWander = Math.max(0, rest - wander);
    this.wholeWander = Math.max(0, whole - wander);
  }

  /** Time has come to `raw`. */
  advance(raw: Raw): void {
    if (!this.active) return;
    this.now = Math.max(this.now, raw);
    // A sensor that fell silent keeps what it has fed forward; what temperature does from then on is unknown.
    if (this.thermal?.isFresh(raw) === true) this.thermal.advance(raw);
  }

  /** Random walk of the rate beyond what the filters know, ppb²/s; 0: none was seen. */
  get slowWander(): number {
    if (!this.active) return 0;
    return this.thermal?.isFresh(this.now) === false ? this.wholeWander : this.restWander;
  }

  /** Standard deviation of what slow changes of the rate have added since the last packet, ns. */
  strayAt(raw: Raw): Nanoseconds {
    const age = Math.max(0, raw - this.from);
    const walk = this.slowWander === 0 ? 0 : Math.sqrt((this.slowWander * age ** 3) / 3);
    return this.thermal === null ? walk : Math.hypot(walk, this.thermal.strayRate * age);
  }

  /** The same of the rate, ppb. */
  strayRateAt(raw: Raw): Ppb {
    const walk = this.slowWander === 0 ? 0 : Math.sqrt(this.slowWander * Math.max(0, raw - this.from));
    return this.thermal === null ? walk : Math.hypot(walk, this.thermal.strayRate);
  }

  /** Somebody is heard again. */
  leave(): void {
    this.active = false;
    this.period = null;
    this.thermal = null;
    this.restWander = 0;
    this.wholeWander = 0;
  }

  /** What is fed forward since the last packet: offset ns, rate ppb. */
  at(raw: Raw): { readonly offset: Nanoseconds; readonly rate: Ppb } {
    if (this.thermal !== null) return this.thermal.feedAt(raw);
    return this.period === null ? noDrift : driftSince(this.period, this.from, raw);
  }
}
