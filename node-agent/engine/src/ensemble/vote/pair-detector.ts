/**
 * Do two sources still agree? Their difference is free of our own clock. It is measured in what both claim of their noise; how
 * well they claim, how long differences stay alike and the baseline (a constant asymmetry is no lie) are learnt. A jump is seen
 * at once, a drift by a two-sided CUSUM on means over two correlation times.
 *
 * Blocks in which a sum rises wait before they teach anything: a drift would hide behind what it taught. What comes back to
 * nothing was noise and is learnt at once; what goes on rising for long is learnt late, so that a poor baseline heals.
 */
import type { Nanoseconds, Raw } from "../../time/units.js";
import { DifferenceNoise } from "./difference-noise.js";

const warmUpBlocks = 6;
/** Blocks that wait while a sum rises. */
const waitingBlocks = 8;
/** CUSUM in block sigmas: slack, what the slack grows by ÷ √(blocks learnt), the sum that is an alarm. */
const slack = 1;
const slackOfNew = 1;
const alarmAt = 20;
/** Sum at which a drift is suspected: the source is muted, and the bound carries the difference. */
const suspected = 4;
/** One block says no more than that, in sigmas. */
const mostOfBlock = 6;
/** Further apart than that they disagree, and do until they are nearer than that. */
const apartSigmas = 4;
const togetherSigmas = 2;
/** What was a moment ago is the mean over about that time. */
const recentSeconds = 32;
const jumpSigmas = 8;
const jumpSeconds = 2;
/** An alarm ends after so many blocks in a row within so many sigmas, and not before that time, s. */
const quietBlocks = 8;
const quietSigmas = 1.5;
const quietSeconds = 600;

/** One side of the CUSUM. */
interface Sum {
  value: number;
  /** When it last was nothing, raw s, and the baseline then, ns. */
  onset: Raw;
  baseline: Nanoseconds;
}

export class PairDetector {
  /** Raw s since when they disagree; null: they agree. */
  alarm: Raw | null = null;
  why: "jump" | "drift" = "jump";
  /** When the disagreement began, raw s. */
  onset: Raw = 0;
  /** Difference minus baseline, ns, and in standard deviations. */
  deviation: Nanoseconds = 0;
  sigmas = 0;
  private readonly noise = new DifferenceNoise();
  private readonly rising: Sum = { value: 0, onset: 0, baseline: 0 };
  private readonly falling: Sum = { value: 0, onset: 0, baseline: 0 };
  private far = 0;
  private quiet = 0;
  /** Further apart than they should be, and not back yet. */
  private isApart = false;
  private recent: Nanoseconds = 0;

  /** Enough was seen to doubt. */
  get isWarm(): boolean {
    return this.noise.blocks >= warmUpBlocks;
  }

  /** A drift is on its way to an alarm, or they disagree right now. */
  get isDoubtful(): boolean {
    return this.isWarm && (this.isApart || this.drifted > suspected || this.alarm !== null);
  }

  /** They disagree right now, and did not a moment ago: a jump perhaps, in any case no drift. */
  get isSudden(): boolean {
    return this.isWarm && this.isApart && Math.abs(this.deviation - this.recent) > apartSigmas * this.noise.deviation;
  }

  /** How near they are to an alarm; comparable between pairs. */
  get strain(): number {
    return Math.max(this.drifted, this.sigmas);
  }

  get deviationOfBlocks(): Nanoseconds {
    return this.noise.deviationOfBlocks;
  }

  /** The larger sum of the CUSUM, in block sigmas. */
  get drifted(): number {
    return Math.max(this.rising.value, this.falling.value);
  }

  /** Once per second: difference of the two offsets, ns, its claimed standard deviation, and how long errors stay alike, s. */
  observe(raw: Raw, difference: Nanoseconds, claimed: Nanoseconds, errorTime: number): void {
    const { noise } = this;
    const mean = noise.observe(difference, claimed, errorTime);
    this.deviation = difference - noise.baseline;
    this.sigmas = Math.abs(this.deviation) / noise.deviation;
    if (this.sigmas > apartSigmas) this.isApart = true;
    else if (this.sigmas < togetherSigmas) this.isApart = false;
    this.watchJump(raw);
    this.recent += (this.deviation - this.recent) / recentSeconds;
    if (mean !== null) this.judgeBlock(raw, mean);
  }

  private watchJump(raw: Raw): void {
    this.far = this.sigmas > jumpSigmas && this.isWarm ? this.far + 1 : 0;
    if (this.far < jumpSeconds || this.alarm !== null) return;
    this.alarm = raw;
    this.why = "jump";
    this.onset = raw - this.far;
  }

  /** `z`: mean of the block that has just ended, in block sigmas. */
  private judgeBlock(raw: Raw, z: number): void {
    const { noise } = this;
    if (!this.isWarm) noise.learn(0);
    else if (this.alarm === null) this.accumulate(raw, z);
    else {
      noise.discard();
      this.rest(raw, z);
    }
  }

  /** Cleared by quiet blocks, not by seconds: a shift of two sigmas looks quiet every second. */
  private rest(raw: Raw, z: number): void {
    this.quiet = Math.abs(z) < quietSigmas ? this.quiet + 1 : 0;
    if (this.quiet < quietBlocks || raw - (this.alarm ?? raw) <= quietSeconds) return;
    this.alarm = null;
    this.rising.value = this.falling.value = this.quiet = 0;
  }

  private accumulate(raw: Raw, z: number): void {
    const { noise, rising, falling } = this;
    const k = slack + slackOfNew / Math.sqrt(noise.blocks);
    rising.value = Math.max(0, rising.value + Math.min(z, mostOfBlock) - k);
    falling.value = Math.max(0, falling.value - Math.max(z, -mostOfBlock) - k);
    for (const sum of [rising, falling]) {
      if (sum.value > 0) continue;
      sum.onset = raw;
      sum.baseline = noise.baseline;
    }
    const larger = rising.value > falling.value ? rising : falling;
    if (larger.value <= alarmAt) {
      noise.learn(larger.value > 0 ? waitingBlocks : 0);
      return;
    }
    this.alarm = raw;
    this.why = "drift";
    this.onset = larger.onset;
    noise.discard();
    noise.baseline = larger.baseline;
  }
}
