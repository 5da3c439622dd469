/**
 * The joint estimate of a clock with several links, or with one whose remote knows its own error, or of a clock that others follow:
 * a star of joint filters (wander-star.ts), perhaps with a damped companion that steers. Evidence of all links is pooled, so the wander
 * is learnt from all of them; it is frozen while sources are in doubt, or a lie would be learnt as wander of our own oscillator.
 */
import type { Nanoseconds, Ppb, Raw } from "../../time/units.js";
import { type ClockEstimate, type EstimateBelief, errorTimeOf } from "../fusion.js";
import { frequencyEventVariance } from "../link/discontinuity.js";
import { learning } from "../link/link-bound.js";
import { linkSettings } from "../link/link-settings.js";
import type { Direction } from "../link/noise-shape.js";
import type { SourceLink } from "../source-link.js";
import { DampedCompanion } from "./damped-companion.js";
import type { JointFilter } from "./joint-filter.js";
import { WanderStar, wanderRatio } from "./wander-star.js";

/** The only clock of this estimate. */
const own = 0;
/** A shape must lead by that many nats before a link's law changes, or floors would jump with every flip. */
const sticky = 10;
/** Effective packets a link needs before it joins. */
const joinAfter = 40;
/** After a change of route a floor may be anywhere within a millisecond, ns². */
const routeVariance = 1e12;
/** Asymmetry changes within a day, s: faster, and it would explain what the oscillator does. */
const asymmetryTime = 1e5;
const { boundSigmas } = linkSettings;
/** Wander that is still plausible, times the mean of the filters: between neighbours of the star. */
const plausibleWander = 2;
/** Correlation of a remote's error while it does not say, s: that of a clock steered at one exchange a second. */
const usualErrorTime = 100;

export interface Forecast {
  readonly raw: Raw;
  readonly offset: Nanoseconds;
  readonly rate: Ppb;
  readonly wander: number;
  readonly offsetVariance: number;
  readonly offsetRate: number;
  readonly rateVariance: number;
}

interface Member {
  readonly link: SourceLink;
  shape: number;
  floor: Nanoseconds;
  events: number;
  frequencyEvent: Raw;
}

export class JointEstimate implements ClockEstimate {
  isReady = false;
  /** Sources are in doubt: the wander is not learnt. */
  frozen = false;
  raw: Raw = 0;
  effectivePackets = 0;
  private damping = 0;
  private star = new WanderStar(1);
  private companion: DampedCompanion | null = null;
  private readonly members = new Map<string, Member>();

  /** @param damping ζ of what steers (damped-companion.ts); up to 1/√2: the estimate itself */
  constructor(damping = 0) {
    this.damp(damping);
  }

  /** Only a joint estimate steers with that damping. */
  static isDamped(damping: number): boolean {
    return DampedCompanion.isNeeded(damping);
  }

  /** Sets ζ of what steers; a new one starts from the base. */
  damp(damping: number): void {
    const needed = DampedCompanion.isNeeded(damping);
    if (needed === (this.companion !== null) && damping === this.damping) return;
    this.damping = damping;
    this.companion = needed ? new DampedCompanion(1, damping) : null;
    if (this.isReady) this.companion?.seed(this.star.base);
  }

  get rate(): Ppb {
    return this.star.mix((filter) => filter.rate(own));
  }

  get steeringRate(): Ppb {
    return this.companion?.filter.rate(own) ?? this.rate;
  }

  get wander(): number {
    return this.star.most(own).wanders[own]!;
  }

  get gap(): number {
    let gap = Number.POSITIVE_INFINITY;
    for (const { link } of this.members.values()) gap = Math.min(gap, link.filter?.gap ?? gap);
    return Number.isFinite(gap) ? gap : 1;
  }

  get size(): number {
    return this.members.size;
  }

  has(id: string): boolean {
    return this.members.has(id);
  }

  rateDeviationAt(raw: Raw): Ppb {
    const more = this.star.most(own);
    const apart = more.rate(own) - this.rate;
    const ahead = plausibleWander * more.wanders[own]! * Math.max(0, raw - this.raw);
    return Math.sqrt(more.rateVariance(own) + ahead + apart * apart);
  }

  offsetAt(raw: Raw): Nanoseconds {
    const dt = raw - this.raw;
    return this.star.mix((filter) => filter.offset(own) + filter.rate(own) * dt);
  }

  steeringOffsetAt(raw: Raw): Nanoseconds {
    const filter = this.companion?.filter;
    return filter === undefined ? this.offsetAt(raw) : filter.offset(own) + filter.rate(own) * (raw - this.raw);
  }

  /**
   * √P_xx of the mixture, neither pessimistic nor optimistic: what a receiver of this clock's time is to believe. What asymmetries
   * add is no part of it, as with one link: it lasts for days, and is what the systematic part of a bound is for.
   */
  beliefAt(raw: Raw): EstimateBelief {
    const dt = raw - this.raw;
    const offset = this.offsetAt(raw);
    const variance = this.star.mix((filter) => {
      const apart = filter.offset(own) + filter.rate(own) * dt - offset;
      const { offset: now, shared, rate } = filter.besideAsymmetry(own);
      return now + dt * (2 * shared + dt * (rate + (filter.wanders[own]! * dt) / 3)) + apart * apart;
    });
    const { offset: offsetVariance, shared } = this.star.base.besideAsymmetry(own);
    const time = shared > 0 ? offsetVariance / shared : 0;
    return { deviation: Math.sqrt(variance), errorTime: errorTimeOf(time) };
  }

