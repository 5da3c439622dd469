/**
 * From sources to one estimate: who votes, who is believed, who steers. Primaries first, Fallback only when no Primary
 * survives, watchdogs never; among those of one use the highest priority. Two or more that steer make a joint estimate.
 */
import type { Nanoseconds, Ppb, Raw } from "../time/units.js";
import type { EnsembleConfig, LinkConfig, SourceState, SourceStatus } from "./contract.js";
import { type ClockEstimate, MiddleEstimate, SingleLinkEstimate } from "./fusion.js";
import { JointEstimate } from "./joint/joint-estimate.js";
import type { Contradiction, Interval } from "./link/causal-interval.js";
import { noPrior, type StartPrior } from "./link/start-fit.js";
import type { LinkId, Measurement } from "./measurement.js";
import { OscillatorWitness } from "./oscillator-witness.js";
import { PhaseBuildOut } from "./phase-buildout.js";
import { SourceLink } from "./source-link.js";
import { type Ballot, findMajority, type Segment } from "./vote/majority.js";
import { SourceVote } from "./vote/source-vote.js";
import { collectVoters, groupOf, limitLink } from "./voters.js";

/** A better source must have been eligible that long before it takes over, s. */
const holdDown = 30;
/** At the start others are waited for that long, and that many of their intervals, s. */
const startGrace = 5;
const startIntervals = 4;
/** Sources that disagree since one of them jumped are not followed for that long: the frequency is held, s. */
const splitAfter = 30;
/** The sources that are left have taken back the pull of one that is muted after that time, s. */
const pullLife = 30;
/** So far a source's own noise may take it from the joint estimate, standard deviations. */
const noiseSigmas = 1;

export interface Proof {
  /** Raw frame, ns, at the instant asked for; it grows by the rates, ppb. */
  low: Nanoseconds;
  high: Nanoseconds;
  lowRate: Ppb;
  highRate: Ppb;
}

export class Consensus {
  readonly links = new Map<LinkId, SourceLink>();
  readonly buildOut = new PhaseBuildOut();
  readonly vote = new SourceVote();
  /** The source that stands for the clock; null: none yet. */
  selected: SourceLink | null = null;
  estimate: ClockEstimate | null = null;
  /** Why nothing may start; empty when it may. */
  waiting = "";
  /** How far the joint estimate is from what most of its sources say by themselves, beyond what their noise explains, ns. */
  private lag: Nanoseconds = 0;
  private joint: JointEstimate | null = null;
  private damping = 0;
  private active: readonly SourceLink[] = [];
  private activeKey = "";
  private lastTick: Raw = Number.NEGATIVE_INFINITY;
  private firstReady: Raw | null = null;
  private single: SourceLink | null = null;
  private dirty = true;
  /** Of links that are yet to come. */
  private priorOf: (link: LinkId) => StartPrior = () => noPrior;
  private disagreeSince: Raw | null = null;
  private readonly mutedSince = new Map<LinkId, Raw>();
  private readonly generations = new Map<LinkId, number>();
  private readonly witness = new OscillatorWitness();
  private readonly interval: Interval = { low: 0, high: 0 };

  configure(config: EnsembleConfig): void {
    const wanted = new Set(config.links.map((link) => link.id));
    for (const id of this.links.keys()) {
      if (wanted.has(id)) continue;
      this.links.delete(id);
      this.vote.remove(id);
      this.joint?.leave(id);
      this.generations.delete(id);
    }
    for (const link of config.links) {
      const known = this.links.get(link.id);
      if (known === undefined) this.addLink(link, config.maxDrift);
      else known.configure(link, config.maxDrift);
    }
    this.damping = config.damping;
    this.joint?.damp(config.damping);
    this.active = this.active.filter((link) => this.links.has(link.config.id));
    if (this.selected !== null && !this.links.has(this.selected.config.id)) this.selected = null;
    this.dirty = true;
  }

  private addLink(config: LinkConfig, maxDrift: Ppb): void {
    const link = new SourceLink(config, maxDrift);
    link.prior = this.priorOf(config.id);
    this.links.set(config.id, link);
  }

