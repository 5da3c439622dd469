/**
 * The learnt queueing law of one direction: scale·Exp + softness·N with a heavy tail. Recursive maximum likelihood with
 * natural gradient on (ln scale, ln softness²), so a load change is followed within a few hundred packets.
 *
 * Autocorrelated queueing carries less information than its packets suggest: the filters use the law raised to the power
 * 1/correlation ("effective" values; exact for a pure exponential, whose edge stays, and a pure Gaussian, whose mean stays).
 */
import type { Nanoseconds } from "../../time/units.js";
import { createPacketLaw, type PacketLaw } from "./arrival.js";
import { exponential } from "./exponential.js";
import type { LinkSettings, ShapeSettings } from "./link-settings.js";
import type { Look } from "./look.js";

export class NoiseLaw implements PacketLaw {
  /** The law of one packet. */
  readonly own: PacketLaw = createPacketLaw();
  /** Integrated autocorrelation time in packets, ≥ 1. */
  correlation = 1;
  /** The law to the power 1/correlation: its own where that is 1. */
  effective: PacketLaw = this.own;
  /** What the last learn() moved the Gaussian part's mean by, ns: the floors move the other way. */
  meanShift: Nanoseconds = 0;
  private packets = 0;
  private fisherScale = 0;
  private fisherSoft = 0;
  private fisherCross = 0;
  private readonly shape: ShapeSettings;
  private readonly settings: LinkSettings;
  private readonly resolution: Nanoseconds;

  /** `jitter`: mean excess over the floor seen so far, ns. */
  constructor(jitter: Nanoseconds, shape: ShapeSettings, settings: LinkSettings, resolution: Nanoseconds) {
    const { own } = this;
    const scale = jitter * shape.scale;
    this.settings = settings;
    this.shape = shape;
    this.resolution = resolution;
    own.scale = this.gaussian ? scale / shape.softnessMin : scale;
    own.softVariance = (shape.softness * own.scale) ** 2;
    own.tailShare = shape.tailWeight;
    own.tailScale = shape.tailScale * scale;
    own.impossible = settings.impossible / own.tailScale;
    this.fisherScale = settings.noisePrior;
    this.fisherSoft = settings.noisePrior;
    this.temper(1);
  }

  /** The law is Gaussian: its scale is tied to its softness. */
  get gaussian(): boolean {
    return this.shape.softnessMin === this.shape.softnessMax;
  }

  /** Exponential scale, ns. */
  get scale(): Nanoseconds {
    return this.own.scale;
  }

  /** Variance of the soft edge, ns². */
  get softVariance(): number {
    return this.own.softVariance;
  }

  /** Scale of the tail, ns; its weight. */
  get tailScale(): Nanoseconds {
    return this.own.tailScale;
  }

  get tailShare(): number {
    return this.own.tailShare;
  }

  /** Density of a packet that no law explains, 1/ns. */
  get impossible(): number {
    return this.own.impossible;
  }

  /** Variance of one packet's queueing, ns². */
  get variance(): number {
    const { scale, softVariance } = this.own;
    return scale * scale + softVariance;
  }

  /** Sets the correlation in packets (≥ 1) and the effective law that follows from it. */
  temper(correlation: number): void {
    this.correlation = correlation;
    if (correlation === 1) this.effective = this.own;
    else if (this.effective === this.own) this.effective = createPacketLaw();
    this.deriveEffective();
  }

  /** From the law as it is now; for every packet, so without a number that would be handed over. */
  private deriveEffective(): void {
    const { own, effective, correlation } = this;
    if (effective === own) return;
    effective.tailShare = own.tailShare;
    effective.impossible = own.impossible;
    const scaleSquared = own.scale * own.scale;
    effective.scale = own.scale * correlation ** (scaleSquared / (scaleSquared + own.softVariance));
    effective.softVariance = own.softVariance * correlation;
    effective.tailScale = own.tailScale * correlation;
  }

  /** Learns from what a filter saw in a packet. */
  learn(look: Look): void {
    const { settings, shape, own } = this;
    const before = own.scale;
    this.packets++;
    const rate = Math.max(1 / (this.packets + 30), 1 / settings.tailMemory);
    own.tailShare = Math.min(0.5, Math.max(0.005, own.tailShare + rate * (look.tailWeight - own.tailShare)));
    if (look.tailWeight > 0) own.tailScale += rate * look.tailWeight * (look.residual - own.tailScale);
    if (look.mainWeight > 0.3 || look.residual < 0) this.ascend(look);
    this.limit(shape);
    own.tailScale = Math.max(own.tailScale, settings.tailMin * Math.sqrt(this.variance));
    own.impossible = settings.impossible / own.tailScale;
    this.meanShift = ((own.scale - before) * own.softVariance) / this.variance;
    this.deriveEffective();
  }

  private ascend(look: Look): void {
    const { own } = this;
    const { noisePrior, noiseMemory } = this.settings;
    const weight = look.mainWeight;
    const scoreScale = this.gaussian ? 0 : weight * Math.min(8, look.excess / own.scale - 1);
    const scoreSoft = (look.residual < 0 ? 1 : weight) * 0.5 * look.noiseShare * Math.max(-1, Math.min(12, look.surprise));
    const keep = 1 - 1 / noiseMemory;
    this.fisherScale = Math.max(noisePrior, this.fisherScale * keep + scoreScale * scoreScale);
    this.fisherSoft = Math.max(noisePrior, this.fisherSoft * keep + scoreSoft * scoreSoft);
    this.fisherCross = this.fisherCross * keep + scoreScale * scoreSoft;
    const limit = 0.95 * Math.sqrt(this.fisherScale * this.fisherSoft);
    const cross = Math.max(-limit, Math.min(limit, this.fisherCross));
    const determinant = (this.fisherScale * this.fisherSoft - cross * cross) * this.correlation;
    const stepScale = (this.fisherSoft * scoreScale - cross * scoreSoft) / determinant;
    const stepSoft = (this.fisherScale * scoreSoft - cross * scoreScale) / determinant;
    own.scale *= exponential(Math.max(-0.2, Math.min(0.2, stepScale)));
    own.softVariance *= exponential(Math.max(-0.4, Math.min(0.4, stepSoft)));
  }

  private limit(shape: ShapeSettings): void {
    const { own } = this;
    const quantisation = (this.resolution * this.resolution) / 12;
    if (this.gaussian) {
      if (own.softVariance < quantisation) own.softVariance = quantisation;
      own.scale = Math.sqrt(own.softVariance) / shape.softnessMin;
      return;
    }
    if (own.scale < 0.1 * this.resolution) own.scale = 0.1 * this.resolution;
    const low = Math.max(quantisation, (shape.softnessMin * own.scale) ** 2);
    const high = Math.max(low, (shape.softnessMax * own.scale) ** 2);
    if (own.softVariance < low) own.softVariance = low;
    if (own.softVariance > high) own.softVariance = high;
  }
}
