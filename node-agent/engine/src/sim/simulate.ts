/**
 * Closed loop: the world makes measurements, the ensemble answers with commands, the world carries them out. Exact truth,
 * bit-identical for a seed.
 *
 *   d(raw) = (1 + y) dt;   local − true: dx = (y + u + y·u) dt;   steering: U = ∫ u d(raw)
 *   toLocal value = delay + x − error;   toRemote value = delay − x + error
 */
import type { ClockEnsemble, Decision, EnsembleConfig, Publication } from "../ensemble/contract.js";
import type { Command, Measurement } from "../ensemble/measurement.js";
import type { Nanoseconds, Ppb, Raw } from "../time/units.js";
import { Oscillator } from "./oscillator.js";
import { createRandom, type Random } from "./random.js";
import { configureEnsemble, type Fault, perfectRemote, type SimulatedLink, simulatedClock, type World } from "./world.js";

/** What was seen at one whole second. */
export interface SecondSample {
  readonly second: number;
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

export interface Observer {
  second?(sample: SecondSample): void;
  decided?(at: number, decision: Decision, ensemble: ClockEnsemble): void;
  /** After every event: local − true, ns. */
  moved?(at: number, error: Nanoseconds): void;
}

interface LinkRun {
  readonly link: SimulatedLink;
  readonly delayToLocal: (random: Random, at: number) => Nanoseconds;
  readonly delayToRemote: (random: Random, at: number) => Nanoseconds;
  readonly localRandom: Random;
  readonly remoteRandom: Random;
  readonly lossRandom: Random;
  readonly phaseRandom: Random;
  readonly phase: number;
  exchanges: number;
  nextExchange: number;
  dueToLocal: number;
  dueToRemote: number;
  extraToLocal: Nanoseconds;
  extraToRemote: Nanoseconds;
}

interface Delivery {
  readonly due: number;
  readonly measurement: Measurement;
}

type EventKind = "second" | "fault" | "exchange" | "toLocal" | "toRemote" | "late" | "action" | "slewEnd" | "wake";

const fastest = 0.125;
const never = Number.POSITIVE_INFINITY;

export class Simulation {
  private now = 0;
  private due = 0;
  private kind: EventKind = "second";
  private raw: Raw;
  private offset: Nanoseconds;
  private steering: Nanoseconds = 0;
  private applied: Ppb = 0;
  private slewEnd: Raw = never;
  private thenPpb: Ppb = 0;
  private second = 0;
  private era = 0;
  private wake: Raw = 0;
  private last: Publication | null = null;
  private readonly oscillator: Oscillator;
  private readonly runs: LinkRun[];
  private readonly faults: Fault[];
  private readonly deliveries: Delivery[] = [];
  private readonly actions: { readonly due: number; readonly command: Command | null; readonly step: Nanoseconds }[] = [];
  private config: EnsembleConfig;
  private readonly world: World;
  private readonly ensemble: ClockEnsemble;
  private readonly observer: Observer;

  constructor(world: World, seed: number, create: (config: EnsembleConfig, raw: Raw) => ClockEnsemble, observer: Observer) {
    this.world = world;
    this.observer = observer;
    const phases = createRandom(seed, 5);
    this.raw = 1000 + phases.uniform();
    this.offset = world.offset;
    this.oscillator = new Oscillator(world.oscillator, createRandom(seed, 1), createRandom(seed, 6));
    this.faults = [...(world.faults ?? [])].sort((a, b) => a.at - b.at);
    this.runs = world.links.map((link, i) => {
      const phaseRandom = i === 0 ? phases : createRandom(seed, 100 * i + 5);
      const phase = phaseRandom.uniform();
      return {
        link,
        delayToLocal: link.toLocal(),
        delayToRemote: link.toRemote(),
        localRandom: createRandom(seed, 100 * i + 2),
        remoteRandom: createRandom(seed, 100 * i + 3),
        lossRandom: createRandom(seed, 100 * i + 4),
        phaseRandom,
        phase,
        exchanges: 0,
        nextExchange: 0.01 + 0.1 * phaseRandom.uniform(),
        dueToLocal: never,
        dueToRemote: never,
        extraToLocal: 0,
        extraToRemote: 0,
      };
    });
    this.config = configureEnsemble(world);
    this.ensemble = create(this.config, this.raw);
    this.read();
    this.wake = this.ensemble.deadline();
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
    this.consider(this.actions[0]?.due ?? never, "action");
    this.consider(this.trueTimeOf(this.slewEnd), "slewEnd");
    const stalledUntil = this.isStalled() ? (this.world.stall?.[1] ?? 0) : 0;
    this.consider(Math.max(stalledUntil, this.trueTimeOf(this.wake)), "wake");
    this.moveTo(Math.max(this.due, this.now));
    this.handle(this.kind, run);
    this.observer.moved?.(this.now, this.offset);
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
        return this.endSlew();
      case "wake":
        return this.wakeUp();
      case "exchange":
        return run === null ? undefined : this.beginExchange(run);
      case "toLocal":
        return run === null ? undefined : this.deliverToLocal(run);
      case "toRemote":
        return run === null ? undefined : this.deliverToRemote(run);
    }
  }

  private trueTimeOf(raw: Raw): number {
    return raw === never ? never : this.now + Math.max(0, raw - this.raw) / (1 + this.oscillator.frequency * 1e-9);
  }

  private moveTo(at: number): void {
    const dt = at - this.now;
    const y = this.oscillator.frequency;
    const rawDt = dt * (1 + y * 1e-9);
    this.raw += rawDt;
    this.steering += this.applied * rawDt;
    this.offset += (y + this.applied + y * this.applied * 1e-9) * dt;
    this.now = at;
  }