  deviationAt(raw: Raw): Nanoseconds {
    return Math.sqrt(this.varianceAt(raw));
  }

  /**
   * Half width of the calibrated interval, ns; null: void. The tightest of every member's own interval and of the joint statistic,
   * each a valid statement by itself. Of one link, its own filters know more than the joint ones; and a joint estimate that most of
   * its members contradict is wrong, whatever it believes of itself.
   */
  radiusAt(raw: Raw): Nanoseconds | null {
    if (!this.isReady) return null;
    const offset = this.offsetAt(raw);
    let tightest = Number.POSITIVE_INFINITY;
    let [source, path, hidden] = [0, 0, 1];
    let [complete, against] = [0, 0];
    for (const { link } of this.members.values()) {
      const { filter } = link;
      const radius = link.radiusAt(raw);
      if (radius === null || filter === null) continue;
      const apart = Math.abs(filter.offsetAt(raw) - offset);
      tightest = Math.min(tightest, radius + apart);
      if (apart > radius) against++;
      complete++;
      source = Math.max(source, link.rootSystematic ?? 0);
      path = Math.max(path, filter.systematic + link.asymmetryPrior);
      hidden = Math.max(hidden, filter.hiddenCorrelation);
    }
    if (complete === this.members.size && complete > 1 && 2 * against < complete) {
      const statistic = boundSigmas * (1 + learning / Math.max(1, this.effectivePackets)) * Math.sqrt(hidden) * this.deviationAt(raw);
      tightest = Math.min(tightest, statistic + source + path);
    }
    return Number.isFinite(tightest) ? tightest : null;
  }

  absorbDrift(offset: Nanoseconds, rate: Ppb): void {
    for (const filter of this.all()) filter.absorbDrift(own, offset, rate);
  }

  /** A packet that the link's own filter has just used, raw frame. `muted`: only the link itself may learn from it. */
  observe(link: SourceLink, direction: Direction, value: Nanoseconds, raw: Raw, muted: boolean): void {
    const { filter } = link;
    if (filter === null || filter.state !== "ready") return;
    const member = this.members.get(link.config.id);
    if (member === undefined) return;
    this.moveTo(raw);
    this.followLaw(member, direction);
    this.followEvents(member, raw);
    if (muted) return;
    const shape = filter.shapes[member.shape]!;
    const law = shape.noise[direction];
    // A stamp older than the state is projected with the known rate.
    const age = Math.max(0, this.raw - raw);
    const projected = value + (direction === 0 ? 1 : -1) * this.rate * age;
    const { rootSigma } = link;
    if (rootSigma > 0) for (const joint of this.all()) joint.assume(link.config.id, rootSigma, link.remote?.rootTau ?? usualErrorTime);
    this.effectivePackets += 1 / law.correlation;
    const judge = (joint: JointFilter) => joint.update(link.config.id, direction === 1, projected, law);
    const ofBase = this.star.judge(judge);
    this.companion?.compare(judge(this.companion.filter), ofBase);
    if (!this.frozen) this.star.learn(this.mostWander());
    this.star.weigh();
    this.companion?.follow(this.star.base);
  }

  /** A link joins: the first one brings offset and rate, later ones only a vague floor. */
  join(link: SourceLink, raw: Raw): boolean {
    const { filter } = link;
    if (filter === null || filter.state !== "ready" || this.members.has(link.config.id)) return false;
    const first = !this.isReady;
    if (!first && filter.effectivePackets < joinAfter) return false;
    this.moveTo(raw);
    const member = {
      link,
      shape: filter.shapeIndex,
      floor: filter.meanFloorOf(filter.shapeIndex),
      events: filter.events,
      frequencyEvent: Number.NEGATIVE_INFINITY,
    };
    const jitter = filter.shape.noise[0].variance;
    // One link cannot tell asymmetry from offset; the second makes both doubtful.
    const asymmetry = first ? 0 : asymmetryOf(link, member.floor);
    for (const [id, other] of this.members) for (const joint of this.all()) joint.doubtSymmetry(id, asymmetryOf(other.link, other.floor));
    if (first) {
      const state = filter.shape.filters[1].covariance;
      const variance = 4 * state[0]! + 1 + link.rootSigma ** 2;
      for (const joint of this.all()) {
        joint.clear();
        joint.start(own, null, filter.offsetAt(raw), filter.rate, variance, 4 * state[4]! + 1);
      }
      this.raw = raw;
      this.isReady = true;
      this.effectivePackets = filter.effectivePackets;
    }
    for (const joint of this.all())
      joint.add(link.config.id, {
        local: own,
        remote: null,
        floor: member.floor,
        floorVariance: 4 * jitter,
        asymmetry,
        asymmetryTime,
        remoteError: link.rootSigma,
        remoteErrorTime: link.remote?.rootTau ?? usualErrorTime,
      });
    this.members.set(link.config.id, member);
    if (first) this.companion?.follow(this.star.base);
    return true;
  }

