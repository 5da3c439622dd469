/**
 * Rows 1–3: worlds in which the peers were measured with the same model: clknetsim, chronyd 4.3 (20 seeds) and ptp4l 3.1.1 (10 seeds)
 * as Debian 12 packages them, RMS of the true offset at whole seconds after the first fifth.
 */
import { exponential, heavyTail } from "@meridian/engine/sim";
import type { Scenario } from "./scenario.js";
import { microsecond, ntpFloor, ntpWorld, ptpFloor, ptpWorld } from "./worlds.js";

const chrony = "chronyd 4.3";
const ptp4l = "ptp4l 3.1.1";

function describe(jitter: number): string {
  return jitter >= microsecond ? `${jitter / microsecond}us` : `${jitter}ns`;
}

/** `bound`: the Bayes bound at that rate, ns. */
function scored(jitter: number, poll: number, peer: number, bound: number): Scenario {
  return {
    name: `J${describe(jitter)}.poll${poll}`,
    row: "servo",
    world: ntpWorld({ log2Interval: poll, toLocal: exponential(ntpFloor, jitter) }),
    peers: [],
    figures: [{ kind: "rms", target: 0.6 * peer, moonshot: 1.1 * bound, peer: { name: chrony, value: peer } }],
  };
}

function ptp(jitter: number, sync: number, peer: number, target: number, bound: number): Scenario {
  return {
    name: `ptp.J${describe(jitter)}.sync${sync}`,
    row: "ptp",
    world: ptpWorld({ log2Interval: sync, toLocal: exponential(ptpFloor, jitter) }),
    peers: [],
    figures: [{ kind: "rms", target, moonshot: 1.05 * bound, peer: { name: ptp4l, value: peer } }],
  };
}

function tailed(name: string, world: Scenario["world"]): Scenario {
  return {
    name,
    row: "tails",
    world,
    peers: [],
    figures: [
      { kind: "rms", target: 65, moonshot: 60, peer: { name: chrony, value: 132 } },
      { kind: "max", target: 500, moonshot: 400, peer: { name: chrony, value: 607 } },
    ],
  };
}

/** One packet in ten is queued for another 50 µs on average. */
export const tailLaw = (floor: number) => heavyTail(floor, microsecond, 0.1, 50 * microsecond);

export const measuredWorlds: readonly Scenario[] = [
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
  tailed("tail.ntp", ntpWorld({ toLocal: tailLaw(ntpFloor) })),
  tailed("tail.ptp", ptpWorld({ toLocal: tailLaw(ptpFloor) })),
];
