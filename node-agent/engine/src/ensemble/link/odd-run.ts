/**
 * The run under test: every packet since the first odd one, and the filters as they were before it. It lasts until it is explained
 * by something that happened at once, or until packets are ordinary again. What it may yet turn out to mean is doubt meanwhile.
 */
import type { Nanoseconds, Raw } from "../../time/units.js";
import type { LinkPacket } from "./arrival.js";
import type { RateLimits } from "./causal-interval.js";
import { DiscontinuityTest, type Finding } from "./discontinuity.js";
import type { LinkKnowledge } from "./link-knowledge.js";
import type { LinkSettings } from "./link-settings.js";
import type { Look } from "./look.js";
import type { Direction } from "./noise-shape.js";
import { findOpposedJump } from "./opposed-jump.js";
import type { Packet } from "./start-fit.js";

/** Packets after which a route is believed to have changed although one way is silent. */
const patience = 10;
/** A packet that is so much earlier than the earliest before it may begin something else. */
const muchEarlier = 2;

/** Packets that are kept for the next run: most runs are no longer. */
const mostSpare = 24;

/** As a run keeps it. */
interface KeptPacket {
  direction: Direction;
  value: Nanoseconds;
  raw: Raw;
  odd: boolean;
}

export class OddRun {
  /**
   * What the packets of an open contradiction say that the offset has jumped by, ns; 0: nothing. A link whose suspicion was false once
   * has none again.
   */
  suspectedJump: Nanoseconds = 0;
  /** How much further ahead, and behind, the local clock is if the packets that came too early mean a step, ns. */
  doubtAhead: Nanoseconds = 0;
  doubtBehind: Nanoseconds = 0;
  /** Raw time of the filters as they were kept; null: nothing is under test. */
  start: Raw | null = null;
  /** What was proven of the rate before the run, ppb. */
  readonly rate = { low: 0, high: 0 };
  /** Good until end(): they are used again. */
  readonly packets: KeptPacket[] = [];
  /** Where queueing is correlated there is a run in sixty exchanges, and its packets would be all the garbage that there is; else none. */
  private readonly spare: KeptPacket[] = [];
  private hasCriedWolf = false;
  private lowOdd = 0;
  /** Index of the first packet that came about as early as any, and how early, ns. */
  private earliest = 0;
  private earliestBy: Nanoseconds = 0;
  private readonly highOdd: [number, number] = [0, 0];
  private readonly clean: [number, number] = [0, 0];
  /** null: nothing odd has happened yet. */
  private discontinuity: DiscontinuityTest | null = null;
  private readonly link: LinkKnowledge;

  constructor(link: LinkKnowledge) {
    this.link = link;
  }

  get isEmpty(): boolean {
    return this.packets.length === 0;
  }

  /** A packet of the run came earlier than can be. */
  get hasEarly(): boolean {
    return this.lowOdd > 0;
  }

  /** Before a packet enters the filters: keeps them if it may be odd. */
  expect(packet: Packet, provenRate: RateLimits): void {
    if (!this.isEmpty) return;
    const { bank, settings } = this.link;
    if (!bank.mayBeOdd(packet) || !isOdd(bank.foresee(packet), settings)) return;
    bank.save();
    this.start = bank.raw;
    this.rate.low = provenRate.low;
    this.rate.high = provenRate.high;
  }

