/**
 * All that is known of one clock: what its sources say, what steering has done to it and who else does, what is fed forward while
 * nobody is heard, and what was known before the process began.
 */
import type { Nanoseconds, Raw } from "../time/units.js";
import { ClockLock } from "./clock-lock.js";
import type { ClockMemory } from "./clock-memory.js";
import { ClockWriters } from "./clock-writers.js";
import { Consensus, type Proof } from "./consensus.js";
import type { EnsembleConfig, ForeignSteering } from "./contract.js";
import { FarClock } from "./far-clock.js";
import { Holdover } from "./holdover.js";
import { Recollection } from "./recollection.js";
import { SteeringFrame } from "./steering-frame.js";
import { UnexplainedSteering } from "./unexplained-steering.js";

export class ClockKnowledge {
  config: EnsembleConfig;
  readonly consensus = new Consensus();
  readonly frame = new SteeringFrame();
  readonly writers: ClockWriters;
  readonly strangers = new UnexplainedSteering();
  readonly lock = new ClockLock();
  readonly holdover = new Holdover();
  readonly far = new FarClock();
  /** What was known before this process began, while it still says something. */
  private recollection: Recollection | null = null;
  /** Of the links' discontinuities: what holdover has learnt is of the last one. */
  private generation = -1;
  private readonly proof: Proof = { low: 0, high: 0, lowRate: 0, highRate: 0 };

  /** `foreign`: who steers this node's clocks beside us. */
  constructor(config: EnsembleConfig, foreign: ForeignSteering | null) {
    this.config = config;
    this.writers = new ClockWriters(foreign);
  }

  configure(config: EnsembleConfig): void {
    this.config = config;
    this.consensus.configure(config);
  }

  /** The clock was read, and no step is on its way: local − raw time is known. */
  get isPlaced(): boolean {
    return this.frame.known && this.writers.awaitedStep === null;
  }

  /** Local − raw time, what is fed forward included, ns; null: between a step's order and its reading nobody knows where the clock is. */
  steeringAt(raw: Raw): Nanoseconds | null {
    return this.isPlaced ? this.frame.at(raw) + this.holdover.at(raw).offset : null;
  }

  /** Estimated local − reference, ns. */
  errorAt(raw: Raw): Nanoseconds {
    return (this.consensus.estimate?.offsetAt(raw) ?? 0) + this.holdover.at(raw).offset + this.frame.at(raw);
  }

  /** What the sources prove and what was proven before; false: neither is anything. Reads only. */
  prove(raw: Raw, into: Proof): boolean {
    const { recollection, consensus } = this;
    if (!consensus.prove(raw, into)) return recollection?.prove(raw, into) ?? false;
    if (recollection === null || !recollection.saysMore(raw, into) || recollection.narrow(raw, into)) return true;
    return consensus.prove(raw, into);
  }

  /** Half of the sources or more find the clock years off. */
  isFarDisputed(now: Raw): boolean {
    return this.far.isDisputed(this.config.links, now);
  }

  /** Before the first measurement: what was known when the last process ended. False: it is of no use. */
  recall(memory: ClockMemory, raw: Raw): boolean {
    const { oscillator, phase, links } = memory;
    const { rate, rateDeviation } = oscillator;
    if (memory.clock !== this.config.clock || this.consensus.estimate !== null) return false;
    this.consensus.expect((id) => ({
      rate,
      rateDeviation: Math.max(rateDeviation, 1),
      jitter: links.find(({ link }) => link === id)?.jitter ?? null,
    }));
    if (phase === null || phase.raw > raw) return true;
    // It is the clock of a moment ago: it was aligned once, and is not stepped again.
    this.recollection = new Recollection(memory, phase, this.config.maxDrift);
    this.consensus.estimate = this.recollection;
    this.lock.everLocked = true;
    return true;
  }

  /** A memory is over with the first packet that denies it, when the sources contradict it, and when they say more than it does. */
  reviewMemory(now: Raw): void {
    const { recollection, consensus, proof } = this;
    if (recollection === null) return;
    if (recollection.isDenied(now, consensus.links.values())) return this.forgetRecollection();
    if (!consensus.prove(now, proof)) return;
    if (!recollection.saysMore(now, proof)) {
      if (consensus.estimate !== recollection) this.recollection = null;
    } else if (!recollection.narrow(now, proof)) {
      // Whatever the clock did while nobody looked, it was not what raw time and steering say.
      this.forgetRecollection();
    }
  }

  /** While nobody is heard, what the oscillator is seen to do periodically is fed forward; while somebody is, that is learnt. */
  watchDrift(now: Raw, news: boolean): void {
    const { consensus, holdover } = this;
    const { estimate, lastPacket } = consensus;
    if (estimate?.isReady !== true) return;
    if (consensus.isSilent(now)) {
      // Who steered may have left the configuration.
      const from = Number.isFinite(lastPacket) ? lastPacket : now;
      return holdover.enter(from, estimate.wander, estimate.deviationAt(from));
    }
    if (!news) return;
    const generation = consensus.discontinuities;
    if (generation !== this.generation) holdover.forget();
    this.generation = generation;
    holdover.learn(now, estimate.offsetAt(now), estimate.gap);
  }

  /** Somebody is heard again: every filter is told what was fed forward meanwhile. */
  leaveHoldover(at: Raw): void {
    const { offset, rate } = this.holdover.at(at);
    if (offset !== 0 || rate !== 0) this.consensus.absorbDrift(this.holdover.since, at, offset, rate);
    this.holdover.leave();
  }

  /** Somebody set the clock: all that was known of its phase is void. */
  forget(): void {
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
}
