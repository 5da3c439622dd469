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
import type { Nanoseconds } from "../../time/units.js";
import type { Arrival, PacketLaw } from "./arrival.js";
import { exponential } from "./exponential.js";
import type { LinkSettings } from "./link-settings.js";
import { type TruncatedMoments, truncate } from "./truncated-moments.js";

const densityAtMean = 1 / Math.sqrt(2 * Math.PI);

/** Where what stands in a filter's numbers, behind its covariance; the state comes first, and is what copies take. */
const offsetAt = 10;
const rateAt = 11;
const toLocalAt = 12;
const toRemoteAt = 13;
const restAt = 14;
const evidenceAt = 15;
/** Numbers of a state. */
export const stateSize = 16;
const wanderAt = 16;
const mainAt = 17;
const tailAt = 18;
const residualAt = 19;
const zAt = 20;
const logEvidenceAt = 21;
const normalizedAt = 22;
const totalAt = 23;
const noiseAt = 24;
const distanceAt = 25;
const shrinkAt = 26;
const crossOffsetAt = 27;
const crossRateAt = 28;
const crossLocalAt = 29;
const crossRemoteAt = 30;
const gainAt = 31;
const lossAt = 32;
const excessAt = 33;
const size = 34;
export const filterBytes = 8 * size;

export class FloorFilter implements TruncatedMoments {
  /**
   * One array for all: a link has fifteen filters, and a field of its own would cost each number a box. First the covariance, the upper
   * triangle over (offset, rate, floorToLocal, floorToRemote) in ns and ppb: 0 xx, 1 xr, 2 xl, 3 xm, 4 rr, 5 rl, 6 rm, 7 ll, 8 lm, 9 mm
   * with l and m for the floors.
   */
  readonly covariance: Float64Array;

  /**
   * @param wander variance of the rate's random walk, ppb²/s
   * @param buffer where its numbers live, from `index` times filterBytes on; default: one of its own
   */
  constructor(wander: number, buffer = new ArrayBuffer(filterBytes), index = 0) {
    this.covariance = new Float64Array(buffer, index * filterBytes, size);
    this.covariance[wanderAt] = wander;
    this.covariance[mainAt] = 1;
  }

  /** Local − reference in the raw frame, ns. */
  get offset(): number {
    return this.covariance[offsetAt]!;
  }

  set offset(value: number) {
    this.covariance[offsetAt] = value;
  }

  /** Its rate, ppb. */
  get rate(): number {
    return this.covariance[rateAt]!;
  }

  set rate(value: number) {
    this.covariance[rateAt] = value;
  }

  /** Delay floors, ns. */
  get floorToLocal(): number {
    return this.covariance[toLocalAt]!;
  }

  set floorToLocal(value: number) {
    this.covariance[toLocalAt] = value;
  }

  get floorToRemote(): number {
    return this.covariance[toRemoteAt]!;
  }

  set floorToRemote(value: number) {
    this.covariance[toRemoteAt] = value;
  }

  /** Asymmetry to which the floors return, ns: 0, or what an accepted one-way route change made it. */
  get restAsymmetry(): number {
    return this.covariance[restAt]!;
  }

  set restAsymmetry(value: number) {
    this.covariance[restAt] = value;
  }

  /** Log evidence with forgetting, nats. */
  get evidence(): number {
    return this.covariance[evidenceAt]!;
  }

  set evidence(value: number) {
    this.covariance[evidenceAt] = value;
  }

  /** Variance of the rate's random walk, ppb²/s. */
  get wander(): number {
    return this.covariance[wanderAt]!;
  }

  set wander(value: number) {
    this.covariance[wanderAt] = value;
  }

  /** Of the last look(): probability of the main law. */
  get mainWeight(): number {
    return this.covariance[mainAt]!;
  }

  set mainWeight(value: number) {
    this.covariance[mainAt] = value;
  }

  /** Of the last look(): probability of the tail. */
  get tailWeight(): number {
    return this.covariance[tailAt]!;
  }

  /** Of the last look(), ns. */
  get residual(): number {
    return this.covariance[residualAt]!;
  }

  set residual(value: number) {
    this.covariance[residualAt] = value;
  }

