/** What can be simulated: one clock, its links to references, and what goes wrong when. All times are true seconds. */
import type { EnsembleConfig, LinkConfig } from "../ensemble/contract.js";
import { undamped } from "../ensemble/joint/damped-companion.js";
import type { RemoteState } from "../ensemble/measurement.js";
import type { Nanoseconds, Ppb } from "../time/units.js";
import type { DelayLaw } from "./delay-law.js";
import type { MishapModel } from "./mishaps.js";
import type { OscillatorModel } from "./oscillator.js";
import { simulatedClock } from "./simulated-clock.js";
import type { StampModel } from "./stamp-model.js";

export interface SimulatedLink {
  readonly config: LinkConfig;
  /** Spacing of exchanges, s; `burst` of them come first at eight a second (default 8). */
  readonly interval: number;
  readonly burst?: number;
  readonly toLocal: DelayLaw;
  readonly toRemote: DelayLaw;
  /** Sync and Delay_Req are independent packets (PTP); else request and reply of one exchange (NTP). */
  readonly independentDirections?: boolean;
  /** Only toLocal packets exist. */
  readonly oneWay?: boolean;
  /** Share of lost packets (exchanges for NTP). */
  readonly loss?: number;
  /** What the reference shows beyond true time at `at`, ns. */
  readonly error?: (at: number) => Nanoseconds;
  readonly isSilent?: (at: number) => boolean;
  /** Share of toRemote stamps that are delivered late, by up to so many seconds. */
  readonly late?: { readonly share: number; readonly by: number };
  /** How stamps are taken (default: at the wire, by hardware, to 1 ns). */
  readonly stamps?: StampModel;
  /** Stamp resolution, ns (default: that of the stamps). */
  readonly resolution?: Nanoseconds;
  readonly mishaps?: MishapModel;
  /** Before that nothing is late and nothing goes wrong, true s (default: from the start). */
  readonly mishapsFrom?: number;
  /** What the remote says of itself, perhaps at `at`. */
  readonly remote?: Partial<RemoteState> | ((at: number) => Partial<RemoteState>);
  readonly remoteEra?: (at: number) => number;
}

export type Fault =
  /** The oscillator's frequency jumps. */
  | { readonly at: number; readonly kind: "frequency"; readonly by: Ppb }
  /** The floors of a link change. */
  | { readonly at: number; readonly kind: "route"; readonly link: string; readonly toLocal: Nanoseconds; readonly toRemote: Nanoseconds }
  /** All references step against the clock (as one grandmaster's step looks). */
  | { readonly at: number; readonly kind: "referenceStep"; readonly by: Nanoseconds }
  /** Somebody else steps the local clock: era +1. */
  | { readonly at: number; readonly kind: "localStep"; readonly by: Nanoseconds }
  /** Somebody else writes the clock's frequency: that much more than it is, until the next command or the end of a slew. */
  | { readonly at: number; readonly kind: "foreignFrequency"; readonly by: Ppb }
  /** Somebody else slews the clock for so many seconds, on top of whatever it is told. */
  | { readonly at: number; readonly kind: "foreignSlew"; readonly by: Ppb; readonly lasts: number }
  /** The clock's device is reset: it jumps, its frequency is that of its oscillator, no slew goes on; era +1. */
  | { readonly at: number; readonly kind: "clockReset"; readonly by: Nanoseconds }
  /**
   * The machine stands still for so many seconds: its clock and raw time stop, its process and readers do not run, its packets are
   * lost. With a marker the era is another one before anybody reads again.
   */
  | { readonly at: number; readonly kind: "pause"; readonly lasts: number; readonly hasMarker: boolean }
  /** The process is killed: nobody ends the slew that is on. */
  | { readonly at: number; readonly kind: "kill" }
  /** New configuration. */
  | { readonly at: number; readonly kind: "configure"; readonly change: (config: EnsembleConfig) => EnsembleConfig };

export interface World {
  readonly duration: number;
  /** Local − true at the start, ns. */
  readonly offset: Nanoseconds;
  readonly oscillator: OscillatorModel;
  readonly links: readonly SimulatedLink[];
  readonly faults?: readonly Fault[];
  readonly ensemble?: Partial<Omit<EnsembleConfig, "clock" | "links">>;
  /** The process does not run in between: packets are lost, commands end by themselves. */
  readonly stall?: readonly [number, number];
  /** The threads stand still as well: a slew that is on goes on until the end of the stall. */
  readonly stallsThreads?: boolean;
  /**
   * A sensor near the crystal: read every `interval` s, it follows the oscillator's temperature with a first-order lag of `lag` s and a
   * standard deviation of `noise` °C.
   */
  readonly thermometer?: {
    readonly interval: number;
    readonly lag: number;
    readonly noise: number;
    readonly isSilent?: (at: number) => boolean;
  };
  /** Commands and steps take effect that much after the decision, s. */
  readonly actuation?: number;
}

export const perfectRemote: RemoteState = {
  scale: "TAI",
  taiMinusUtc: 37,
  leap: 0,
  rootHard: 0,
  rootSigma: 0,
  rootTau: null,
  rootSystematic: 0,
  path: [],
  stepsRemoved: 0,
  uncertain: false,
};

export const linkDefaults: LinkConfig = {
  id: "link",
  clock: simulatedClock,
  use: "Primary",
  priority: 100,
  independenceGroup: "",
  delayCompensation: 0,
  uncertainty: null,
  interval: 1,
  asymmetryShare: 0,
  unstampedDelay: 0,
};

/** The configuration that the world's ensemble starts with. */
export function configureEnsemble(world: World): EnsembleConfig {
  return {
    clock: simulatedClock,
    links: world.links.map((link) => link.config),
    steer: true,
    step: { mode: "OnStart", threshold: 20_000 },
    maxSlew: 10_000_000,
    maxDrift: 5000,
    damping: undamped,
    ...world.ensemble,
  };
}
