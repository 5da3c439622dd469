/**
 * What one link knows of local − remote: a bank of noise shapes, the causal interval, correlation, discontinuities, the start
 * and both bounds. Lives in the raw frame, so steering never touches it; floats mutated in place, deterministic.
 */
import type { Nanoseconds, Ppb, Raw } from "../../time/units.js";
import { createArrival, type LinkPacket } from "./arrival.js";
import { beliefVariance, knowsRate, pessimisticRateVariance, pessimisticVariance } from "./bank-variance.js";
import { CausalInterval, type Interval, type RateLimits } from "./causal-interval.js";
import {
  type DiscontinuityKind,
  DiscontinuityTest,
  type Finding,
  floorSumChange,
  movesFloor,
  movesOffset,
  type RunPacket,
} from "./discontinuity.js";
import { FloorFilter } from "./floor-filter.js";
import { lawDisagreement } from "./law-disagreement.js";
import { type LinkSettings, linkSettings } from "./link-settings.js";
import { LinkStart, type LinkState } from "./link-start.js";
import { NeighbourSums } from "./neighbour-sums.js";
import type { NoiseLaw } from "./noise-law.js";
import type { Direction, NoiseShape } from "./noise-shape.js";
import { obeyProof } from "./obey-proof.js";
import { findOpposedJump } from "./opposed-jump.js";
import { ShapeBank } from "./shape-bank.js";
import { noPrior, type Packet, type StartPrior } from "./start-fit.js";
import { StepReview } from "./step-review.js";

export type LinkEventKind = DiscontinuityKind | "lost";

const keptSince = 64;
const lockedOut = 8;
/** Packets after which a route is believed to have changed although one way is silent. */
const eventPatience = 10;
/** A packet that is so much earlier than the earliest before it may begin something else. */
const muchEarlier = 2;
/** So many independent packets know the rate far better than that, ppb, at any jitter and any spacing that there is. */
const provenPackets = 64;
const divergedDeviation: Ppb = 10_000;

export class LinkFilter {
  /** Spacing of exchanges, s. */
  gap = 0;
  /** Newest discontinuity, and how many there were. */
  lastEvent: LinkEventKind | null = null;
  events = 0;
  /** How often all was void and it started anew. */
  losses = 0;
  /** How often the offset was found to have jumped, and the packets since the last jump at the moment when it was found. */
  jumps = 0;
  sinceJump: readonly Packet[] = [];
  /**
   * What the packets of an open contradiction say that the offset has jumped by, ns; 0: nothing. The estimate does not follow it, and
   * the calibrated bound is void while it lasts. A link whose suspicion was false once has none again.
   */
  suspectedJump: Nanoseconds = 0;
  /**
   * How much further ahead, and behind, the local clock is if the packets of the run under test that came too early mean a step, ns.
   * Until that is decided nothing that was known before is enough.
   */
  doubtAhead: Nanoseconds = 0;
  doubtBehind: Nanoseconds = 0;
  readonly causal: CausalInterval;
  private readonly settings: LinkSettings;
  private readonly bank: ShapeBank;
  private readonly start: LinkStart;
  private readonly sinceContradiction: Packet[] = [];
  private readonly sums = new NeighbourSums();
  private run: RunPacket[] = [];
  private runStart: Raw | null = null;
  private hasCriedWolf = false;
  /** What was proven of the rate before the run, and before the newest packet, ppb. */
  private runRate: RateLimits | null = null;
  private readonly rateBefore = { low: 0, high: 0 };
  private lowOdd = 0;
  /** Index of the first packet of the run that came about as early as any, and how early, ns. */
  private earliest = 0;
  private earliestBy: Nanoseconds = 0;
  private readonly highOdd: [number, number] = [0, 0];
  private readonly clean: [number, number] = [0, 0];
  private readonly impossibleInRow: [number, number] = [0, 0];
  private readonly probe = new FloorFilter(0);
  private readonly probed = createArrival();
  /** null: nothing odd has happened yet. */
  private discontinuity: DiscontinuityTest | null = null;
  private lastExchange = 0;
  private hardMin: Nanoseconds = 0;
  private readonly review = new StepReview();
  private readonly resolution: Nanoseconds;
  private readonly hull: Interval = { low: 0, high: 0 };

