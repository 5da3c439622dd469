/**
 * What one link knows of local − remote: a bank of noise shapes, the causal interval, correlation, discontinuities, the start
 * and both bounds. Lives in the raw frame, so steering never touches it; floats mutated in place, deterministic.
 */
import type { Nanoseconds, Ppb, Raw } from "../../time/units.js";
import type { LinkPacket } from "./arrival.js";
import { beliefVariance, knowsRate, pessimisticRateVariance, pessimisticVariance } from "./bank-variance.js";
import { CausalInterval, type Interval } from "./causal-interval.js";
import { type DiscontinuityKind, type Finding, floorSumChange, movesFloor, movesOffset } from "./discontinuity.js";
import { LinkBound } from "./link-bound.js";
import { type LinkSettings, linkSettings } from "./link-settings.js";
import { LinkStart, type LinkState } from "./link-start.js";
import { NeighbourSums } from "./neighbour-sums.js";
import type { NoiseLaw } from "./noise-law.js";
import type { NoiseShape } from "./noise-shape.js";
import { obeyProof } from "./obey-proof.js";
import { OddRun } from "./odd-run.js";
import { ShapeBank } from "./shape-bank.js";
import { noPrior, type Packet, type StartPrior } from "./start-fit.js";
import { StepReview } from "./step-review.js";

export type LinkEventKind = DiscontinuityKind | "lost";

