/**
 * Closed loop: the world makes measurements, the ensemble answers with commands, the world carries them out. Exact truth,
 * bit-identical for a seed.
 */
import type { ClockEnsemble, Decision, EnsembleConfig, Publication } from "../ensemble/contract.js";
import type { Command, Measurement } from "../ensemble/measurement.js";
import type { Nanoseconds, Ppb, Raw } from "../time/units.js";
import { LinkRun } from "./link-run.js";
import type { Delivery } from "./mishaps.js";
import { Oscillator } from "./oscillator.js";
import { createRandom } from "./random.js";
import { SimulatedClock } from "./simulated-clock.js";
import { Thermometer } from "./thermometer.js";
import { configureEnsemble, type Fault, type World } from "./world.js";

/** What a reader of the publication sees, and the truth. */
export interface Look {
  /** True time, s. */
  readonly at: number;
  /** Local − true, ns. */
  readonly error: Nanoseconds;
  /** Local − true had nobody ever steered, ns. */
  readonly free: Nanoseconds;
  /** The ensemble's own belief of the error, ns. */
  readonly believed: Nanoseconds;
  /** As a reader of the publication sees them, ns; null: void. */
  readonly calibrated: Nanoseconds | null;
  readonly guaranteed: Nanoseconds | null;
  readonly publication: Publication | null;
}

/** What was seen at one whole second. */
export interface SecondSample extends Look {
  readonly second: number;
}

export interface Observer {
  second?(sample: SecondSample): void;
  /** The first true time after `after` at which somebody reads, s; Infinity: never. Readers change nothing: the bits stay the same. */
  readsAfter?(after: number): number;
  /** At each of those, unless the machine is paused. */
  read?(look: Look): void;
  /** After a measurement was handed over and answered; the process was there to hear it. */
  heard?(measurement: Measurement, look: Look): void;
  decided?(at: number, decision: Decision, ensemble: ClockEnsemble): void;
  /** After every event: local − true, ns. */
  moved?(at: number, error: Nanoseconds): void;
}

type EventKind = "second" | "fault" | "exchange" | "toLocal" | "toRemote" | "late" | "action" | "slewEnd" | "wake" | "resume" | "slewed";

const never = Number.POSITIVE_INFINITY;

export class Simulation {
  private now = 0;
  private due = 0;
  private kind: EventKind = "second";
  private second = 0;
  private wake: Raw = 0;
  private last: Publication | null = null;
  private readonly clock: SimulatedClock;
  private readonly runs: LinkRun[];
  private readonly faults: Fault[];
  private readonly deliveries: Delivery[] = [];
  private readonly actions: { readonly due: number; readonly command: Command | null; readonly step: Nanoseconds }[] = [];
  private nextRead = never;
  private resumesAt = never;
  private resumesMarked = false;
  /** Slews by others that will end, by their end. */
  private readonly foreignSlews: { readonly due: number; readonly by: Ppb }[] = [];
  private readonly thermometer: Thermometer | null;
  private config: EnsembleConfig;
  private readonly world: World;
  private readonly ensemble: ClockEnsemble;
  private readonly observer: Observer;

  constructor(world: World, seed: number, create: (config: EnsembleConfig, raw: Raw) => ClockEnsemble, observer: Observer) {
    this.world = world;
    this.observer = observer;
    const phases = createRandom(seed, 5);
    const raw = 1000 + phases.uniform();
    const oscillator = new Oscillator(world.oscillator, createRandom(seed, 1), createRandom(seed, 6));
    this.clock = new SimulatedClock(oscillator, raw, world.offset);
    const { thermometer, oscillator: model } = world;
    this.thermometer =
      thermometer === undefined || model.temperature === undefined
        ? null
        : new Thermometer(thermometer, model.temperature.profile, createRandom(seed, 7));
    this.faults = [...(world.faults ?? [])].sort((a, b) => a.at - b.at);
    this.runs = world.links.map((link, i) => new LinkRun(link, seed, i, i === 0 ? phases : createRandom(seed, 100 * i + 5)));
    this.config = configureEnsemble(world);
    this.ensemble = create(this.config, raw);
    this.read();
    this.wake = this.ensemble.deadline();
    this.nextRead = observer.readsAfter?.(0) ?? never;
  }

  run(): void {
    while (this.next());
  }

  /** One event; false at the end. */
  private next(): boolean {
    this.due = this.second + 1;
    this.kind = "second";
    this.consider(this.faults[0]?.at ?? never, "fault");
    let run: LinkRun | null = null;
    for (const candidate of this.runs) {
      const before = this.due;
      this.consider(candidate.nextExchange, "exchange");
      this.consider(candidate.dueToLocal, "toLocal");
      this.consider(candidate.dueToRemote, "toRemote");
      if (this.due < before) run = candidate;
    }
    this.consider(this.deliveries[0]?.due ?? never, "late");
    this.consider(this.clock.paused ? never : (this.actions[0]?.due ?? never), "action");
    this.consider(this.foreignSlews[0]?.due ?? never, "slewed");
    this.consider(this.resumesAt, "resume");
    const stalledUntil = this.isStalled() ? (this.world.stall?.[1] ?? 0) : 0;
    this.consider(this.world.stallsThreads === true ? Math.max(stalledUntil, this.clock.slewEndsAt) : this.clock.slewEndsAt, "slewEnd");
    this.consider(Math.max(stalledUntil, this.clock.trueTimeOf(this.wake)), "wake");
    this.readUntil(this.due);
    this.now = Math.max(this.due, this.now);
    this.clock.moveTo(this.now);
    this.handle(this.kind, run);
    this.observer.moved?.(this.now, this.clock.offset);
    return this.second < this.world.duration;
  }

