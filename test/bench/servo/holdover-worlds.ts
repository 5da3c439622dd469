/** Row 4: 3,000 s of lock, then 1,000 s of silence. */
import type { World } from "@meridian/engine/sim";
import type { Scenario } from "./scenario.js";
import { ntpWorld } from "./worlds.js";

export const lockedFor = 3000;
const silentFor = 1000;

function holdover(name: string, peers: Scenario["peers"], oscillator: World["oscillator"]): Scenario {
  const world = ntpWorld({ link: { isSilent: (at) => at >= lockedFor }, world: { duration: lockedFor + silentFor, oscillator } });
  return { name, row: "holdover", world, from: lockedFor, peers, figures: [] };
}

const oscillator = { frequency: 1e5, wander: 1 };

export const holdoverWorlds: readonly Scenario[] = [
  holdover("holdover.wander", ["chrony", "ptp4l pi", "ptp4l linreg"], oscillator),
  holdover("holdover.sine", ["chrony"], { ...oscillator, sine: { amplitude: 100, period: 1800 } }),
];