const keptSince = 64;
const lockedOut = 8;
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
  readonly causal: CausalInterval;
  private readonly settings: LinkSettings;
  private readonly bank: ShapeBank;
  private readonly start: LinkStart;
  private readonly sinceContradiction: Packet[] = [];
  private readonly sums = new NeighbourSums();
  private readonly run: OddRun;
  /** What was proven of the rate before the newest packet, ppb. */
  private readonly rateBefore = { low: 0, high: 0 };
  private readonly impossibleInRow: [number, number] = [0, 0];
  private lastExchange = 0;
  private readonly review = new StepReview();
  private readonly bound: LinkBound;
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
    const { bank, causal, sums, review } = this;
    const knowledge = { settings, resolution, bank, causal, sums, review };
    this.run = new OddRun(knowledge);
    this.bound = new LinkBound(knowledge, this.run);
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
    return this.run.start !== null;
  }

  /**
   * What the packets of an open contradiction say that the offset has jumped by, ns; 0: nothing. The estimate does not follow it, and
   * the calibrated bound is void while it lasts.
   */
  get suspectedJump(): Nanoseconds {
    return this.run.suspectedJump;
  }

  /**
   * How much further ahead, and behind, the local clock is if the packets of the run under test that came too early mean a step, ns.
   * Until that is decided nothing that was known before is enough.
   */
  get doubtAhead(): Nanoseconds {
    return this.run.doubtAhead;
  }

  get doubtBehind(): Nanoseconds {
    return this.run.doubtBehind;
  }

  /** Something contradicts the proven interval and is not resolved yet. */
  get isContradicted(): boolean {
    return this.causal.candidate !== null;
  }

  /** One packet. It is not kept: whoever gives it may use the object for the next. */
  observe(packet: LinkPacket): void {
    const { direction, value, raw } = packet;
    const { causal, impossibleInRow } = this;
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
    if (this.state === "ready" && !this.run.hasEarly) obeyProof(this.bank, causal);
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

  /** Half width of the calibrated interval around offsetAt(raw), ns; null: void. */
  radiusAt(raw: Raw): Nanoseconds | null {
    if (this.state !== "ready" || this.causal.candidate !== null) return null;
    const offset = this.offsetAt(raw);
    this.causal.at(raw, this.hull);
    if (offset < this.hull.low || offset > this.hull.high) return null;
    return this.statisticAt(raw) + this.systematic;
  }

  /** Part of the radius that does not average out: asymmetry, delay law, resolution, a step that is in doubt, ns. */
  get systematic(): Nanoseconds {
    return this.bound.systematic;
  }

  /** Standard deviations that the statistical part of the radius stands for. */
  get boundSigmas(): number {
    return this.settings.boundSigmas;
  }

  /** Statistical part of the radius, ns. */
  statisticAt(raw: Raw): Nanoseconds {
    return this.bound.statisticAt(raw);
  }

  /** ≥ 1: the filters reckon with the correlation of queueing that was shown; a bound with this many times as much. */
  get hiddenCorrelation(): number {
    return this.bound.hiddenCorrelation;
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
    return this.shape.jitter;
  }

  /** Variance of offsetAt(raw) as the whole bank believes it, ns²: neither optimistic nor pessimistic. */
  beliefVarianceAt(raw: Raw): number {
    return beliefVariance(this.bank, this.settings, raw);
  }

  /** How long the error of offsetAt stays alike, s; 0: not known. */
  get errorTime(): number {
    return this.shape.filters[1].errorTime;
  }

  /** What the path may be lopsided by: floors that moved, a queue on one way, a step that may have been a route, ns. */
  get asymmetry(): Nanoseconds {
    return this.bound.asymmetry;
  }

  /** Weighted mean floor of one shape, ns. */
  meanFloorOf(index: number): Nanoseconds {
    return this.bank.meanFloorOf(index);
  }

  /** Feeds a known change of frequency forward that happened during a gap: offset and rate move by dx ns, dr ppb. */
  absorbDrift(dx: Nanoseconds, dr: Ppb): void {
    this.bank.absorbDrift(dx, dr);
  }

  /** Begins with what the packets so far say, if they are a reason to: true. */
  private tryStart(): boolean {
    const start = this.start.attempt();
    if (start === null) return false;
    this.bank.start(start, this.run.isEmpty);
    return true;
  }

  /** Restarts from the packets since the contradiction; what was known of offset and floor is void. */
  private lose(): void {
    this.recordEvent("lost");
    // A path that was found to be lopsided is not straight again because the filter begins anew.
    this.review.restart(this.packets === 0 ? 0 : this.bound.lastingAsymmetry);
    this.losses++;
    this.start.restart(this.sinceContradiction);
    this.impossibleInRow[0] = this.impossibleInRow[1] = 0;
    this.run.end();
    this.sums.restart();
    // Three fits at most: of 4, 8 and 16 exchanges.
    for (let i = 0; i < 3 && this.tryStart(); i++);
  }

  private follow(packet: LinkPacket): void {
    const { settings, bank, run, impossibleInRow } = this;
    const { direction, raw } = packet;
    const law = bank.shape.noise[direction];
    const dt = raw - bank.raw;
    if (bank.effectivePackets > settings.eventAfter) run.expect(packet, this.rateBefore);
    bank.observe(packet, true);
    const finding = bank.effectivePackets > settings.eventAfter ? run.observe(packet) : null;
    if (finding !== null) this.accept(finding, packet);
    const { look } = bank;
    if (look.mainWeight < 0.1 && look.residual < 0) impossibleInRow[direction]++;
    else impossibleInRow[direction] = 0;
    bank.combine(run.isEmpty);
    if (dt >= 0) this.pairNeighbours(packet, look.mainWeight > 0.5, law);
  }

  /** What the run under test has turned out to mean. */
  private accept(finding: Finding, packet: LinkPacket): void {
    const { bank, run, sums } = this;
    bank.replay(run.packets, finding, run.start ?? bank.raw);
    if (movesFloor(finding)) {
      const change = floorSumChange(finding);
      sums.correlation.shift(change);
      // With correlated queueing a move of the floor may be a queue that stays: it remains in the bound.
      if (bank.shape.correlation === 1) sums.shiftFloor(change);
    }
    this.review.observe(finding, bank.packets, run.packets.length - finding.at);
    this.recordEvent(finding.kind);
    if (movesOffset(finding)) this.proveAnew(finding, packet.hardMin);
    run.end();
  }

  /** A step of less than twice the path's delay contradicts nothing: packets from before it would prove what is no longer true. */
  private proveAnew(finding: Finding, hardMin: Nanoseconds): void {
    const { run, causal, resolution } = this;
    this.jumps++;
    this.sinceJump = run.packets.slice(finding.at).map(({ direction, value, raw }) => ({ direction, value, raw }));
    causal.restart(finding.hypothesis.rate === true ? null : run.rate);
    for (const { direction, value, raw } of this.sinceJump) causal.observe({ direction, value, raw, hardMin, resolution });
  }

  private recordEvent(kind: LinkEventKind): void {
    this.lastEvent = kind;
    this.events++;
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

  private isOutsideProof(raw: Raw): boolean {
    this.causal.at(raw, this.hull);
    const offset = this.offsetAt(raw);
    return offset < this.hull.low || offset > this.hull.high;
  }
}
