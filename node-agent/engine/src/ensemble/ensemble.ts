/**
 * One clock and everything that speaks about it: measurements enter link filters, sources vote, the survivors make one
 * estimate, the estimate steers, and both bounds are published. Deterministic; time is only what the caller says.
 */
import type { Nanoseconds, Raw } from "../time/units.js";
import { ClockLock } from "./clock-lock.js";
import type { ClockEnsemble, Decision, EnsembleConfig, Publication, SourceStatus, SteeringReading, StepAction } from "./contract.js";
import { type ClockEstimate, SingleLinkEstimate } from "./fusion.js";
import { Holdover } from "./holdover.js";
import type { Interval } from "./link/causal-interval.js";
import type { Command, LinkId, Measurement } from "./measurement.js";
import { SourceLink } from "./source-link.js";
import { planSlew, planStep } from "./steering.js";
import { SteeringFrame } from "./steering-frame.js";

/** Publications are void this long after their instant unless renewed, s. */
const publicationLife = 8;
/** Without news a publication is renewed this often, s. */
const renewal = 1;
/** Measurements waiting for advance(); more than that and the host is not advancing. */
const mostPending = 4096;
/** Between a decision and the moment it takes effect, s: the command's change of frequency may act that much later. */
const latency = 2e-3;
const holdoverStep = 4;
/** A step that no reading confirms within this time did not happen, s. */
const stepPatience = 2;

const unconfigured: EnsembleConfig = {
  clock: "",
  links: [],
  steer: false,
  step: { mode: "Never", threshold: 0 },
  maxSlew: 0,
  maxDrift: 0,
  minimumIndependentSources: 1,
};

export class Ensemble implements ClockEnsemble {
  private config: EnsembleConfig;
  private now: Raw;
  private era = 0;
  private readonly links = new Map<LinkId, SourceLink>();
  private readonly frame = new SteeringFrame();
  private readonly lock = new ClockLock();
  private readonly holdover = new Holdover();
  private readonly pending: Measurement[] = [];
  private selected: SourceLink | null = null;
  private estimate: ClockEstimate | null = null;
  private steps = 0;
  private awaitedStep: { readonly by: Nanoseconds; readonly raw: Raw } | null = null;
  private lastStepEra = Number.NEGATIVE_INFINITY;
  private eraKnown = false;
  private lastPublished: Raw = Number.NEGATIVE_INFINITY;
  private lastCommand: Raw = Number.NEGATIVE_INFINITY;
  private changed = true;
  private jerk: Nanoseconds = 0;
  private readonly proof: Interval = { low: 0, high: 0 };

  /** Without a configuration it knows no clock and says nothing until configure(). */
  constructor(config?: EnsembleConfig, raw: Raw = 0) {
    this.config = config ?? unconfigured;
    this.now = raw;
    this.configure(this.config, raw);
  }

  configure(config: EnsembleConfig, raw: Raw): void {
    this.now = Math.max(this.now, raw);
    this.config = config;
    const wanted = new Set(config.links.map((link) => link.id));
    for (const id of this.links.keys()) if (!wanted.has(id)) this.links.delete(id);
    for (const link of config.links) {
      const known = this.links.get(link.id);
      if (known === undefined) this.links.set(link.id, new SourceLink(link, config.maxDrift));
      else known.configure(link, config.maxDrift);
    }
    this.changed = true;
  }

  observe(measurement: Measurement): void {
    if (this.pending.length >= mostPending) this.pending.shift();
    this.pending.push(measurement);
  }

  steered(reading: SteeringReading): void {
    if (reading.clock !== this.config.clock || !Number.isFinite(reading.steering) || !Number.isFinite(reading.raw)) return;
    this.meetEra(reading.era);
    this.frame.read(reading);
    if (this.awaitedStep !== null && reading.raw > this.awaitedStep.raw + stepPatience) this.awaitedStep = null;
    this.jerk = 0;
    this.changed = true;
  }

