/**
 * One clock and everything that speaks about it: measurements enter link filters, sources vote, the survivors make one
 * estimate, the estimate steers, and both bounds are published. Deterministic; time is only what the caller says.
 */
import type { Nanoseconds, Ppb, Raw } from "../time/units.js";
import { ClockKnowledge } from "./clock-knowledge.js";
import type { ClockMemory } from "./clock-memory.js";
import { stepPatience } from "./clock-writers.js";
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
  type StepAction,
} from "./contract.js";
import { ClockStatistics } from "./statistics/clock-statistics.js";
import type { TemperatureReading } from "./thermometers.js";
import { describeLink } from "./link-description.js";
import type { LinkFilter } from "./link/link-filter.js";
import { linkSettings } from "./link/link-settings.js";
import type { Command, Measurement } from "./measurement.js";
import { rememberClock } from "./remember-clock.js";
import { planFrequency, planSlew, planStep, type RateSituation } from "./steering.js";

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
/** Between a decision and the moment it takes effect, s: the command's change of frequency may act that much later. */
const latency = 2e-3;
/** Holdover: a command this often, s, and what it slews by at most, ppb. */
const holdoverStep = 4;
const holdoverSlew = 100;
/** Aligned: the phase error is below that many standard deviations and nanoseconds, after that many packets. */
const alignedSigmas = 3;
const alignedFloor = 10;
const lockPackets = 16;
/** A frequency that differs by less needs no command, ppb. */
const negligible = 0.01;
/** The mean of the commanded frequency follows within that time, s. */
const trustTime = 100;
/** A clock that is far off again after that many settings is not ours to set. */
const mostSets = 3;

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
  private now: Raw;
  private readonly pending: Measurement[] = [];
  private steps = 0;
  /** Frequency in force when nothing was known of the oscillator, ppb. */
  private found: Ppb = 0;
  private lastPublished: Raw = Number.NEGATIVE_INFINITY;
  private lastCommand: Raw = Number.NEGATIVE_INFINITY;
  private changed = true;
  /** Measurements were absorbed since the last decision. */
  private news = false;
  private published: Publication | null = null;
  /**
   * How far the frequency that a command of this decision replaces is from the one it leads to, ppb: what is published stands before
   * the command is carried out, and holds although it never is.
   */
  private replaced: Ppb = 0;
  /** When the slew ends that was on at the last publication; Infinity: none was. */
  private publishedSlewEnd: Raw = Number.POSITIVE_INFINITY;
  /** What commands may be late by, until the next reading, ns. */
  private unread: Nanoseconds = 0;
  /** Mean of what the clock was told to run at since it was aligned, ppb; null: it never was. */
  private trusted: Ppb | null = null;
  private trustedAt: Raw = 0;
  /** When the clock was last set from afar, and how often, raw s. */
  private lastSet: Raw = Number.NEGATIVE_INFINITY;
  private sets = 0;
  /** Frequency that a memory asks for before anything is measured, ppb; null: none. */
  private remembered: Ppb | null = null;
  private statistics = new ClockStatistics();
  private readonly proof: Proof = { low: 0, high: 0, lowRate: 0, highRate: 0 };
  private proven = false;

  /** Without a configuration it knows no clock and says nothing until configure(). */
  constructor(config?: EnsembleConfig, raw: Raw = 0) {
    this.knowledge = new ClockKnowledge(config ?? unconfigured, null);
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
    // It was refused: policy may order it again.
    if (this.knowledge.writers.refutesStep(reading.raw)) this.steps--;
    if (reading.raw >= this.lastCommand) this.unread = 0;
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
    const commands: Command[] = [];
    const steps: StepAction[] = [];
    if (this.mayRest()) return { commands, steps, publication: null };
    const { news } = this;
    this.news = false;
    this.judge(news);
    this.replaced = 0;
    this.steer(news, commands, steps);
    const due = news || this.changed || commands.length > 0 || this.slewHasEnded() || this.now - this.lastPublished >= renewal;
    if (!due) return { commands, steps, publication: null };
    this.changed = false;
    this.lastPublished = this.now;
    this.published = this.publish();
    return { commands, steps, publication: this.published };
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
    this.remembered = -memory.oscillator.rate;
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
    this.statistics = new ClockStatistics();
    this.pending.length = 0;
    this.news = false;
    this.remembered = null;
    this.trusted = null;
    this.sets = 0;
    this.published = null;
    this.steps = this.unread = 0;
    this.lastCommand = Number.NEGATIVE_INFINITY;
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

  private steer(news: boolean, commands: Command[], steps: StepAction[]): void {
    const { now, knowledge } = this;
    const { config, frame, consensus, holdover, lock, writers } = knowledge;
    const { estimate } = consensus;
    if (writers.foreign !== null) return;
    this.resume(commands);
    if (!config.steer || !frame.known || writers.awaitedStep !== null) return;
    this.setFromAfar(steps);
    if (estimate === null || !estimate.isReady) return this.steerRateOnly(news, commands);
    const holding = holdover.active;
    const due = news || now - this.lastCommand >= (holding ? holdoverStep : renewal);
    if (!due) return;
    const aside = estimate.steeringOffsetAt(now) - estimate.offsetAt(now);
    let error = knowledge.errorAt(now) + aside - consensus.buildOut.hidden;
    const step = planStep(config, { error, deviation: estimate.deviationAt(now), everLocked: lock.everLocked, steps: this.steps });
    if (step !== null) {
      steps.push(step);
      this.steps++;
      writers.awaitedStep = now;
      error += step.by;
    }
    error += estimate.suspectedJump ?? 0;
    const rate = estimate.steeringRate + (holding ? holdover.at(now + holdoverStep / 2).rate : 0);
    const gap = holding ? 4 * holdoverStep : estimate.gap;
    const situation = this.rateSituation(rate, estimate.rateDeviationAt(now));
    this.command(planSlew(config.clock, now, error, situation, gap, holding ? holdoverSlew : undefined), news, commands);
  }

  /** A step of years. It is another era with another frame: what follows is a start like any other, with the step that policy allows. */
  private setFromAfar(steps: StepAction[]): void {
    const { now } = this;
    const { config, far, lock } = this.knowledge;
    const offset = far.offset(config.links, now);
    if (offset === null || config.step.mode === "Never" || lock.everLocked || this.sets >= mostSets || now - this.lastSet < stepPatience)
      return;
    // The dispute is forgotten with the era, when the step is seen: until then nothing that was proven may be published.
    steps.push({ clock: config.clock, by: -offset });
    this.lastSet = now;
    this.sets++;
  }

  /** A process that died in the middle of a slew left the clock running at it; after a reboot it runs free. */
  private resume(commands: Command[]): void {
    const { remembered: ppb, now } = this;
    const { frame, config } = this.knowledge;
    if (ppb === null || !frame.known || !config.steer) return;
    this.remembered = null;
    if (Math.abs(ppb - frame.restingFrequency) < negligible) return;
    this.command({ clock: config.clock, ppb, untilRaw: now, thenPpb: ppb }, true, commands);
  }

  /** One direction only: the rate is known and steered, the phase is not. */
  private steerRateOnly(news: boolean, commands: Command[]): void {
    const { frame, lock } = this.knowledge;
    const filter = lock.everLocked ? null : this.findRate();
    if (filter === null) this.found = frame.restingFrequency;
    else if (news) {
      const ppb = planFrequency(this.rateSituation(filter.rate, filter.rateDeviationAt(this.now)));
      this.command({ clock: this.config.clock, ppb, untilRaw: this.now, thenPpb: ppb }, news, commands);
    }
  }

  private findRate(): LinkFilter | null {
    for (const { filter, config } of this.knowledge.consensus.links.values())
      if (filter?.state === "rateOnly" && config.use !== "Watchdog") return filter;
    return null;
  }

  private rateSituation(rate: Ppb, rateDeviation: Ppb): RateSituation {
    // Once aligned, what it was told to run at since then is the better guess.
    return { rate, rateDeviation, found: this.trusted ?? this.found, maxSlew: this.config.maxSlew };
  }

  /** However certain an estimate says it is: what the clock has run at for minutes is more certain, and no source drives it away. */
  private limit(command: Command): Command {
    const { now } = this;
    const { config, lock } = this.knowledge;
    if (lock.state !== "PhaseAligned" && this.trusted === null) return command;
    this.trusted ??= command.thenPpb;
    const clamp = (ppb: Ppb): Ppb => Math.max((this.trusted ?? 0) - config.maxSlew, Math.min((this.trusted ?? 0) + config.maxSlew, ppb));
    const limited = { ...command, ppb: clamp(command.ppb), thenPpb: clamp(command.thenPpb) };
    const share = Math.min(1, Math.max(0, now - this.trustedAt) / trustTime);
    if (Number.isFinite(share)) this.trusted += share * (limited.thenPpb - this.trusted);
    this.trustedAt = now;
    return limited;
  }

  private command(wanted: Command, news: boolean, commands: Command[]): void {
    const command = this.limit(wanted);
    const { frame } = this.knowledge;
    const present = frame.frequencyAt(this.now);
    this.lastCommand = this.now;
    if (!news && Math.abs(present - command.ppb) < negligible) return;
    commands.push(command);
    this.replaced = Math.abs(present - command.thenPpb);
    this.unread += Math.abs(command.ppb - present) * latency;
    frame.command(this.now, command);
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
    const overshoot = writers.growth(this.config.steer) + Math.max(overshootGrowth(frame.slewAt(now), frame.slewEnd - now), this.replaced);
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
      Math.abs(this.knowledge.errorAt(raw)) + radius + linkSettings.boundSigmas * holdover.strayAt(raw) + widening + this.unread;
    // What the majority proves does not cap where the majority itself is in doubt.
    return guaranteed === null || vote.majorityInDoubt ? calibrated : Math.min(calibrated, guaranteed);
  }

  private guaranteedAt(raw: Raw): Nanoseconds {
    const { proof } = this;
    const dt = raw - this.now;
    const steering = this.knowledge.frame.at(raw);
    return Math.max(proof.high + proof.highRate * dt + steering, -(proof.low + proof.lowRate * dt + steering)) + this.unread;
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
