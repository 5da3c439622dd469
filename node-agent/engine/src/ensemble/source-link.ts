/**
 * One configured link: takes its measurements into the raw frame, refuses what cannot be true, and says what its source is
 * worth: offset, calibrated interval, proven interval.
 */
import { currentTaiMinusUtc } from "../time/leap-table.js";
import type { Nanoseconds, Ppb, Raw } from "../time/units.js";
import type { LinkConfig } from "./contract.js";
import { CausalInterval, type Contradiction, type Interval } from "./link/causal-interval.js";
import { LinkFilter } from "./link/link-filter.js";
import { linkSettings } from "./link/link-settings.js";
import type { Direction } from "./link/noise-shape.js";
import { noPrior, type StartPrior } from "./link/start-fit.js";
import type { Measurement, RemoteState } from "./measurement.js";

/** Why a measurement was not used. */
export const refusals = [
  "NotFinite",
  "Absurd",
  "FarOff",
  "FromTheFuture",
  "TooOld",
  "Duplicate",
  "ArbitraryTimescale",
  "RemoteUncertain",
  "UtcOffsetDisputed",
  "StaleRemote",
] as const;
export type Refusal = (typeof refusals)[number];
/** What the remote says of itself, and for which it is neither followed nor heard in the vote. */
const disqualifying: readonly (Refusal | null)[] = ["ArbitraryTimescale", "RemoteUncertain", "UtcOffsetDisputed"];

/** 2^52 ns, 52 days: beyond it differences are no longer exact to a nanosecond, and a clock is set before it is measured (far-clock.ts). */
export const largestValue = 2 ** 52;
const smallestResolution = 0.01;
const remembered = 16;
/** A remote that says it has become better: its earlier packets have not, and each new one leaves that share of what they weigh. */
const systematicMemory = 0.8;
/** Silence: no packet for this many intervals, and at least this many seconds. */
const silentIntervals = 4;
const silentSeconds = 10;
/** A late stamp may be this many intervals old, and at least this many seconds. */
const lateIntervals = 8;
const lateSeconds = 10;

export class SourceLink {
  config: LinkConfig;
  filter: LinkFilter | null = null;
  /** Newest usable packet, raw s; −Infinity: none. */
  lastPacket: Raw = Number.NEGATIVE_INFINITY;
  /** Newest packet of any kind, raw s. */
  lastHeard: Raw = Number.NEGATIVE_INFINITY;
  /** Why the newest packet was refused; null: it was used. */
  refusal: Refusal | null = null;
  remote: RemoteState | null = null;
  refused = 0;
  /** The newest used packet in the raw frame: direction, value ns, raw s. */
  direction: Direction = 0;
  value: Nanoseconds = 0;
  at: Raw = 0;
  /** Since when it may steer without a break, raw s; null: it may not. */
  eligibleSince: Raw | null = null;
  /** What is known of it and of the oscillator before it is heard. */
  prior: StartPrior = noPrior;
  /**
   * What its packets prove of *true* time: every one by the limit that its sender vouched for when it sent it. The filter's own
   * interval is about the remote; a limit that is smaller now says nothing of what was proven under a larger one.
   */
  private proof: CausalInterval | null = null;
  /** It had an estimate while this proof was made. */
  private wasReady = false;
  /** Newest used packet of each direction, raw s. */
  private readonly newest: [Raw, Raw] = [Number.NEGATIVE_INFINITY, Number.NEGATIVE_INFINITY];
  /** What it announced of itself when the packets came that the estimate still rests on, ns. */
  private heldSystematic: Nanoseconds = 0;
  private readonly packet = { direction: 0 as Direction, value: 0, raw: 0, hardMin: 0, resolution: 0 };
  private starts = 0;
  /** Jumps of the filter's offset that the proof has taken note of, and what it proved of the rate while nothing was odd. */
  private jumps = 0;
  private readonly calmRate = { low: 0, high: 0, isKnown: false };
  private remoteEra: number | null = null;
  private maxDrift = 0;
  private readonly recentRaw = new Float64Array(2 * remembered).fill(Number.NaN);
  private readonly recentCount: [number, number] = [0, 0];

  constructor(config: LinkConfig, maxDrift: number) {
    this.config = config;
    this.maxDrift = maxDrift;
  }

  /** New settings keep the filter, unless the labels themselves are read differently. */
  configure(config: LinkConfig, maxDrift: number): void {
    if (config.delayCompensation !== this.config.delayCompensation) this.filter = this.proof = null;
    this.config = config;
    if (maxDrift !== this.maxDrift) {
      this.filter?.causal.assume(maxDrift);
      this.proof?.assume(maxDrift);
    }
    this.maxDrift = maxDrift;
  }

