/**
 * Constants of the link filter: one set for every link, from 10 ns to 1 ms of jitter and from 128 packets a second to one in
 * 64 s. They are per packet or dimensionless wherever that is possible.
 */
import type { Nanoseconds, Ppb } from "../../time/units.js";

/** A shape of the queueing law: how sharp its edge is and how heavy its tail. All ratios are to the scale of the jitter. */
export interface ShapeSettings {
  /** Gaussian softness of the floor ÷ exponential scale: at the start, and its limits. Equal limits: the law is Gaussian. */
  readonly softness: number;
  readonly softnessMin: number;
  readonly softnessMax: number;
  /** Share of the start jitter that is its exponential scale. */
  readonly scale: number;
  /** Weight of the heavy tail, and its scale ÷ start jitter. */
  readonly tailWeight: number;
  readonly tailScale: number;
}

export interface LinkSettings {
  readonly shapes: readonly ShapeSettings[];
  /** Memory of the noise law, packets; Fisher information it starts with; memory of the tail's weight, packets. */
  readonly noiseMemory: number;
  readonly noisePrior: number;
  readonly tailMemory: number;
  /** Probability density of an impossible packet × tail scale. */
  readonly impossible: number;
  /** Random-walk frequency of the oscillator: start value, spacing of the three filters, limits, ppb/√s. */
  readonly wanderStart: number;
  readonly wanderRatio: number;
  readonly wanderMin: number;
  readonly wanderMax: number;
  /** White frequency noise, ns²/s. */
  readonly whitePhase: number;
  /** Memory of the evidence for a wander and for a shape, packets; nats by which a neighbour must lead. */
  readonly wanderMemory: number;
  readonly shapeMemory: number;
  readonly wanderLead: number;
  /** Nats behind the best: shape is seeded anew; still counts in the bound; runs one filter only. */
  readonly hopeless: number;
  readonly plausible: number;
  readonly reduced: number;
  /** Wander of the mean floor, jitter²/s; of the asymmetry, as a share of it; its return time, s; its prior, ns. */
  readonly floorWander: number;
  readonly asymmetryWander: number;
  readonly asymmetryReturn: number;
  readonly asymmetryPrior: Nanoseconds;
  /** Jitter at the start ÷ mean excess of the lowest four fifths; smallest tail ÷ jitter. */
  readonly startJitter: number;
  readonly tailMin: number;
  /** Causal interval: largest possible rate. */
  readonly maxRate: Ppb;
  /** Calibrated bound: sigmas of the widest filter, growth of the wander between packets. */
  readonly boundSigmas: number;
  readonly boundGrowth: number;
  /** Discontinuities: effective packets before the first test, low and high odd packets that start one, nats to win and over the runner-up. */
  readonly eventAfter: number;
  readonly eventLow: number;
  readonly eventHigh: number;
  readonly eventLead: number;
  readonly eventMargin: number;
  /** Smallest one-way route change in jitters; sigmas of an odd packet; longest run, packets. */
  readonly eventJump: number;
  readonly eventSigmas: number;
  readonly eventRun: number;
}

export const linkSettings: LinkSettings = {
  shapes: [
    { softness: 0.02, softnessMin: 0.005, softnessMax: 0.1, scale: 1, tailWeight: 0.1, tailScale: 10 },
    { softness: 0.02, softnessMin: 0.005, softnessMax: 0.1, scale: 0.2, tailWeight: 0.3, tailScale: 10 },
    { softness: 0.3, softnessMin: 0.05, softnessMax: 5, scale: 1, tailWeight: 0.1, tailScale: 10 },
    { softness: 10, softnessMin: 10, softnessMax: 10, scale: 1, tailWeight: 0.02, tailScale: 10 },
  ],
  noiseMemory: 500,
  noisePrior: 4,
  tailMemory: 500,
  impossible: 1e-9,
  wanderStart: 2,
  wanderRatio: 3,
  wanderMin: 1e-3,
  wanderMax: 1000,
  whitePhase: 0,
  wanderMemory: 1500,
  shapeMemory: 2000,
  wanderLead: 1,
  hopeless: 2000,
  plausible: 10,
  reduced: 24,
  floorWander: 1e-6,
  asymmetryWander: 1e-3,
  asymmetryReturn: 2000,
  asymmetryPrior: 0,
  startJitter: 1.2,
  tailMin: 4,
  maxRate: 500_000,
  boundSigmas: 4.8,
  boundGrowth: 2,
  eventAfter: 96,
  eventLow: 2,
  eventHigh: 10,
  eventLead: 10,
  eventMargin: 3,
  eventJump: 5,
  eventSigmas: 3,
  eventRun: 24,
};