  /** What was known of the oscillator and of each link before anything was heard. */
  expect(priorOf: (link: LinkId) => StartPrior): void {
    this.priorOf = priorOf;
    for (const [id, link] of this.links) link.prior = priorOf(id);
  }

  /** True when the measurement was used. */
  observe(measurement: Measurement, now: Raw): boolean {
    const link = this.links.get(measurement.link);
    if (link === undefined) return false;
    const wasUsable = link.isReady && link.refusal === null;
    const used = link.observe(measurement, now);
    if (wasUsable !== (link.isReady && link.refusal === null)) this.dirty = true;
    if (!used) return false;
    const id = link.config.id;
    const { generation } = link;
    if (this.generations.get(id) !== generation) {
      this.generations.set(id, generation);
      this.vote.restart(id);
      this.joint?.leave(id);
    }
    this.joint?.observe(link, link.direction, link.value, link.at, this.vote.muted.has(id) || this.vote.conflict);
    return true;
  }

  /** Everything known of the offset is void. */
  forget(): void {
    for (const link of this.links.values()) link.forget();
    this.joint?.forget();
    this.buildOut.forget();
    this.witness.forget();
  }

  /** After a batch: votes once per second, then decides who steers. */
  decide(now: Raw, steering: Nanoseconds | null = null): void {
    const tick = now - this.lastTick >= 1;
    if (tick) {
      this.lastTick = now;
      if (this.links.size > 1) this.tickVote(now);
    }
    // Who steers has fallen silent: the next one takes over in the same instant, not after a moment of holdover.
    if (tick || this.dirty || this.active.length === 0 || this.isSilent(now)) {
      // Nobody is followed on a vote that did not hear all who can speak now.
      if (!tick && this.dirty && this.active.length === 0 && this.links.size > 1) this.tickVote(now);
      this.dirty = false;
      this.choose(now);
      this.joinActive(now);
    }
    const { estimate } = this;
    if (estimate?.isReady === true)
      this.buildOut.follow(now, estimate.offsetAt(now), estimate.rate, steering === null ? null : estimate.offsetAt(now) + steering);
  }

  /** A held frequency would be worse than the middle: they drift apart, or have disagreed for long. */
  private isSplit(now: Raw): boolean {
    return this.disagreeSince !== null && !this.vote.noMajority && (!this.vote.mayBeJump || now - this.disagreeSince > splitAfter);
  }

  private tickVote(now: Raw): void {
    const speaking = this.speaking(now);
    this.vote.tick(
      now,
      collectVoters(speaking, now, this.contradictionsOf(speaking), (offset, deviation) => this.witness.surprise(now, offset, deviation)),
    );
    this.disagreeSince = this.vote.conflict ? (this.disagreeSince ?? now) : null;
    this.dropNamed(now);
    if (this.joint === null) return;
    this.joint.frozen = this.vote.widening > 0 || this.vote.conflict || this.vote.muted.size > 0;
    if (this.joint.isReady && this.joint.isLockedOut(now)) {
      // It was wrong, not another: the clock goes back to its sources as fast as it may.
      this.joint.forget();
      this.buildOut.forget();
    }
    if (this.joint.isReady) this.witness.remember(this.joint.forecast);
    this.lag = this.joint.isReady ? this.lagOf(this.joint, now) : 0;
  }

  /** Joins the calibrated bound, ns. */
  get widening(): Nanoseconds {
    return this.vote.widening + (this.estimate === this.joint ? this.lag : 0);
  }

  /** A lie that nobody doubts yet pulls the joint estimate away from every source but the liar. */
  private lagOf(joint: JointEstimate, now: Raw): Nanoseconds {
    const offset = joint.offsetAt(now);
    const lags: Nanoseconds[] = [];
    for (const [id, link] of this.links) {
      if (!joint.has(id) || link.filter === null || link.filter.state !== "ready" || link.isSilent(now)) continue;
      const own = noiseSigmas * Math.sqrt(link.filter.beliefVarianceAt(now)) + link.asymmetryPrior;
      lags.push(Math.max(0, Math.abs(link.filter.offsetAt(now) - offset) - own));
    }
    lags.sort((a, b) => a - b);
    return lags[(lags.length - 1) >> 1] ?? 0;
  }

