/**
 * The sum of two neighbours of opposite direction is free of the offset: how long queueing stays alike, how far the floors have moved and
 * whether a queue stands are judged by it, and no wander of the oscillator can be taken for any of them.
 */
import type { Nanoseconds, Ppb, Raw } from "../../time/units.js";
import { CorrelationTime } from "./correlation-time.js";
import { FloorMovement } from "./floor-movement.js";
import { StandingQueue } from "./standing-queue.js";
import type { Packet } from "./start-fit.js";

/** Neighbours are no further apart than so many usual spacings. */
const mostGaps = 2;

/** The newest packet of a direction that has no partner yet. */
interface Neighbour {
  isThere: boolean;
  value: Nanoseconds;
  raw: Raw;
  isMain: boolean;
}

function newNeighbour(): Neighbour {
  return { isThere: false, value: 0, raw: 0, isMain: false };
}

export class NeighbourSums {
  correlation = new CorrelationTime();
  readonly floorMovement = new FloorMovement();
  readonly standingQueue = new StandingQueue();
  /** What the filters' mean floor is set free by after the newest pair, ns; 0: nothing. */
  release: Nanoseconds = 0;
  private readonly neighbours = [newNeighbour(), newNeighbour()] as const;
  private readonly pair = { sum: 0 };

  /** What the link was started anew from says nothing of the queueing before. */
  restart(): void {
    this.correlation = new CorrelationTime();
    this.floorMovement.reset();
    this.standingQueue.reset();
  }

  /** A change of route was accepted: it is no queue that stays, ns. */
  shiftFloor(by: Nanoseconds): void {
    this.floorMovement.shift(by);
    this.standingQueue.shift(by);
  }

  /**
   * A packet in the order in which they come; true when it makes a pair.
   * @param isMain it follows the main law of the queueing
   * @param link rate, ppb, and usual spacing of its exchanges, s
   */
  observe({ direction, value, raw }: Packet, isMain: boolean, link: { readonly rate: Ppb; readonly gap: number }): boolean {
    const own = this.neighbours[direction];
    const other = this.neighbours[direction === 0 ? 1 : 0];
    own.isThere = true;
    own.value = value;
    own.raw = raw;
    own.isMain = isMain;
    if (!other.isThere || !(raw - other.raw < mostGaps * link.gap)) return false;
    const { pair, floorMovement } = this;
    pair.sum = value + other.value - (direction === 1 ? -1 : 1) * link.rate * (raw - other.raw);
    this.standingQueue.observe(pair, this.correlation.spread);
    this.release = floorMovement.observe(pair) ? floorMovement.release : 0;
    if (other.isMain && isMain) this.correlation.observe(pair);
    own.isThere = other.isThere = false;
    return true;
  }
}
