/**
 * How stamps are taken. Where a stamp is not at the wire, the way to it counts as delay of the packet, and it resolves no better than
 * the counter behind it. Figures: veth on a two-core virtual machine whose counter advances in steps of 10 ns.
 */
import type { StampClass } from "../ensemble/measurement.js";
import type { Nanoseconds } from "../time/units.js";
import { type DelayLaw, heavyTail } from "./delay-law.js";

export interface StampModel {
  readonly stampClass: StampClass;
  /** ns. */
  readonly resolution: Nanoseconds;
  /** What the stamps at both ends add to a packet's delay; absent: nothing. */
  readonly latency?: DelayLaw;
}

/** In the network card: a counter of 125 MHz. */
export const hardwareStamps: StampModel = { stampClass: "hardware", resolution: 8 };

/** In the kernel's driver: 60 ns between two of them back to back, 0.6 µs for one packet in a hundred. */
export const kernelStamps: StampModel = { stampClass: "kernel", resolution: 10, latency: heavyTail(60, 3, 0.01, 600) };

/** In the daemon: 0.5 µs before the packet goes, 1.3 µs after it came, 9 µs for one in a hundred. */
export const userStamps: StampModel = { stampClass: "user", resolution: 10, latency: heavyTail(1500, 300, 0.03, 6000) };
