/** False alarms per simulated year; nothing is extrapolated, what was not seen is in the upper limit. */
import { type Figure, roundFigure, summarizeFigure } from "../figure.js";
import type { FalseAlarmRun } from "./false-alarm-job.js";

const secondsPerYear = 365.25 * 86_400;
/** One a month: what a team bears before it stops to look. */
const bearable = 12;

export function figuresOfFalseAlarms(runs: readonly FalseAlarmRun[]): Figure[] {
  const years = runs.reduce((total, { simulated }) => total + simulated, 0) / secondsPerYear;
  const alarms = runs.reduce((total, run) => total + run.alarms, 0);
  const counts = runs.map((run) => run.alarms);
  const unit = `per year (${String(roundFigure(years))} simulated)`;
  return [
    { ...summarizeFigure({ metric: "vote.false_alarms", unit, target: 0 }, counts), value: roundFigure(alarms / years) },
    {
      ...summarizeFigure({ metric: "vote.false_alarms_upper95", unit, target: bearable }, counts),
      value: roundFigure(upperLimit(alarms) / years),
    },
  ];
}

/**
 * One-sided 95 % upper limit of the mean of a Poisson law that showed `count`: half the 0.95 quantile of χ² with 2·count + 2 degrees
 * of freedom, by Wilson and Hilferty (within 1 %; none seen: 2.97 for 3.00).
 */
export function upperLimit(count: number): number {
  const degrees = count + 1;
  return degrees * (1 - 1 / (9 * degrees) + 1.645 / (3 * Math.sqrt(degrees))) ** 3;
}
