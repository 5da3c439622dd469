/**
 * What steering has done to the clock: local time − raw time, as the host measured it, carried on by the command in force.
 * Readings are absolute, so each is absorbed exactly once however often it is repeated; a stalled process knows afterwards
 * what happened, because commands end by themselves.
 */
import type { Nanoseconds, Ppb, Raw } from "../time/units.js";
import type { SteeringReading } from "./contract.js";
import type { Command } from "./measurement.js";

export class SteeringFrame {
  /** The clock was read at least once. */
  known = false;
  private raw: Raw = 0;
  private steering: Nanoseconds = 0;
  private frequency: Ppb = 0;
  private commandFrom: Raw = Number.POSITIVE_INFINITY;
  private commandUntil: Raw = Number.POSITIVE_INFINITY;
  private commandPpb: Ppb = 0;
  private commandThen: Ppb = 0;

  /** When the clock was last read, raw s. */
  get readAt(): Raw {
    return this.raw;
  }

  /** Readings older than the newest are ignored. */
  read(reading: SteeringReading): void {
    if (this.known && reading.raw < this.raw) return;
    this.known = true;
    this.raw = reading.raw;
    this.steering = reading.steering;
    this.frequency = reading.frequency;
    if (this.commandFrom <= reading.raw) this.commandFrom = Number.POSITIVE_INFINITY;
    if (this.commandUntil <= reading.raw) this.commandUntil = Number.POSITIVE_INFINITY;
  }

  /** A measurement's own steering: a reading without a frequency. */
  sample(raw: Raw, steering: Nanoseconds): void {
    if (this.known && raw <= this.raw) return;
    const frequency = this.known ? this.frequencyAt(raw) : 0;
    this.read({ clock: "", raw, steering, frequency, era: 0 });
  }

  /** A command that takes effect at `raw`, not before the newest reading. */
  command(raw: Raw, command: Command): void {
    this.rebase(raw);
    this.commandFrom = raw;
    this.commandUntil = command.untilRaw;
    this.commandPpb = command.ppb;
    this.commandThen = command.thenPpb;
  }

  /** Local − raw time, ns, at or after the newest reading. */
  at(raw: Raw): Nanoseconds {
    const start = Math.min(raw, this.commandFrom, this.commandUntil);
    let steering = this.steering + this.frequency * (start - this.raw);
    if (raw <= start) return steering;
    const end = Math.min(raw, this.commandUntil);
    if (end > start) steering += this.commandPpb * (end - start);
    return steering + this.commandThen * (raw - Math.max(start, end));
  }

  /** Frequency in force just after `raw`, ppb. */
  frequencyAt(raw: Raw): Ppb {
    if (raw >= this.commandUntil) return this.commandThen;
    return raw >= this.commandFrom ? this.commandPpb : this.frequency;
  }

  /** Frequency in force once every slew has ended, ppb. */
  get restingFrequency(): Ppb {
    return this.commandUntil === Number.POSITIVE_INFINITY ? this.frequency : this.commandThen;
  }

  /** By how much the frequency changes when the slew ends, ppb, ≥ 0; 0: no slew is on. */
  slewAt(raw: Raw): Ppb {
    return raw < this.commandUntil ? Math.abs(this.frequencyAt(raw) - this.restingFrequency) : 0;
  }

  /** What a slew has added by `raw` that nobody has ended in time, ns, ≥ 0; as far as no reading has shown what became of it. */
  overrunAt(raw: Raw): Nanoseconds {
    return raw > this.commandUntil ? Math.abs(this.commandPpb - this.commandThen) * (raw - this.commandUntil) : 0;
  }

  /** When the frequency changes by itself; Infinity: never. */
  get slewEnd(): Raw {
    return this.commandUntil;
  }

  private rebase(raw: Raw): void {
    if (raw < this.raw) return;
    this.steering = this.at(raw);
    this.frequency = this.frequencyAt(raw);
    this.raw = raw;
  }
}