  private isStalled(): boolean {
    const { stall } = this.world;
    return stall !== undefined && this.now >= stall[0] && this.now < stall[1];
  }

  private endSecond(): void {
    this.second++;
    this.observer.second?.(this.sample());
    this.oscillator.tick();
  }

  private sample(): SecondSample {
    const { last } = this;
    const age = last === null ? 0 : this.raw - last.raw;
    const live = last !== null && age <= last.voidAfter && last.era === this.era;
    return {
      second: this.second,
      error: this.offset,
      free: this.offset - this.steering,
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
        this.oscillator.jump(fault.by);
        return;
      case "route":
        for (const run of this.runs)
          if (run.link.config.id === fault.link) {
            run.extraToLocal += fault.toLocal;
            run.extraToRemote += fault.toRemote;
          }
        return;
      case "referenceStep":
        this.offset += fault.by;
        return;
      case "localStep":
        this.step(fault.by);
        this.read();
        return;
      case "configure":
        this.config = fault.change(this.config);
        this.ensemble.configure(this.config, this.raw);
    }
  }

  private beginExchange(run: LinkRun): void {
    const { link } = run;
    const lost = run.lossRandom.uniform() < (link.loss ?? 0);
    const silent = link.isSilent?.(this.now) ?? false;
    if (!silent && link.independentDirections === true) {
      if (!lost) run.dueToLocal = this.now + 1e-9;
      const lostReply = run.lossRandom.uniform() < (link.loss ?? 0);
      if (!lostReply && link.oneWay !== true)
        run.dueToRemote = this.now + run.phaseRandom.uniform() * 0.5 * Math.min(link.interval, fastest);
    } else if (!silent && !lost) {
      if (link.oneWay !== true) run.dueToRemote = this.now + 1e-9;
      run.dueToLocal = this.now + 3e-4;
    }
    run.exchanges++;
    const burst = link.burst ?? 8;
    const quick = Math.min(link.interval, fastest);
    if (run.exchanges < burst) run.nextExchange += quick;
    else if (run.exchanges === burst && link.interval > quick) run.nextExchange += quick + run.phase * Math.min(link.interval, 2);
    else run.nextExchange += link.interval;
  }

  private deliverToLocal(run: LinkRun): void {
    run.dueToLocal = never;
    const delay = run.delayToLocal(run.localRandom, this.now) + run.extraToLocal;
    this.deliver(this.measure(run, "toLocal", delay + this.offset - (run.link.error?.(this.now) ?? 0)));
  }

  private deliverToRemote(run: LinkRun): void {
    run.dueToRemote = never;
    const delay = run.delayToRemote(run.remoteRandom, this.now) + run.extraToRemote;
    const measurement = this.measure(run, "toRemote", delay - this.offset + (run.link.error?.(this.now) ?? 0));
    const { late } = run.link;
    if (late !== undefined && run.lossRandom.uniform() < late.share) {
      this.deliveries.push({ due: this.now + late.by * run.lossRandom.uniform(), measurement });
      this.deliveries.sort((a, b) => a.due - b.due);
      return;
    }
    this.deliver(measurement);
  }

  private deliverLate(): void {
    const delivery = this.deliveries.shift();
    if (delivery !== undefined) this.deliver(delivery.measurement);
  }

  private measure(run: LinkRun, kind: "toLocal" | "toRemote", exact: Nanoseconds): Measurement {
    const { link } = run;
    const resolution = link.resolution ?? 1;
    return {
      kind,
      value: Math.floor(exact / resolution + 0.5) * resolution,
      link: link.config.id,
      local: simulatedClock,
      at: this.raw,
      steering: this.steering,
      localEra: this.era,
      remoteEra: link.remoteEra?.(this.now) ?? 0,
      stampClass: "hardware",
      resolution,
      hardMin: 0,
      remoteState: link.remote === undefined ? perfectRemote : { ...perfectRemote, ...link.remote },
    };
  }

  private deliver(measurement: Measurement): void {
    if (this.isStalled()) return;
    this.ensemble.observe(measurement);
    this.advance();
  }

  private wakeUp(): void {
    if (this.raw < this.wake) this.raw = this.wake;
    this.read();
    this.advance();
  }

  private read(): void {
    this.ensemble.steered({ clock: simulatedClock, raw: this.raw, steering: this.steering, frequency: this.applied, era: this.era });
  }

  private advance(): void {
    const decision = this.ensemble.advance(this.raw);
    if (decision.publication !== null) this.last = decision.publication;
    const wait = this.world.actuation ?? 0;
    for (const { by } of decision.steps) this.schedule(wait, null, by);
    for (const command of decision.commands) this.schedule(wait, command, 0);
    if (wait === 0) while (this.actions.length > 0) this.actuate();
    this.wake = this.ensemble.deadline();
    if (this.wake <= this.raw) this.wake = this.raw + 1e-3;
    this.observer.decided?.(this.now, decision, this.ensemble);
  }

  private schedule(wait: number, command: Command | null, step: Nanoseconds): void {
    this.actions.push({ due: this.now + wait, command, step });
  }

  private actuate(): void {
    const action = this.actions.shift();
    if (action === undefined) return;
    if (action.step !== 0) this.step(action.step);
    const { command } = action;
    if (command !== null) {
      const ended = command.untilRaw <= this.raw;
      this.applied = ended ? command.thenPpb : command.ppb;
      this.thenPpb = command.thenPpb;
      this.slewEnd = ended ? never : command.untilRaw;
    }
    this.read();
  }

  private step(by: Nanoseconds): void {
    this.offset += by;
    this.steering += by;
    this.era++;
  }

  private endSlew(): void {
    this.applied = this.thenPpb;
    this.slewEnd = never;
  }
}
