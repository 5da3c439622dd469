/**
 * One clock and all its links in one Gaussian, updated by exact one-sided moment matching.
 *
 * State: offset x and rate y of the clock; per link the mean floor m, the asymmetry A (Gauss–Markov: bounded, never a random
 * walk) and the error e of the remote (Gauss–Markov), the latter two only where their prior is positive.
 *   toLocal  value = +x + m + A − e + n       toRemote value = −x + m − A + e + n
 * A power below 1 raises the likelihood of autocorrelated packets to it, exactly on the Gaussian site.
 */
import type { Nanoseconds, Ppb } from "../../time/units.js";
import type { NoiseLaw } from "../link/noise-law.js";
import { type TruncatedMoments, truncate } from "../link/truncated-moments.js";

const halfLogTwoPi = 0.5 * Math.log(2 * Math.PI);
/** Wander of a floor, jitter²/s. */
const floorWander = 1e-6;

/** What a link brings into the joint filter; standard deviations in ns, correlation times in s. */
export interface JointLink {
  readonly floor: Nanoseconds;
  readonly floorVariance: number;
  readonly asymmetry: Nanoseconds;
  readonly asymmetryTime: number;
  readonly remoteError: Nanoseconds;
  readonly remoteErrorTime: number;
}

interface Place {
  floor: number;
  asymmetry: number;
  remoteError: number;
  asymmetryVariance: number;
  asymmetryTime: number;
  remoteErrorVariance: number;
  remoteErrorTime: number;
  jitterVariance: number;
}

const absent = -1;

export class JointFilter {
  /** Variance of the rate's random walk, ppb²/s. */
  wander: number;
  evidence = 0;
  private size = 2;
  private stride: number;
  private mean: Float64Array;
  private covariance: Float64Array;
  private cross: Float64Array;
  private places = new Map<string, Place>();
  private owners: (readonly [string, "floor" | "asymmetry" | "remoteError"] | null)[] = [null, null];
  private readonly moments: TruncatedMoments = { distance: 0, shrink: 0 };

  constructor(wander: number, capacity = 14) {
    this.wander = wander;
    this.stride = capacity;
    this.mean = new Float64Array(capacity);
    this.covariance = new Float64Array(capacity * capacity);
    this.cross = new Float64Array(capacity);
  }

  get offset(): Nanoseconds {
    return this.mean[0]!;
  }

  get rate(): Ppb {
    return this.mean[1]!;
  }

  /** Copies state, links and evidence; the wander stays. */
  copy(from: JointFilter): this {
    if (from.stride !== this.stride) {
      this.stride = from.stride;
      this.mean = new Float64Array(from.stride);
      this.covariance = new Float64Array(from.stride * from.stride);
      this.cross = new Float64Array(from.stride);
    }
    this.size = from.size;
    this.mean.set(from.mean);
    this.covariance.set(from.covariance);
    this.evidence = from.evidence;
    this.places = new Map([...from.places].map(([id, place]) => [id, { ...place }]));
    this.owners = [...from.owners];
    return this;
  }

  /** Starts the clock; links are kept out. */
  start(offset: Nanoseconds, rate: Ppb, offsetVariance: number, rateVariance: number): void {
    this.size = 2;
    this.places.clear();
    this.owners = [null, null];
    this.covariance.fill(0);
    this.mean[0] = offset;
    this.mean[1] = rate;
    this.covariance[0] = offsetVariance;
    this.covariance[this.stride + 1] = rateVariance;
    this.evidence = 0;
  }

  has(link: string): boolean {
    return this.places.has(link);
  }

  /** A link joins with a vague floor, so that nothing its own filter used is used twice. */
  add(link: string, prior: JointLink): void {
    const place: Place = {
      floor: this.grow(link, "floor", prior.floor, prior.floorVariance),
      asymmetry: absent,
      remoteError: absent,
      asymmetryVariance: prior.asymmetry ** 2,
      asymmetryTime: prior.asymmetryTime,
      remoteErrorVariance: prior.remoteError ** 2,
      remoteErrorTime: prior.remoteErrorTime,
      jitterVariance: 0,
    };
    if (place.asymmetryVariance > 0) place.asymmetry = this.grow(link, "asymmetry", 0, place.asymmetryVariance);
    if (place.remoteErrorVariance > 0) place.remoteError = this.grow(link, "remoteError", 0, place.remoteErrorVariance);
    this.places.set(link, place);
  }