  /** `interval`: expected spacing of exchanges, s; `maxDrift`, ppb; `resolution` of its stamps, ns, > 0. */
  constructor(
    interval: number,
    maxDrift: Ppb,
    resolution: Nanoseconds,
    prior: StartPrior = noPrior,
    settings: LinkSettings = linkSettings,
  ) {
    this.start = new LinkStart(settings, resolution, prior);
    this.settings = settings;
    this.gap = interval;
    this.resolution = resolution;
    this.bank = new ShapeBank(settings, resolution);
    this.causal = new CausalInterval({ maxRate: settings.maxRate, maxDrift });
  }

  get state(): LinkState {
    return this.start.state;
  }

  /** Combined estimate as of `raw`: raw-frame offset, ns, and rate, ppb. */
  get offset(): Nanoseconds {
    return this.bank.offset;
  }

  get rate(): Ppb {
    return this.bank.rate;
  }

  get raw(): Raw {
    return this.bank.raw;
  }

  /** Packets since the start; the same weighted by their independence. */
  get packets(): number {
    return this.bank.packets;
  }

  get effectivePackets(): number {
    return this.bank.effectivePackets;
  }

  get shapes(): readonly NoiseShape[] {
    return this.bank.shapes;
  }

  /** The leading shape: its noise law is the link's. */
  get shape(): NoiseShape {
    return this.bank.shape;
  }

  /** Index of the leading shape. */
  get shapeIndex(): number {
    return this.bank.shapeIndex;
  }

  /** Extrapolated offset, ns. */
  offsetAt(raw: Raw): Nanoseconds {
    return this.bank.offsetAt(raw);
  }

  /** A run of odd packets is under test. */
  get isTesting(): boolean {
    return this.runStart !== null;
  }

  /** Something contradicts the proven interval and is not resolved yet. */
  get isContradicted(): boolean {
    return this.causal.candidate !== null;
  }

  /** One packet. It is not kept: whoever gives it may use the object for the next. */
  observe(packet: LinkPacket): void {
    const { direction, value, raw, hardMin } = packet;
    const { causal, impossibleInRow } = this;
    this.hardMin = hardMin;
    const era = causal.era;
    this.rateBefore.low = causal.lowRate;
    this.rateBefore.high = causal.highRate;
    causal.observe(packet);
    const doubted = causal.candidate !== null || impossibleInRow[0] > 0 || impossibleInRow[1] > 0;
    if (doubted) {
      this.sinceContradiction.push({ direction, value, raw });
      if (this.sinceContradiction.length > keptSince) this.sinceContradiction.shift();
    }
    if (this.start.isOver) this.follow(packet);
    else {
      this.start.add(packet);
      if (!this.tryStart()) {
        if (this.state === "cold") return;
        this.follow(packet);
      }
    }
    if (causal.era > era && this.state !== "cold" && this.isOutsideProof(raw)) this.lose();
    if (this.state !== "cold" && (impossibleInRow[0] >= lockedOut || impossibleInRow[1] >= lockedOut)) this.lose();
    if (this.sinceContradiction.length > 0 && causal.candidate === null && impossibleInRow[0] === 0 && impossibleInRow[1] === 0)
      this.sinceContradiction.length = 0;
    // A filter that knows that little of the rate after so many packets has diverged: it begins anew.
    if (this.state === "ready" && this.effectivePackets > provenPackets && !knowsRate(this.bank, this.settings, packet, divergedDeviation))
      this.lose();
    if (this.state === "ready" && this.lowOdd === 0) obeyProof(this.bank, causal);
    const since = raw - this.lastExchange;
    if (since > 0.01) {
      this.gap += 0.2 * (Math.min(since, 2 * this.gap) - this.gap);
      this.lastExchange = raw;
    }
  }

  /** Proven interval of the raw-frame offset at `raw` ≥ the newest packet, ns; ±Infinity: open. */
  proveAt(raw: Raw, into: Interval): void {
    this.causal.at(raw, into);
  }