  /** Of the last look(): where the edge cuts, in sigmas. */
  get z(): number {
    return this.covariance[zAt]!;
  }

  set z(value: number) {
    this.covariance[zAt] = value;
  }

  /** Of the last look(): log evidence of the packet, nats. */
  get logEvidence(): number {
    return this.covariance[logEvidenceAt]!;
  }

  /** Residual in its own sigmas, of the last normalize(). */
  get normalized(): number {
    return this.covariance[normalizedAt]!;
  }

  set normalized(value: number) {
    this.covariance[normalizedAt] = value;
  }

  /** Of the last look(): moments of the truncated law. */
  get distance(): number {
    return this.covariance[distanceAt]!;
  }

  set distance(value: number) {
    this.covariance[distanceAt] = value;
  }

  get shrink(): number {
    return this.covariance[shrinkAt]!;
  }

  set shrink(value: number) {
    this.covariance[shrinkAt] = value;
  }

  /** Of the last look(): mean excess, ns. */
  get excess(): Nanoseconds {
    return this.covariance[excessAt]!;
  }

  /** Of the last look(): score for learning the softness. */
  get surprise(): number {
    const shift = this.residual - this.excess;
    return (shift * shift) / this.covariance[totalAt]! + this.shrink - 1;
  }

  /** Of the last look(): share of the variance that is the packet's own. */
  get noiseShare(): number {
    return this.covariance[noiseAt]! / this.covariance[totalAt]!;
  }

  /** Works out `normalized` of the last look(). */
  normalize(): void {
    this.normalized = (this.residual - this.excess) / Math.sqrt(this.covariance[totalAt]! * (1 - this.shrink + 1e-9));
  }

  /** Takes state and evidence of another filter; the wander stays. */
  copy(from: FloorFilter): this {
    return this.restore(from.covariance, 0);
  }

  /** Writes state and evidence into `into` from `at` on: stateSize numbers. */
  save(into: Float64Array, at: number): void {
    const p = this.covariance;
    for (let i = 0; i < stateSize; i++) into[at + i] = p[i]!;
  }

  /** Takes back what save() wrote. */
  restore(from: Float64Array, at: number): this {
    const p = this.covariance;
    for (let i = 0; i < stateSize; i++) p[i] = from[at + i]!;
    return this;
  }

  /** On by the arrival's dt, ≥ 0. The asymmetry returns to its rest. */
  predict({ dt, floorWander }: Pick<Arrival, "dt" | "floorWander">, settings: LinkSettings): void {
    const p = this.covariance;
    const q = p[wanderAt]! * dt;
    const rate = p[4]!;
    const offsetRate = p[1]!;
    const rateLocal = p[5]!;
    const rateRemote = p[6]!;
    const local = p[7]!;
    const both = p[8]!;
    const remote = p[9]!;
    const offsetLocal = p[2]! + dt * rateLocal;
    const offsetRemote = p[3]! + dt * rateRemote;
    const share = dt > settings.asymmetryReturn ? 1 : dt / settings.asymmetryReturn;
    const half = 0.5 * share;
    const back = share * (0.5 * (p[toLocalAt]! - p[toRemoteAt]!) - p[restAt]!);
    const mean = floorWander * dt;
    const asymmetry = mean * settings.asymmetryWander + 2 * settings.asymmetryPrior * settings.asymmetryPrior * share;
    const offsetBack = half * (offsetLocal - offsetRemote);
    const rateBack = half * (rateLocal - rateRemote);
    const localBack = half * (local - both);
    const remoteBack = half * (both - remote);
    p[0]! += dt * (2 * offsetRate + dt * (rate + q / 3) + settings.whitePhase);
    p[1] = offsetRate + dt * (rate + 0.5 * q);
    p[2] = offsetLocal - offsetBack;
    p[3] = offsetRemote + offsetBack;
    p[4] = rate + q;
    p[5] = rateLocal - rateBack;
    p[6] = rateRemote + rateBack;
    p[7] = local + (mean + asymmetry - 2 * localBack);
    p[8] = both + (mean - asymmetry + localBack - remoteBack);
    p[9] = remote + (mean + asymmetry + 2 * remoteBack);
    p[offsetAt]! += p[rateAt]! * dt;
    p[toLocalAt]! -= back;
    p[toRemoteAt]! += back;
  }

