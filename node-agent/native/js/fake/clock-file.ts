/**
 * A virtual clock's file: an oscillator of constant frequency on top of the machine's true time, and the adjustments made to it.
 * The arithmetic is that of src/virtual_clock.rs: a time converts with the newest adjustment not after it.
 */
import type { ClockDisturbance, VirtualClockOptions } from "../../index.js";
import { demandWithin, nativeError } from "./native-error.js";
import type { Schedule, Task } from "./schedule.js";

/** As src/virtual_clock.rs has it, s. */
const rawStart = 1000;
const frequencyLimit = 1e8;
const offsetLimit = 4.6e18;
/** True time at the start of every fake machine, ns since the epoch. */
export const epochNs = 1_700_000_000_000_000_000n;

/** A clock at an instant. */
export interface ClockInstant {
  /** ns since the epoch. */
  readonly ns: bigint;
  /** ns of its oscillator since the file was made. */
  readonly oscillator: number;
  readonly raw: number;
  readonly frequency: number;
  readonly era: number;
}

interface Adjustment {
  readonly oscillator: number;
  readonly clock: bigint;
  readonly ppb: number;
  readonly era: number;
}

export class ClockFile {
  /** Some handle steers it. */
  locked = false;
  readonly #schedule: Schedule;
  readonly #base: number;
  readonly #frequency: number;
  readonly #rawStart: number;
  readonly #adjustments: [Adjustment, ...Adjustment[]];
  readonly #watchers = new Set<() => void>();
  #slewEnd: Task | null = null;
  #then = 0;

  /** @param rawAtStart of the machine, s; default: raw time begins with the file. @throws MER_NATIVE_ARGUMENT also for wander and sine, which the fake has not */
  constructor(schedule: Schedule, options: VirtualClockOptions, rawAtStart = rawStart) {
    if (options.wanderPpb !== 0 || options.sinePpb !== 0)
      throw nativeError("MER_NATIVE_ARGUMENT", "the fake's oscillators neither wander nor swing");
    this.#schedule = schedule;
    this.#base = schedule.now;
    this.#rawStart = rawAtStart;
    this.#frequency = demandWithin(options.frequencyPpb, "frequencyPpb", -frequencyLimit, frequencyLimit);
    const clock = epochNs + BigInt(this.#base) + BigInt(Math.round(options.offsetNs));
    this.#adjustments = [{ oscillator: 0, clock, ppb: 0, era: 0 }];
  }

  /** @param at ns since the machine's start */
  at(at: number): ClockInstant {
    const oscillator = this.#oscillatorAt(at);
    const { clock, ppb, era, oscillator: from } = this.#find(oscillator);
    const since = oscillator - from;
    const ns = clock + BigInt(since) + BigInt(Math.round(since * ppb * 1e-9));
    return { ns, oscillator, raw: this.#rawStart + oscillator / 1e9, frequency: ppb, era };
  }

  /** As Clock.command. */
  command(ppb: number, untilRaw: number, thenPpb: number): number {
    this.#schedule.cancel(this.#slewEnd);
    this.#slewEnd = null;
    if (this.at(this.#schedule.now).raw >= untilRaw) return this.#setFrequency(thenPpb);
    const raw = this.#setFrequency(ppb);
    this.#then = thenPpb;
    // NaN and Infinity: never, as with the real executor.
    if (Number.isFinite(untilRaw)) this.#slewEnd = this.#schedule.add(this.#reach(untilRaw), "kernel", () => this.endSlew());
    else this.#slewEnd = this.#schedule.add(Number.POSITIVE_INFINITY, "kernel", () => undefined);
    return raw;
  }

  /** Ends an unfinished slew now. */
  endSlew(): void {
    if (this.#slewEnd === null) return;
    this.#schedule.cancel(this.#slewEnd);
    this.#slewEnd = null;
    this.#setFrequency(this.#then);
  }

  /** As Clock.step. @throws MER_NATIVE_ARGUMENT before the epoch */
  step(ns: number): void {
    this.disturb({ stepNs: ns });
  }

  /** As disturbVirtualClock. @throws MER_NATIVE_ARGUMENT */
  disturb({ stepNs, frequencyPpb }: ClockDisturbance): void {
    const { oscillator, ns: before, frequency, era } = this.at(this.#schedule.now);
    const ppb = frequencyPpb === undefined ? frequency : demandWithin(frequencyPpb, "frequencyPpb", -frequencyLimit, frequencyLimit);
    const step = stepNs === undefined ? 0 : demandWithin(stepNs, "stepNs", -offsetLimit, offsetLimit);
    const clock = before + BigInt(Math.round(step));
    if (clock < 0n) throw nativeError("MER_NATIVE_ARGUMENT", "the step would leave the range of the clock");
    this.#adjustments.push({ oscillator, clock, ppb, era: stepNs === undefined ? era : era + 1 });
    if (stepNs !== undefined) for (const tell of this.#watchers) tell();
  }

  /** `tell` is called at each step, by whomever. @returns how to end that */
  watch(tell: () => void): () => void {
    this.#watchers.add(tell);
    return () => void this.#watchers.delete(tell);
  }

  #setFrequency(ppb: number): number {
    const { oscillator, ns, era, raw } = this.at(this.#schedule.now);
    this.#adjustments.push({ oscillator, clock: ns, ppb, era });
    return raw;
  }

  #oscillatorAt(at: number): number {
    const since = at - this.#base;
    return since + Math.round(since * this.#frequency * 1e-9);
  }

  /** The first ns of the machine at which raw time has reached `raw`. */
  #reach(raw: number): number {
    let at = this.#base + Math.floor(((raw - this.#rawStart) * 1e9) / (1 + this.#frequency * 1e-9)) - 2;
    while (this.#rawStart + this.#oscillatorAt(at) / 1e9 < raw) at += 1;
    return at;
  }

  #find(oscillator: number): Adjustment {
    return this.#adjustments.findLast((adjustment) => adjustment.oscillator <= oscillator) ?? this.#adjustments[0];
  }
}
