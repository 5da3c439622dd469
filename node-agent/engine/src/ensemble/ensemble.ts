/**
 * One clock and everything that speaks about it: measurements enter link filters, sources vote, the survivors make one
 * estimate, the estimate steers, and both bounds are published. Deterministic; time is only what the caller says.
 */
import type { Nanoseconds, Ppb, Raw } from "../time/units.js";
import { ClockKnowledge } from "./clock-knowledge.js";
import type { ClockMemory } from "./clock-memory.js";
import { ClockSteering, type Orders } from "./clock-steering.js";
import type { Proof } from "./consensus.js";
import {
  type ClockEnsemble,
  type ClockStability,
  type Decision,
  type EnsembleConfig,
  type ForeignSteering,
  type LinkDescription,
  type Publication,
  type SteeringReading,
} from "./contract.js";
import { ClockStatistics } from "./statistics/clock-statistics.js";
import type { TemperatureReading } from "./thermometers.js";
import { describeLink } from "./link-description.js";
import { linkSettings } from "./link/link-settings.js";
import type { Measurement } from "./measurement.js";
import { rememberClock } from "./remember-clock.js";

/** Publications are void this long after their instant unless renewed, s. */
const publicationLife = 8;
/** Without news a publication is renewed this often, s. */
const renewal = 1;
/**
 * An aligned clock is steered and published this often however many packets come, s. Every packet enters the filters at once; but
 * in so short a time an error of 10 ppb in the rate moves the clock by 1 ns, and a decision costs more than a packet.
 */
const pace = 1 / 8;
/** Share by which a calibrated bound is published larger where packets come faster than that: it may grow so much until the next decision. */
const headroom = 1 / 16;
/** A reading that differs from what was commanded by more is news, ns. */
const surprise = 1;
/** Measurements waiting for advance(); more than that and the host is not advancing. */
const mostPending = 4096;
/** Aligned: the phase error is below that many standard deviations and nanoseconds, after that many packets. */
const alignedSigmas = 3;
const alignedFloor = 10;
const lockPackets = 16;

const unconfigured: EnsembleConfig = {
  clock: "",
  links: [],
  steer: false,
  step: { mode: "Never", threshold: 0 },
  maxSlew: 0,
  maxDrift: 0,
  damping: Math.SQRT1_2,
};

export class Ensemble implements ClockEnsemble {
  private knowledge: ClockKnowledge;
  private steering: ClockSteering;
  private now: Raw;
  private readonly pending: Measurement[] = [];
  private lastPublished: Raw = Number.NEGATIVE_INFINITY;
  private changed = true;
  /** Measurements were absorbed since the last decision. */
  private news = false;
  private published: Publication | null = null;
  /** When the slew ends that was on at the last publication; Infinity: none was. */
  private publishedSlewEnd: Raw = Number.POSITIVE_INFINITY;
  private statistics = new ClockStatistics();
  private readonly proof: Proof = { low: 0, high: 0, lowRate: 0, highRate: 0 };
  private proven = false;

  /** Without a configuration it knows no clock and says nothing until configure(). */
  constructor(config?: EnsembleConfig, raw: Raw = 0) {
    this.knowledge = new ClockKnowledge(config ?? unconfigured, null);
    this.steering = new ClockSteering(this.knowledge);
    this.now = raw;
    this.configure(this.config, raw);
  }

  private get config(): EnsembleConfig {
    return this.knowledge.config;
  }

  configure(config: EnsembleConfig, raw: Raw): void {
    this.now = Math.max(this.now, raw);
    if (config.clock !== this.config.clock) this.startAnew(config);
    this.knowledge.configure(config);
    this.changed = true;
  }

  observe(measurement: Measurement): void {
    if (this.pending.length >= mostPending) this.pending.shift();
    this.pending.push(measurement);
  }

  steered(reading: SteeringReading): void {
    if (reading.clock !== this.config.clock || !Number.isFinite(reading.steering) || !Number.isFinite(reading.raw)) return;
    this.meetEra(reading.era);
    const { frame } = this.knowledge;
    if (!frame.known || !(Math.abs(frame.at(reading.raw) - reading.steering) <= surprise)) this.changed = true;
    frame.read(reading);
    this.steering.read(reading.raw);
  }