  /**
   * Half width of the calibrated interval around offsetAt(raw), ns; null: void. Every plausible shape is judged by its most
   * pessimistic filter; what statistics cannot see (asymmetry, law) is added linearly.
   */
  radiusAt(raw: Raw): Nanoseconds | null {
    if (this.state !== "ready" || this.causal.candidate !== null) return null;
    const offset = this.offsetAt(raw);
    this.causal.at(raw, this.hull);
    if (offset < this.hull.low || offset > this.hull.high) return null;
    return this.statisticAt(raw) + this.systematic;
  }

  /** Part of the radius that does not average out: asymmetry, delay law, resolution, a step that is in doubt, ns. */
  get systematic(): Nanoseconds {
    const doubt = Math.max(this.doubtAhead, this.doubtBehind);
    return this.asymmetry + lawDisagreement(this.shapes, this.shape, this.offset) + 0.5 * this.resolution + doubt;
  }

  /** Standard deviations that the statistical part of the radius stands for. */
  get boundSigmas(): number {
    return this.settings.boundSigmas;
  }

  /** Statistical part of the radius, ns. */
  statisticAt(raw: Raw): Nanoseconds {
    return this.settings.boundSigmas * (1 + 32 / this.effectivePackets) * Math.sqrt(this.hiddenCorrelation * this.varianceAt(raw));
  }

  /** ≥ 1: the filters reckon with the correlation of queueing that was shown; a bound with this many times as much. */
  get hiddenCorrelation(): number {
    const [toLocal, toRemote] = this.shape.noise;
    return Math.max(1, this.sums.correlation.perhaps / Math.max(toLocal.correlation, toRemote.correlation));
  }

  /** Pessimistic variance of offsetAt(raw), ns². */
  varianceAt(raw: Raw): number {
    return pessimisticVariance(this.bank, this.settings, raw);
  }

  /** Pessimistic standard deviation of the rate at `raw`, ppb. */
  rateDeviationAt(raw: Raw): Ppb {
    return Math.sqrt(pessimisticRateVariance(this.bank, this.settings, raw));
  }

  /** Random walk of the rate, ppb²/s, as the leading shape's most pessimistic filter has it. */
  get wander(): number {
    return this.shape.filters[2].wander;
  }

  /** Standard deviation of one packet's queueing, the noisier way, ns. */
  get jitter(): Nanoseconds {
    const [toLocal, toRemote] = this.shape.noise;
    return Math.sqrt(Math.max(toLocal.variance, toRemote.variance));
  }

  /** Variance of offsetAt(raw) as the whole bank believes it, ns²: neither optimistic nor pessimistic. */
  beliefVarianceAt(raw: Raw): number {
    return beliefVariance(this.bank, this.settings, raw);
  }

  /** How long the error of offsetAt stays alike, s: a steady filter forgets what it has got wrong in P_xx/P_xy; 0: not known. */
  get errorTime(): number {
    const { covariance } = this.shape.filters[1];
    return covariance[1]! > 0 ? covariance[0]! / covariance[1]! : 0;
  }

  /** A floor that moved may have moved one way only, ns. */
  get asymmetry(): Nanoseconds {
    const { shape } = this;
    const margin = 3 * shape.filters[1].meanFloorDeviation;
    const floor = shape.filters[1].meanFloor;
    const drifted = Math.max(floor - margin - shape.lowestFloor, shape.highestFloor - floor - margin);
    return this.review.ambiguity + Math.abs(shape.filters[1].restAsymmetry) + Math.max(0, drifted, this.sums.floorMovement.movement);
  }

  /** Weighted mean floor of one shape, ns. */
  meanFloorOf(index: number): Nanoseconds {
    return this.bank.meanFloorOf(index);
  }

  /** Feeds a known change of frequency forward that happened during a gap: offset and rate move by dx ns, dr ppb. */
  absorbDrift(dx: Nanoseconds, dr: Ppb): void {
    this.bank.absorbDrift(dx, dr);
  }

  // --- start

  /** Begins with what the packets so far say, if they are a reason to: true. */
  private tryStart(): boolean {
    const start = this.start.attempt();
    if (start === null) return false;
    this.bank.start(start, this.run.length === 0);
    return true;
  }

