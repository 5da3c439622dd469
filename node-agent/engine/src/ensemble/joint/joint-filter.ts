/**
 * Clocks and all their links in one Gaussian, updated by exact one-sided moment matching.
 *
 * State: offset x and rate y of every clock; per link the mean floor m, the asymmetry A (Gauss–Markov: bounded, never a random
 * walk) and the error e of the remote (Gauss–Markov), the latter two only where their prior is positive.
 *   toLocal  value = +(x − r) + m + A − e + n       toRemote value = −(x − r) + m − A + e + n
 * r is the offset of the link's remote where that is a clock of this node, else 0: a comparison of two clocks sees only their
 * difference, and what one of them learns reaches the other through the covariance. No servo stands behind a servo.
 * A power below 1 raises the likelihood of autocorrelated packets to it, exactly on the Gaussian site.
 *
 * Phase noise: `damping`·P_xy joins P_xx every second (damped-companion.ts says what for); 0 in every filter that is believed.
 */
import type { Nanoseconds, Ppb } from "../../time/units.js";
import type { NoiseLaw } from "../link/noise-law.js";
import { type TruncatedMoments, truncate } from "../link/truncated-moments.js";

const halfLogTwoPi = 0.5 * Math.log(2 * Math.PI);
/** Wander of a floor, jitter²/s: a share of 1e-3 of the jitter in a second, so that a floor is known from a thousand seconds of packets. */
const floorWander = 1e-6;
/** What a holdover fed forward is doubted by, share of it: the fit of a periodic drift explains that much of it and more. */
const driftDoubt = 0.3;

/** What a link brings into the joint filter; standard deviations in ns, correlation times in s. */
export interface JointLink {
  /** Index of the clock that is measured, and of the one it is measured against; null: a reference outside this node. */
  readonly local: number;
  readonly remote: number | null;
  readonly floor: Nanoseconds;
  readonly floorVariance: number;
  readonly asymmetry: Nanoseconds;
  readonly asymmetryTime: number;
  readonly remoteError: Nanoseconds;
  readonly remoteErrorTime: number;
}

/** Variance of a clock's offset, ns², its covariance with the rate, ns·ppb, and the variance of the rate, ppb². */
export interface ClockCovariance {
  readonly offset: number;
  readonly shared: number;
  readonly rate: number;
}

interface Place {
  /** Where the clocks' offsets stand in the state; absent: the remote is no clock of ours. */
  readonly local: number;
  readonly remote: number;
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
  /** Variance of each clock's rate's random walk, ppb²/s. */
  readonly wanders: Float64Array;
  /** Phase noise as a multiple of the covariance of offset and rate, per s; 0: none. */
  damping = 0;
  evidence = 0;
  readonly #clocks: number;
  #size: number;
  #stride: number;
  #mean: Float64Array;
  #covariance: Float64Array;
  #cross: Float64Array;
  #places = new Map<string, Place>();
  #owners: (readonly [string, "floor" | "asymmetry" | "remoteError"] | null)[];
  readonly #moments: TruncatedMoments = { distance: 0, shrink: 0 };

  /** @param clocks how many, ≥ 1 */
  constructor(clocks = 1, capacity = 12 + 2 * clocks) {
    this.#clocks = clocks;
    this.wanders = new Float64Array(clocks);
    this.#size = 2 * clocks;
    this.#stride = capacity;
    this.#mean = new Float64Array(capacity);
    this.#covariance = new Float64Array(capacity * capacity);
    this.#cross = new Float64Array(capacity);
    this.#owners = Array.from({ length: this.#size }, () => null);
  }

  /** ns */
  offset(clock: number): Nanoseconds {
    return this.#mean[2 * clock]!;
  }

  rate(clock: number): Ppb {
    return this.#mean[2 * clock + 1]!;
  }

  /** Variance of the offset, ns². */
  offsetVariance(clock: number): number {
    return this.#covariance[2 * clock * (this.#stride + 1)]!;
  }

  /** Covariance of offset and rate, ns·ppb. */
  offsetRate(clock: number): number {
    return this.#covariance[2 * clock * (this.#stride + 1) + 1]!;
  }

  /** Variance of the rate, ppb². */
  rateVariance(clock: number): number {
    return this.#covariance[(2 * clock + 1) * (this.#stride + 1)]!;
  }