  private consider(at: number, kind: EventKind): void {
    if (!(at < this.due)) return;
    this.due = at;
    this.kind = kind;
  }

  private handle(kind: EventKind, run: LinkRun | null): void {
    switch (kind) {
      case "second":
        return this.endSecond();
      case "fault":
        return this.strike();
      case "late":
        return this.deliverLate();
      case "action":
        return this.actuate();
      case "slewEnd":
        return this.clock.endSlew();
      case "wake":
        return this.wakeUp();
      case "resume":
        return this.resume();
      case "slewed":
        this.clock.foreignSlew -= this.foreignSlews.shift()?.by ?? 0;
        return;
      case "exchange":
        return run === null ? undefined : run.beginExchange(this.now);
      case "toLocal":
        return run === null ? undefined : this.handOver(run.takeToLocal(this.now, this.clock));
      case "toRemote":
        return run === null ? undefined : this.handOver(run.takeToRemote(this.now, this.clock));
    }
  }

  private isStalled(): boolean {
    const { stall } = this.world;
    return stall !== undefined && this.now >= stall[0] && this.now < stall[1];
  }

  private endSecond(): void {
    this.second++;
    this.observer.second?.(this.sample());
    const reading = this.thermometer?.read(this.second, this.clock.raw) ?? null;
    if (reading !== null && !this.isStalled() && !this.clock.paused) this.ensemble.sense(reading);
    this.clock.oscillator.tick();
  }

  private sample(): SecondSample {
    return { second: this.second, ...this.look(this.now) };
  }

  /** Whoever reads before the next event. */
  private readUntil(due: number): void {
    while (this.nextRead < due) {
      const at = this.nextRead;
      if (at >= this.now && !this.clock.paused) this.observer.read?.(this.look(at));
      this.nextRead = this.observer.readsAfter?.(at) ?? never;
    }
  }

  /** @param at true s, before the next event */
  private look(at: number): Look {
    const { last, clock } = this;
    const { raw, steering, offset } = clock.lookAhead(at);
    const age = last === null ? 0 : raw - last.raw;
    const live = last !== null && age <= last.voidAfter && last.era === clock.era;
    return {
      at,
      error: offset,
      free: offset - steering,
      believed: last?.offset ?? 0,
      calibrated: live && last.calibrated !== null ? last.calibrated + last.calibratedGrowth * age : null,
      guaranteed: live && last.guaranteed !== null ? last.guaranteed + last.guaranteedGrowth * age : null,
      publication: last,
    };
  }

  private strike(): void {
    const fault = this.faults.shift();
    if (fault === undefined) return;
    switch (fault.kind) {
      case "frequency":
        this.clock.oscillator.jump(fault.by);
        return;
      case "route":
        for (const run of this.runs) if (run.link.config.id === fault.link) run.reroute(fault.toLocal, fault.toRemote);
        return;
      case "referenceStep":
        this.clock.offset += fault.by;
        return;
      case "localStep":
        this.clock.step(fault.by);
        this.read();
        return;
      case "foreignFrequency":
        this.clock.disturb(fault.by);
        return;
      case "foreignSlew":
        this.clock.foreignSlew += fault.by;
        this.foreignSlews.push({ due: fault.at + fault.lasts, by: fault.by });
        this.foreignSlews.sort((a, b) => a.due - b.due);
        return;
      case "clockReset":
        this.clock.reset(fault.by);
        this.read();
        return;
      case "pause":
        this.clock.paused = true;
        this.resumesAt = fault.at + fault.lasts;
        this.resumesMarked = fault.hasMarker;
        return;
      case "kill":
        this.clock.abandonSlew();
        return;
      case "configure":
        this.config = fault.change(this.config);
        this.ensemble.configure(this.config, this.clock.raw);
    }
  }

  private resume(): void {
    this.clock.paused = false;
    this.resumesAt = never;
    if (!this.resumesMarked) return;
    this.clock.era++;
    this.read();
  }

  private handOver(deliveries: readonly Delivery[]): void {
    for (const delivery of deliveries)
      if (delivery.due <= this.now) this.deliver(delivery.measurement);
      else this.deliveries.push(delivery);
    this.deliveries.sort((a, b) => a.due - b.due);
  }

  private deliverLate(): void {
    const delivery = this.deliveries.shift();
    if (delivery !== undefined) this.deliver(delivery.measurement);
  }

  private deliver(measurement: Measurement): void {
    if (this.isStalled() || this.clock.paused) return;
    this.ensemble.observe(measurement);
    this.advance();
    if (this.observer.heard !== undefined) this.observer.heard(measurement, this.look(this.now));
  }

  private wakeUp(): void {
    if (this.clock.raw < this.wake) this.clock.raw = this.wake;
    this.read();
    this.advance();
  }

  private read(): void {
    this.ensemble.steered(this.clock.read());
  }

  private advance(): void {
    const decision = this.ensemble.advance(this.clock.raw);
    if (decision.publication !== null) this.last = decision.publication;
    const wait = this.world.actuation ?? 0;
    for (const { by } of decision.steps) this.schedule(wait, null, by);
    for (const command of decision.commands) this.schedule(wait, command, 0);
    if (wait === 0) while (this.actions.length > 0) this.actuate();
    this.wake = this.ensemble.deadline();
    if (this.wake <= this.clock.raw) this.wake = this.clock.raw + 1e-3;
    this.observer.decided?.(this.now, decision, this.ensemble);
  }

  private schedule(wait: number, command: Command | null, step: Nanoseconds): void {
    this.actions.push({ due: this.now + wait, command, step });
  }

  private actuate(): void {
    const action = this.actions.shift();
    if (action === undefined) return;
    if (action.step !== 0) this.clock.step(action.step);
    if (action.command !== null) this.clock.command(action.command);
    this.read();
  }
}
