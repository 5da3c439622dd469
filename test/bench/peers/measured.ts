/**
 * What the programs themselves reached in clknetsim, in the same model: chronyd 4.3 (20 seeds) and ptp4l 3.1.1 (10 seeds) of Debian 12,
 * RMS of the true offset at whole seconds after the first fifth. A restatement that differs by more than 15 % gives way to these.
 */
import { exponential, heavyTail, type World } from "@meridian/engine/sim";
import { microsecond, ntpFloor, ntpWorld, ptpFloor, ptpWorld } from "../servo/worlds.js";
import type { PeerName } from "./peers.js";

export const programs: Readonly<Record<PeerName, string>> = {
  chrony: "chronyd 4.3",
  "ptp4l pi": "ptp4l 3.1.1 pi",
  "ptp4l linreg": "ptp4l 3.1.1 linreg",
};

export interface MeasuredRun {
  readonly peer: PeerName;
  /** As the robust list names it, where it is on that list. */
  readonly name: string;
  readonly world: World;
  /** ns. */
  readonly rms: number;
}

function chrony(jitter: number, poll: number, rms: number): MeasuredRun {
  const world = ntpWorld({ log2Interval: poll, toLocal: exponential(ntpFloor, jitter) });
  return { peer: "chrony", name: `J${String(jitter)}ns.poll${String(poll)}`, world, rms };
}

function ptp4l(peer: PeerName, jitter: number, sync: number, rms: number): MeasuredRun {
  const world = ptpWorld({ log2Interval: sync, toLocal: exponential(ptpFloor, jitter) });
  return { peer, name: `ptp.J${String(jitter)}ns.sync${String(sync)}`, world, rms };
}

const oscillator = { frequency: 1e5, wander: 1 };
const sine = { amplitude: 100, period: 1800 };
const tailOver = (floor: number) => heavyTail(floor, microsecond, 0.1, 50 * microsecond);
const tail = ptpWorld({ toLocal: tailOver(ptpFloor) });
const warm = ptpWorld({ world: { oscillator: { ...oscillator, frequency: 1e4, sine } } });

export const measuredRuns: readonly MeasuredRun[] = [
  ...[10_300, 10_500, 10_300, 9460, 9810, 14_000, 23_500].map((rms, poll) => chrony(100_000, poll, rms)),
  ...[1050, 1090, 1150, 1540, 2550, 3910, 5680].map((rms, poll) => chrony(10_000, poll, rms)),
  chrony(1000, 0, 126),
  chrony(1000, -4, 97),
  { peer: "chrony", name: "heavy-tail", world: ntpWorld({ toLocal: tailOver(ntpFloor) }), rms: 132 },
  { peer: "chrony", name: "temperature", world: ntpWorld({ world: { oscillator: { ...oscillator, sine } } }), rms: 143 },
  {
    peer: "chrony",
    name: "J100000ns.poll6.wander-1e-8",
    world: ntpWorld({
      log2Interval: 6,
      toLocal: exponential(ntpFloor, 100 * microsecond),
      world: { oscillator: { ...oscillator, wander: 10 } },
    }),
    rms: 55_700,
  },
  ptp4l("ptp4l pi", 1000, 0, 961),
  ptp4l("ptp4l pi", 100, 0, 96.2),
  ptp4l("ptp4l pi", 10, 0, 9.9),
  ptp4l("ptp4l pi", 1000, -3, 406),
  ptp4l("ptp4l pi", 100, -3, 40.7),
  ptp4l("ptp4l pi", 10, -3, 4.3),
  ptp4l("ptp4l pi", 1000, -4, 316),
  ptp4l("ptp4l pi", 100, -4, 31.7),
  ptp4l("ptp4l pi", 10, -4, 3.5),
  { peer: "ptp4l pi", name: "ptp.wander-1e-8", world: ptpWorld({ world: { oscillator: { frequency: 1e4, wander: 10 } } }), rms: 961 },
  { peer: "ptp4l pi", name: "ptp.temperature", world: warm, rms: 933 },
  { peer: "ptp4l pi", name: "ptp.heavy-tail", world: tail, rms: 20_400 },
  { peer: "ptp4l pi", name: "ptp.heavy-tail.sync-4", world: ptpWorld({ log2Interval: -4, toLocal: tailOver(ptpFloor) }), rms: 7500 },
  ptp4l("ptp4l linreg", 1000, 0, 281),
  ptp4l("ptp4l linreg", 100, 0, 47.6),
  { peer: "ptp4l linreg", name: "ptp.temperature", world: warm, rms: 283 },
  { peer: "ptp4l linreg", name: "ptp.heavy-tail", world: tail, rms: 6950 },
];