  sense(reading: TemperatureReading): void {
    this.knowledge.holdover.sense(reading);
  }

  share(foreign: ForeignSteering | null): void {
    if (this.knowledge.writers.share(foreign)) this.changed = true;
  }

  advance(raw: Raw): Decision {
    this.now = Math.max(this.now, raw);
    for (const measurement of this.pending) if (this.absorb(measurement)) this.news = true;
    this.pending.length = 0;
    this.knowledge.reviewMemory(this.now);
    this.knowledge.holdover.advance(this.now);
    this.knowledge.consensus.decide(this.now, this.knowledge.steeringAt(this.now));
    if (this.statistics.isDue(this.now)) this.sampleStatistics();
    const orders: Orders = { commands: [], steps: [] };
    if (this.mayRest()) return { ...orders, publication: null };
    const { news } = this;
    this.news = false;
    this.judge(news);
    this.steering.steer(this.now, news, orders);
    const due = news || this.changed || orders.commands.length > 0 || this.slewHasEnded() || this.now - this.lastPublished >= renewal;
    if (!due) return { ...orders, publication: null };
    this.changed = false;
    this.lastPublished = this.now;
    this.published = this.publish();
    return { ...orders, publication: this.published };
  }

  /** Nothing that came since the last decision needs one now: what was published then is still true of what is known now. */
  private mayRest(): boolean {
    const { published, now, knowledge } = this;
    const { consensus, lock, writers } = knowledge;
    if (knowledge.isFarDisputed(now)) return false;
    if (published === null || this.changed || writers.awaitedStep !== null) return false;
    if (lock.state !== "PhaseAligned" || now - this.lastPublished >= pace || !this.isBusy()) return false;
    if (consensus.selected?.config.id !== published.selected || consensus.isSilent(now)) return false;
    const age = now - published.raw;
    this.proven = knowledge.prove(now, this.proof);
    const guaranteed = this.proven ? this.guaranteedAt(now) : null;
    if (!isCovered(guaranteed, published.guaranteed, published.guaranteedGrowth * age + surprise)) return false;
    const calibrated = this.calibratedAt(now, guaranteed);
    return isCovered(calibrated, published.calibrated, published.calibratedGrowth * age);
  }

  /** What was published reckons with a slew that nobody ends; now it is known to have ended. */
  private slewHasEnded(): boolean {
    return this.publishedSlewEnd <= this.now;
  }

  deadline(): Raw {
    const renew = this.lastPublished + renewal;
    const { slewEnd } = this.knowledge.frame;
    // The end of a slew needs no decision of its own where the next one is near.
    return Math.max(this.now, slewEnd > this.now && !this.isBusy() ? Math.min(renew, slewEnd) : renew);
  }

  patience(): number {
    const { lock, writers } = this.knowledge;
    return lock.state === "PhaseAligned" && this.isBusy() && !this.changed && writers.awaitedStep === null ? pace : 0;
  }

  remember(raw: Raw): ClockMemory | null {
    return rememberClock(this.knowledge, raw, this.now);
  }

  recall(memory: ClockMemory, raw: Raw): void {
    if (!this.knowledge.recall(memory, raw)) return;
    this.steering.recall(memory.oscillator.rate);
    this.changed = true;
  }

  describeLinks(raw: Raw): readonly LinkDescription[] {
    const { consensus } = this.knowledge;
    const steering = this.knowledge.steeringAt(raw);
    return consensus.describe(raw).flatMap((status) => {
      const link = consensus.links.get(status.link);
      return link === undefined ? [] : [describeLink(link, raw, { selected: link === consensus.selected, status, steering })];
    });
  }

  describeStability(): ClockStability | null {
    return this.statistics.report();
  }