  isSilent(now: Raw): boolean {
    return this.active.every((link) => link.isSilent(now));
  }

  /** It ends the silence of those that steer: news of one of them, that will be used. */
  ends(measurement: Measurement, now: Raw): boolean {
    const link = this.links.get(measurement.link);
    return link !== undefined && this.active.includes(link) && measurement.at > this.lastPacket && link.refuse(measurement, now) === null;
  }

  /** Newest packet of those that steer, raw s. */
  get lastPacket(): Raw {
    return this.active.reduce((last, link) => Math.max(last, link.lastPacket), Number.NEGATIVE_INFINITY);
  }

  /** Changes when an offset jumped: what was learnt of drift across it says nothing. */
  get discontinuities(): number {
    const { selected } = this;
    return selected === null ? 0 : selected.generation + (selected.filter?.jumps ?? 0);
  }

  /** A known change of the oscillator from `since` to `at`, ns and ppb. Who was heard after `since` has seen it. */
  absorbDrift(since: Raw, at: Raw, offset: Nanoseconds, rate: Ppb): void {
    for (const link of this.links.values())
      if (link.lastPacket <= since) link.filter?.absorbDrift(offset - rate * (at - link.filter.raw), rate);
    this.joint?.absorbDrift(offset - rate * (at - this.joint.raw), rate);
  }

  /** Proven interval of local − true in the raw frame; false: nobody vouches for anything. */
  prove(now: Raw, into: Proof): boolean {
    if (this.links.size === 1) {
      const only = this.selected;
      return only !== null && this.proveOne(only, now, into);
    }
    const ballots: Ballot[] = [];
    const rateBallots: Ballot[] = [];
    const witnesses = this.witnesses(now);
    const contradictions = this.contradictionsOf(witnesses);
    for (const link of witnesses) {
      if (!link.isWitness || !limitLink(link, now, contradictions, this.interval)) continue;
      const { low, high } = this.interval;
      ballots.push({ group: groupOf(link), low, high });
      rateBallots.push({ group: groupOf(link), ...link.provenRate });
    }
    if (ballots.length === 0) return false;
    const cover = this.coverOf(ballots);
    into.low = Math.min(...cover.map((part) => part.low));
    into.high = Math.max(...cover.map((part) => part.high));
    if (!(into.high - into.low < Number.POSITIVE_INFINITY)) return false;
    // The rates are voted on like the offsets: one that has just begun anew knows nothing of its rate.
    const rates = this.coverOf(rateBallots);
    into.lowRate = Math.min(...rates.map((part) => part.low));
    into.highRate = Math.max(...rates.map((part) => part.high));
    return true;
  }

  /** What more than half prove. Two that disagree: one of them lies, so both are covered; a watchdog that disagrees may be right. */
  private coverOf(ballots: readonly Ballot[]): readonly Segment[] {
    const segments = findMajority(ballots);
    return segments.length > 0 && !this.vote.conflict && !this.vote.watchdogDisagrees ? segments : ballots;
  }

  /** More than half of the independence groups deny what they had said themselves: no estimate from before is one. */
  isShaken(now: Raw): boolean {
    const groups = new Set<string>();
    const shaken = new Set<string>();
    for (const link of this.witnesses(now)) {
      if (!link.isWitness) continue;
      groups.add(groupOf(link));
      if (link.isShaken) shaken.add(groupOf(link));
    }
    return 2 * shaken.size > groups.size;
  }

  describe(now: Raw): SourceStatus[] {
    const statuses: SourceStatus[] = [];
    for (const link of this.links.values()) {
      const [state, reason] = this.judge(link, now);
      const known = link.isReady && this.estimate?.isReady === true && link.filter !== null;
      const offsetFromConsensus = known ? (link.filter?.offsetAt(now) ?? 0) - (this.estimate?.offsetAt(now) ?? 0) : null;
      statuses.push({ link: link.config.id, state, reason, offsetFromConsensus });
    }
    return statuses;
  }