  /** What the remote now says of its own error: standard deviation ns, correlation time s. */
  assume(link: string, remoteError: Nanoseconds, time: number): void {
    const place = this.places.get(link);
    if (place === undefined) return;
    place.remoteErrorVariance = remoteError ** 2;
    place.remoteErrorTime = time;
    if (place.remoteError === absent && remoteError > 0) place.remoteError = this.grow(link, "remoteError", 0, place.remoteErrorVariance);
  }

  /** Covariance of offset and rate, ns and ppb. */
  get rateVariance(): number {
    return this.covariance[this.stride + 1]!;
  }

  get clockCovariance(): { readonly offsetVariance: number; readonly offsetRate: number; readonly rateVariance: number } {
    return { offsetVariance: this.covariance[0]!, offsetRate: this.covariance[1]!, rateVariance: this.covariance[this.stride + 1]! };
  }

  /** A link leaves: its states are marginalised, the rest stays as it is. */
  remove(link: string): void {
    const place = this.places.get(link);
    if (place === undefined) return;
    this.places.delete(link);
    for (const index of [place.floor, place.asymmetry, place.remoteError].filter((i) => i !== absent).sort((a, b) => b - a))
      this.cut(index);
  }

  /** Opens offset and rate by that much variance, ns² and ppb². */
  open(offsetVariance: number, rateVariance: number): void {
    this.covariance[0]! += offsetVariance;
    this.covariance[this.stride + 1]! += rateVariance;
  }

  /** Moves a link's floor and opens it, ns and ns². */
  moveFloor(link: string, by: Nanoseconds, variance: number): void {
    const index = this.places.get(link)?.floor;
    if (index === undefined) return;
    this.mean[index]! += by;
    this.covariance[index * (this.stride + 1)]! += variance;
  }

  /** A known change of the oscillator during a gap. */
  absorbDrift(offset: Nanoseconds, rate: Ppb): void {
    this.mean[0]! += offset;
    this.mean[1]! += rate;
    this.covariance[this.stride + 1]! += 0.09 * rate * rate;
  }

  predict(dt: number): void {
    const { covariance: p, stride, size } = this;
    const q = this.wander;
    this.mean[0]! += this.mean[1]! * dt;
    for (let k = 0; k < size; k++) p[k]! += dt * p[stride + k]!;
    for (let k = 0; k < size; k++) p[k * stride]! += dt * p[k * stride + 1]!;
    p[0]! += (q * dt * dt * dt) / 3;
    p[1]! += (q * dt * dt) / 2;
    p[stride]! += (q * dt * dt) / 2;
    p[stride + 1]! += q * dt;
    for (const place of this.places.values()) {
      p[place.floor * (stride + 1)]! += floorWander * place.jitterVariance * dt;
      if (place.asymmetry !== absent) this.decay(place.asymmetry, dt / place.asymmetryTime, place.asymmetryVariance);
      if (place.remoteError !== absent) this.decay(place.remoteError, dt / place.remoteErrorTime, place.remoteErrorVariance);
    }
  }

