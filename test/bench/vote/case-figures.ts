/** What the runs of one case say. */
import { type Figure, median, roundFigure, summarizeFigure } from "../figure.js";
import type { VoteCase } from "./cases.js";
import type { VoteRun } from "./vote-job.js";

/** Seconds (exchanges of the fastest source) that a calibrated bound may be late after a fault. */
const lateness = 3;
/** A liar that tells the truth again is to be believed again within, s. */
const readmitWithin = 3600;

const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);

/** Its value is the largest of all runs. */
function worstOf(metric: string, unit: string, target: number, values: readonly number[]): Figure {
  const figure = summarizeFigure({ metric: `vote.${metric}`, unit, target }, values);
  return { ...figure, value: figure.spread[1] };
}

/** Its value is the sum of all runs. */
export function totalOf(metric: string, unit: string, target: number, values: readonly number[]): Figure {
  return { ...summarizeFigure({ metric: `vote.${metric}`, unit, target }, values), value: roundFigure(sum(values)) };
}

export function figuresOfCase(one: VoteCase, runs: readonly VoteRun[]): Figure[] {
  if (runs.length === 0) return [];
  return [...figuresOfNaming(one, runs), ...figuresOfBounds(one, runs)];
}

/** Who was not named at all counts with the whole time after the fault. */
function figuresOfNaming(one: VoteCase, runs: readonly VoteRun[]): Figure[] {
  const { name, nameWithin, lies, faultAt, duration, returnAt, isSmall } = one;
  const left = duration - faultAt;
  const figures: Figure[] = [];
  if (nameWithin !== null) {
    const first = runs.map(({ named }) => Math.min(left, ...named));
    const missed = first.map((after) => (after > nameWithin ? 1 : 0));
    figures.push(worstOf(`${name}.named_within`, "s", nameWithin, first), totalOf(`${name}.missed`, "runs", 0, missed));
  } else if (lies.length > 0 && isSmall !== true) {
    const told = runs.map(({ alarmed, named }) => Math.min(left, alarmed, ...named));
    const silent = told.map((after) => (after < left ? 0 : 1));
    figures.push(worstOf(`${name}.alarm_within`, "s", left, told), totalOf(`${name}.silent`, "runs", 0, silent));
  }
  if (returnAt !== undefined) {
    const believed = runs.map(({ readmitted }) => Math.min(duration - returnAt, readmitted ?? 0));
    figures.push(worstOf(`${name}.readmitted_within`, "s", readmitWithin, believed));
  }
  const wronged = runs.map(({ honestNamed }) => honestNamed);
  figures.push(totalOf(`${name}.honest_named`, "sources", 0, wronged));
  const alarms = runs.map(({ falseAlarms }) => falseAlarms);
  figures.push(totalOf(`${name}.false_alarms`, "s", 0, alarms));
  return figures;
}

/** A bound has no target of its own but to be no larger than what is proven. */
function figuresOfBounds({ name, lies, nameWithin }: VoteCase, runs: readonly VoteRun[]): Figure[] {
  const calibrated = runs.map((run) => run.calibrated);
  const guaranteed = runs.map((run) => run.guaranteed);
  const worst = runs.map((run) => run.worst);
  const late = runs.map(({ calibratedViolations }) => calibratedViolations);
  const disproved = runs.map(({ guaranteedViolations }) => guaranteedViolations);
  const voids = runs.map((run) => run.voids);
  const figures = [
    worstOf(`${name}.worst_error`, "ns", roundFigure(median(calibrated)), worst),
    worstOf(`${name}.largest_calibrated`, "ns", roundFigure(median(guaranteed)), calibrated),
    worstOf(`${name}.largest_guaranteed`, "ns", roundFigure(Math.max(...guaranteed)), guaranteed),
    worstOf(`${name}.calibrated_late`, "samples", lateness, late),
    totalOf(`${name}.calibrated_violations`, "samples", 0, late),
    totalOf(`${name}.guaranteed_violations`, "samples", 0, disproved),
    totalOf(`${name}.void`, "s", 0, voids),
  ];
  if (lies.length > 0 && nameWithin === null) {
    const outside = runs.map(({ sourcesOutside }) => sourcesOutside);
    figures.push(totalOf(`${name}.sources_outside`, "s", 0, outside));
  }
  return figures;
}