  private sampleStatistics(): void {
    const { now, statistics, knowledge } = this;
    const { consensus, lock, writers } = knowledge;
    const { estimate } = consensus;
    const isMeasured = lock.state === "PhaseAligned" && writers.awaitedStep === null && !consensus.isSilent(now);
    if (estimate?.isReady !== true || !isMeasured) return statistics.interrupt();
    const [offset, deviation] = [estimate.offsetAt(now), estimate.deviationAt(now)];
    const sample = { raw: now, offset, rate: estimate.rate, error: knowledge.errorAt(now), deviation };
    statistics.observe(sample, estimate, consensus.discontinuities);
  }

  private startAnew(config: EnsembleConfig): void {
    this.knowledge = new ClockKnowledge(config, this.knowledge.writers.foreign);
    this.steering = new ClockSteering(this.knowledge);
    this.statistics = new ClockStatistics();
    this.pending.length = 0;
    this.news = false;
    this.published = null;
  }

  private absorb(measurement: Measurement): boolean {
    if (measurement.local !== this.config.clock) return false;
    this.meetEra(measurement.localEra);
    const { now, knowledge } = this;
    const { consensus, far, frame, holdover, writers } = knowledge;
    if (!writers.accepts(measurement.localEra)) return false;
    if (holdover.active && measurement.at <= now && consensus.ends(measurement, now)) knowledge.leaveHoldover(measurement.at);
    far.observe(measurement);
    if (!consensus.observe(measurement, now)) return false;
    frame.sample(measurement.at, measurement.steering);
    return true;
  }

  /** A new era is either the step we asked for, in which case the raw frame goes on, or a disturbance, and all is void. */
  private meetEra(era: number): void {
    const change = this.knowledge.writers.meet(era);
    if (change === "none") return;
    this.changed = true;
    if (change === "disturbed") this.knowledge.forget();
  }

  private judge(news: boolean): void {
    const { now, knowledge } = this;
    const { consensus, frame, lock, writers } = knowledge;
    const { estimate, vote } = consensus;
    const ready = estimate?.isReady === true;
    const silent = consensus.isSilent(now);
    knowledge.watchDrift(now, news);
    if (!news && now - this.lastPublished < renewal && !this.changed) return;
    const near = ready ? alignedSigmas * estimate.deviationAt(now) + alignedFloor : 0;
    const error = Math.abs(knowledge.errorAt(now) - consensus.buildOut.hidden);
    let measuring = false;
    let oneWay = false;
    for (const link of consensus.links.values()) {
      if (!link.isSilent(now)) measuring = true;
      if (link.filter?.state === "rateOnly") oneWay = true;
    }
    lock.judge({
      readable: frame.known,
      measuring,
      contested: writers.foreign?.isRefused === true,
      news,
      disagreeing: vote.conflict || knowledge.isFarDisputed(now) || consensus.waiting === "SourcesDisagree",
      rateKnown: ready || oneWay,
      phaseKnown: ready,
      silent: silent && ready,
      // Beside another daemon the phase is known, and theirs to correct.
      aligned: ready && (writers.foreign !== null || error < near) && estimate.effectivePackets >= lockPackets,
      astray: ready && writers.foreign === null && error > 10 * near + 1000,
      waiting: consensus.waiting,
      watchdogDisagrees: vote.watchdogDisagrees,
    });
  }

