/**
 * Assumed-density filter of one link with a one-sided likelihood. A packet never arrives early: its stamp difference is the
 * delay floor plus queueing, so the smallest packets say nearly everything. The posterior stays Gaussian by exact moment
 * matching of each update; cost and memory do not depend on history.
 *
 * State: offset (raw frame), rate, floorToLocal, floorToRemote.
 *   toLocal  value = +offset + floorToLocal + n       toRemote value = −offset + floorToRemote + n
 *   n = scale·Exp(1) + softness·N(0,1), with some weight a heavier tail
 * With a = P h', V = h a, S = V + softness², d = value − prediction, z = (d − S/scale)/√S and the truncated moments of z:
 *   D = d − √S·distance;  ln p = −ln scale − d²/2S − ln √2π − ln lambda;  mean += a·w·D/S;
 *   P −= a a'·w(1 − shrink − (1 − w)D²/S)/S,  w: probability that the packet follows the main law.
 */
import type { Nanoseconds, Ppb } from "../../time/units.js";
import type { Arrival, PacketLaw } from "./arrival.js";
import type { LinkSettings } from "./link-settings.js";
import { type TruncatedMoments, truncate } from "./truncated-moments.js";

const halfLogTwoPi = 0.5 * Math.log(2 * Math.PI);

export class FloorFilter {
  /** Local − reference in the raw frame, ns; its rate, ppb; delay floors, ns. */
  offset: Nanoseconds = 0;
  rate: Ppb = 0;
  floorToLocal: Nanoseconds = 0;
  floorToRemote: Nanoseconds = 0;
  /** Asymmetry to which the floors return, ns: 0, or what an accepted one-way route change made it. */
  restAsymmetry: Nanoseconds = 0;
  /** Variance of the rate's random walk, ppb²/s. */
  wander = 0;
  /** Log evidence with forgetting, nats. */
  evidence = 0;
  /**
   * Upper triangle over (offset, rate, floorToLocal, floorToRemote) in ns and ppb: 0 xx, 1 xr, 2 xl, 3 xm, 4 rr, 5 rl, 6 rm,
   * 7 ll, 8 lm, 9 mm with l and m for the floors.
   */
  readonly covariance = new Float64Array(10);

  /** Of the last look(): probability of the main law and of the tail, residual, its z, mean excess, ns. */
  mainWeight = 1;
  tailWeight = 0;
  residual: Nanoseconds = 0;
  z = 0;
  excess: Nanoseconds = 0;
  /** Of the last look(): log evidence of the packet, nats. */
  logEvidence = 0;
  /** Of the last look(): scores for learning the softness, residual in its own sigmas. */
  surprise = 0;
  normalized = 0;
  noiseShare = 0;

  private crossOffset = 0;
  private crossRate = 0;
  private crossLocal = 0;
  private crossRemote = 0;
  private gain = 0;
  private loss = 0;
  private readonly moments: TruncatedMoments = { distance: 0, shrink: 0 };

  constructor(wander: number) {
    this.wander = wander;
  }

  /** Takes state and evidence of another filter; the wander stays. */
  copy(from: FloorFilter): this {
    this.offset = from.offset;
    this.rate = from.rate;
    this.floorToLocal = from.floorToLocal;
    this.floorToRemote = from.floorToRemote;
    this.restAsymmetry = from.restAsymmetry;
    this.evidence = from.evidence;
    this.covariance.set(from.covariance);
    return this;
  }

  /** On by the arrival's dt, ≥ 0. The asymmetry returns to its rest. */
  predict({ dt, floorWander }: Pick<Arrival, "dt" | "floorWander">, settings: LinkSettings): void {
    const p = this.covariance;
    const q = this.wander * dt;
    this.offset += this.rate * dt;
    p[0]! += dt * (2 * p[1]! + dt * (p[4]! + q / 3) + settings.whitePhase);
    p[1]! += dt * (p[4]! + 0.5 * q);
    p[2]! += dt * p[5]!;
    p[3]! += dt * p[6]!;
    p[4]! += q;
    const share = dt > settings.asymmetryReturn ? 1 : dt / settings.asymmetryReturn;
    const back = share * (0.5 * (this.floorToLocal - this.floorToRemote) - this.restAsymmetry);
    this.floorToLocal -= back;
    this.floorToRemote += back;
    const mean = floorWander * dt;
    const asymmetry = mean * settings.asymmetryWander + 2 * settings.asymmetryPrior * settings.asymmetryPrior * share;
    const offsetBack = 0.5 * share * (p[2]! - p[3]!);
    const rateBack = 0.5 * share * (p[5]! - p[6]!);
    const localBack = 0.5 * share * (p[7]! - p[8]!);
    const remoteBack = 0.5 * share * (p[8]! - p[9]!);
    p[2]! -= offsetBack;
    p[3]! += offsetBack;
    p[5]! -= rateBack;
    p[6]! += rateBack;
    p[7]! += mean + asymmetry - 2 * localBack;
    p[8]! += mean - asymmetry + localBack - remoteBack;
    p[9]! += mean + asymmetry + 2 * remoteBack;
  }

