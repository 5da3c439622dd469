/**
 * One packet on its way through the filters of a link, and the law that it is judged by. Both are handed on as objects that live as
 * long as the link: a number that crosses a call is boxed, and at a packet's pace boxes are most of the garbage. For the same reason
 * every numeric field of a link begins as a number: one that was undefined first boxes whatever it is given later.
 */
import type { Nanoseconds } from "../../time/units.js";
import type { Packet } from "./start-fit.js";

/** In the raw frame: value ∓ steering, ns; `raw` of the local stamp; smallest possible delay and resolution of the stamps, ns. */
export interface LinkPacket extends Packet {
  readonly hardMin: Nanoseconds;
  readonly resolution: Nanoseconds;
}

export interface Arrival {
  toRemote: boolean;
  /** In the raw frame, ns. */
  value: Nanoseconds;
  /** Since the filters' state, s; 0 when the packet is older than it. */
  dt: number;
  /** > 0: the stamp is that many seconds older than the state. */
  age: number;
  /** Growth of the floors' common variance, ns²/s. */
  floorWander: number;
}

/** Exponential scale, ns; variance of the soft edge, ns²; scale of the tail, ns, and its weight; density of a packet that no law explains, 1/ns. */
export interface PacketLaw {
  scale: Nanoseconds;
  softVariance: number;
  tailScale: Nanoseconds;
  tailShare: number;
  impossible: number;
}

/** All of one make: objects that are made differently are different types to the compiler. */
export function createPacketLaw(): PacketLaw {
  return { scale: 0, softVariance: 0, tailScale: 0, tailShare: 0, impossible: 0 };
}

export function createArrival(): Arrival {
  return { toRemote: false, value: 0, dt: 0, age: 0, floorWander: 0 };
}