  private publish(): Publication {
    const { now, knowledge } = this;
    const { consensus, frame, lock, writers } = knowledge;
    const { estimate, selected } = consensus;
    const usable = knowledge.isPlaced && !knowledge.isFarDisputed(now);
    this.proven = usable && knowledge.prove(now, this.proof);
    const guaranteed = this.proven ? this.guaranteedAt(now) : null;
    const calibrated = usable ? this.calibratedAt(now, guaranteed) : null;
    const bend = frame.slewEnd > now && frame.slewEnd < now + publicationLife ? frame.slewEnd : null;
    const growth = (present: Nanoseconds, at: (raw: Raw) => Nanoseconds | null) => {
      const end = at(now + publicationLife) ?? present;
      const steepest = Math.max(0, (end - present) / publicationLife);
      return bend === null ? steepest : Math.max(steepest, ((at(bend) ?? present) - present) / (bend - now));
    };
    const overshoot =
      writers.growth(this.config.steer) + Math.max(overshootGrowth(frame.slewAt(now), frame.slewEnd - now), this.steering.replaced);
    this.publishedSlewEnd = frame.slewAt(now) > 0 ? frame.slewEnd : Number.POSITIVE_INFINITY;
    const belief = usable && lock.state === "PhaseAligned" ? (estimate?.beliefAt(now) ?? null) : null;
    const guaranteedGrowth = guaranteed === null ? 0 : overshoot + growth(guaranteed, (raw) => this.guaranteedAt(raw));
    return {
      clock: this.config.clock,
      raw: now,
      era: writers.era ?? 0,
      state: lock.state,
      reason: lock.reason,
      selected: selected?.config.id ?? null,
      offset: estimate?.isReady === true ? knowledge.errorAt(now) : 0,
      frequency: estimate?.rate ?? 0,
      pathDelay: selected?.pathDelay ?? 0,
      calibrated: calibrated === null ? null : this.withHeadroom(calibrated, guaranteed),
      calibratedGrowth:
        calibrated === null
          ? 0
          : overshoot + growth(calibrated, (raw) => this.calibratedAt(raw, this.proven ? this.guaranteedAt(raw) : null)),
      guaranteed,
      guaranteedGrowth,
      // Without the clock's own distance from the estimate: followers that reckon with it steer worse and claim too much.
      rootSigma: belief?.deviation ?? null,
      rootTau: belief?.errorTime ?? null,
      voidAfter: publicationLife,
      sources: consensus.describe(now),
    };
  }

  /** Packets come faster than decisions; else each is worth one, and the next may be far. */
  private isBusy(): boolean {
    const { estimate } = this.knowledge.consensus;
    return estimate?.isReady === true && estimate.gap < pace;
  }

  private withHeadroom(calibrated: Nanoseconds, guaranteed: Nanoseconds | null): Nanoseconds {
    const { vote } = this.knowledge.consensus;
    if (!this.isBusy()) return calibrated;
    const larger = calibrated * (1 + headroom);
    return guaranteed === null || vote.majorityInDoubt ? larger : Math.max(calibrated, Math.min(larger, guaranteed));
  }

  private calibratedAt(raw: Raw, guaranteed: Nanoseconds | null): Nanoseconds | null {
    const { consensus, holdover } = this.knowledge;
    const { estimate, vote, widening } = consensus;
    if (estimate === null || !estimate.isReady || vote.noMajority || consensus.isShaken(this.now)) return null;
    const radius = estimate.radiusAt(raw);
    if (radius === null) return null;
    const calibrated =
      Math.abs(this.knowledge.errorAt(raw)) + radius + linkSettings.boundSigmas * holdover.strayAt(raw) + widening + this.steering.unread;
    // What the majority proves does not cap where the majority itself is in doubt.
    return guaranteed === null || vote.majorityInDoubt ? calibrated : Math.min(calibrated, guaranteed);
  }

  private guaranteedAt(raw: Raw): Nanoseconds {
    const { proof } = this;
    const dt = raw - this.now;
    const steering = this.knowledge.frame.at(raw);
    return Math.max(proof.high + proof.highRate * dt + steering, -(proof.low + proof.lowRate * dt + steering)) + this.steering.unread;
  }
}

/**
 * A slew is ended by a thread of the process that began it. If that is killed or stopped, the clock runs on at the slewing
 * frequency until the publication is void: by then it is `slew` times the rest of its life astray, and no reader sees it before.
 * @param left until the slew ends, s
 */
function overshootGrowth(slew: Ppb, left: number): Ppb {
  return slew === 0 || left >= publicationLife ? 0 : (slew * (publicationLife - left)) / publicationLife;
}

/** Whether the bound that stands says at least what is known now; void is never covered by a bound. */
function isCovered(bound: Nanoseconds | null, standing: Nanoseconds | null, room: Nanoseconds): boolean {
  if (bound === null || standing === null) return bound === standing;
  return bound <= standing + room;
}
