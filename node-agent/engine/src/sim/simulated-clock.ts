/**
 * The clock under test: an oscillator, and what commands and steps do to it.
 *
 *   d(raw) = (1 + y) dt;   local − true: dx = (y + u + y·u) dt;   steering: U = ∫ u d(raw)
 */
import type { SteeringReading } from "../ensemble/contract.js";
import type { Command } from "../ensemble/measurement.js";
import type { Nanoseconds, Ppb, Raw } from "../time/units.js";
import type { Oscillator } from "./oscillator.js";

/** The only clock of every world. */
export const simulatedClock = "clock";

const never = Number.POSITIVE_INFINITY;

export class SimulatedClock {
  readonly oscillator: Oscillator;
  raw: Raw;
  /** Local − true, ns. */
  offset: Nanoseconds;
  steering: Nanoseconds = 0;
  era = 0;
  /** The machine is paused: true time goes on without it. */
  paused = false;
  /** What somebody else slews by, ppb. */
  foreignSlew: Ppb = 0;
  private now = 0;
  private applied: Ppb = 0;
  private slewEnd: Raw = never;
  private thenPpb: Ppb = 0;

  constructor(oscillator: Oscillator, raw: Raw, offset: Nanoseconds) {
    this.oscillator = oscillator;
    this.raw = raw;
    this.offset = offset;
  }

  /** True time at which the clock's raw time is `raw`, unless its frequency changes before; not in the past. */
  trueTimeOf(raw: Raw): number {
    if (this.paused) return never;
    return raw === never ? never : this.now + Math.max(0, raw - this.raw) / (1 + this.oscillator.frequency * 1e-9);
  }

  /** True time at which the present command ends by itself. */
  get slewEndsAt(): number {
    return this.trueTimeOf(this.slewEnd);
  }

  /** True time goes on until `at`, s. */
  moveTo(at: number): void {
    const { raw, steering, offset } = this.lookAhead(at);
    this.raw = raw;
    this.steering = steering;
    this.offset = offset;
    this.now = at;
  }

  /** What it will be at true time `at` if nothing happens before; not in the past. */
  lookAhead(at: number): { readonly raw: Raw; readonly steering: Nanoseconds; readonly offset: Nanoseconds } {
    const dt = at - this.now;
    if (this.paused) return { raw: this.raw, steering: this.steering, offset: this.offset - dt * 1e9 };
    const y = this.oscillator.frequency;
    const u = this.applied + this.foreignSlew;
    const rawDt = dt * (1 + y * 1e-9);
    return { raw: this.raw + rawDt, steering: this.steering + u * rawDt, offset: this.offset + (y + u + y * u * 1e-9) * dt };
  }

  read(): SteeringReading {
    return { clock: simulatedClock, raw: this.raw, steering: this.steering, frequency: this.applied, era: this.era };
  }

  command(command: Command): void {
    const ended = command.untilRaw <= this.raw;
    this.applied = ended ? command.thenPpb : command.ppb;
    this.thenPpb = command.thenPpb;
    this.slewEnd = ended ? never : command.untilRaw;
  }

  step(by: Nanoseconds): void {
    this.offset += by;
    this.era++;
    // As the host does it: years are no steering, a double would not hold them to a nanosecond.
    if (Math.abs(by) <= 2 ** 52) this.steering += by;
  }

  /** Somebody else writes the frequency. */
  disturb(by: Ppb): void {
    this.applied += by;
  }

  /** The device begins anew: a step, and nothing that it was told is left. */
  reset(by: Nanoseconds): void {
    this.step(by);
    this.applied = this.thenPpb = 0;
    this.slewEnd = never;
  }

  /** Whoever would have ended the slew is gone. */
  abandonSlew(): void {
    this.slewEnd = never;
  }

  endSlew(): void {
    this.applied = this.thenPpb;
    this.slewEnd = never;
  }
}