  /** True when the measurement entered the filter. `now`: raw s of the host. */
  observe(measurement: Measurement, now: Raw): boolean {
    this.refusal = this.refuse(measurement, now);
    if (this.refusal !== null) {
      this.refused++;
      return false;
    }
    const direction: Direction = measurement.kind === "toLocal" ? 0 : 1;
    this.remember(direction, measurement.at);
    this.remote = measurement.remoteState;
    this.heldSystematic = Math.max(this.announcedSystematic ?? 0, systematicMemory * this.heldSystematic);
    if (this.remoteEra !== measurement.remoteEra) this.filter = null;
    this.remoteEra = measurement.remoteEra;
    const resolution = Math.max(smallestResolution, measurement.resolution);
    if (this.filter === null) {
      this.starts++;
      this.jumps = 0;
      this.proof = null;
      this.wasReady = false;
      this.filter = new LinkFilter(this.config.interval, this.maxDrift, resolution, this.prior);
    }
    const sign = direction === 0 ? 1 : -1;
    this.direction = direction;
    this.at = measurement.at;
    this.value = measurement.value - sign * (measurement.steering + this.config.delayCompensation);
    const { packet } = this;
    packet.direction = direction;
    packet.value = this.value;
    packet.raw = this.at;
    packet.hardMin = measurement.hardMin;
    packet.resolution = resolution;
    this.filter.observe(packet);
    this.prove();
    this.wasReady ||= this.isReady;
    this.newest[direction] = Math.max(this.newest[direction], measurement.at);
    if (measurement.at > this.lastPacket) this.lastPacket = measurement.at;
    return true;
  }

  /** Everything known of the offset is void (the local clock jumped by an unknown amount). */
  forget(): void {
    this.filter = this.proof = null;
    this.recentRaw.fill(Number.NaN);
  }

  /** Changes whenever what was known of the offset became void. */
  get generation(): number {
    return this.starts * 65536 + (this.filter?.losses ?? 0);
  }

  /** Measurements that were used. */
  get used(): number {
    return this.recentCount[0] + this.recentCount[1];
  }

  isSilent(now: Raw): boolean {
    return !(now - this.lastPacket <= this.patience);
  }

  /** It answers, and what it says is years off. */
  isFarOff(now: Raw): boolean {
    return this.refusal === "FarOff" && now - this.lastHeard <= this.patience;
  }

  private get patience(): number {
    const gap = Math.max(this.filter?.gap ?? 0, this.config.interval);
    return Math.max(silentSeconds, silentIntervals * gap);
  }

  /** Its newest packet says that its time is not to be used; `refusal` says why. */
  get isDisqualified(): boolean {
    return disqualifying.includes(this.refusal);
  }

  get isReady(): boolean {
    return this.filter !== null && this.filter.state === "ready";
  }

  /** Hard limit of the remote's own error, ns; null: nobody vouches for it. */
  get rootHard(): Nanoseconds | null {
    return this.remote?.rootHard ?? this.config.uncertainty;
  }

  /** Standard deviation of the remote's error, ns. */
  get rootSigma(): Nanoseconds {
    return this.remote?.rootSigma ?? 0;
  }

  /** Systematic part of the remote's error, ns; null: nothing is known, so no calibrated bound. */
  get rootSystematic(): Nanoseconds | null {
    const { announcedSystematic } = this;
    return announcedSystematic === null ? null : Math.max(announcedSystematic, this.heldSystematic);
  }

  private get announcedSystematic(): Nanoseconds | null {
    const announced = this.remote?.rootSystematic ?? null;
    if (announced !== null) return announced;
    if (this.remote !== null && this.remote.rootSigma !== null) return this.config.uncertainty ?? 0;
    return this.config.uncertainty ?? this.remote?.rootHard ?? null;
  }

  /** Mean floor of the path, ns; 0 before the start. */
  get pathDelay(): Nanoseconds {
    const filter = this.filter;
    return filter === null || filter.state === "cold" ? 0 : filter.meanFloorOf(filter.shapeIndex);
  }

  /** What the prior says the path may be asymmetric by, ns. */
  get asymmetryPrior(): Nanoseconds {
    const { asymmetryShare, unstampedDelay } = this.config;
    return asymmetryShare * Math.max(0, this.pathDelay) + unstampedDelay / 2;
  }

  /** Half width of the calibrated interval around the filter's offset, remote included, ns; null: void. */
  radiusAt(raw: Raw): Nanoseconds | null {
    const filter = this.filter;
    const systematic = this.rootSystematic;
    if (filter === null || systematic === null) return null;
    const radius = filter.radiusAt(raw);
    if (radius === null) return null;
    const { rootSigma } = this;
    const statistic = filter.statisticAt(raw);
    const together = rootSigma === 0 ? statistic : Math.hypot(statistic, filter.boundSigmas * rootSigma);
    return radius - statistic + together + systematic + this.asymmetryPrior;
  }

