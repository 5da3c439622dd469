/**
 * The worlds of the servo benchmark and what the peers reach in them. The peers' figures were measured with the same model:
 * clknetsim, chronyd 4.3 (20 seeds) and ptp4l 3.1.1 (10 seeds) as Debian 12 packages them, RMS of the true offset at whole
 * seconds after the first fifth. Oscillator: random-walk frequency of 1 ppb/√s set every second.
 */
import { exponential, heavyTail, linkDefaults, type DelayLaw, type World } from "@meridian/engine/sim";

export interface Peer {
  readonly name: string;
  /** ns. */
  readonly value: number;
}

export interface Figure {
  readonly kind: "rms" | "max";
  readonly target: number;
  readonly moonshot: number;
  readonly peer: Peer;
}

export interface Scenario {
  readonly name: string;
  readonly world: World;
  /** Counts in the servo score. */
  readonly scored: boolean;
  readonly figures: readonly Figure[];
}

const chrony = "chronyd 4.3";
const ptp4l = "ptp4l 3.1.1";
const microsecond = 1000;

function duration(log2Interval: number): number {
  return log2Interval < -1 ? 3000 : 10_000;
}

function link(log2Interval: number, delay: DelayLaw, independentDirections: boolean) {
  const interval = 2 ** log2Interval;
  return { config: { ...linkDefaults, interval }, interval, independentDirections, toLocal: delay, toRemote: delay };
}

/** Requests over 100 µs, clock wrong by 100 ms and 100 ppm at the start. */
function ntpWorld(log2Interval: number, delay: DelayLaw): World {
  return {
    duration: duration(log2Interval),
    offset: 1e8,
    oscillator: { frequency: 1e5, wander: 1 },
    links: [link(log2Interval, delay, false)],
  };
}

/** Sync and Delay_Req over 1 µs, clock wrong by 10 ms and 10 ppm at the start. */
function ptpWorld(log2Interval: number, delay: DelayLaw): World {
  return {
    duration: duration(log2Interval),
    offset: 1e7,
    oscillator: { frequency: 1e4, wander: 1 },
    links: [link(log2Interval, delay, true)],
  };
}

function describe(jitter: number): string {
  return jitter >= microsecond ? `${jitter / microsecond}us` : `${jitter}ns`;
}

/** `bound`: the Bayes bound at that rate, ns. */
function scored(jitter: number, poll: number, peer: number, bound: number): Scenario {
  return {
    name: `J${describe(jitter)}.poll${poll}`,
    world: ntpWorld(poll, exponential(100 * microsecond, jitter)),
    scored: true,
    figures: [{ kind: "rms", target: 0.6 * peer, moonshot: 1.1 * bound, peer: { name: chrony, value: peer } }],
  };
}

function ptp(jitter: number, sync: number, peer: number, target: number, bound: number): Scenario {
  return {
    name: `ptp.J${describe(jitter)}.sync${sync}`,
    world: ptpWorld(sync, exponential(microsecond, jitter)),
    scored: false,
    figures: [{ kind: "rms", target, moonshot: 1.05 * bound, peer: { name: ptp4l, value: peer } }],
  };
}

function tailed(name: string, world: World): Scenario {
  return {
    name,
    world,
    scored: false,
    figures: [
      { kind: "rms", target: 65, moonshot: 60, peer: { name: chrony, value: 132 } },
      { kind: "max", target: 500, moonshot: 400, peer: { name: chrony, value: 607 } },
    ],
  };
}

export const scenarios: readonly Scenario[] = [
  scored(100 * microsecond, 0, 10_300, 940),
  scored(100 * microsecond, 2, 10_300, 1580),
  scored(100 * microsecond, 4, 9810, 4530),
  scored(100 * microsecond, 6, 23_500, 9740),
  scored(10 * microsecond, 0, 1050, 210),
  scored(10 * microsecond, 4, 2550, 1040),
  scored(10 * microsecond, 6, 5680, 2630),
  scored(microsecond, 0, 126, 52),
  scored(microsecond, -4, 97, 10.1),
  ptp(microsecond, 0, 961, 60, 52),
  ptp(microsecond, -4, 316, 12, 10.1),
  ptp(100, 0, 96, 15, 12.4),
  ptp(100, -4, 32, 3, 2.5),
  ptp(10, 0, 9.9, 3.7, 2.8),
  ptp(10, -4, 3.5, 0.8, 0.6),
  tailed("tail.ntp", ntpWorld(0, heavyTail(100 * microsecond, microsecond, 0.1, 50 * microsecond))),
  tailed("tail.ptp", ptpWorld(0, heavyTail(microsecond, microsecond, 0.1, 50 * microsecond))),
];
