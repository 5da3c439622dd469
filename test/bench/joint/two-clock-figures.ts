/** Two clocks of one node beside servo behind servo. */
import { type Figure, roundFigure, summarizeFigure } from "../figure.js";
import { claimFigures, rootMeanSquare } from "./claim-figures.js";
import type { TwoClockCase } from "./two-clock-cases.js";
import type { PairFigures, TwoClocksRun } from "./two-clocks-job.js";

/** How many times better than servo behind servo. */
const gainTarget = 3;
/** Where PTP is silent and no servo has anything to follow, ns: one filter of both clocks holds both that well by NTP. */
const silentTarget = 4000;

const parts: readonly (readonly [name: string, of: (pair: PairFigures) => number])[] = [
  ["phc", ({ phc }) => phc.rms],
  ["system", ({ system }) => system.rms],
  ["difference", ({ difference }) => difference],
];

/** @param runs of that case, at least one */
export function twoClockFigures({ name }: TwoClockCase, runs: readonly TwoClocksRun[]): Figure[] {
  const metric = `joint.two.${name}`;
  return [
    ...parts.flatMap(([part, of]) => partFigures(`${metric}.${part}`, runs, of)),
    ...claimFigures(
      `${metric}.phc`,
      runs.map(({ ours }) => ours.phc),
    ),
    ...claimFigures(
      `${metric}.system`,
      runs.map(({ ours }) => ours.system),
    ),
  ];
}

/** Over all runs, and run by run how many times better. */
function partFigures(metric: string, runs: readonly TwoClocksRun[], of: (pair: PairFigures) => number): Figure[] {
  const ours = runs.map((run) => of(run.ours));
  const theirs = runs.flatMap(({ servos }) => (servos === null ? [] : [of(servos)]));
  const value = roundFigure(rootMeanSquare(ours));
  if (theirs.length === 0) return [{ ...summarizeFigure({ metric: `${metric}.rms`, unit: "ns", target: silentTarget }, ours), value }];
  const rival = rootMeanSquare(theirs);
  const peer = { name: "servo behind servo, restated", value: roundFigure(rival) };
  const gains = ours.map((rms, i) => (theirs[i] ?? Number.NaN) / rms);
  return [
    { ...summarizeFigure({ metric: `${metric}.rms`, unit: "ns", target: roundFigure(rival / gainTarget), peer }, ours), value },
    { ...summarizeFigure({ metric: `${metric}.gain`, unit: "ratio", target: gainTarget }, gains), better: "higher" },
  ];
}