  /** Rate of the local clock against true time, as far as it is proven, ppb. */
  get provenRate(): { readonly low: Ppb; readonly high: Ppb } {
    const { proof } = this;
    return proof === null ? { low: -linkSettings.maxRate, high: linkSettings.maxRate } : { low: proof.lowRate, high: proof.highRate };
  }

  /** Proven interval of the raw-frame offset from true time, ns; false: nobody vouches for the remote, or nothing is proven. */
  proveAt(raw: Raw, into: Interval): boolean {
    return this.limitAt(raw, into) && Number.isFinite(into.low) && Number.isFinite(into.high);
  }

  /** What it proves is a proof of the clock: it has an estimate, or had one that it contradicted. */
  get isWitness(): boolean {
    return this.wasReady && this.filter !== null;
  }

  /** Its newest packets deny what it had proven, or have ended its estimate. */
  get isShaken(): boolean {
    return this.isWitness && (!this.isReady || this.filter?.isContradicted === true);
  }

  /** The packet that denies, or has denied, what it had proven before. */
  get contradiction(): Contradiction | null {
    return this.proof?.contradiction ?? null;
  }

  /** Whether a packet came since then that would have shown the same. */
  hasBeenAsked({ direction, raw }: Contradiction): boolean {
    return this.newest[direction] >= raw;
  }

  /** As proveAt(raw), where one side or both may still be open; false: nobody vouches for the remote. */
  limitAt(raw: Raw, into: Interval): boolean {
    const { proof } = this;
    if (this.filter === null || proof === null || this.rootHard === null) return false;
    proof.at(raw, into);
    into.low -= this.filter.doubtBehind;
    into.high += this.filter.doubtAhead;
    return true;
  }

  /** The packet that the filter has heard; it is used up. */
  private prove(): void {
    const { rootHard } = this;
    if (rootHard === null) return;
    this.proof ??= new CausalInterval({ maxRate: linkSettings.maxRate, maxDrift: this.maxDrift });
    const { proof, packet, filter } = this;
    packet.resolution += rootHard;
    if (filter !== null && filter.jumps !== this.jumps) {
      // It stepped by less than what contradicts: what it proved before is not true of it now.
      this.jumps = filter.jumps;
      proof.restart(this.calmRate.isKnown ? this.calmRate : null);
      for (const { direction, value, raw } of filter.sinceJump) {
        packet.direction = direction;
        packet.value = value;
        packet.raw = raw;
        proof.observe(packet);
      }
      return;
    }
    proof.observe(packet);
    if (filter?.isTesting === true) return;
    this.calmRate.low = proof.lowRate;
    this.calmRate.high = proof.highRate;
    this.calmRate.isKnown = true;
  }

  /** Why it is not to be used; null: it is. */
  refuse(measurement: Measurement, now: Raw): Refusal | null {
    const { at, value, steering, hardMin, resolution, remoteState } = measurement;
    if (
      !(
        Number.isFinite(at) &&
        Number.isFinite(value) &&
        Number.isFinite(steering) &&
        Number.isFinite(hardMin) &&
        Number.isFinite(resolution)
      )
    )
      return "NotFinite";
    if (hardMin < 0 || resolution < 0) return "Absurd";
    if (Math.abs(value) > largestValue) {
      if (at > this.lastHeard && at <= now + 0.1) this.lastHeard = at;
      return "FarOff";
    }
    if (at > now + 0.1) return "FromTheFuture";
    if (at < this.lastPacket - Math.max(lateSeconds, lateIntervals * this.config.interval)) return "TooOld";
    if (this.isRemembered(measurement.kind === "toLocal" ? 0 : 1, at)) return "Duplicate";
    if (this.remoteEra !== null && measurement.remoteEra < this.remoteEra) return "StaleRemote";
    if (at > this.lastHeard) this.lastHeard = at;
    if (remoteState.scale === "ARB") return "ArbitraryTimescale";
    if (remoteState.uncertain) return "RemoteUncertain";
    return isUtcOffsetDisputed(remoteState) ? "UtcOffsetDisputed" : null;
  }

  private isRemembered(direction: Direction, at: Raw): boolean {
    const from = direction * remembered;
    for (let i = 0; i < remembered; i++) if (this.recentRaw[from + i] === at) return true;
    return false;
  }

  private remember(direction: Direction, at: Raw): void {
    const slot = this.recentCount[direction]++ % remembered;
    this.recentRaw[direction * remembered + slot] = at;
  }
}

/**
 * It vouches for a TAI − UTC that the leap table denies. One of the two is a second or more wrong, and nothing that travels here
 * can tell whether its TAI is made of UTC and that very offset.
 */
function isUtcOffsetDisputed({ scale, taiMinusUtc }: RemoteState): boolean {
  return scale === "TAI" && taiMinusUtc !== null && taiMinusUtc !== currentTaiMinusUtc();
}
