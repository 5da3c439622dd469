/**
 * When a link starts, and from what: at 4, 8 and 16 exchanges (one way: 8, 16, 32 … packets) everything seen so far is fitted, and
 * the filters begin with that fit and hear it all again.
 */
import type { Nanoseconds } from "../../time/units.js";
import type { LinkSettings } from "./link-settings.js";
import type { StartState } from "./noise-shape.js";
import { fitOneWay, fitTwoWay, noPrior, type Packet, type StartPrior } from "./start-fit.js";

/** cold: nothing known; rateOnly: one direction only, no phase; ready: offset, rate and bound. */
export type LinkState = "cold" | "rateOnly" | "ready";

/** What the filters begin with, and the packets that they are to hear then, oldest first, ≥ 4. */
export interface Start {
  readonly fit: StartState;
  readonly packets: readonly Packet[];
}

const firstExchanges = 4;
const lastExchanges = 16;
const firstPackets = 8;
const kept = 512;
/** A rate that so many packets of one direction have shown needs no more of them than that. */
const enoughOneWay = 256;
const keptOneWay = 64;
/** Of packets that came before the other direction was heard, those so much older are of another time, s. */
const oneWayAge = 64;

export class LinkStart {
  state: LinkState = "cold";
  /** null: it has started for good. */
  private packets: Packet[] | null = [];
  private next = firstExchanges;
  private sawBoth = false;
  /** Of the first start only: what was known before may be what became void. */
  private prior: StartPrior;
  private readonly settings: LinkSettings;
  private readonly resolution: Nanoseconds;

  /** `resolution` of the stamps, ns. */
  constructor(settings: LinkSettings, resolution: Nanoseconds, prior: StartPrior) {
    this.settings = settings;
    this.resolution = resolution;
    this.prior = prior;
  }

  /** Nothing starts any more until restart(). */
  get isOver(): boolean {
    return this.packets === null;
  }

  add({ direction, value, raw }: Packet): void {
    const { packets } = this;
    if (packets === null) return;
    packets.push({ direction, value, raw });
    if (packets.length > kept) packets.shift();
  }

  /** All is void but these packets. */
  restart(packets: readonly Packet[]): void {
    this.packets = packets.slice();
    this.prior = noPrior;
    this.next = firstExchanges;
    this.state = "cold";
    this.sawBoth = false;
  }

  /** null: the packets so far are no reason to start, or to start anew. */
  attempt(): Start | null {
    const { packets, settings, resolution } = this;
    if (packets === null) return null;
    packets.sort((a, b) => a.raw - b.raw);
    const toLocal = packets.filter((packet) => packet.direction === 0);
    const toRemote = packets.filter((packet) => packet.direction === 1);
    const exchanges = Math.min(toLocal.length, toRemote.length);
    if (exchanges > 0) this.sawBoth = true;
    else if (!this.sawBoth && packets.length >= firstPackets && (packets.length & (packets.length - 1)) === 0) {
      this.state = "rateOnly";
      if (packets.length >= enoughOneWay) this.packets = packets.slice(-keptOneWay);
      return { fit: fitOneWay(packets, settings.startJitter, resolution), packets };
    }
    if (this.state === "rateOnly" && exchanges >= firstExchanges) {
      const lastLocal = toLocal.at(-1)?.raw ?? 0;
      const firstRemote = toRemote[0]?.raw ?? 0;
      const from = Math.min(lastLocal, firstRemote) - oneWayAge;
      this.packets = packets.filter((packet) => packet.raw >= from);
      this.state = "cold";
      this.next = firstExchanges;
      return this.attempt();
    }
    if (exchanges < this.next) return null;
    this.next *= 2;
    this.state = "ready";
    if (this.next > lastExchanges) this.packets = null;
    return { fit: fitTwoWay(packets, settings.startJitter, resolution, this.prior), packets };
  }
}