  /** Copies state, links and evidence; wander and damping stay. */
  copy(from: JointFilter): this {
    if (from.#stride !== this.#stride) {
      this.#stride = from.#stride;
      this.#mean = new Float64Array(from.#stride);
      this.#covariance = new Float64Array(from.#stride * from.#stride);
      this.#cross = new Float64Array(from.#stride);
    }
    this.#size = from.#size;
    this.#mean.set(from.#mean);
    this.#covariance.set(from.#covariance);
    this.evidence = from.evidence;
    this.#places = new Map([...from.#places].map(([id, place]) => [id, { ...place }]));
    this.#owners = [...from.#owners];
    return this;
  }

  /** Nothing is known: no clock, no link. */
  clear(): void {
    this.#size = 2 * this.#clocks;
    this.#places.clear();
    this.#owners = Array.from({ length: this.#size }, () => null);
    this.#covariance.fill(0);
    this.#mean.fill(0);
    this.evidence = 0;
  }

  /**
   * Starts a clock. `from`: its offset and rate are given relative to that clock, whose own uncertainty and company it then shares;
   * null: relative to true time.
   */
  start(clock: number, from: number | null, offset: Nanoseconds, rate: Ppb, offsetVariance: number, rateVariance: number): void {
    const [p, mean, stride] = [this.#covariance, this.#mean, this.#stride];
    for (const [part, value, variance] of [
      [0, offset, offsetVariance],
      [1, rate, rateVariance],
    ] as const) {
      const index = 2 * clock + part;
      const like = from === null ? absent : 2 * from + part;
      for (let j = 0; j < this.#size; j++) p[index * stride + j] = p[j * stride + index] = like === absent ? 0 : p[like * stride + j]!;
      p[index * (stride + 1)] = variance + (like === absent ? 0 : p[like * (stride + 1)]!);
      mean[index] = value + (like === absent ? 0 : mean[like]!);
    }
  }

  has(link: string): boolean {
    return this.#places.has(link);
  }

  /** A link joins with a vague floor, so that nothing its own filter used is used twice. */
  add(link: string, prior: JointLink): void {
    const place: Place = {
      local: 2 * prior.local,
      remote: prior.remote === null ? absent : 2 * prior.remote,
      floor: this.#grow(link, "floor", prior.floor, prior.floorVariance),
      asymmetry: absent,
      remoteError: absent,
      asymmetryVariance: prior.asymmetry ** 2,
      asymmetryTime: prior.asymmetryTime,
      remoteErrorVariance: prior.remoteError ** 2,
      remoteErrorTime: prior.remoteErrorTime,
      jitterVariance: 0,
    };
    if (place.asymmetryVariance > 0) place.asymmetry = this.#grow(link, "asymmetry", 0, place.asymmetryVariance);
    if (place.remoteErrorVariance > 0) place.remoteError = this.#grow(link, "remoteError", 0, place.remoteErrorVariance);
    this.#places.set(link, place);
  }

  /** What the remote now says of its own error: standard deviation ns, correlation time s. */
  assume(link: string, remoteError: Nanoseconds, time: number): void {
    const place = this.#places.get(link);
    if (place === undefined) return;
    place.remoteErrorVariance = remoteError ** 2;
    place.remoteErrorTime = time;
    if (place.remoteError === absent && remoteError > 0) place.remoteError = this.#grow(link, "remoteError", 0, place.remoteErrorVariance);
  }

  /**
   * A link's asymmetry becomes something to be told apart, ns: what was taken for the offset was offset and asymmetry. By one link
   * alone the two cannot be told apart, and the offset would be claimed no better than the asymmetry is.
   */
  doubtSymmetry(link: string, asymmetry: Nanoseconds): void {
    const place = this.#places.get(link);
    if (place === undefined || place.asymmetry !== absent || !(asymmetry > 0)) return;
    place.asymmetryVariance = asymmetry ** 2;
    place.asymmetry = this.#grow(link, "asymmetry", 0, place.asymmetryVariance);
    const [p, stride] = [this.#covariance, this.#stride];
    const { local } = place;
    p[local * (stride + 1)]! += place.asymmetryVariance;
    p[local * stride + place.asymmetry]! -= place.asymmetryVariance;
    p[place.asymmetry * stride + local]! -= place.asymmetryVariance;
  }

  /** A link leaves: its states are marginalised, the rest stays as it is. */
  remove(link: string): void {
    const place = this.#places.get(link);
    if (place === undefined) return;
    this.#places.delete(link);
    for (const index of [place.floor, place.asymmetry, place.remoteError].filter((i) => i !== absent).sort((a, b) => b - a))
      this.#cut(index);
  }

  /**
   * Opens a clock's offset and rate by that much variance, ns² and ppb². What pulled the offset pulled the rate with it, and it goes back
   * with it.
   */
  open(clock: number, offsetVariance: number, rateVariance: number): void {
    const p = this.#covariance;
    const x = 2 * clock * (this.#stride + 1);
    const y = x + this.#stride + 1;
    const together = p[x]! > 0 ? p[x + 1]! / p[x]! : 0;
    p[x]! += offsetVariance;
    p[x + 1]! += together * offsetVariance;
    p[y - 1]! += together * offsetVariance;
    p[y]! += together * together * offsetVariance + rateVariance;
  }

  /** Moves a link's floor and opens it, ns and ns². */
  moveFloor(link: string, by: Nanoseconds, variance: number): void {
    const index = this.#places.get(link)?.floor;
    if (index === undefined) return;
    this.#mean[index]! += by;
    this.#covariance[index * (this.#stride + 1)]! += variance;
  }

  /** A known change of an oscillator during a gap. */
  absorbDrift(clock: number, offset: Nanoseconds, rate: Ppb): void {
    this.#mean[2 * clock]! += offset;
    this.#mean[2 * clock + 1]! += rate;
    this.#covariance[(2 * clock + 1) * (this.#stride + 1)]! += driftDoubt ** 2 * rate * rate;
  }

  /** Time goes on by `dt` s. */
  predict(dt: number): void {
    const [p, mean, stride, size] = [this.#covariance, this.#mean, this.#stride, this.#size];
    for (let clock = 0; clock < this.#clocks; clock++) {
      const x = 2 * clock;
      const y = x + 1;
      const q = this.wanders[clock]!;
      const shared = p[x * stride + y]!;
      mean[x]! += mean[y]! * dt;
      for (let k = 0; k < size; k++) p[x * stride + k]! += dt * p[y * stride + k]!;
      for (let k = 0; k < size; k++) p[k * stride + x]! += dt * p[k * stride + y]!;
      p[x * stride + x]! += (q * dt * dt * dt) / 3 + this.damping * Math.max(0, shared) * dt;
      p[x * stride + y]! += (q * dt * dt) / 2;
      p[y * stride + x]! += (q * dt * dt) / 2;
      p[y * stride + y]! += q * dt;
    }
    for (const place of this.#places.values()) {
      p[place.floor * (stride + 1)]! += floorWander * place.jitterVariance * dt;
      if (place.asymmetry !== absent) this.#decay(place.asymmetry, dt / place.asymmetryTime, place.asymmetryVariance);
      if (place.remoteError !== absent) this.#decay(place.remoteError, dt / place.remoteErrorTime, place.remoteErrorVariance);
    }
  }

  /** One packet of a link under its noise law; returns the log evidence, nats. */
  update(link: string, toRemote: boolean, value: Nanoseconds, law: NoiseLaw): number {
    const place = this.#places.get(link);
    if (place === undefined) return 0;
    const [p, mean, stride, size, cross] = [this.#covariance, this.#mean, this.#stride, this.#size, this.#cross];
    const sign = toRemote ? -1 : 1;
    const { local, remote, floor, asymmetry, remoteError } = place;
    place.jitterVariance = law.variance;
    let d = value - sign * mean[local]! - mean[floor]!;
    if (remote !== absent) d += sign * mean[remote]!;
    if (asymmetry !== absent) d -= sign * mean[asymmetry]!;
    if (remoteError !== absent) d += sign * mean[remoteError]!;
    for (let i = 0; i < size; i++) {
      let sum = sign * p[local * stride + i]! + p[floor * stride + i]!;
      if (remote !== absent) sum -= sign * p[remote * stride + i]!;
      if (asymmetry !== absent) sum += sign * p[asymmetry * stride + i]!;
      if (remoteError !== absent) sum -= sign * p[remoteError * stride + i]!;
      cross[i] = sum;
    }
    let variance = sign * cross[local]! + cross[floor]!;
    if (remote !== absent) variance -= sign * cross[remote]!;
    if (asymmetry !== absent) variance += sign * cross[asymmetry]!;
    if (remoteError !== absent) variance -= sign * cross[remoteError]!;
    if (!(variance > 1e-12)) variance = 1e-12;
    const { scale } = law;
    const total = variance + law.softVariance;
    const deviation = Math.sqrt(total);
    const z = (d - total / scale) / deviation;
    truncate(z, this.#moments);
    const { distance, shrink } = this.#moments;
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

  /**
   * Covariance of a clock's offset and rate were every asymmetry known: what is left of it when the asymmetries' part is taken out
   * (Schur complement). An asymmetry that all links share is no noise, and no packet ever tells it from the offset.
   */
  besideAsymmetry(clock: number): ClockCovariance {
    const [p, stride] = [this.#covariance, this.#stride];
    const states = [2 * clock, 2 * clock + 1];
    for (const { asymmetry } of this.#places.values()) if (asymmetry !== absent) states.push(asymmetry);
    // One link, or sources that vouch for their symmetry: most clocks, at every publication.
    if (states.length === 2) return { offset: this.offsetVariance(clock), shared: this.offsetRate(clock), rate: this.rateVariance(clock) };
    const rows = states.map((i) => states.map((j) => p[i * stride + j]!));
    for (let last = rows.length - 1; last > 1; last--) {
      const known = rows[last]!;
      if (!(known[last]! > 0)) continue;
      for (let i = 0; i < last; i++) {
        const share = rows[i]![last]! / known[last]!;
        for (let j = 0; j < last; j++) rows[i]![j]! -= share * known[j]!;
      }
    }
    return { offset: Math.max(0, rows[0]![0]!), shared: rows[0]![1]!, rate: Math.max(0, rows[1]![1]!) };
  }

  /** Variance of a clock's offset `dt` s ahead, with `wander` in place of its own, ns². */
  offsetVarianceAhead(clock: number, dt: number, wander: number): number {
    return this.offsetVariance(clock) + dt * (2 * this.offsetRate(clock) + dt * (this.rateVariance(clock) + (wander * dt) / 3));
  }

  #decay(index: number, share: number, variance: number): void {
    const [p, stride, size] = [this.#covariance, this.#stride, this.#size];
    const keep = share < 1e-4 ? 1 - share : Math.exp(-share);
    this.#mean[index]! *= keep;
    for (let k = 0; k < size; k++) p[index * stride + k]! *= keep;
    for (let k = 0; k < size; k++) p[k * stride + index]! *= keep;
    p[index * (stride + 1)]! += variance * (1 - keep * keep);
  }

  #grow(link: string, kind: "floor" | "asymmetry" | "remoteError", mean: number, variance: number): number {
    if (this.#size === this.#stride) this.#enlarge();
    const index = this.#size++;
    const [p, stride] = [this.#covariance, this.#stride];
    for (let j = 0; j < this.#size; j++) p[index * stride + j] = p[j * stride + index] = 0;
    p[index * (stride + 1)] = variance;
    this.#mean[index] = mean;
    this.#owners[index] = [link, kind];
    return index;
  }

  #enlarge(): void {
    const stride = 2 * this.#stride;
    const mean = new Float64Array(stride);
    const covariance = new Float64Array(stride * stride);
    mean.set(this.#mean);
    for (let i = 0; i < this.#size; i++)
      for (let j = 0; j < this.#size; j++) covariance[i * stride + j] = this.#covariance[i * this.#stride + j]!;
    this.#stride = stride;
    this.#mean = mean;
    this.#covariance = covariance;
    this.#cross = new Float64Array(stride);
  }

  /** Removes one state: the last takes its place. */
  #cut(index: number): void {
    const last = --this.#size;
    const [p, stride] = [this.#covariance, this.#stride];
    if (index !== last) {
      for (let j = 0; j <= last; j++) p[index * stride + j] = p[last * stride + j]!;
      for (let j = 0; j <= last; j++) p[j * stride + index] = p[j * stride + last]!;
      p[index * (stride + 1)] = p[last * (stride + 1)]!;
      this.#mean[index] = this.#mean[last]!;
      const owner = this.#owners[last] ?? null;
      this.#owners[index] = owner;
      if (owner !== null) {
        const place = this.#places.get(owner[0]);
        if (place !== undefined) place[owner[1]] = index;
      }
    }
    this.#owners[last] = null;
  }
}
