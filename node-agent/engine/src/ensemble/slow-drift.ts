/**
 * How the oscillator's frequency has moved over minutes and hours while the clock was locked: one sample in half a minute of the
 * raw-frame offset, and of what the thermometers said until then. Holdover looks here for what explains the past (a period, a
 * temperature), and for the random walk that is left, which packets alone do not show.
 */
import type { Nanoseconds, Ppb, Raw } from "../time/units.js";
import type { Warmth } from "./thermometers.js";

/** s. */
export const sampleSpacing = 30;
const depth = 512;
/** Samples that are further apart than so many usual spacings do not belong together. */
const mostGaps = 3;
const leastChanges = 40;
/** Nats that a fit has to gain: many periods and channels are tried. */
export const significance = 14;
/** Into so many parts what was learnt is cut for the slow wander; none is shorter than that, s. */
const blockCounts = [4, 6, 9, 14, 20];
const shortestBlock = 240;

/** What was known at one instant. */
export interface DriftSample {
  readonly raw: Raw;
  readonly offset: Nanoseconds;
  /** Of every channel of the thermometers, in their order. */
  readonly warmth: readonly Warmth[];
}

/** Mean frequencies between neighbouring samples, and how they change from one to the next. */
export interface RateChanges {
  /** Those that were looked at: every one of the samples, or every second, fourth … */
  readonly samples: readonly DriftSample[];
  /** Middle of each pair, raw s. */
  readonly middles: readonly Raw[];
  /** Of the mean frequency from one pair to the next, ppb: one fewer than there are pairs. */
  readonly changes: readonly Ppb[];
  /** Sum of their squares, ppb². */
  readonly total: number;
}

/** The samples of the last hours, and what they show. */
export class SlowDrift {
  private kept: DriftSample[] = [];

  get samples(): readonly DriftSample[] {
    return this.kept;
  }

  /**
   * While locked.
   * @param offset in the raw frame, ns
   * @param gap usual time between packets, s
   * @param warmthAt asked only when a sample is due
   */
  observe(raw: Raw, offset: Nanoseconds, gap: number, warmthAt: (raw: Raw) => readonly Warmth[]): void {
    const last = this.kept.at(-1);
    if (last !== undefined && raw - last.raw < sampleSpacing) return;
    if (last !== undefined && raw - last.raw > mostGaps * Math.max(sampleSpacing, gap)) this.forget();
    this.kept.push({ raw, offset, warmth: warmthAt(raw) });
    if (this.kept.length > depth) this.kept.shift();
  }

  /** The offset jumped: what was learnt before says nothing about differences across the jump. */
  forget(): void {
    this.kept = [];
  }

  /** Of every `stride`th sample. null: too little was seen to tell anything from it. */
  rateChanges(stride = 1): RateChanges | null {
    const samples = stride === 1 ? this.kept : this.kept.filter((_, k) => k % stride === 0);
    const count = samples.length - 2;
    if (count < leastChanges) return null;
    const middles: number[] = [];
    const changes: number[] = [];
    let total = 0;
    let before = 0;
    for (let k = 0; k <= count; k++) {
      const from = samples[k]!;
      const to = samples[k + 1]!;
      middles.push((from.raw + to.raw) / 2);
      const rate = (to.offset - from.offset) / (to.raw - from.raw);
      if (k > 0) {
        changes.push(rate - before);
        total += (rate - before) ** 2;
      }
      before = rate;
    }
    return { samples, middles, changes, total };
  }

  /**
   * Random walk of the rate over minutes and hours that would explain what was seen beyond `explained`, ppb²/s.
   * @param explained what a fit says of a sample's offset, but for a constant and a constant rate, ns @param deviation of the offsets, ns
   */
  slowWander(explained: (sample: DriftSample) => Nanoseconds, deviation: Nanoseconds): number {
    const from = this.kept[0]?.raw;
    const to = this.kept.at(-1)?.raw;
    if (from === undefined || to === undefined) return 0;
    let most = 0;
    for (const count of blockCounts) {
      const length = (to - from) / count;
      if (length < shortestBlock) break;
      const rates: number[] = [];
      for (let k = 0; k < count; k++) rates.push(this.rateBetween(from + k * length, from + (k + 1) * length, explained));
      let squares = 0;
      for (let k = 1; k < count; k++) squares += (rates[k]! - rates[k - 1]!) ** 2;
      // Of a random walk of w, neighbouring means over `length` differ by 2/3·w·length; noise at three ends adds 6σ²/length².
      const change = squares / (count - 1) - 6 * (deviation / length) ** 2;
      most = Math.max(most, (1.5 * change) / length);
    }
    return most;
  }

  /** Mean rate between the samples that are next to two moments, less what is explained, ppb. */
  private rateBetween(from: Raw, to: Raw, explained: (sample: DriftSample) => Nanoseconds): Ppb {
    const [a, b] = [this.nextTo(from), this.nextTo(to)];
    return (b.offset - a.offset - explained(b) + explained(a)) / (b.raw - a.raw);
  }

  private nextTo(raw: Raw): DriftSample {
    return this.kept.find((sample) => sample.raw >= raw - sampleSpacing / 2) ?? this.kept[0]!;
  }
}

/** Of a fit with two parameters that explains so much of the changes' squares: gain of log likelihood, nats. */
export function gainOf(explained: number, { total, changes }: RateChanges): number {
  return -0.5 * changes.length * Math.log(Math.max(1e-12, 1 - explained / total));
}
