/**
 * What the difference of two sources that agree looks like, in units of the standard deviation that both claim: its baseline, its
 * size, how long it stays alike, and the size of its means over blocks of two correlation times. The claims follow the network
 * within minutes; what is learnt here is only how far they are to be believed, and may be learnt slowly.
 */
import type { Nanoseconds } from "../../time/units.js";

/** Differences below are nobody's business, ns. */
const floorDeviation = 3;
/** The first few are the start's. */
const startSeconds = 4;
/** The claim is its mean over about that time: it swings with every packet. */
const claimSeconds = 64;
/** Smallest variance of a difference and of a block's mean, claims²: who claims too much is not believed for ever. */
const leastSpread = 0.7;
const leastBlockSpread = 0.25;
/** What is known beforehand (spread 1, correlation) weighs as much as so many blocks. */
const priorBlocks = 8;
const priorCorrelation = 0.9;
/** Memory of spread and correlation, which may change; of the baseline and of what means of blocks spread by. Blocks. */
const spreadMemory = 40;
const memory = 256;
/** Gain ÷ gain of a plain mean: what came first is forgotten sooner. */
const haste = 1.5;
const clipSigmas = 4;
const clipBlockSigmas = 3;
/** Lengths of blocks, s. */
const firstBlock = 16;
const shortestBlock = 4;
const longestBlock = 4096;
const mostCorrelation = 0.995;

interface Block {
  readonly seconds: number;
  readonly mean: number;
  /** Sums over its seconds of the square and of the product with the second before. */
  readonly squares: number;
  readonly products: number;
  /** What one claim was then, ns. */
  readonly unit: Nanoseconds;
}

export class DifferenceNoise {
  baseline: Nanoseconds = 0;
  /** Blocks that were learnt from. */
  blocks = 0;
  private seconds = 0;
  private unit: Nanoseconds = floorDeviation;
  private claim: Nanoseconds = 0;
  private spread = 1;
  private product = priorCorrelation;
  private blockSpread = 1;
  private blockLength = firstBlock;
  private previous = 0;
  private inBlock = 0;
  private sum = 0;
  private squares = 0;
  private products = 0;
  private readonly waiting: Block[] = [];

  /** Standard deviation of a difference, ns. */
  get deviation(): Nanoseconds {
    return this.unit * Math.sqrt(Math.max(this.spread, leastSpread));
  }

  /** Standard deviation of a block's mean, ns. */
  get deviationOfBlocks(): Nanoseconds {
    return this.unit * this.blockDeviation;
  }

  private get blockDeviation(): number {
    return Math.sqrt(Math.max(this.blockSpread, leastBlockSpread, 0.25 * this.spread));
  }

  /**
   * One second: difference and claimed standard deviation, ns; `errorTime`, s: how long the error of the slower source stays alike.
   * The block's mean in block sigmas when one ends, else null.
   */
  observe(difference: Nanoseconds, claimed: Nanoseconds, errorTime: number): number | null {
    if (this.seconds++ < startSeconds) {
      this.baseline = difference;
      this.claim = claimed;
      this.unit = Math.max(floorDeviation, claimed);
      return null;
    }
    this.claim += (claimed - this.claim) / claimSeconds;
    this.unit = Math.max(floorDeviation, this.claim);
    const value = (difference - this.baseline) / this.unit;
    const most = clipSigmas * Math.sqrt(Math.max(this.spread, leastSpread));
    const clipped = Math.max(-most, Math.min(most, value));
    this.squares += clipped * clipped;
    this.products += clipped * this.previous;
    this.previous = clipped;
    this.sum += value;
    if (++this.inBlock < Math.min(longestBlock, Math.max(this.blockLength, errorTime))) return null;
    const mean = this.sum / this.inBlock;
    this.waiting.push({ seconds: this.inBlock, mean, squares: this.squares, products: this.products, unit: this.unit });
    this.inBlock = this.sum = this.squares = this.products = 0;
    return mean / this.blockDeviation;
  }

  /** Learns from the blocks that wait, the oldest first, but for the newest `left`. */
  learn(left: number): void {
    for (const block of this.waiting.splice(0, Math.max(0, this.waiting.length - left))) this.learnFrom(block);
    const keep = Math.min(mostCorrelation, Math.max(0, this.product / Math.max(1e-9, this.spread)));
    this.blockLength = Math.round(Math.min(longestBlock, Math.max(shortestBlock, (1 + keep) / (1 - keep))));
  }

  /** What waits is no noise. */
  discard(): void {
    this.waiting.length = 0;
  }

  private learnFrom({ seconds, mean, squares, products, unit }: Block): void {
    this.blocks++;
    const plain = haste / (this.blocks + haste * priorBlocks);
    const gain = Math.max(1 / spreadMemory, plain);
    this.spread += gain * (squares / seconds - this.spread);
    this.product += gain * (products / seconds - this.product);
    const most = this.blocks <= 2 ? Number.POSITIVE_INFINITY : clipBlockSigmas * this.blockDeviation;
    const clipped = Math.max(-most, Math.min(most, mean));
    this.blockSpread += Math.max(1 / memory, plain) * (clipped * clipped - this.blockSpread);
    this.baseline += clipped * unit * Math.max(1 / memory, Math.min(1, haste / (this.blocks + haste - 0.5)));
  }
}