  private proveOne(link: SourceLink, now: Raw, into: Proof): boolean {
    if (!link.proveAt(now, this.interval) || link.filter === null) return false;
    into.low = this.interval.low;
    into.high = this.interval.high;
    const { low, high } = link.provenRate;
    into.lowRate = low;
    into.highRate = high;
    return true;
  }

  private judge(link: SourceLink, now: Raw): readonly [SourceState, string] {
    const verdict = this.vote.named.get(link.config.id)?.verdict;
    if (link.isDisqualified) return ["Unsynchronized", link.refusal ?? ""];
    if (link.isFarOff(now)) return ["Falseticker", "FarOff"];
    if (link.isSilent(now)) return ["NoAnswer", link.lastPacket === Number.NEGATIVE_INFINITY ? "NeverHeard" : "Silent"];
    if (link.filter === null || link.filter.state === "cold") return ["Acquiring", "CollectingMeasurements"];
    if (link.filter.state === "rateOnly") return ["Acquiring", "OneWayOnly"];
    if (verdict === "interval") return ["Falseticker", "OutsideMajority"];
    if (verdict === "drift") return ["Suspect", "DriftsAway"];
    if (verdict === "witness") return ["Suspect", "JumpedAway"];
    return this.vote.muted.has(link.config.id) ? ["Suspect", "InDoubt"] : ["Healthy", ""];
  }

  /**
   * Whose intervals prove the bound: who speaks. When nobody is left who is believed, what all have proven before stands and
   * grows, or one liar who goes on speaking would be the majority.
   */
  private witnesses(now: Raw): SourceLink[] {
    const speaking = this.speaking(now);
    return speaking.some(({ isReady, config }) => isReady && !this.vote.named.has(config.id)) ? speaking : [...this.links.values()];
  }

  /** What is said by those that were believed until they said it. */
  private contradictionsOf(links: readonly SourceLink[]): Contradiction[] {
    const contradictions: Contradiction[] = [];
    for (const { contradiction, config } of links) {
      const namedSince = this.vote.named.get(config.id)?.since ?? Number.POSITIVE_INFINITY;
      if (contradiction !== null && namedSince > contradiction.raw) contradictions.push(contradiction);
    }
    return contradictions;
  }

  private speaking(now: Raw): SourceLink[] {
    return [...this.links.values()].filter((link) => !link.isSilent(now) && !link.isDisqualified);
  }

  /**
   * A liar leaves. The pull it may have had is handed back by opening offset and rate, the clean links close them again: at most
   * half of its distance, as they pulled the other way. Who was muted for long has none left, and to open would be noise only.
   */
  private dropNamed(now: Raw): void {
    for (const id of this.vote.named.keys()) {
      if (this.joint?.has(id) !== true) continue;
      let deviation = 0;
      let rate = 1;
      for (const other of this.links.keys()) {
        if (other === id || this.vote.named.has(other)) continue;
        const pair = this.vote.pair(id, other);
        deviation = Math.max(deviation, Math.abs(pair.deviation) / 2);
        if (pair.alarm !== null && pair.why === "drift") rate = Math.max(rate, Math.abs(pair.deviation) / (now - pair.onset + 60));
      }
      if (now - (this.mutedSince.get(id) ?? now) > pullLife) this.joint.leave(id);
      else this.joint.leave(id, Math.min(1e12, deviation * deviation), Math.min(1e4, rate * rate));
    }
    for (const id of this.vote.muted) if (!this.mutedSince.has(id)) this.mutedSince.set(id, now);
    for (const id of this.mutedSince.keys()) if (!this.vote.muted.has(id)) this.mutedSince.delete(id);
  }

  private isEligible(link: SourceLink, now: Raw): boolean {
    return (
      link.config.use !== "Watchdog" && link.isReady && !link.isSilent(now) && !link.isDisqualified && !this.vote.named.has(link.config.id)
    );
  }

