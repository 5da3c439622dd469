/**
 * Holdover: the rate stays frozen at the last fit; a significant periodic part is fed forward. When packets return, every
 * filter is told what was fed forward.
 */
import type { Nanoseconds, Ppb, Raw } from "../time/units.js";
import { driftSince, PeriodicDrift, type PeriodicFit } from "./periodic-drift.js";

const noDrift = { offset: 0, rate: 0 } as const;

export class Holdover {
  /** All links are silent. */
  active = false;
  /** Random walk of the rate beyond what the filters know, ppb²/s; 0: none was seen. */
  slowWander = 0;
  private from: Raw = 0;
  private fit: PeriodicFit | null = null;
  private readonly drift = new PeriodicDrift();

  /** While locked: the raw-frame offset, ns. */
  learn(raw: Raw, offset: Nanoseconds): void {
    this.drift.observe(raw, offset);
  }

  /** The offset jumped. */
  forget(): void {
    this.drift.forget();
  }

  /** No packet since `lastPacket`. */
  enter(lastPacket: Raw, wander: number, deviation: Nanoseconds): void {
    if (this.active) return;
    this.active = true;
    this.from = lastPacket;
    this.fit = this.drift.fit();
    const slow = this.drift.slowWander(this.fit, deviation);
    this.slowWander = Math.max(0, slow - wander);
  }

  /** Standard deviation of what slow changes of the rate have added since the last packet, ns. */
  strayAt(raw: Raw): Nanoseconds {
    return this.slowWander === 0 ? 0 : Math.sqrt((this.slowWander * Math.max(0, raw - this.from) ** 3) / 3);
  }

  /** The same of the rate, ppb. */
  strayRateAt(raw: Raw): Ppb {
    return this.slowWander === 0 ? 0 : Math.sqrt(this.slowWander * Math.max(0, raw - this.from));
  }

  leave(): void {
    this.active = false;
    this.fit = null;
    this.slowWander = 0;
  }

  /** What is fed forward since the last packet: offset ns, rate ppb. */
  at(raw: Raw): { readonly offset: Nanoseconds; readonly rate: Ppb } {
    return this.fit === null ? noDrift : driftSince(this.fit, this.from, raw);
  }
}