  /** A link leaves. `offsetVariance`, `rateVariance`: what its pull may have been (ns², ppb²); the clean links close it again. */
  leave(id: string, offsetVariance = 0, rateVariance = 0): void {
    if (!this.members.delete(id)) return;
    for (const joint of this.all()) {
      joint.remove(id);
      joint.open(own, offsetVariance, rateVariance);
    }
  }

  /** Mean and covariance of (offset ns, rate ppb) of the base filter as of `raw`, and the wander, ppb²/s. */
  get forecast(): Forecast {
    const { base } = this.star;
    return {
      raw: this.raw,
      offset: base.offset(own),
      rate: base.rate(own),
      wander: base.wanders[own]!,
      offsetVariance: base.offsetVariance(own),
      offsetRate: base.offsetRate(own),
      rateVariance: base.rateVariance(own),
    };
  }

  /** Most of its members contradict it: their packets look impossible to it, so it would never come back by itself. */
  isLockedOut(raw: Raw): boolean {
    const offset = this.offsetAt(raw);
    const ownReach = boundSigmas * this.deviationAt(raw);
    let against = 0;
    for (const { link } of this.members.values()) {
      const { filter } = link;
      if (filter === null || filter.state !== "ready") continue;
      const reach = ownReach + filter.statisticAt(raw) + filter.asymmetry + link.asymmetryPrior;
      if (Math.abs(filter.offsetAt(raw) - offset) > reach) against++;
    }
    return 2 * against > this.members.size;
  }

  /** All is void. */
  forget(): void {
    this.members.clear();
    this.isReady = false;
    this.effectivePackets = 0;
  }

  private moveTo(raw: Raw): void {
    const dt = raw - this.raw;
    if (!(dt > 0)) return;
    if (this.isReady) for (const joint of this.all()) joint.predict(dt);
    this.raw = raw;
  }

  /** The link's floor means what its law says: when the law changes, the floor moves with it. */
  private followLaw(member: Member, direction: Direction): void {
    const { filter } = member.link;
    if (filter === null) return;
    const id = member.link.config.id;
    const present = filter.shapes[member.shape]!;
    if (filter.shape.evidence > present.evidence + sticky) {
      member.shape = filter.shapeIndex;
      const floor = filter.meanFloorOf(member.shape);
      for (const joint of this.all()) joint.moveFloor(id, floor - member.floor, filter.shape.noise[0].variance);
    } else {
      const shift = present.noise[direction].meanShift / 2;
      if (shift !== 0) for (const joint of this.all()) joint.moveFloor(id, -shift, 0);
    }
    member.floor = filter.meanFloorOf(member.shape);
  }

  /** A route event opens that link's floor only; a frequency event opens the rate only when most links saw it. */
  private followEvents(member: Member, raw: Raw): void {
    const { filter } = member.link;
    if (filter === null || filter.events === member.events) return;
    member.events = filter.events;
    const kind = filter.lastEvent;
    if (kind === null) return;
    if (kind.startsWith("route") || kind === "lost") {
      for (const joint of this.all()) joint.moveFloor(member.link.config.id, 0, routeVariance);
      return;
    }
    if (kind !== "frequency" && kind !== "stepAndFrequency") return;
    member.frequencyEvent = raw;
    let seen = 0;
    for (const other of this.members.values()) {
      const window = 30 * Math.max(1, other.link.filter?.gap ?? 1);
      if (raw - other.frequencyEvent < window) seen++;
    }
    if (2 * seen > this.members.size) for (const joint of this.all()) joint.open(own, 0, frequencyEventVariance);
  }

  /**
   * Sources that drift apart look like an oscillator that wanders, but only here: a link's own filter sees one source. More than
   * half of the links must see at least as much, ppb/√s.
   */
  private mostWander(): number {
    const seen = [...this.members.values()].map(({ link }) => Math.sqrt(link.filter?.wander ?? 0)).sort((a, b) => a - b);
    return (seen[(seen.length - 1) >> 1] ?? 0) / wanderRatio;
  }

  /** Pessimistic: the widest filter, its distance from the mixture, wander twice the mean between packets. */
  private varianceAt(raw: Raw): number {
    const dt = raw - this.raw;
    const more = this.star.most(own);
    const wander = plausibleWander * this.star.mix((filter) => filter.wanders[own]!);
    const apart = more.offset(own) + more.rate(own) * dt - this.offsetAt(raw);
    return more.offsetVarianceAhead(own, dt, wander) + apart * apart;
  }

  private *all(): Iterable<JointFilter> {
    yield* this.star.filters;
    if (this.companion !== null) yield this.companion.filter;
  }
}

/** Standard deviation of a link's asymmetry where sources may disagree: its prior, else a hundredth of the path, and never nothing, ns. */
function asymmetryOf(link: SourceLink, floor: Nanoseconds): Nanoseconds {
  return Math.max(link.asymmetryPrior / 2, 0.01 * Math.max(0, floor), 1);
}