  private choose(now: Raw): void {
    let best: SourceLink | null = null;
    for (const link of this.links.values()) {
      if (!this.isEligible(link, now)) {
        link.eligibleSince = null;
        continue;
      }
      link.eligibleSince ??= now;
      if (best === null || rank(link) > rank(best)) best = link;
    }
    if (best === null) return;
    const current = this.active.find((link) => this.links.has(link.config.id) && link.eligibleSince !== null);
    if (current === undefined) {
      if (this.active.length === 0 && !this.mayStart(now)) return;
    } else if (rank(best) > rank(current)) {
      if (now - (best.eligibleSince ?? now) < holdDown) best = current;
    }
    this.activate(rank(best), now);
  }

  /** At the start nobody is followed before the others had a chance to contradict. */
  private mayStart(now: Raw): boolean {
    const links = [...this.links.values()];
    this.waiting = "";
    if (links.length === 1) return true;
    this.firstReady ??= now;
    const missing = links.filter((link) => !link.isReady);
    const grace = Math.max(startGrace, startIntervals * Math.max(0, ...missing.map((link) => link.config.interval)));
    if (missing.length > 0 && now - this.firstReady < grace) this.waiting = "WaitingForSources";
    else if (this.vote.noMajority) this.waiting = "SourcesDisagree";
    return this.waiting === "";
  }

  private activate(tier: number, now: Raw): void {
    const active: SourceLink[] = [];
    for (const link of this.links.values()) if (link.eligibleSince !== null && rank(link) === tier) active.push(link);
    const key =
      (this.isSplit(now) ? "split\n" : "") +
      active.map((link) => link.config.id).join("\n") +
      (this.vote.conflict ? "\nconflict" : "") +
      [...this.vote.muted].join("\n");
    if (key !== this.activeKey) {
      if (this.activeKey !== "") this.buildOut.begin(now);
      this.activeKey = key;
    }
    this.active = active;
    this.selectFrom(active, now);
    const steering = [...this.links.values()].filter((link) => link.config.use !== "Watchdog");
    const only = steering.length === 1 ? steering[0] : undefined;
    if (only !== undefined && only.rootSigma === 0 && !JointEstimate.isDamped(this.damping) && this.joint === null) {
      if (this.single !== only) this.estimate = new SingleLinkEstimate(only);
      this.single = only;
      return;
    }
    this.joint ??= new JointEstimate(this.damping);
    if (this.isSplit(now) && active.length > 1) {
      // One Gaussian cannot hold two truths: to either source the other's packets look impossible.
      this.joint.forget();
      this.estimate = new MiddleEstimate(active);
      return;
    }
    this.joinActive(now);
    if (this.joint.isReady) this.estimate = this.joint;
  }

  /** The best known of those that steer stands for the clock; it stays while it is one of them. */
  private selectFrom(active: readonly SourceLink[], now: Raw): void {
    if (this.selected !== null && active.includes(this.selected)) return;
    let best: SourceLink | null = null;
    let least = Number.POSITIVE_INFINITY;
    for (const link of active) {
      const variance = link.filter?.varianceAt(now) ?? Number.POSITIVE_INFINITY;
      if (variance >= least) continue;
      least = variance;
      best = link;
    }
    this.selected = best ?? this.selected;
  }

  private joinActive(now: Raw): void {
    const { joint } = this;
    if (joint === null || this.isSplit(now)) return;
    if (joint.isReady && joint.size === 0 && this.active.length > 0 && !this.isSilent(now)) joint.forget();
    if (!joint.isReady && this.selected !== null && this.active.includes(this.selected)) joint.join(this.selected, now);
    for (const link of this.active) if (!joint.has(link.config.id)) joint.join(link, now);
    for (const link of this.links.values())
      if (joint.has(link.config.id) && !this.active.includes(link) && !link.isSilent(now)) joint.leave(link.config.id);
  }
}

/** Primaries before fallbacks, then by priority. */
function rank(link: SourceLink): number {
  return link.config.priority + (link.config.use === "Primary" ? 10_000 : 0);
}
