/**
 * The packets of one link: when exchanges begin, what is lost, how long each packet takes, what its stamps say.
 *
 *   toLocal value = delay + x − error;   toRemote value = delay − x + error
 */
import type { Measurement } from "../ensemble/measurement.js";
import type { Nanoseconds } from "../time/units.js";
import { type Delivery, Mishaps } from "./mishaps.js";
import { createRandom, type Random } from "./random.js";
import { type SimulatedClock, simulatedClock } from "./simulated-clock.js";
import { perfectRemote, type SimulatedLink } from "./world.js";

/** Exchanges of the burst that starts a link are that far apart, s. */
const fastest = 0.125;
const never = Number.POSITIVE_INFINITY;

export class LinkRun {
  readonly link: SimulatedLink;
  /** True times of the next events, s. */
  nextExchange: number;
  dueToLocal = never;
  dueToRemote = never;
  private readonly delayToLocal: (random: Random, at: number) => Nanoseconds;
  private readonly delayToRemote: (random: Random, at: number) => Nanoseconds;
  private readonly localRandom: Random;
  private readonly remoteRandom: Random;
  private readonly lossRandom: Random;
  private readonly phaseRandom: Random;
  private readonly stampRandom: Random;
  private readonly stampLatency: ((random: Random, at: number) => Nanoseconds) | null;
  private readonly mishaps: Mishaps | null;
  private readonly phase: number;
  private exchanges = 0;
  private extraToLocal: Nanoseconds = 0;
  private extraToRemote: Nanoseconds = 0;

  /** @param number index of the link in its world: it has random streams of its own. */
  constructor(link: SimulatedLink, seed: number, number: number, phaseRandom: Random) {
    this.link = link;
    this.phaseRandom = phaseRandom;
    this.phase = phaseRandom.uniform();
    this.delayToLocal = link.toLocal();
    this.delayToRemote = link.toRemote();
    this.localRandom = createRandom(seed, 100 * number + 2);
    this.remoteRandom = createRandom(seed, 100 * number + 3);
    this.lossRandom = createRandom(seed, 100 * number + 4);
    this.stampRandom = createRandom(seed, 100 * number + 8);
    this.stampLatency = link.stamps?.latency?.() ?? null;
    this.mishaps = link.mishaps === undefined ? null : new Mishaps(link.mishaps, createRandom(seed, 100 * number + 7));
    this.nextExchange = 0.01 + 0.1 * phaseRandom.uniform();
  }

  /** The floors change by that much, ns. */
  reroute(toLocal: Nanoseconds, toRemote: Nanoseconds): void {
    this.extraToLocal += toLocal;
    this.extraToRemote += toRemote;
  }

  beginExchange(now: number): void {
    const { link } = this;
    const lost = this.lossRandom.uniform() < (link.loss ?? 0);
    const silent = link.isSilent?.(now) ?? false;
    if (!silent && link.independentDirections === true) {
      if (!lost) this.dueToLocal = now + 1e-9;
      const lostReply = this.lossRandom.uniform() < (link.loss ?? 0);
      if (!lostReply && link.oneWay !== true) this.dueToRemote = now + this.phaseRandom.uniform() * 0.5 * Math.min(link.interval, fastest);
    } else if (!silent && !lost) {
      if (link.oneWay !== true) this.dueToRemote = now + 1e-9;
      this.dueToLocal = now + 3e-4;
    }
    this.exchanges++;
    const burst = link.burst ?? 8;
    const quick = Math.min(link.interval, fastest);
    if (this.exchanges < burst) this.nextExchange += quick;
    else if (this.exchanges === burst && link.interval > quick) this.nextExchange += quick + this.phase * Math.min(link.interval, 2);
    else this.nextExchange += link.interval;
  }

  /** What is handed over, and when. */
  takeToLocal(now: number, clock: SimulatedClock): readonly Delivery[] {
    this.dueToLocal = never;
    const delay = this.delayToLocal(this.localRandom, now) + this.extraToLocal;
    const measurement = this.measure(now, clock, "toLocal", delay + clock.offset - (this.link.error?.(now) ?? 0));
    return this.handOver({ due: now, measurement });
  }

  /** What is handed over, and when: later than `now` when its stamp is late. */
  takeToRemote(now: number, clock: SimulatedClock): readonly Delivery[] {
    this.dueToRemote = never;
    const delay = this.delayToRemote(this.remoteRandom, now) + this.extraToRemote;
    const measurement = this.measure(now, clock, "toRemote", delay - clock.offset + (this.link.error?.(now) ?? 0));
    const { late } = this.link;
    const isLate = late !== undefined && this.lossRandom.uniform() < late.share && this.goesWrong(now);
    return this.handOver({ due: isLate ? now + late.by * this.lossRandom.uniform() : now, measurement });
  }

  private goesWrong(now: number): boolean {
    return now >= (this.link.mishapsFrom ?? 0);
  }

  private handOver(delivery: Delivery): readonly Delivery[] {
    return this.mishaps === null || !this.goesWrong(delivery.due) ? [delivery] : this.mishaps.befall(delivery);
  }

  private measure(now: number, clock: SimulatedClock, kind: "toLocal" | "toRemote", exact: Nanoseconds): Measurement {
    const { link } = this;
    const resolution = link.resolution ?? link.stamps?.resolution ?? 1;
    const shown = exact + (this.stampLatency?.(this.stampRandom, now) ?? 0);
    return {
      kind,
      value: Math.floor(shown / resolution + 0.5) * resolution,
      link: link.config.id,
      local: simulatedClock,
      at: clock.raw,
      steering: clock.steering,
      localEra: clock.era,
      remoteEra: link.remoteEra?.(now) ?? 0,
      stampClass: link.stamps?.stampClass ?? "hardware",
      resolution,
      hardMin: 0,
      remoteState:
        link.remote === undefined
          ? perfectRemote
          : { ...perfectRemote, ...(typeof link.remote === "function" ? link.remote(now) : link.remote) },
    };
  }
}