  /** Restarts from the packets since the contradiction; what was known of offset and floor is void. */
  private lose(): void {
    this.recordEvent("lost");
    // A path that was found to be lopsided is not straight again because the filter begins anew.
    this.review.ambiguity = this.packets === 0 ? 0 : this.asymmetry;
    this.losses++;
    this.start.restart(this.sinceContradiction);
    this.impossibleInRow[0] = this.impossibleInRow[1] = 0;
    this.endRun();
    this.sums.restart();
    for (let i = 0; i < 3 && this.tryStart(); i++);
  }

  // --- one packet

  private follow(packet: Packet): void {
    const { settings, impossibleInRow } = this;
    const { direction, raw } = packet;
    const shape = this.shape;
    const middle = shape.filters[1];
    const law = shape.noise[direction];
    const dt = raw - this.raw;
    const tested = this.effectivePackets > settings.eventAfter;
    if (this.run.length === 0 && tested) this.keepBeforeOdd(packet, middle, law);
    this.bank.observe(packet, true);
    if (this.effectivePackets > settings.eventAfter) this.watchRun(packet, shape);
    if (middle.mainWeight < 0.1 && middle.residual < 0) impossibleInRow[direction]++;
    else impossibleInRow[direction] = 0;
    this.bank.combine(this.run.length === 0);
    if (dt >= 0) this.pairNeighbours(packet, middle.mainWeight > 0.5, law);
  }

  /** Snapshot just before a packet that may be odd; one with 0 < residual < 4 scales cannot be. */
  private keepBeforeOdd({ direction, value, raw }: Packet, middle: FloorFilter, law: NoiseLaw): void {
    const { settings, probe, probed } = this;
    const dt = raw - this.raw;
    const offset = middle.offset + middle.rate * dt;
    const residual = direction === 1 ? value + offset - middle.floorToRemote : value - offset - middle.floorToLocal;
    if (residual > 0 && residual < 4 * law.scale && law.correlation === 1) return;
    probe.copy(middle);
    probe.wander = middle.wander;
    probed.toRemote = direction === 1;
    probed.value = value;
    probed.dt = dt;
    probed.age = dt < 0 ? -dt : 0;
    if (dt > 0) probe.predict(probed, settings);
    probe.look(probed, law.own);
    probe.normalize();
    if (!isOdd(probe, settings)) return;
    this.bank.save();
    this.runStart = this.raw;
    this.runRate = { ...this.rateBefore };
  }

  private watchRun({ direction, value, raw }: Packet, shape: NoiseShape): void {
    const { settings, highOdd, clean } = this;
    const middle = shape.filters[1];
    const odd = isOdd(middle, settings);
    if (this.runStart === null || (!odd && this.run.length === 0)) return;
    const correlation = Math.max(shape.noise[0].correlation, shape.noise[1].correlation);
    const longest = settings.eventRun + Math.min(1500, 12 * (correlation - 1));
    this.run.push({ direction, value, raw, odd });
    const length = this.run.length;
    this.suspect(odd, this.runStart);
    if (odd) {
      clean[direction] = 0;
      if (middle.residual < 0) this.doubt(direction, -middle.residual);
      else highOdd[direction]++;
      const enough =
        (this.lowOdd >= settings.eventLow && length >= 4) || highOdd[0] >= settings.eventHigh || highOdd[1] >= settings.eventHigh;
      if (enough && (length < 32 || length % 16 === 0)) this.testRun(length >= longest, correlation);
    } else if (middle.z < 20) {
      highOdd[direction] = 0;
      clean[direction]++;
      const settled = this.lowOdd === 0 || (clean[0] > 3 && clean[1] > 3);
      if (settled && highOdd[0] === 0 && highOdd[1] === 0) this.endRun();
    }
    if (this.run.length > longest) {
      if (this.lowOdd >= 8) this.testRun(true, correlation);
      this.endRun();
    }
  }

  private suspect(odd: boolean, runStart: Raw): void {
    const { shape, suspectedJump } = this;
    if (!odd && suspectedJump !== 0) this.hasCriedWolf = true;
    const may = odd && !this.hasCriedWolf && this.causal.candidate !== null;
    this.suspectedJump = may ? findOpposedJump(this.run, shape.readSavedMiddle(this.probe), runStart, this.jitter) : 0;
  }