  /** One packet of a link under its noise law; returns the log evidence, nats. */
  update(link: string, toRemote: boolean, value: Nanoseconds, law: NoiseLaw): number {
    const place = this.places.get(link);
    if (place === undefined) return 0;
    const { covariance: p, mean, stride, size, cross } = this;
    const sign = toRemote ? -1 : 1;
    const { floor, asymmetry, remoteError } = place;
    place.jitterVariance = law.variance;
    let d = value - sign * mean[0]! - mean[floor]!;
    if (asymmetry !== absent) d -= sign * mean[asymmetry]!;
    if (remoteError !== absent) d += sign * mean[remoteError]!;
    for (let i = 0; i < size; i++) {
      let sum = sign * p[i]! + p[floor * stride + i]!;
      if (asymmetry !== absent) sum += sign * p[asymmetry * stride + i]!;
      if (remoteError !== absent) sum -= sign * p[remoteError * stride + i]!;
      cross[i] = sum;
    }
    let variance = sign * cross[0]! + cross[floor]!;
    if (asymmetry !== absent) variance += sign * cross[asymmetry]!;
    if (remoteError !== absent) variance -= sign * cross[remoteError]!;
    if (!(variance > 1e-12)) variance = 1e-12;
    const { scale } = law;
    const total = variance + law.softVariance;
    const deviation = Math.sqrt(total);
    const z = (d - total / scale) / deviation;
    truncate(z, this.moments);
    const { distance, shrink } = this.moments;
    const logMain = z > 6 ? total / (2 * scale * scale) - d / scale : (-d * d) / (2 * total) - halfLogTwoPi - Math.log(distance - z);
    const main = ((1 - law.tailShare) * Math.exp(logMain)) / scale;
    const tail = d > 0 ? (law.tailShare / law.tailScale) * Math.exp(-d / law.tailScale) : 0;
    const all = main + tail + law.impossible;
    const weight = main / all;
    const shift = d - deviation * distance;
    let gain = (weight * shift) / total;
    let loss = Math.max(0, (weight * (1 - shrink + ((weight - 1) * shift * shift) / total)) / total);
    const power = 1 / law.correlation;
    if (power < 1) {
      const full = Math.max(1e-12, variance - loss * variance * variance);
      const tempered = 1 / (1 / variance + power * (1 / full - 1 / variance));
      gain = (power * gain * tempered) / full;
      loss = (variance - tempered) / (variance * variance);
    }
    for (let i = 0; i < size; i++) {
      mean[i]! += gain * cross[i]!;
      const row = i * stride;
      const lost = loss * cross[i]!;
      for (let j = 0; j < size; j++) p[row + j]! -= lost * cross[j]!;
    }
    return power * Math.log(all);
  }

  /** Variance of the offset `dt` s ahead, with `wander` in place of its own, ns². */
  offsetVarianceAhead(dt: number, wander: number): number {
    const { covariance: p, stride } = this;
    return p[0]! + dt * (2 * p[1]! + dt * (p[stride + 1]! + (wander * dt) / 3));
  }

  private decay(index: number, share: number, variance: number): void {
    const { covariance: p, stride, size } = this;
    const keep = share < 1e-4 ? 1 - share : Math.exp(-share);
    this.mean[index]! *= keep;
    for (let k = 0; k < size; k++) p[index * stride + k]! *= keep;
    for (let k = 0; k < size; k++) p[k * stride + index]! *= keep;
    p[index * (stride + 1)]! += variance * (1 - keep * keep);
  }

  private grow(link: string, kind: "floor" | "asymmetry" | "remoteError", mean: number, variance: number): number {
    if (this.size === this.stride) this.enlarge();
    const index = this.size++;
    const { covariance: p, stride } = this;
    for (let j = 0; j < this.size; j++) p[index * stride + j] = p[j * stride + index] = 0;
    p[index * (stride + 1)] = variance;
    this.mean[index] = mean;
    this.owners[index] = [link, kind];
    return index;
  }

  private enlarge(): void {
    const stride = 2 * this.stride;
    const mean = new Float64Array(stride);
    const covariance = new Float64Array(stride * stride);
    mean.set(this.mean);
    for (let i = 0; i < this.size; i++)
      for (let j = 0; j < this.size; j++) covariance[i * stride + j] = this.covariance[i * this.stride + j]!;
    this.stride = stride;
    this.mean = mean;
    this.covariance = covariance;
    this.cross = new Float64Array(stride);
  }

  /** Removes one state: the last takes its place. */
  private cut(index: number): void {
    const last = --this.size;
    const { covariance: p, stride } = this;
    if (index !== last) {
      for (let j = 0; j <= last; j++) p[index * stride + j] = p[last * stride + j]!;
      for (let j = 0; j <= last; j++) p[j * stride + index] = p[j * stride + last]!;
      p[index * (stride + 1)] = p[last * (stride + 1)]!;
      this.mean[index] = this.mean[last]!;
      const owner = this.owners[last] ?? null;
      this.owners[index] = owner;
      if (owner !== null) {
        const place = this.places.get(owner[0]);
        if (place !== undefined) place[owner[1]] = index;
      }
    }
    this.owners[last] = null;
  }
}
