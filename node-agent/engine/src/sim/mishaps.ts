/**
 * What goes wrong between a stamp and the ensemble: packets overtake each other or come twice, transmit stamps are lost, late, or
 * belong to the packet after. All of it has a random stream of its own, so that the same packets travel with and without mishaps.
 */
import type { Measurement } from "../ensemble/measurement.js";
import type { Random } from "./random.js";

/** A measurement and when it is handed over, true s. */
export interface Delivery {
  readonly due: number;
  readonly measurement: Measurement;
}

export interface MishapModel {
  /** Share of toLocal measurements that are handed over up to `by` s late: later ones may come before. */
  readonly overtaken?: { readonly share: number; readonly by: number };
  /** Share of measurements that are handed over again, up to `by` s later. */
  readonly doubled?: { readonly share: number; readonly by: number };
  /** Share of transmit stamps that never come: no toRemote measurement. */
  readonly lostStamps?: number;
  /** Share of transmit stamps that are taken for the next packet's, which get those. */
  readonly swappedStamps?: number;
}

export class Mishaps {
  readonly #model: MishapModel;
  readonly #random: Random;
  /** Waits for the stamp of the packet after it. */
  #swapping: Measurement | null = null;

  constructor(model: MishapModel, random: Random) {
    this.#model = model;
    this.#random = random;
  }

  /** @returns what becomes of a delivery: nothing, itself, or several */
  befall({ due, measurement }: Delivery): readonly Delivery[] {
    const stamped = measurement.kind === "toLocal" ? [measurement] : this.#stamp(measurement);
    return stamped.flatMap((one) => {
      const first = { due: due + (one.kind === "toLocal" ? this.#late(this.#model.overtaken) : 0), measurement: one };
      const again = this.#late(this.#model.doubled);
      return again === 0 ? [first] : [first, { due: first.due + again, measurement: one }];
    });
  }

  /** s; 0: not this one. */
  #late(which: { readonly share: number; readonly by: number } | undefined): number {
    return which !== undefined && this.#random.uniform() < which.share ? which.by * this.#random.uniform() : 0;
  }

  #stamp(measurement: Measurement): readonly Measurement[] {
    const { lostStamps = 0, swappedStamps = 0 } = this.#model;
    if (lostStamps > 0 && this.#random.uniform() < lostStamps) return [];
    const earlier = this.#swapping;
    if (earlier !== null) {
      this.#swapping = null;
      return earlier.localEra === measurement.localEra ? swapStamps(earlier, measurement) : [measurement];
    }
    if (swappedStamps > 0 && this.#random.uniform() < swappedStamps) {
      this.#swapping = measurement;
      return [];
    }
    return [measurement];
  }
}

/** Two toRemote measurements of one era with each other's transmit stamps. */
export function swapStamps(earlier: Measurement, later: Measurement): readonly [Measurement, Measurement] {
  const apart = (later.at - earlier.at) * 1e9 + (later.steering - earlier.steering);
  const stampOf = ({ at, steering }: Measurement) => ({ at, steering });
  return [
    { ...earlier, ...stampOf(later), value: earlier.value - apart },
    { ...later, ...stampOf(earlier), value: later.value + apart },
  ];
}
