/**
 * Whether the clock still does what it was told: its frequency is read back and compared with our commands, its steps with ours.
 * Once is an accident (an administrator's `date -s`); twice within ten minutes is somebody who steers.
 */

/** What another writer did to the clock. */
export type Interference = "FrequencyChanged" | "Stepped";

interface OwnCommand {
  /** ppb until `untilRaw`, then thenPpb. */
  readonly ppb: number;
  readonly untilRaw: number;
  readonly thenPpb: number;
}

/** A reading of the clock, as the host makes it. */
export interface ClockReading {
  /** Raw s. */
  readonly raw: number;
  /** Command in force, ppb; NaN: it cannot be read. */
  readonly frequency: number;
  readonly era: number;
}

/** What the kernel rounds to (2^-16 ppm), and the drivers of hardware clocks more coarsely, ppb. */
const tolerance = 1;
/** The end of a slew may be carried out that late, s. */
const lateness = 0.5;
/** Twice within that time, s, is no accident. */
const accidentWindow = 600;
/** Somebody who steers is believed to have gone after that long without a trace, s; doubled every time, up to the most. */
const quietFirst = 60;
const quietMost = 3600;

export class ReadBack {
  #command: OwnCommand | null = null;
  #frequency = Number.NaN;
  #era: number | null = null;
  #ownSteps = 0;
  #disruptions = 0;
  /** Counted since the last reading, and since the one before. */
  #freshExcuses = 0;
  #excuses = 0;
  #lastTrace = Number.NEGATIVE_INFINITY;
  #quiet = quietFirst;
  #interference: Interference | null = null;
  #traces = 0;

  /** Who steers though it is not us; null: nobody, as far as can be told. */
  get interference(): Interference | null {
    return this.#interference;
  }

  /** How often it was found, accidents included. */
  get traces(): number {
    return this.#traces;
  }

  /** We told the clock to do that. */
  command(command: OwnCommand): void {
    this.#command = command;
  }

  /** We stepped it. */
  stepped(): void {
    this.#ownSteps += 1;
  }

  /** @param count suspends and moves of the machine so far: a step each, and nobody's */
  disrupted(count: number): void {
    this.#freshExcuses += Math.max(0, count - this.#disruptions);
    this.#disruptions = count;
  }

  /** @returns what was found in this reading; null: it is as we left it */
  read(reading: ClockReading): Interference | null {
    const found = this.#stepOf(reading) ?? this.#frequencyOf(reading);
    if (found !== null) this.#note(found, reading.raw);
    else if (this.#interference !== null && reading.raw - this.#lastTrace > this.#quiet) {
      this.#interference = null;
      this.#quiet = Math.min(2 * this.#quiet, quietMost);
    }
    return found;
  }

  #note(found: Interference, raw: number): void {
    this.#traces += 1;
    if (raw - this.#lastTrace < accidentWindow) this.#interference = found;
    this.#lastTrace = raw;
  }

  #stepOf({ era }: ClockReading): Interference | null {
    const before = this.#era;
    this.#era = era;
    if (before === null) return null;
    const steps = era - before;
    const explained = this.#ownSteps + this.#freshExcuses + this.#excuses;
    this.#ownSteps = 0;
    // A disruption may be counted a moment before the clock is seen to have jumped, never long before.
    this.#excuses = steps > 0 ? 0 : this.#freshExcuses;
    this.#freshExcuses = 0;
    return steps > explained ? "Stepped" : null;
  }

  #frequencyOf({ raw, frequency }: ClockReading): Interference | null {
    if (!Number.isFinite(frequency)) return null;
    const before = this.#frequency;
    this.#frequency = frequency;
    const { ppb = before, untilRaw = 0, thenPpb = before } = this.#command ?? {};
    // The first reading is what we found.
    if (!Number.isFinite(ppb)) return null;
    const slewing = raw < untilRaw + lateness && near(frequency, ppb);
    const expected = slewing || near(frequency, thenPpb);
    // What it is now is what it stays at, until we command again: one change is found once.
    if (!expected) this.#command = { ppb: frequency, untilRaw: raw, thenPpb: frequency };
    return expected ? null : "FrequencyChanged";
  }
}

function near(a: number, b: number): boolean {
  return Math.abs(a - b) <= tolerance;
}
