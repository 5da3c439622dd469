/**
 * One clock and everything that speaks about it: measurements enter link filters, sources vote, the survivors make one
 * estimate, the estimate steers, and both bounds are published. Deterministic; time is only what the caller says.
 */
import type { Raw } from "../time/units.js";
import { ClockKnowledge } from "./clock-knowledge.js";
import type { ClockMemory } from "./clock-memory.js";
import { ClockPublisher } from "./clock-publisher.js";
import { ClockSteering, type Orders } from "./clock-steering.js";
import type {
  ClockEnsemble,
  ClockStability,
  Decision,
  EnsembleConfig,
  ForeignSteering,
  LinkDescription,
  SteeringReading,
} from "./contract.js";
import { decisionPace, isBusy } from "./decision-pace.js";
import { undamped } from "./joint/damped-companion.js";
import { describeLink } from "./link-description.js";
import type { Measurement } from "./measurement.js";
import { rememberClock } from "./remember-clock.js";
import { ClockStatistics } from "./statistics/clock-statistics.js";
import type { TemperatureReading } from "./thermometers.js";

/** Without news a clock is judged this often, s. */
const judgement = 1;
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
  damping: undamped,
};

export class Ensemble implements ClockEnsemble {
  private knowledge: ClockKnowledge;
  private steering: ClockSteering;
  private publisher: ClockPublisher;
  private now: Raw;
  private readonly pending: Measurement[] = [];
  private changed = true;
  /** Measurements were absorbed since the last decision. */
  private news = false;
  private statistics = new ClockStatistics();

  /** Without a configuration it knows no clock and says nothing until configure(). */
  constructor(config?: EnsembleConfig, raw: Raw = 0) {
    this.knowledge = new ClockKnowledge(config ?? unconfigured, null);
    this.steering = new ClockSteering(this.knowledge);
    this.publisher = new ClockPublisher(this.knowledge, this.steering);
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
    if (this.knowledge.strangers.compare(frame, reading, this.steering.unread)) this.changed = true;
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
    const due = news || this.changed || orders.commands.length > 0 || this.publisher.isDue(this.now);
    if (!due) return { ...orders, publication: null };
    this.changed = false;
    return { ...orders, publication: this.publisher.publish(this.now) };
  }

  /** Nothing that came since the last decision needs one now: what was published then is still true of what is known now. */
  private mayRest(): boolean {
    const { now, knowledge, publisher } = this;
    const { consensus, lock, writers } = knowledge;
    if (knowledge.isFarDisputed(now) || this.changed || writers.awaitedStep !== null) return false;
    if (lock.state !== "PhaseAligned" || publisher.isOlder(now, decisionPace) || !isBusy(consensus.estimate)) return false;
    return publisher.stillHolds(now);
  }

  deadline(): Raw {
    const { frame, consensus } = this.knowledge;
    const { slewEnd } = frame;
    const { renewAt } = this.publisher;
    // The end of a slew needs no decision of its own where the next one is near.
    return Math.max(this.now, slewEnd > this.now && !isBusy(consensus.estimate) ? Math.min(renewAt, slewEnd) : renewAt);
  }

  patience(): number {
    const { consensus, lock, writers } = this.knowledge;
    const isPatient = lock.state === "PhaseAligned" && isBusy(consensus.estimate) && !this.changed && writers.awaitedStep === null;
    return isPatient ? decisionPace : 0;
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
    this.publisher = new ClockPublisher(this.knowledge, this.steering);
    this.statistics = new ClockStatistics();
    this.pending.length = 0;
    this.news = false;
  }

  private absorb(measurement: Measurement): boolean {
    if (measurement.local !== this.config.clock) return false;
    this.meetEra(measurement.localEra);
    const { now, knowledge } = this;
    const { consensus, far, frame, holdover, strangers, writers } = knowledge;
    if (!writers.accepts(measurement.localEra)) return false;
    if (holdover.active && measurement.at <= now && consensus.ends(measurement, now)) knowledge.leaveHoldover(measurement.at);
    far.observe(measurement);
    if (!consensus.observe(measurement, now)) return false;
    const { at, steering, localEra } = measurement;
    if (strangers.compare(frame, { raw: at, steering, era: localEra }, this.steering.unread)) this.changed = true;
    frame.sample(at, steering);
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
    if (!news && !this.publisher.isOlder(now, judgement) && !this.changed) return;
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
}