  /**
   * Judges one packet; changes no state but the fields of the last look. One that is older than the state is projected with the known
   * rate and its variance grown.
   */
  look({ toRemote, value, age }: Pick<Arrival, "toRemote" | "value" | "age">, law: PacketLaw): void {
    const { scale, softVariance, tailScale, tailShare, impossible } = law;
    const p = this.covariance;
    const offsetLocal = p[2]!;
    const offsetRemote = p[3]!;
    const localRemote = p[8]!;
    let crossOffset: number;
    let crossRate: number;
    let crossLocal: number;
    let crossRemote: number;
    let variance: number;
    let d: number;
    if (toRemote) {
      crossOffset = offsetRemote - p[0]!;
      crossRate = p[6]! - p[1]!;
      crossLocal = localRemote - offsetLocal;
      crossRemote = p[9]! - offsetRemote;
      variance = crossRemote - crossOffset;
      d = value + p[offsetAt]! - p[toRemoteAt]!;
    } else {
      crossOffset = p[0]! + offsetLocal;
      crossRate = p[1]! + p[5]!;
      crossLocal = offsetLocal + p[7]!;
      crossRemote = offsetRemote + localRemote;
      variance = crossOffset + crossLocal;
      d = value - p[offsetAt]! - p[toLocalAt]!;
    }
    let noise = softVariance;
    if (age > 0) {
      d += toRemote ? -p[rateAt]! * age : p[rateAt]! * age;
      noise += age * age * (p[4]! + (p[wanderAt]! * age) / 3);
    }
    if (!(variance > 0)) variance = 0;
    const total = variance + noise;
    const deviation = Math.sqrt(total);
    const z = (d - total / scale) / deviation;
    truncate(z, this);
    const distance = p[distanceAt]!;
    const shrink = p[shrinkAt]!;
    const isFar = z > 6;
    const exponent = isFar ? (0.5 * total) / (scale * scale) - d / scale : (-0.5 * d * d) / total;
    const density = exponential(exponent) * (isFar ? 1 : densityAtMean / (distance - z));
    const main = ((1 - tailShare) * density) / scale;
    const tail = d > 0 ? (tailShare / tailScale) * exponential(-d / tailScale) : 0;
    const all = main + tail + impossible;
    const weight = main / all;
    const excess = deviation * distance;
    const shift = d - excess;
    const ratio = (shift * shift) / total;
    p[crossOffsetAt] = crossOffset;
    p[crossRateAt] = crossRate;
    p[crossLocalAt] = crossLocal;
    p[crossRemoteAt] = crossRemote;
    p[mainAt] = weight;
    p[tailAt] = tail / all;
    p[residualAt] = d;
    p[zAt] = z;
    p[excessAt] = excess;
    p[totalAt] = total;
    p[noiseAt] = noise;
    p[gainAt] = (weight * shift) / total;
    const loss = (weight * (1 - shrink + (weight - 1) * ratio)) / total;
    p[lossAt] = loss > 0 ? loss : 0;
    p[logEvidenceAt] = Math.log(all);
  }

  /** Applies what the last look() found. */
  apply(): void {
    const p = this.covariance;
    const k = p[gainAt]!;
    const a0 = p[crossOffsetAt]!;
    const a1 = p[crossRateAt]!;
    const a2 = p[crossLocalAt]!;
    const a3 = p[crossRemoteAt]!;
    const loss = p[lossAt]!;
    const h0 = loss * a0;
    const h1 = loss * a1;
    const h2 = loss * a2;
    p[offsetAt]! += k * a0;
    p[rateAt]! += k * a1;
    p[toLocalAt]! += k * a2;
    p[toRemoteAt]! += k * a3;
    p[0]! -= h0 * a0;
    p[1]! -= h0 * a1;
    p[2]! -= h0 * a2;
    p[3]! -= h0 * a3;
    p[4]! -= h1 * a1;
    p[5]! -= h1 * a2;
    p[6]! -= h1 * a3;
    p[7]! -= h2 * a2;
    p[8]! -= h2 * a3;
    p[9]! -= loss * a3 * a3;
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
