/**
 * When the clock is commanded and stepped, and what that costs the bound until it is read again. How a phase error becomes a command
 * is steering.ts's matter.
 */
import type { Nanoseconds, Ppb, Raw } from "../time/units.js";
import type { ClockKnowledge } from "./clock-knowledge.js";
import { stepPatience } from "./clock-writers.js";
import type { StepAction } from "./contract.js";
import type { LinkFilter } from "./link/link-filter.js";
import type { Command } from "./measurement.js";
import { planFrequency, planSlew, planStep, type RateSituation } from "./steering.js";

/** Without news it is commanded this often, s. */
const renewal = 1;
/** Between a decision and the moment it takes effect, s: the command's change of frequency may act that much later. */
const latency = 2e-3;
/** Holdover: a command this often, s, and what it slews by at most, ppb. */
const holdoverStep = 4;
const holdoverSlew = 100;
/** A frequency that differs by less needs no command, ppb. */
const negligible = 0.01;
/** The mean of the commanded frequency follows within that time, s. */
const trustTime = 100;
/** A clock that is far off again after that many settings is not ours to set. */
const mostSets = 3;

/** What one decision orders. */
export interface Orders {
  readonly commands: Command[];
  readonly steps: StepAction[];
}

export class ClockSteering {
  /**
   * How far the frequency that a command of this decision replaces is from the one it leads to, ppb: what is published stands before
   * the command is carried out, and holds although it never is.
   */
  replaced: Ppb = 0;
  /** What commands may be late by, until the next reading, ns. */
  unread: Nanoseconds = 0;
  private readonly knowledge: ClockKnowledge;
  private steps = 0;
  private lastCommand: Raw = Number.NEGATIVE_INFINITY;
  /** Frequency in force when nothing was known of the oscillator, ppb. */
  private found: Ppb = 0;
  /** Mean of what the clock was told to run at since it was aligned, ppb; null: it never was. */
  private trusted: Ppb | null = null;
  private trustedAt: Raw = 0;
  /** When the clock was last set from afar, and how often, raw s. */
  private lastSet: Raw = Number.NEGATIVE_INFINITY;
  private sets = 0;
  /** Frequency that a memory asks for before anything is measured, ppb; null: none. */
  private remembered: Ppb | null = null;

  constructor(knowledge: ClockKnowledge) {
    this.knowledge = knowledge;
  }

  /** The clock was read: commands until then are in what was read, and a step that it does not show for too long was refused. */
  read(raw: Raw): void {
    // Policy may order it again.
    if (this.knowledge.writers.refutesStep(raw)) this.steps--;
    if (raw >= this.lastCommand) this.unread = 0;
  }

  /** The last process knew the oscillator's `rate`, ppb. */
  recall(rate: Ppb): void {
    this.remembered = -rate;
  }

  /** `news`: something was measured since the last decision. */
  steer(now: Raw, news: boolean, orders: Orders): void {
    const { config, consensus, holdover, lock, writers } = this.knowledge;
    const { estimate } = consensus;
    this.replaced = 0;
    if (writers.foreign !== null) return;
    this.resume(now, orders);
    if (!config.steer || !this.knowledge.isPlaced) return;
    this.setFromAfar(now, orders);
    if (estimate === null || !estimate.isReady) return this.steerRateOnly(now, news, orders);
    const holding = holdover.active;
    const due = news || now - this.lastCommand >= (holding ? holdoverStep : renewal);
    if (!due) return;
    const aside = estimate.steeringOffsetAt(now) - estimate.offsetAt(now);
    let error = this.knowledge.errorAt(now) + aside - consensus.buildOut.hidden;
    const step = planStep(config, { error, deviation: estimate.deviationAt(now), everLocked: lock.everLocked, steps: this.steps });
    if (step !== null) {
      orders.steps.push(step);
      this.steps++;
      writers.awaitedStep = now;
      error += step.by;
    }
    error += estimate.suspectedJump ?? 0;
    const rate = estimate.steeringRate + (holding ? holdover.at(now + holdoverStep / 2).rate : 0);
    const gap = holding ? 4 * holdoverStep : estimate.gap;
    const situation = this.rateSituation(rate, estimate.rateDeviationAt(now));
    this.command(planSlew(config.clock, now, error, situation, gap, holding ? holdoverSlew : undefined), now, news, orders);
  }

  /** A step of years. It is another era with another frame: what follows is a start like any other, with the step that policy allows. */
  private setFromAfar(now: Raw, { steps }: Orders): void {
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
  private resume(now: Raw, orders: Orders): void {
    const { remembered: ppb } = this;
    const { frame, config } = this.knowledge;
    if (ppb === null || !frame.known || !config.steer) return;
    this.remembered = null;
    if (Math.abs(ppb - frame.restingFrequency) < negligible) return;
    this.command({ clock: config.clock, ppb, untilRaw: now, thenPpb: ppb }, now, true, orders);
  }

  /** One direction only: the rate is known and steered, the phase is not. */
  private steerRateOnly(now: Raw, news: boolean, orders: Orders): void {
    const { config, frame, lock } = this.knowledge;
    const filter = lock.everLocked ? null : this.findRate();
    if (filter === null) this.found = frame.restingFrequency;
    else if (news) {
      const ppb = planFrequency(this.rateSituation(filter.rate, filter.rateDeviationAt(now)));
      this.command({ clock: config.clock, ppb, untilRaw: now, thenPpb: ppb }, now, news, orders);
    }
  }

  private findRate(): LinkFilter | null {
    for (const { filter, config } of this.knowledge.consensus.links.values())
      if (filter?.state === "rateOnly" && config.use !== "Watchdog") return filter;
    return null;
  }

  private rateSituation(rate: Ppb, rateDeviation: Ppb): RateSituation {
    // Once aligned, what it was told to run at since then is the better guess.
    return { rate, rateDeviation, found: this.trusted ?? this.found, maxSlew: this.knowledge.config.maxSlew };
  }

  /** However certain an estimate says it is: what the clock has run at for minutes is more certain, and no source drives it away. */
  private limit(command: Command, now: Raw): Command {
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

  private command(wanted: Command, now: Raw, news: boolean, { commands }: Orders): void {
    const { frame } = this.knowledge;
    const command = this.limit(wanted, now);
    if (!Number.isFinite(command.ppb) || !Number.isFinite(command.thenPpb) || Number.isNaN(command.untilRaw)) return;
    const present = frame.frequencyAt(now);
    this.lastCommand = now;
    if (!news && Math.abs(present - command.ppb) < negligible) return;
    commands.push(command);
    this.replaced += Math.abs(present - command.thenPpb);
    this.unread += Math.abs(command.ppb - present) * latency;
    frame.command(now, command);
  }
}