  /** A packet came that much earlier than its floor, ns. */
  private doubt(direction: Direction, early: Nanoseconds): void {
    this.lowOdd++;
    if (early > muchEarlier * this.earliestBy) {
      this.earliest = this.run.length - 1;
      this.earliestBy = early;
    }
    // It had queued as well: the step is larger than what shows.
    const step = early + Math.min(early, this.settings.boundSigmas * this.jitter);
    if (direction === 1) this.doubtAhead = Math.max(this.doubtAhead, step);
    else this.doubtBehind = Math.max(this.doubtBehind, step);
  }

  /**
   * A step shows both ways, a route may not: who judges before each way was heard twice takes one for the other. Where one way is
   * silent there is nothing to wait for.
   */
  private knowsBothWays(): boolean {
    const { run, earliest } = this;
    let toRemote = 0;
    for (let i = earliest; i < run.length; i++) toRemote += run[i]!.direction;
    const since = run.length - earliest;
    return (toRemote > 1 && since - toRemote > 1) || since > eventPatience;
  }

  private testRun(last: boolean, correlation: number): void {
    if (this.runStart === null) return;
    this.discontinuity ??= new DiscontinuityTest(this.settings);
    const finding = this.discontinuity.judge(this.run, this.shape, {
      runStart: this.runStart,
      lowRate: this.causal.lowRate,
      highRate: this.causal.highRate,
      hardMin: this.hardMin,
      resolution: this.resolution,
      correlation,
      sumSpread: this.sums.correlation.spread,
      floorRange: this.sums.floorMovement.range,
      earliest: this.earliest,
      knowsBothWays: this.knowsBothWays(),
      last,
    });
    if (finding !== null) this.accept(finding, this.runStart, correlation);
  }

  private accept(finding: Finding, runStart: Raw, correlation: number): void {
    this.bank.replay(this.run, finding, runStart);
    if (movesFloor(finding)) {
      const change = floorSumChange(finding);
      this.sums.correlation.shift(change);
      // With correlated queueing a move of the floor may be a queue that stays: it remains in the bound.
      if (correlation === 1) this.sums.floorMovement.shift(change);
    }
    this.review.observe(finding, this.packets);
    this.recordEvent(finding.kind);
    if (movesOffset(finding)) this.proveAnew(finding);
    this.endRun();
  }

  /** A step of less than twice the path's delay contradicts nothing: packets from before it would prove what is no longer true. */
  private proveAnew(finding: Finding): void {
    this.jumps++;
    this.sinceJump = this.run.slice(finding.at);
    this.causal.restart(finding.hypothesis.rate === true ? null : this.runRate);
    const { hardMin, resolution } = this;
    for (const { direction, value, raw } of this.sinceJump) this.causal.observe({ direction, value, raw, hardMin, resolution });
  }

  private recordEvent(kind: LinkEventKind): void {
    this.lastEvent = kind;
    this.events++;
  }

  private endRun(): void {
    this.run.length = this.suspectedJump = 0;
    this.runStart = null;
    this.doubtAhead = this.doubtBehind = this.earliest = this.earliestBy = 0;
    this.lowOdd = this.highOdd[0] = this.highOdd[1] = this.clean[0] = this.clean[1] = 0;
  }

  private pairNeighbours(packet: Packet, isMain: boolean, law: NoiseLaw): void {
    const { sums } = this;
    if (!sums.observe(packet, isMain, this)) return;
    if (sums.release !== 0) this.bank.releaseFloor(sums.release);
    const packets = sums.correlation.spread > this.resolution ? sums.correlation.packets : 1;
    const now = law.correlation;
    if (now === packets || !(packets > 1.3 * now || packets < 0.7 * now || packets === 1)) return;
    this.bank.temper(packets);
  }

  // --- proof against belief

  private isOutsideProof(raw: Raw): boolean {
    this.causal.at(raw, this.hull);
    return this.offsetAt(raw) < this.hull.low || this.offset > this.hull.high;
  }
}

function isOdd(filter: FloorFilter, settings: LinkSettings): boolean {
  return filter.mainWeight < 0.1 || filter.normalized < -settings.eventSigmas;
}
