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
import { exponential } from "./exponential.js";
import type { LinkSettings } from "./link-settings.js";
import type { Look } from "./look.js";
import type { StartState } from "./noise-shape.js";
import { truncate } from "./truncated-moments.js";

/** What of an arrival is looked at. */
type Sight = Pick<Arrival, "toRemote" | "value" | "age">;

/** Lowest and highest mean floor so far, each ± 3 sd to the safe side, ns. */
interface FloorExtremes {
  lowestFloor: Nanoseconds;
  highestFloor: Nanoseconds;
}

const floorSigmas = 3;
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
const size = 17;
export const filterBytes = 8 * size;

export class FloorFilter {
  /**
   * One array for all: a link has a dozen filters, and a field of its own would cost each number a box. First the covariance, the upper
   * triangle over (offset, rate, floorToLocal, floorToRemote) in ns and ppb: 0 xx, 1 xr, 2 xl, 3 xm, 4 rr, 5 rl, 6 rm, 7 ll, 8 lm, 9 mm
   * with l and m for the floors.
   */
  private readonly numbers: Float64Array;

  /**
   * @param wander variance of the rate's random walk, ppb²/s
   * @param buffer where its numbers live, from `index` times filterBytes on; default: one of its own
   */
  constructor(wander: number, buffer = new ArrayBuffer(filterBytes), index = 0) {
    this.numbers = new Float64Array(buffer, index * filterBytes, size);
    this.numbers[wanderAt] = wander;
  }

  /** Ten numbers to be changed in place, as listed above; what stands behind them is not the reader's. */
  get covariance(): Float64Array {
    return this.numbers;
  }

  /** Local − reference in the raw frame, ns. */
  get offset(): number {
    return this.numbers[offsetAt]!;
  }

  set offset(value: number) {
    this.numbers[offsetAt] = value;
  }

  /** Its rate, ppb. */
  get rate(): number {
    return this.numbers[rateAt]!;
  }

  set rate(value: number) {
    this.numbers[rateAt] = value;
  }

  /** Delay floors, ns. */
  get floorToLocal(): number {
    return this.numbers[toLocalAt]!;
  }

  set floorToLocal(value: number) {
    this.numbers[toLocalAt] = value;
  }

  get floorToRemote(): number {
    return this.numbers[toRemoteAt]!;
  }

  set floorToRemote(value: number) {
    this.numbers[toRemoteAt] = value;
  }

  /** Asymmetry to which the floors return, ns: 0, or what an accepted one-way route change made it. */
  get restAsymmetry(): number {
    return this.numbers[restAt]!;
  }

  set restAsymmetry(value: number) {
    this.numbers[restAt] = value;
  }

  /** Log evidence with forgetting, nats. */
  get evidence(): number {
    return this.numbers[evidenceAt]!;
  }

  set evidence(value: number) {
    this.numbers[evidenceAt] = value;
  }

  /** Variance of the rate's random walk, ppb²/s. */
  get wander(): number {
    return this.numbers[wanderAt]!;
  }

  set wander(value: number) {
    this.numbers[wanderAt] = value;
  }

  /** Variance of the rate, ppb². */
  get rateVariance(): number {
    return this.numbers[4]!;
  }

  /** How long the error of the offset stays alike, s: a steady filter forgets what it has got wrong in P_xx/P_xr; 0: not known. */
  get errorTime(): number {
    const p = this.numbers;
    return p[1]! > 0 ? p[0]! / p[1]! : 0;
  }

  /** Begins anew; `asymmetryVariance` of the floors' half difference, ns². */
  start(state: StartState, asymmetryVariance: number): void {
    const p = this.numbers;
    p.fill(0, 0, stateSize);
    p[offsetAt] = state.offset;
    p[rateAt] = state.rate;
    p[toLocalAt] = state.floorToLocal;
    p[toRemoteAt] = state.floorToRemote;
    p[0] = state.offsetVariance + asymmetryVariance;
    p[1] = state.offsetRateCovariance;
    p[4] = state.rateVariance;
    p[7] = p[9] = state.floorVariance + asymmetryVariance;
    p[2] = -asymmetryVariance;
    p[3] = asymmetryVariance;
    p[8] = state.floorVariance - asymmetryVariance;
  }

  /** The rate moves by that much, ppb, and is so much less certain, ppb². */
  moveRate(by: Ppb, variance: number): void {
    this.rate += by;
    this.numbers[4]! += variance;
  }

  /** The offset moves at the cost of the floors, and all three are that much less certain, ns. */
  forceOffset(by: Nanoseconds): void {
    const p = this.numbers;
    const variance = by * by;
    p[offsetAt]! += by;
    p[toLocalAt]! -= by;
    p[toRemoteAt]! += by;
    p[restAt] = 0;
    p[0]! += variance;
    p[2]! -= variance;
    p[3]! += variance;
    p[7]! += variance;
    p[8]! -= variance;
    p[9]! += variance;
  }

