/**
 * One clock and everything that speaks about it: measurements enter link filters, sources vote, the survivors make one
 * estimate, the estimate steers, and both bounds are published. Deterministic; time is only what the caller says.
 */
import type { Nanoseconds, Ppb, Raw } from "../time/units.js";
import { ClockLock } from "./clock-lock.js";
import { type ClockMemory, clockMemoryVersion, type LinkMemory } from "./clock-memory.js";
import { ClockWriters, stepPatience } from "./clock-writers.js";
import { Consensus, type Proof } from "./consensus.js";
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
import type { ClockEstimate } from "./fusion.js";
import { ClockStatistics } from "./statistics/clock-statistics.js";
import { Holdover } from "./holdover.js";
import type { TemperatureReading } from "./thermometers.js";
import { FarClock } from "./far-clock.js";
import { describeLink } from "./link-description.js";
import type { LinkFilter } from "./link/link-filter.js";
import { linkSettings } from "./link/link-settings.js";
import type { Command, Measurement } from "./measurement.js";
import { Recollection } from "./recollection.js";
import { planFrequency, planSlew, planStep, type RateSituation } from "./steering.js";
import { SteeringFrame } from "./steering-frame.js";

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
  private config: EnsembleConfig;
  private now: Raw;
  private readonly writers = new ClockWriters();
  private consensus = new Consensus();
  private frame = new SteeringFrame();
  private lock = new ClockLock();
  private holdover = new Holdover();
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
  private generation = -1;
  /** Mean of what the clock was told to run at since it was aligned, ppb; null: it never was. */
  private trusted: Ppb | null = null;
  private trustedAt: Raw = 0;
  private readonly far = new FarClock();
  /** When the clock was last set from afar, and how often, raw s. */
  private lastSet: Raw = Number.NEGATIVE_INFINITY;
  private sets = 0;
  /** What was known before this process began, while it still says something. */
  private recollection: Recollection | null = null;
  /** Frequency that a memory asks for before anything is measured, ppb; null: none. */
  private remembered: Ppb | null = null;
  private statistics = new ClockStatistics();
  private readonly proof: Proof = { low: 0, high: 0, lowRate: 0, highRate: 0 };
  private proven = false;

  /** Without a configuration it knows no clock and says nothing until configure(). */
  constructor(config?: EnsembleConfig, raw: Raw = 0) {
    this.config = config ?? unconfigured;
    this.now = raw;
    this.configure(this.config, raw);
  }

  configure(config: EnsembleConfig, raw: Raw): void {
    this.now = Math.max(this.now, raw);
    if (config.clock !== this.config.clock) this.startAnew();
    this.config = config;
    this.consensus.configure(config);
    this.changed = true;
  }

  observe(measurement: Measurement): void {
    if (this.pending.length >= mostPending) this.pending.shift();
    this.pending.push(measurement);
  }

  steered(reading: SteeringReading): void {
    if (reading.clock !== this.config.clock || !Number.isFinite(reading.steering) || !Number.isFinite(reading.raw)) return;
    this.meetEra(reading.era);
    if (!this.frame.known || !(Math.abs(this.frame.at(reading.raw) - reading.steering) <= surprise)) this.changed = true;
    this.frame.read(reading);
    // It was refused: policy may order it again.
    if (this.writers.refutesStep(reading.raw)) this.steps--;
    if (reading.raw >= this.lastCommand) this.unread = 0;
  }

  sense(reading: TemperatureReading): void {
    this.holdover.sense(reading);
  }

  share(foreign: ForeignSteering | null): void {
    if (this.writers.share(foreign)) this.changed = true;
  }

  advance(raw: Raw): Decision {
    this.now = Math.max(this.now, raw);
    for (const measurement of this.pending) if (this.absorb(measurement)) this.news = true;
    this.pending.length = 0;
    const { frame, holdover } = this;
    holdover.advance(this.now);
    const steering = frame.known && this.writers.awaitedStep === null ? frame.at(this.now) + holdover.at(this.now).offset : null;
    this.consensus.decide(this.now, steering);
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
    const { published, now, consensus } = this;
    if (this.isFarDisputed()) return false;
    if (published === null || this.changed || this.writers.awaitedStep !== null) return false;
    if (this.lock.state !== "PhaseAligned" || now - this.lastPublished >= pace || !this.isBusy()) return false;
    if (consensus.selected?.config.id !== published.selected || consensus.isSilent(now)) return false;
    const age = now - published.raw;
    this.proven = this.prove(now, this.proof);
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
    const { slewEnd } = this.frame;
    // The end of a slew needs no decision of its own where the next one is near.
    return Math.max(this.now, slewEnd > this.now && !this.isBusy() ? Math.min(renew, slewEnd) : renew);
  }

  patience(): number {
    return this.lock.state === "PhaseAligned" && this.isBusy() && !this.changed && this.writers.awaitedStep === null ? pace : 0;
  }

  remember(raw: Raw): ClockMemory | null {
    const { consensus, frame, config, holdover, lock } = this;
    const { estimate } = consensus;
    if (estimate === null || !estimate.isReady || !frame.known || !lock.everLocked || this.isFarDisputed()) return null;
    const radius = consensus.vote.noMajority || consensus.vote.widening > 0 ? null : estimate.radiusAt(raw);
    const proof: Proof = { low: 0, high: 0, lowRate: 0, highRate: 0 };
    const links: LinkMemory[] = [];
    for (const [link, { filter }] of consensus.links) if (filter?.state === "ready") links.push({ link, jitter: filter.jitter });
    const drift = holdover.at(raw);
    return {
      version: clockMemoryVersion,
      clock: config.clock,
      oscillator: {
        rate: estimate.rate + drift.rate,
        rateDeviation: Math.hypot(estimate.rateDeviationAt(raw), holdover.strayRateAt(raw)),
        wander: estimate.wander + holdover.slowWander,
      },
      phase: {
        raw,
        offset: estimate.offsetAt(raw) + drift.offset,
        deviation: estimate.deviationAt(raw),
        radius: radius === null ? null : radius + linkSettings.boundSigmas * holdover.strayAt(raw),
        proof: !consensus.vote.conflict && this.prove(raw, proof) ? proof : null,
      },
      links: links.slice(0, 16),
    };
  }

  recall(memory: ClockMemory, raw: Raw): void {
    const { oscillator, phase, links } = memory;
    const { rate, rateDeviation } = oscillator;
    if (memory.clock !== this.config.clock || this.consensus.estimate !== null) return;
    this.consensus.expect((id) => ({
      rate,
      rateDeviation: Math.max(rateDeviation, 1),
      jitter: links.find(({ link }) => link === id)?.jitter ?? null,
    }));
    this.remembered = -rate;
    this.changed = true;
    if (phase === null || phase.raw > raw) return;
    // It is the clock of a moment ago: it was aligned once, and is not stepped again.
    this.recollection = new Recollection(memory, phase, this.config.maxDrift);
    this.consensus.estimate = this.recollection;
    this.lock.everLocked = true;
  }

  describeLinks(raw: Raw): readonly LinkDescription[] {
    const { consensus, frame, holdover } = this;
    // Between a step's order and the reading that shows it, nobody knows where the clock stands.
    const steering = frame.known && this.writers.awaitedStep === null ? frame.at(raw) + holdover.at(raw).offset : null;
    return consensus.describe(raw).flatMap((status) => {
      const link = consensus.links.get(status.link);
      return link === undefined ? [] : [describeLink(link, raw, { selected: link === consensus.selected, status, steering })];
    });
  }

  describeStability(): ClockStability | null {
    return this.statistics.report();
  }

  private sampleStatistics(): void {
    const { now, statistics, consensus } = this;
    const { estimate } = consensus;
    const isMeasured = this.lock.state === "PhaseAligned" && this.writers.awaitedStep === null && !consensus.isSilent(now);
    if (estimate?.isReady !== true || !isMeasured) return statistics.interrupt();
    const [offset, deviation] = [estimate.offsetAt(now), estimate.deviationAt(now)];
    const sample = { raw: now, offset, rate: estimate.rate, error: this.errorAt(now), deviation };
    statistics.observe(sample, estimate, consensus.discontinuities);
  }

  private startAnew(): void {
    this.consensus = new Consensus();
    this.statistics = new ClockStatistics();
    this.frame = new SteeringFrame();
    this.lock = new ClockLock();
    this.holdover = new Holdover();
    this.pending.length = 0;
    this.news = false;
    this.recollection = this.remembered = null;
    this.far.forget();
    this.trusted = null;
    this.sets = 0;
    this.published = null;
    this.writers.startAnew();
    this.steps = this.unread = 0;
    this.lastCommand = Number.NEGATIVE_INFINITY;
  }

  private absorb(measurement: Measurement): boolean {
    if (measurement.local !== this.config.clock) return false;
    this.meetEra(measurement.localEra);
    if (!this.writers.accepts(measurement.localEra)) return false;
    if (this.holdover.active && measurement.at <= this.now && this.consensus.ends(measurement, this.now))
      this.leaveHoldover(measurement.at);
    this.far.observe(measurement);
    if (!this.consensus.observe(measurement, this.now)) return false;
    this.frame.sample(measurement.at, measurement.steering);
    return true;
  }

  /** Every filter is told what was fed forward while nothing was heard. */
  private leaveHoldover(at: Raw): void {
    const { offset, rate } = this.holdover.at(at);
    if (rate !== 0) this.consensus.absorbDrift(at, offset, rate);
    this.holdover.leave();
  }

  /** A new era is either the step we asked for, in which case the raw frame goes on, or a disturbance, and all is void. */
  private meetEra(era: number): void {
    const change = this.writers.meet(era);
    if (change === "none") return;
    this.changed = true;
    if (change === "ours") return;
    this.forgetRecollection();
    this.far.forget();
    this.consensus.forget();
    this.holdover.leave();
    this.holdover.forget();
  }

  private forgetRecollection(): void {
    if (this.recollection !== null && this.consensus.estimate === this.recollection) this.consensus.estimate = null;
    this.recollection = null;
  }

  /** What the sources prove and what was proven before; false: neither is anything. */
  private prove(raw: Raw, into: Proof): boolean {
    const { recollection, consensus } = this;
    if (!consensus.prove(raw, into)) return recollection?.prove(raw, into) ?? false;
    if (recollection === null) return true;
    if (!recollection.saysMore(raw, into)) {
      if (consensus.estimate !== recollection) this.recollection = null;
      return true;
    }
    if (recollection.narrow(raw, into)) return true;
    // Whatever the clock did while nobody looked, it was not what raw time and steering say.
    this.forgetRecollection();
    return consensus.prove(raw, into);
  }

  /** Estimated local − reference, ns. */
  private errorAt(raw: Raw): Nanoseconds {
    return (this.consensus.estimate?.offsetAt(raw) ?? 0) + this.holdover.at(raw).offset + this.frame.at(raw);
  }

  private judge(news: boolean): void {
    const { consensus, now, holdover } = this;
    const { estimate, vote } = consensus;
    const ready = estimate?.isReady === true;
    const silent = consensus.isSilent(now);
    if (silent && ready) holdover.enter(consensus.lastPacket, estimate.wander, estimate.deviationAt(consensus.lastPacket));
    else if (ready && news && estimate !== null) this.learnDrift(estimate);
    if (!news && now - this.lastPublished < renewal && !this.changed) return;
    const near = ready ? alignedSigmas * estimate.deviationAt(now) + alignedFloor : 0;
    const error = Math.abs(this.errorAt(now) - consensus.buildOut.hidden);
    let measuring = false;
    let oneWay = false;
    for (const link of consensus.links.values()) {
      if (!link.isSilent(now)) measuring = true;
      if (link.filter?.state === "rateOnly") oneWay = true;
    }
    this.lock.judge({
      readable: this.frame.known,
      measuring,
      contested: this.writers.foreign?.isRefused === true,
      news,
      disagreeing: vote.conflict || this.isFarDisputed() || consensus.waiting === "SourcesDisagree",
      rateKnown: ready || oneWay,
      phaseKnown: ready,
      silent: silent && ready,
      // Beside another daemon the phase is known, and theirs to correct.
      aligned: ready && (this.writers.foreign !== null || error < near) && estimate.effectivePackets >= lockPackets,
      astray: ready && this.writers.foreign === null && error > 10 * near + 1000,
      waiting: consensus.waiting,
      watchdogDisagrees: vote.watchdogDisagrees,
    });
  }

  private learnDrift(estimate: ClockEstimate): void {
    const generation = this.consensus.discontinuities;
    if (generation !== this.generation) this.holdover.forget();
    this.generation = generation;
    this.holdover.learn(this.now, estimate.offsetAt(this.now));
  }

  private steer(news: boolean, commands: Command[], steps: StepAction[]): void {
    const { config, now, frame, consensus, holdover } = this;
    const { estimate } = consensus;
    if (this.writers.foreign !== null) return;
    this.resume(commands);
    if (!config.steer || !frame.known || this.writers.awaitedStep !== null) return;
    this.setFromAfar(steps);
    if (estimate === null || !estimate.isReady) return this.steerRateOnly(news, commands);
    const holding = holdover.active;
    const due = news || now - this.lastCommand >= (holding ? holdoverStep : renewal);
    if (!due) return;
    const aside = estimate.steeringOffsetAt(now) - estimate.offsetAt(now);
    let error = this.errorAt(now) + aside - consensus.buildOut.hidden;
    const step = planStep(config, { error, deviation: estimate.deviationAt(now), everLocked: this.lock.everLocked, steps: this.steps });
    if (step !== null) {
      steps.push(step);
      this.steps++;
      this.writers.awaitedStep = now;
      error += step.by;
    }
    error += estimate.suspectedJump ?? 0;
    const rate = estimate.steeringRate + (holding ? holdover.at(now + holdoverStep / 2).rate : 0);
    const gap = holding ? 4 * holdoverStep : estimate.gap;
    const situation = this.rateSituation(rate, estimate.rateDeviationAt(now));
    this.command(planSlew(config.clock, now, error, situation, gap, holding ? holdoverSlew : undefined), news, commands);
  }

  private isFarDisputed(): boolean {
    return this.far.isDisputed(this.config.links, this.now);
  }

  /** A step of years. It is another era with another frame: what follows is a start like any other, with the step that policy allows. */
  private setFromAfar(steps: StepAction[]): void {
    const { config, now, far, lock } = this;
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
    const { remembered: ppb, now, frame, config } = this;
    if (ppb === null || !frame.known || !config.steer) return;
    this.remembered = null;
    if (Math.abs(ppb - frame.restingFrequency) < negligible) return;
    this.command({ clock: config.clock, ppb, untilRaw: now, thenPpb: ppb }, true, commands);
  }

  /** One direction only: the rate is known and steered, the phase is not. */
  private steerRateOnly(news: boolean, commands: Command[]): void {
    const filter = this.lock.everLocked ? null : this.findRate();
    if (filter === null) this.found = this.frame.restingFrequency;
    else if (news) {
      const ppb = planFrequency(this.rateSituation(filter.rate, filter.rateDeviationAt(this.now)));
      this.command({ clock: this.config.clock, ppb, untilRaw: this.now, thenPpb: ppb }, news, commands);
    }
  }

  private findRate(): LinkFilter | null {
    for (const { filter, config } of this.consensus.links.values())
      if (filter?.state === "rateOnly" && config.use !== "Watchdog") return filter;
    return null;
  }

  private rateSituation(rate: Ppb, rateDeviation: Ppb): RateSituation {
    // Once aligned, what it was told to run at since then is the better guess.
    return { rate, rateDeviation, found: this.trusted ?? this.found, maxSlew: this.config.maxSlew };
  }

  /** However certain an estimate says it is: what the clock has run at for minutes is more certain, and no source drives it away. */
  private limit(command: Command): Command {
    const { config, lock, now } = this;
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
    const present = this.frame.frequencyAt(this.now);
    this.lastCommand = this.now;
    if (!news && Math.abs(present - command.ppb) < negligible) return;
    commands.push(command);
    this.replaced = Math.abs(present - command.thenPpb);
    this.unread += Math.abs(command.ppb - present) * latency;
    this.frame.command(this.now, command);
  }

  private publish(): Publication {
    const { now, consensus, frame } = this;
    const { estimate, selected } = consensus;
    const usable = frame.known && this.writers.awaitedStep === null && !this.isFarDisputed();
    this.proven = usable && this.prove(now, this.proof);
    const guaranteed = this.proven ? this.guaranteedAt(now) : null;
    const calibrated = usable ? this.calibratedAt(now, guaranteed) : null;
    const bend = frame.slewEnd > now && frame.slewEnd < now + publicationLife ? frame.slewEnd : null;
    const growth = (present: Nanoseconds, at: (raw: Raw) => Nanoseconds | null) => {
      const end = at(now + publicationLife) ?? present;
      const steepest = Math.max(0, (end - present) / publicationLife);
      return bend === null ? steepest : Math.max(steepest, ((at(bend) ?? present) - present) / (bend - now));
    };
    const overshoot =
      this.writers.growth(this.config.steer) + Math.max(overshootGrowth(frame.slewAt(now), frame.slewEnd - now), this.replaced);
    this.publishedSlewEnd = frame.slewAt(now) > 0 ? frame.slewEnd : Number.POSITIVE_INFINITY;
    const belief = usable && this.lock.state === "PhaseAligned" ? (estimate?.beliefAt(now) ?? null) : null;
    const guaranteedGrowth = guaranteed === null ? 0 : overshoot + growth(guaranteed, (raw) => this.guaranteedAt(raw));
    return {
      clock: this.config.clock,
      raw: now,
      era: this.writers.era ?? 0,
      state: this.lock.state,
      reason: this.lock.reason,
      selected: selected?.config.id ?? null,
      offset: estimate?.isReady === true ? this.errorAt(now) : 0,
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
    const { estimate } = this.consensus;
    return estimate?.isReady === true && estimate.gap < pace;
  }

  private withHeadroom(calibrated: Nanoseconds, guaranteed: Nanoseconds | null): Nanoseconds {
    const { vote } = this.consensus;
    if (!this.isBusy()) return calibrated;
    const larger = calibrated * (1 + headroom);
    return guaranteed === null || vote.majorityInDoubt ? larger : Math.max(calibrated, Math.min(larger, guaranteed));
  }

  private calibratedAt(raw: Raw, guaranteed: Nanoseconds | null): Nanoseconds | null {
    const { estimate, vote, widening } = this.consensus;
    if (estimate === null || !estimate.isReady || vote.noMajority) return null;
    const radius = estimate.radiusAt(raw);
    if (radius === null) return null;
    const calibrated =
      Math.abs(this.errorAt(raw)) + radius + linkSettings.boundSigmas * this.holdover.strayAt(raw) + widening + this.unread;
    // What the majority proves does not cap where the majority itself is in doubt.
    return guaranteed === null || vote.majorityInDoubt ? calibrated : Math.min(calibrated, guaranteed);
  }

  private guaranteedAt(raw: Raw): Nanoseconds {
    const { proof } = this;
    const dt = raw - this.now;
    const steering = this.frame.at(raw);
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