  advance(raw: Raw): Decision {
    this.now = Math.max(this.now, raw);
    const news = this.absorb();
    this.choose();
    const commands: Command[] = [];
    const steps: StepAction[] = [];
    if (news) this.judge();
    this.steer(news, commands, steps);
    const due = news || this.changed || commands.length > 0 || this.now - this.lastPublished >= renewal;
    if (!due) return { commands, steps, publication: null };
    if (!news) this.judge();
    this.changed = false;
    this.lastPublished = this.now;
    return { commands, steps, publication: this.publish() };
  }

  deadline(): Raw {
    const renew = this.lastPublished + renewal;
    const { slewEnd } = this.frame;
    return Math.max(this.now, slewEnd > this.now ? Math.min(renew, slewEnd) : renew);
  }

  private absorb(): boolean {
    let news = false;
    for (const measurement of this.pending) if (this.absorbOne(measurement)) news = true;
    this.pending.length = 0;
    return news;
  }

  private absorbOne(measurement: Measurement): boolean {
    const link = this.links.get(measurement.link);
    if (link === undefined || measurement.local !== this.config.clock) return false;
    if (!this.acceptsEra(measurement.localEra)) return false;
    if (this.holdover.active) this.returnFromHoldover(measurement.at);
    if (!link.observe(measurement, this.now)) return false;
    this.frame.sample(measurement.at, measurement.steering);
    return true;
  }

  private returnFromHoldover(at: Raw): void {
    if (!(at <= this.now + 0.1)) return;
    const { offset, rate } = this.holdover.at(at);
    if (rate !== 0)
      for (const link of this.links.values()) {
        const { filter } = link;
        filter?.absorbDrift(offset - rate * (at - filter.raw), rate);
      }
    this.holdover.leave();
  }

  private acceptsEra(era: number): boolean {
    if (!this.eraKnown || era > this.era) this.meetEra(era);
    return era === this.era || (era === this.era - 1 && this.era === this.lastStepEra);
  }

  /** A new era is either the step we asked for, in which case the raw frame goes on, or a disturbance, and all is void. */
  private meetEra(era: number): void {
    if (!this.eraKnown) {
      this.eraKnown = true;
      this.era = era;
      return;
    }
    if (era <= this.era) return;
    const ours = this.awaitedStep !== null && era === this.era + 1;
    this.era = era;
    this.awaitedStep = null;
    this.changed = true;
    if (ours) {
      this.lastStepEra = era;
      return;
    }
    for (const link of this.links.values()) link.forget();
    this.holdover.leave();
    this.holdover.forget();
  }

  private choose(): void {
    let best: SourceLink | null = null;
    for (const link of this.links.values()) if (link.config.use !== "Watchdog" && link.isReady && !link.isSilent(this.now)) best ??= link;
    if (best === null || best === this.selected) return;
    this.selected = best;
    this.estimate = new SingleLinkEstimate(best);
  }

  private errorAt(raw: Raw): Nanoseconds {
    return (this.estimate?.offsetAt(raw) ?? 0) + this.holdover.at(raw).offset + this.frame.at(raw);
  }

  private judge(): void {
    const { estimate, selected } = this;
    const ready = estimate?.isReady ?? false;
    const error = Math.abs(this.errorAt(this.now));
    const near = 3 * (estimate?.deviationAt(this.now) ?? 0) + 10;
    const silent = selected?.isSilent(this.now) ?? true;
    if (silent && ready && selected !== null) this.holdover.enter(selected.lastPacket);
    let measuring = false;
    for (const link of this.links.values()) if (!link.isSilent(this.now)) measuring = true;
    this.lock.judge({
      readable: this.frame.known,
      measuring,
      disagreeing: false,
      rateKnown: ready,
      phaseKnown: ready,
      silent,
      aligned: ready && error < near && (estimate?.effectivePackets ?? 0) >= 16,
      astray: ready && error > 10 * near + 1000,
    });
    if (ready && !silent && estimate !== null) this.holdover.learn(this.now, estimate.offsetAt(this.now));
  }

