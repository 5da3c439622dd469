/**
 * The learnt queueing law of one direction: scale·Exp + softness·N with a heavy tail. Recursive maximum likelihood with
 * natural gradient on (ln scale, ln softness²), so a load change is followed within a few hundred packets.
 *
 * Autocorrelated queueing carries less information than its packets suggest: the filters use the law raised to the power
 * 1/correlation ("effective" values; exact for a pure exponential, whose edge stays, and a pure Gaussian, whose mean stays).
 */
import type { Nanoseconds } from "../../time/units.js";
import type { PacketLaw } from "./arrival.js";
import type { FloorFilter } from "./floor-filter.js";
import type { LinkSettings, ShapeSettings } from "./link-settings.js";

export class NoiseLaw implements PacketLaw {
  /** Exponential scale, ns; variance of the soft edge, ns²; scale of the tail, ns; its weight. */
  scale: Nanoseconds = 0;
  softVariance = 0;
  tailScale: Nanoseconds = 0;
  tailShare = 0;
  /** Density of a packet that no law explains, 1/ns. */
  impossible = 0;
  /** Integrated autocorrelation time in packets, ≥ 1. */
  correlation = 1;
  /** The law to the power 1/correlation. */
  readonly effective: PacketLaw = { scale: 0, softVariance: 0, tailScale: 0, tailShare: 0, impossible: 0 };
  /** What the last learn() moved the Gaussian part's mean by, ns: the floors move the other way. */
  meanShift: Nanoseconds = 0;
  /** The law is Gaussian: its scale is tied to its softness. */
  readonly gaussian: boolean;
  private packets = 0;
  private fisherScale = 0;
  private fisherSoft = 0;
  private fisherCross = 0;
  private readonly shape: ShapeSettings;
  private readonly settings: LinkSettings;
  private readonly resolution: Nanoseconds;

  /** `jitter`: mean excess over the floor seen so far, ns. */
  constructor(jitter: Nanoseconds, shape: ShapeSettings, settings: LinkSettings, resolution: Nanoseconds) {
    const scale = jitter * shape.scale;
    this.settings = settings;
    this.shape = shape;
    this.resolution = resolution;
    this.gaussian = shape.softnessMin === shape.softnessMax;
    this.scale = this.gaussian ? scale / shape.softnessMin : scale;
    this.softVariance = (shape.softness * this.scale) ** 2;
    this.tailShare = shape.tailWeight;
    this.tailScale = shape.tailScale * scale;
    this.impossible = settings.impossible / this.tailScale;
    this.fisherScale = settings.noisePrior;
    this.fisherSoft = settings.noisePrior;
    this.temper(1);
  }

  /** Variance of one packet's queueing, ns². */
  get variance(): number {
    return this.scale * this.scale + this.softVariance;
  }

  /** Sets the correlation in packets (≥ 1) and the effective law that follows from it. */
  temper(correlation: number): void {
    const { effective } = this;
    this.correlation = correlation;
    effective.tailShare = this.tailShare;
    effective.impossible = this.impossible;
    if (correlation === 1) {
      effective.scale = this.scale;
      effective.softVariance = this.softVariance;
      effective.tailScale = this.tailScale;
      return;
    }
    const scaleSquared = this.scale * this.scale;
    effective.scale = this.scale * correlation ** (scaleSquared / (scaleSquared + this.softVariance));
    effective.softVariance = this.softVariance * correlation;
    effective.tailScale = this.tailScale * correlation;
  }

  /** Learns from the last look() of `filter`. */
  learn(filter: FloorFilter): void {
    const { settings, shape } = this;
    const before = this.scale;
    this.packets++;
    const rate = Math.max(1 / (this.packets + 30), 1 / settings.tailMemory);
    this.tailShare = Math.min(0.5, Math.max(0.005, this.tailShare + rate * (filter.tailWeight - this.tailShare)));
    if (filter.tailWeight > 0) this.tailScale += rate * filter.tailWeight * (filter.residual - this.tailScale);
    if (filter.mainWeight > 0.3 || filter.residual < 0) this.ascend(filter);
    this.limit(shape);
    this.tailScale = Math.max(this.tailScale, settings.tailMin * Math.sqrt(this.variance));
    this.impossible = settings.impossible / this.tailScale;
    this.meanShift = ((this.scale - before) * this.softVariance) / this.variance;
    this.temper(this.correlation);
  }

  private ascend(filter: FloorFilter): void {
    const { noisePrior, noiseMemory } = this.settings;
    const weight = filter.mainWeight;
    const scoreScale = this.gaussian ? 0 : weight * Math.min(8, filter.excess / this.scale - 1);
    const scoreSoft = (filter.residual < 0 ? 1 : weight) * 0.5 * filter.noiseShare * Math.max(-1, Math.min(12, filter.surprise));
    const keep = 1 - 1 / noiseMemory;
    this.fisherScale = Math.max(noisePrior, this.fisherScale * keep + scoreScale * scoreScale);
    this.fisherSoft = Math.max(noisePrior, this.fisherSoft * keep + scoreSoft * scoreSoft);
    this.fisherCross = this.fisherCross * keep + scoreScale * scoreSoft;
    const limit = 0.95 * Math.sqrt(this.fisherScale * this.fisherSoft);
    const cross = Math.max(-limit, Math.min(limit, this.fisherCross));
    const determinant = (this.fisherScale * this.fisherSoft - cross * cross) * this.correlation;
    const stepScale = (this.fisherSoft * scoreScale - cross * scoreSoft) / determinant;
    const stepSoft = (this.fisherScale * scoreSoft - cross * scoreScale) / determinant;
    this.scale *= Math.exp(Math.max(-0.2, Math.min(0.2, stepScale)));
    this.softVariance *= Math.exp(Math.max(-0.4, Math.min(0.4, stepSoft)));
  }

  private limit(shape: ShapeSettings): void {
    const quantisation = (this.resolution * this.resolution) / 12;
    if (this.gaussian) {
      if (this.softVariance < quantisation) this.softVariance = quantisation;
      this.scale = Math.sqrt(this.softVariance) / shape.softnessMin;
      return;
    }
    if (this.scale < 0.1 * this.resolution) this.scale = 0.1 * this.resolution;
    const low = Math.max(quantisation, (shape.softnessMin * this.scale) ** 2);
    const high = Math.max(low, (shape.softnessMax * this.scale) ** 2);
    if (this.softVariance < low) this.softVariance = low;
    if (this.softVariance > high) this.softVariance = high;
  }
}
