/**
 * Do two sources still agree? Their difference is free of our own clock. Its baseline is learnt (a constant asymmetry is no
 * lie); a jump is seen at once, a drift by a two-sided CUSUM on means over two correlation times.
 */
import type { Nanoseconds, Raw } from "../../time/units.js";

const floorDeviation = 3;
const warmUpBlocks = 6;
const memoryBlocks = 256;
const slack = 0.75;
const alarmAt = 14;
/** Sum at which a drift is suspected: the bound carries the difference, and nothing is learnt from it. Block sigmas. */
const suspected = 4;
/** Further apart than that they disagree, and do until they are nearer than that. */
const apartSigmas = 4;
const togetherSigmas = 2;
/** What was a moment ago is the mean over about that time. */
const recentSeconds = 32;
const jumpSigmas = 8;
const jumpSeconds = 3;
const shortestBlock = 4;
const longestBlock = 512;
const quietBlocks = 6;
const quietSeconds = 600;

export class PairDetector {
  /** Raw s since when they disagree; null: they agree. */
  alarm: Raw | null = null;
  why: "jump" | "drift" = "jump";
  /** When the disagreement began, raw s. */
  onset: Raw = 0;
  /** Difference minus baseline, ns, and in standard deviations. */
  deviation: Nanoseconds = 0;
  sigmas = 0;
  private seconds = 0;
  private blocks = 0;
  private baseline: Nanoseconds = 0;
  private blockVariance = 0;
  private secondVariance = 0;
  private blockLength = 16;
  private blockSum = 0;
  private inBlock = 0;
  private variance = 0;
  private covariance = 0;
  private previous = 0;
  private far = 0;
  private risen = 0;
  private fallen = 0;
  private riseOnset: Raw = 0;
  private fallOnset: Raw = 0;
  private riseBaseline: Nanoseconds = 0;
  private fallBaseline: Nanoseconds = 0;
  private quiet = 0;
  /** Further apart than they should be, and not back yet. */
  private isApart = false;
  private scale: Nanoseconds = 1;
  private recent: Nanoseconds = 0;

  /** Enough was seen to doubt. */
  get isWarm(): boolean {
    return this.blocks >= warmUpBlocks;
  }

  /** A drift is on its way to an alarm, or they disagree right now. */
  get isDoubtful(): boolean {
    return this.isWarm && (this.isApart || this.drifted > suspected || this.alarm !== null);
  }

  /** They disagree right now, and did not a moment ago: a jump perhaps, in any case no drift. */
  get isSudden(): boolean {
    return this.isWarm && this.isApart && Math.abs(this.deviation - this.recent) > apartSigmas * this.scale;
  }

  /** How near they are to an alarm; comparable between pairs. */
  get strain(): number {
    return Math.max(this.drifted, this.sigmas);
  }

  private get drifted(): number {
    return Math.max(this.risen, this.fallen);
  }

  get deviationOfBlocks(): Nanoseconds {
    return Math.sqrt(this.blockVariance);
  }

  /** Once per second: difference of the two offsets, ns, and its claimed standard deviation. */
  observe(raw: Raw, difference: Nanoseconds, claimed: Nanoseconds): void {
    if (this.seconds++ < 4) {
      this.baseline = difference;
      this.blockVariance = this.secondVariance = claimed * claimed;
      this.previous = 0;
      return;
    }
    const deviation = difference - this.baseline;
    const scale = Math.sqrt(Math.max(this.secondVariance, floorDeviation ** 2, (0.25 * claimed) ** 2));
    const z = deviation / scale;
    this.deviation = deviation;
    this.scale = scale;
    this.sigmas = Math.abs(z);
    if (this.sigmas > apartSigmas) this.isApart = true;
    else if (this.sigmas < togetherSigmas) this.isApart = false;
    this.watchJump(raw);
    this.recent += (deviation - this.recent) / recentSeconds;
    if (this.alarm === null && this.mayLearn) this.learnSecond(z, scale);
    this.blockSum += deviation;
    if (++this.inBlock < this.blockLength) return;
    const mean = this.blockSum / this.inBlock;
    this.blockSum = this.inBlock = 0;
    this.blocks++;
    const keep = Math.min(0.995, Math.max(0, this.covariance / Math.max(1e-12, this.variance)));
    this.blockLength = Math.round(Math.min(longestBlock, Math.max(shortestBlock, (1 + keep) / (1 - keep))));
    this.judgeBlock(raw, mean);
  }

  /** A drift that is under suspicion must not teach how much and how long differences swing: it would hide behind what it taught. */
  private get mayLearn(): boolean {
    return this.drifted <= suspected;
  }

  private watchJump(raw: Raw): void {
    this.far = this.sigmas > jumpSigmas && this.isWarm ? this.far + 1 : 0;
    if (this.far < jumpSeconds || this.alarm !== null) return;
    this.alarm = raw;
    this.why = "jump";
    this.onset = raw - this.far;
  }

  private learnSecond(z: number, scale: number): void {
    const gain = Math.max(1 / 512, 1 / (this.seconds + 4));
    const clipped = Math.max(-4, Math.min(4, z)) * scale;
    this.secondVariance += gain * (clipped * clipped - this.secondVariance);
    this.variance += gain * (clipped * clipped - this.variance);
    this.covariance += gain * (clipped * this.previous - this.covariance);
    this.previous = clipped;
  }

  private judgeBlock(raw: Raw, mean: Nanoseconds): void {
    const z = mean / Math.sqrt(Math.max(this.blockVariance, floorDeviation ** 2));
    if (this.blocks <= warmUpBlocks) {
      this.baseline += mean / this.blocks;
      this.blockVariance += (mean * mean - this.blockVariance) / (this.blocks + 4);
      this.blockVariance = Math.max(this.blockVariance, 0.25 * this.secondVariance);
      return;
    }
    if (this.alarm === null) this.accumulate(raw, z);
    else if (Math.abs(z) < 0.7) {
      // Cleared by quiet blocks, not by seconds: a shift of two sigmas looks quiet every second.
      if (++this.quiet >= quietBlocks && raw - this.alarm > quietSeconds) {
        this.alarm = null;
        this.risen = this.fallen = this.quiet = 0;
      }
    } else this.quiet = 0;
  }

  private accumulate(raw: Raw, z: number): void {
    this.risen = Math.max(0, this.risen + Math.min(z, 6) - slack);
    this.fallen = Math.max(0, this.fallen - Math.max(z, -6) - slack);
    if (this.risen === 0) {
      this.riseOnset = raw;
      this.riseBaseline = this.baseline;
    }
    if (this.fallen === 0) {
      this.fallOnset = raw;
      this.fallBaseline = this.baseline;
    }
    if (Math.max(this.risen, this.fallen) > alarmAt) {
      this.alarm = raw;
      this.why = "drift";
      const up = this.risen > this.fallen;
      this.onset = up ? this.riseOnset : this.fallOnset;
      this.baseline = up ? this.riseBaseline : this.fallBaseline;
      return;
    }
    const clipped = Math.max(-3, Math.min(3, z)) * Math.sqrt(this.blockVariance);
    const gain = 1 / Math.min(memoryBlocks, this.blocks + 8);
    this.blockVariance += gain * (clipped * clipped - this.blockVariance);
    this.baseline += gain * clipped;
  }
}
