/**
 * The joint estimate of a clock with several links: three joint filters whose oscillator wanders by once, a third and three
 * times the present estimate. Evidence of all links is pooled, so the wander is learnt from all of them; it is frozen while
 * sources are in doubt, or a lie would be learnt as wander of our own oscillator.
 */
import type { Nanoseconds, Ppb, Raw } from "../../time/units.js";
import type { ClockEstimate } from "../fusion.js";
import { frequencyEventVariance } from "../link/discontinuity.js";
import type { Direction } from "../link/noise-shape.js";
import type { SourceLink } from "../source-link.js";
import { JointFilter } from "./joint-filter.js";

const ratio = 3;
const wanderStart = 2;
const wanderMin = 1e-3;
const wanderMax = 3000;
const memory = 1500;
const lead = 1;
/** A shape must lead by that many nats before a link's law changes, or floors would jump with every flip. */
const sticky = 10;
/** Effective packets a link needs before it joins. */
const joinAfter = 40;
const routeVariance = 1e12;
const asymmetryTime = 1e5;
const boundSigmas = 4.8;
const plausibleWander = 2;

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
  /** Base, a third, three times. */
  private filters: [JointFilter, JointFilter, JointFilter];
  private readonly weights: [number, number, number] = [1, 0, 0];
  private baseWander = wanderStart;
  private readonly members = new Map<string, Member>();

  constructor() {
    this.filters = [new JointFilter(0), new JointFilter(0), new JointFilter(0)];
    this.setWanders();
  }

  get rate(): Ppb {
    return this.mix((filter) => filter.rate);
  }

  get wander(): number {
    return this.filters[2].wander;
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
    const [, , more] = this.filters;
    const apart = more.rate - this.rate;
    const ahead = plausibleWander * more.wander * Math.max(0, raw - this.raw);
    return Math.sqrt(more.rateVariance + ahead + apart * apart);
  }

  offsetAt(raw: Raw): Nanoseconds {
    const dt = raw - this.raw;
    return this.mix((filter) => filter.offset + filter.rate * dt);
  }

  deviationAt(raw: Raw): Nanoseconds {
    return Math.sqrt(this.varianceAt(raw));
  }

  /**
   * Half width of the calibrated interval, ns; null: void. The tightest of the joint statistic and of every member's own
   * interval, each a valid statement by itself.
   */
  radiusAt(raw: Raw): Nanoseconds | null {
    if (!this.isReady) return null;
    const offset = this.offsetAt(raw);
    let tightest = Number.POSITIVE_INFINITY;
    let systematic = 0;
    let asymmetry = 0;
    let complete = this.members.size > 0;
    for (const { link } of this.members.values()) {
      const own = link.radiusAt(raw);
      const root = link.rootSystematic;
      if (own !== null && link.filter !== null) tightest = Math.min(tightest, own + Math.abs(link.filter.offsetAt(raw) - offset));
      if (root === null || link.filter === null || own === null) complete = false;
      else {
        systematic = Math.max(systematic, root);
        asymmetry = Math.max(asymmetry, link.filter.asymmetry + link.asymmetryPrior);
      }
    }
    if (complete) {
      const statistic = boundSigmas * (1 + 32 / Math.max(1, this.effectivePackets)) * this.deviationAt(raw);
      tightest = Math.min(tightest, statistic + systematic + asymmetry);
    }
    return Number.isFinite(tightest) ? tightest : null;
  }

  absorbDrift(offset: Nanoseconds, rate: Ppb): void {
    for (const filter of this.filters) filter.absorbDrift(offset, rate);
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
    if (rootSigma > 0) for (const joint of this.filters) joint.assume(link.config.id, rootSigma, link.remote?.rootTau ?? 100);
    const keep = 1 - 1 / memory;
    this.effectivePackets += 1 / law.correlation;
    for (const joint of this.filters)
      joint.evidence = joint.evidence * keep + joint.update(link.config.id, direction === 1, projected, law);
    if (!this.frozen) this.shiftWander();
    this.weigh();
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
    const asymmetry = Math.max(link.asymmetryPrior / 2, 0.01 * Math.max(0, member.floor), 1);
    if (first) {
      const state = filter.shape.filters[1].covariance;
      const variance = 4 * state[0]! + 1 + asymmetry ** 2 + link.rootSigma ** 2;
      for (const joint of this.filters) joint.start(filter.offsetAt(raw), filter.rate, variance, 4 * state[4]! + 1);
      this.raw = raw;
      this.isReady = true;
      this.effectivePackets = filter.effectivePackets;
    }
    for (const joint of this.filters)
      joint.add(link.config.id, {
        floor: member.floor,
        floorVariance: 4 * jitter,
        asymmetry,
        asymmetryTime,
        remoteError: link.rootSigma,
        remoteErrorTime: link.remote?.rootTau ?? 100,
      });
    this.members.set(link.config.id, member);
    return true;
  }

  /** A link leaves. `offsetVariance`, `rateVariance`: what its pull may have been (ns², ppb²); the clean links close it again. */
  leave(id: string, offsetVariance = 0, rateVariance = 0): void {
    if (!this.members.delete(id)) return;
    for (const joint of this.filters) {
      joint.remove(id);
      joint.open(offsetVariance, rateVariance);
    }
  }

  /** Mean and covariance of (offset ns, rate ppb) of the base filter as of `raw`, and the wander, ppb²/s. */
  get forecast(): Forecast {
    const [base] = this.filters;
    return { raw: this.raw, offset: base.offset, rate: base.rate, wander: base.wander, ...base.clockCovariance };
  }

  /** Most of its members contradict it: their packets look impossible to it, so it would never come back by itself. */
  isLockedOut(raw: Raw): boolean {
    const offset = this.offsetAt(raw);
    const own = boundSigmas * this.deviationAt(raw);
    let against = 0;
    for (const { link } of this.members.values()) {
      const { filter } = link;
      if (filter === null || filter.state !== "ready") continue;
      const reach = own + filter.statisticAt(raw) + filter.asymmetry + link.asymmetryPrior;
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
    if (this.isReady) for (const joint of this.filters) joint.predict(dt);
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
      for (const joint of this.filters) joint.moveFloor(id, floor - member.floor, filter.shape.noise[0].variance);
    } else {
      const shift = present.noise[direction].meanShift / 2;
      if (shift !== 0) for (const joint of this.filters) joint.moveFloor(id, -shift, 0);
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
      for (const joint of this.filters) joint.moveFloor(member.link.config.id, 0, routeVariance);
      return;
    }
    if (kind !== "frequency" && kind !== "stepAndFrequency") return;
    member.frequencyEvent = raw;
    let seen = 0;
    for (const other of this.members.values()) {
      const window = 30 * Math.max(1, other.link.filter?.gap ?? 1);
      if (raw - other.frequencyEvent < window) seen++;
    }
    if (2 * seen > this.members.size) for (const joint of this.filters) joint.open(0, frequencyEventVariance);
  }

  private shiftWander(): void {
    const [base, less, more] = this.filters;
    if (more.evidence > base.evidence + lead && this.baseWander * ratio <= wanderMax) {
      this.baseWander *= ratio;
      this.filters = [more, base, less.copy(more)];
      less.evidence = more.evidence - 0.5;
    } else if (less.evidence > base.evidence + lead && this.baseWander > wanderMin) {
      this.baseWander /= ratio;
      this.filters = [less, more.copy(less), base];
      more.evidence = less.evidence - 0.5;
    } else return;
    this.setWanders();
  }

  private setWanders(): void {
    const [base, less, more] = this.filters;
    base.wander = this.baseWander ** 2;
    less.wander = (this.baseWander / ratio) ** 2;
    more.wander = (this.baseWander * ratio) ** 2;
  }

  private weigh(): void {
    const [base, less, more] = this.filters;
    const most = Math.max(base.evidence, less.evidence, more.evidence);
    const a = Math.exp(base.evidence - most);
    const b = Math.exp(less.evidence - most);
    const c = Math.exp(more.evidence - most);
    const sum = a + b + c;
    this.weights[0] = a / sum;
    this.weights[1] = b / sum;
    this.weights[2] = c / sum;
  }

  /** Pessimistic: the widest filter, its distance from the mixture, wander twice the mean between packets. */
  private varianceAt(raw: Raw): number {
    const dt = raw - this.raw;
    const [, , more] = this.filters;
    const wander = plausibleWander * this.mix((filter) => filter.wander);
    const apart = more.offset + more.rate * dt - this.offsetAt(raw);
    return more.offsetVarianceAhead(dt, wander) + apart * apart;
  }

  private mix(of: (filter: JointFilter) => number): number {
    const { filters, weights } = this;
    return weights[0] * of(filters[0]) + weights[1] * of(filters[1]) + weights[2] * of(filters[2]);
  }
}