  /** A packet that has entered the filters. Returns what happened once that is clear; null: nothing, or not yet. */
  observe(packet: LinkPacket): Finding | null {
    const { packets, highOdd, clean, start } = this;
    const { bank, settings } = this.link;
    const { shape, look } = bank;
    const { direction, value, raw } = packet;
    const odd = isOdd(look, settings);
    if (start === null || (!odd && this.isEmpty)) return null;
    const longest = settings.eventRun + Math.min(1500, 12 * (shape.correlation - 1));
    const kept = this.spare.pop() ?? { direction, value: 0, raw: 0, odd };
    kept.direction = direction;
    kept.value = value;
    kept.raw = raw;
    kept.odd = odd;
    packets.push(kept);
    const { length } = packets;
    this.suspect(odd, start);
    if (odd) {
      clean[direction] = 0;
      if (look.residual < 0) this.doubt(direction, -look.residual);
      else highOdd[direction]++;
      const enough =
        (this.lowOdd >= settings.eventLow && length >= 4) || highOdd[0] >= settings.eventHigh || highOdd[1] >= settings.eventHigh;
      const finding = enough && (length < 32 || length % 16 === 0) ? this.judge(packet, length >= longest) : null;
      if (finding !== null) return finding;
    } else if (look.z < 20) {
      highOdd[direction] = 0;
      clean[direction]++;
      const settled = this.lowOdd === 0 || (clean[0] > 3 && clean[1] > 3);
      if (settled && highOdd[0] === 0 && highOdd[1] === 0) this.end();
    }
    if (packets.length <= longest) return null;
    const finding = this.lowOdd >= 8 ? this.judge(packet, true) : null;
    if (finding === null) this.end();
    return finding;
  }

  /** It is explained, or void. */
  end(): void {
    const { packets, spare } = this;
    if (this.link.bank.shape.correlation === 1) packets.length = spare.length = 0;
    else for (let last = packets.pop(); last !== undefined; last = packets.pop()) if (spare.length < mostSpare) spare.push(last);
    this.suspectedJump = 0;
    this.start = null;
    this.doubtAhead = this.doubtBehind = this.earliest = this.earliestBy = 0;
    this.lowOdd = this.highOdd[0] = this.highOdd[1] = this.clean[0] = this.clean[1] = 0;
  }

  private suspect(odd: boolean, start: Raw): void {
    const { bank, causal } = this.link;
    if (!odd && this.suspectedJump !== 0) this.hasCriedWolf = true;
    const may = odd && !this.hasCriedWolf && causal.candidate !== null;
    const { shape } = bank;
    this.suspectedJump = may ? findOpposedJump(this.packets, bank.readSavedMiddle(), start, shape.jitter) : 0;
  }

  /** A packet came that much earlier than its floor, ns. */
  private doubt(direction: Direction, early: Nanoseconds): void {
    this.lowOdd++;
    if (early > muchEarlier * this.earliestBy) {
      this.earliest = this.packets.length - 1;
      this.earliestBy = early;
    }
    // It had queued as well: the step is larger than what shows.
    const step = early + Math.min(early, this.link.settings.boundSigmas * this.link.bank.shape.jitter);
    if (direction === 1) this.doubtAhead = Math.max(this.doubtAhead, step);
    else this.doubtBehind = Math.max(this.doubtBehind, step);
  }

  /**
   * A step shows both ways, a route may not: who judges before each way was heard twice takes one for the other. Where one way is
   * silent there is nothing to wait for.
   */
  private knowsBothWays(): boolean {
    const { packets, earliest } = this;
    let toRemote = 0;
    for (let i = earliest; i < packets.length; i++) toRemote += packets[i]!.direction;
    const since = packets.length - earliest;
    return (toRemote > 1 && since - toRemote > 1) || since > patience;
  }

  private judge({ hardMin }: LinkPacket, last: boolean): Finding | null {
    const { packets, start, earliest } = this;
    const { settings, bank, causal, sums, resolution } = this.link;
    if (start === null) return null;
    this.discontinuity ??= new DiscontinuityTest(settings);
    return this.discontinuity.judge(packets, bank.shape, {
      runStart: start,
      lowRate: causal.lowRate,
      highRate: causal.highRate,
      hardMin,
      resolution,
      correlation: bank.shape.correlation,
      sumSpread: sums.correlation.spread,
      floorRange: sums.floorMovement.range,
      earliest,
      knowsBothWays: this.knowsBothWays(),
      last,
    });
  }
}

function isOdd(look: Look, settings: LinkSettings): boolean {
  return look.mainWeight < 0.1 || look.normalized < -settings.eventSigmas;
}