  /** Both floors may have moved together, ns². */
  releaseFloors(variance: number): void {
    const p = this.numbers;
    p[7]! += variance;
    p[8]! += variance;
    p[9]! += variance;
  }

  /** Takes state and evidence of another filter; the wander stays. */
  copy(from: FloorFilter): this {
    return this.restore(from.numbers, 0);
  }

  /** Writes state and evidence into `into` from `at` on: stateSize numbers. */
  save(into: Float64Array, at: number): void {
    const p = this.numbers;
    for (let i = 0; i < stateSize; i++) into[at + i] = p[i]!;
  }

  /** Takes back what save() wrote. */
  restore(from: Float64Array, at: number): this {
    const p = this.numbers;
    for (let i = 0; i < stateSize; i++) p[i] = from[at + i]!;
    return this;
  }

  /** On by the arrival's dt, ≥ 0. The asymmetry returns to its rest. */
  predict({ dt, floorWander }: Pick<Arrival, "dt" | "floorWander">, settings: LinkSettings): void {
    const p = this.numbers;
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
   * Judges one packet; changes nothing but `into`. One that is older than the state is projected with the known rate and its variance
   * grown.
   */
  look(arrival: Sight, law: PacketLaw, into: Look): void {
    this.judge(arrival, law, into, false);
  }

  /** Judges one packet and takes it into the state. */
  absorb(arrival: Sight, law: PacketLaw, into: Look): void {
    this.judge(arrival, law, into, true);
  }

  private judge({ toRemote, value, age }: Sight, law: PacketLaw, into: Look, isAbsorbed: boolean): void {
    const { scale, softVariance, tailScale, tailShare, impossible } = law;
    const p = this.numbers;
    const offsetLocal = p[2]!;
    const offsetRemote = p[3]!;
    const localRemote = p[8]!;
    let a0: number;
    let a1: number;
    let a2: number;
    let a3: number;
    let variance: number;
    let d: number;
    if (toRemote) {
      a0 = offsetRemote - p[0]!;
      a1 = p[6]! - p[1]!;
      a2 = localRemote - offsetLocal;
      a3 = p[9]! - offsetRemote;
      variance = a3 - a0;
      d = value + p[offsetAt]! - p[toRemoteAt]!;
    } else {
      a0 = p[0]! + offsetLocal;
      a1 = p[1]! + p[5]!;
      a2 = offsetLocal + p[7]!;
      a3 = offsetRemote + localRemote;
      variance = a0 + a2;
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
    truncate(z, into);
    const { distance, shrink } = into;
    const isFar = z > 6;
    const exponent = isFar ? (0.5 * total) / (scale * scale) - d / scale : (-0.5 * d * d) / total;
    const density = exponential(exponent) * (isFar ? 1 : densityAtMean / (distance - z));
    const main = ((1 - tailShare) * density) / scale;
    const tail = d > 0 ? (tailShare / tailScale) * exponential(-d / tailScale) : 0;
    const all = main + tail + impossible;
    const weight = main / all;
    const excess = deviation * distance;
    into.mainWeight = weight;
    into.tailWeight = tail / all;
    into.residual = d;
    into.excess = excess;
    into.total = total;
    into.noise = noise;
    into.z = z;
    into.logEvidence = Math.log(all);
    if (!isAbsorbed) return;
    const shift = d - excess;
    const ratio = (shift * shift) / total;
    const k = (weight * shift) / total;
    let loss = (weight * (1 - shrink + (weight - 1) * ratio)) / total;
    if (!(loss > 0)) loss = 0;
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
    const p = this.numbers;
    return p[0]! + dt * (2 * p[1]! + dt * (p[4]! + (wander * dt) / 3) + whitePhase);
  }

  /** Widens what the mean floor has been by what it is now; for every packet, so without a number that would be handed over. */
  widenFloor(extremes: FloorExtremes): void {
    const p = this.numbers;
    const floor = 0.5 * (p[toLocalAt]! + p[toRemoteAt]!);
    const margin = floorSigmas * (0.5 * Math.sqrt(Math.max(0, p[7]! + 2 * p[8]! + p[9]!)));
    if (floor + margin < extremes.lowestFloor) extremes.lowestFloor = floor + margin;
    if (floor - margin > extremes.highestFloor) extremes.highestFloor = floor - margin;
  }

  /** Mean of the two floors, ns, and its standard deviation. */
  get meanFloor(): Nanoseconds {
    return 0.5 * (this.floorToLocal + this.floorToRemote);
  }

  get meanFloorDeviation(): Nanoseconds {
    const p = this.numbers;
    return 0.5 * Math.sqrt(Math.max(0, p[7]! + 2 * p[8]! + p[9]!));
  }
}