  private steer(news: boolean, commands: Command[], steps: StepAction[]): void {
    const { estimate, config, now, frame } = this;
    if (!config.steer || estimate === null || !estimate.isReady || !frame.known || this.awaitedStep !== null) return;
    const holding = this.holdover.active;
    const due = news || (holding ? now - this.lastCommand >= holdoverStep : now >= this.lastCommand + renewal);
    if (!due) return;
    let error = this.errorAt(now);
    const step = planStep(config, { error, deviation: estimate.deviationAt(now), everLocked: this.lock.everLocked, steps: this.steps });
    if (step !== null) {
      steps.push(step);
      this.steps++;
      this.awaitedStep = { by: step.by, raw: now };
      error += step.by;
    }
    const rate = estimate.rate + (holding ? this.holdover.at(now + holdoverStep / 2).rate : 0);
    const gap = holding ? 4 * holdoverStep : estimate.gap;
    const command = planSlew(config.clock, now, error, rate, gap, holding ? Math.min(100, config.maxSlew) : config.maxSlew);
    this.lastCommand = now;
    if (!news && !holding && Math.abs(frame.frequencyAt(now) - command.ppb) < 0.01) return;
    commands.push(command);
    this.jerk += Math.abs(command.ppb - frame.frequencyAt(now)) * latency;
    frame.command(now, command);
  }

  private publish(): Publication {
    const { estimate, now, selected } = this;
    const usable = this.frame.known && this.awaitedStep === null;
    const calibrated = usable ? this.calibratedAt(now) : null;
    const guaranteed = usable ? this.guaranteedAt(now) : null;
    return {
      clock: this.config.clock,
      raw: now,
      era: this.era,
      state: this.lock.state,
      reason: this.lock.reason,
      selected: selected?.config.id ?? null,
      offset: estimate?.isReady === true ? this.errorAt(now) : 0,
      frequency: estimate?.rate ?? 0,
      pathDelay: selected?.pathDelay ?? 0,
      calibrated,
      calibratedGrowth: calibrated === null ? 0 : this.growth(calibrated, (raw) => this.calibratedAt(raw)),
      guaranteed,
      guaranteedGrowth: guaranteed === null ? 0 : this.growth(guaranteed, (raw) => this.guaranteedAt(raw)),
      voidAfter: publicationLife,
      sources: this.describeSources(),
    };
  }

  private describeSources(): SourceStatus[] {
    const statuses: SourceStatus[] = [];
    for (const link of this.links.values())
      statuses.push({ link: link.config.id, state: "Healthy", reason: "", offsetFromConsensus: null });
    return statuses;
  }

  private calibratedAt(raw: Raw): Nanoseconds | null {
    const { estimate } = this;
    if (estimate === null || !estimate.isReady) return null;
    const radius = estimate.radiusAt(raw);
    if (radius === null) return null;
    const calibrated = Math.abs(this.errorAt(raw)) + radius + this.jerk;
    const guaranteed = this.guaranteedAt(raw);
    return guaranteed === null ? calibrated : Math.min(calibrated, guaranteed);
  }

  private guaranteedAt(raw: Raw): Nanoseconds | null {
    const { selected, proof } = this;
    if (selected === null || !selected.proveAt(raw, proof)) return null;
    const steering = this.frame.at(raw);
    return Math.max(proof.high + steering, -(proof.low + steering)) + this.jerk;
  }

  /** Steepest chord from now, so that the straight line covers the bound until it is void. */
  private growth(present: Nanoseconds, at: (raw: Raw) => Nanoseconds | null): number {
    const { now } = this;
    const end = at(now + publicationLife) ?? present;
    let growth = Math.max(0, (end - present) / publicationLife);
    const { slewEnd } = this.frame;
    if (slewEnd > now && slewEnd < now + publicationLife) {
      const bend = at(slewEnd) ?? present;
      growth = Math.max(growth, (bend - present) / (slewEnd - now));
    }
    return growth;
  }
}
