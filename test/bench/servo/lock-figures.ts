/** Row 6: from 10 ms and 10 ppm until the clock stays within ten times an RMS, and with how many steps. */
import { type Figure, roundFigure, summarizeFigure } from "../figure.js";
import type { LockScenario } from "./lock-worlds.js";
import { findLock, type RunFigures } from "./measure-run.js";

const times = 10;

export function lockFigures(scenario: LockScenario, runs: readonly RunFigures[]): Figure[] {
  const until = (what: "peer" | "own", rms: number): Figure =>
    summarizeFigure(
      {
        metric: `servo.${scenario.name}.to_${String(times)}_times_${what}_rms`,
        unit: "s",
        target: scenario.targets[what],
        moonshot: scenario.moonshots[what],
        peer: scenario.peerSeconds,
      },
      runs.map(({ excursions }) => roundFigure(findLock(excursions, times * rms))),
    );
  const steps = runs.map((run) => run.steps);
  return [
    until("peer", scenario.peerRms),
    until("own", scenario.ownRms),
    {
      ...summarizeFigure({ metric: `servo.${scenario.name}.steps`, unit: "of the worst run", target: 1 }, steps),
      value: Math.max(...steps),
    },
  ];
}
