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
  enter(lastPacket: Raw): void {
    if (this.active) return;
    this.active = true;
    this.from = lastPacket;
    this.fit = this.drift.fit();
  }

  leave(): void {
    this.active = false;
    this.fit = null;
  }

  /** What is fed forward since the last packet: offset ns, rate ppb. */
  at(raw: Raw): { readonly offset: Nanoseconds; readonly rate: Ppb } {
    return this.fit === null ? noDrift : driftSince(this.fit, this.from, raw);
  }
}