  /**
   * Judges one packet; changes no state but the fields of the last look. One that is older than the state is projected with the known
   * rate and its variance grown.
   */
  look({ toRemote, value, age }: Pick<Arrival, "toRemote" | "value" | "age">, law: PacketLaw): void {
    const { scale, softVariance, tailScale, tailShare, impossible } = law;
    const p = this.covariance;
    let variance: number;
    let d: number;
    if (toRemote) {
      this.crossOffset = p[3]! - p[0]!;
      this.crossRate = p[6]! - p[1]!;
      this.crossLocal = p[8]! - p[2]!;
      this.crossRemote = p[9]! - p[3]!;
      variance = this.crossRemote - this.crossOffset;
      d = value + this.offset - this.floorToRemote;
    } else {
      this.crossOffset = p[0]! + p[2]!;
      this.crossRate = p[1]! + p[5]!;
      this.crossLocal = p[2]! + p[7]!;
      this.crossRemote = p[3]! + p[8]!;
      variance = this.crossOffset + this.crossLocal;
      d = value - this.offset - this.floorToLocal;
    }
    let noise = softVariance;
    if (age > 0) {
      d += toRemote ? -this.rate * age : this.rate * age;
      noise += age * age * (p[4]! + (this.wander * age) / 3);
    }
    if (!(variance > 0)) variance = 0;
    const total = variance + noise;
    const deviation = Math.sqrt(total);
    const z = (d - total / scale) / deviation;
    truncate(z, this.moments);
    const { distance, shrink } = this.moments;
    const logMain = z > 6 ? total / (2 * scale * scale) - d / scale : (-d * d) / (2 * total) - halfLogTwoPi - Math.log(distance - z);
    const main = ((1 - tailShare) * Math.exp(logMain)) / scale;
    const tail = d > 0 ? (tailShare / tailScale) * Math.exp(-d / tailScale) : 0;
    const all = main + tail + impossible;
    const weight = main / all;
    const shift = d - deviation * distance;
    const ratio = (shift * shift) / total;
    this.mainWeight = weight;
    this.tailWeight = tail / all;
    this.residual = d;
    this.z = z;
    this.excess = deviation * distance;
    this.surprise = ratio + shrink - 1;
    this.normalized = shift / Math.sqrt(total * (1 - shrink + 1e-9));
    this.noiseShare = noise / total;
    this.gain = (weight * shift) / total;
    const loss = (weight * (1 - shrink + (weight - 1) * ratio)) / total;
    this.loss = loss > 0 ? loss : 0;
    this.logEvidence = Math.log(all);
  }

  /** Applies what the last look() found. */
  apply(): void {
    const p = this.covariance;
    const k = this.gain;
    const a0 = this.crossOffset;
    const a1 = this.crossRate;
    const a2 = this.crossLocal;
    const a3 = this.crossRemote;
    const h0 = this.loss * a0;
    const h1 = this.loss * a1;
    const h2 = this.loss * a2;
    this.offset += k * a0;
    this.rate += k * a1;
    this.floorToLocal += k * a2;
    this.floorToRemote += k * a3;
    p[0]! -= h0 * a0;
    p[1]! -= h0 * a1;
    p[2]! -= h0 * a2;
    p[3]! -= h0 * a3;
    p[4]! -= h1 * a1;
    p[5]! -= h1 * a2;
    p[6]! -= h1 * a3;
    p[7]! -= h2 * a2;
    p[8]! -= h2 * a3;
    p[9]! -= this.loss * a3 * a3;
  }

  /** Variance of the offset `dt` s after the state, with `wander` in place of its own, ns². */
  offsetVariance(dt: number, wander: number, whitePhase: number): number {
    const p = this.covariance;
    return p[0]! + dt * (2 * p[1]! + dt * (p[4]! + (wander * dt) / 3) + whitePhase);
  }

  /** Mean of the two floors, ns, and its standard deviation. */
  get meanFloor(): Nanoseconds {
    return 0.5 * (this.floorToLocal + this.floorToRemote);
  }

  get meanFloorDeviation(): Nanoseconds {
    const p = this.covariance;
    return 0.5 * Math.sqrt(Math.max(0, p[7]! + 2 * p[8]! + p[9]!));
  }
}
