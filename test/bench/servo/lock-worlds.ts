/** Row 6: from 10 ms and 10 ppm to within ten times an RMS, for good. */
import type { World } from "@meridian/engine/sim";
import type { Scenario } from "./scenario.js";
import { ntpWorld, ptpWorld } from "./worlds.js";

/** So long is watched; the clock has long settled then. s */
export const watchedFor = 150;

export interface LockScenario extends Scenario {
  /** RMS at that rate, ns: the best peer's as measured, and ours as row 2 wants it. */
  readonly peerRms: number;
  readonly ownRms: number;
  /** s. */
  readonly targets: { readonly peer: number; readonly own: number };
  readonly moonshots: { readonly peer: number; readonly own: number };
  readonly peerSeconds: { readonly name: string; readonly value: number };
}

const start: Partial<World> = { duration: watchedFor, offset: 1e7, oscillator: { frequency: 1e4, wander: 1 } };
const quick = { targets: { peer: 0.5, own: 4 }, moonshots: { peer: 0.3, own: 2 } };
const slow = { targets: { peer: 5, own: 5 }, moonshots: { peer: 5, own: 5 } };

function lock(name: string, world: World, about: Omit<LockScenario, keyof Scenario>): LockScenario {
  return { name: `lock.${name}`, row: "lock", world, from: 0, peers: [], figures: [], ...about };
}

/** ptp4l's time is that to 100 µs: none was measured to where we begin to count. */
export const lockWorlds: readonly LockScenario[] = [
  lock("ntp.poll0", ntpWorld({ world: start }), {
    ...quick,
    peerRms: 126,
    ownRms: 60,
    peerSeconds: { name: "chronyd 4.3, to 100 µs", value: 5 },
  }),
  lock("unicast.sync0", ptpWorld({ world: start }), {
    ...quick,
    peerRms: 281,
    ownRms: 60,
    peerSeconds: { name: "ptp4l 3.1.1, to 100 µs", value: 14 },
  }),
  lock("unicast.sync-4", ptpWorld({ log2Interval: -4, world: start }), {
    ...quick,
    peerRms: 316,
    ownRms: 12,
    peerSeconds: { name: "ptp4l 3.1.1, to 100 µs", value: 11 },
  }),
  lock("multicast.sync0", ptpWorld({ link: { burst: 1 }, world: start }), {
    ...slow,
    peerRms: 281,
    ownRms: 60,
    peerSeconds: { name: "ptp4l 3.1.1, to 100 µs", value: 14 },
  }),
];
